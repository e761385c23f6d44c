"""Persoonskaarten: what is known of one subject within one zaak."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from broker.domain import kalender
from broker.errors import ConflictError, NotFoundError
from broker.store.columns import Rij, Velden
from broker.store.models import PersoonskaartRow

FACTS: Final = (
    "soort",
    "sleutel",
    "relatie",
    "afstand",
    "gebieden",
    "band",
    "branches",
    "signalen",
)
RESEARCH: Final = ("geopend_op", "laatste_feit_op", "beeindigd_op")


class Persoonskaarten:
    """The persoonskaarten within one unit of work.

    A kaart is the `betrokkene` of the contract, with the kaart's `id` and its `zaak` beside it.
    """

    __slots__ = ("_conn",)

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn

    async def open(self, *, kaart: str, zaak: str, betrokkene: Mapping[str, Any]) -> None:
        """Record a subject in a zaak.

        Raises:
            ConflictError: The zaak is not there, or has a kaart of this subject already
                (told at the end of the unit of work).
            InvalidInputError: `sleutel` is no pseudonym (idem).
        """
        columns = {name: fact for name, fact in betrokkene.items() if name != "onderzoek"}
        research = betrokkene.get("onderzoek") or {}
        await self._conn.execute(
            insert(PersoonskaartRow).values(id=kaart, zaak=zaak, **columns, **research)
        )

    async def get(self, kaart: str) -> Rij:
        """Return one kaart.

        Raises:
            NotFoundError: There is no such kaart.
        """
        wanted = select(PersoonskaartRow).where(PersoonskaartRow.id == kaart)
        row = (await self._conn.execute(wanted)).mappings().one_or_none()
        if row is None:
            raise NotFoundError("Deze persoonskaart bestaat niet.")
        return _kaart(row)

    async def list(self, zaak: str, *, after: str = "", limit: int = 50) -> list[Rij]:
        """Return the kaarten of a zaak, in the order of their subjects' pseudonyms.

        Args:
            zaak: The zaak.
            after: The last `sleutel` of the page before.
            limit: The most to return.
        """
        wanted = (
            select(PersoonskaartRow)
            .where(PersoonskaartRow.zaak == zaak, PersoonskaartRow.sleutel > after)
            .order_by(PersoonskaartRow.sleutel)
            .limit(limit)
        )
        return [_kaart(row) for row in (await self._conn.execute(wanted)).mappings()]

    async def record_fact(self, kaart: str, *, op: str) -> None:
        """Record that a new fact came up; one that is older than the last changes nothing.

        Raises:
            NotFoundError: There is no such kaart.
            ConflictError: The research was ended.
        """
        last = (await self._open_research(kaart)).get("laatste_feit_op")
        if last is None or kalender.instant(last) < kalender.instant(op):
            await self._set(kaart, laatste_feit_op=op)

    async def close(self, kaart: str, *, op: str) -> None:
        """End the research on a subject.

        Raises:
            NotFoundError: There is no such kaart.
            ConflictError: It was ended already.
        """
        await self._open_research(kaart)
        await self._set(kaart, beeindigd_op=op)

    async def _open_research(self, kaart: str) -> Rij:
        """Hold the kaart and return its research, which has not ended."""
        wanted = select(PersoonskaartRow).where(PersoonskaartRow.id == kaart).with_for_update()
        row = (await self._conn.execute(wanted)).mappings().one_or_none()
        if row is None:
            raise NotFoundError("Deze persoonskaart bestaat niet.")
        if row["beeindigd_op"] is not None:
            raise ConflictError("Het onderzoek naar deze betrokkene is al beëindigd.")
        return {name: row[name] for name in RESEARCH}

    async def _set(self, kaart: str, **values: str) -> None:
        """Change columns of one kaart."""
        await self._conn.execute(
            update(PersoonskaartRow).where(PersoonskaartRow.id == kaart).values(**values)
        )


def betrokkene(row: Velden, prefix: str = "") -> Rij:
    """Shape the columns of a kaart as the `betrokkene` of the contract."""
    facts = {name: fact for name in FACTS if (fact := row[prefix + name]) is not None}
    research = {name: fact for name in RESEARCH if (fact := row[prefix + name]) is not None}
    return facts | ({"onderzoek": research} if research else {})


def _kaart(row: Velden) -> Rij:
    """Shape a kaart."""
    return {"id": row["id"], "zaak": row["zaak"], **betrokkene(row)}
