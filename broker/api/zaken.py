"""Zaken: what questions are asked in, and every decision about one.

A handhavingsknelpunt of a RIEC has a name of its own in the address; every zaak, of whatever soort
and samenwerkingsverband, is there under `/zaken`.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Depends, Request, Response

from broker.api.context import HIDDEN, Context, Services, Uses, may
from broker.api.paging import LIMIT, Cursor, Limiet, after, link_next
from broker.api.problems import documented
from broker.api.rollen import Actie
from broker.api.velden import Naam, StrictRoute, not_ahead
from broker.api.zaakvelden import (
    Beeindiging,
    EindeDeelname,
    HandhavingsknelpuntKort,
    HandhavingsknelpuntView,
    NieuweDeelnemer,
    NieuweVerlenging,
    NieuweZaak,
    NieuwFasebesluit,
    NieuwHandhavingsknelpunt,
    Vaststelling,
    ZaakKort,
)
from broker.domain.dossier import ZaakDeelnemer
from broker.errors import ConflictError, Fout, InvalidInputError, NotFoundError
from broker.services.zaaksoorten import zaaksoorten

router = APIRouter(route_class=StrictRoute)
_HHK: Final = "hhk"
_PATH: Final = "/handhavingsknelpunten"
_ALL: Final = "/zaken"
_RESPONSES: Final = documented(400, 401, 403, 404, 409, 413, 503)
_LISTED: Final = documented(400, 401, 403, 503)
_PROPOSED: Final = documented(400, 401, 403, 409, 413, 503)
Lezer = Annotated[Context, may(Actie.HHK_LEZEN)]
Wijziger = Annotated[Context, may(Actie.HHK_WIJZIGEN)]


def _soort(request: Request) -> str | None:
    """Return the soort that the address is about; None: whatever soort."""
    return _HHK if _PATH in request.scope["route"].path else None


Soort = Annotated[str | None, Depends(_soort)]
Route = TypeVar("Route", bound=Callable[..., Awaitable[Any]])


def _of_one(method: str, path: str = "") -> Callable[[Route], Route]:
    """Serve something of one zaak, under both addresses."""

    def served(route: Route) -> Route:
        for base in (_PATH, _ALL):
            router.add_api_route(
                f"{base}/{{id}}{path}",
                route,
                methods=[method],
                status_code=201 if method == "POST" else 200,
                responses=_RESPONSES,
                response_model_exclude_none=True,
                tags=[base[1:]],
            )
        return route

    return served


@router.get(_PATH, responses=_LISTED, response_model_exclude_none=True, tags=[_PATH[1:]])
async def lees_handhavingsknelpunten(
    request: Request,
    response: Response,
    context: Lezer,
    uses: Uses,
    cursor: Cursor = None,
    limiet: Limiet = LIMIT,
) -> list[HandhavingsknelpuntKort]:
    """Lees de handhavingsknelpunten waar uw organisatie bij hoort, of die van het RIEC."""
    rows = await _page(context, uses, cursor, limiet)
    if rows:
        link_next(request, response, rows, limiet, rows[-1]["id"])
    known = HandhavingsknelpuntKort.model_fields
    return [
        HandhavingsknelpuntKort.model_validate({k: v for k, v in row.items() if k in known})
        for row in rows
        if row["soort"] == _HHK
    ]


@router.get(_ALL, responses=_LISTED, response_model_exclude_none=True, tags=[_ALL[1:]])
async def lees_zaken(
    request: Request,
    response: Response,
    context: Lezer,
    uses: Uses,
    cursor: Cursor = None,
    limiet: Limiet = LIMIT,
) -> list[ZaakKort]:
    """Lees de zaken waar uw organisatie bij hoort, of die van uw samenwerkingsverband."""
    rows = await _page(context, uses, cursor, limiet)
    if rows:
        link_next(request, response, rows, limiet, rows[-1]["id"])
    return [ZaakKort.model_validate(row) for row in rows]


@router.post(
    _PATH,
    status_code=201,
    responses=_PROPOSED,
    response_model_exclude_none=True,
    tags=[_PATH[1:]],
)
async def stel_handhavingsknelpunt_voor(
    body: NieuwHandhavingsknelpunt, context: Wijziger, uses: Uses
) -> HandhavingsknelpuntView:
    """Leg een voorstel voor een handhavingsknelpunt vast."""
    return await _propose(body, _HHK, context, uses)


@router.post(
    _ALL,
    status_code=201,
    responses=_PROPOSED,
    response_model_exclude_none=True,
    tags=[_ALL[1:]],
)
async def stel_zaak_voor(
    body: NieuweZaak, context: Wijziger, uses: Uses
) -> HandhavingsknelpuntView:
    """Leg een voorstel voor een zaak van uw samenwerkingsverband vast."""
    return await _propose(body, body.soort, context, uses)


@_of_one("GET")
async def lees_handhavingsknelpunt(
    id: Naam,  # noqa: A002 - the name in the path
    context: Lezer,
    uses: Uses,
    soort: Soort,
) -> HandhavingsknelpuntView:
    """Lees één zaak met alle besluiten daarover."""
    return await _view(uses, context, id, soort)


@_of_one("POST", "/vaststelling")
async def stel_vast(
    id: Naam,  # noqa: A002 - the name in the path
    body: Vaststelling,
    context: Wijziger,
    uses: Uses,
    soort: Soort,
) -> HandhavingsknelpuntView:
    """Leg vast dat de zaak is vastgesteld."""
    await _view(uses, context, id, soort)
    await uses.keeper.change(
        context.beller,
        "zaak-vastgesteld",
        {"zaak": id, "op": body.op, "door": body.door},
        lambda tx: tx.zaken.establish(id, op=body.op, door=body.door),
    )
    return await _view(uses, context, id, soort)


@_of_one("POST", "/beeindiging")
async def beeindig(
    id: Naam,  # noqa: A002 - the name in the path
    body: Beeindiging,
    context: Wijziger,
    uses: Uses,
    soort: Soort,
) -> HandhavingsknelpuntView:
    """Beëindig de zaak. De eerstvolgende vraag wordt geweigerd."""
    await _view(uses, context, id, soort)
    op = body.op or uses.now()
    await uses.keeper.change(
        context.beller,
        "zaak-beeindigd",
        {"zaak": id, "op": op},
        lambda tx: tx.zaken.end(id, op=op, nu=uses.now()),
    )
    return await _view(uses, context, id, soort)


@_of_one("POST", "/verlengingen")
async def verleng(
    id: Naam,  # noqa: A002 - the name in the path
    body: NieuweVerlenging,
    context: Wijziger,
    uses: Uses,
    soort: Soort,
) -> HandhavingsknelpuntView:
    """Leg een besluit vast om de looptijd te verlengen."""
    await _view(uses, context, id, soort)
    op = not_ahead(body.besluit_op, uses.now(), "/besluit_op")
    await uses.keeper.change(
        context.beller,
        "zaak-verlengd",
        {"zaak": id, "besluit_op": op},
        lambda tx: tx.zaken.extend(id, besluit_op=op),
    )
    return await _view(uses, context, id, soort)


@_of_one("POST", "/fasebesluiten")
async def besluit_fase(
    id: Naam,  # noqa: A002 - the name in the path
    body: NieuwFasebesluit,
    context: Wijziger,
    uses: Uses,
    soort: Soort,
) -> HandhavingsknelpuntView:
    """Leg een besluit vast om een fase in te gaan, met de noodzaak."""
    zaak = await _view(uses, context, id, soort)
    kinds = zaaksoorten(await uses.regels.now(), zaak.verband, uses.now())
    if not kinds.get(zaak.soort or "", False):
        raise ConflictError("Deze zaak kent geen fasen.")
    op = not_ahead(body.besluit_op, uses.now(), "/besluit_op")
    await uses.keeper.change(
        context.beller,
        "fase-besloten",
        {"zaak": id, "fase": body.fase, "besluit_op": op},
        lambda tx: tx.zaken.decide_phase(id, fase=body.fase, besluit_op=op, noodzaak=body.noodzaak),
    )
    return await _view(uses, context, id, soort)


@_of_one("GET", "/deelnemers")
async def lees_deelnemers(
    id: Naam,  # noqa: A002 - the name in the path
    context: Lezer,
    uses: Uses,
    soort: Soort,
) -> list[ZaakDeelnemer]:
    """Lees wie er bij de zaak betrokken is of was."""
    return (await _view(uses, context, id, soort)).deelnemers or []


@_of_one("POST", "/deelnemers")
async def betrek_deelnemer(
    id: Naam,  # noqa: A002 - the name in the path
    body: NieuweDeelnemer,
    context: Wijziger,
    uses: Uses,
    soort: Soort,
) -> HandhavingsknelpuntView:
    """Betrek een deelnemer bij de zaak."""
    await _view(uses, context, id, soort)
    deelnemer = _from_now(body, uses)
    await uses.keeper.change(
        context.beller,
        "deelnemer-betrokken",
        {"zaak": id, **deelnemer},
        lambda tx: tx.zaken.add_deelnemer(id, deelnemer),
    )
    return await _view(uses, context, id, soort)


@_of_one("POST", "/deelnemers/beeindiging")
async def beeindig_deelname(
    id: Naam,  # noqa: A002 - the name in the path
    body: EindeDeelname,
    context: Wijziger,
    uses: Uses,
    soort: Soort,
) -> HandhavingsknelpuntView:
    """Leg vast tot wanneer een deelnemer meedoet."""
    await _view(uses, context, id, soort)
    tot = body.tot or uses.now()
    await uses.keeper.change(
        context.beller,
        "deelname-beeindigd",
        {"zaak": id, "organisatie": body.organisatie, "deelnemer": body.deelnemer, "tot": tot},
        lambda tx: tx.zaken.end_deelnemer(
            id, organisatie=body.organisatie, deelnemer=body.deelnemer, tot=tot, nu=uses.now()
        ),
    )
    return await _view(uses, context, id, soort)


async def _page(
    context: Context, uses: Services, cursor: str | None, limiet: int
) -> list[dict[str, Any]]:
    begin = (after(cursor) or [""])[0]
    return await uses.keeper.read(
        lambda tx: tx.zaken.list(
            organisatie=context.only, riec=context.riec, after=begin, limit=limiet
        )
    )


async def _propose(
    body: NieuwHandhavingsknelpunt, soort: str, context: Context, uses: Services
) -> HandhavingsknelpuntView:
    """Record a proposed zaak, of a soort that the law names for the caller's samenwerkingsverband.

    Raises:
        InvalidInputError: It is no zaak of the caller's to propose.
    """
    verband = context.beller.verband
    kinds = zaaksoorten(await uses.regels.now(), verband, uses.now())
    if soort not in kinds:
        melding = "Zo'n zaak kent de wet niet voor uw samenwerkingsverband."
        raise InvalidInputError(melding, [Fout(pointer="/soort", melding=melding)])
    await _check_own(body, context, uses)
    zaak = {
        **body.model_dump(exclude_none=True),
        "riec": context.beller.riec,
        "verband": verband,
        "id": uses.ids.new(soort),
        "soort": soort,
        "status": "voorgesteld",
        "fase": 1 if kinds[soort] else None,
        "signaal": {"id": body.signaal} if body.signaal else None,
        "deelnemers": [_from_now(deelnemer, uses) for deelnemer in body.deelnemers],
    }
    await uses.keeper.change(
        context.beller, "zaak-voorgesteld", {"zaak": zaak["id"]}, lambda tx: tx.zaken.insert(zaak)
    )
    return await _view(uses, context, str(zaak["id"]))


async def _view(
    uses: Services, context: Context, zaak: str, soort: str | None = None
) -> HandhavingsknelpuntView:
    """Return the zaak as it stands now, when it is of this soort, to who may see it.

    Raises:
        NotFoundError: There is no such zaak, or it may not be seen.
    """
    row = await uses.keeper.read(lambda tx: tx.zaken.get(zaak))
    if soort not in {None, row["soort"]}:
        raise NotFoundError("Dit handhavingsknelpunt bestaat niet.")
    context.see_zaak(row)
    return HandhavingsknelpuntView.model_validate(row)


async def _check_own(body: NieuwHandhavingsknelpunt, context: Context, uses: Services) -> None:
    """Refuse a zaak for another samenwerkingsverband, or that begins with a signaal of another.

    Raises:
        InvalidInputError: It names another, or a signaal that this one cannot see.
    """
    riec, signaal = context.beller.riec or "", body.signaal
    fouten = []
    if body.riec not in (None, riec):
        fouten.append(Fout(pointer="/riec", melding="Dit is niet uw eigen samenwerkingsverband."))
    if signaal is not None and not await uses.keeper.read(
        lambda tx: tx.signalen.is_for(signaal, riec=riec)
    ):
        fouten.append(Fout(pointer="/signaal", melding=HIDDEN))
    if fouten:
        raise InvalidInputError(fouten=fouten)


def _from_now(deelnemer: NieuweDeelnemer, uses: Services) -> dict[str, Any]:
    facts = deelnemer.model_dump(exclude_none=True)
    return {"vanaf": uses.now(), **facts}
