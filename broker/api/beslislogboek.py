"""The Authorization Decision Log, for who checks decisions: records, the oldest first."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from broker.api.context import Context, Uses, may
from broker.api.paging import LIMIT, Cursor, Limiet, after_moment, link_next
from broker.api.problems import documented
from broker.api.rollen import Actie
from broker.api.velden import StrictRoute
from broker.errors import ForbiddenError
from broker.services.beslislogboek import rendered

router = APIRouter(route_class=StrictRoute, tags=["beslislogboek"])
_WHOLE: Final = (
    "Het beslislogboek staat vol met wat een vrager niet mag weten. "
    "Alleen de privacyfunctionaris van het RIEC leest het."
)


class BeslissingView(BaseModel):
    """A record of one decision (Authorization Decision Log)."""

    trace_id: str = Field(description="Het spoor waar de aanroep bij hoort (W3C Trace Context).")
    span_id: str = Field(description="Het nummer van deze beslissing in het spoor.")
    parent_span_id: str | None = Field(description="De stap van de aanroeper, als die is genoemd.")
    event_name: str = Field(description="De soort aanroep.")
    timestamp: int = Field(description="Het moment, in milliseconden sinds 1970 (UTC).")
    status: str = Field(description="Ok als er is beslist, ook bij nee; anders Error.")
    attributes: dict[str, Any] = Field(description="De regels (hun digest) en de betrokkene.")
    resource: dict[str, Any] = Field(description="De software die besliste.")
    body: dict[str, Any] = Field(description="Vraag, antwoord, feiten en omgeving.")


Van = Annotated[AwareDatetime | None, Query(description="Vanaf dit moment.")]
Tot = Annotated[AwareDatetime | None, Query(description="Tot dit moment.")]


@router.get("/beslislogboek", responses=documented(400, 401, 403, 503))
async def lees_beslislogboek(  # noqa: PLR0913, PLR0917 - a route: what may be asked, and its tools
    request: Request,
    response: Response,
    context: Annotated[Context, may(Actie.BESLISLOGBOEK_LEZEN)],
    uses: Uses,
    van: Van = None,
    tot: Tot = None,
    cursor: Cursor = None,
    limiet: Limiet = LIMIT,
) -> list[BeslissingView]:
    """Lees de beslissingen, de oudste eerst. Dat u leest, wordt vastgelegd."""
    if context.only is not None:
        raise ForbiddenError(_WHOLE)
    begin = after_moment(cursor)
    rows = await uses.keeper.read(
        lambda tx: tx.beslislogboek.list(since=van, until=tot, after=begin, limit=limiet)
    )
    read = {
        "aantal": len(rows),
        "eerste": rows[0]["id"] if rows else None,
        "laatste": rows[-1]["id"] if rows else None,
    }
    await uses.keeper.consult(context.beller, "beslislogboek", read)
    if rows:
        last = rows[-1]
        link_next(request, response, rows, limiet, last["moment"].isoformat(), last["id"])
    return [BeslissingView.model_validate(rendered(row)) for row in rows]
