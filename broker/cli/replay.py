"""`sluis replay`: decide every recorded dossier again and compare, to the byte."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import orjson
import typer

from broker.cli.options import Map, plainly, settings_from
from broker.decision.decide import Decider
from broker.decision.register import default_root
from broker.domain import invoer
from broker.errors import BrokerError
from broker.store import Store

SHOWN: Final = 20
DIFFERENT: Final = 1


@dataclass(slots=True)
class Vergelijking:
    """How many besluiten came out the same, and the ids of those that did not."""

    gelijk: int = 0
    anders: list[str] = field(default_factory=list)


def replay(
    *,
    since: Annotated[
        str | None, typer.Option("--from", help="Vanaf dit moment of deze datum.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="Tot dit moment of deze datum.")] = None,
    folder: Map = None,
) -> None:
    """Neem elk vastgelegd besluit opnieuw, en vergelijk het met wat er is vastgelegd."""
    bounds = _bound(since), _bound(until)
    with plainly():
        found = asyncio.run(replay_all(settings_from(folder).database_url, *bounds))
    for besluit in found.anders[:SHOWN]:
        typer.echo(f"anders: {besluit}", err=True)
    typer.echo(f"{found.gelijk} gelijk, {len(found.anders)} anders")
    if found.anders:
        raise typer.Exit(DIFFERENT)


async def compare(rows: AsyncIterator[dict[str, Any]], decider: Decider) -> Vergelijking:
    """Decide each recorded dossier again.

    A dossier that can no longer be decided counts as different: the record must stand alone.
    """
    found = Vergelijking()
    async for row in rows:
        try:
            again = orjson.dumps(decider.decide(invoer.parse_json(row["dossier"])))
        except BrokerError:
            again = b""
        if again == row["besluit"].encode():
            found.gelijk += 1
        else:
            found.anders.append(row["id"])
    return found


async def replay_all(
    database: str, since: dt.datetime | None = None, until: dt.datetime | None = None
) -> Vergelijking:
    """Compare all besluiten of a time, with a progress bar on standard error.

    Raises:
        BrokerError: The store cannot be read.
    """
    from rich.console import Console
    from rich.progress import Progress

    decider = Decider.load(default_root())
    store = await Store.open(database)
    try:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("Besluiten opnieuw nemen", total=None)

            async def counted(rows: AsyncIterator[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
                async for row in rows:
                    progress.advance(task)
                    yield row

            async with store.read() as tx:
                return await compare(
                    counted(tx.besluiten.stream(since=since, until=until)), decider
                )
    finally:
        await store.close()


def _bound(text: str | None) -> dt.datetime | None:
    """Read a date (00:00 in Amsterdam) or a moment with offset."""
    if text is None:
        return None
    from broker.domain.kalender import EPOCH, instant

    try:
        return EPOCH + dt.timedelta(microseconds=instant(text))
    except ValueError:
        raise typer.BadParameter("Schrijf een datum als 2026-11-20.") from None
