"""The one writer of a log: queue, batches, commit, receipts.

A batch goes like this; what stands in the queue meanwhile becomes the next batch:

1. Take all that waits (at most BATCH entries); nothing lingers for more.
2. Place each entry: a known kenmerk gets its earlier line, the others get the next index.
3. Grow a copy of the tree and sign its checkpoint.
4. Commit lines, tiles and checkpoint in one transaction.
5. Only then take the new tree as the state, and resolve the futures.
6. Publish the checkpoint file, at most once in `publish_every` seconds.

If any step fails, the state of the disk is unknown. After a failed fsync SQLite would go on
and acknowledge commits that are not there, so the writer is poisoned: everyone who waits and
everyone who comes later is refused until the log is opened anew. A line may then be durable
without having been acknowledged; never the other way round.
"""

import datetime as dt
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.disk import CHECKPOINT, Disk, publish
from audit.entry import Prepared, parse_moment
from audit.errors import (
    AuditError,
    ClockError,
    DuplicateError,
    LogClosedError,
    LogFullError,
    LogPoisonedError,
    LogRangeError,
    describe,
)
from audit.merkle import Growth
from audit.note import Checkpoint, Note, Signer
from audit.receipt import Receipt
from audit.storage import Batch, Database, Known
from audit.tree import Tree

BATCH = 512
"""Entries in one commit at most, and so in one group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a log runs. The defaults are for production."""

    disk: Disk = field(default_factory=Disk)
    ticks: Callable[[], float] = time.monotonic
    """Seconds that never go back; only paces the publishing."""
    capacity: int = 4096
    """Entries that may wait."""
    publish_every: float = 1.0
    """Seconds between two checkpoint files."""
    skew: dt.timedelta = dt.timedelta(seconds=5)
    """How far an entry may be overtaken by others that run beside it.

    Such an entry gets the moment of the line before it, so that moments in the log never go
    back. More than this means that the clock was set back.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is durable: the tree, its signed checkpoint, and the moment of the last line."""

    tree: Tree
    note: str
    op: str
    """Empty for a log without lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    items: Sequence[Prepared]
    future: Future[Any]
    alone: bool
    """Resolve with one receipt, not with a tuple of them."""


def receipt_of(database: Database, tree: Tree, index: int) -> Receipt:
    """Return the receipt of a durable line, the same as was given at its append.

    Raises:
        LogRangeError: There is no such line.
    """
    lines = database.lines(index, 1, None) if 0 <= index < tree.size else []
    note = database.first_note_after(index)
    if not lines or note is None:
        raise LogRangeError(f"Regel {index} staat niet in het logboek.")
    size = Checkpoint.parse(Note.parse(note).text).size
    return Receipt(
        index=index,
        size=size,
        leaf=lines[0].leaf,
        proof=tree.inclusion(index, size, database.tile),
        checkpoint=note,
    )


class Writer:
    """Owns the writing connection, in a thread of its own."""

    def __init__(
        self, directory: Path, database: Database, *, signer: Signer, state: State, options: Options
    ) -> None:
        """Start the thread. `state` is what the database holds and the checkpoint file tells."""
        self.state = state
        self._checkpoint = directory / CHECKPOINT
        self._database = database
        self._signer = signer
        self._options = options
        self._queue: deque[_Group] = deque()
        self._waiting = 0
        self._wake = threading.Condition()
        self._closing = False
        self._trouble: str | None = None
        self._published = state.note
        self._published_at = options.ticks()
        self._thread = threading.Thread(target=self._run, name="audit-writer", daemon=True)
        self._thread.start()

    @property
    def trouble(self) -> str | None:
        """Why nothing can be recorded any more, as a Dutch sentence; None when all is well."""
        return self._trouble

    def submit(self, items: Sequence[Prepared], *, alone: bool) -> Future[Any]:
        """Queue a group, to be recorded in one batch or not at all.

        Raises:
            LogFullError: Too much waits already, or the group is too large.
            LogClosedError: The log is closed.
            LogPoisonedError: The log is poisoned.
        """
        future: Future[Any] = Future()
        with self._wake:
            if self._trouble is not None:
                raise LogPoisonedError(self._trouble)
            if self._closing:
                raise LogClosedError("Het logboek is gesloten. Er is niets vastgelegd.")
            if len(items) > BATCH or self._waiting + len(items) > self._options.capacity:
                raise LogFullError("Het logboek heeft het te druk. Er is niets vastgelegd.")
            self._queue.append(_Group(items=items, future=future, alone=alone))
            self._waiting += len(items)
            self._wake.notify()
        return future

    def close(self) -> None:
        """Record what waits, publish the checkpoint, and stop. May be called again."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        groups: list[_Group] = []
        try:
            while True:
                taken = self._take()
                if taken is None:
                    break
                groups = [g for g in taken if g.future.set_running_or_notify_cancel()]
                if groups:
                    self._record(groups)
                if self._due() == 0:
                    self._publish()
            self._publish()
        except Exception as error:  # noqa: BLE001 - whatever failed, nobody may wait in vain
            self._poison(error, groups)

    def _take(self) -> list[_Group] | None:
        # Step 1. None when closed and done.
        with self._wake:
            while not self._queue:
                if self._closing:
                    return None
                due = self._due()
                if due == 0:
                    return []
                self._wake.wait(due)
            taken = [self._queue.popleft()]
            count = len(taken[0].items)
            while self._queue and count + len(self._queue[0].items) <= BATCH:
                group = self._queue.popleft()
                count += len(group.items)
                taken.append(group)
            self._waiting -= count
            return taken

    def _record(self, groups: Sequence[_Group]) -> None:
        # Step 2.
        kenmerken = [item.leaf.kenmerk for group in groups for item in group.items]
        plan = _Plan(self.state, self._database.known(kenmerken), self._options.skew)
        outcomes = [plan.place(group.items) for group in groups]
        growth = None
        if plan.entries:
            # Step 3, on a copy: the state changes only after the commit.
            tree, growth, tiles = self.state.tree.grown([entry.hash for entry in plan.entries])
            text = Checkpoint(origin=self._signer.vkey.name, size=tree.size, root=growth.root)
            note = self._signer.sign(text.text())
            # Step 4.
            first = self.state.tree.size
            self._database.write(Batch(first=first, entries=plan.entries, tiles=tiles, note=note))
            # Step 5.
            self.state = State(tree=tree, note=note, op=plan.op)
        for group, outcome in zip(groups, outcomes, strict=True):
            if isinstance(outcome, AuditError):
                group.future.set_exception(outcome)
                continue
            receipts = tuple(self._receipt(index, plan, growth) for index in outcome)
            group.future.set_result(receipts[0] if group.alone else receipts)

    def _receipt(self, index: int, plan: "_Plan", growth: Growth | None) -> Receipt:
        if growth is None or index < plan.first:
            return receipt_of(self._database, self.state.tree, index)
        return Receipt(
            index=index,
            size=growth.size,
            leaf=plan.entries[index - plan.first].data,
            proof=growth.path(index),
            checkpoint=self.state.note,
        )

    def _due(self) -> float | None:
        # Seconds until the checkpoint file must be made; None when it is up to date.
        if self._published == self.state.note:
            return None
        passed = self._options.ticks() - self._published_at
        return max(0.0, self._options.publish_every - passed)

    def _publish(self) -> None:
        # Step 6.
        note = self.state.note
        if self._published != note:
            publish(self._options.disk, self._checkpoint, note)
            self._published = note
            self._published_at = self._options.ticks()

    def _poison(self, error: Exception, groups: Sequence[_Group]) -> None:
        with self._wake:
            self._trouble = (
                f"Het logboek is gestopt, want vastleggen lukte niet: {describe(error)}."
                " Er wordt niets meer vastgelegd tot het opnieuw is geopend."
            )
            waiting = [g for g in self._queue if g.future.set_running_or_notify_cancel()]
            self._queue.clear()
        for group in (*groups, *waiting):
            if not group.future.done():
                failure = LogPoisonedError(self._trouble)
                failure.__cause__ = error
                group.future.set_exception(failure)


class _Plan:
    """Gives each entry of a batch its index."""

    def __init__(self, state: State, known: Mapping[str, Known], skew: dt.timedelta) -> None:
        self.first = state.tree.size
        self.op = state.op
        self.entries: list[Prepared] = []
        self._known = dict(known)
        self._skew = skew

    def place(self, items: Sequence[Prepared]) -> list[int] | AuditError:
        """Return the index of each entry of a group, or why none of it may be recorded."""
        fresh: list[Prepared] = []
        own: dict[str, Known] = {}
        places = []
        op = self.op
        for item in items:
            leaf = item.leaf
            twin = self._known.get(leaf.kenmerk) or own.get(leaf.kenmerk)
            if twin is None:
                placed = item if leaf.op >= op else self._overtaken(item, op)
                if placed is None:
                    return ClockError(
                        "De klok loopt achter op de laatste regel. Er is niets vastgelegd."
                    )
                op = placed.leaf.op
                index = self.first + len(self.entries) + len(fresh)
                twin = Known(index=index, soort=leaf.soort, payload=item.payload)
                own[leaf.kenmerk] = twin
                fresh.append(placed)
            elif (twin.soort, twin.payload) != (leaf.soort, item.payload):
                return DuplicateError(
                    "Dit kenmerk staat al bij een andere regel. Er is niets vastgelegd."
                )
            places.append(twin.index)
        self.entries += fresh
        self._known |= own
        self.op = op
        return places

    def _overtaken(self, item: Prepared, op: str) -> Prepared | None:
        lag = parse_moment(op) - parse_moment(item.leaf.op)
        return item.moved(op) if lag <= self._skew else None
