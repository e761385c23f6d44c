"""Trying two versions of the rules on what the store holds: page by page, with progress."""

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from broker.services.verschil import Verschil
from broker.store import Store

CHUNK: Final = 200
"""Dossiers for one turn: between turns the event loop reads on."""

Bounds = tuple[dt.datetime | None, dt.datetime | None]
Progress = Callable[[int], None]
Turn = Callable[[Sequence[Mapping[str, Any]]], Awaitable[Verschil]]


async def compare(store: Store, turn: Turn, bounds: Bounds, progress: Progress | None) -> Verschil:
    """Decide the recorded dossiers of a time with two versions, each at its own moment.

    Args:
        store: Holds the besluiten.
        turn: Decides some of them, away from the event loop: questions are answered meanwhile.
        bounds: From the first moment, before the second; None is no bound.
        progress: Called now and then with how many are done.

    Raises:
        DecisionError: The rules cannot be tried.
        RecordError: The store cannot be read.
    """
    found, page = Verschil(), list[Mapping[str, Any]]()

    async def done() -> None:
        found.merge(await turn(tuple(page)))
        page.clear()
        if progress is not None:
            progress(found.aantal)

    async with store.read() as tx:
        async for row in tx.besluiten.stream(since=bounds[0], until=bounds[1]):
            page.append(row)
            if len(page) == CHUNK:
                await done()
    await done()
    return found
