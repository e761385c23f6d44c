"""`sluis adl`: write the Authorization Decision Log of a time, one JSON record on each line."""

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from broker.cli.options import Bounds, Map, bounds_of, plainly, settings_of_data

if TYPE_CHECKING:
    from broker.settings import Settings


def adl(
    *,
    since: Annotated[
        str | None, typer.Option("--from", help="Vanaf dit moment of deze datum.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="Tot dit moment of deze datum.")] = None,
    folder: Map = None,
) -> None:
    """Schrijf het beslislogboek: op elke regel één beslissing als JSON, de oudste eerst.

    Een broker die werkt, mag intussen doorgaan.
    """
    bounds = bounds_of(since, until)
    with plainly():
        asyncio.run(_write(settings_of_data(folder), bounds))


async def _write(settings: "Settings", bounds: Bounds) -> None:
    """Write each record to standard output as it is read; a chunk is in memory, no more."""
    import orjson

    from broker.services.beslislogboek import rendered
    from broker.store import Store

    store = await Store.open(settings.database_url)
    try:
        async with store.read() as tx:
            async for row in tx.beslislogboek.stream(since=bounds[0], until=bounds[1]):
                sys.stdout.buffer.write(orjson.dumps(rendered(row)) + b"\n")
    finally:
        sys.stdout.flush()
        await store.close()
