"""A made-up partner that speaks the generic partner API; its data file says which one it is."""

from collections import defaultdict
from collections.abc import Sequence
from importlib.resources import files
from typing import Annotated, Final

import orjson
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.partner import BedrijfVraag, Item, PersoonVraag, Vraag

VERSIE: Final = "1.0.0"
# A partner shows its ordinary items first: what it removed or keeps for an informer never stands
# for a whole category in a hit.
_NIET_ALS_TREFFER: Final = ("12", "10.1.b")


class Regel(Item):
    """One item that the partner holds, and about whom."""

    betrokkene: PersoonVraag | BedrijfVraag


class Partner(BaseModel):
    """What stands in `data/NAAM.yaml`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    organisatie: str
    deelnemer: str
    naam: str
    gegevens: Annotated[list[Regel], Field(min_length=1)]


def lees(naam: str) -> Partner:
    """Read and check the data file of a partner."""
    tekst = files("adapters.simulatoren").joinpath("data", f"{naam}.yaml").read_text("utf-8")
    return Partner.model_validate(yaml.safe_load(tekst))


def app(naam: str) -> Starlette:
    """Build the app of one partner."""
    partner = lees(naam)
    over: dict[PersoonVraag | BedrijfVraag, list[Item]] = defaultdict(list)
    for regel in partner.gegevens:
        eigen = regel.model_dump(exclude={"betrokkene"}, exclude_none=True)
        herkomst = {
            "herkomst": partner.organisatie,
            "herkomst_deelnemer": partner.deelnemer,
        }
        over[regel.betrokkene].append(Item.model_validate(herkomst | eigen))

    async def bevragingen(request: Request) -> Response:
        vraag = await _vraag(request)
        if vraag is None:
            return _fout(400)
        gevraagd = [i for i in over.get(vraag.betrokkene, ()) if i.categorie in vraag.categorieen]
        return _json({"gegevens": [item.model_dump(exclude_none=True) for item in gevraagd]})

    async def treffers(request: Request) -> Response:
        vraag = await _vraag(request)
        if vraag is None:
            return _fout(400)
        gevonden = [_treffer(over.get(vraag.betrokkene, ()), c) for c in vraag.categorieen]
        return _json({"gegevens": [treffer for treffer in gevonden if treffer]})

    async def landing(_: Request) -> Response:
        return _json({"naam": partner.naam, "versie": VERSIE})

    return Starlette(
        routes=[
            Route("/v1", landing),
            Route("/v1/bevragingen", bevragingen, methods=["POST"]),
            Route("/v1/treffers", treffers, methods=["POST"]),
        ]
    )


def _treffer(items: Sequence[Item], categorie: str) -> dict[str, object] | None:
    for item in items:
        gewoon = item.status != "verwijderd" and item.wpg_artikel not in _NIET_ALS_TREFFER
        if item.categorie == categorie and gewoon:
            return item.model_dump(exclude_none=True, exclude={"inhoud"}) | {
                "id": f"treffer-{categorie}"
            }
    return None


async def _vraag(request: Request) -> Vraag | None:
    try:
        vraag = Vraag.model_validate_json(await request.body())
    except ValidationError:
        return None
    return vraag if request.headers.get("Kenmerk") == vraag.kenmerk else None


def _json(document: object) -> Response:
    return Response(
        orjson.dumps(document), media_type="application/json", headers={"API-Version": VERSIE}
    )


def _fout(status: int) -> Response:
    document = {
        "type": "about:blank",
        "title": "De vraag klopt niet",
        "status": status,
        "detail": "De vraag heeft niet de afgesproken vorm.",
    }
    return Response(
        orjson.dumps(document),
        status_code=status,
        media_type="application/problem+json",
        headers={"API-Version": VERSIE},
    )
