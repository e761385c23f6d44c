"""A bundle in which something is off, line by line: which line, and in which of its places.

Up to four places tell the hash of a line: bundle, tile, the leaf in its row, and the hash in its
row. Which of them tells the truth follows from the tree above, as far as it goes; else most of
them are believed, and the signed roots decide later.
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.bundles import parse_bundle
from audit.entry import Leaf, needs_stem, stem
from audit.errors import EntryError, TileError
from audit.findings import Code
from audit.merkle import leaf_hash, root_of
from audit.outcome import Outcome
from audit.rows import as_bytes
from audit.tiles import ENTRIES, TilePath, edges_root, read_partial, width_at
from audit.tree import TILE_HEIGHT, TILE_WIDTH

if TYPE_CHECKING:
    from audit.stretch import Checker

_ROWS = "SELECT seq, soort, kenmerk, leaf, hash FROM regel WHERE seq >= ? AND seq < ?"
Hashes = list[bytes | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    soort: object
    kenmerk: object
    leaf: bytes
    hash: bytes


@dataclass(slots=True, kw_only=True)
class _Bundle:
    """What each place tells of one bundle; None where a place tells nothing."""

    start: int
    count: int
    leaves: list[bytes] | None = None
    tile: Sequence[bytes] | None = None
    rows: dict[int, _Row] | None = None
    bundled: Hashes = field(default_factory=list)
    truth: Hashes = field(default_factory=list)

    def columns(self) -> list[Hashes]:
        """Return what bundle, tile, leaves and hashes of rows say, in this order."""
        rows = [(self.rows or {}).get(self.start + i) for i in range(self.count)]
        self.bundled = self._padded([leaf_hash(leaf) for leaf in self.leaves or ()])
        return [
            self.bundled,
            self._padded(self.tile or ()),
            [None if row is None else leaf_hash(row.leaf) for row in rows],
            [None if row is None else row.hash for row in rows],
        ]

    def _padded(self, hashes: Sequence[bytes]) -> Hashes:
        return [*hashes, *[None] * (self.count - len(hashes))]


def check(checker: "Checker", out: Outcome, start: int, count: int) -> list[bytes] | None:
    """Look at each line of a bundle; return the true hashes, None when one is nowhere to be found.

    Adds to the outcome what is off, and what the lines tell.
    """
    bundle = _Bundle(start=start, count=count)
    _read_files(checker, out, bundle)
    _read_rows(checker, out, bundle)
    columns = bundle.columns()
    bundle.truth = _true_hashes(checker, bundle, columns)
    for i, hash_ in enumerate(bundle.truth):
        _compare(checker, out, bundle, i, [column[i] for column in columns])
        if hash_ is not None:
            _follow(out, bundle, i, columns)
    found = [hash_ for hash_ in bundle.truth if hash_ is not None]
    return found if len(found) == count else None


def _read_files(checker: "Checker", out: Outcome, bundle: _Bundle) -> None:
    number = bundle.start // TILE_WIDTH
    width = min(width_at(checker.place.published.size, 0, number), bundle.count)
    if not width:
        return
    last = bundle.start + width - 1
    directory = checker.place.directory
    try:
        data, file = read_partial(directory, TilePath(ENTRIES, number, width))
        bundle.leaves = parse_bundle(data, TilePath.parse(file).width, file)[:width]
    except TileError as error:
        out.add(Code.BUNDEL, bundle.start, last, str(error))
    try:
        bundle.tile = checker.tiles.tile(0, number)[:width]
    except TileError as error:
        out.add(Code.TEGEL, bundle.start, last, str(error))


def _read_rows(checker: "Checker", out: Outcome, bundle: _Bundle) -> None:
    if checker.connection is None:
        return
    end = min(bundle.start + bundle.count, checker.place.rows)
    try:
        bundle.rows = {
            row[0]: _Row(soort=row[1], kenmerk=row[2], leaf=as_bytes(row[3]), hash=as_bytes(row[4]))
            for row in checker.connection.execute(_ROWS, (bundle.start, end))
        }
        for seq, row in bundle.rows.items():
            out.index += hash((row.kenmerk, seq)) + hash((row.soort, seq))
    except sqlite3.DatabaseError:
        out.add(Code.BESCHADIGD, bundle.start, end - 1)


def _true_hashes(checker: "Checker", bundle: _Bundle, columns: list[Hashes]) -> Hashes:
    most: Hashes = [_most(votes) for votes in zip(*columns, strict=True)]
    for candidate in (most, *columns):
        filled = [own or other for own, other in zip(candidate, most, strict=True)]
        if _leads_up(checker, bundle, filled):
            return filled
    return most


def _most(votes: Sequence[bytes | None]) -> bytes | None:
    counted = Counter(vote for vote in votes if vote is not None)
    # Of as many votes, the place that comes first.
    return max(counted, key=lambda vote: counted[vote]) if counted else None


def _leads_up(checker: "Checker", bundle: _Bundle, hashes: Hashes) -> bool:
    # Whether the tree above a bundle says that these are its hashes.
    row = [hash_ for hash_ in hashes if hash_ is not None]
    if len(row) != bundle.count:
        return False
    if bundle.count == TILE_WIDTH:
        return root_of(row) == checker.parent(bundle.start)
    published = checker.place.published
    if bundle.start + bundle.count != published.size:
        return False
    edges = [row]
    try:
        while nodes := published.size >> (TILE_HEIGHT * len(edges)):
            level, number = len(edges), nodes // TILE_WIDTH
            edges.append(list(checker.tiles.tile(level, number)) if nodes % TILE_WIDTH else [])
    except TileError:
        return False
    return edges_root(edges) == published.root


def _compare(
    checker: "Checker",
    out: Outcome,
    bundle: _Bundle,
    i: int,
    votes: Sequence[bytes | None],
) -> None:
    bundled, tiled, row_leaf, row_hash = votes
    true, seq = bundle.truth[i], bundle.start + i
    if bundled not in (None, true):
        out.add(Code.BUNDEL, seq)
    if tiled not in (None, true):
        out.add(Code.TEGEL, seq)
    if row_leaf is not None and (row_leaf != true or row_hash != true):
        out.add(Code.HASH, seq)
    if bundle.rows is not None and seq < checker.place.rows and row_leaf is None:
        out.add(Code.GAT, seq)


def _follow(out: Outcome, bundle: _Bundle, i: int, columns: list[Hashes]) -> None:
    # What a line tells, from whichever place still has it as it was.
    seq = bundle.start + i
    row = (bundle.rows or {}).get(seq)
    data = None
    if columns[0][i] == bundle.truth[i] and bundle.leaves is not None:
        data = bundle.leaves[i]
    elif row is not None and columns[2][i] == bundle.truth[i]:
        data = row.leaf
    if data is None:
        return
    try:
        leaf = Leaf.parse(data)
    except EntryError:
        out.add(Code.VORM, seq)
        return
    _follow_leaf(out, seq, leaf, row)


def _follow_leaf(out: Outcome, seq: int, leaf: Leaf, row: _Row | None) -> None:
    columns = leaf.soort.value.encode(), leaf.kenmerk.encode()
    if row is not None and (row.soort, row.kenmerk) != columns:
        out.add(Code.KOLOM, seq)
    out.clock(seq, leaf.op[:-1].encode())
    name = stem(leaf.soort, leaf.kenmerk)
    if not needs_stem(leaf.soort):
        return
    if name is None:
        out.add(Code.VORM, seq)
    else:
        out.pair(name.encode() + b"/", seq, columns[0])
