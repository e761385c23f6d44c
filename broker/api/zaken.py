"""Handhavingsknelpunten: the zaken that questions are asked in, and every decision about one."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from broker.api.context import HIDDEN, Context, Services, Uses, may
from broker.api.paging import LIMIT, Cursor, Limiet, after, link_next
from broker.api.problems import documented
from broker.api.rollen import Actie
from broker.api.velden import Naam, Namen, StrictRoute, Tekst, not_ahead
from broker.domain.dossier import (
    Aantal,
    Datum,
    Deel,
    DuurTekst,
    Looptijd,
    Reikwijdte,
    Tijdstip,
    Zaak,
    ZaakDeelnemer,
)
from broker.errors import Fout, InvalidInputError, NotFoundError

router = APIRouter(route_class=StrictRoute, tags=["handhavingsknelpunten"])
_PATH = "/handhavingsknelpunten"
_RESPONSES = documented(400, 401, 403, 404, 409, 413, 503)
Lezer = Annotated[Context, may(Actie.HHK_LEZEN)]
Wijziger = Annotated[Context, may(Actie.HHK_WIJZIGEN)]


class NieuweDeelnemer(Deel):
    """A partner to name for a zaak."""

    organisatie: Naam
    deelnemer: Naam
    rol: Literal["kern", "overig", "agendalid"]
    vanaf: Tijdstip | None = Field(default=None, description="Zonder: vanaf nu.")
    tot: Tijdstip | None = None


class NieuwHandhavingsknelpunt(Deel):
    """A zaak to propose."""

    titel: Tekst
    riec: Naam | None = Field(default=None, description="Zonder: uw eigen RIEC.")
    signaal: Naam | None = Field(default=None, description="Het signaal waarmee het begon.")
    verschijnselen: Namen
    looptijd: Looptijd
    reikwijdte: Reikwijdte
    onderzoekstermijn: DuurTekst | None = None
    max_betrokkenen: Aantal | None = None
    deelnemers: Annotated[list[NieuweDeelnemer], Field(max_length=50)]


class Vaststelling(Deel):
    """The designation of a proposed zaak."""

    op: Datum
    door: Naam = Field(description="Het orgaan dat vaststelde, zoals stuurgroep.")


class Beeindiging(Deel):
    """The end of something."""

    op: Tijdstip | None = Field(default=None, description="Zonder: nu.")


class NieuweVerlenging(Deel):
    """A decision to extend the term."""

    besluit_op: Tijdstip | None = Field(default=None, description="Niet in de toekomst.")


class NieuwFasebesluit(Deel):
    """A decision to enter a phase."""

    fase: Annotated[int, Field(ge=1, le=3)]
    noodzaak: Annotated[Tekst, Field(min_length=1)]
    besluit_op: Tijdstip | None = Field(default=None, description="Niet in de toekomst.")


class EindeDeelname(Deel):
    """Until when a partner takes part."""

    organisatie: Naam
    deelnemer: Naam
    tot: Tijdstip | None = Field(default=None, description="Zonder: nu.")


class HandhavingsknelpuntView(Zaak):
    """A zaak with all its parts."""

    titel: str
    beschrijving: dict[str, Any] | None = None
    versie: int


class HandhavingsknelpuntKort(Deel):
    """A zaak in brief."""

    id: str
    titel: str
    riec: str | None = None
    status: str
    vastgesteld_op: str | None = None
    vastgesteld_door: str | None = None
    beeindigd_op: str | None = None
    versie: int


@router.get(_PATH, responses=documented(400, 401, 403, 503), response_model_exclude_none=True)
async def lees_handhavingsknelpunten(
    request: Request,
    response: Response,
    context: Lezer,
    uses: Uses,
    cursor: Cursor = None,
    limiet: Limiet = LIMIT,
) -> list[HandhavingsknelpuntKort]:
    """Lees de handhavingsknelpunten waar uw organisatie bij hoort, of die van het RIEC."""
    begin = (after(cursor) or [""])[0]
    rows = await uses.keeper.read(
        lambda tx: tx.zaken.list(
            organisatie=context.only, riec=context.riec, after=begin, limit=limiet
        )
    )
    if rows:
        link_next(request, response, rows, limiet, rows[-1]["id"])
    return [
        HandhavingsknelpuntKort.model_validate({k: v for k, v in row.items() if k != "soort"})
        for row in rows
        if row["soort"] == "hhk"
    ]


@router.post(
    _PATH,
    status_code=201,
    responses=documented(400, 401, 403, 409, 413, 503),
    response_model_exclude_none=True,
)
async def stel_handhavingsknelpunt_voor(
    body: NieuwHandhavingsknelpunt, context: Wijziger, uses: Uses
) -> HandhavingsknelpuntView:
    """Leg een voorstel voor een handhavingsknelpunt vast."""
    await _check_own(body, context, uses)
    zaak = {
        **body.model_dump(exclude_none=True),
        "riec": context.beller.riec,
        "id": uses.ids.new("hhk"),
        "soort": "hhk",
        "status": "voorgesteld",
        "fase": 1,
        "signaal": {"id": body.signaal} if body.signaal else None,
        "deelnemers": [_from_now(deelnemer, uses) for deelnemer in body.deelnemers],
    }
    await uses.keeper.change(
        context.beller, "zaak-voorgesteld", {"zaak": zaak["id"]}, lambda tx: tx.zaken.insert(zaak)
    )
    return await _view(uses, context, zaak["id"])


@router.get(f"{_PATH}/{{id}}", responses=_RESPONSES, response_model_exclude_none=True)
async def lees_handhavingsknelpunt(
    id: Naam,  # noqa: A002 - the name in the path
    context: Lezer,
    uses: Uses,
) -> HandhavingsknelpuntView:
    """Lees één handhavingsknelpunt met alle besluiten daarover."""
    return await _view(uses, context, id)


@router.post(
    f"{_PATH}/{{id}}/vaststelling",
    status_code=201,
    responses=_RESPONSES,
    response_model_exclude_none=True,
)
async def stel_vast(
    id: Naam,  # noqa: A002 - the name in the path
    body: Vaststelling,
    context: Wijziger,
    uses: Uses,
) -> HandhavingsknelpuntView:
    """Leg vast dat het handhavingsknelpunt is vastgesteld."""
    await _view(uses, context, id)
    await uses.keeper.change(
        context.beller,
        "zaak-vastgesteld",
        {"zaak": id, "op": body.op, "door": body.door},
        lambda tx: tx.zaken.establish(id, op=body.op, door=body.door),
    )
    return await _view(uses, context, id)


@router.post(
    f"{_PATH}/{{id}}/beeindiging",
    status_code=201,
    responses=_RESPONSES,
    response_model_exclude_none=True,
)
async def beeindig(
    id: Naam,  # noqa: A002 - the name in the path
    body: Beeindiging,
    context: Wijziger,
    uses: Uses,
) -> HandhavingsknelpuntView:
    """Beëindig het handhavingsknelpunt. De eerstvolgende vraag wordt geweigerd."""
    await _view(uses, context, id)
    op = body.op or uses.now()
    await uses.keeper.change(
        context.beller,
        "zaak-beeindigd",
        {"zaak": id, "op": op},
        lambda tx: tx.zaken.end(id, op=op, nu=uses.now()),
    )
    return await _view(uses, context, id)


@router.post(
    f"{_PATH}/{{id}}/verlengingen",
    status_code=201,
    responses=_RESPONSES,
    response_model_exclude_none=True,
)
async def verleng(
    id: Naam,  # noqa: A002 - the name in the path
    body: NieuweVerlenging,
    context: Wijziger,
    uses: Uses,
) -> HandhavingsknelpuntView:
    """Leg een besluit vast om de looptijd te verlengen."""
    await _view(uses, context, id)
    op = not_ahead(body.besluit_op, uses.now(), "/besluit_op")
    await uses.keeper.change(
        context.beller,
        "zaak-verlengd",
        {"zaak": id, "besluit_op": op},
        lambda tx: tx.zaken.extend(id, besluit_op=op),
    )
    return await _view(uses, context, id)


@router.post(
    f"{_PATH}/{{id}}/fasebesluiten",
    status_code=201,
    responses=_RESPONSES,
    response_model_exclude_none=True,
)
async def besluit_fase(
    id: Naam,  # noqa: A002 - the name in the path
    body: NieuwFasebesluit,
    context: Wijziger,
    uses: Uses,
) -> HandhavingsknelpuntView:
    """Leg een besluit vast om een fase in te gaan, met de noodzaak."""
    await _view(uses, context, id)
    op = not_ahead(body.besluit_op, uses.now(), "/besluit_op")
    await uses.keeper.change(
        context.beller,
        "fase-besloten",
        {"zaak": id, "fase": body.fase, "besluit_op": op},
        lambda tx: tx.zaken.decide_phase(id, fase=body.fase, besluit_op=op, noodzaak=body.noodzaak),
    )
    return await _view(uses, context, id)


@router.get(f"{_PATH}/{{id}}/deelnemers", responses=_RESPONSES, response_model_exclude_none=True)
async def lees_deelnemers(
    id: Naam,  # noqa: A002 - the name in the path
    context: Lezer,
    uses: Uses,
) -> list[ZaakDeelnemer]:
    """Lees wie er bij het handhavingsknelpunt betrokken is of was."""
    return (await _view(uses, context, id)).deelnemers or []


@router.post(
    f"{_PATH}/{{id}}/deelnemers",
    status_code=201,
    responses=_RESPONSES,
    response_model_exclude_none=True,
)
async def betrek_deelnemer(
    id: Naam,  # noqa: A002 - the name in the path
    body: NieuweDeelnemer,
    context: Wijziger,
    uses: Uses,
) -> HandhavingsknelpuntView:
    """Betrek een deelnemer bij het handhavingsknelpunt."""
    await _view(uses, context, id)
    deelnemer = _from_now(body, uses)
    await uses.keeper.change(
        context.beller,
        "deelnemer-betrokken",
        {"zaak": id, **deelnemer},
        lambda tx: tx.zaken.add_deelnemer(id, deelnemer),
    )
    return await _view(uses, context, id)


@router.post(
    f"{_PATH}/{{id}}/deelnemers/beeindiging",
    status_code=201,
    responses=_RESPONSES,
    response_model_exclude_none=True,
)
async def beeindig_deelname(
    id: Naam,  # noqa: A002 - the name in the path
    body: EindeDeelname,
    context: Wijziger,
    uses: Uses,
) -> HandhavingsknelpuntView:
    """Leg vast tot wanneer een deelnemer meedoet."""
    await _view(uses, context, id)
    tot = body.tot or uses.now()
    await uses.keeper.change(
        context.beller,
        "deelname-beeindigd",
        {"zaak": id, "organisatie": body.organisatie, "deelnemer": body.deelnemer, "tot": tot},
        lambda tx: tx.zaken.end_deelnemer(
            id, organisatie=body.organisatie, deelnemer=body.deelnemer, tot=tot, nu=uses.now()
        ),
    )
    return await _view(uses, context, id)


async def _view(uses: Services, context: Context, zaak: str) -> HandhavingsknelpuntView:
    """Return the zaak as it stands now, to who may see it."""
    row = await uses.keeper.read(lambda tx: tx.zaken.get(zaak))
    if row["soort"] != "hhk":
        raise NotFoundError("Dit handhavingsknelpunt bestaat niet.")
    context.see_zaak(row)
    return HandhavingsknelpuntView.model_validate(row)


async def _check_own(body: NieuwHandhavingsknelpunt, context: Context, uses: Services) -> None:
    """Refuse a zaak for another RIEC, or one that begins with a signaal of another RIEC.

    Raises:
        InvalidInputError: It names another RIEC, or a signaal that this RIEC cannot see.
    """
    riec, signaal = context.beller.riec or "", body.signaal
    fouten = []
    if body.riec not in (None, riec):
        fouten.append(Fout(pointer="/riec", melding="Dit is niet uw eigen RIEC."))
    if signaal is not None and not await uses.keeper.read(
        lambda tx: tx.signalen.is_for(signaal, riec=riec)
    ):
        fouten.append(Fout(pointer="/signaal", melding=HIDDEN))
    if fouten:
        raise InvalidInputError(fouten=fouten)


def _from_now(deelnemer: NieuweDeelnemer, uses: Services) -> dict[str, Any]:
    facts = deelnemer.model_dump(exclude_none=True)
    return {"vanaf": uses.now(), **facts}
