"""Inzageverzoeken: requests of subjects, and the copies that were made for them. Insert-only."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from broker.errors import NotFoundError
from broker.store.columns import Rij
from broker.store.models_inzage import AfschriftRow, InzageverzoekRow


class Inzageverzoeken:
    """The requests within one unit of work. A request has the columns of its table."""

    __slots__ = ("_conn",)

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn

    async def insert(self, inzageverzoek: Mapping[str, Any]) -> None:
        """Record a request, with a pseudonym where the subject stood."""
        await self._conn.execute(insert(InzageverzoekRow).values(**inzageverzoek))

    async def get(self, inzageverzoek: str) -> Rij:
        """Return one request.

        Raises:
            NotFoundError: There is no such request.
        """
        wanted = select(InzageverzoekRow).where(InzageverzoekRow.id == inzageverzoek)
        row = (await self._conn.execute(wanted)).mappings().one_or_none()
        if row is None:
            raise NotFoundError("Dit inzageverzoek bestaat niet.")
        return dict(row)

    async def add_copy(self, afschrift: Mapping[str, Any]) -> None:
        """Record that a copy was made; two at once get the same number, so one is a conflict."""
        await self._conn.execute(insert(AfschriftRow).values(**afschrift))

    async def copies(self, inzageverzoek: str) -> list[Rij]:
        """Return what is recorded of the copies of a request, the oldest first."""
        wanted = (
            select(AfschriftRow)
            .where(AfschriftRow.inzageverzoek == inzageverzoek)
            .order_by(AfschriftRow.nummer)
        )
        return [dict(row) for row in (await self._conn.execute(wanted)).mappings()]

    async def list(
        self, *, before: tuple[dt.datetime, str] | None = None, limit: int = 50
    ) -> list[Rij]:
        """Return requests, the newest first.

        Args:
            before: `op` and `id` of the last one of the page before.
            limit: The most to return.
        """
        order = (InzageverzoekRow.op, InzageverzoekRow.id)
        wanted = select(InzageverzoekRow).order_by(*(column.desc() for column in order))
        if before is not None:
            wanted = wanted.where(tuple_(*order) < before)
        rows = await self._conn.execute(wanted.limit(limit))
        return [dict(row) for row in rows.mappings()]
