"""Toetsingen: what would be decided on this dossier? No source is asked."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from broker.api.context import ByHop, Context, Uses, may
from broker.api.problems import documented
from broker.api.rollen import Actie
from broker.api.velden import UITLEG, BewijsView, MetUitleg, StrictRoute, bewijs_view
from broker.domain.besluit import Besluit
from broker.domain.dossier import Dossier
from broker.domain.uitleg import Uitleg
from broker.services.regels import explained

router = APIRouter(route_class=StrictRoute, tags=["toetsingen"])


class ToetsingAntwoord(BaseModel):
    """The besluit on a dossier, with the proof that it was recorded."""

    besluit: Besluit
    bewijs: BewijsView
    uitleg: Uitleg | None = Field(default=None, description=UITLEG)


@router.post("/toetsingen", responses=documented(400, 401, 403, 413, 503))
async def toets(
    body: Dossier,
    context: Annotated[Context, may(Actie.TOETSING_DOEN)],
    uses: Uses,
    hop: ByHop,
    *,
    uitleg: MetUitleg = False,
) -> ToetsingAntwoord:
    """Vraag wat het besluit op dit dossier zou zijn, zonder iets op te vragen."""
    besluit, receipt = await uses.toetsingen.judge(context.beller, body, hop)
    return ToetsingAntwoord(
        besluit=besluit,
        bewijs=bewijs_view(receipt),
        uitleg=await explained(uses.regels, body, besluit, full=True) if uitleg else None,
    )
