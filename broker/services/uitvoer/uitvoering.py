"""Makes exports: read, make whole, record, and only then give.

An export lies in a file without a name until it is recorded; when the record fails, the file is
gone and nobody got anything. The line of the log has the digest of what was given, so whoever
shows an export later can be held to it.
"""

import asyncio
import datetime as dt
import io
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

from audit.bundle_form import ANCHORS, POLICY
from audit.disk import VKEY
from audit.errors import AuditError
from audit.log import Log
from broker.domain.ports import Clock
from broker.errors import Fout, InvalidInputError, RecordError
from broker.services.caller import Beller
from broker.services.keeper import Keeper
from broker.services.regels import Regels
from broker.services.uitvoer import bladzijde, fsc, jaarcijfers, ldv, tabel, tabel_csv
from broker.services.uitvoer import bundel as bundels
from broker.services.uitvoer.kennis import known_names
from broker.services.uitvoer.levering import (
    JSON_LINES,
    ZIP,
    Levering,
    digest,
    files_below,
    write_lines,
    write_zip,
)
from broker.services.uitvoer.lezer import Lezer
from broker.services.uitvoer.regels import Actie, Bekend, Line, acties
from broker.store import Store

T = TypeVar("T")
CSV: Final = "csv"
PARQUET: Final = "parquet"
HTML: Final = "html"
PARQUET_TYPE: Final = "application/vnd.apache.parquet"
TABLE: Final = "regels.csv"
_VORMEN: Final = {CSV: ("regels.zip", ZIP), PARQUET: ("regels.parquet", PARQUET_TYPE)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Periode:
    """From the first moment on, before the second; None is no bound."""

    van: dt.datetime | None = None
    tot: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opdracht:
    """Who asks for an export, and of whose lines: None is of every organisatie."""

    beller: Beller
    only: str | None
    periode: Periode = Periode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Vorm:
    """A form: its name in the log, and how the file is called that comes of it."""

    wat: str
    naam: str
    soort: str
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uitvoering:
    """The exports of one Sluis."""

    log: Log
    store: Store
    regels: Regels
    keeper: Keeper
    clock: Clock
    random_bytes: Callable[[int], bytes]
    register: str
    """Where the processing activities are described; URI without a slash at the end."""
    software: Mapping[str, str]
    origin: str
    """The name of the log."""
    log_folder: Path
    """Where the files of the log lie."""
    folder: Path
    """Where a bundle is put together before it is given."""

    async def ldv(self, opdracht: Opdracht) -> Levering:
        """Give the LDV records of a time, as JSON lines: all of them, acknowledged by the receipt.

        Raises:
            RecordError: It could not be read or recorded; nothing is given.
        """
        register = ldv.Register(adres=self.register, grondslagen=(await self.known()).grondslagen)

        def make(out: BinaryIO, lezer: Lezer) -> int:
            found = self._acties(lezer, opdracht)
            return write_lines(out, (ldv.record(a, register, self.software) for a in found))

        vorm = Vorm(wat="uitvoer-ldv", naam="ldv.jsonl", soort=JSON_LINES)
        return await self.give(opdracht.beller, vorm, make)

    async def fsc(self, opdracht: Opdracht) -> Levering:
        """Give the FSC records of a time; a partner gets those in which it occurs.

        Raises:
            RecordError: It could not be read or recorded; nothing is given.
        """

        def make(out: BinaryIO, lezer: Lezer) -> int:
            ended = self._ended(lezer, opdracht.periode)
            found = (actie.begin for actie in ended if fsc.was_sent(actie.einde))
            return write_lines(out, (fsc.record(b) for b in found if _occurs(b, opdracht.only)))

        return await self.give(
            opdracht.beller, Vorm(wat="uitvoer-fsc", naam="fsc.jsonl", soort=JSON_LINES), make
        )

    async def tabel(self, opdracht: Opdracht, vorm: str) -> Levering:
        """Give the table of a time as CSV (in a zip, with its description) or Parquet.

        Raises:
            InvalidInputError: Parquet cannot be made here.
            RecordError: It could not be read or recorded; nothing is given.
        """
        from broker.services.uitvoer import tabel_parquet  # noqa: PLC0415 - checks for an extra

        bekend = await self.known()
        pseudoniemen = tabel.Pseudoniemen(self.random_bytes(tabel.KEY_BYTES))
        own = opdracht.only is not None
        kolommen = tabel.kolommen(own=own)

        def make(out: BinaryIO, lezer: Lezer) -> int:
            lines = _of(_within(lezer, opdracht.periode), opdracht.only)
            rows = tabel.rijen(lines, bekend, pseudoniemen, own=own)
            if vorm == PARQUET:
                return tabel_parquet.write(out, kolommen, rows)
            return _zip_table(out, kolommen, rows, self.clock.now())

        naam, soort = _VORMEN[vorm]
        return await self.give(
            opdracht.beller, Vorm(wat=f"uitvoer-{vorm}", naam=naam, soort=soort), make
        )

    async def jaarcijfers(self, beller: Beller, jaar: int, vorm: str) -> Levering:
        """Give the figures of a year, of all organisaties, as a page or as JSON.

        Raises:
            RecordError: It could not be read or recorded; nothing is given.
        """
        first, last = jaarcijfers.year_bounds(jaar)
        opdracht = Opdracht(beller=beller, only=None, periode=Periode(van=first, tot=last))
        bekend = await self.known()

        def make(out: BinaryIO, lezer: Lezer) -> int:
            found = jaarcijfers.count(self._acties(lezer, opdracht), jaar, bekend)
            if vorm == HTML:
                out.write(bladzijde.jaarcijfers(found).encode())
            else:
                write_lines(out, [found.as_json()])
            return found.totaal or 0

        soort = "text/html" if vorm == HTML else "application/json"
        told = Vorm(
            wat="uitvoer-jaarcijfers",
            naam=f"jaarcijfers-{jaar}.{vorm}",
            soort=soort,
            told={"jaar": jaar},
        )
        return await self.give(beller, told, make)

    async def bundel(
        self, beller: Beller, ontvanger: bundels.Ontvanger, told: Mapping[str, Any]
    ) -> Levering:
        """Give the bundle for a partner or the supervisor, as a zip.

        Args:
            beller: Who asks for it.
            ontvanger: For whom.
            told: What the line of the log tells beside it: why.

        Raises:
            InvalidInputError: There is no such partner.
            RecordError: It could not be read or recorded; nothing is given.
        """
        if ontvanger.organisatie is not None:
            await self._check(ontvanger.organisatie)
        now = self.clock.now()
        sleutel = ontvanger.sleutel
        keys = [] if sleutel is None else self.log.kluis.subject_keys(sleutel)

        def make(out: BinaryIO, lezer: Lezer) -> int:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.folder) as name:
                folder = Path(name)
                telling = bundels.write_bundle(
                    folder, self._bron(lezer, keys), ontvanger, moment=now.isoformat(), keys=keys
                )
                write_zip(out, files_below(folder), now)
            return len(telling.onthuld) + telling.uittreksels

        about = {"ontvanger": ontvanger.naam, "bereik": ontvanger.bereik.value, **told}
        vorm = Vorm(
            wat="uitvoer-bundel",
            naam="bundel.zip",
            soort=ZIP,
            told=about if sleutel is None else {**about, "sleutel": sleutel},
        )
        return await self.give(beller, vorm, make)

    async def _check(self, organisatie: str) -> None:
        """Refuse a partner that is not there: an empty bundle would look like an answer."""
        rows = await self.keeper.read(lambda tx: tx.organisaties.list())
        if organisatie not in {row["id"] for row in rows}:
            melding = "Deze organisatie is er niet."
            raise InvalidInputError(melding, [Fout(pointer="/organisatie", melding=melding)])

    async def known(self) -> Bekend:
        """Return the names that may be told.

        Raises:
            RecordError: The store cannot be read.
            DecisionError: There are no rules in force.
        """
        return await known_names(self.store, await self.regels.now(), self.clock.now().isoformat())

    async def give(
        self, beller: Beller, vorm: Vorm, make: Callable[[BinaryIO, Lezer], int]
    ) -> Levering:
        """Make an export whole, record it, and return it.

        Raises:
            RecordError: It could not be read or recorded; nothing is given.
        """
        out = tempfile.TemporaryFile()  # noqa: SIM115 - closed by who gives it
        try:
            lezer = Lezer(self.log)
            count = await self.read(lambda: make(out, lezer))
            sha256 = await asyncio.to_thread(digest, out)
            bewijs = await self.keeper.consult(
                beller,
                vorm.wat,
                {**vorm.told, "aantal": count, "grootte": lezer.size, "sha256": sha256},
            )
        except BaseException:
            out.close()
            raise
        return Levering(
            naam=vorm.naam,
            soort=vorm.soort,
            bestand=out,
            aantal=count,
            sha256=sha256,
            bewijs=bewijs,
        )

    async def read(self, work: Callable[[], T]) -> T:
        """Do work that reads the log, beside the event loop.

        Raises:
            RecordError: The log cannot be read, or the disk is full.
        """
        try:
            return await asyncio.to_thread(work)
        except AuditError as error:
            raise RecordError(str(error)) from error
        except OSError as error:
            raise RecordError("Het bestand kon niet worden gemaakt.") from error

    def _acties(self, lezer: Lezer, opdracht: Opdracht) -> Iterator[Actie]:
        for actie in self._ended(lezer, opdracht.periode):
            if opdracht.only in {None, (actie.payload or {}).get("organisatie")}:
                yield actie

    def _ended(self, lezer: Lezer, periode: Periode) -> Iterator[Actie]:
        return acties(_within(lezer, periode), lezer.earlier)

    def _bron(self, lezer: Lezer, keys: Sequence[bytes]) -> bundels.Bron:
        return bundels.Bron(
            controlepunt=lezer.controlepunt,
            vkeys=(self.log_folder / VKEY).read_text(encoding="utf-8"),
            lines=(lambda: lezer.of_subject(keys)) if keys else lezer.lines,
            leaves=lezer.leaves,
            hashes=lezer.hashes,
            files=evidence(self.log_folder, lezer.size),
        )


def _zip_table(
    out: BinaryIO, kolommen: Sequence[tabel.Kolom], rows: Iterator[tabel.Row], moment: dt.datetime
) -> int:
    """Write the CSV with its description into a zip."""
    with (
        tempfile.NamedTemporaryFile() as kept,
        io.TextIOWrapper(kept, encoding="utf-8", newline="") as text,
    ):
        count = tabel_csv.write(text, kolommen, rows)
        text.flush()
        files: dict[str, str | Path] = {
            TABLE: Path(kept.name),
            f"{TABLE}-metadata.json": tabel_csv.description(kolommen, TABLE),
        }
        write_zip(out, files, moment)
    return count


def evidence(folder: Path, size: int) -> dict[str, bytes]:
    """Return the policy and the anchors that lie with a log, those up to this size.

    Raises:
        OSError: They cannot be read.
    """
    found = {}
    if (folder / POLICY).is_file():
        found[POLICY] = (folder / POLICY).read_bytes()
    for path in sorted(folder.glob(f"{ANCHORS}/*")):
        number = path.name.partition(".")[0]
        if number.isdecimal() and int(number) <= size:
            found[f"{ANCHORS}/{path.name}"] = path.read_bytes()
    return found


def _within(lezer: Lezer, periode: Periode) -> Iterator[Line]:
    return lezer.lines(lezer.first_from(periode.van), lezer.until(periode.tot))


def _of(lines: Iterator[Line], only: str | None) -> Iterator[Line]:
    return (line for line in lines if only in {None, (line.payload or {}).get("organisatie")})


def _occurs(line: Line, only: str | None) -> bool:
    payload = line.payload or {}
    return only in {None, payload.get("organisatie"), payload.get("bron")}
