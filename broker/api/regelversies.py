"""Regelversies: a change of the rules, from proposal to force, each step by whom it belongs to."""

import base64
import binascii
import datetime as dt
from typing import Annotated, Any, Self

from fastapi import APIRouter, Path
from pydantic import AfterValidator, BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from broker.api.context import Context, Services, Uses, may
from broker.api.problems import documented
from broker.api.rollen import Actie
from broker.api.velden import Naam, Reden, StrictRoute, instant_of
from broker.domain.dossier import Datum, Deel, Tijdstip
from broker.domain.regelversie import Regelversie, Stap, Status

router = APIRouter(route_class=StrictRoute, tags=["regelversies"])
_PATH = "/regelversies"
_RESPONSES = documented(400, 401, 403, 404, 409, 413, 503)
Lezer = Annotated[Context, may(Actie.REGELS_LEZEN)]
Voorsteller = Annotated[Context, may(Actie.REGELS_VOORSTELLEN)]
Beproever = Annotated[Context, may(Actie.REGELS_BEPROEVEN)]
Goedkeurder = Annotated[Context, may(Actie.REGELS_GOEDKEUREN)]
Invoerder = Annotated[Context, may(Actie.REGELS_INVOEREN)]


def _base64(text: str) -> str:
    """Accept base64 (RFC 4648, section 4)."""
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise PydanticCustomError("base64", "geen base64") from None
    return text


Digest = Annotated[
    str,
    Path(pattern=r"^sha256:[0-9a-f]{64}$", description="De digest: het nummer van de versie."),
]
Base64 = Annotated[str, AfterValidator(_base64)]


class NieuweRegelversie(Deel):
    """A version of the rules to propose."""

    archief: Annotated[Base64, Field(max_length=4_000_000)] | None = Field(
        default=None,
        description="De regelset als tar.gz, in base64; zonder: die van deze software zelf.",
    )
    reden: Reden
    handtekening: Annotated[str, Field(max_length=2000)] | None = Field(
        default=None, description='JWT (ES256 of RS256) over {"regelset": digest}.'
    )
    correctie: bool = Field(
        default=False,
        description="Verbetert fouten in bestanden met een datum; die veranderen anders niet.",
    )


class NieuweBeproeving(Deel):
    """Over which recorded dossiers to test."""

    van: Tijdstip | None = Field(default=None, description="Zonder: vanaf het eerste besluit.")
    tot: Tijdstip | None = Field(default=None, description="Zonder: tot en met het laatste.")


class Advies(Deel):
    """The advice of the rechtmatigheidsadviescommissie."""

    kenmerk: Naam
    datum: Datum


class Goedkeuring(Deel):
    """The approval: on the advice of the committee, or with the reason why it is deviated from."""

    advies: Advies | None = Field(
        default=None, description="Het advies van de rechtmatigheidsadviescommissie."
    )
    afwijking: Reden | None = Field(
        default=None, description="Waarom van het advies wordt afgeweken (BGS 1.13 lid 6)."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        """Refuse an approval that rests on nothing."""
        if self.advies is None and self.afwijking is None:
            raise PydanticCustomError("advies_of_afwijking", "advies", {"pointer": "/advies"})
        return self


class Sluiting(Deel):
    """Why a version is turned down or taken back."""

    reden: Reden


class Inwerkingtreding(Deel):
    """That a version decides from now on."""


class RegelstapView(BaseModel):
    """One step of a version."""

    stap: Stap
    door: str | None
    organisatie: str | None
    op: dt.datetime
    inhoud: dict[str, Any]


class RegelversieView(BaseModel):
    """A version of the rules, with its steps."""

    id: str
    status: Status
    geleverd: bool = Field(description="Deze versie hoort bij de software die nu draait.")
    stappen: list[RegelstapView]


@router.get(_PATH, responses=documented(401, 403, 503))
async def lees_regelversies(context: Lezer, uses: Uses) -> list[RegelversieView]:  # noqa: ARG001
    """Lees alle versies van de regels, en welke er nu geldt."""
    return [_view(uses, versie) for versie in await uses.regelversies.list()]


@router.post(_PATH, status_code=201, responses=documented(400, 401, 403, 409, 413, 503))
async def stel_regelversie_voor(
    body: NieuweRegelversie, context: Voorsteller, uses: Uses
) -> RegelversieView:
    """Stel nieuwe regels voor. Ze worden meteen geladen; alle fouten komen in één keer terug."""
    archief = None if body.archief is None else base64.b64decode(body.archief)
    versie = await uses.regelversies.propose(
        context.beller,
        archief=archief,
        reden=body.reden,
        handtekening=body.handtekening,
        correctie=body.correctie,
    )
    return _view(uses, versie)


@router.get(f"{_PATH}/{{id}}", responses=documented(400, 401, 403, 404, 503))
async def lees_regelversie(
    id: Digest,  # noqa: A002 - the name in the path
    context: Lezer,  # noqa: ARG001
    uses: Uses,
) -> RegelversieView:
    """Lees één versie van de regels."""
    return _view(uses, await uses.regelversies.get(id))


@router.post(f"{_PATH}/{{id}}/beproeving", status_code=201, responses=_RESPONSES)
async def beproef(
    id: Digest,  # noqa: A002 - the name in the path
    body: NieuweBeproeving,
    context: Beproever,
    uses: Uses,
) -> RegelversieView:
    """Neem vastgelegde besluiten opnieuw, met de regels van nu en met deze: wat wordt anders?"""
    van, tot = instant_of(body.van, "/van"), instant_of(body.tot, "/tot")
    versie = await uses.regelversies.test(context.beller, id, van=van, tot=tot)
    return _view(uses, versie)


@router.post(f"{_PATH}/{{id}}/goedkeuring", status_code=201, responses=_RESPONSES)
async def keur_goed(
    id: Digest,  # noqa: A002 - the name in the path
    body: Goedkeuring,
    context: Goedkeurder,
    uses: Uses,
) -> RegelversieView:
    """Keur een beproefde versie goed. Dat doet een ander dan wie haar voorstelde."""
    advies = body.model_dump(exclude_none=True)
    versie = await uses.regelversies.approve(context.for_all(), id, advies)
    return _view(uses, versie)


@router.post(f"{_PATH}/{{id}}/afwijzing", status_code=201, responses=_RESPONSES)
async def wijs_af(
    id: Digest,  # noqa: A002 - the name in the path
    body: Sluiting,
    context: Goedkeurder,
    uses: Uses,
) -> RegelversieView:
    """Wijs een voorgestelde versie af."""
    versie = await uses.regelversies.close(context.for_all(), id, Stap.AFGEWEZEN, body.reden)
    return _view(uses, versie)


@router.post(f"{_PATH}/{{id}}/intrekking", status_code=201, responses=_RESPONSES)
async def trek_voorstel_in(
    id: Digest,  # noqa: A002 - the name in the path
    body: Sluiting,
    context: Voorsteller,
    uses: Uses,
) -> RegelversieView:
    """Trek een voorgestelde versie in."""
    versie = await uses.regelversies.close(context.beller, id, Stap.INGETROKKEN, body.reden)
    return _view(uses, versie)


@router.post(f"{_PATH}/{{id}}/inwerkingtreding", status_code=201, responses=_RESPONSES)
async def voer_in(
    id: Digest,  # noqa: A002 - the name in the path
    body: Inwerkingtreding,  # noqa: ARG001 - empty
    context: Invoerder,
    uses: Uses,
) -> RegelversieView:
    """Laat een goedgekeurde versie gelden, vanaf de eerstvolgende vraag en op elke server."""
    return _view(uses, await uses.regelversies.take_into_use(context.beller, id))


def _view(uses: Services, versie: Regelversie) -> RegelversieView:
    return RegelversieView(
        id=versie.digest,
        status=versie.status,
        geleverd=versie.digest == uses.regels.geleverd.digest,
        stappen=[
            RegelstapView(
                stap=each.stap,
                door=each.door,
                organisatie=each.organisatie,
                op=each.op,
                inhoud=dict(each.inhoud),
            )
            for each in versie.stappen
        ],
    )
