"""Inzageverzoeken: what a subject may see of the log, and the copies that are made of it."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from broker.api.context import Context, Uses, may
from broker.api.paging import LIMIT, Cursor, Limiet, after_moment, link_next
from broker.api.problems import documented
from broker.api.rollen import Actie
from broker.api.uitstellen import UitstelView, uitstel_view
from broker.api.velden import Betreft, BewijsView, Naam, StrictRoute, bewijs_view, not_ahead
from broker.domain.dossier import Deel, Tijdstip
from broker.services.inzage import Afschrift, Gezien, Inzageverzoek, Verantwoording
from broker.services.inzage.pagina import CSP, page

router = APIRouter(route_class=StrictRoute, tags=["inzageverzoeken"])
_PATH = "/inzageverzoeken"
_ONE = documented(400, 401, 403, 404, 503)
Behandelaar = Annotated[Context, may(Actie.INZAGE_BEHANDELEN)]
Nummer = Annotated[int, Path(ge=1, le=9999, description="Het nummer van het afschrift.")]


class NieuwInzageverzoek(Deel):
    """A subject who asks what was done about them."""

    betrokkene: Betreft
    ontvangen_op: Tijdstip | None = Field(
        default=None, description="Wanneer de betrokkene dit vroeg. Zonder: nu."
    )


class NieuwAfschrift(Deel):
    """That a copy is made for the subject, as things stand now."""


class AfschriftRegelView(BaseModel):
    """What is recorded of a copy: how much it told, and how much had to wait."""

    nummer: int
    getoond: int
    uitgesteld: int
    sha256: str
    door: str
    op: dt.datetime


class InzageverzoekView(BaseModel):
    """A request. It tells of the first `grootte` lines of the log, from `van` on."""

    id: str
    sleutel: str
    ontvangen_op: dt.datetime
    uiterlijk: dt.date = Field(description="De laatste dag voor een antwoord (AVG 12 lid 3).")
    beantwoord: bool = Field(description="Er is een afschrift gemaakt.")
    te_laat: bool = Field(description="Er is geen afschrift, en de laatste dag is voorbij.")
    van: dt.datetime
    grootte: int
    door: str
    organisatie: str
    op: dt.datetime
    afschriften: list[AfschriftRegelView]


class HandelingView(BaseModel):
    """One thing that was done about the subject, for who must judge whether it may be told."""

    kenmerk: str
    op: dt.datetime
    indexen: list[int] = Field(description="De inschrijvingen in het logboek.")
    soort: str
    organisatie: str
    functie: str | None
    bron: str | None
    zaak: str | None
    grondslag: str | None
    doel: list[str]
    verschijnselen: list[str]
    categorieen: list[str]
    afloop: str | None
    verstrekt: list[str]
    treffer: bool
    bewaren_tot: str | None
    uitstellen: list[UitstelView]


class VerantwoordingView(BaseModel):
    """All of a request, for who watches over it."""

    verzoek: InzageverzoekView
    getoond: int
    uitgesteld: int
    uitgesteld_per_grond: dict[str, int]
    wacht_op_besluit: int
    handelingen: list[HandelingView]
    indexen: list[int] = Field(description="Alle inschrijvingen over deze betrokkene.")
    bewijzen: list[BewijsView] = Field(description="Van elke inschrijving het bewijs.")
    controlepunt: str = Field(description="De ondertekende stand van het logboek van nu.")


class AfschriftView(BaseModel):
    """A copy for the subject, with the proofs of what it tells."""

    sha256: str = Field(description="SHA-256 van afschrift, als canonieke JSON (RFC 8785).")
    afschrift: dict[str, Any]
    bewijzen: list[BewijsView]


@router.post(_PATH, status_code=201, responses=documented(400, 401, 403, 413, 503))
async def open_inzageverzoek(
    body: NieuwInzageverzoek, context: Behandelaar, uses: Uses
) -> InzageverzoekView:
    """Leg vast dat een betrokkene om inzage vraagt. Het nummer wordt niet bewaard."""
    op = not_ahead(body.ontvangen_op, uses.now(), "/ontvangen_op")
    beller = context.for_all()
    found = await uses.inzage.open(beller, body.betrokkene.identiteit(), op)
    return _verzoek(found, uses.clock.now())


@router.get(_PATH, responses=documented(400, 401, 403, 503))
async def lees_inzageverzoeken(
    request: Request,
    response: Response,
    context: Behandelaar,
    uses: Uses,
    cursor: Cursor = None,
    limiet: Limiet = LIMIT,
) -> list[InzageverzoekView]:
    """Lees de inzageverzoeken, het nieuwste eerst."""
    context.for_all()
    rows = await uses.inzage.list(before=after_moment(cursor), limit=limiet)
    if rows:
        link_next(request, response, rows, limiet, rows[-1].op.isoformat(), rows[-1].id)
    return [_verzoek(row, uses.clock.now()) for row in rows]


@router.get(f"{_PATH}/{{id}}", responses=_ONE)
async def lees_inzageverzoek(
    id: Naam,  # noqa: A002 - the name in the path
    context: Behandelaar,
    uses: Uses,
) -> InzageverzoekView:
    """Lees één inzageverzoek."""
    context.for_all()
    return _verzoek(await uses.inzage.get(id), uses.clock.now())


@router.get(f"{_PATH}/{{id}}/handelingen", responses=_ONE)
async def lees_handelingen(
    id: Naam,  # noqa: A002 - the name in the path
    context: Annotated[Context, may(Actie.INZAGE_LEZEN)],
    uses: Uses,
) -> list[HandelingView]:
    """Lees wat er over de betrokkene is gevraagd: alles, of wat uw organisatie aangaat."""
    found = await uses.inzage.handelingen(id, context.only)
    told = {"inzageverzoek": id, "aantal": len(found)}
    await uses.keeper.consult(context.beller, "handelingen", told)
    return [_handeling(each, uses.clock.now()) for each in found]


@router.get(f"{_PATH}/{{id}}/verantwoording", responses=_ONE)
async def lees_verantwoording(
    id: Naam,  # noqa: A002 - the name in the path
    context: Behandelaar,
    uses: Uses,
) -> VerantwoordingView:
    """Lees alles van een inzageverzoek, ook wat is uitgesteld, met de bewijzen."""
    beller = context.for_all()
    found = await uses.inzage.verantwoording(id)
    told = {"inzageverzoek": id, "aantal": len(found.gezien), "uitgesteld": len(found.withheld)}
    await uses.keeper.consult(beller, "verantwoording", told)
    return _verantwoording(found)


@router.post(
    f"{_PATH}/{{id}}/afschriften",
    status_code=201,
    responses=documented(400, 401, 403, 404, 409, 413, 503),
)
async def maak_afschrift(
    id: Naam,  # noqa: A002 - the name in the path
    body: NieuwAfschrift,  # noqa: ARG001 - closed: nothing may stand in it
    context: Behandelaar,
    uses: Uses,
) -> AfschriftView:
    """Maak een afschrift voor de betrokkene. Wat is uitgesteld, staat er zonder spoor niet in."""
    return await _copy(uses, await uses.inzage.copy(context.for_all(), id))


@router.get(
    f"{_PATH}/{{id}}/afschriften/{{nummer}}", responses=documented(400, 401, 403, 404, 409, 503)
)
async def lees_afschrift(
    id: Naam,  # noqa: A002 - the name in the path
    nummer: Nummer,
    context: Behandelaar,
    uses: Uses,
) -> AfschriftView:
    """Lees een eerder afschrift, precies zoals het was."""
    return await _copy(uses, await _earlier(uses, context, id, nummer))


@router.get(
    f"{_PATH}/{{id}}/afschriften/{{nummer}}/pagina",
    responses=documented(400, 401, 403, 404, 409, 503),
    response_class=HTMLResponse,
)
async def lees_afschrift_als_pagina(
    id: Naam,  # noqa: A002 - the name in the path
    nummer: Nummer,
    context: Behandelaar,
    uses: Uses,
) -> HTMLResponse:
    """Lees een eerder afschrift als pagina om te printen."""
    found = await _earlier(uses, context, id, nummer)
    return HTMLResponse(page(found), headers={"Content-Security-Policy": CSP})


async def _earlier(uses: Uses, context: Context, inzageverzoek: str, nummer: int) -> Afschrift:
    """Return a copy that was made before, once it is recorded that it is read."""
    beller = context.for_all()
    found = await uses.inzage.earlier_copy(inzageverzoek, nummer)
    told = {"inzageverzoek": inzageverzoek, "nummer": nummer, "aantal": len(found.regels)}
    await uses.keeper.consult(beller, "afschrift", told)
    return found


async def _copy(uses: Uses, made: Afschrift) -> AfschriftView:
    proofs = await uses.inzage.proofs([index for regel in made.regels for index in regel.indexen])
    return AfschriftView(
        sha256=made.sha256, afschrift=made.plain(), bewijzen=[bewijs_view(each) for each in proofs]
    )


def _verzoek(found: Inzageverzoek, now: dt.datetime) -> InzageverzoekView:
    answered = bool(found.afschriften)
    return InzageverzoekView(
        id=found.id,
        sleutel=found.sleutel,
        ontvangen_op=found.ontvangen_op,
        uiterlijk=found.uiterlijk,
        beantwoord=answered,
        te_laat=not answered and found.late(now),
        van=found.van,
        grootte=found.grootte,
        door=found.door,
        organisatie=found.organisatie,
        op=found.op,
        afschriften=[AfschriftRegelView.model_validate(row) for row in found.afschriften],
    )


def _handeling(seen: Gezien, now: dt.datetime) -> HandelingView:
    each = seen.handeling
    return HandelingView(
        kenmerk=each.kenmerk,
        op=each.op,
        indexen=list(each.indexen),
        soort=each.soort,
        organisatie=each.organisatie,
        functie=each.functie,
        bron=each.bron,
        zaak=each.zaak,
        grondslag=each.grondslag,
        doel=list(each.doel),
        verschijnselen=list(each.verschijnselen),
        categorieen=list(each.categorieen),
        afloop=each.afloop,
        verstrekt=list(each.verstrekt),
        treffer=each.treffer,
        bewaren_tot=each.bewaren_tot,
        uitstellen=[uitstel_view(uitstel, now) for uitstel in seen.uitstellen],
    )


def _verantwoording(found: Verantwoording) -> VerantwoordingView:
    withheld = len(found.withheld)
    return VerantwoordingView(
        verzoek=_verzoek(found.verzoek, found.moment),
        getoond=len(found.gezien) - withheld,
        uitgesteld=withheld,
        uitgesteld_per_grond=found.grounds,
        wacht_op_besluit=sum(each.waits(found.moment) for each in found.gezien),
        handelingen=[_handeling(each, found.moment) for each in found.gezien],
        indexen=sorted(i for each in found.gezien for i in each.handeling.indexen),
        bewijzen=[bewijs_view(receipt) for receipt in found.bewijzen],
        controlepunt=found.controlepunt,
    )
