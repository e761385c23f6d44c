"""One walk through all lines of a log beside its tiles and checkpoints.

Steps 2 to 4 of the recipe in `verify`. The tree is grown over the hashes in the full tiles,
and over those beside the lines where there is no full tile. So when lines were changed or
taken away, the tiles still lead to the signed roots, and the damage is known by the line.
"""

import heapq
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from audit.entry import Leaf, commitment, needs_stem, parse_canonical, stem
from audit.errors import EntryError, NoteError
from audit.findings import Code, Findings
from audit.merkle import leaf_hash
from audit.note import Vkey, open_checkpoint
from audit.storage import split_hashes
from audit.tree import TILE_HEIGHT, TILE_WIDTH, Tile, Tree

_PROGRESS = 4096
"""Lines between two words of progress."""


@dataclass(frozen=True, slots=True, order=True)
class _Mark:
    """A root that was signed for this size."""

    size: int
    root: bytes


class Walk:
    """Walks once; adds what is wrong to the findings."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        vkey: Vkey,
        *,
        findings: Findings,
        progress: Callable[[int, int], None],
    ) -> None:
        """Prepare to walk over the snapshot that the connection sees (text as bytes)."""
        self._connection = connection
        self._vkey = vkey
        self._findings = findings
        self._progress = progress
        last = connection.execute("SELECT max(seq) FROM regel").fetchone()[0]
        self.total = 0 if last is None else last + 1
        """Lines there should be, by the highest number."""
        self.next = 0
        """The line that is to come."""
        self._op = ""
        self._tree = Tree()
        self._pending: list[bytes] = []
        self._tree_holds = True
        self._before = 0
        self._covered = 0
        """All lines before this one were signed as they are (`_before`: the time before)."""
        self._denied: int | None = None
        """The first size since then at which another root was signed."""
        self._tile: tuple[bytes, ...] = ()
        """The full tile that holds the next line; empty when there is none."""
        self._tile_number = -1
        self._marks: Iterator[_Mark] = iter(())
        self._mark: _Mark | None = None

    def run(self, published: bytes | None) -> None:
        """Walk. `published` is the file `checkpoint`.

        Raises:
            sqlite3.DatabaseError: The database is damaged; `next` tells where.
        """
        self._marks = heapq.merge(self._stored_marks(), self._published_marks(published))
        self._mark = next(self._marks, None)
        self._pass_marks()
        for seq, *row in self._connection.execute(
            "SELECT seq, soort, kenmerk, leaf, hash, salt, payload FROM regel ORDER BY seq"
        ):
            if seq < self.next:
                self._findings.add(Code.GAT, seq)
                continue
            if seq > self.next:
                self._bridge(seq)
            self._open_tile()
            stored = _bytes(row[3])
            self._check_line(row, self._check_hash(_bytes(row[2]), stored))
            self._advance(stored)
        self._grow()
        self._finish()
        self._progress(self.next, self.total)

    def _bridge(self, seq: int) -> None:
        self._findings.add(Code.GAT, self.next, seq - 1)
        while self.next < seq:
            self._open_tile()
            if self._tile and self._tree_holds:
                self._advance(b"")
            else:
                # Nothing is left of these lines, so the tree cannot be grown over them.
                self._tree_holds = False
                self.next = seq

    def _advance(self, stored: bytes) -> None:
        self._pending.append(self._tile[self.next % TILE_WIDTH] if self._tile else stored)
        self.next += 1
        if self.next % TILE_WIDTH == 0:
            self._grow()
        self._pass_marks()
        if self.next % _PROGRESS == 0:
            self._progress(self.next, self.total)

    # Step 2.

    def _check_hash(self, data: bytes, stored: bytes) -> bool:
        own = leaf_hash(data) == stored
        if not own:
            self._findings.add(Code.HASH, self.next)
        tiled = not self._tile or self._tile[self.next % TILE_WIDTH] == stored
        if not tiled:
            self._findings.add(Code.TEGEL, self.next)
        return own and tiled

    def _check_line(self, row: Sequence[object], unchanged: bool) -> None:  # noqa: FBT001
        soort, kenmerk, data, _, salt, payload = row
        try:
            leaf = Leaf.parse(_bytes(data))
            if needs_stem(leaf.soort) and stem(leaf.soort, leaf.kenmerk) is None:
                self._findings.add(Code.VORM, self.next)
            # The moment of a line that was changed tells nothing about its neighbours.
            if unchanged and leaf.op < self._op:
                self._findings.add(Code.KLOK, self.next)
            if unchanged:
                self._op = max(leaf.op, self._op)
            if (soort, kenmerk) != (leaf.soort.encode(), leaf.kenmerk.encode()):
                self._findings.add(Code.KOLOM, self.next)
            if payload is None:
                return
            if commitment(_bytes(salt), _bytes(payload)) == leaf.toezegging:
                parse_canonical(_bytes(payload))
            else:
                self._findings.add(Code.TOEZEGGING, self.next)
        except EntryError:
            self._findings.add(Code.VORM, self.next)

    # Step 3.

    def _grow(self) -> None:
        pending, self._pending = self._pending, []
        if not pending or not self._tree_holds:
            return
        self._tree, _, tiles = self._tree.grown(pending)
        for tile in tiles:
            if tile.level and self._stored_tile(tile.level, tile.number) != tile.hashes:
                self._findings.add(Code.TEGEL, *_lines_below(tile))

    def _open_tile(self) -> None:
        number = self.next // TILE_WIDTH
        if number == self._tile_number:
            return
        self._tile_number = number
        self._tile = ()
        first, after = number * TILE_WIDTH, (number + 1) * TILE_WIDTH
        if after > self.total:
            return
        hashes = self._stored_tile(0, number)
        if len(hashes) == TILE_WIDTH:
            self._tile = hashes
        else:
            self._findings.add(Code.TEGEL, first, after - 1)

    def _stored_tile(self, level: int, number: int) -> tuple[bytes, ...]:
        row = self._connection.execute(
            "SELECT hashes FROM tegel WHERE level = ? AND number = ?", (level, number)
        ).fetchone()
        return split_hashes(_bytes(row[0])) if row else ()

    def _stored_marks(self) -> Iterator[_Mark]:
        for size, note in self._connection.execute(
            "SELECT size, note FROM controlepunt ORDER BY size"
        ):
            mark = self._open(_bytes(note))
            if mark is None or mark.size != size:
                self._findings.add(Code.HANDTEKENING, self._covered, size - 1)
            else:
                yield mark

    def _published_marks(self, published: bytes | None) -> Iterator[_Mark]:
        mark = None if published is None else self._open(published)
        if mark is None:
            self._findings.add(Code.CONTROLEPUNT, 0, self.total - 1)
        else:
            yield mark

    def _open(self, note: bytes) -> _Mark | None:
        try:
            checkpoint = open_checkpoint(note.decode(), self._vkey)
        except (NoteError, UnicodeDecodeError):
            return None
        return _Mark(checkpoint.size, checkpoint.root)

    def _pass_marks(self) -> None:
        while self._mark is not None and self._mark.size <= self.next:
            self._grow()
            if self._tree_holds:
                self._compare(self._mark)
            self._mark = next(self._marks, None)

    def _compare(self, mark: _Mark) -> None:
        if self._tree.root == mark.root:
            if self._denied is not None:
                # This root covers those lines too: they are right, so two roots were signed.
                self._findings.add(Code.SPLITSING, self._covered, self._denied - 1)
                self._denied = None
            if mark.size > self._covered:
                self._before, self._covered = self._covered, mark.size
        elif mark.size == self._covered:
            self._findings.add(Code.SPLITSING, self._before, mark.size - 1)
        elif self._denied is None:
            self._denied = mark.size

    # Step 4.

    def _finish(self) -> None:
        if self._mark is not None:
            lost = max([self._mark.size, *(mark.size for mark in self._marks)])
            self._findings.add(Code.AFGEKAPT, self.next, lost - 1)
        if self._denied is not None:
            self._findings.add(Code.BOOM, self._covered, self._denied - 1)
            self._covered = self._denied
        if self._covered < self.next:
            self._findings.add(Code.ONGEDEKT, self._covered, self.next - 1)
        count = self._connection.execute("SELECT count(*) FROM tegel").fetchone()[0]
        if count > _full_tiles(self.total):
            self._findings.add(Code.TEGEL, self.next)


def _bytes(value: object) -> bytes:
    # In a database of ours these are bytes; whoever meddled may have put in something else.
    return value if isinstance(value, bytes) else b""


def _lines_below(tile: Tile) -> tuple[int, int]:
    shift = TILE_HEIGHT * (tile.level + 1)
    return tile.number << shift, ((tile.number + 1) << shift) - 1


def _full_tiles(size: int) -> int:
    count = 0
    while size := size // TILE_WIDTH:
        count += size
    return count
