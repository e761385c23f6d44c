"""What waits to be recorded, and how who waits is told."""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from typing import Any

from audit.entry import Prepared
from audit.shred import Shredding

Waiter = Future[Any] | asyncio.Future[Any]
Outcome = tuple[Waiter, Any]
"""Who waits, and what for: receipts, or an exception."""


class Group:
    """Entries that are recorded in one batch or not at all, and the future that waits for it."""

    __slots__ = ("alone", "future", "items", "loop", "shredding")

    def __init__(
        self,
        items: Sequence[Prepared],
        future: Waiter,
        *,
        alone: bool = False,
        shredding: Shredding | None = None,
    ) -> None:
        """Make a group.

        Args:
            items: What to record.
            future: Who waits.
            alone: Resolve with one receipt, not with a tuple of them.
            shredding: What else must be done, in a transaction of its own.
        """
        self.items = items
        self.future = future
        self.loop = future.get_loop() if isinstance(future, asyncio.Future) else None
        self.alone = alone
        self.shredding = shredding

    def start(self) -> bool:
        """Tell whether somebody still waits; from here on it can no longer be called off."""
        if isinstance(self.future, Future):
            return self.future.set_running_or_notify_cancel()
        return not self.future.cancelled()


def deliver(outcomes: Iterable[tuple[Group, Any]]) -> None:
    """Tell each group what came of it: with one call for all that wait on the same loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Outcome]] = {}
    for group, outcome in outcomes:
        if group.loop is None:
            _settle(((group.future, outcome),))
        else:
            by_loop.setdefault(group.loop, []).append((group.future, outcome))
    for loop, settled in by_loop.items():
        # A loop that was closed has nobody left who waits.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, settled)


def _settle(outcomes: Iterable[Outcome]) -> None:
    for future, outcome in outcomes:
        if future.done():
            continue
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
