"""Instemmingen: the recorded yes of a person that a besluit may wait for."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from broker.api.context import Context, Services, Uses, may
from broker.api.paging import LIMIT, Cursor, Limiet, after, link_next
from broker.api.problems import documented
from broker.api.rollen import Actie
from broker.api.velden import Betreft, Categorieen, Naam, Sleutel, StrictRoute, not_ahead
from broker.domain.dossier import Deel, InstemmingSoort, Tijdstip
from broker.domain.kalender import instant
from broker.domain.zaak import places
from broker.errors import ForbiddenError, Fout, InvalidInputError, NotFoundError
from broker.services.ontvangers import declared, recorded_by, stands_outside
from broker.services.openstaand import openstaand

router = APIRouter(route_class=StrictRoute, tags=["instemmingen"])
_PATH = "/instemmingen"
Lezer = Annotated[Context, may(Actie.INSTEMMING_LEZEN)]
Gever = Annotated[Context, may(Actie.INSTEMMING_GEVEN)]


class NieuweInstemming(Deel):
    """A yes, for one subject or for all subjects of a zaak."""

    soort: InstemmingSoort
    organisatie: Naam | None = Field(
        default=None,
        description="Namens wie: alleen een ontvanger van een resultaat die zelf niet in Sluis "
        "werkt. Zonder: uw eigen organisatie.",
    )
    zaak: Naam | None = Field(default=None, description="Zonder: voor vragen buiten een zaak.")
    betrokkene: Betreft | None = None
    sleutel: Sleutel | None = Field(
        default=None, description="Pseudoniem van de betrokkene, in plaats van het nummer."
    )
    vrager: Naam | None = Field(
        default=None, description="Alleen zonder zaak: de organisatie die om de gegevens vraagt."
    )
    categorieen: Categorieen | None = Field(default=None, description="Zonder: alle.")
    op: Tijdstip | None = Field(default=None, description="Zonder: nu. Niet in de toekomst.")
    tot: Tijdstip | None = None


class Intrekking(Deel):
    """That a yes is taken back, from now on."""


class InstemmingView(BaseModel):
    """A yes as it was recorded."""

    id: str
    soort: InstemmingSoort
    organisatie: str
    door: str
    op: str
    tot: str | None
    categorieen: list[str] | None
    zaak: str | None
    sleutel: str | None
    vrager: str | None
    ingetrokken_op: str | None
    ingetrokken_door: str | None


class OpenstaandeInstemming(BaseModel):
    """What a verzoek still waits for from your organisatie."""

    soort: InstemmingSoort
    categorieen: list[str]
    verzoek: str
    bron: str | None
    vrager: str | None
    zaak: str | None
    sleutel: str | None
    grondslag: str | None
    doel: list[str]
    vraagstelling: str | None
    gevraagd_op: dt.datetime


@router.get(_PATH, responses=documented(400, 401, 403, 503))
async def lees_instemmingen(  # noqa: PLR0913, PLR0917 - a route: what may be asked, and its tools
    request: Request,
    response: Response,
    context: Lezer,
    uses: Uses,
    organisatie: Annotated[Naam | None, Query(description="Van wie; zonder: uw eigen.")] = None,
    cursor: Cursor = None,
    limiet: Limiet = LIMIT,
) -> list[InstemmingView]:
    """Lees de instemmingen die een organisatie gaf."""
    asked = organisatie or context.beller.organisatie
    if context.only not in (None, asked):
        raise ForbiddenError("U mag alleen de instemmingen van uw eigen organisatie lezen.")
    begin = (after(cursor) or [""])[0]
    rows = await uses.keeper.read(lambda tx: tx.instemmingen.list(asked, after=begin, limit=limiet))
    if rows:
        link_next(request, response, rows, limiet, rows[-1]["id"])
    return [InstemmingView.model_validate(row) for row in rows]


@router.get(f"{_PATH}/openstaand", responses=documented(401, 403, 503))
async def lees_openstaand(context: Lezer, uses: Uses) -> list[OpenstaandeInstemming]:
    """Lees waarop vragen van de laatste 30 dagen nog wachten bij uw organisatie."""
    moment = uses.clock.now()
    found = await uses.keeper.read(lambda tx: openstaand(tx, context.beller.organisatie, moment))
    return [OpenstaandeInstemming.model_validate(each, from_attributes=True) for each in found]


@router.post(_PATH, status_code=201, responses=documented(400, 401, 403, 409, 413, 503))
async def geef_instemming(body: NieuweInstemming, context: Gever, uses: Uses) -> InstemmingView:
    """Geef een instemming namens uw organisatie, of leg vast wat een ontvanger verklaarde."""
    now = uses.now()
    await _check_giver(uses, context, body.soort, now)
    if body.organisatie not in {None, context.beller.organisatie}:
        await _check_declared(uses, body, now)
    sleutel = _sleutel(body, uses)
    if body.zaak is None:
        _check_bound(body, sleutel)
    else:
        await _check_place(uses, context, body.zaak)
    instemming = uses.ids.new("i")
    facts = {
        "soort": body.soort,
        "organisatie": body.organisatie or context.beller.organisatie,
        "door": context.beller.gebruiker,
        "op": not_ahead(body.op, now, "/op"),
        "tot": body.tot,
        "categorieen": body.categorieen,
        "zaak": body.zaak,
        "sleutel": sleutel,
        "vrager": body.vrager,
    }
    await uses.keeper.change(
        context.beller,
        "instemming-gegeven",
        {"instemming": instemming, **_told(facts), "namens": body.organisatie},
        lambda tx: tx.instemmingen.give({"id": instemming, **facts}),
    )
    return await _view(uses, instemming)


@router.post(
    f"{_PATH}/{{id}}/intrekking",
    status_code=201,
    responses=documented(400, 401, 403, 404, 409, 413, 503),
)
async def trek_in(
    id: Naam,  # noqa: A002 - the name in the path
    body: Intrekking,  # noqa: ARG001 - closed: nothing may stand in it
    context: Gever,
    uses: Uses,
) -> InstemmingView:
    """Trek een instemming in die uw organisatie gaf of vastlegde, vanaf nu."""
    found = await _view(uses, id)
    recorded = await uses.keeper.read(lambda tx: recorded_by(tx, found.door))
    context.see(found.organisatie, recorded)
    op = uses.now()
    await uses.keeper.change(
        context.beller,
        "instemming-ingetrokken",
        {"instemming": id, "zaak": found.zaak, "sleutel": found.sleutel, "op": op},
        lambda tx: tx.instemmingen.withdraw(id, op=op, door=context.beller.gebruiker),
    )
    return await _view(uses, id)


async def _check_giver(uses: Services, context: Context, soort: str, now: str) -> None:
    """Refuse a yes that is not for this deelnemer to give; the law tells whose it is.

    Raises:
        ForbiddenError: It is for others.
    """
    givers = (await uses.regels.now()).consent_givers(now)
    deelnemer = context.beller.deelnemer
    # No giver among the deelnemers: it is for the RIEC itself, which is none.
    fits = deelnemer in givers[soort] if givers.get(soort) else deelnemer is None
    if soort not in givers or not fits:
        raise ForbiddenError("Uw organisatie gaat niet over deze soort instemming.")


async def _check_declared(uses: Services, body: NieuweInstemming, now: str) -> None:
    """Refuse to record for another organisatie what it can say itself, or need not say.

    Only a recipient declares through others, and only one that is no deelnemer and has nobody who
    works with Sluis: nobody else can say yes for a deelnemer.

    Raises:
        InvalidInputError: It is not for others to record.
    """
    name = body.organisatie or ""
    soorten = declared(await uses.regels.now(), now)
    outside = await uses.keeper.read(lambda tx: stands_outside(tx, name))
    if body.soort not in soorten or not outside:
        melding = "Namens deze organisatie kunt u deze soort instemming niet vastleggen."
        raise InvalidInputError(melding, [Fout(pointer="/organisatie", melding=melding)])


def _told(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the log tells: its `organisatie` is that of who recorded it."""
    return {name: fact for name, fact in facts.items() if name != "organisatie"}


def _check_bound(body: NieuweInstemming, sleutel: str | None) -> None:
    """Refuse a yes outside any zaak that says not about whom, or to whom.

    Raises:
        InvalidInputError: It would be for everybody.
    """
    missing = {"/betrokkene": sleutel, "/vrager": body.vrager}
    melding = "Buiten een zaak geldt een instemming voor één betrokkene en één vrager. Noem die."
    if fouten := [
        Fout(pointer=where, melding=melding) for where, fact in missing.items() if not fact
    ]:
        raise InvalidInputError(fouten=fouten)


async def _check_place(uses: Services, context: Context, zaak: str) -> None:
    """Refuse a yes in a zaak in which the organisatie has no place now, and that it does not run.

    Raises:
        ForbiddenError: It has none, or there is no such zaak; both sound alike.
    """
    beller, now = context.beller, instant(uses.now())
    try:
        facts = await uses.keeper.read(lambda tx: tx.zaken.get(zaak))
    except NotFoundError:
        facts = {}
    if beller.deelnemer is None and facts and context.runs(facts):
        return
    here = places(facts, beller.organisatie, now) if facts else []
    if not any(place.get("deelnemer") == beller.deelnemer for place in here):
        raise ForbiddenError("Uw organisatie doet niet mee in deze zaak.")


def _sleutel(body: NieuweInstemming, uses: Services) -> str | None:
    if body.betrokkene is None:
        return body.sleutel
    if body.sleutel is not None:
        melding = "Geef een nummer of een sleutel, en niet allebei."
        raise InvalidInputError(fouten=[Fout(pointer="/sleutel", melding=melding)])
    return uses.pseudoniem.sleutel(body.betrokkene.identiteit(), pointer="/betrokkene")


async def _view(uses: Services, instemming: str) -> InstemmingView:
    row = await uses.keeper.read(lambda tx: tx.instemmingen.get(instemming))
    return InstemmingView.model_validate(row)
