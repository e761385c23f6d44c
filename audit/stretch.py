"""One stretch of a log, checked beside all that tells of it: bundles, tiles and rows.

A stretch is what lies below one tile of level 1: 256 bundles of 256 lines. It is checked by
itself, so several can be checked at the same time; what only the whole can tell (roots, order
between stretches, voornemens that are closed later) is handed back in an `Outcome`.

The work goes by the bundle. When bundle, tile and rows agree and their form is in order, that is
seen in a few steps over all 256 lines; else `careful` looks at each line and says what is off.
"""

import hashlib
import sqlite3
from collections.abc import Iterator

from audit import careful
from audit.checkpoint import Checkpoint
from audit.disk import DATABASE
from audit.errors import NoteError, TileError
from audit.findings import Code
from audit.forms import Lines, read_lines
from audit.merkle import node_hash, root_of
from audit.note import open_checkpoint
from audit.outcome import Job, Mark, Outcome, Place
from audit.rows import connect
from audit.tiles import ENTRIES, TilePath, TileReader, width_at
from audit.tree import TILE_WIDTH
from audit.vkey import Vkey

STRETCH = TILE_WIDTH * TILE_WIDTH
"""Lines in a stretch."""
_sha256 = hashlib.sha256

# One answer for a whole bundle. What the columns are compared with holds no comma in soort and
# kenmerk, no newline in a leaf, and 32 bytes in a hash; so it is certain where each value ends.
_ROWS = (
    "SELECT count(*), sum(length(hash) = 32), group_concat(hash, ''), group_concat(soort),"
    " group_concat(kenmerk), group_concat(leaf, x'0a') FROM regel WHERE seq >= ? AND seq < ?"
)
_NOTES = "SELECT size, note FROM controlepunt WHERE size > ? AND size <= ? ORDER BY size"


class Checker:
    """Checks stretches, over one connection of its own."""

    def __init__(self, place: Place) -> None:
        """Open what lies in that place."""
        self.place = place
        self.tiles = TileReader(place.directory, place.published.size)
        self._root = str(place.directory)
        self.connection: sqlite3.Connection | None = None
        if place.rows:
            self.connection = connect(place.directory / DATABASE, quiet=place.quiet)

    def close(self) -> None:
        """Let go of the database."""
        if self.connection is not None:
            self.connection.close()

    def check(self, job: Job) -> Outcome:
        """Check one stretch."""
        out = Outcome(job=job, last_op=job.floor)
        marks = self._marks(job, out)
        mark = next(marks, None)
        spine = _Spine()
        for start in range(job.first, job.end, TILE_WIDTH):
            end = min(start + TILE_WIDTH, job.end)
            hashes = self._bundle(out, start, end - start)
            root = self.parent(start) if hashes is None else root_of(hashes)
            while mark is not None and mark[0] <= end:
                whole = root if mark[0] == end else None
                out.marks.append(_mark_at(out, spine, hashes, start, (*mark, whole)))
                mark = next(marks, None)
            if root is None:
                out.holds = False
            elif end - start < TILE_WIDTH:
                out.edge = hashes or []
            else:
                out.roots.append(root)
                spine.add(root)
        self._check_parents(out)
        return out

    def parent(self, start: int) -> bytes | None:
        """Return what the tile above says of the full bundle at this line, when it is there."""
        number = start // TILE_WIDTH
        if width_at(self.place.published.size, 1, number // TILE_WIDTH) <= number % TILE_WIDTH:
            return None
        try:
            return self.tiles.tile(1, number // TILE_WIDTH)[number % TILE_WIDTH]
        except TileError:
            return None

    def _bundle(self, out: Outcome, start: int, count: int) -> list[bytes] | None:
        try:
            hashes = self._swift(out, start, count)
        except sqlite3.DatabaseError:
            hashes = None
        return careful.check(self, out, start, count) if hashes is None else hashes

    def _swift(self, out: Outcome, start: int, count: int) -> list[bytes] | None:
        # The hashes of a bundle in which all is as it should be, else None.
        number = start // TILE_WIDTH
        if width_at(self.place.published.size, 0, number) != count:
            return None
        bundle = self._read(TilePath(ENTRIES, number, count))
        lines = None if bundle is None else read_lines(bundle, count)
        if lines is None:
            return None
        hashes = [_sha256(b"\0" + leaf).digest() for leaf in lines.leaves]
        joined = b"".join(hashes)
        if self._read(TilePath(0, number, count)) != joined:
            return None
        if start < self.place.rows and not self._has_rows(start, lines, joined):
            return None
        out.follow(start, lines, index=start < self.place.rows)
        return hashes

    def _read(self, path: TilePath) -> bytes | None:
        try:
            with open(f"{self._root}/{path}", "rb", buffering=0) as file:  # noqa: PTH123
                return file.read()
        except OSError:
            return None

    def _has_rows(self, start: int, lines: Lines, hashes: bytes) -> bool:
        if self.connection is None:
            return False
        count = len(lines.leaves)
        row = self.connection.execute(_ROWS, (start, start + count)).fetchone()
        soorten, kenmerken = b",".join(lines.soorten), b",".join(lines.kenmerken)
        return bool(row == (count, count, hashes, soorten, kenmerken, b"\n".join(lines.leaves)))

    # What was signed within the stretch.

    def _marks(self, job: Job, out: Outcome) -> Iterator[tuple[int, bytes | None]]:
        asked = [(size, None) for size in job.sizes if job.first < size <= job.end]
        stored = list(self._stored(job, out))
        return iter(sorted([*asked, *stored], key=lambda mark: mark[0]))

    def _stored(self, job: Job, out: Outcome) -> Iterator[tuple[int, bytes | None]]:
        if self.connection is None:
            return
        before = job.first
        try:
            for size, note in self.connection.execute(_NOTES, (job.first, job.end)):
                checkpoint = opened(note, self.place.vkey)
                if checkpoint is None or checkpoint.size != size:
                    out.add(Code.HANDTEKENING, before, size - 1)
                else:
                    before = size
                    yield size, checkpoint.root
        except sqlite3.DatabaseError:
            out.add(Code.BESCHADIGD, before, job.end - 1)

    def _check_parents(self, out: Outcome) -> None:
        # The tile of level 1 above this stretch.
        first = out.job.first
        width = width_at(self.place.published.size, 1, first // STRETCH)
        if not width:
            return
        try:
            row = self.tiles.tile(1, first // STRETCH)
        except TileError as error:
            out.add(Code.TEGEL, first, first + width * TILE_WIDTH - 1, str(error))
            return
        if not out.holds:
            return
        for place, (root, stored) in enumerate(zip(out.roots, row, strict=False)):
            if root != stored:
                start = first + place * TILE_WIDTH
                out.add(Code.TEGEL, start, start + TILE_WIDTH - 1)


class _Spine:
    """The roots of full bundles, put together as they come."""

    def __init__(self) -> None:
        self._count = 0
        self._peaks: dict[int, bytes] = {}

    def add(self, node: bytes) -> None:
        height = 0
        while self._count >> height & 1:
            node = node_hash(self._peaks.pop(height), node)
            height += 1
        self._peaks[height] = node
        self._count += 1

    def root(self, right: bytes) -> bytes:
        """Return the root with this at the right of all."""
        for height in sorted(self._peaks):
            right = node_hash(self._peaks[height], right)
        return right


def _mark_at(
    out: Outcome,
    spine: _Spine,
    hashes: list[bytes] | None,
    start: int,
    mark: tuple[int, bytes | None, bytes | None],
) -> Mark:
    size, signed, right = mark
    if right is None and hashes is not None:
        right = root_of(hashes[: size - start])
    return Mark(size, None if right is None or not out.holds else spine.root(right), signed)


def opened(note: object, vkey: Vkey) -> Checkpoint | None:
    """Read a checkpoint that this key truly signed; None when it is none."""
    try:
        return open_checkpoint(note.decode(), vkey) if isinstance(note, bytes) else None
    except (NoteError, UnicodeDecodeError):
        return None
