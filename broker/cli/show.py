"""Shows besluiten and steps to people: rich tables, in Dutch, each ground with its article."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from broker.domain.besluit import Besluit

_KLEUR: Final = {
    "toegewezen": "green",
    "geweigerd": "red",
    "instemming-vereist": "yellow",
    "deels": "yellow",
}


def show_besluit(besluit: Besluit, console: Console | None = None) -> None:
    """Print one besluit: the outcome, each category and item, each ground, what is still needed."""
    show_besluit_json(besluit.as_json(), console or Console())


def show_besluit_json(besluit: Mapping[str, Any], console: Console) -> None:
    """Print a besluit in the JSON form of the contract."""
    console.print(f"Uitkomst: {_uitkomst(besluit['uitkomst'])}")
    if parts := [*besluit["categorieen"], *besluit["gegevens"]]:
        console.print(_parts(parts))
    if besluit["weigeringsgronden"]:
        console.print(_gronden(besluit["weigeringsgronden"]))
    for nodig in besluit["vereiste_instemmingen"]:
        wie = nodig["organisatie"] or "nog niet bekend"
        over = ", ".join(nodig["categorieen"])
        console.print(f"Nog nodig: {escape(nodig['soort'])} van {escape(wie)}, voor {escape(over)}")
    if besluit["voorwaarden"]:
        console.print(f"Voorwaarden: {', '.join(besluit['voorwaarden'])}")
    if besluit["bewaren_tot"]:
        console.print(f"Bewaren tot: {besluit['bewaren_tot']}")


def _uitkomst(text: str) -> str:
    return f"[bold {_KLEUR.get(text, 'white')}]{escape(str(text))}[/]"


def _parts(parts: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("Onderdeel", "Uitkomst", "Gronden")
    for part in parts:
        table.add_row(
            escape(part["id"] or "zonder naam"),
            _uitkomst(part["uitkomst"]),
            ", ".join(part["codes"]),
        )
    return table


def _gronden(gronden: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("Waarom niet", "Artikel", "Wat nu", show_lines=True)
    for grond in gronden:
        table.add_row(
            escape(grond["uitleg"]),
            escape(f"{grond['wet']} {grond['artikel']}"),
            escape(grond["herstel"]),
        )
    return table
