"""Exports of the log as files; each is a line of the log before the first byte leaves."""

import base64
import datetime as dt
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Final, Self

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from audit.entry import Soort
from broker.api.context import Context, Services, Uses, may
from broker.api.problems import documented
from broker.api.rollen import Actie
from broker.api.velden import (
    Betreft,
    BewijsView,
    Naam,
    Reden,
    Sleutel,
    StrictRoute,
    Tekst,
    bewijs_view,
)
from broker.domain import kalender
from broker.domain.dossier import Deel, Tijdstip
from broker.errors import ForbiddenError, Fout, InvalidInputError
from broker.services.uitvoer.bundel import Ontvanger
from broker.services.uitvoer.levering import BLOCK, JSON_LINES, ZIP, Levering
from broker.services.uitvoer.uitvoering import PARQUET_TYPE, Opdracht, Periode
from broker.services.uitvoer.woo import Keuze, Redactie
from broker.services.uitvoer.woo_uitvoering import WooVerzoek

router = APIRouter(route_class=StrictRoute, tags=["uitvoer"])
_PATH: Final = "/uitvoer"
Maker = Annotated[Context, may(Actie.UITVOER_MAKEN)]
Lezer = Annotated[Context, may(Actie.JAARCIJFERS_LEZEN)]
_FIRST_YEAR, _LAST_YEAR = 2020, 2200
SUPERVISOR: Final = "Autoriteit Persoonsgegevens"
_OWN: Final = "U maakt alleen een bundel voor uw eigen organisatie."


def _file(*types: str) -> dict[int | str, dict[str, Any]]:
    """Describe an answer that is a file."""
    schema = {"type": "string", "format": "binary"}
    content = {kind: {"schema": schema} for kind in types}
    return {
        **documented(400, 401, 403, 413, 503),
        200: {"description": "Gelukt.", "content": content},
    }


class TabelVorm(StrEnum):
    """The form of the table."""

    CSV = "csv"
    PARQUET = "parquet"


class CijferVorm(StrEnum):
    """The form of the yearly figures."""

    JSON = "json"
    HTML = "html"


class Tijdvak(Deel):
    """Of which time."""

    van: Tijdstip | None = Field(default=None, description="Zonder: vanaf de eerste regel.")
    tot: Tijdstip | None = Field(default=None, description="Zonder: tot en met de laatste.")

    def periode(self) -> Periode:
        """Return it as the service takes it."""
        van, tot = (None if t is None else kalender.instant(t) for t in (self.van, self.tot))
        return Periode(
            van=None if van is None else kalender.in_utc(van),
            tot=None if tot is None else kalender.in_utc(tot),
        )


class NieuweTabel(Tijdvak):
    """Which table."""

    vorm: Annotated[TabelVorm, Field(strict=False)] = TabelVorm.CSV


class NieuweJaarcijfers(Deel):
    """Of which year."""

    jaar: int = Field(ge=_FIRST_YEAR, le=_LAST_YEAR)
    vorm: Annotated[CijferVorm, Field(strict=False)] = CijferVorm.JSON


class NieuweBundel(Deel):
    """For whom, and of whom."""

    organisatie: Naam | None = Field(
        default=None, description="De partner die haar krijgt; zonder: de toezichthouder (AP)."
    )
    betrokkene: Betreft | None = Field(
        default=None, description="Alleen voor de toezichthouder: over één betrokkene."
    )
    reden: Reden = Field(description="Waarom deze bundel wordt gegeven.")

    @model_validator(mode="after")
    def _keys_for_the_supervisor_only(self) -> Self:
        """Refuse the key of a subject to a partner: it shows the questions of all others too."""
        if self.organisatie is not None and self.betrokkene is not None:
            raise PydanticCustomError("bundel_betrokkene", "b", {"pointer": "/betrokkene"})
        return self


class NieuweBundelOpSleutel(Deel):
    """As a bundle, of a subject by pseudonym: who stands at the machine has no need of a number."""

    organisatie: Naam | None = None
    sleutel: Sleutel | None = None
    reden: Reden

    @model_validator(mode="after")
    def _keys_for_the_supervisor_only(self) -> Self:
        """Refuse the key of a subject to a partner."""
        if self.organisatie is not None and self.sleutel is not None:
            raise PydanticCustomError("bundel_betrokkene", "b", {"pointer": "/sleutel"})
        return self


class WooKeuze(Deel):
    """What a person decided on one line."""

    regel: int = Field(ge=0, le=2**53 - 1)
    veld: Naam | None = Field(default=None, description="Zonder: de hele regel.")
    openbaar: bool = False
    gronden: Annotated[list[Naam], Field(max_length=17)] = Field(default_factory=list)
    reden: Tekst | None = None

    def keuze(self) -> Keuze:
        """Return it as the service takes it."""
        closed = Redactie(gronden=tuple(self.gronden), reden=self.reden)
        return Keuze(regel=self.regel, veld=self.veld, redactie=None if self.openbaar else closed)


class NieuwWooVoorstel(Tijdvak):
    """What should become public."""

    soorten: Annotated[list[Naam], Field(max_length=20)] = Field(
        default_factory=list, description="De soorten regels; zonder: alle."
    )
    keuzes: Annotated[list[WooKeuze], Field(max_length=5000)] = Field(default_factory=list)

    def verzoek(self) -> WooVerzoek:
        """Return it as the service takes it.

        Raises:
            InvalidInputError: A kind that is unknown.
        """
        known = {soort.value for soort in Soort}
        fouten = [
            Fout(pointer=f"/soorten/{place}", melding="Deze soort is er niet.")
            for place, naam in enumerate(self.soorten)
            if naam not in known
        ]
        if fouten:
            raise InvalidInputError(fouten=fouten)
        return WooVerzoek(
            periode=self.periode(),
            soorten=frozenset(Soort(naam) for naam in self.soorten),
            keuzes=[keuze.keuze() for keuze in self.keuzes],
        )


class NieuweWoo(NieuwWooVoorstel):
    """Which proposal somebody else confirms; the rest as in the proposal."""

    voorstel: int = Field(
        ge=0, le=2**53 - 1, description="De plaats van het voorstel in het logboek."
    )


class InventarisView(BaseModel):
    """A document on the inventory."""

    nummer: int
    datum: dt.date
    soort: str
    besluit: str
    gronden: list[str]


class WooVoorstelView(BaseModel):
    """A proposal, for somebody else to look at and confirm."""

    voorstel: int = Field(description="De plaats in het logboek; noem die bij het bevestigen.")
    sha256: str
    inventarislijst: list[InventarisView]
    stukken: str = Field(description="Wat openbaar wordt, als JSON.")
    bewijs: BewijsView


class FileAnswer(StreamingResponse):
    """A file that leaves in blocks."""

    media_type = None


@router.post(f"{_PATH}/bundels", response_class=FileAnswer, responses=_file(ZIP))
async def maak_bundel(body: NieuweBundel, context: Maker, uses: Uses) -> StreamingResponse:
    """Maak een bundel voor een partner of de toezichthouder, die na te rekenen is."""
    sleutel = None
    if body.betrokkene is not None:
        sleutel = uses.pseudoniem.sleutel(body.betrokkene.identiteit(), pointer="/betrokkene")
    return _answer(await bundle(uses, context, body, sleutel))


async def bundle(
    uses: Services,
    context: Context,
    body: NieuweBundel | NieuweBundelOpSleutel,
    sleutel: str | None,
) -> Levering:
    """Make a bundle for who may give it.

    Raises:
        ForbiddenError: It is for another than the caller's own organisatie.
        RecordError: It could not be read or recorded; nothing is given.
    """
    if context.only is not None and body.organisatie != context.only:
        raise ForbiddenError(_OWN)
    ontvanger = Ontvanger(
        naam=body.organisatie or SUPERVISOR, organisatie=body.organisatie, sleutel=sleutel
    )
    return await uses.uitvoering.bundel(context.beller, ontvanger, {"reden": body.reden})


@router.post(f"{_PATH}/ldv", response_class=FileAnswer, responses=_file(JSON_LINES))
async def maak_ldv(body: Tijdvak, context: Maker, uses: Uses) -> StreamingResponse:
    """Maak de regels van het Logboek Dataverwerkingen (LDV 1.0), op elke regel één als JSON."""
    return _answer(await uses.uitvoering.ldv(_order(context, body)))


@router.post(f"{_PATH}/fsc", response_class=FileAnswer, responses=_file(JSON_LINES))
async def maak_fsc(body: Tijdvak, context: Maker, uses: Uses) -> StreamingResponse:
    """Maak het transactielog van FSC, alleen van wat echt via FSC liep."""
    return _answer(await uses.uitvoering.fsc(_order(context, body)))


@router.post(
    f"{_PATH}/tabellen",
    response_class=FileAnswer,
    responses=_file(ZIP, PARQUET_TYPE),
)
async def maak_tabel(body: NieuweTabel, context: Maker, uses: Uses) -> StreamingResponse:
    """Maak een tabel om te onderzoeken, zonder personen."""
    return _answer(await uses.uitvoering.tabel(_order(context, body), body.vorm.value))


@router.post(
    f"{_PATH}/jaarcijfers",
    response_class=FileAnswer,
    responses=_file("application/json", "text/html"),
)
async def maak_jaarcijfers(
    body: NieuweJaarcijfers, context: Lezer, uses: Uses
) -> StreamingResponse:
    """Maak de cijfers van een jaar, om openbaar te maken."""
    beller = context.beller
    return _answer(await uses.uitvoering.jaarcijfers(beller, body.jaar, body.vorm.value))


@router.post(
    f"{_PATH}/woo-voorstellen",
    status_code=201,
    responses=documented(400, 401, 403, 409, 413, 503),
)
async def stel_woo_voor(body: NieuwWooVoorstel, context: Maker, uses: Uses) -> WooVoorstelView:
    """Stel voor wat volgens de Woo openbaar wordt. Iemand anders bevestigt het."""
    found = await uses.woo.propose(context.for_all(), body.verzoek())
    return WooVoorstelView(
        voorstel=found.bewijs.index,
        sha256=found.sha256,
        inventarislijst=[InventarisView(**row) for row in found.publicatie.inventory()],
        stukken=found.publicatie.content(),
        bewijs=bewijs_view(found.bewijs),
    )


@router.post(
    f"{_PATH}/woo",
    response_class=FileAnswer,
    responses={**_file(ZIP), **documented(404, 409)},
)
async def maak_woo(body: NieuweWoo, context: Maker, uses: Uses) -> StreamingResponse:
    """Bevestig wat iemand anders voorstelde, en krijg het als zip."""
    beller = context.for_all()
    return _answer(await uses.woo.publish(beller, body.voorstel, body.verzoek()))


def _order(context: Context, body: Tijdvak) -> Opdracht:
    return Opdracht(beller=context.beller, only=context.only, periode=body.periode())


def _answer(levering: Levering) -> StreamingResponse:
    digest = base64.b64encode(bytes.fromhex(levering.sha256)).decode()
    headers = {
        "Content-Disposition": f'attachment; filename="{levering.naam}"',
        "Repr-Digest": f"sha-256=:{digest}:",
        "Sluis-Inschrijving": str(levering.bewijs.index),
    }
    return FileAnswer(_blocks(levering), media_type=levering.soort, headers=headers)


def _blocks(levering: Levering) -> Iterator[bytes]:
    with levering.bestand as file:
        while block := file.read(BLOCK):
            yield block
