"""Search in the log, for who may see what is found."""

import asyncio
import datetime as dt
import heapq
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Final, TypeVar

from audit.entry import Soort, canonical, format_moment
from audit.errors import AuditError, LogRangeError
from audit.ledger import Line
from audit.log import Log
from audit.note import Checkpoint, Note
from audit.reading import Query
from broker.errors import NotFoundError, RecordError
from broker.services.beslislogboek import digest
from broker.services.logboekzicht import Kant, side

T = TypeVar("T")
_CHUNK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Zoekvraag:
    """What is looked for; all of it must hold. The subject is a pseudonym here, never a number."""

    zaak: str | None = None
    organisatie: str | None = None
    """Who asked."""
    bron: str | None = None
    """Which source was asked."""
    gebruiker: str | None = None
    sleutel: str | None = None
    grond: str | None = None
    uitkomst: str | None = None
    soort: Soort | None = None
    van: dt.datetime | None = None
    tot: dt.datetime | None = None

    def digest(self) -> str:
        """Return the SHA-256 of the question, in hexadecimals; it tells no value in clear."""
        told = {
            name: format_moment(fact) if isinstance(fact, dt.datetime) else str(fact)
            for name, fact in asdict(self).items()
            if fact is not None
        }
        return digest(canonical(told).decode())

    def query(self) -> Query:
        """Return the question as the log takes it."""
        return Query(
            subject=self.sleutel,
            zaak=self.zaak,
            organisatie=self.organisatie,
            bron=self.bron,
            gebruiker=self.gebruiker,
            grond=self.grond,
            uitkomst=self.uitkomst,
            soort=self.soort,
            since=self.van,
            until=self.tot,
        )

    def sides(self, only: str | None) -> list["Zoekvraag"]:
        """Return the questions that together find what this organisatie may see."""
        if only is None:
            return [self]
        found = []
        if self.organisatie in (None, only):
            found.append(replace(self, organisatie=only))
        # Which official asked is not for the source, so nothing is found by it either.
        if self.bron in (None, only) and self.gebruiker is None:
            found.append(replace(self, bron=only))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Vondst:
    """A line, and the side from which it is seen."""

    line: Line
    kant: Kant


class Zoeker:
    """Finds lines, oldest first."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def size(self) -> int:
        """Return how many lines the log has now."""
        return size_of(self._log)

    async def page(
        self, vraag: Zoekvraag, *, only: str | None, start: int, bound: int, limit: int
    ) -> list[Vondst]:
        """Return at most `limit` of the lines from `start` and before `bound` that may be seen.

        A page is full unless nothing more is found: one that is short for what it hides would
        tell that there is something to hide.

        Raises:
            RecordError: The log cannot be read.
        """

        def work() -> list[Vondst]:
            found: list[Vondst] = []
            last = -1
            streams = [self._stream(part, start, bound) for part in vraag.sides(only)]
            for line in heapq.merge(*streams, key=lambda line: line.index):
                kant = side(line, only)
                if line.index == last or kant is None:
                    continue
                last = line.index
                found.append(Vondst(line=line, kant=kant))
                if len(found) == limit:
                    break
            return found

        return await reading(work)

    async def all(self, vraag: Zoekvraag, *, bound: int) -> list[Line]:
        """Return every line before `bound` that is found, for who may see all.

        Raises:
            RecordError: The log cannot be read.
        """
        return await reading(lambda: list(self._stream(vraag, 0, bound)))

    def _stream(self, vraag: Zoekvraag, start: int, bound: int) -> Iterator[Line]:
        """Yield what is found, the oldest first, with a chunk in memory."""
        query, after = vraag.query(), start - 1 if start else None
        while True:
            lines = self._log.search(query, after, _CHUNK)
            yield from (line for line in lines if line.index < bound)
            if len(lines) < _CHUNK or lines[-1].index >= bound:
                return
            after = lines[-1].index


def size_of(log: Log) -> int:
    """Return how many lines a log has now, as its signed checkpoint says."""
    return Checkpoint.parse(Note.parse(log.checkpoint()).text).size


async def reading(work: Callable[[], T]) -> T:
    """Read the log beside the event loop.

    Raises:
        NotFoundError: What is asked lies outside the log.
        RecordError: The log cannot be read.
    """
    try:
        return await asyncio.to_thread(work)
    except LogRangeError as error:
        raise NotFoundError(str(error)) from None
    except AuditError as error:
        raise RecordError(str(error)) from error
