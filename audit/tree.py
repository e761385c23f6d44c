"""The growing tree of a log, as an immutable value, and its tiles of 256 hashes.

Tile (level, number) holds the 256 complete nodes of height `8 * level` from number
`256 * number` on (C2SP tlog-tiles). A full tile never changes, so it is stored once; the
hashes right of the last full tile of each level are the *edge*, kept in memory.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from audit.errors import LogRangeError
from audit.merkle import (
    Growth,
    consistency_spans,
    frontier_root,
    grow,
    inclusion_spans,
    root_of,
    span_root,
)

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
"""Hashes in a full tile."""

TileLookup = Callable[[int, int], Sequence[bytes]]
"""Gives the 256 hashes of the full tile (level, number)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A full tile that a batch completed."""

    level: int
    number: int
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A tree of `size` leaves: enough to append to it and to prove things from its tiles."""

    size: int = 0
    peaks: Mapping[int, bytes] = field(default_factory=dict)
    edges: tuple[tuple[bytes, ...], ...] = ()
    """Per level the hashes right of the last full tile, at most 255 each."""

    @property
    def root(self) -> bytes:
        """The root hash; of the empty tree the hash of nothing."""
        return frontier_root(self.peaks)

    def grown(self, leaves: Sequence[bytes]) -> tuple["Tree", Growth, list[Tile]]:
        """Return the tree with these leaf hashes appended, how it grew, and its new full tiles.

        This tree stays as it is: who cannot store the new one simply keeps the old.
        """
        growth = grow(self.peaks, self.size, leaves)
        edges: list[tuple[bytes, ...]] = []
        tiles: list[Tile] = []
        level = 0
        while level < len(self.edges) or growth.size >> (TILE_HEIGHT * level):
            height = TILE_HEIGHT * level
            old, new = self.size >> height, growth.size >> height
            kept = self.edges[level] if level < len(self.edges) else ()
            row = (*kept, *growth.nodes(height, old, new))
            first = old // TILE_WIDTH
            full = len(row) // TILE_WIDTH
            tiles.extend(
                Tile(
                    level=level,
                    number=first + i,
                    hashes=row[i * TILE_WIDTH : (i + 1) * TILE_WIDTH],
                )
                for i in range(full)
            )
            edges.append(row[full * TILE_WIDTH :])
            level += 1
        return Tree(size=growth.size, peaks=growth.peaks, edges=tuple(edges)), growth, tiles

    def inclusion(self, index: int, size: int, tiles: TileLookup) -> tuple[bytes, ...]:
        """Return the proof that leaf `index` stands in the tree as it was at `size`.

        Raises:
            LogRangeError: Not 0 <= index < size <= the size of this tree.
        """
        if not 0 <= index < size <= self.size:
            raise LogRangeError(f"Regel {index} staat niet in een logboek van {size} regels.")
        return self._hashes(inclusion_spans(index, size), tiles)

    def consistency(self, old: int, new: int, tiles: TileLookup) -> tuple[bytes, ...]:
        """Return the proof that the tree at size `old` is the beginning of that at `new`.

        Raises:
            LogRangeError: Not 1 <= old <= new <= the size of this tree.
        """
        if not 1 <= old <= new <= self.size:
            raise LogRangeError(f"Er is geen bewijs van grootte {old} naar grootte {new}.")
        return self._hashes(consistency_spans(old, new), tiles)

    def root_at(self, size: int, tiles: TileLookup) -> bytes:
        """Return the root as it was at `size` (0 <= size <= the size of this tree)."""
        return span_root(0, size, lambda height, number: self._node(height, number, tiles))

    def _hashes(self, spans: Iterable[tuple[int, int]], tiles: TileLookup) -> tuple[bytes, ...]:
        return tuple(
            span_root(low, high, lambda height, number: self._node(height, number, tiles))
            for low, high in spans
        )

    def _node(self, height: int, number: int, tiles: TileLookup) -> bytes:
        level, rest = divmod(height, TILE_HEIGHT)
        first = number << rest
        tile, offset = divmod(first, TILE_WIDTH)
        full = (self.size >> (TILE_HEIGHT * level)) // TILE_WIDTH
        row = tiles(level, tile) if tile < full else self.edges[level]
        return root_of(row[offset : offset + (1 << rest)])


def tree_from_tiles(size: int, tail: Sequence[bytes], tiles: TileLookup) -> Tree:
    """Build the tree of `size` leaves from stored full tiles.

    Args:
        size: Leaves in the tree.
        tail: The leaf hashes right of the last full tile of level 0.
        tiles: Gives stored full tiles.
    """
    edges = [tuple(tail)] if size else []
    level = 1
    while size >> (TILE_HEIGHT * level):
        count = size >> (TILE_HEIGHT * level)
        first = count - count % TILE_WIDTH
        edges.append(tuple(root_of(tiles(level - 1, i)) for i in range(first, count)))
        level += 1
    peaks = {}
    for height in range(size.bit_length()):
        if size >> height & 1:
            row = edges[height // TILE_HEIGHT]
            width = 1 << height % TILE_HEIGHT
            offset = ((size >> height) - 1) * width % TILE_WIDTH
            peaks[height] = root_of(row[offset : offset + width])
    return Tree(size=size, peaks=peaks, edges=tuple(edges))
