"""`sluis replay`: decide every recorded dossier again, by the rules of its day or by others."""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias, TypeVar

import typer

from broker.cli.options import Bounds, Map, bounds_of, plainly, read_rules, settings_of_data

if TYPE_CHECKING:
    from broker.services.herhaling import Herhaling, Plan, Stretch, Telling
    from broker.services.verschil import Verschil
    from broker.settings import Settings
    from broker.store import Store

DIFFERENT: Final = 1
TODAY: Final = "today"
_NAMES: Final = {
    "anders": "anders",
    "los": "past niet bij het logboek",
    "zonder_regels": "de regels van toen zijn er niet",
}
T = TypeVar("T")
Work: TypeAlias = "Callable[[Plan, Stretch], T]"


def command(
    *,
    since: Annotated[
        str | None, typer.Option("--from", help="Vanaf dit moment of deze datum.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="Tot dit moment of deze datum.")] = None,
    other: Annotated[
        str | None,
        typer.Option(
            "--with",
            help="Vergelijk met andere regels: 'today' (die nu gelden), een map of een archief.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Geef de uitkomst als JSON.")] = False,
    workers: Annotated[
        int, typer.Option("--werkers", min=1, help="Hoeveel processen er rekenen.")
    ] = os.cpu_count() or 1,
    folder: Map = None,
) -> None:
    """Neem elk vastgelegd besluit opnieuw, en vergelijk het met wat er is vastgelegd.

    Zonder --with gelden de regels van toen, en moet elk besluit tot op de byte gelijk zijn.
    """
    bounds = bounds_of(since, until)
    with plainly():
        settings = settings_of_data(folder)
        if other is None:
            _tell(replay_all(settings, bounds, workers), as_json=as_json)
        else:
            found = compare_all(settings, bounds, workers, other)
            _tell_difference(found.view(), as_json=as_json)


def replay_all(
    settings: "Settings", bounds: Bounds = (None, None), workers: int = 1
) -> "Herhaling":
    """Decide all besluiten of a time again, by the rules that each of them names.

    Raises:
        AuditError: The log cannot be read.
        BrokerError: The store cannot be read.
    """
    from broker.services.herhaling import Herhaling, replay

    plan, parts = asyncio.run(_prepare(settings, bounds, workers, None))
    found = Herhaling()
    for part in _run(replay, plan, parts, workers):
        found.merge(part)
    return found


def compare_all(settings: "Settings", bounds: Bounds, workers: int, other: str) -> "Verschil":
    """Decide all besluiten of a time by other rules: `today`, a folder or an archive.

    Raises:
        BrokerError: The store cannot be read, or there is no such rule set.
    """
    from broker.services.herhaling import compare
    from broker.services.verschil import Verschil

    plan, parts = asyncio.run(_prepare(settings, bounds, workers, other))
    found = Verschil()
    for part in _run(compare, plan, parts, workers):
        found.merge(part)
    return found


async def _prepare(
    settings: "Settings", bounds: Bounds, workers: int, other: str | None
) -> "tuple[Plan, Sequence[Stretch]]":
    """Return what the processes need, and the stretches that they do."""
    from broker.decision.regelset import Regelset
    from broker.decision.register import default_root
    from broker.services.herhaling import Plan, stretches
    from broker.store import Store

    url = settings.database_url
    geleverd = Regelset.from_folder(default_root()).to_archive()
    store = await Store.open(url)
    try:
        met = await _other(store, other)
        plan = Plan(
            url=url,
            log=settings.log_folder,
            kluis=settings.kluis_folder,
            log_url=settings.logboek_url,
            geleverd=geleverd,
            met=met,
        )
        return plan, await stretches(store, bounds, workers)
    finally:
        await store.close()


def _run(work: "Work[T]", plan: "Plan", parts: "Sequence[Stretch]", workers: int) -> Iterator[T]:
    """Yield what comes of each stretch, in their order; a progress bar stands on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Besluiten opnieuw nemen", total=sum(p.aantal for p in parts))
        for part, done in zip(parts, _each(work, plan, parts, workers), strict=True):
            yield done
            progress.advance(task, part.aantal)


def _each(work: "Work[T]", plan: "Plan", parts: "Sequence[Stretch]", workers: int) -> Iterator[T]:
    """Do the stretches: a single one here, more in processes of their own."""
    if len(parts) <= 1 or workers == 1:
        yield from (work(plan, part) for part in parts)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # Not forked: nothing of this process, such as an open log, may be used by two.
    with ProcessPoolExecutor(workers, get_context("spawn"), _leave_to_parent) as pool:
        yield from pool.map(work, [plan] * len(parts), parts)


def _leave_to_parent() -> None:
    """Let Ctrl-C, which reaches every process, be dealt with by the one that was started."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


async def _other(store: "Store", name: str | None) -> bytes | None:
    """Return the archive of the rules to compare with; None for those that Sluis came with.

    Raises:
        InvalidInputError: There is no such folder or archive, or it holds no usable rules.
    """
    if name is None:
        return None
    if name == TODAY:
        async with store.read() as tx:
            digest = await tx.regelversies.in_werking()
            return None if digest is None else await tx.regelversies.archief(digest)
    return read_rules(Path(name)).regelset.to_archive()


def _tell(found: "Herhaling", *, as_json: bool) -> None:
    """Print what came of a replay; exit 1 when anything is wrong."""
    wrong: dict[str, Telling] = {name: getattr(found, name) for name in _NAMES}
    if as_json:
        import orjson

        typer.echo(orjson.dumps(found).decode())
    else:
        for name, telling in wrong.items():
            for besluit in telling.besluiten:
                typer.echo(f"{_NAMES[name]}: {besluit}", err=True)
        typer.echo(
            f"{found.gelijk} gelijk, {found.anders.aantal} anders, "
            f"{found.los.aantal} passen niet bij het logboek, "
            f"{found.zonder_regels.aantal} zonder de regels van toen"
        )
    if not found.goed:
        raise typer.Exit(DIFFERENT)


def _tell_difference(view: dict[str, Any], *, as_json: bool) -> None:
    """Print what would fall differently; that is an answer, so the exit code is 0."""
    if as_json:
        import orjson

        typer.echo(orjson.dumps(view).decode())
        return
    from broker.cli.show import show_difference

    show_difference(view)
