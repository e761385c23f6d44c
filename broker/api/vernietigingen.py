"""Destruction of what lines of the log say. The lines stay, and so does every proof."""

from typing import Annotated, Final, Self

from fastapi import APIRouter
from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from broker.api.context import Context, Uses, may
from broker.api.problems import documented
from broker.api.rollen import Actie
from broker.api.velden import Betreft, BewijsView, Naam, Reden, StrictRoute, bewijs_view
from broker.domain.dossier import Deel
from broker.services.vernietigen import Vernietiging

router = APIRouter(route_class=StrictRoute, tags=["logboek"])
_MONTH: Final = r"^[0-9]{4}-(0[1-9]|1[0-2])$"


class NieuweVernietiging(Deel):
    """What to destroy: a month, or all of a subject."""

    maand: Annotated[str, Field(pattern=_MONTH)] | None = Field(
        default=None, description="De maand (jjjj-mm), als de bewaartermijn voorbij is."
    )
    betrokkene: Betreft | None = Field(
        default=None, description="Het nummer wordt meteen een pseudoniem en wordt niet bewaard."
    )
    regel: Naam = Field(description="Waarop het berust, zoals wgs-1.8-7 of avg-17.")
    reden: Reden

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        """Refuse a destruction of nothing, or of two things."""
        if (self.maand is None) == (self.betrokkene is None):
            raise PydanticCustomError("maand_of_betrokkene", "een", {"pointer": "/maand"})
        return self


class VernietigingView(BaseModel):
    """What was recorded of it."""

    bewijs: BewijsView


@router.post(
    "/logboek/vernietigingen", status_code=201, responses=documented(400, 401, 403, 413, 503)
)
async def vernietig(
    body: NieuweVernietiging,
    context: Annotated[Context, may(Actie.LOGBOEK_VERNIETIGEN)],
    uses: Uses,
) -> VernietigingView:
    """Vernietig de inhoud van inschrijvingen. De inschrijvingen en de bewijzen blijven bestaan."""
    beller = context.for_all()
    sleutel = None
    if body.betrokkene is not None:
        sleutel = uses.pseudoniem.sleutel(body.betrokkene.identiteit(), pointer="/betrokkene")
    receipt = await uses.vernietigen.do(
        beller,
        Vernietiging(regel=body.regel, reden=body.reden, maand=body.maand, sleutel=sleutel),
    )
    return VernietigingView(bewijs=bewijs_view(receipt))
