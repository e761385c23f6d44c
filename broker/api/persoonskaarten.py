"""Persoonskaarten: who is under research in a zaak, under a pseudonym."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from broker.api.context import Context, Services, Uses, may
from broker.api.paging import LIMIT, Cursor, Limiet, after, foreign, link_next
from broker.api.problems import documented
from broker.api.rollen import Actie
from broker.api.velden import Betreft, Naam, Namen, StrictRoute, not_ahead
from broker.domain.dossier import Band, Betrokkene, Deel, Relatie, Tijdstip

router = APIRouter(route_class=StrictRoute, tags=["persoonskaarten"])
_RESPONSES = documented(400, 401, 403, 404, 409, 413, 503)
Lezer = Annotated[Context, may(Actie.PERSOONSKAART_LEZEN)]
Wijziger = Annotated[Context, may(Actie.PERSOONSKAART_WIJZIGEN)]


class NieuwePersoonskaart(Deel):
    """A subject to research in a zaak. An empty list says: none; an absent one: unknown."""

    zaak: Naam
    betrokkene: Betreft
    relatie: Relatie
    afstand: Literal[0, 1]
    gebieden: Namen | None = None
    band: Annotated[list[Band], Field(max_length=5)] | None = None
    branches: Namen | None = None
    signalen: Namen | None = None
    geopend_op: Tijdstip | None = Field(default=None, description="Zonder: nu.")


class NieuwFeit(Deel):
    """That a new fact came up; which fact is not told here."""

    op: Tijdstip | None = Field(default=None, description="Zonder: nu. Niet in de toekomst.")


class PersoonskaartView(Betrokkene):
    """A subject in a zaak."""

    id: str
    zaak: str


@router.get(
    "/persoonskaarten",
    responses=documented(400, 401, 403, 404, 503),
    response_model_exclude_none=True,
)
async def lees_persoonskaarten(  # noqa: PLR0913, PLR0917 - a route: what may be asked, and its tools
    request: Request,
    response: Response,
    context: Lezer,
    uses: Uses,
    zaak: Annotated[Naam, Query(description="De zaak waar de kaarten bij horen.")],
    cursor: Cursor = None,
    limiet: Limiet = LIMIT,
) -> list[PersoonskaartView]:
    """Lees de persoonskaarten van een zaak. Een betrokkene staat er als pseudoniem in."""
    await _see(uses, context, zaak)
    last = after(cursor)
    begin = ""
    if last is not None:  # the cursor names a kaart: no pseudonym stands in an address
        kaart = await uses.keeper.read(lambda tx: tx.persoonskaarten.get(last[0]))
        if kaart["zaak"] != zaak:
            raise foreign()
        begin = kaart["sleutel"]
    rows = await uses.keeper.read(
        lambda tx: tx.persoonskaarten.list(zaak, after=begin, limit=limiet)
    )
    if rows:
        link_next(request, response, rows, limiet, rows[-1]["id"])
    return [PersoonskaartView.model_validate(row) for row in rows]


@router.post(
    "/persoonskaarten", status_code=201, responses=_RESPONSES, response_model_exclude_none=True
)
async def open_persoonskaart(
    body: NieuwePersoonskaart, context: Wijziger, uses: Uses
) -> PersoonskaartView:
    """Begin een onderzoek naar een betrokkene in een zaak. Het nummer wordt niet bewaard."""
    await _see(uses, context, body.zaak)
    sleutel = uses.pseudoniem.sleutel(body.betrokkene.identiteit(), pointer="/betrokkene")
    facts = body.model_dump(
        include={"relatie", "afstand", "gebieden", "band", "branches", "signalen"},
        exclude_none=True,
    )
    natural = body.betrokkene.bsn is not None
    betrokkene = {
        **facts,
        "soort": "natuurlijk-persoon" if natural else "rechtspersoon",
        "sleutel": sleutel,
        "onderzoek": {"geopend_op": not_ahead(body.geopend_op, uses.now(), "/geopend_op")},
    }
    kaart = uses.ids.new("pk")
    await uses.keeper.change(
        context.beller,
        "persoonskaart-geopend",
        {"persoonskaart": kaart, "zaak": body.zaak, "sleutel": sleutel},
        lambda tx: tx.persoonskaarten.open(kaart=kaart, zaak=body.zaak, betrokkene=betrokkene),
    )
    return await _view(uses, context, kaart)


@router.post(
    "/persoonskaarten/{id}/feiten",
    status_code=201,
    responses=_RESPONSES,
    response_model_exclude_none=True,
)
async def leg_feit_vast(
    id: Naam,  # noqa: A002 - the name in the path
    body: NieuwFeit,
    context: Wijziger,
    uses: Uses,
) -> PersoonskaartView:
    """Leg vast dat er een nieuw feit is. De onderzoekstermijn begint dan opnieuw."""
    kaart = await _view(uses, context, id)
    op = not_ahead(body.op, uses.now(), "/op")
    await uses.keeper.change(
        context.beller,
        "feit-vastgelegd",
        {"persoonskaart": id, "zaak": kaart.zaak, "sleutel": kaart.sleutel, "op": op},
        lambda tx: tx.persoonskaarten.record_fact(id, op=op),
    )
    return await _view(uses, context, id)


@router.post(
    "/persoonskaarten/{id}/beeindiging",
    status_code=201,
    responses=_RESPONSES,
    response_model_exclude_none=True,
)
async def beeindig_onderzoek(
    id: Naam,  # noqa: A002 - the name in the path
    body: NieuwFeit,
    context: Wijziger,
    uses: Uses,
) -> PersoonskaartView:
    """Beëindig het onderzoek naar een betrokkene."""
    kaart = await _view(uses, context, id)
    op = not_ahead(body.op, uses.now(), "/op")
    await uses.keeper.change(
        context.beller,
        "onderzoek-beeindigd",
        {"persoonskaart": id, "zaak": kaart.zaak, "sleutel": kaart.sleutel, "op": op},
        lambda tx: tx.persoonskaarten.close(id, op=op),
    )
    return await _view(uses, context, id)


async def _view(uses: Services, context: Context, kaart: str) -> PersoonskaartView:
    row = await uses.keeper.read(lambda tx: tx.persoonskaarten.get(kaart))
    await _see(uses, context, row["zaak"])
    return PersoonskaartView.model_validate(row)


async def _see(uses: Services, context: Context, zaak: str) -> None:
    """Hide the kaarten of a zaak from who does not work in it now."""
    row = await uses.keeper.read(lambda tx: tx.zaken.get(zaak))
    context.see_kaarten(row, uses.now())
