"""The one writer of a log: queue, batches, commit, receipts.

A batch goes like this; what stands in the queue meanwhile becomes the next batch:

1. Take all that waits (at most BATCH entries); nothing lingers for more.
2. Take the turn: from here on nobody else writes.
3. Place each entry: a known kenmerk gets its earlier line, the others get the next index.
4. Grow the tree from its frontier and sign its checkpoint.
5. Commit lines, keys, words, checkpoint and head in one transaction.
6. Only then take the new head as the state, and hand out receipts.

Kenmerken are seldom known, so the first attempt places all as new; when the ledger tells that
one is taken, it is undone, and made again after asking which.

A server that goes away is no such trouble: the ledger then knows that nothing was written, or
at least that nothing was acknowledged (LogUnavailableError). Who waits is refused, and the next
batch may succeed. Any other failure is one:

If any step fails, the state of the disk is unknown. After a failed fsync SQLite would go on
and acknowledge commits that are not there, so the writer is poisoned: everyone who waits and
everyone who comes later is refused until the log is opened anew. A line may then be durable
without having been acknowledged; never the other way round.
"""

import contextlib
import datetime as dt
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from audit.disk import Disk
from audit.entry import Prepared
from audit.errors import (
    AuditError,
    DuplicateError,
    LogClosedError,
    LogFullError,
    LogInterruptedError,
    LogPoisonedError,
    LogUnavailableError,
    describe,
)
from audit.groups import Group, deliver
from audit.kluis import Kluis
from audit.ledger import Batch, Head, Ledger, TakenError, Turn
from audit.merkle import Growth, grow, pack_peaks, unpack_peaks
from audit.note import Checkpoint, Signer
from audit.plan import TAKEN, Plan, in_time
from audit.receipt import Receipt
from audit.shred import Shredding, shred

BATCH = 512
"""Entries in one commit at most, and so in one group."""

ReceiptOf = Callable[[int], Receipt]
"""Gives the receipt of a line that is durable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a log runs. The defaults are for production."""

    disk: Disk = field(default_factory=Disk)
    random_bytes: Callable[[int], bytes] = os.urandom
    """Unguessable bytes, for keys and nonces."""
    ticks: Callable[[], float] = time.monotonic
    """Seconds that never go back; only paces the publishing."""
    capacity: int = 4096
    """Entries that may wait."""
    publish_every: float = 1.0
    """Seconds between two checkpoint files."""
    also: Signer | None = None
    """A second key of the log (ML-DSA-44): it signs what is published, not each batch."""
    skew: dt.timedelta = dt.timedelta(seconds=5)
    """How far an entry may be overtaken by others that run beside it.

    Such an entry gets the moment of the line before it, so that moments in the log never go
    back. More than this means that the clock was set back.
    """


class Writer:
    """Writes to the ledger, in a thread of its own."""

    def __init__(
        self,
        ledger: Ledger,
        kluis: Kluis,
        *,
        signer: Signer,
        head: Head,
        receipt_of: ReceiptOf,
        options: Options,
    ) -> None:
        """Start the thread. `head` is what the ledger holds."""
        self.head = head
        """What is durable."""
        self.written = threading.Event()
        """Set whenever there is a new head."""
        self._ledger = ledger
        self._kluis = kluis
        self._signer = signer
        self._receipt_of = receipt_of
        self._options = options
        self._queue: SimpleQueue[Group | None] = SimpleQueue()
        self._held: Group | None = None
        """Was taken, and did not fit in the batch."""
        self._waiting = 0
        self._lock = threading.Lock()
        self._closing = False
        self._trouble: str | None = None
        self._cause: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="audit-writer", daemon=True)
        self._thread.start()

    @property
    def trouble(self) -> str | None:
        """Why nothing can be recorded any more, as a Dutch sentence; None when all is well."""
        return self._trouble

    def submit(self, group: Group) -> None:
        """Queue a group, to be recorded in one batch or not at all.

        Raises:
            LogFullError: Too much waits already, or the group is too large.
            LogClosedError: The log is closed.
            LogPoisonedError: The log is poisoned.
        """
        count = len(group.items)
        with self._lock:
            if self._trouble is not None:
                raise LogPoisonedError(self._trouble)
            if self._closing:
                raise LogClosedError("Het logboek is gesloten. Er is niets vastgelegd.")
            if count > BATCH or self._waiting + count > self._options.capacity:
                raise LogFullError("Het logboek heeft het te druk. Er is niets vastgelegd.")
            self._waiting += count
            self._queue.put(group)

    def close(self) -> None:
        """Record what waits, and stop. May be called again."""
        with self._lock:
            self._closing = True
            self._queue.put(None)
        self._thread.join()

    def poison(self, error: Exception) -> None:
        """Record nothing more: who waits is refused, and so is who comes later."""
        with self._lock:
            if self._trouble is None:
                self._trouble = (
                    f"Het logboek is gestopt, want vastleggen lukte niet: {describe(error)}."
                    " Er wordt niets meer vastgelegd tot het opnieuw is geopend."
                )
                self._cause = error
            self._queue.put(None)

    def _run(self) -> None:
        groups: Sequence[Group] = ()
        try:
            while self._trouble is None and (taken := self._take()):
                groups = [group for group in taken if group.start()]
                if groups:
                    self._record(groups)
                groups = ()
        except Exception as error:  # noqa: BLE001 - whatever failed, nobody may wait in vain
            self.poison(error)
        if self._trouble is not None:
            waiting = [group for group in self._rest() if group.start()]
            self._refuse([*groups, *waiting])

    def _rest(self) -> Iterator[Group]:
        if self._held is not None:
            yield self._held
        with contextlib.suppress(Empty):
            while True:
                group = self._queue.get_nowait()
                if group is not None:
                    yield group

    def _refuse(self, groups: Sequence[Group]) -> None:
        failures = []
        for group in groups:
            failure = LogPoisonedError(self._trouble)
            failure.__cause__ = self._cause
            failures.append((group, failure))
        deliver(failures)

    def _take(self) -> list[Group]:
        # Step 1. Nothing when closed and done, or poisoned.
        first = self._held or self._queue.get()
        self._held = None
        if first is None:
            return []
        taken, count = [first], len(first.items)
        while first.shredding is None and not self._queue.empty():
            group = self._queue.get()
            if group is None:
                # It is the last, and must be seen again.
                self._queue.put(None)
                break
            if group.shredding is not None or count + len(group.items) > BATCH:
                self._held = group
                break
            count += len(group.items)
            taken.append(group)
        with self._lock:
            self._waiting -= count
        return taken

    def _record(self, groups: Sequence[Group]) -> None:
        shredding = groups[0].shredding
        if shredding is not None:
            deliver([(groups[0], self._shred(shredding))])
            return
        try:
            outcomes = self._attempts(groups)
        except LogUnavailableError as error:
            outcomes = [error] * len(groups)
        deliver(zip(groups, outcomes, strict=True))

    def _attempts(self, groups: Sequence[Group]) -> list[Any]:
        try:
            return self._attempt(groups, known=False)
        except (TakenError, LogInterruptedError):
            return self._attempt(groups, known=True)

    def _attempt(self, groups: Sequence[Group], *, known: bool) -> list[Any]:
        # Steps 2 to 6.
        kenmerken = [item.kenmerk for group in groups for item in group.items] if known else []
        with self._ledger.turn() as turn:
            self._keep_up(turn.head)
            taken = turn.known(kenmerken) if known else {}
            plan = Plan(turn.head, taken, self._kluis, self._options.skew)
            places = [plan.place(group.items) for group in groups]
            if not known and not all(isinstance(at, list) for at in places):
                # It may be an entry that was recorded long ago.
                raise TakenError
            done = self._write(turn, plan.entries, kek=turn.head.kek) if plan.entries else None
        if done is not None:
            self._take_over(done)
        return [
            at if isinstance(at, AuditError) else self._receipts(group, at, done)
            for group, at in zip(groups, places, strict=True)
        ]

    def _shred(self, what: Shredding) -> Receipt | AuditError:
        # The same, with one entry and all that it destroys. What is refused is undone whole.
        kenmerk = what.entry.kenmerk
        try:
            with self._ledger.turn() as turn:
                self._keep_up(turn.head)
                twin = turn.known([kenmerk]).get(kenmerk)
                if twin is not None:
                    known = self._kluis.unseal(twin.key, twin.zegel, kenmerk)
                    if known is None or not what.says(known[1]):
                        raise DuplicateError(TAKEN)
                    return self._receipt_of(twin.seq)
                what = in_time(what, turn.head.op, self._options.skew)
                made = shred(turn, self._ledger, self._kluis, what)
                done = self._write(turn, [made], kek=made.kek)
        except AuditError as error:
            return error
        self._kluis.turn_to(done.head.kek)
        self._take_over(done)
        self._kluis.keks.remove_before(done.head.kek)
        return done.receipt(done.first)

    def _keep_up(self, head: Head) -> None:
        # Another node may have shredded something.
        if head.kek != self._kluis.kek:
            self._kluis.turn_to(head.kek)

    def _write(self, turn: Turn, entries: Sequence[Prepared], *, kek: int) -> "_Done":
        # Steps 4 and 5. What is written is the state only when the turn has ended.
        before = turn.head
        peaks = unpack_peaks(before.size, before.peaks)
        growth = grow(peaks, before.size, [entry.hash for entry in entries])
        text = Checkpoint(origin=self._signer.vkey.name, size=growth.size, root=growth.root)
        batch = Batch(
            first=before.size,
            entries=entries,
            head=Head(
                size=growth.size,
                peaks=pack_peaks(growth.peaks),
                op=entries[-1].op,
                note=self._signer.sign(text.text()),
                epoch=before.epoch,
                kek=kek,
            ),
            # Most batches need none.
            keys=list(dict.fromkeys([key for entry in entries for key in entry.keys])),
        )
        turn.write(batch)
        return _Done(batch, growth)

    def _take_over(self, done: "_Done") -> None:
        # Step 6.
        self.head = done.head
        self._kluis.stored(done.keys)
        if not self.written.is_set():
            self.written.set()

    def _receipts(self, group: Group, at: Sequence[int], done: "_Done | None") -> Any:  # noqa: ANN401 - one or many
        found = [
            self._receipt_of(index) if done is None or index < done.first else done.receipt(index)
            for index in at
        ]
        return found[0] if group.alone else tuple(found)


class _Done:
    """A batch that is durable, and what its receipts are made from."""

    __slots__ = ("_entries", "_growth", "first", "head", "keys")

    def __init__(self, batch: Batch, growth: Growth) -> None:
        self.first = batch.first
        self.head = batch.head
        self.keys = batch.keys
        self._entries = batch.entries
        self._growth = growth

    def receipt(self, index: int) -> Receipt:
        """Return the receipt of a line of this batch; its proof is made when it is asked for."""
        head = self.head
        return Receipt(
            index=index,
            size=head.size,
            leaf=self._entries[index - self.first].data,
            proof=self._growth,
            checkpoint=head.note,
        )
