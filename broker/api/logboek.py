"""The log, for who checks it: lines, the signed checkpoint, and proofs."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

from audit.ledger import Line
from audit.note import encode_base64
from broker.api.context import HIDDEN, Context, Services, Uses, may
from broker.api.paging import LIMIT, Cursor, Limiet, link_next, numbers
from broker.api.problems import documented
from broker.api.rollen import Actie
from broker.api.velden import StrictRoute
from broker.errors import NotFoundError
from broker.services.logboekzicht import Kant, told
from broker.services.logboekzoeken import reading

router = APIRouter(route_class=StrictRoute, tags=["logboek"])
Lezer = Annotated[Context, may(Actie.LOGBOEK_LEZEN)]
Controleur = Annotated[Context, may(Actie.LOGBOEK_CONTROLEREN)]
Index = Annotated[int, Path(ge=0, le=2**53 - 1)]
_PATH = "/logboek"


class InschrijvingView(BaseModel):
    """A line of the log."""

    index: int
    soort: str
    op: dt.datetime
    kenmerk: str
    inhoud: dict[str, Any] | None = Field(
        description="Waar de inschrijving zich op vastlegt; null als dat is vernietigd."
    )
    inschrijving: str = Field(description="De inschrijving zelf, zoals die in de boom staat.")


class ConsistentieView(BaseModel):
    """Proof that the log only grew."""

    van: int
    tot: int
    bewijs: list[str] = Field(description="De hashes van het bewijs (RFC 6962), in base64.")


@router.get(f"{_PATH}/inschrijvingen", responses=documented(400, 401, 403, 404, 503))
async def lees_inschrijvingen(
    request: Request,
    response: Response,
    context: Lezer,
    uses: Uses,
    cursor: Cursor = None,
    limiet: Limiet = LIMIT,
) -> list[InschrijvingView]:
    """Lees de inschrijvingen in het logboek, de oudste eerst. Dat u leest, wordt vastgelegd."""
    # What is read is the log as it was at the first page: our own lines must not lengthen it.
    begin, bound = numbers(cursor, 2) or (0, uses.zoeker.size())
    most = min(limiet, bound - begin)
    lines = await reading(lambda: uses.log.entries(begin, most)) if most > 0 else []
    await uses.keeper.consult(context.beller, "logboek", {"vanaf": begin, "aantal": len(lines)})
    if lines:
        last = str(lines[-1].index + 1)
        link_next(request, response, lines, limiet, last, str(bound))
    # A page may hold fewer than were read: what concerns others is left out, and Link goes on.
    return [_view(line, context.only) for line in lines if _concerns(line, context.only)]


@router.get(f"{_PATH}/inschrijvingen/{{index}}", responses=documented(400, 401, 403, 404, 503))
async def lees_inschrijving(
    index: Index,
    context: Lezer,
    uses: Uses,
) -> InschrijvingView:
    """Lees één inschrijving. Dat u leest, wordt vastgelegd."""
    line = await _seen(uses, context, index)
    await uses.keeper.consult(context.beller, "logboek", {"vanaf": index, "aantal": 1})
    return _view(line, context.only)


@router.get(
    f"{_PATH}/controlepunt",
    responses=documented(401, 403, 503),
    response_class=PlainTextResponse,
)
async def lees_controlepunt(
    context: Controleur,  # noqa: ARG001 - lets in
    uses: Uses,
) -> str:
    """Lees de laatste ondertekende stand van het logboek (C2SP tlog-checkpoint)."""
    return uses.log.checkpoint()


@router.get(
    f"{_PATH}/bewijzen/{{index}}",
    responses=documented(400, 401, 403, 404, 503),
    response_class=PlainTextResponse,
)
async def lees_bewijs(
    index: Index,
    context: Annotated[Context, may(Actie.LOGBOEK_BEWIJZEN)],
    uses: Uses,
) -> str:
    """Lees het bewijs dat een inschrijving in het logboek staat (C2SP tlog-proof)."""
    await _seen(uses, context, index)
    receipt = await reading(lambda: uses.log.receipt(index))
    return receipt.text()


@router.get(f"{_PATH}/consistentie", responses=documented(400, 401, 403, 404, 503))
async def lees_consistentie(
    context: Controleur,  # noqa: ARG001 - lets in
    uses: Uses,
    van: Annotated[int, Query(ge=1, le=2**53 - 1, description="De oudere grootte.")],
    tot: Annotated[int, Query(ge=1, le=2**53 - 1, description="De nieuwere grootte.")],
) -> ConsistentieView:
    """Lees het bewijs dat het logboek tussen twee groottes alleen is gegroeid."""
    proof = await reading(lambda: uses.log.consistency(van, tot))
    return ConsistentieView(van=van, tot=tot, bewijs=[encode_base64(step) for step in proof])


async def _seen(uses: Services, context: Context, index: int) -> Line:
    """Return a line to who may see it.

    Raises:
        NotFoundError: It is not there, or concerns another organisatie.
    """
    line = await reading(lambda: uses.log.entry(index))
    if not _concerns(line, context.only):
        raise NotFoundError(HIDDEN)
    return line


def _concerns(line: Line, only: str | None) -> bool:
    """Tell whether a line is of what this organisatie did; None is every organisatie."""
    return only is None or (line.payload or {}).get("organisatie") == only


def _view(line: Line, only: str | None) -> InschrijvingView:
    return inschrijving_view(line, Kant.TOEZICHT if only is None else Kant.VRAGER)


def inschrijving_view(line: Line, kant: Kant) -> InschrijvingView:
    """Return a line as the API shows it to who sees it from this side."""
    return InschrijvingView(
        index=line.index,
        soort=line.soort,
        op=line.at,
        kenmerk=line.kenmerk,
        inhoud=told(line, kant),
        inschrijving=line.leaf.decode(),
    )
