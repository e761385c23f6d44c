"""Reading LDV records back, by trace, processing activity or subject (read extension 1.1.0)."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from audit.entry import CLOSING, Soort
from audit.reading import Query
from broker.services.caller import Beller
from broker.services.uitvoer import ldv
from broker.services.uitvoer.lezer import Lezer
from broker.services.uitvoer.regels import Actie, Line
from broker.services.uitvoer.uitvoering import Uitvoering

MAX_SCANNED: Final = 20_000
"""Lines that one page looks at; a page may hold less than it could, and then the next goes on."""
_PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Zoekvraag:
    """What to read: at least one of trace, activity and subject."""

    trace: str | None = None
    activity: str | None = None
    sleutel: str | None = field(default=None, repr=False)
    since: dt.datetime | None = None
    """Started from this moment on."""
    until: dt.datetime | None = None
    """Ended before this moment, or at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bladzijde:
    """Records, and the index of the line to go on after; None when there is no more."""

    records: tuple[Mapping[str, Any], ...]
    after: int | None


class LdvLezer:
    """Reads records, and records that it was done."""

    def __init__(self, uitvoering: Uitvoering) -> None:
        self._uitvoering = uitvoering

    async def read(
        self, beller: Beller, only: str | None, vraag: Zoekvraag, *, after: int | None, limit: int
    ) -> Bladzijde:
        """Return a page of records in the order of the log, once that was recorded.

        Args:
            beller: Who reads.
            only: The organisatie whose processing may be seen; None is every one.
            vraag: What to read.
            after: Where the page before ended.
            limit: The most to return.

        Raises:
            RecordError: It could not be read or recorded; nothing is shown.
        """
        work = self._uitvoering
        grondslagen = (await work.known()).grondslagen
        register = ldv.Register(adres=work.register, grondslagen=grondslagen)
        found = await work.read(
            lambda: self._page(Lezer(work.log), _Filter(vraag, only, register), after, limit)
        )
        told = {
            "aantal": len(found.records),
            "gezocht_spoor": vraag.trace,
            "sleutel": vraag.sleutel,
        }
        await work.keeper.consult(beller, "ldv", told)
        return found

    async def metadata(self) -> dict[str, str]:
        """Return whose logbook this is.

        Raises:
            RecordError: The store cannot be read.
        """
        work = self._uitvoering
        async with work.store.read() as tx:
            rows = await tx.organisaties.list()
        names = [row["naam"] for row in rows if row["riec"] and not row["verband"]]
        return {"logbookId": work.origin, "organizationName": ", ".join(names) or work.origin}

    def _page(self, lezer: Lezer, wanted: "_Filter", after: int | None, limit: int) -> Bladzijde:
        records: list[Mapping[str, Any]] = []
        scanned, last = 0, after
        for line in self._candidates(lezer, wanted.vraag, 0 if after is None else after + 1):
            if len(records) == limit or scanned == MAX_SCANNED:
                return Bladzijde(records=tuple(records), after=last)
            scanned, last = scanned + 1, line.index
            record = self._record(lezer, line, wanted)
            if record is not None:
                records.append(record)
        return Bladzijde(records=tuple(records), after=None)

    def _candidates(self, lezer: Lezer, vraag: Zoekvraag, first: int) -> Iterator[Line]:
        if vraag.sleutel is None:
            yield from lezer.lines(max(first, lezer.first_from(vraag.since)))
            return
        query = Query(subject=vraag.sleutel, since=vraag.since)
        after: int | None = first - 1 if first else None
        while page := self._uitvoering.log.search(query, after, _PAGE):
            yield from page
            after = page[-1].index

    def _record(self, lezer: Lezer, line: Line, wanted: "_Filter") -> dict[str, Any] | None:
        if line.soort is Soort.VOORNEMEN:
            return None
        begin = lezer.earlier(line) if line.soort in CLOSING else None
        return wanted.record(Actie(begin=begin or line, einde=line), self._uitvoering.software)


@dataclass(frozen=True, slots=True)
class _Filter:
    """Lets through the records that were asked for, and that the caller may see."""

    vraag: Zoekvraag
    only: str | None
    register: ldv.Register

    def record(self, actie: Actie, software: Mapping[str, str]) -> dict[str, Any] | None:
        """Return the record of an actie when it is wanted."""
        vraag = self.vraag
        if self.only not in {None, (actie.payload or {}).get("organisatie")}:
            return None
        found = ldv.record(actie, self.register, software)
        if found is None:
            return None
        attributes = found["attributes"]
        fits = (
            vraag.trace in {None, found["trace_id"]}
            and vraag.activity in {None, attributes[ldv.ACTIVITY]}
            and vraag.sleutel in {None, attributes.get(ldv.SUBJECT)}
            and (vraag.since is None or actie.begin.at >= vraag.since)
            and (vraag.until is None or actie.einde.at <= vraag.until)
        )
        return found if fits else None
