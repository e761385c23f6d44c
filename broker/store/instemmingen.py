"""Instemmingen: recorded human decisions that a besluit may wait for."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from broker.domain import kalender
from broker.errors import ConflictError, NotFoundError
from broker.store.columns import Rij, Velden
from broker.store.models import InstemmingRow

FACTS: Final = ("soort", "organisatie", "door", "op", "tot", "categorieen")
UNKNOWN: Final = "Deze instemming bestaat niet."


class Instemmingen:
    """The instemmingen within one unit of work."""

    __slots__ = ("_conn",)

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn

    async def give(self, instemming: Mapping[str, Any]) -> None:
        """Record an instemming: the members of the contract, with `id`, `zaak` and `sleutel`.

        Without `sleutel` it is for every subject of its zaak. Without `zaak` it is for questions
        outside any zaak, and counts only for its `sleutel` and for the organisatie `vrager`.
        Without `categorieen` it is for all of them.
        """
        await self._conn.execute(insert(InstemmingRow).values(**instemming))

    async def get(self, instemming: str) -> Rij:
        """Return one instemming with all its columns.

        Raises:
            NotFoundError: There is no such instemming.
        """
        wanted = select(InstemmingRow).where(InstemmingRow.id == instemming)
        row = (await self._conn.execute(wanted)).mappings().one_or_none()
        if row is None:
            raise NotFoundError(UNKNOWN)
        return dict(row)

    async def givers(self, *, zaak: str | None, sleutel: str | None) -> set[str]:
        """Return who gave a consent that a question on this subject, in this zaak, could use."""
        wanted = select(InstemmingRow.door).where(
            InstemmingRow.zaak.is_(None) if zaak is None else InstemmingRow.zaak == zaak,
            or_(InstemmingRow.sleutel.is_(None), InstemmingRow.sleutel == sleutel),
        )
        return set((await self._conn.execute(wanted)).scalars())

    async def list(self, organisatie: str, *, after: str = "", limit: int = 50) -> list[Rij]:
        """Return what an organisatie gave, in the order of the ids.

        Args:
            organisatie: Who gave it.
            after: The last id of the page before.
            limit: The most to return.
        """
        wanted = (
            select(InstemmingRow)
            .where(InstemmingRow.organisatie == organisatie, InstemmingRow.id > after)
            .order_by(InstemmingRow.id)
            .limit(limit)
        )
        return [dict(row) for row in (await self._conn.execute(wanted)).mappings()]

    async def withdraw(self, instemming: str, *, op: str, door: str) -> None:
        """Record that an instemming is taken back; it stays as it was for the time before.

        Raises:
            NotFoundError: There is no such instemming.
            ConflictError: It was taken back already.
        """
        taken = await self._conn.execute(
            update(InstemmingRow)
            .where(InstemmingRow.id == instemming, InstemmingRow.ingetrokken_op.is_(None))
            .values(ingetrokken_op=op, ingetrokken_door=door)
            .returning(InstemmingRow.id)
        )
        if taken.scalar_one_or_none() is None:
            await self.get(instemming)
            raise ConflictError("Deze instemming is al ingetrokken.")


def contract_form(row: Velden) -> Rij:
    """Shape an instemming as the contract has it: taken back means that it has an end."""
    facts = {name: fact for name in FACTS if (fact := row[name]) is not None}
    ends = [end for end in (row["tot"], row["ingetrokken_op"]) if end is not None]
    return facts | ({"tot": min(ends, key=kalender.instant)} if ends else {})
