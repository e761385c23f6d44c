"""Toetsingen: what would be decided on this dossier? No source is asked."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel

from broker.api.context import Context, Uses, may
from broker.api.problems import documented
from broker.api.rollen import Actie
from broker.api.velden import BewijsView, StrictRoute, bewijs_view
from broker.domain.besluit import Besluit
from broker.domain.dossier import Dossier

router = APIRouter(route_class=StrictRoute, tags=["toetsingen"])


class ToetsingAntwoord(BaseModel):
    """The besluit on a dossier, with the proof that it was recorded."""

    besluit: Besluit
    bewijs: BewijsView


@router.post("/toetsingen", responses=documented(400, 401, 403, 413, 503))
async def toets(
    body: Dossier, context: Annotated[Context, may(Actie.TOETSING_DOEN)], uses: Uses
) -> ToetsingAntwoord:
    """Vraag wat het besluit op dit dossier zou zijn, zonder iets op te vragen."""
    besluit, receipt = await uses.toetsingen.judge(context.beller, body)
    return ToetsingAntwoord(besluit=besluit, bewijs=bewijs_view(receipt))
