"""Uitstellen: what a subject is not told yet; one proposes it, another decides."""

import datetime as dt
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from broker.api.context import HIDDEN, Context, Uses, may
from broker.api.problems import documented
from broker.api.rollen import Actie
from broker.api.velden import Naam, Reden, StrictRoute
from broker.domain.dossier import Deel, Tijdstip
from broker.domain.uitstel import Uitstel, Uitstelbesluit, Uitstelstand
from broker.errors import NotFoundError
from broker.services.inzage.uitstel import Voorstel

router = APIRouter(route_class=StrictRoute, tags=["inzageverzoeken"])
_PATH = "/inzageverzoeken/{id}/uitstellen"
_RESPONSES = documented(400, 401, 403, 404, 409, 413, 503)
Voorsteller = Annotated[Context, may(Actie.UITSTEL_VOORSTELLEN)]
Beslisser = Annotated[Context, may(Actie.UITSTEL_BESLISSEN)]


class NieuwUitstel(Deel):
    """A proposal not to tell one handeling yet."""

    handeling: Annotated[str, Field(max_length=200)] = Field(
        description="Het kenmerk van de handeling, zoals het in de handelingen staat."
    )
    grond: Naam = Field(description="De grond uit de wet, zoals uavg-41-1-d of wpg-27-1-b.")
    reden: Reden
    tot: Tijdstip | None = Field(default=None, description="Zonder: tot nader order.")


class NieuwUitstelbesluit(Deel):
    """What a second person decides."""

    besluit: Literal["verleend", "afgewezen"]
    toelichting: Reden | None = None


class Vrijgave(Deel):
    """That the subject may now be told."""

    toelichting: Reden


class UitstelstapView(BaseModel):
    """A step after the proposal."""

    besluit: Uitstelbesluit
    door: str
    organisatie: str
    op: dt.datetime
    toelichting: str | None


class UitstelView(BaseModel):
    """An uitstel with its steps."""

    id: str
    inzageverzoek: str
    handeling: str
    grond: str
    reden: str
    tot: str | None = Field(description="null: tot nader order.")
    stand: Uitstelstand
    door: str
    organisatie: str
    op: dt.datetime
    stappen: list[UitstelstapView]


@router.post(_PATH, status_code=201, responses=_RESPONSES)
async def stel_uitstel_voor(
    id: Naam,  # noqa: A002 - the name in the path
    body: NieuwUitstel,
    context: Voorsteller,
    uses: Uses,
) -> UitstelView:
    """Stel voor dat de betrokkene één handeling nog niet te zien krijgt."""
    voorstel = Voorstel(handeling=body.handeling, grond=body.grond, reden=body.reden, tot=body.tot)
    await _see(uses, context, id, body.handeling)
    made = await uses.inzage.uitstellen.propose(context.beller, id, voorstel)
    return uitstel_view(made, uses.clock.now())


@router.post(f"{_PATH}/{{uitstel}}/besluit", status_code=201, responses=_RESPONSES)
async def besluit_over_uitstel(
    id: Naam,  # noqa: A002 - the name in the path
    uitstel: Naam,
    body: NieuwUitstelbesluit,
    context: Beslisser,
    uses: Uses,
) -> UitstelView:
    """Verleen een uitstel of wijs het af. Verlenen doet een ander dan wie het voorstelde."""
    besluit = Uitstelbesluit(body.besluit)
    return await _decide(uses, context, (id, uitstel), besluit, body.toelichting)


@router.post(f"{_PATH}/{{uitstel}}/vrijgave", status_code=201, responses=_RESPONSES)
async def geef_vrij(
    id: Naam,  # noqa: A002 - the name in the path
    uitstel: Naam,
    body: Vrijgave,
    context: Beslisser,
    uses: Uses,
) -> UitstelView:
    """Geef vrij wat was uitgesteld. Een volgend afschrift laat het zien."""
    besluit = Uitstelbesluit.VRIJGEGEVEN
    return await _decide(uses, context, (id, uitstel), besluit, body.toelichting)


async def _decide(
    uses: Uses,
    context: Context,
    which: tuple[str, str],
    besluit: Uitstelbesluit,
    toelichting: str | None,
) -> UitstelView:
    inzageverzoek, uitstel = which
    there = await uses.keeper.read(lambda tx: tx.uitstellen.get(uitstel))
    await _see(uses, context, inzageverzoek, there.handeling)
    done = await uses.inzage.uitstellen.decide(context.beller, uitstel, besluit, toelichting)
    return uitstel_view(done, uses.clock.now())


async def _see(uses: Uses, context: Context, inzageverzoek: str, handeling: str) -> None:
    """Hide a handeling that is none of this request, or not of this organisatie.

    Raises:
        NotFoundError: It may not be seen.
    """
    seen = await uses.inzage.handelingen(inzageverzoek, context.only)
    if not any(each.handeling.kenmerk == handeling for each in seen):
        raise NotFoundError(HIDDEN)


def uitstel_view(uitstel: Uitstel, moment: dt.datetime) -> UitstelView:
    """Return an uitstel as the API shows it, where it stands at this moment."""
    return UitstelView(
        id=uitstel.id,
        inzageverzoek=uitstel.inzageverzoek,
        handeling=uitstel.handeling,
        grond=uitstel.grond,
        reden=uitstel.reden,
        tot=uitstel.tot,
        stand=uitstel.stand(moment),
        door=uitstel.door,
        organisatie=uitstel.organisatie,
        op=uitstel.op,
        stappen=[
            UitstelstapView.model_validate(stap, from_attributes=True) for stap in uitstel.stappen
        ],
    )
