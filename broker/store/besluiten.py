"""Besluiten, each with the dossier that it rests on. Insert-only."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from broker.store.columns import Rij
from broker.store.models import BesluitRow

CHUNK: Final = 500
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
        wanted = select(BesluitRow).order_by(*_ORDER).limit(chunk)
        if since is not None:
            wanted = wanted.where(BesluitRow.moment >= since)
        if until is not None:
            wanted = wanted.where(BesluitRow.moment < until)
        page = wanted
        while rows := (await self._conn.execute(page)).mappings().all():
            for row in rows:
                yield dict(row)
            last = rows[-1]
            page = wanted.where(tuple_(*_ORDER) > (last["moment"], last["id"]))
