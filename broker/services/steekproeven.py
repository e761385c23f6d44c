"""Review samples: drawn from the log so that anyone can do it over, judged by two people apart.

How a sample is drawn stands in `broker.domain.steekproef`. Nobody judges a question of their own,
or one that their consent let through. Who has not judged yet does not see what others said.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from audit.entry import canonical
from audit.ledger import Line
from audit.log import Log
from broker.domain.ports import Clock, Ids
from broker.domain.steekproef import (
    REVIEWERS,
    Eenheid,
    Oordeel,
    Oordeelstap,
    Schatting,
    Steekproef,
    Stratum,
    Telling,
    Trekking,
    estimate,
    turn_of,
    verdict,
)
from broker.errors import ForbiddenError, Fout, InvalidInputError, NotFoundError
from broker.services.beslislogboek import digest
from broker.services.caller import Beller
from broker.services.keeper import Keeper
from broker.services.logboekzicht import Kant, side
from broker.services.logboekzoeken import reading, size_of
from broker.services.populatie import population, whole
from broker.store import ReadTx, Tx

_HIDDEN: Final = "Dit bestaat niet, of u mag het niet zien."
_OWN: Final = "Dit is uw eigen vraag. Laat een ander oordelen."
_AGREED: Final = "U gaf zelf toestemming voor deze vraag. Laat een ander oordelen."


@dataclass(frozen=True, slots=True, kw_only=True)
class Opdracht:
    """What to draw. Without `grootte` the log as it is now."""

    startwaarde: str
    van: dt.datetime
    tot: dt.datetime
    omvang: int
    grootte: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Getrokken:
    """A question that was drawn, as somebody may see it."""

    nummer: int
    line: Line
    kant: Kant
    stappen: tuple[Mapping[str, Any], ...]
    """The verdicts that this person may see."""
    uitslag: Oordeel | None
    aantal: int
    """How many verdicts there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uitslag:
    """What the verdicts on a sample tell, of each stratum and of all."""

    row: Mapping[str, Any]
    strata: Mapping[Stratum, tuple[Telling, Schatting]]
    totaal: Telling
    schatting: Schatting


@dataclass(frozen=True, slots=True, kw_only=True)
class Steekproeven:
    """Draws samples and records verdicts."""

    keeper: Keeper
    log: Log
    clock: Clock
    ids: Ids

    async def draw(self, beller: Beller, opdracht: Opdracht) -> str:
        """Draw a sample, and record it; return its id.

        Raises:
            InvalidInputError: The period ends before it begins, or the log is not that long.
            RecordError: It could not be recorded.
        """
        size = size_of(self.log)
        bound = size if opdracht.grootte is None else opdracht.grootte
        _check(opdracht, size)
        drawn = await reading(lambda: self._drawn(opdracht, bound))
        rows = [_row(number, each) for number, each in enumerate(drawn.eenheden, start=1)]
        row = {
            "id": self.ids.new("sp"),
            "startwaarde": opdracht.startwaarde,
            "van": opdracht.van,
            "tot": opdracht.tot,
            "omvang": opdracht.omvang,
            "grootte": bound,
            "strata": {"strata": [_stratum(s, n) for s, n in drawn.omvang.items()]},
            "door": beller.gebruiker,
            "organisatie": beller.organisatie,
            "op": self.clock.now(),
        }
        told = {
            "steekproef": row["id"],
            "startwaarde": opdracht.startwaarde,
            "van": opdracht.van.isoformat(),
            "tot": opdracht.tot.isoformat(),
            "omvang": opdracht.omvang,
            "grootte": bound,
            "getrokken": len(rows),
            "trekking_sha256": digest(canonical([each["kenmerk"] for each in rows]).decode()),
        }
        await self.keeper.change(
            beller, "steekproef-getrokken", told, lambda tx: tx.steekproeven.insert(row, rows)
        )
        return str(row["id"])

    async def list(
        self, *, before: tuple[dt.datetime, str] | None, limit: int
    ) -> "Sequence[Mapping[str, Any]]":
        """Return what samples there are, the newest first."""
        return await self.keeper.read(lambda tx: tx.steekproeven.list(before=before, limit=limit))

    async def outcome(self, steekproef: str) -> Uitslag:
        """Return what the verdicts on a sample tell.

        Raises:
            NotFoundError: There is no such sample.
        """

        async def work(tx: ReadTx) -> Uitslag:
            row = await tx.steekproeven.get(steekproef)
            units = await tx.steekproeven.units(steekproef)
            return _outcome(row, units, await tx.steekproeven.verdicts(steekproef))

        return await self.keeper.read(work)

    async def units(
        self, beller: Beller, steekproef: str, only: str | None, *, after: int, limit: int
    ) -> "Sequence[Getrokken]":
        """Return what was drawn behind a number, as far as this person may see it.

        Raises:
            NotFoundError: There is no such sample.
            RecordError: The log cannot be read.
        """

        async def work(tx: ReadTx) -> tuple[Any, Any]:
            await tx.steekproeven.get(steekproef)
            units = await tx.steekproeven.units(steekproef)
            return units, await tx.steekproeven.verdicts(steekproef)

        units, verdicts = await self.keeper.read(work)
        waiting = iter([unit for unit in units if unit["nummer"] > after])

        def seen() -> Iterator[Getrokken]:
            for unit in waiting:
                line = whole(self.log, self.log.entry(unit["regel"]))
                kant = side(line, only)
                if kant is not None:
                    yield _shown(unit, line, kant, verdicts.get(unit["nummer"], []), beller)

        return await reading(lambda: [each for each, _ in zip(seen(), range(limit), strict=False)])

    async def judge(
        self,
        beller: Beller,
        steekproef: str,
        nummer: int,
        oordeel: Oordeel,
        *,
        toelichting: str | None,
        only: str | None,
    ) -> Getrokken:
        """Record the verdict of this person on one question that was drawn.

        Raises:
            ConflictError: There is a verdict already, or this person gave one.
            ForbiddenError: It is their own question, or they agreed to it.
            NotFoundError: There is no such question here, or it is not for this organisatie.
            RecordError: It could not be recorded.
        """
        unit = await self.keeper.read(lambda tx: tx.steekproeven.unit(steekproef, nummer))
        line = await reading(lambda: whole(self.log, self.log.entry(unit["regel"])))
        kant = side(line, only)
        if kant is None:
            raise NotFoundError(_HIDDEN)
        await self._impartial(beller, line)
        told = {
            "steekproef": steekproef,
            "nummer": nummer,
            "kenmerk": unit["kenmerk"],
            "oordeel": oordeel.value,
            "toelichting_sha256": None if toelichting is None else digest(toelichting),
        }

        async def work(tx: Tx) -> None:
            given = (await tx.steekproeven.verdicts(steekproef)).get(nummer, [])
            row = {
                "steekproef": steekproef,
                "nummer": nummer,
                "beurt": turn_of(beller.gebruiker, _steps(given)),
                "oordeel": oordeel.value,
                "toelichting": toelichting,
                "door": beller.gebruiker,
                "organisatie": beller.organisatie,
                "op": self.clock.now(),
            }
            await tx.steekproeven.judge(row)

        await self.keeper.change(beller, "steekproef-oordeel", told, work)
        given = await self.keeper.read(lambda tx: tx.steekproeven.verdicts(steekproef))
        return _shown(unit, line, kant, given[nummer], beller)

    async def _impartial(self, beller: Beller, line: Line) -> None:
        """Refuse who asked this question, or gave a consent that it could rest on.

        Raises:
            ForbiddenError: It is one of both.
        """
        facts = line.payload or {}
        if facts.get("gebruiker") == beller.gebruiker:
            raise ForbiddenError(_OWN)

        async def work(tx: ReadTx) -> set[str]:
            zaak, sleutel = facts.get("zaak"), facts.get("sleutel")
            givers = await tx.instemmingen.givers(zaak=zaak, sleutel=sleutel)
            for row in await tx.besluiten.list(facts.get("verzoek", "")):
                consents = orjson.loads(row["dossier"]).get("instemmingen") or ()
                givers |= {consent.get("door") for consent in consents}
            return givers

        if beller.gebruiker in await self.keeper.read(work):
            raise ForbiddenError(_AGREED)

    def _drawn(self, opdracht: Opdracht, bound: int) -> Steekproef:
        trekking = Trekking(opdracht.startwaarde, opdracht.omvang)
        for eenheid in population(self.log, opdracht.van, opdracht.tot, bound):
            trekking.add(eenheid)
        return trekking.draw()


def _check(opdracht: Opdracht, size: int) -> None:
    fouten = []
    if opdracht.van >= opdracht.tot:
        fouten.append(Fout(pointer="/tot", melding="De periode eindigt voordat zij begint."))
    if opdracht.grootte is not None and opdracht.grootte > size:
        melding = f"Zo lang is het logboek niet: het heeft {size} regels."
        fouten.append(Fout(pointer="/grootte", melding=melding))
    if fouten:
        raise InvalidInputError(fouten=fouten)


def _row(number: int, eenheid: Eenheid) -> dict[str, Any]:
    stratum = eenheid.stratum
    return {
        "nummer": number,
        "kenmerk": eenheid.kenmerk,
        "regel": eenheid.index,
        "organisatie": stratum.organisatie,
        "uitkomst": stratum.uitkomst,
        "herkomst": stratum.herkomst,
    }


def _stratum(stratum: Stratum, omvang: int) -> dict[str, Any]:
    return {
        "organisatie": stratum.organisatie,
        "uitkomst": stratum.uitkomst,
        "herkomst": stratum.herkomst,
        "omvang": omvang,
    }


def _of(row: Mapping[str, Any]) -> Stratum:
    return Stratum(
        organisatie=row["organisatie"], uitkomst=row["uitkomst"], herkomst=row["herkomst"]
    )


def _steps(rows: Sequence[Mapping[str, Any]]) -> list[Oordeelstap]:
    return [
        Oordeelstap(beurt=row["beurt"], oordeel=Oordeel(row["oordeel"]), door=row["door"])
        for row in rows
    ]


def _shown(
    unit: Mapping[str, Any],
    line: Line,
    kant: Kant,
    rows: Sequence[Mapping[str, Any]],
    beller: Beller,
) -> Getrokken:
    """Show a question; what others said of it only to who judged it or must decide between two."""
    steps = _steps(rows)
    outcome = verdict(steps)
    apart = outcome is None and len(steps) < REVIEWERS
    return Getrokken(
        nummer=unit["nummer"],
        line=line,
        kant=kant,
        stappen=tuple(row for row in rows if not apart or row["door"] == beller.gebruiker),
        uitslag=outcome,
        aantal=len(rows),
    )


def _outcome(
    row: Mapping[str, Any],
    units: Sequence[Mapping[str, Any]],
    verdicts: Mapping[int, Sequence[Mapping[str, Any]]],
) -> Uitslag:
    counts: dict[Stratum, dict[str, int]] = {
        _of(each): {"omvang": each["omvang"], "getrokken": 0} for each in row["strata"]["strata"]
    }
    for unit in units:
        count = counts[_of(unit)]
        count["getrokken"] += 1
        outcome = verdict(_steps(verdicts.get(unit["nummer"], ())))
        if outcome is not None:
            count[outcome.value] = count.get(outcome.value, 0) + 1
    tellingen = {stratum: Telling(**count) for stratum, count in counts.items()}
    total = {
        name: sum(getattr(telling, name) for telling in tellingen.values())
        for name in ("omvang", "getrokken", *(oordeel.value for oordeel in Oordeel))
    }
    return Uitslag(
        row=row,
        strata={stratum: (telling, estimate([telling])) for stratum, telling in tellingen.items()},
        totaal=Telling(**total),
        schatting=estimate(list(tellingen.values())),
    )
