"""Effectberekeningen: what would lose its basis? Counts first, a list on request."""

from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from broker.api.context import ByHop, Context, Services, Uses, may
from broker.api.paging import LIMIT, Cursor, Limiet, after, link_next
from broker.api.problems import documented
from broker.api.rollen import Actie
from broker.api.velden import BewijsView, Naam, StrictRoute, bewijs_view
from broker.domain.dossier import Deel, Tijdstip
from broker.errors import ForbiddenError
from broker.services.effect import Change, Effect, Ending, Groep, Leaving, Soort
from broker.services.effectberekeningen import Page

router = APIRouter(route_class=StrictRoute, tags=["effectberekeningen"])
_CHANGES = ("beeindig", "zonder_deelnemer", "regelversie")
Aantallen = dict[str, int]


class Einde(Deel):
    """A zaak ends."""

    zaak: Naam


class Vertrek(Deel):
    """An organisatie takes part no longer."""

    organisatie: Naam
    zaak: Naam | None = Field(default=None, description="Zonder: in elke zaak.")


class NieuweEffectberekening(Deel):
    """What might happen, and when: exactly one of the three."""

    op: Tijdstip = Field(description="De dag waarop het zou gebeuren.")
    beeindig: Einde | None = None
    zonder_deelnemer: Vertrek | None = None
    regelversie: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")] | None = Field(
        default=None, description="Het nummer van een regelversie die is goedgekeurd."
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        """Refuse no change and two changes."""
        if sum(getattr(self, name) is not None for name in _CHANGES) != 1:
            raise PydanticCustomError("een_verandering", "een verandering", {"pointer": ""})
        return self

    async def change(self, uses: Services) -> Change:
        """Return the change that was named."""
        if self.beeindig is not None:
            return Ending(op=self.op, zaak=self.beeindig.zaak)
        if self.zonder_deelnemer is not None:
            left = self.zonder_deelnemer
            return Leaving(op=self.op, organisatie=left.organisatie, zaak=left.zaak)
        return await uses.effectberekeningen.other_rules(self.op, self.regelversie or "")


class TellingView(BaseModel):
    """The counts of one soort; what lies in two areas counts in both."""

    totaal: int
    groepen: Aantallen = Field(
        description="houdt, houdt-via-andere-zaak, verliest en had-al-geen (er was al geen basis)."
    )
    wacht_op_instemming: int = Field(
        description="Houdt een basis, maar wacht daarna op een instemming die eerst niet nodig was."
    )
    via: Aantallen = Field(description="Welke andere zaak hoeveel kan dragen.")
    per_partner: dict[str, Aantallen]
    per_gebied: dict[str, Aantallen]
    per_branche: dict[str, Aantallen]


class TellingenView(BaseModel):
    """The counts of every soort."""

    persoonskaarten: TellingView
    lopende_verzoeken: TellingView
    instemmingen: TellingView
    vragen: TellingView = Field(description="De vragen van het jaar ervoor.")


class EffectView(BaseModel):
    """What the change does to one thing."""

    id: str = Field(description="Van een vraag: het nummer van het besluit bij deur 1.")
    zaak: str | None
    groep: Groep
    via: str | None = None
    wacht: bool = False
    categorieen: list[str] = Field(description="Wat in de eigen zaak niet meer kan.")
    gronden: list[str] = Field(description="Wat daarna in de weg staat, en ervoor niet.")


class EffectAntwoord(BaseModel):
    """What would lose its basis, with the proof that this was read."""

    op: str
    tellingen: TellingenView
    lijst: list[EffectView] | None = None
    bewijs: BewijsView


Lijst = Literal["persoonskaarten", "lopende-verzoeken", "instemmingen", "vragen"]
_SOORTEN: dict[str, Soort] = {
    "persoonskaarten": Soort.PERSOONSKAART,
    "lopende-verzoeken": Soort.LOPEND_VERZOEK,
    "instemmingen": Soort.INSTEMMING,
    "vragen": Soort.VRAAG,
}


@router.post("/effectberekeningen", responses=documented(400, 401, 403, 409, 413, 503))
async def bereken_effect(  # noqa: PLR0913, PLR0917 - a route: what may be asked, and its tools
    body: NieuweEffectberekening,
    request: Request,
    response: Response,
    context: Annotated[Context, may(Actie.EFFECT_BEREKENEN)],
    uses: Uses,
    hop: ByHop,
    lijst: Annotated[
        Lijst | None, Query(description="Geef ook de lijst hiervan, per pagina.")
    ] = None,
    groep: Annotated[Groep | None, Query(description="Alleen deze groep in de lijst.")] = None,
    cursor: Cursor = None,
    limiet: Limiet = LIMIT,
) -> EffectAntwoord:
    """Bereken wat zijn basis zou verliezen. Er verandert niets."""
    if context.only is not None:
        raise ForbiddenError("Dit is alleen voor wie bij een RIEC werkt.")
    page = None
    if lijst is not None:
        begin = (after(cursor) or [""])[0]
        page = Page(soort=_SOORTEN[lijst], groep=groep, after=begin, limit=limiet)
    found, receipt = await uses.effectberekeningen.read(
        context.beller, await body.change(uses), riec=context.riec, page=page, fsc=hop.fsc
    )
    if page is not None and found.lijst:
        link_next(request, response, found.lijst, limiet, found.lijst[-1].plaats)
    counts: dict[str, Any] = {
        name.replace("-", "_"): found.tellingen[soort].view() for name, soort in _SOORTEN.items()
    }
    return EffectAntwoord(
        op=body.op,
        tellingen=TellingenView.model_validate(counts),
        lijst=None if page is None else [_view(effect) for effect in found.lijst],
        bewijs=bewijs_view(receipt),
    )


def _view(effect: Effect) -> EffectView:
    return EffectView(
        id=effect.id,
        zaak=effect.zaak,
        groep=effect.groep,
        via=effect.via,
        wacht=effect.wacht,
        categorieen=list(effect.categorieen),
        gronden=list(effect.gronden),
    )
