"""One turn on PostgreSQL: two round trips for a batch, whatever it holds.

The first takes the head, and reads the hashes of what other nodes wrote since; the second writes
and commits. Between them the head is locked, so the log cannot change.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final, LiteralString

import psycopg

from audit.entry import KeyRow
from audit.errors import LogBehindError
from audit.ledger import Batch, Head, Known
from audit.ledger.pg_arrays import Bytes, Ints, Texts
from audit.ledger.pg_reader import KNOWN, head_of, known_of
from audit.ledger.pg_schema import Connection
from audit.merkle import grow, unpack_peaks

_BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_TAKE: Final = "SELECT size, peaks, op, note, epoch, kek FROM logboek.take_turn(%s, %s::bigint)"
_SINCE: Final = (
    "SELECT hash FROM logboek.regel WHERE seq >= %s::bigint ORDER BY seq LIMIT %s::bigint"
)
_WRITE: Final = (
    "SELECT logboek.write_batch(%s::bigint, %s::bigint, %s::bytea, %s::text, %s::text,"
    " %s::bigint, %b::text[], %b::text[], %b::bytea[], %b::bytea[], %b::bytea[], %b::bytea[],"
    " %b::bigint[], %b::bigint[], %b::text[], %b::bigint[], %b::text[])"
)
ADD_KEYS: Final = (
    "SELECT logboek.add_keys(%b::bytea[], %b::bytea[], %b::text[], %b::bigint[], %b::bytea[])"
)
_ERASE: Final = "SELECT logboek.erase(%b::bytea[], %b::bigint[], %b::bigint[], %b::bigint[])"
_REWRAP: Final = "SELECT logboek.rewrap(%b::bytea[], %b::bigint[], %b::bytea[])"
_CONFIRM: Final = "SELECT logboek.confirm()"
_REWRAPPED_TOGETHER: Final = 5_000
_COMPARED_TOGETHER: Final = 65_536
_HARMLESS: Final = ("NOTICE", "INFO", "LOG", "DEBUG")


class StandbyError(Exception):
    """The server committed here, but gave up waiting for its standbys."""


class PostgresTurn:
    """A transaction that holds the head; see `Turn`."""

    def __init__(self, connection: Connection, node: tuple[str, int], seen: Head) -> None:
        """Say whose turn it is; nothing is sent yet.

        Args:
            connection: Where; without a transaction.
            node: The name and the epoch of the node.
            seen: The head as this node last saw it; what is there now must continue it.
        """
        self._connection = connection
        self._node = node
        self._seen = seen
        self.head = seen
        """As it was when the turn began."""
        self._queue: list[tuple[LiteralString, Sequence[object]]] = []
        self.batch: Batch | None = None
        """What `write` was given."""
        self.committing = False
        """Whether COMMIT was sent: from there on a lost connection tells nothing."""
        self._warned = False

    def begin(self) -> None:
        """Wait for the turn, and take it; before this there is nothing else to do.

        Raises:
            LogBehindError: The head does not continue what this node saw.
            ProofError: The head is damaged.
            psycopg.Error: Not now, or not by this node.
        """
        taken, since = (self._connection.cursor(binary=True) for _ in range(2))
        with self._connection.pipeline():
            self._connection.execute(_BEGIN)
            taken.execute(_TAKE, self._node)
            since.execute(_SINCE, (self._seen.size, _COMPARED_TOGETHER))
        head = head_of(taken.fetchall()[0])
        follow(self._connection, self._seen, head, [one for (one,) in since])
        self.head = head

    def known(self, kenmerken: Sequence[str]) -> Mapping[str, Known]:
        """Return what those kenmerken stand for that are taken."""
        self._send_queue()
        cursor = self._connection.cursor(binary=True)
        return known_of(cursor.execute(KNOWN, (list(kenmerken),)))

    def write(self, batch: Batch) -> None:
        """Add a batch; see `Turn.write`. It is sent with the commit, which tells of TakenError."""
        entries, head = batch.entries, batch.head
        opened, closed = batch.opened_and_closed()
        # In the order of the table, so that neighbours are found at once.
        words = sorted(
            [(w, index) for index, e in enumerate(entries, batch.first) for w in e.words]
        )
        if batch.keys:
            self._queue.append((ADD_KEYS, key_columns(batch.keys)))
        self._queue.append(
            (
                _WRITE,
                [
                    *(batch.first, head.size, head.peaks, head.op, head.note, head.kek),
                    Texts.of([e.soort.value for e in entries]),
                    Texts.of([e.kenmerk for e in entries]),
                    Bytes.of([e.data for e in entries]),
                    Bytes.of([e.hash for e in entries]),
                    Bytes.of([e.sleutel for e in entries]),
                    Bytes.of([e.zegel for e in entries]),
                    *_pairs(words),
                    Texts.of([name for name, _ in opened]),
                    Ints.of([index for _, index in opened]),
                    Texts.of([name for (name,) in closed]),
                ],
            )
        )
        self.batch = batch

    def erase(
        self, keys: Sequence[bytes], lines: Sequence[int], words: Sequence[tuple[int, int]]
    ) -> None:
        """Destroy what was shredded; see `Turn.erase`."""
        self._queue.append((_ERASE, [Bytes.of(keys), Ints.of(lines), *_pairs(words)]))
        # At once: whoever shreds much does so page by page.
        self._send_queue()

    def rewrap(self, keys: Iterable[KeyRow]) -> None:
        """Replace epoch and wrapping of these keys."""
        waiting = iter(keys)
        while rows := list(islice(waiting, _REWRAPPED_TOGETHER)):
            ids, _, _, epochs, wrapped = key_columns(rows)
            self._queue.append((_REWRAP, [ids, epochs, wrapped]))
            self._send_queue()

    def commit(self) -> None:
        """Send what waits and commit; when this returns, all of it is on disk.

        A turn in which nothing was written commits a touch of the head: what it found is then
        as durable as if it had written it.

        Raises:
            StandbyError: It is on disk here, but maybe nowhere else.
        """
        if not self._queue:
            self._queue.append((_CONFIRM, ()))
        self._connection.add_notice_handler(self._notice)
        try:
            with self._connection.pipeline():
                self._execute_queue()
                self.committing = True
                self._connection.execute("COMMIT")
        finally:
            self._connection.remove_notice_handler(self._notice)
        if self._warned:
            raise StandbyError

    def _notice(self, diagnostic: psycopg.errors.Diagnostic) -> None:
        # Whoever cancels a commit that waits for its standbys gets a warning and no error.
        if diagnostic.severity_nonlocalized not in _HARMLESS:
            self._warned = True

    def _send_queue(self) -> None:
        if self._queue:
            with self._connection.pipeline():
                self._execute_queue()

    def _execute_queue(self) -> None:
        queue, self._queue = self._queue, []
        for statement, values in queue:
            self._connection.execute(statement, values)


def follow(connection: Connection, seen: Head, head: Head, hashes: Sequence[bytes] = ()) -> None:
    """Make sure that a head continues one that was seen before, hash by hash.

    Args:
        connection: Where the lines are.
        seen: The earlier head.
        head: The later one.
        hashes: The first leaf hashes since, as far as they were read already.

    Raises:
        LogBehindError: It does not.
        ProofError: The head is damaged.
    """
    if head.size < seen.size:
        raise LogBehindError(
            f"De database heeft {head.size} regels, en eerder waren het er {seen.size}:"
            " er is een oude kopie teruggezet of er zijn regels verwijderd."
        )
    size, peaks = seen.size, unpack_peaks(seen.size, seen.peaks)
    batch = list(hashes[: head.size - size])
    while size < head.size:
        if not batch:
            limit = min(head.size - size, _COMPARED_TOGETHER)
            cursor = connection.cursor(binary=True)
            batch = [one for (one,) in cursor.execute(_SINCE, (size, limit))]
        if not batch:
            raise LogBehindError("In de database ontbreken regels.")
        growth = grow(peaks, size, batch)
        size, peaks, batch = growth.size, dict(growth.peaks), []
    if peaks != unpack_peaks(head.size, head.peaks):
        raise LogBehindError("De regels in de database zijn niet meer die van eerder.")


def key_columns(keys: Sequence[KeyRow]) -> list[Any]:
    """Return the columns of keys, in the order of ADD_KEYS."""
    return [
        Bytes.of([key.id for key in keys]),
        Bytes.of([key.onderwerp for key in keys]),
        Texts.of([key.maand for key in keys]),
        Ints.of([key.epoch for key in keys]),
        Bytes.of([key.verpakt for key in keys]),
    ]


def _pairs(rows: Sequence[tuple[int, int]]) -> tuple[Ints, Ints]:
    return Ints.of([first for first, _ in rows]), Ints.of([second for _, second in rows])
