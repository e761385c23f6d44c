"""Signalen: reports that may lead to a handhavingsknelpunt, and how they were weighed."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from broker.api.context import HIDDEN, Context, Uses, may
from broker.api.paging import LIMIT, Cursor, Limiet, after, link_next
from broker.api.problems import documented
from broker.api.rollen import Actie
from broker.api.velden import Naam, StrictRoute, Tekst
from broker.domain.dossier import Deel, SignaalStatus
from broker.errors import NotFoundError

router = APIRouter(route_class=StrictRoute, tags=["signalen"])


class NieuwSignaal(Deel):
    """A report, without persons in it."""

    omschrijving: Annotated[Tekst, Field(min_length=20)]
    zaak: Naam | None = None


class Weging(Deel):
    """How a signaal was weighed."""

    status: Literal["aanvaard", "afgewezen"]


class SignaalView(BaseModel):
    """A signaal, and how it was weighed."""

    id: str
    zaak: str | None
    status: SignaalStatus
    melder: str
    omschrijving: str
    gemeld_op: str
    gewogen_op: str | None
    gewogen_door: str | None


@router.get("/signalen", responses=documented(400, 401, 403, 503))
async def lees_signalen(
    request: Request,
    response: Response,
    context: Annotated[Context, may(Actie.SIGNAAL_LEZEN)],
    uses: Uses,
    cursor: Cursor = None,
    limiet: Limiet = LIMIT,
) -> list[SignaalView]:
    """Lees de signalen van uw organisatie, of die van het RIEC."""
    begin = (after(cursor) or [""])[0]
    rows = await uses.keeper.read(
        lambda tx: tx.signalen.list(
            melder=context.only, riec=context.riec, after=begin, limit=limiet
        )
    )
    if rows:
        link_next(request, response, rows, limiet, rows[-1]["id"])
    return [SignaalView.model_validate(row) for row in rows]


@router.post("/signalen", status_code=201, responses=documented(400, 401, 403, 404, 409, 413, 503))
async def meld_signaal(
    body: NieuwSignaal, context: Annotated[Context, may(Actie.SIGNAAL_MELDEN)], uses: Uses
) -> SignaalView:
    """Meld een signaal namens uw organisatie."""
    if (zaak := body.zaak) is not None:
        context.see_zaak(await uses.keeper.read(lambda tx: tx.zaken.get(zaak)))
    signaal = {
        "id": uses.ids.new("s"),
        "melder": context.beller.organisatie,
        "gemeld_op": uses.now(),
        **body.model_dump(),
    }
    await uses.keeper.change(
        context.beller,
        "signaal-gemeld",
        {"signaal": signaal["id"], "zaak": body.zaak},
        lambda tx: tx.signalen.report(signaal),
    )
    row = await uses.keeper.read(lambda tx: tx.signalen.get(signaal["id"]))
    return SignaalView.model_validate(row)


@router.post(
    "/signalen/{id}/weging",
    status_code=201,
    responses=documented(400, 401, 403, 404, 409, 413, 503),
)
async def weeg_signaal(
    id: Naam,  # noqa: A002 - the name in the path
    body: Weging,
    context: Annotated[Context, may(Actie.SIGNAAL_WEGEN)],
    uses: Uses,
) -> SignaalView:
    """Leg vast dat een signaal is aanvaard of afgewezen."""
    riec = context.beller.riec or ""
    if not await uses.keeper.read(lambda tx: tx.signalen.is_for(id, riec=riec)):
        raise NotFoundError(HIDDEN)
    op = uses.now()
    await uses.keeper.change(
        context.beller,
        "signaal-gewogen",
        {"signaal": id, "status": body.status},
        lambda tx: tx.signalen.weigh(id, status=body.status, door=context.beller.gebruiker, op=op),
    )
    return SignaalView.model_validate(await uses.keeper.read(lambda tx: tx.signalen.get(id)))
