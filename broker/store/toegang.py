"""Toegang: bearer tokens, of which only the hash is known here."""

import datetime as dt
from typing import Any, Final

from sqlalchemy import BindParameter, Select, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from broker.errors import NotFoundError
from broker.store.columns import Moment, Rij
from broker.store.models import GebruikerRow, OrganisatieRow, ToegangsbewijsRow


def _holder() -> Select[*tuple[Any, ...]]:
    """Select the gebruiker of a token that is good; made once, as every request asks it."""
    moment: BindParameter[dt.datetime] = bindparam("moment", type_=Moment())
    return (
        select(GebruikerRow, OrganisatieRow.riec, OrganisatieRow.verband)
        .join(ToegangsbewijsRow, ToegangsbewijsRow.gebruiker == GebruikerRow.id)
        .join(OrganisatieRow, OrganisatieRow.id == GebruikerRow.organisatie)
        .where(
            ToegangsbewijsRow.hash == bindparam("hash"),
            ToegangsbewijsRow.uitgegeven_op <= moment,
            ToegangsbewijsRow.geldig_tot > moment,
            ToegangsbewijsRow.ingetrokken_op.is_(None),
        )
    )


HOLDER: Final = _holder()


class Toegang:
    """The toegangsbewijzen within one unit of work."""

    __slots__ = ("_conn",)

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn

    async def issue(
        self, hashed: str, *, gebruiker: str, op: dt.datetime, geldig_tot: dt.datetime
    ) -> None:
        """Record that a token was given out."""
        await self._conn.execute(
            insert(ToegangsbewijsRow).values(
                hash=hashed, gebruiker=gebruiker, uitgegeven_op=op, geldig_tot=geldig_tot
            )
        )

    async def holder(self, hashed: str, *, moment: dt.datetime) -> Rij | None:
        """Return the gebruiker of a token that is good at this moment, else None.

        With the `riec` and the `verband` of its organisatie.

        Good is `uitgegeven_op` ≤ moment < `geldig_tot`, and not taken back.
        """
        asked = {"hash": hashed, "moment": moment}
        row = (await self._conn.execute(HOLDER, asked)).mappings().one_or_none()
        return None if row is None else dict(row)

    async def withdraw_all(self, gebruiker: str, *, op: dt.datetime) -> int:
        """Take back every token of a person that still counts or will; return how many."""
        taken = await self._conn.execute(
            update(ToegangsbewijsRow)
            .where(
                ToegangsbewijsRow.gebruiker == gebruiker,
                ToegangsbewijsRow.ingetrokken_op.is_(None),
                ToegangsbewijsRow.geldig_tot > op,
            )
            .values(ingetrokken_op=op)
            .returning(ToegangsbewijsRow.hash)
        )
        return len(taken.all())

    async def withdraw(self, hashed: str, *, op: dt.datetime) -> None:
        """Take a token back, at once; a second time changes nothing.

        Raises:
            NotFoundError: There is no such token.
        """
        taken = await self._conn.execute(
            update(ToegangsbewijsRow)
            .where(ToegangsbewijsRow.hash == hashed)
            .values(ingetrokken_op=func.coalesce(ToegangsbewijsRow.ingetrokken_op, op))
            .returning(ToegangsbewijsRow.hash)
        )
        if taken.scalar_one_or_none() is None:
            raise NotFoundError("Dit toegangsbewijs bestaat niet.")
