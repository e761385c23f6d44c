"""`sluis uitvoer`: take what was recorded along as a file. Each is a line of the log itself."""

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from broker.cli.alone import beller_of, checked, run_alone
from broker.cli.dutch import confirmed
from broker.cli.options import Map, plainly
from broker.errors import StartError

if TYPE_CHECKING:
    from broker.api.context import Context
    from broker.api.rollen import Actie
    from broker.app import OpenServices
    from broker.services.uitvoer.levering import Levering
    from broker.services.uitvoer.uitvoering import Opdracht

app = typer.Typer(
    help="Neem mee wat is vastgelegd: voor een partner, de AP, de Woo of onderzoek.",
    no_args_is_help=True,
)
_API: Final = "/v1/uitvoer"
_THERE: Final = "Dit bestand is er al. Geef een andere naam; er wordt niets overschreven."
_NO_FILE: Final = "Het bestand is niet te schrijven. Wat is gemaakt, is wel vastgelegd."
_SECOND: Final = "Iemand anders dan wie het voorstelt, bevestigt het."
Bestand = Annotated[Path, typer.Argument(help="Het bestand om te schrijven; het is er nog niet.")]
Wie = Annotated[
    str,
    typer.Option("--gebruiker", help="Uw nummer in Sluis, zoals fg-1. Het komt in het logboek."),
]
Van = Annotated[str | None, typer.Option("--van", help="Vanaf deze datum of dit moment.")]
Tot = Annotated[str | None, typer.Option("--tot", help="Tot deze datum of dit moment.")]


@app.command("bundel")
def bundel(
    bestand: Bestand,
    *,
    wie: Wie,
    reden: Annotated[str, typer.Option("--reden", help="Waarom, in ten minste 20 tekens.")],
    voor: Annotated[
        str | None,
        typer.Option("--voor", help="De partner die haar krijgt; zonder: de toezichthouder (AP)."),
    ] = None,
    sleutel: Annotated[
        str | None,
        typer.Option(
            "--sleutel", help="Alleen voor de AP: over één betrokkene, met dit pseudoniem."
        ),
    ] = None,
    folder: Map = None,
) -> None:
    """Maak een bundel (zip) die de ontvanger zonder Sluis kan narekenen."""
    from broker.api.rollen import Actie
    from broker.api.uitvoer import NieuweBundelOpSleutel, bundle

    async def work(services: "OpenServices", context: "Context") -> "Levering":
        given = {"organisatie": voor, "sleutel": sleutel, "reden": reden}
        asked = checked(NieuweBundelOpSleutel, given)
        return await bundle(services, context, asked, asked.sleutel)

    _write(bestand, folder, wie, Actie.UITVOER_MAKEN, work)


@app.command("ldv")
def ldv(
    bestand: Bestand, *, wie: Wie, van: Van = None, tot: Tot = None, folder: Map = None
) -> None:
    """Schrijf het Logboek Dataverwerkingen (LDV 1.0): op elke regel één verwerking als JSON.

    Als de opdracht klaar is, staat alles op schijf en is dat vastgelegd.
    """
    from broker.api.rollen import Actie

    async def work(services: "OpenServices", context: "Context") -> "Levering":
        return await services.uitvoering.ldv(_order(context, van, tot))

    _write(bestand, folder, wie, Actie.UITVOER_MAKEN, work)


@app.command("fsc")
def fsc(
    bestand: Bestand, *, wie: Wie, van: Van = None, tot: Tot = None, folder: Map = None
) -> None:
    """Schrijf het transactielog van FSC: alleen van vragen die via FSC liepen."""
    from broker.api.rollen import Actie

    async def work(services: "OpenServices", context: "Context") -> "Levering":
        return await services.uitvoering.fsc(_order(context, van, tot))

    if not _write(bestand, folder, wie, Actie.UITVOER_MAKEN, work):
        typer.echo("Geen enkele vraag liep via FSC: Sluis vroeg de bronnen rechtstreeks.")


@app.command("tabel")
def tabel(
    bestand: Bestand,
    *,
    wie: Wie,
    vorm: Annotated[str, typer.Option("--vorm", help="csv (in een zip) of parquet.")] = "csv",
    van: Van = None,
    tot: Tot = None,
    folder: Map = None,
) -> None:
    """Schrijf een tabel om te onderzoeken, met pseudoniemen die alleen in deze tabel gelden."""
    from broker.api.rollen import Actie
    from broker.api.uitvoer import NieuweTabel

    async def work(services: "OpenServices", context: "Context") -> "Levering":
        asked = checked(NieuweTabel, {"vorm": vorm})
        return await services.uitvoering.tabel(_order(context, van, tot), asked.vorm.value)

    _write(bestand, folder, wie, Actie.UITVOER_MAKEN, work)


@app.command("jaarcijfers")
def jaarcijfers(
    jaar: Annotated[int, typer.Argument(help="Het jaar, zoals 2026.")],
    bestand: Bestand,
    *,
    wie: Wie,
    vorm: Annotated[str, typer.Option("--vorm", help="html of json.")] = "html",
    folder: Map = None,
) -> None:
    """Schrijf de cijfers van een jaar, om openbaar te maken. Kleine getallen staan er niet in."""
    from broker.api.rollen import Actie
    from broker.api.uitvoer import NieuweJaarcijfers

    async def work(services: "OpenServices", context: "Context") -> "Levering":
        asked = checked(NieuweJaarcijfers, {"jaar": jaar, "vorm": vorm})
        beller = context.beller
        return await services.uitvoering.jaarcijfers(beller, asked.jaar, asked.vorm.value)

    _write(bestand, folder, wie, Actie.JAARCIJFERS_LEZEN, work)


@app.command("woo")
def woo(  # noqa: PLR0913 - each is an option of the command line
    bestand: Bestand,
    *,
    wie: Wie,
    bevestigd_door: Annotated[
        str, typer.Option("--bevestigd-door", help="Het nummer van wie het bevestigt.")
    ],
    van: Van = None,
    tot: Tot = None,
    soorten: Annotated[
        list[str] | None, typer.Option("--soort", help="Alleen deze soort; mag vaker.")
    ] = None,
    keuzes: Annotated[
        Path | None, typer.Option("--keuzes", help="Uw keuzes per regel, als JSON.")
    ] = None,
    folder: Map = None,
) -> None:
    """Maak openbaar volgens de Woo. U ziet de lijst; een tweede persoon bevestigt die hier."""
    from broker.api.context import authorised
    from broker.api.rollen import Actie
    from broker.api.uitvoer import NieuwWooVoorstel

    async def work(services: "OpenServices", context: "Context") -> "Levering":
        given = {"van": van, "tot": tot, "soorten": soorten or [], "keuzes": _choices(keuzes)}
        verzoek = checked(NieuwWooVoorstel, given).verzoek()
        second = authorised(
            await beller_of(services, bevestigd_door), services.rollen, Actie.UITVOER_MAKEN
        ).for_all()
        if second.gebruiker == context.beller.gebruiker:
            raise StartError(_SECOND)
        proposed = await services.woo.propose(context.for_all(), verzoek)
        _show(proposed.publicatie.inventory())
        if not confirmed(f"Bevestigt {bevestigd_door} dat dit openbaar wordt?"):
            raise typer.Abort
        return await services.woo.publish(second, proposed.bewijs.index, verzoek)

    _write(bestand, folder, wie, Actie.UITVOER_MAKEN, work)


def _order(context: "Context", van: str | None, tot: str | None) -> "Opdracht":
    from broker.api.uitvoer import Tijdvak
    from broker.services.uitvoer.uitvoering import Opdracht

    periode = checked(Tijdvak, {"van": van, "tot": tot}).periode()
    return Opdracht(beller=context.beller, only=context.only, periode=periode)


def _choices(path: Path | None) -> list[Any]:
    if path is None:
        return []
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise StartError("Het bestand met keuzes is niet te lezen, of is geen JSON.") from None
    if not isinstance(found, list):
        raise StartError("Het bestand met keuzes is geen lijst.")
    return found


def _show(inventory: "list[dict[str, Any]]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("Nummer", "Datum", "Soort", "Besluit", "Gronden", title="Inventarislijst")
    for row in inventory:
        grounds = ", ".join(row["gronden"])
        table.add_row(str(row["nummer"]), row["datum"], row["soort"], row["besluit"], grounds)
    Console().print(table)


def _write(
    bestand: Path,
    folder: Path | None,
    wie: str,
    actie: "Actie",
    work: "Callable[[OpenServices, Context], Awaitable[Levering]]",
) -> int:
    """Make an export, and write it; when this returns it is on disk. Return how much it holds."""
    with plainly():
        if bestand.exists():
            raise StartError(_THERE)
        levering = run_alone(folder, wie, actie, work, api=_API)
        try:
            _to_disk(levering, bestand)
        except OSError:
            raise StartError(_NO_FILE) from None
    typer.echo(
        f"Bevestigd: {bestand.name} staat op schijf ({levering.aantal} stuks). "
        f"Het is regel {levering.bewijs.index} van het logboek. sha256: {levering.sha256}"
    )
    return levering.aantal


def _to_disk(levering: "Levering", bestand: Path) -> None:
    """Write the file whole or not at all, for its owner only."""
    from broker.services.uitvoer.levering import BLOCK

    part = bestand.with_name(f".{bestand.name}.deel")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with levering.bestand as source, os.fdopen(handle, "wb") as target:
            while block := source.read(BLOCK):
                target.write(block)
            target.flush()
            os.fsync(handle)
        part.rename(bestand)
        directory = os.open(bestand.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    finally:
        part.unlink(missing_ok=True)
