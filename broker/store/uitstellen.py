"""Uitstellen: what a subject is not told yet, with every step of the decision. Insert-only."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from broker.domain.uitstel import Uitstel, Uitstelbesluit, Uitstelstap
from broker.errors import NotFoundError
from broker.store.clear_text import refuse_bsn
from broker.store.columns import Velden
from broker.store.models_inzage import UitstelRow, UitstelstapRow

_CHUNK = 500


class Uitstellen:
    """The uitstellen within one unit of work."""

    __slots__ = ("_conn",)

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn

    async def propose(self, uitstel: Uitstel) -> None:
        """Record a proposal.

        Raises:
            InvalidInputError: A BSN stands in the reason.
        """
        refuse_bsn(uitstel.reden, "/reden")
        values = {
            name: getattr(uitstel, name)
            for name in (
                *("id", "inzageverzoek", "handeling", "grond", "reden", "tot"),
                *("door", "organisatie", "op"),
            )
        }
        await self._conn.execute(insert(UitstelRow).values(**values))

    async def add(self, uitstel: str, stap: Uitstelstap) -> None:
        """Add a step; two at once get the same number, so one of them is a conflict.

        Raises:
            InvalidInputError: A BSN stands in the words beside it.
        """
        refuse_bsn(stap.toelichting, "/toelichting")
        await self._conn.execute(
            insert(UitstelstapRow).values(
                uitstel=uitstel,
                nummer=stap.nummer,
                besluit=stap.besluit.value,
                door=stap.door,
                organisatie=stap.organisatie,
                op=stap.op,
                toelichting=stap.toelichting,
            )
        )

    async def get(self, uitstel: str) -> Uitstel:
        """Return one uitstel with its steps.

        Raises:
            NotFoundError: There is no such uitstel.
        """
        found = await self._read(select(UitstelRow).where(UitstelRow.id == uitstel))
        if not found:
            raise NotFoundError("Dit uitstel bestaat niet.")
        return found[0]

    async def of(self, handelingen: Sequence[str]) -> list[Uitstel]:
        """Return all uitstellen of these handelingen, whichever request they were made for."""
        found: list[Uitstel] = []
        for start in range(0, len(handelingen), _CHUNK):
            some = handelingen[start : start + _CHUNK]
            found += await self._read(select(UitstelRow).where(UitstelRow.handeling.in_(some)))
        return sorted(found, key=lambda uitstel: (uitstel.op, uitstel.id))

    async def _read(self, wanted: Select[*tuple[Any, ...]]) -> list[Uitstel]:
        rows = [dict(row) for row in (await self._conn.execute(wanted)).mappings()]
        steps: dict[str, list[Uitstelstap]] = {row["id"]: [] for row in rows}
        asked = (
            select(UitstelstapRow)
            .where(UitstelstapRow.uitstel.in_(list(steps)))
            .order_by(UitstelstapRow.uitstel, UitstelstapRow.nummer)
        )
        for row in (await self._conn.execute(asked)).mappings() if rows else ():
            steps[row["uitstel"]].append(_step(row))
        return [Uitstel(**row, stappen=tuple(steps[row["id"]])) for row in rows]


def _step(row: Velden) -> Uitstelstap:
    op: dt.datetime = row["op"]
    return Uitstelstap(
        nummer=row["nummer"],
        besluit=Uitstelbesluit(row["besluit"]),
        door=row["door"],
        organisatie=row["organisatie"],
        op=op,
        toelichting=row["toelichting"],
    )
