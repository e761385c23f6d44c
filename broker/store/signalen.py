"""Signalen: reports that may lead to a zaak (WGS 2.23(1))."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from broker.domain.dossier import SignaalStatus
from broker.errors import ConflictError, NotFoundError
from broker.store.clear_text import refuse_bsn
from broker.store.columns import Rij
from broker.store.models import OrganisatieRow, SignaalRow, ZaakDeelnemerRow, ZaakRow
from broker.store.zaken import touch


class Signalen:
    """The signalen within one unit of work."""

    __slots__ = ("_conn",)

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn

    async def report(self, signaal: Mapping[str, Any]) -> None:
        """Record a report: `id`, `melder`, `omschrijving`, `gemeld_op`, and perhaps its `zaak`.

        Raises:
            InvalidInputError: A BSN stands in the text.
        """
        refuse_bsn(signaal["omschrijving"], "/omschrijving")
        await self._conn.execute(insert(SignaalRow).values(**signaal, status="aangemeld"))

    async def get(self, signaal: str) -> Rij:
        """Return one signaal.

        Raises:
            NotFoundError: There is no such signaal.
        """
        wanted = select(SignaalRow).where(SignaalRow.id == signaal)
        row = (await self._conn.execute(wanted)).mappings().one_or_none()
        if row is None:
            raise NotFoundError("Dit signaal bestaat niet.")
        return dict(row)

    async def list(
        self,
        *,
        melder: str | None = None,
        riec: str | None = None,
        after: str = "",
        limit: int = 50,
    ) -> list[Rij]:
        """Return signalen, in the order of their ids.

        Args:
            melder: Only those of this organisatie.
            riec: Only those that this RIEC weighs.
            after: The last id of the page before.
            limit: The most to return.
        """
        wanted = select(SignaalRow).where(SignaalRow.id > after)
        if melder is not None:
            wanted = wanted.where(SignaalRow.melder == melder)
        if riec is not None:
            wanted = wanted.where(_weighed_by(riec))
        rows = await self._conn.execute(wanted.order_by(SignaalRow.id).limit(limit))
        return [dict(row) for row in rows.mappings()]

    async def is_for(self, signaal: str, *, riec: str) -> bool:
        """Tell whether this signaal is there, and for this RIEC to weigh."""
        wanted = select(SignaalRow.id).where(SignaalRow.id == signaal, _weighed_by(riec))
        return (await self._conn.execute(wanted)).scalar_one_or_none() is not None

    async def weigh(self, signaal: str, *, status: SignaalStatus, door: str, op: str) -> None:
        """Record that a signaal is accepted or turned down; its zaken see it at once.

        Raises:
            NotFoundError: There is no such signaal.
            ConflictError: It was weighed already.
        """
        weighed = await self._conn.execute(
            update(SignaalRow)
            .where(SignaalRow.id == signaal, SignaalRow.status == "aangemeld")
            .values(status=status, gewogen_door=door, gewogen_op=op)
            .returning(SignaalRow.id)
        )
        if weighed.scalar_one_or_none() is None:
            await self.get(signaal)
            raise ConflictError("Dit signaal is al gewogen.")
        zaken = await self._conn.execute(select(ZaakRow.id).where(ZaakRow.signaal_id == signaal))
        for zaak in sorted(zaken.scalars()):
            await touch(self._conn, zaak)


def _weighed_by(riec: str) -> ColumnElement[bool]:
    """Select what this RIEC weighs: of its zaken, or without a zaak and of its own circle.

    Before there is a zaak, only the melder tells whose a signaal is: of each RIEC in whose zaken
    the melder has or had a place. Who has none anywhere yet, and is no other RIEC, must still be
    heard by somebody: each RIEC sees it.
    """
    places = select(ZaakDeelnemerRow.organisatie).join(ZaakRow, ZaakRow.id == ZaakDeelnemerRow.zaak)
    here = places.where(ZaakRow.riec == riec)
    partner_of_none = and_(
        SignaalRow.melder.not_in(places),
        SignaalRow.melder.not_in(select(OrganisatieRow.id).where(OrganisatieRow.riec != riec)),
    )
    return or_(
        SignaalRow.zaak.in_(select(ZaakRow.id).where(ZaakRow.riec == riec)),
        and_(SignaalRow.zaak.is_(None), or_(SignaalRow.melder.in_(here), partner_of_none)),
    )
