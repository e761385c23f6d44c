"""The port to where a log is kept: `sqlite` embedded, `postgres` for several nodes.

A ledger knows rows and transactions. It knows no clear text: payloads come and go sealed, and
what they can be found by are blinded numbers. A transaction is a `Turn`: it holds the head
exclusively, so whoever has the turn is the only writer, on this node and on every other.

Tables, the same in every ledger:

    regel(seq PK, soort, kenmerk UNIQUE, leaf, hash, sleutel, zegel)
    sleutel(id PK, onderwerp, maand, epoch, verpakt), and an index on (onderwerp, maand)
    trefwoord(token, seq), both PK
    kop(one row: size, peaks, op, note, epoch, kek)
    controlepunt(size PK, note)
    open_voornemen(stam PK, seq)

Methods may raise the errors of their driver; `failures` tells which, and `audit.errors.describe`
puts them into words.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from audit.entry import CLOSING, KeyRow, Prepared, Soort, stem


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The state of a log: all that is needed to grow it, and what was signed of it."""

    size: int
    """Lines in the log."""
    peaks: bytes
    """The frontier of the tree: the roots of its complete subtrees of 32 bytes, largest first."""
    op: str
    """The moment of the last line; empty for a log without lines."""
    note: str
    """The signed checkpoint of this size."""
    epoch: int
    """Rises with each node that opens the log, and shuts out who was removed. SQLite: 0."""
    kek: int
    """The epoch of the key that wraps all data keys."""


class Stored(NamedTuple):
    """A line as it is kept. `key` is None once the key was destroyed, `zegel` once shredded."""

    seq: int
    leaf: bytes
    key: KeyRow | None
    zegel: bytes | None


class Known(NamedTuple):
    """What a kenmerk already stands for."""

    seq: int
    soort: str
    key: KeyRow | None
    zegel: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A recorded entry as it is read back; payload and salt are None once destroyed."""

    index: int
    soort: Soort
    at: dt.datetime
    kenmerk: str
    payload: dict[str, Any] | None = field(repr=False)
    salt: bytes | None = field(repr=False)
    leaf: bytes


@dataclass(slots=True, kw_only=True)
class Batch:
    """All that one commit adds: lines from index `first` on, and what follows from them."""

    first: int
    entries: Sequence[Prepared]
    head: Head
    """The head after this batch; its note is the checkpoint that is kept beside it."""
    keys: Sequence[KeyRow] = ()
    """Keys that the entries need; those whose id is there already are left as they are."""

    def opened_and_closed(self) -> tuple[list[tuple[str, int]], list[tuple[str]]]:
        """Return which voornemens (stam, index) this batch leaves open, and which it closes.

        In order: an end that comes before its voornemen does not close it.
        """
        opened: dict[str, int] = {}
        closed: list[tuple[str]] = []
        for index, entry in enumerate(self.entries, self.first):
            soort = entry.soort
            if soort is Soort.VOORNEMEN:
                opened[entry.kenmerk.removesuffix("/voornemen")] = index
            elif soort in CLOSING:
                name = stem(soort, entry.kenmerk)
                if name is not None and opened.pop(name, None) is None:
                    closed.append((name,))
        return list(opened.items()), closed


class TakenError(Exception):
    """A kenmerk of the batch is taken: the turn is void, so ask `known` in a next one."""


class Turn(Protocol):
    """A transaction that holds the head: nobody else writes until it ends.

    On leaving without an exception it commits: when that returns, all is on disk. An exception
    undoes all of it.
    """

    head: Head
    """As it was when the turn began; not changed by `write`."""

    def known(self, kenmerken: Sequence[str]) -> Mapping[str, Known]:
        """Return what those kenmerken stand for that are taken."""

    def write(self, batch: Batch) -> None:
        """Add lines, keys, words, open voornemens and the checkpoint; replace the head.

        Words: a row (token, index) for each of `Prepared.words`, which holds none twice.

        Raises:
            TakenError: A kenmerk is taken. `known` need not be asked before: kenmerken are
                seldom taken, so it is quicker to find out here.
        """

    def erase(
        self, keys: Sequence[bytes], lines: Sequence[int], words: Sequence[tuple[int, int]]
    ) -> None:
        """Destroy what was shredded.

        Args:
            keys: Ids of keys; their rows are deleted.
            lines: Indexes whose `zegel` becomes NULL.
            words: Rows (token, index) of `trefwoord`, which are deleted.
        """

    def rewrap(self, keys: Iterable[KeyRow]) -> None:
        """Replace epoch and wrapping of these keys; their other columns stay."""


class Ledger(Protocol):
    """Where a log is kept. Readers may be called from any thread, also while a turn is open.

    Readers see what was committed. All lines are given in order of their index.
    """

    failures: tuple[type[Exception], ...]
    """The errors of the driver."""
    shared: bool
    """Whether other processes may write meanwhile."""
    newcomer: bool
    """Whether this process is new to the log, so that it cannot have a checkpoint of it yet."""

    def turn(self) -> AbstractContextManager[Turn]:
        """Begin a transaction that holds the head exclusively. Only for the writer."""

    def create(self, head: Head, keys: Sequence[KeyRow]) -> None:
        """Make an empty log with its first head, checkpoint and keys, in one transaction."""

    def head(self) -> Head | None:
        """Return the head; None when there is no log yet."""

    def note_after(self, index: int) -> str | None:
        """Return the checkpoint of the batch that brought this line."""

    def lines(self, start: int, limit: int, soort: Soort | None) -> list[Stored]:
        """Return at most `limit` lines from index `start` on, of one soort or of all."""

    def open_intents(self, limit: int) -> list[Stored]:
        """Return the first voornemens without an end, at most `limit`."""

    def hashes(self, low: int, high: int) -> list[bytes]:
        """Return the leaf hashes of lines low..high-1, as far as they are there."""

    def rows(self, low: int, high: int) -> list[bytes]:
        """Return the leaf bytes of lines low..high-1, as far as they are there."""

    def known(self, kenmerken: Sequence[str]) -> Mapping[str, Known]:
        """Return what those kenmerken stand for that are taken."""

    def keys(self, onderwerp: bytes | None, maand: str | None) -> list[KeyRow]:
        """Return the keys of a subject and a month; None is any."""

    def keys_after(self, key_id: bytes, limit: int) -> list[KeyRow]:
        """Return at most `limit` keys in order of their id, those after this one."""

    def search(
        self, tokens: Sequence[int], span: tuple[int, int], limit: int, soort: Soort | None
    ) -> list[Stored]:
        """Return lines that have all these tokens, at most `limit`.

        Args:
            tokens: At least one; the first drives the search, so it should have the fewest lines.
            span: The first index, and the one after the last.
            limit: How many at most.
            soort: Only lines of this soort; None is all.
        """

    def close(self) -> None:
        """Let go of every connection."""
