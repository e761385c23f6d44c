"""Besluiten, each with the dossier that it rests on. Insert-only."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Select, func, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from broker.store.columns import Rij
from broker.store.models import BesluitRow, VerzoekRow

CHUNK: Final = 500
Plek: TypeAlias = tuple[dt.datetime, str]
"""The place of a besluit in the order of all: its moment and its id."""
Bounds: TypeAlias = tuple[dt.datetime | None, dt.datetime | None]
"""From the first moment on, before the second; None is no bound."""
# Made once: putting a statement together takes longer than running it.
_INSERT: Final = insert(BesluitRow)
_ORDER: Final = (BesluitRow.moment, BesluitRow.id)


class Besluiten:
    """The besluiten within one unit of work. A besluit has the columns of its table.

    `dossier` and `besluit` are JSON text, kept to the byte.
    """

    __slots__ = ("_conn",)

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn

    async def insert_many(self, besluiten: Sequence[Mapping[str, Any]]) -> None:
        """Record besluiten. A double or one of no verzoek is a `ConflictError` at the end."""
        if besluiten:
            await self._conn.execute(_INSERT, [dict(row) for row in besluiten])

    async def list(self, verzoek: str) -> list[Rij]:
        """Return all besluiten of a verzoek, the oldest first."""
        wanted = select(BesluitRow).where(BesluitRow.verzoek == verzoek).order_by(*_ORDER)
        return [dict(row) for row in (await self._conn.execute(wanted)).mappings()]

    async def some(self, besluiten: Sequence[str], chunk: int = CHUNK) -> dict[str, Rij]:
        """Return those of these besluiten that were stored, by their id."""
        found: dict[str, Rij] = {}
        for start in range(0, len(besluiten), chunk):
            wanted = select(BesluitRow).where(BesluitRow.id.in_(besluiten[start : start + chunk]))
            rows = (await self._conn.execute(wanted)).mappings()
            found |= {row["id"]: dict(row) for row in rows}
        return found

    async def stream(
        self,
        *,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        chunk: int = CHUNK,
    ) -> AsyncIterator[Rij]:
        """Yield the besluiten of a time, the oldest first, with no more than a chunk in memory.

        Args:
            since: From this moment on; None from the first.
            until: Before this moment; None to the last.
            chunk: Rows of one page.
        """
        wanted = select(BesluitRow).where(*_within((since, until)))
        async for page in self._pages(wanted, chunk):
            for row in page:
                yield row

    async def count(self, bounds: Bounds) -> int:
        """Return how many besluiten there are of a time."""
        wanted = select(func.count()).select_from(BesluitRow).where(*_within(bounds))
        return (await self._conn.execute(wanted)).scalar_one()

    async def borders(self, bounds: Bounds, size: int) -> Sequence[Plek]:
        """Return the place of each `size`-th besluit of a time, and of the last one."""
        wanted = select(*_ORDER).where(*_within(bounds))
        last = (
            await self._conn.execute(wanted.order_by(*(c.desc() for c in _ORDER)).limit(1))
        ).one_or_none()
        if last is None:
            return []
        step = wanted.order_by(*_ORDER).limit(1).offset(size - 1)
        found = list[Plek]()
        page = step
        while (row := (await self._conn.execute(page)).one_or_none()) is not None:
            found.append((row.moment, row.id))
            page = step.where(tuple_(*_ORDER) > found[-1])
        end = (last.moment, last.id)
        return found if found and found[-1] == end else [*found, end]

    async def recorded(
        self, bounds: Bounds, *, after: Plek | None, upto: Plek, chunk: int = CHUNK
    ) -> AsyncIterator[Sequence[Rij]]:
        """Yield what was recorded behind one place, up to and with another, in pages.

        A row has `id`, `verzoek`, `bron`, `deur`, `dossier` and `besluit`, and `body` of its
        verzoek.
        """
        row = BesluitRow
        told = (row.verzoek, row.bron, row.deur, row.dossier, row.besluit, VerzoekRow.body)
        wanted = (
            select(*_ORDER, *told)
            .join(VerzoekRow, VerzoekRow.id == row.verzoek)
            .where(*_within(bounds), tuple_(*_ORDER) <= upto)
        )
        if after is not None:
            wanted = wanted.where(tuple_(*_ORDER) > after)
        async for page in self._pages(wanted, chunk):
            yield page

    async def questions(
        self, bounds: Bounds, zaken: Sequence[str] | None, chunk: int = CHUNK
    ) -> AsyncIterator[Sequence[Rij]]:
        """Yield the questions of a time as door 1 decided on them, in pages, the oldest first.

        A row has `id`, `verzoek`, `bron`, `moment` and `dossier`, and `gebruiker`, `zaak` and
        `sleutel` of its verzoek.

        Args:
            bounds: Of the moment of the besluit.
            zaken: Only those in one of these zaken; None: all, also outside any zaak.
            chunk: Rows of one page.
        """
        row, asked = BesluitRow, (VerzoekRow.gebruiker, VerzoekRow.zaak, VerzoekRow.sleutel)
        wanted = (
            select(*_ORDER, row.verzoek, row.bron, row.dossier, *asked)
            .join(VerzoekRow, VerzoekRow.id == row.verzoek)
            .where(*_within(bounds), row.deur == "verzoek", *_of(zaken))
        )
        async for page in self._pages(wanted, chunk):
            yield page

    async def count_questions(self, bounds: Bounds, zaken: Sequence[str] | None) -> int:
        """Return how many rows `questions` gives."""
        wanted = (
            select(func.count())
            .select_from(BesluitRow)
            .join(VerzoekRow, VerzoekRow.id == BesluitRow.verzoek)
            .where(*_within(bounds), BesluitRow.deur == "verzoek", *_of(zaken))
        )
        return (await self._conn.execute(wanted)).scalar_one()

    async def outcomes(
        self, bounds: Bounds, zaken: Sequence[str] | None, chunk: int = CHUNK
    ) -> AsyncIterator[Sequence[Rij]]:
        """Yield what came of questions, in pages, the oldest first; the arguments as `questions`.

        A row has `id`, `verzoek`, `bron`, `deur`, `moment`, `uitkomst` and `besluit`.
        """
        row = BesluitRow
        wanted = (
            select(*_ORDER, row.verzoek, row.bron, row.deur, row.uitkomst, row.besluit)
            .join(VerzoekRow, VerzoekRow.id == row.verzoek)
            .where(*_within(bounds), *_of(zaken))
        )
        async for page in self._pages(wanted, chunk):
            yield page

    async def _pages(
        self, wanted: Select[*tuple[Any, ...]], chunk: int
    ) -> AsyncIterator[Sequence[Rij]]:
        """Yield the rows page by page, each behind the last row of the page before."""
        ordered = wanted.order_by(*_ORDER).limit(chunk)
        page = ordered
        while rows := (await self._conn.execute(page)).mappings().all():
            yield [dict(row) for row in rows]
            page = ordered.where(tuple_(*_ORDER) > (rows[-1]["moment"], rows[-1]["id"]))


def _within(bounds: Bounds) -> list[ColumnElement[bool]]:
    since, until = bounds
    limits = []
    if since is not None:
        limits.append(BesluitRow.moment >= since)
    if until is not None:
        limits.append(BesluitRow.moment < until)
    return limits


def _of(zaken: Sequence[str] | None) -> list[ColumnElement[bool]]:
    return [] if zaken is None else [VerzoekRow.zaak.in_(zaken)]
