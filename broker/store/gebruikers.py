"""Gebruikers: who works with the broker, by number, with the facts of WGS 1.8."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from broker.errors import NotFoundError
from broker.store.columns import Rij
from broker.store.models import GebruikerRow

UNKNOWN: Final = "Deze gebruiker bestaat niet."


class Gebruikers:
    """The gebruikers within one unit of work. A gebruiker has the columns of its table."""

    __slots__ = ("_conn",)

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn

    async def insert(self, gebruiker: Mapping[str, Any]) -> None:
        """Record a person; no name, only a number."""
        await self._conn.execute(insert(GebruikerRow).values(**gebruiker))

    async def get(self, gebruiker: str) -> Rij:
        """Return one gebruiker.

        Raises:
            NotFoundError: There is no such gebruiker.
        """
        wanted = select(GebruikerRow).where(GebruikerRow.id == gebruiker)
        row = (await self._conn.execute(wanted)).mappings().one_or_none()
        if row is None:
            raise NotFoundError(UNKNOWN)
        return dict(row)

    async def functies(self, gebruikers: Sequence[str]) -> dict[str, str]:
        """Return what these gebruikers do with Sluis, by their id."""
        wanted = select(GebruikerRow.id, GebruikerRow.functie).where(
            GebruikerRow.id.in_(gebruikers)
        )
        return {row.id: row.functie for row in await self._conn.execute(wanted)}

    async def list(self, organisatie: str) -> list[Rij]:
        """Return the gebruikers of an organisatie, in the order of their ids."""
        wanted = (
            select(GebruikerRow)
            .where(GebruikerRow.organisatie == organisatie)
            .order_by(GebruikerRow.id)
        )
        return [dict(row) for row in (await self._conn.execute(wanted)).mappings()]

    async def authorise(
        self,
        gebruiker: str,
        *,
        geautoriseerd_tot: str | None,
        gescreend_op: str | None,
        opgeleid_op: str | None,
    ) -> None:
        """Record the facts of WGS 1.8 anew; None is unknown, and so helps nobody.

        Raises:
            NotFoundError: There is no such gebruiker.
        """
        changed = await self._conn.execute(
            update(GebruikerRow)
            .where(GebruikerRow.id == gebruiker)
            .values(
                geautoriseerd_tot=geautoriseerd_tot,
                gescreend_op=gescreend_op,
                opgeleid_op=opgeleid_op,
            )
            .returning(GebruikerRow.id)
        )
        if changed.scalar_one_or_none() is None:
            raise NotFoundError(UNKNOWN)
