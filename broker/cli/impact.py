"""`sluis impact`: what would lose its basis when a zaak ends, a deelnemer leaves, rules change?"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from broker.cli.options import Map, plainly, read_rules, settings_of_data
from broker.errors import InvalidInputError

if TYPE_CHECKING:
    from rich.console import Console

    from broker.services.effect import Change, Effect, Effecten
    from broker.settings import Settings

_SOORTEN: Final = {
    "persoonskaart": "open persoonskaarten",
    "lopend-verzoek": "lopende verzoeken",
    "instemming": "instemmingen",
    "vraag": "vragen van het laatste jaar",
}
_GROEPEN: Final = {
    "houdt": "houdt",
    "houdt-via-andere-zaak": "via een andere zaak",
    "verliest": "verliest",
    "had-al-geen": "had al geen",
}
_EEN: Final = {
    "persoonskaart": "persoonskaart",
    "lopend-verzoek": "lopend verzoek",
    "instemming": "instemming",
    "vraag": "vraag",
}
_PER: Final = {"per_partner": "partner", "per_gebied": "gebied", "per_branche": "branche"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which change was named on the command line: exactly one."""

    op: str
    end: str | None
    leaves: str | None
    zaak: str | None
    policies: Path | None

    def change(self) -> "Change":
        """Return it.

        Raises:
            InvalidInputError: No change was named, or two; or the rules cannot be used.
        """
        from broker.services.effect import Ending, Leaving, OtherRules

        if [self.end, self.leaves, self.policies].count(None) != len(_PER) - 1:
            raise InvalidInputError("Noem precies één: --end, --drop-deelnemer of --policies.")
        if self.zaak is not None and self.leaves is None:
            raise InvalidInputError("--zaak hoort bij --drop-deelnemer.")
        if self.end is not None:
            return Ending(op=self.op, zaak=self.end)
        if self.leaves is not None:
            return Leaving(op=self.op, organisatie=self.leaves, zaak=self.zaak)
        return OtherRules(op=self.op, rules=read_rules(self.policies or Path()))


def impact(  # noqa: PLR0913 - a command: what may be asked
    *,
    op: Annotated[str, typer.Option("--on", help="De dag waarop het zou gebeuren.")],
    end: Annotated[str | None, typer.Option("--end", help="Deze zaak eindigt.")] = None,
    leaves: Annotated[
        str | None, typer.Option("--drop-deelnemer", help="Deze organisatie doet niet meer mee.")
    ] = None,
    zaak: Annotated[
        str | None, typer.Option("--zaak", help="Alleen in deze zaak (bij --drop-deelnemer).")
    ] = None,
    policies: Annotated[
        Path | None, typer.Option("--policies", help="Een map of archief met andere regels.")
    ] = None,
    listed: Annotated[bool, typer.Option("--lijst", help="Geef ook de lijst.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Geef de uitkomst als JSON.")] = False,
    folder: Map = None,
) -> None:
    """Bereken wat zijn basis zou verliezen. Er verandert niets.

    'Verliest' is wat ervoor mocht of op een instemming wachtte, en daarna nergens meer mag.
    """
    asked = Asked(op=_moment(op), end=end, leaves=leaves, zaak=zaak, policies=policies)
    with plainly():
        found = asyncio.run(_calculate(settings_of_data(folder), asked, listed=listed))
    told: dict[str, Any] = {"op": op, "tellingen": found.view()}
    if listed:
        told["lijst"] = [_plain(effect) for effect in found.lijst]
    if as_json:
        import orjson

        typer.echo(orjson.dumps(told).decode())
        return
    _show(found.view(), found.lijst)


async def _calculate(settings: "Settings", asked: Asked, *, listed: bool) -> "Effecten":
    """Calculate by the rules in force, with a progress bar on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    from broker.app import real_outside
    from broker.decision.decide import Decider
    from broker.decision.regelset import Regelset
    from broker.decision.register import default_root
    from broker.services.effect import Task, calculate
    from broker.services.effectberekeningen import check_moment
    from broker.services.regels import Regels
    from broker.store import Store

    check_moment(asked.op)
    change = asked.change()
    store = await Store.open(settings.database_url)
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        regels = Regels(store, Decider.load, Regelset.from_folder(default_root()))
        rules = await regels.of(await regels.in_werking() or regels.geleverd.digest)
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task("Vragen opnieuw beoordelen", total=None)
            task = Task(
                change=change,
                nu=real_outside(settings).clock.now(),
                wanted=lambda _: listed,
                progress=lambda done, total: progress.update(bar, completed=done, total=total),
            )
            return await calculate(store, rules, task)
    finally:
        await store.close()


def _moment(op: str) -> str:
    from broker.domain.kalender import instant

    try:
        instant(op)
    except ValueError:
        message = "Schrijf een datum als 2024-05-01."
        raise typer.BadParameter(message, param_hint="--on") from None
    return op


def _plain(effect: "Effect") -> dict[str, Any]:
    return {
        "soort": effect.soort,
        "id": effect.id,
        "zaak": effect.zaak,
        "groep": effect.groep,
        "via": effect.via,
        "wacht": effect.wacht,
        "categorieen": effect.categorieen,
        "gronden": effect.gronden,
    }


def _show(view: Mapping[str, Any], effects: "Sequence[Effect]") -> None:
    """Print the counts, what moves per partner, area and branch, and then the list."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("wat", "totaal", *_GROEPEN.values(), title="Wat gebeurt er met de basis?")
    for soort, naam in _SOORTEN.items():
        counts = view[soort]
        cells = (str(counts["groepen"][groep]) for groep in _GROEPEN)
        table.add_row(naam, str(counts["totaal"]), *cells)
    console.print(table)
    for soort, naam in _SOORTEN.items():
        for zaak, number in view[soort]["via"].items():
            console.print(f"{zaak} kan {number} van de {naam} dragen.")
    for soort, naam in _SOORTEN.items():
        for per, kop in _PER.items():
            _show_per(console, view[soort][per], f"{naam[0].upper()}{naam[1:]} per {kop}", kop)
    if effects:
        _show_list(console, effects)


def _show_per(
    console: "Console", counts: Mapping[str, Mapping[str, int]], titel: str, kop: str
) -> None:
    from rich.table import Table

    table = Table(kop, *_GROEPEN.values(), title=titel)
    for name, groups in counts.items():
        table.add_row(name, *(str(groups[groep]) for groep in _GROEPEN))
    if table.row_count:
        console.print(table)


def _show_list(console: "Console", effects: "Sequence[Effect]") -> None:
    """Print each thing on lines of its own, whose ids are never cut or broken."""
    console.print("Lijst", style="italic")
    for each in effects:
        lines = [
            f"{_EEN[each.soort]} {each.id}: {_GROEPEN[each.groep]}",
            *([f"  zaak: {each.zaak}"] if each.zaak else []),
            *([f"  via: {each.via}"] if each.via else []),
            *(f"  waarom niet meer: {grond}" for grond in each.gronden),
        ]
        for line in lines:
            console.print(line, soft_wrap=True, highlight=False, markup=False)
