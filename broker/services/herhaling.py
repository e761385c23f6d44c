"""Replay: every recorded dossier decided again, and held against what was recorded.

The work is cut into stretches of besluiten in their order. A stretch stands alone, so that each can
be done in a process of its own; what came of them is added up.
"""

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeAlias

import orjson
from pydantic import TypeAdapter, ValidationError

from audit.entry import Soort
from audit.reader import Reader
from broker.decision.decide import Decider
from broker.decision.regelset import Regelset
from broker.domain.besluit import Besluit
from broker.domain.dossier import Dossier
from broker.errors import BrokerError, DecisionError
from broker.services.beslislogboek import digest
from broker.services.bronnen import nummer
from broker.services.regels import Regels
from broker.services.verschil import Verschil
from broker.store import Store

LARGEST: Final = 10_000
"""Besluiten of one stretch: some seconds of work, and progress that can be seen."""
SMALLEST: Final = 1_000
SAMPLES: Final = 20
_LINES: Final = (Soort.VOORNEMEN, Soort.VERSTREKKING, Soort.WEIGERING)
_RECORDED: Final = TypeAdapter(Besluit)

Bounds: TypeAlias = tuple[dt.datetime | None, dt.datetime | None]
Plek: TypeAlias = tuple[dt.datetime, str]
Digests: TypeAlias = tuple[str, str]
"""Of a dossier and of its besluit, in hexadecimal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A number of besluiten: behind one place in their order, up to and with another."""

    bounds: Bounds
    after: Plek | None
    upto: Plek
    aantal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a process needs for its stretches."""

    url: str = field(repr=False)
    """Of the database; may hold a password."""
    log: Path
    kluis: Path
    log_url: str | None = field(default=None, repr=False)
    """Of the log on PostgreSQL; may hold a password. None: it lies in `log`."""
    geleverd: bytes = field(repr=False)
    """The archive of the rule set that this software came with."""
    met: bytes | None = field(default=None, repr=False)
    """The archive of the rule set to compare with; None is the shipped one."""


@dataclass(slots=True)
class Telling:
    """A number, with the ids of the first few."""

    aantal: int = 0
    besluiten: list[str] = field(default_factory=list)

    def add(self, besluit: str) -> None:
        """Count one."""
        self.aantal += 1
        if len(self.besluiten) < SAMPLES:
            self.besluiten.append(besluit)

    def merge(self, other: "Telling") -> None:
        """Count what another counted."""
        self.aantal += other.aantal
        self.besluiten = [*self.besluiten, *other.besluiten][:SAMPLES]


@dataclass(slots=True)
class Herhaling:
    """How many besluiten came out the same, to the byte, and which did not.

    `los` are those whose dossier and besluit are not the ones that the log has the digest of;
    `zonder_regels` those whose version of the rules is nowhere to be found.
    """

    gelijk: int = 0
    anders: Telling = field(default_factory=Telling)
    los: Telling = field(default_factory=Telling)
    zonder_regels: Telling = field(default_factory=Telling)

    @property
    def goed(self) -> bool:
        """Tell whether all came out the same, and stands in the log."""
        return not (self.anders.aantal or self.los.aantal or self.zonder_regels.aantal)

    def merge(self, other: "Herhaling") -> None:
        """Add what came of another stretch."""
        self.gelijk += other.gelijk
        self.anders.merge(other.anders)
        self.los.merge(other.los)
        self.zonder_regels.merge(other.zonder_regels)


async def stretches(store: Store, bounds: Bounds, workers: int) -> list[Stretch]:
    """Cut the besluiten of a time into stretches, for so many workers.

    Raises:
        RecordError: The store cannot be read.
    """
    async with store.read() as tx:
        total = await tx.besluiten.count(bounds)
        size = min(LARGEST, max(SMALLEST, -(-total // (4 * workers))))
        borders = await tx.besluiten.borders(bounds, size)
    begins = [None, *borders][: len(borders)]
    return [
        Stretch(
            bounds=bounds,
            after=after,
            upto=upto,
            aantal=min(size, total - number * size),
        )
        for number, (after, upto) in enumerate(zip(begins, borders, strict=True))
    ]


def replay(plan: Plan, stretch: Stretch) -> Herhaling:
    """Decide a stretch again by the rules of its day; one that cannot be decided is different.

    Raises:
        RecordError: The store cannot be read.
        LogReadError: The log cannot be read.
    """
    return asyncio.run(_replay(plan, stretch))


def compare(plan: Plan, stretch: Stretch) -> Verschil:
    """Decide a stretch by the other rules of the plan, each dossier at its own moment.

    Raises:
        RecordError: The store cannot be read.
    """
    return asyncio.run(_compare(plan, stretch))


def _reader(plan: Plan) -> Reader:
    if plan.log_url is None:
        return Reader.open(plan.log, plan.kluis)
    # Only who uses PostgreSQL for the log needs these.
    from audit.ledger.pg_connection import Address  # noqa: PLC0415
    from audit.ledger.pg_reader import PostgresReader  # noqa: PLC0415

    return Reader.over(PostgresReader(Address(url=plan.log_url)), plan.kluis)


async def _replay(plan: Plan, stretch: Stretch) -> Herhaling:
    found = Herhaling()
    store = await Store.open(plan.url)
    regels = Regels(store, _load, Regelset.from_archive(plan.geleverd))
    try:
        with closing(_reader(plan)) as log:
            async with store.read() as tx:
                async for page in tx.besluiten.recorded(
                    stretch.bounds, after=stretch.after, upto=stretch.upto
                ):
                    await _replay_page(found, page, regels, log)
    finally:
        await store.close()
    return found


async def _replay_page(
    found: Herhaling, page: Sequence[Mapping[str, Any]], regels: Regels, log: Reader
) -> None:
    known, missing = _digests(log, page), set[str]()
    for row in page:
        if known.get(row["id"]) != (digest(row["dossier"]), digest(row["besluit"])):
            found.los.add(row["id"])
        version = _version(row["besluit"])
        try:
            decider = None if version in missing else await regels.of(version)
        except DecisionError:
            missing.add(version)
            decider = None
        if decider is None:  # another one would be a guess
            found.zonder_regels.add(row["id"])
            continue
        again = _decide(decider, row["dossier"])
        if again is not None and orjson.dumps(again) == row["besluit"].encode():
            found.gelijk += 1
        else:
            found.anders.add(row["id"])


async def _compare(plan: Plan, stretch: Stretch) -> Verschil:
    found, decider = Verschil(), _load(Regelset.from_archive(plan.met or plan.geleverd))
    store = await Store.open(plan.url)
    try:
        async with store.read() as tx:
            async for page in tx.besluiten.recorded(
                stretch.bounds, after=stretch.after, upto=stretch.upto
            ):
                for row in page:
                    was = _read(row["besluit"])
                    found.add(row["id"], was, _decide(decider, row["dossier"]))
    finally:
        await store.close()
    return found


@lru_cache(maxsize=8)
def _load(regelset: Regelset) -> Decider:
    """Make ready a rule set, once for each process."""
    return Decider.load(regelset)


def _version(besluit: str) -> str:
    """Return which rules a recorded besluit names, or nothing when it cannot be read."""
    try:
        return str(orjson.loads(besluit)["versies"]["regels"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""


def _decide(decider: Decider, dossier: str) -> Besluit | None:
    """Return the besluit, or None when there is no verdict (any more) on this dossier."""
    try:
        # Doubles cannot hide here: the log has the digest of the text.
        return decider.decide(Dossier.model_validate_json(dossier))
    except (BrokerError, ValidationError):
        return None


def _read(besluit: str) -> Besluit | None:
    """Return a besluit as it was recorded, or None when it cannot be read."""
    try:
        return _RECORDED.validate_json(besluit)
    except ValidationError:
        return None


def _digests(log: Reader, page: Sequence[Mapping[str, Any]]) -> dict[str, Digests]:
    """Return what the log holds of each besluit; its line has the name of its verzoek."""
    names = {f"{row['verzoek']}/{_nummer(row)}/{soort}" for row in page for soort in _LINES}
    told = log.payloads(sorted(names)).values()
    return {
        str(line["besluit"]): (str(line["dossier_sha256"]), str(line["besluit_sha256"]))
        for line in told
        if line is not None and "besluit_sha256" in line
    }


def _nummer(row: Mapping[str, Any]) -> int:
    """Return the number of a source in its verzoek, or 0 when that does not name it (any more)."""
    bronnen = row["body"].get("bronnen") or []
    return nummer(bronnen, row["bron"]) if row["bron"] in bronnen else 0
