"""Steekproeven: questions that chance picks to be looked at again, by two people apart."""

import datetime as dt
from typing import Annotated, Any, Self

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from audit.entry import Soort
from broker.api.context import Context, Uses, may
from broker.api.paging import LIMIT, Cursor, Limiet, after_moment, link_next, numbers
from broker.api.problems import documented
from broker.api.rollen import Actie
from broker.api.velden import Naam, Reden, StrictRoute, moment_of
from broker.domain.dossier import Deel, Tijdstip
from broker.domain.steekproef import Oordeel, Schatting, Stratum, Telling
from broker.services.logboekzicht import told
from broker.services.steekproeven import Getrokken, Opdracht, Uitslag

router = APIRouter(route_class=StrictRoute, tags=["steekproeven"])
_PATH = "/steekproeven"
Trekker = Annotated[Context, may(Actie.STEEKPROEF_TREKKEN)]
Lezer = Annotated[Context, may(Actie.STEEKPROEF_LEZEN)]


class NieuweSteekproef(Deel):
    """What to draw."""

    startwaarde: Naam = Field(
        description="Waarmee het toeval begint; met dezelfde waarde komt hetzelfde eruit."
    )
    van: Tijdstip
    tot: Tijdstip = Field(description="Tot dit moment; dat telt niet mee.")
    omvang: Annotated[int, Field(ge=1, le=2000)]
    grootte: Annotated[int, Field(ge=0, lt=2**53)] | None = Field(
        default=None, description="Alleen de eerste zo veel inschrijvingen. Zonder: alle."
    )


class NieuwOordeel(Deel):
    """The verdict of one reviewer."""

    nummer: Annotated[int, Field(ge=1, le=2000)]
    oordeel: Oordeel = Field(strict=False)
    toelichting: Reden | None = Field(
        default=None, description="Verplicht als het oordeel niet rechtmatig is."
    )

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        """Refuse a verdict against, or none, without words."""
        if self.oordeel is not Oordeel.RECHTMATIG and self.toelichting is None:
            raise PydanticCustomError("toelichting", "toelichting", {"pointer": "/toelichting"})
        return self


class SchattingView(BaseModel):
    """Which share was unlawful, with the interval of Wilson (95 %)."""

    aandeel: float | None
    laag: float | None
    hoog: float | None
    dekking: float = Field(description="Deel van de vragen in strata met een helder oordeel.")


class OmvangView(BaseModel):
    """How many there are, were drawn, and came to which verdict."""

    omvang: int
    getrokken: int
    beoordeeld: int
    rechtmatig: int
    onrechtmatig: int
    onduidelijk: int
    schatting: SchattingView


class StratumView(OmvangView):
    """The same, of one stratum."""

    organisatie: str
    uitkomst: str
    herkomst: str


class SteekproefView(BaseModel):
    """A sample, and what the verdicts on it tell."""

    id: str
    startwaarde: str
    van: dt.datetime
    tot: dt.datetime
    omvang: int
    grootte: int = Field(description="Zo veel inschrijvingen telden mee.")
    door: str
    organisatie: str
    op: dt.datetime
    totaal: OmvangView
    strata: list[StratumView]


class SteekproefKortView(BaseModel):
    """A sample in a list."""

    id: str
    van: dt.datetime
    tot: dt.datetime
    omvang: int
    op: dt.datetime


class OordeelView(BaseModel):
    """A verdict that was given."""

    beurt: int
    oordeel: Oordeel
    toelichting: str | None
    door: str
    op: dt.datetime


class EenheidView(BaseModel):
    """A question that was drawn, as far as the reader may know it."""

    nummer: int
    kenmerk: str
    index: int = Field(description="De inschrijving waarmee de vraag eindigde.")
    soort: Soort
    op: dt.datetime
    inhoud: dict[str, Any] | None
    oordelen: list[OordeelView] = Field(
        description="Die van anderen pas als er twee zijn: iedereen oordeelt eerst zelf."
    )
    aantal_oordelen: int
    uitslag: Oordeel | None = Field(description="null zolang er nog iemand moet kijken.")


@router.post(_PATH, status_code=201, responses=documented(400, 401, 403, 413, 503))
async def trek_steekproef(body: NieuweSteekproef, context: Trekker, uses: Uses) -> SteekproefView:
    """Trek een steekproef uit de vragen van een periode. Iedereen kan dat precies nadoen."""
    opdracht = Opdracht(
        startwaarde=body.startwaarde,
        van=moment_of(body.van, "/van"),
        tot=moment_of(body.tot, "/tot"),
        omvang=body.omvang,
        grootte=body.grootte,
    )
    made = await uses.steekproeven.draw(context.for_all(), opdracht)
    return _view(await uses.steekproeven.outcome(made))


@router.get(_PATH, responses=documented(400, 401, 403, 503))
async def lees_steekproeven(
    request: Request,
    response: Response,
    context: Lezer,  # noqa: ARG001 - lets in
    uses: Uses,
    cursor: Cursor = None,
    limiet: Limiet = LIMIT,
) -> list[SteekproefKortView]:
    """Lees de steekproeven, de nieuwste eerst."""
    rows = await uses.steekproeven.list(before=after_moment(cursor), limit=limiet)
    if rows:
        link_next(request, response, rows, limiet, rows[-1]["op"].isoformat(), rows[-1]["id"])
    return [SteekproefKortView.model_validate(row) for row in rows]


@router.get(f"{_PATH}/{{id}}", responses=documented(400, 401, 403, 404, 503))
async def lees_steekproef(
    id: Naam,  # noqa: A002 - the name in the path
    context: Trekker,
    uses: Uses,
) -> SteekproefView:
    """Lees een steekproef, met hoe ver zij is en wat eruit komt."""
    context.for_all()
    return _view(await uses.steekproeven.outcome(id))


@router.get(f"{_PATH}/{{id}}/eenheden", responses=documented(400, 401, 403, 404, 503))
async def lees_eenheden(  # noqa: PLR0913, PLR0917 - a route: what may be asked, and its tools
    id: Naam,  # noqa: A002 - the name in the path
    request: Request,
    response: Response,
    context: Lezer,
    uses: Uses,
    cursor: Cursor = None,
    limiet: Annotated[int, Query(ge=1, le=200, description="Het aantal op één pagina.")] = LIMIT,
) -> list[EenheidView]:
    """Lees welke vragen zijn getrokken: alle, of die van of aan uw organisatie."""
    begin = (numbers(cursor, 1) or [0])[0]
    found = await uses.steekproeven.units(
        context.beller, id, context.only, after=begin, limit=limiet
    )
    told_to = {"steekproef": id, "vanaf": begin, "aantal": len(found)}
    await uses.keeper.consult(context.beller, "steekproef", told_to)
    if found:
        link_next(request, response, found, limiet, str(found[-1].nummer))
    return [_eenheid(each) for each in found]


@router.post(
    f"{_PATH}/{{id}}/oordelen",
    status_code=201,
    responses=documented(400, 401, 403, 404, 409, 413, 503),
)
async def geef_oordeel(
    id: Naam,  # noqa: A002 - the name in the path
    body: NieuwOordeel,
    context: Annotated[Context, may(Actie.STEEKPROEF_OORDELEN)],
    uses: Uses,
) -> EenheidView:
    """Geef uw oordeel over één getrokken vraag. Twee mensen oordelen apart."""
    done = await uses.steekproeven.judge(
        context.beller,
        id,
        body.nummer,
        body.oordeel,
        toelichting=body.toelichting,
        only=context.only,
    )
    return _eenheid(done)


def _view(found: Uitslag) -> SteekproefView:
    row = found.row
    names = ("id", "startwaarde", "van", "tot", "omvang", "grootte", "door", "organisatie", "op")
    return SteekproefView(
        **{name: row[name] for name in names},
        totaal=OmvangView(**_telling(found.totaal, found.schatting)),
        strata=[_stratum(stratum, *counted) for stratum, counted in found.strata.items()],
    )


def _stratum(stratum: Stratum, telling: Telling, schatting: Schatting) -> StratumView:
    return StratumView(
        organisatie=stratum.organisatie,
        uitkomst=stratum.uitkomst,
        herkomst=stratum.herkomst,
        **_telling(telling, schatting),
    )


def _telling(telling: Telling, schatting: Schatting) -> dict[str, Any]:
    return {
        "omvang": telling.omvang,
        "getrokken": telling.getrokken,
        "beoordeeld": telling.beoordeeld,
        "rechtmatig": telling.rechtmatig,
        "onrechtmatig": telling.onrechtmatig,
        "onduidelijk": telling.onduidelijk,
        "schatting": SchattingView.model_validate(schatting, from_attributes=True),
    }


def _eenheid(each: Getrokken) -> EenheidView:
    return EenheidView(
        nummer=each.nummer,
        kenmerk=each.line.kenmerk,
        index=each.line.index,
        soort=each.line.soort,
        op=each.line.at,
        inhoud=told(each.line, each.kant),
        oordelen=[OordeelView.model_validate(row) for row in each.stappen],
        aantal_oordelen=each.aantal,
        uitslag=each.uitslag,
    )
