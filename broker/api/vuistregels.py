"""Vuistregels: who may ask what of whom. As JSON, or as a page to read when a browser asks."""

import html
from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from broker.api.context import Context, Uses, may
from broker.api.problems import documented
from broker.api.rollen import Actie
from broker.api.velden import Naam, StrictRoute
from broker.domain.dossier import Moment
from broker.domain.kalender import day_of, instant
from broker.domain.uitleg import Vuistregel

router = APIRouter(route_class=StrictRoute, tags=["vuistregels"])

_HEAD: Final = ("Grondslag", "Gegevens", "Aan", "Fase", "Activiteit", "Taak", "Instemming")
_PAGE: Final = """<!doctype html>
<html lang="nl"><head><meta charset="utf-8"><title>Vuistregels</title>
<style>body{{font:16px/1.5 sans-serif;margin:2rem}}
td,th{{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top}}
caption{{text-align:left;font-weight:bold;padding:1rem 0}}</style></head><body>
<h1>Wat mag u vragen?</h1>
<p>Deze tabellen gelden op {dag}. Ze komen uit de regels zelf. Er staat wat mag als verder alles
in orde is: de zaak loopt, de persoon valt onder de zaak en u bent bevoegd.</p>
{tables}</body></html>
"""


class VuistregelView(BaseModel):
    """May be asked: this category, by this deelnemer, of this source."""

    grondslag: str
    vrager: str = Field(description="De deelnemer die vraagt.")
    taken: list[str] = Field(description="De taken waarvoor het mag.")
    bron: str = Field(description="De deelnemer die levert.")
    categorie: str
    vanaf_fase: int | None = Field(description="Null als de grondslag geen fasen kent.")
    activiteiten: list[str] = Field(description="Leeg als er geen zaak nodig is.")
    instemmingen: list[str] = Field(description="Deze instemmingen zijn alle nodig.")
    instemmingen_een_van: list[list[str]] = Field(
        description="Van elke rij is één instemming genoeg."
    )
    alleen_naast: list[str] = Field(
        description="Mag niet alleen worden gevraagd, wel naast een van deze; leeg: ook alleen."
    )
    alleen_bij: list[str] = Field(
        description="Mag alleen bij een van deze vormen van misdaad; leeg: bij elke."
    )
    onvermijdelijk: bool = Field(
        description="Mag alleen als de persoon anders niet is te herkennen."
    )


@router.get("/vuistregels", responses=documented(400, 401, 403, 503))
async def lees_vuistregels(
    request: Request,
    context: Annotated[Context, may(Actie.VUISTREGELS_LEZEN)],  # noqa: ARG001 - lets in
    uses: Uses,
    deelnemer: Annotated[Naam | None, Query(description="Wie vraagt; zonder: iedereen.")] = None,
    fase: Annotated[
        int | None, Query(ge=1, le=3, description="Wat tot en met deze fase mag.")
    ] = None,
    moment: Annotated[Moment | None, Query(description="Zonder: nu.")] = None,
) -> list[VuistregelView]:
    """Lees wat een deelnemer aan wie mag vragen, in welke fase en met welke instemming."""
    at = moment or uses.now()
    found = await uses.vuistregels.at(at, deelnemer)
    rows = [row for row in found if fase is None or (row.vanaf_fase or 1) <= fase]
    if "text/html" in request.headers.get("accept", ""):
        return Response(page(rows, at), media_type="text/html")  # type: ignore[return-value]
    return [VuistregelView.model_validate(row, from_attributes=True) for row in rows]


def page(rows: Sequence[Vuistregel], moment: str) -> str:
    """Return the rows as a page of tables, one for each deelnemer that asks."""
    askers = dict.fromkeys(row.vrager for row in rows)
    tables = [_table(asker, [row for row in rows if row.vrager == asker]) for asker in askers]
    body = "".join(tables) or "<p>Op dit moment mag deze deelnemer niets vragen.</p>"
    return _PAGE.format(dag=f"{day_of(instant(moment)):%d-%m-%Y}", tables=body)


def _table(asker: str, rows: Sequence[Vuistregel]) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in _HEAD)
    body = "".join(f"<tr>{_cells(row)}</tr>" for row in rows)
    return f"<table><caption>{html.escape(asker)}</caption><tr>{head}</tr>{body}</table>"


def _cells(row: Vuistregel) -> str:
    cells = (
        row.grondslag,
        row.in_words,
        row.bron,
        f"vanaf {row.vanaf_fase}" if row.vanaf_fase else "geen",
        ", ".join(row.activiteiten) or "geen zaak nodig",
        ", ".join(row.taken),
        row.consents,
    )
    return "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
