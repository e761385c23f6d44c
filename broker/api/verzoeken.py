"""Verzoeken: put one, and read back what was decided."""

import datetime as dt
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, Field, TypeAdapter

from broker.api.context import ByHop, Context, Uses, may
from broker.api.paging import LIMIT, Cursor, Limiet, after_moment, link_next
from broker.api.problems import documented
from broker.api.rollen import Actie, Bereik
from broker.api.velden import (
    UITLEG,
    Betreft,
    BewijsView,
    Bronnen,
    Categorieen,
    MetUitleg,
    Naam,
    StrictRoute,
    Tekst,
    bewijs_view,
)
from broker.domain import invoer
from broker.domain.besluit import Besluit
from broker.domain.dossier import ASKED, TREFFER, Aantal, Deel, Doel
from broker.domain.uitleg import Uitleg
from broker.errors import ForbiddenError
from broker.services.doors import BronUitkomst, VerzoekUitkomst
from broker.services.regels import explained
from broker.services.vraag import Vraag

router = APIRouter(route_class=StrictRoute, tags=["verzoeken"])

_BESLUIT: Final = TypeAdapter(Besluit)
_DOSSIER: Final = TypeAdapter(dict[str, Any])

Spoor = Annotated[
    str | None, Header(max_length=500, description="Het spoor van uw kant (W3C Trace Context).")
]


class NieuwVerzoek(Deel):
    """A question about one subject, to one or more sources."""

    betrokkene: Betreft
    bronnen: Bronnen = Field(description="De organisaties die worden bevraagd.")
    zaak: Naam | None = None
    grondslag: Naam | None = None
    taak: Naam | None = None
    soort: Literal["bevraging", "treffer-geen-treffer"]
    activiteit: Naam | None = None
    doel: Annotated[list[Doel], Field(max_length=4)] | None = None
    verschijnsel: Naam | None = None
    vraagstelling: Tekst | None = None
    categorieen: Categorieen
    aantal_betrokkenen: Aantal | None = None
    nationaliteit_onvermijdelijk: bool | None = None
    kenmerk: Naam | None = Field(
        default=None, description="Uw eigen aanduiding; elke organisatie gebruikt die één keer."
    )

    def vraag(self) -> Vraag:
        """Return the question as the doors take it."""
        return Vraag(
            betrokkene=self.betrokkene.identiteit(),
            bronnen=tuple(self.bronnen),
            zaak=self.zaak,
            grondslag=self.grondslag,
            taak=self.taak,
            verzoek={name: value for name in ASKED if (value := getattr(self, name)) is not None},
            kenmerk=self.kenmerk,
        )


class GegevenView(BaseModel):
    """An item that passed both doors."""

    id: str
    categorie: str
    herkomst: str | None = None
    herkomst_deelnemer: str | None = None
    wpg_artikel: str | None = None
    status: str | None = None
    eerste_verwerking_op: str | None = None
    ingebracht_op: str | None = None
    bewaren_tot: str | None = None
    inhoud: dict[str, Any]


class BronAntwoord(BaseModel):
    """What came of one source."""

    organisatie: str
    deur: str = Field(description="De laatste deur die besliste: verzoek of verstrekking.")
    besluit: Besluit
    gegevens: list[GegevenView]
    treffer: bool | None = Field(
        default=None, description="Alleen bij treffer-geen-treffer: de bron heeft iets."
    )
    afgeschermd: bool
    fout: str | None = None
    melding: str | None = None
    bewijs: BewijsView


class VerzoekAntwoord(BaseModel):
    """What came of a question, for each source apart."""

    id: str
    bronnen: list[BronAntwoord]


class IngediendVerzoek(BaseModel):
    """A question as it was put; the subject stands in it as a pseudonym."""

    id: str
    kenmerk: str | None
    gebruiker: str
    organisatie: str
    zaak: str | None
    sleutel: str | None
    grondslag: str | None
    verzoek: dict[str, Any]
    ontvangen_op: dt.datetime


class GenomenBesluit(BaseModel):
    """A besluit as it was taken."""

    id: str
    bron: str | None
    deur: str
    moment: dt.datetime
    besluit: Besluit
    dossier: dict[str, Any] | None = Field(
        default=None, description="Waarop het besluit rust; alleen voor de privacyfunctionaris."
    )
    uitleg: Uitleg | None = Field(default=None, description=UITLEG)


@router.post(
    "/verzoeken",
    status_code=201,
    response_model=VerzoekAntwoord,
    responses=documented(400, 401, 403, 409, 413, 503),
)
async def dien_verzoek_in(
    body: NieuwVerzoek,
    context: Annotated[Context, may(Actie.VERZOEK_INDIENEN)],
    uses: Uses,
    hop: ByHop,
    traceparent: Spoor = None,
) -> Response:
    """Stel een vraag over één betrokkene aan een of meer bronnen."""
    hop = replace(hop, traceparent=traceparent)
    answer = _answer(await uses.doors.submit(context.beller, body.vraag(), hop))
    # Written here: as a model the framework would check all of it once more.
    return Response(answer.model_dump_json(), status_code=201, media_type="application/json")


@router.get("/verzoeken", responses=documented(400, 401, 403, 503))
async def lees_verzoeken(  # noqa: PLR0913, PLR0917 - a route: what may be asked, and its tools
    request: Request,
    response: Response,
    context: Annotated[Context, may(Actie.VERZOEK_LEZEN)],
    uses: Uses,
    organisatie: Annotated[Naam | None, Query(description="Van wie; zonder: uw eigen.")] = None,
    cursor: Cursor = None,
    limiet: Limiet = LIMIT,
) -> list[IngediendVerzoek]:
    """Lees de verzoeken van een organisatie, het nieuwste eerst."""
    asked = organisatie or context.beller.organisatie
    if context.only not in (None, asked):
        raise ForbiddenError("U mag alleen de verzoeken van uw eigen organisatie lezen.")
    before = after_moment(cursor)
    rows = await uses.keeper.read(lambda tx: tx.verzoeken.list(asked, before=before, limit=limiet))
    if rows:
        last = rows[-1]
        link_next(request, response, rows, limiet, last["ontvangen_op"].isoformat(), last["id"])
    return [_put(row) for row in rows]


@router.get("/verzoeken/{id}", responses=documented(400, 401, 403, 404, 503))
async def lees_verzoek(
    id: Naam,  # noqa: A002 - the name in the path
    context: Annotated[Context, may(Actie.VERZOEK_LEZEN)],
    uses: Uses,
) -> IngediendVerzoek:
    """Lees één verzoek."""
    row = await uses.keeper.read(lambda tx: tx.verzoeken.get(id))
    context.see(row["organisatie"])
    return _put(row)


@router.get("/verzoeken/{id}/besluiten", responses=documented(400, 401, 403, 404, 503))
async def lees_besluiten(
    id: Naam,  # noqa: A002 - the name in the path
    context: Annotated[Context, may(Actie.VERZOEK_LEZEN)],
    uses: Uses,
    *,
    uitleg: MetUitleg = False,
) -> list[GenomenBesluit]:
    """Lees de besluiten over een verzoek, het oudste eerst."""
    verzoek = await uses.keeper.read(lambda tx: tx.verzoeken.get(id))
    context.see(verzoek["organisatie"])
    rows = await uses.keeper.read(lambda tx: tx.besluiten.list(id))
    full = context.bereik is Bereik.ALLE
    taken = [_taken(row, full=full) for row in rows]
    if uitleg:
        for row, view in zip(rows, taken, strict=True):
            dossier = invoer.parse_json(row["dossier"])
            view.uitleg = await explained(uses.regels, dossier, view.besluit, full=full)
    return taken


def _answer(outcome: VerzoekUitkomst) -> VerzoekAntwoord:
    return VerzoekAntwoord(
        id=outcome.id,
        bronnen=[_source(part, hit=outcome.soort == TREFFER) for part in outcome.bronnen],
    )


def _source(part: BronUitkomst, *, hit: bool) -> BronAntwoord:
    """Shape what came of one source; the requester sees no more than he may know."""
    answered = part.deur == "verstrekking"
    return BronAntwoord(
        organisatie=part.organisatie,
        deur=part.deur,
        besluit=part.besluit.for_requester(),
        gegevens=[GegevenView.model_validate(g, from_attributes=True) for g in part.gegevens],
        treffer=bool(part.gegevens) if hit and answered else None,
        afgeschermd=part.afgeschermd,
        fout=part.fout,
        melding=part.melding,
        bewijs=bewijs_view(part.bewijs),
    )


def _put(row: dict[str, Any]) -> IngediendVerzoek:
    return IngediendVerzoek.model_validate({**row, "verzoek": row["body"]})


def _taken(row: dict[str, Any], *, full: bool) -> GenomenBesluit:
    besluit = _BESLUIT.validate_json(row["besluit"])
    return GenomenBesluit(
        id=row["id"],
        bron=row["bron"],
        deur=row["deur"],
        moment=row["moment"],
        besluit=besluit if full else besluit.for_requester(),
        dossier=_DOSSIER.validate_json(row["dossier"]) if full else None,
    )
