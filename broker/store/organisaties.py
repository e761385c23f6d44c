"""Organisaties: the partners, as which deelnemer they act, and where their source answers."""

from collections.abc import Sequence

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from broker.errors import NotFoundError
from broker.store.columns import Rij
from broker.store.models import OrganisatieDeelnemerRow, OrganisatieRow

UNKNOWN = "Deze organisatie bestaat niet."


class Organisaties:
    """The organisaties within one unit of work.

    An organisatie is `id`, `naam`, `deelnemers`, `bron_soort` (`brp`, `partner`, `geen`),
    `bron_adres`, `riec`: which samenwerkingsverband it runs, None for a partner, and `verband`:
    of which kind that is, None for a RIEC.
    """

    __slots__ = ("_conn",)

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn

    async def insert(  # noqa: PLR0913 - the columns of its table
        self,
        organisatie: str,
        *,
        naam: str,
        deelnemers: Sequence[str],
        bron_soort: str = "geen",
        bron_adres: str | None = None,
        riec: str | None = None,
        verband: str | None = None,
    ) -> None:
        """Record a partner."""
        await self._conn.execute(
            insert(OrganisatieRow).values(
                id=organisatie,
                naam=naam,
                bron_soort=bron_soort,
                bron_adres=bron_adres,
                riec=riec,
                verband=verband,
            )
        )
        rows = [{"organisatie": organisatie, "deelnemer": name} for name in deelnemers]
        if rows:
            await self._conn.execute(insert(OrganisatieDeelnemerRow), rows)

    async def get(self, organisatie: str) -> Rij:
        """Return one partner.

        Raises:
            NotFoundError: There is no such organisatie.
        """
        wanted = select(OrganisatieRow).where(OrganisatieRow.id == organisatie)
        row = (await self._conn.execute(wanted)).mappings().one_or_none()
        if row is None:
            raise NotFoundError(UNKNOWN)
        names = await self._conn.execute(
            select(OrganisatieDeelnemerRow.deelnemer)
            .where(OrganisatieDeelnemerRow.organisatie == organisatie)
            .order_by(OrganisatieDeelnemerRow.deelnemer)
        )
        return {**row, "deelnemers": list(names.scalars())}

    async def list(self) -> list[Rij]:
        """Return all partners, in the order of their ids; a RIEC has some tens of them."""
        rows = await self._conn.execute(select(OrganisatieRow).order_by(OrganisatieRow.id))
        found = {row["id"]: {**row, "deelnemers": []} for row in rows.mappings()}
        names = await self._conn.execute(
            select(OrganisatieDeelnemerRow.organisatie, OrganisatieDeelnemerRow.deelnemer).order_by(
                OrganisatieDeelnemerRow.deelnemer
            )
        )
        for organisatie, deelnemer in names:
            found[organisatie]["deelnemers"].append(deelnemer)
        return list(found.values())

    async def set_source(self, organisatie: str, *, soort: str, adres: str | None) -> None:
        """Change how the source of a partner is reached.

        Raises:
            NotFoundError: There is no such organisatie.
        """
        changed = await self._conn.execute(
            update(OrganisatieRow)
            .where(OrganisatieRow.id == organisatie)
            .values(bron_soort=soort, bron_adres=adres)
            .returning(OrganisatieRow.id)
        )
        if changed.scalar_one_or_none() is None:
            raise NotFoundError(UNKNOWN)
