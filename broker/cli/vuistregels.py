"""`sluis vuistregels`: what a deelnemer may ask of whom. Needs no server or database."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from broker.cli.options import plainly

if TYPE_CHECKING:
    from broker.domain.uitleg import Vuistregel


def vuistregels(
    *,
    deelnemer: Annotated[
        str | None, typer.Option("--deelnemer", help="Wie vraagt, zoals college. Zonder: iedereen.")
    ] = None,
    fase: Annotated[
        int | None, typer.Option("--fase", min=1, max=3, help="Wat tot en met deze fase mag.")
    ] = None,
    moment: Annotated[
        str | None, typer.Option("--op", help="Op deze datum, zoals 2026-11-20. Zonder: nu.")
    ] = None,
) -> None:
    """Laat zien wat een deelnemer aan wie mag vragen, als verder alles in orde is."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    with plainly():
        rows = _rows(deelnemer, moment)
    shown = [row for row in rows if fase is None or (row.vanaf_fase or 1) <= fase]
    console = Console()
    for (vrager, grondslag), found in _grouped(shown).items():
        title = escape(f"{vrager} (grondslag {grondslag})")
        table = Table("Aan", "Fase", "Instemming", "Gegevens", title=title)
        for cells, categorieen in found.items():
            table.add_row(*map(escape, (*cells, ", ".join(categorieen))))
        console.print(table)
    if not shown:
        console.print("Op dat moment mag deze deelnemer niets vragen.")


Cells = tuple[str, ...]


def _grouped(rows: "Sequence[Vuistregel]") -> dict[Cells, dict[Cells, list[str]]]:
    """Return for each asker and basis, and then each source, which categories go with it."""
    found: dict[Cells, dict[Cells, list[str]]] = {}
    for row in rows:
        asker = f"{row.vrager} voor de taken {', '.join(row.taken)}"
        table = found.setdefault((asker, row.grondslag), {})
        cells = (
            row.bron,
            f"vanaf {row.vanaf_fase}" if row.vanaf_fase else "geen",
            row.consents,
        )
        table.setdefault(cells, []).append(row.in_words)
    return found


def _rows(deelnemer: str | None, moment: str | None) -> "Sequence[Vuistregel]":
    from broker.app import SystemClock
    from broker.decision.decide import Decider
    from broker.decision.register import default_root
    from broker.decision.vuistregels import deelnemers
    from broker.decision.vuistregels import vuistregels as worked_out
    from broker.domain.kalender import day_of, instant

    decider = Decider.load(default_root())
    try:
        at = f"{day_of(instant(moment))}T12:00:00+00:00" if moment else None
    except ValueError:
        message = "Schrijf een datum als 2026-11-20."
        raise typer.BadParameter(message, param_hint="--op") from None
    at = at or SystemClock().now().isoformat()
    known = deelnemers(decider, at)
    if deelnemer is not None and deelnemer not in known:
        message = f"Kies een van: {', '.join(known)}."
        raise typer.BadParameter(message, param_hint="--deelnemer")
    askers = [deelnemer] if deelnemer else known
    return [row for asker in askers for row in worked_out(decider, at, asker)]
