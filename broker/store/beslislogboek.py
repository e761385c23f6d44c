"""The records of decisions (Authorization Decision Log). Insert-only."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Select, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from broker.store.columns import Rij
from broker.store.models import BeslislogregelRow, BesluitRow

CHUNK: Final = 500
_INSERT: Final = insert(BeslislogregelRow)
_ORDER: Final = (BeslislogregelRow.moment, BeslislogregelRow.id)


def _all() -> Select[*tuple[Any, ...]]:
    """Select each record, with the dossier and the besluit that a record of a door rests on."""
    return (
        select(
            BeslislogregelRow.id,
            BeslislogregelRow.moment,
            BeslislogregelRow.regel,
            BesluitRow.dossier,
            BesluitRow.besluit.label("besluit_tekst"),
        )
        .outerjoin(BesluitRow, BesluitRow.id == BeslislogregelRow.besluit)
        .order_by(*_ORDER)
    )


class Beslislogboek:
    """The records within one unit of work. A record has the columns of its table.

    `regel` is JSON text, kept to the byte.
    """

    __slots__ = ("_conn",)

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn

    async def insert_many(self, regels: Sequence[Mapping[str, Any]]) -> None:
        """Keep records. One that is there already is a `ConflictError` at the end."""
        if regels:
            await self._conn.execute(_INSERT, [dict(row) for row in regels])

    async def list(
        self,
        *,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        after: tuple[dt.datetime, str] | None = None,
        limit: int = CHUNK,
    ) -> list[Rij]:
        """Return records, the oldest first.

        Args:
            since: From this moment on; None from the first.
            until: Before this moment; None to the last.
            after: Moment and id of the last record of the page before.
            limit: The most to return.
        """
        wanted = _all().limit(limit)
        if since is not None:
            wanted = wanted.where(BeslislogregelRow.moment >= since)
        if until is not None:
            wanted = wanted.where(BeslislogregelRow.moment < until)
        if after is not None:
            wanted = wanted.where(tuple_(*_ORDER) > after)
        return [dict(row) for row in (await self._conn.execute(wanted)).mappings()]

    async def stream(
        self, *, since: dt.datetime | None = None, until: dt.datetime | None = None
    ) -> AsyncIterator[Rij]:
        """Yield the records of a time, the oldest first, with no more than a chunk in memory."""
        rows = await self.list(since=since, until=until)
        while rows:
            for row in rows:
                yield row
            after = rows[-1]["moment"], rows[-1]["id"]
            rows = await self.list(until=until, after=after)
