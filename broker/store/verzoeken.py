"""Verzoeken: the questions, as they were put. Insert-only."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from broker.errors import NotFoundError
from broker.store.clear_text import refuse_bsn
from broker.store.columns import Rij
from broker.store.models import VerzoekRow

# Made once: putting a statement together takes longer than running it.
_INSERT: Final = insert(VerzoekRow)


class Verzoeken:
    """The verzoeken within one unit of work. A verzoek has the columns of its table."""

    __slots__ = ("_conn",)

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn

    async def insert(self, verzoek: Mapping[str, Any]) -> None:
        """Record a question, with a pseudonym where the subject stood.

        A second one with the same `kenmerk` of the same organisatie is a `ConflictError`, told at
        the end of the unit of work.

        Raises:
            InvalidInputError: A BSN stands somewhere in the text.
        """
        refuse_bsn(verzoek["body"])
        refuse_bsn(verzoek.get("zaak"), "/zaak")
        await self._conn.execute(_INSERT, dict(verzoek))

    async def get(self, verzoek: str) -> Rij:
        """Return one verzoek.

        Raises:
            NotFoundError: There is no such verzoek.
        """
        wanted = select(VerzoekRow).where(VerzoekRow.id == verzoek)
        row = (await self._conn.execute(wanted)).mappings().one_or_none()
        if row is None:
            raise NotFoundError("Dit verzoek bestaat niet.")
        return dict(row)

    async def find(self, *, organisatie: str, kenmerk: str) -> Rij | None:
        """Return the verzoek with this reference of this organisatie, if it was put before."""
        wanted = select(VerzoekRow).where(
            VerzoekRow.organisatie == organisatie, VerzoekRow.kenmerk == kenmerk
        )
        row = (await self._conn.execute(wanted)).mappings().one_or_none()
        return None if row is None else dict(row)

    async def list(
        self,
        organisatie: str,
        *,
        before: tuple[dt.datetime, str] | None = None,
        limit: int = 50,
    ) -> list[Rij]:
        """Return the verzoeken of an organisatie, the newest first.

        Args:
            organisatie: Who asked.
            before: `ontvangen_op` and `id` of the last one of the page before.
            limit: The most to return.
        """
        order = (VerzoekRow.ontvangen_op, VerzoekRow.id)
        wanted = select(VerzoekRow).where(VerzoekRow.organisatie == organisatie)
        if before is not None:
            wanted = wanted.where(tuple_(*order) < before)
        rows = await self._conn.execute(
            wanted.order_by(*(column.desc() for column in order)).limit(limit)
        )
        return [dict(row) for row in rows.mappings()]
