"""Shows besluiten and steps to people: rich tables, in Dutch, each ground with its article."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from broker.domain.besluit import Besluit
from broker.domain.uitleg import Bevinding, Pad, Uitleg

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


_PAD: Final = {
    "bron": "Stel de vraag aan {waarde}.",
    "soort": "Vraag eerst alleen of er iets bekend is ({waarde}).",
    "taak": "Vraag het voor de taak {waarde}, als het daarvoor nodig is.",
    "verschijnsel": "Kies als vorm van misdaad {waarde}, als dat klopt.",
    "activiteit": "Kies als activiteit {waarde}, zoals bij de zaak.",
    "grondslag": "Stel de vraag op grond van {waarde}, als die grondslag past.",
    "fase": "Laat de deelnemers eerst besluiten tot fase {waarde}, als dat nodig is.",
}
"""What each choice of a way asks of people."""


def show_uitleg(uitleg: Uitleg, console: Console | None = None) -> None:
    """Print why it came out so: each part, each ground with its fact and article, and ways out."""
    out = console or Console()
    out.print(f"Uitkomst: {_uitkomst(uitleg.uitkomst)}")
    if uitleg.delen:
        parts = [{"id": d.id, "uitkomst": d.uitkomst, "codes": d.codes} for d in uitleg.delen]
        out.print(_parts(parts))
    for bevinding in uitleg.bevindingen:
        out.print(_finding(bevinding))
    for plicht in uitleg.plichten:
        bron = f" ({plicht.wet} {plicht.artikel})"
        out.print(f"Voorwaarde: {escape(plicht.uitleg)}{escape(bron)}")
    for name, near in uitleg.bedoeld.items():
        out.print(f"U schreef {escape(name)}. Bedoelde u {escape(' of '.join(near))}?")
    if uitleg.paden:
        out.print("\n[bold]Wat wel zou mogen[/]")
    for number, pad in enumerate(uitleg.paden, start=1):
        out.print(escape(f"{number}. {way(pad)}"))


def _finding(bevinding: Bevinding) -> Table:
    """Return one ground as a small table, so that a long sentence stays readable."""
    table = Table(show_header=False, title=_about(bevinding), title_justify="left")
    rows = (
        ("Waarom niet", bevinding.uitleg),
        ("In het dossier", bevinding.gevonden),
        ("Artikel", f"{bevinding.wet} {bevinding.artikel} ({bevinding.zekerheid})"),
        ("Lees", bevinding.link),
        ("Wat nu", bevinding.herstel),
        ("Wie", bevinding.wie),
    )
    for name, text in rows:
        if text:
            table.add_row(name, escape(text))
    return table


def _about(bevinding: Bevinding) -> str:
    part = f" bij {bevinding.onderdeel}" if bevinding.onderdeel else ""
    return escape(f"{bevinding.code}{part}")


def show_difference(view: Mapping[str, Any]) -> None:
    """Print what would fall differently by other rules (`Verschil.view`)."""
    console = Console()
    console.print(f"{view['aantal']} besluiten bekeken, {view['anders']} vallen anders uit.")
    outcomes = Table("Was", "Wordt", "Aantal", "Bijvoorbeeld", title="Andere uitkomst")
    for row in view["uitkomsten"]:
        samples = ", ".join(row["besluiten"])
        outcomes.add_row(row["was"], row["wordt"], str(row["aantal"]), samples)
    grounds = Table("Grond", "Komt erbij", "Valt weg", "Bijvoorbeeld", title="Per grond")
    for row in view["gronden"]:
        samples = ", ".join(row["besluiten"])
        grounds.add_row(row["code"], str(row["erbij"]), str(row["eraf"]), samples)
    for table in (outcomes, grounds):
        if table.row_count:
            console.print(table)


def way(pad: Pad) -> str:
    """Return one way to a grant in words."""
    steps = [_PAD[keuze.wijziging].format(waarde=keuze.waarde) for keuze in pad.keuzes]
    first = " ".join(steps) or "De vraag zelf kan zo blijven."
    needed = "; ".join(
        f"{i.soort} van {i.organisatie or 'wie daarover gaat'}" for i in pad.instemmingen
    )
    consents = f" Nodig is dan nog: {needed}." if needed else ""
    return f"{first}{consents} Dan mag: {', '.join(pad.categorieen)}."


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
