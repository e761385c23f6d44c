"""Steekproeven: what was drawn for review, and the verdicts on it. Insert-only."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from broker.errors import NotFoundError
from broker.store.clear_text import refuse_bsn
from broker.store.columns import Rij
from broker.store.models_inzage import SteekproefeenheidRow, SteekproefoordeelRow, SteekproefRow

UNKNOWN: Final = "Deze steekproef bestaat niet."


class Steekproeven:
    """The samples within one unit of work. Each row has the columns of its table."""

    __slots__ = ("_conn",)

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn

    async def insert(
        self, steekproef: Mapping[str, Any], eenheden: Sequence[Mapping[str, Any]]
    ) -> None:
        """Record a sample, and all that was drawn."""
        refuse_bsn(steekproef["startwaarde"], "/startwaarde")
        await self._conn.execute(insert(SteekproefRow).values(**steekproef))
        rows = [{**each, "steekproef": steekproef["id"]} for each in eenheden]
        if rows:
            await self._conn.execute(insert(SteekproefeenheidRow), rows)

    async def get(self, steekproef: str) -> Rij:
        """Return one sample.

        Raises:
            NotFoundError: There is no such sample.
        """
        wanted = select(SteekproefRow).where(SteekproefRow.id == steekproef)
        row = (await self._conn.execute(wanted)).mappings().one_or_none()
        if row is None:
            raise NotFoundError(UNKNOWN)
        return dict(row)

    async def units(self, steekproef: str) -> list[Rij]:
        """Return what was drawn, in the order of its numbers."""
        row = SteekproefeenheidRow
        wanted = select(row).where(row.steekproef == steekproef).order_by(row.nummer)
        return [dict(row) for row in (await self._conn.execute(wanted)).mappings()]

    async def unit(self, steekproef: str, nummer: int) -> Rij:
        """Return one of what was drawn.

        Raises:
            NotFoundError: There is no such number in this sample.
        """
        row = SteekproefeenheidRow
        wanted = select(row).where(row.steekproef == steekproef, row.nummer == nummer)
        found = (await self._conn.execute(wanted)).mappings().one_or_none()
        if found is None:
            raise NotFoundError("Dit nummer staat niet in deze steekproef.")
        return dict(found)

    async def judge(self, oordeel: Mapping[str, Any]) -> None:
        """Record a verdict. A second of one person, or in one turn, is a `ConflictError`.

        Raises:
            InvalidInputError: A BSN stands in the words beside it.
        """
        refuse_bsn(oordeel["toelichting"], "/toelichting")
        await self._conn.execute(insert(SteekproefoordeelRow).values(**oordeel))

    async def verdicts(self, steekproef: str) -> dict[int, list[Rij]]:
        """Return the verdicts on a sample by number, each list in the order of the turns."""
        row = SteekproefoordeelRow
        wanted = select(row).where(row.steekproef == steekproef).order_by(row.nummer, row.beurt)
        found: dict[int, list[Rij]] = {}
        for each in (await self._conn.execute(wanted)).mappings():
            found.setdefault(each["nummer"], []).append(dict(each))
        return found

    async def list(
        self, *, before: tuple[dt.datetime, str] | None = None, limit: int = 50
    ) -> list[Rij]:
        """Return samples, the newest first; `before` is `op` and `id` of the last one seen."""
        order = (SteekproefRow.op, SteekproefRow.id)
        wanted = select(SteekproefRow).order_by(*(column.desc() for column in order))
        if before is not None:
            wanted = wanted.where(tuple_(*order) < before)
        rows = await self._conn.execute(wanted.limit(limit))
        return [dict(row) for row in rows.mappings()]
