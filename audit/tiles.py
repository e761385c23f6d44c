"""The tree as files: tiles of C2SP tlog-tiles, their paths, and proofs from them.

Tile (level, number) holds the nodes of height `8 * level` from number `256 * number` on: 256
of them when it is full, and then it never changes. A log of some size has per level at most
one partial tile, at the right; its path tells its width. So whatever the size of the log, a
proof needs one tile per level, and those at the right edge, which are soon at hand.
"""

import functools
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.bundles import parse_bundle
from audit.errors import LogRangeError, TileError, describe
from audit.merkle import (
    HASH_SIZE,
    Span,
    consistency_spans,
    inclusion_spans,
    parents,
    root_of,
    span_root,
)
from audit.tree import TILE_HEIGHT, TILE_WIDTH, TileLookup

ENTRIES = -1
"""The level under which the paths of bundles are made: they lie beside level 0."""
MAX_LEVEL = 63
MAX_NUMBER = (1 << 55) - 1
"""More tiles than 2**63 lines can have is no path of a log."""

HashReader = Callable[[int, int], Sequence[bytes]]
"""Gives the leaf hashes of the lines low..high-1."""

_PATH = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*)([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True, order=True)
class TilePath:
    """Which tile or bundle a file is. `level` is ENTRIES for a bundle."""

    level: int
    number: int
    width: int = TILE_WIDTH

    # `typing.override` came with Python 3.12.
    def __str__(self) -> str:  # type: ignore[explicit-override]
        kind = "entries" if self.level == ENTRIES else str(self.level)
        digits = f"{self.number:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        name = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
        return f"tile/{kind}/{name}" + (f".p/{self.width}" if self.width < TILE_WIDTH else "")

    @classmethod
    def parse(cls, text: str) -> "TilePath":
        """Read a path, and only the one way in which it may be written.

        Raises:
            TileError: It is no path of a tile or bundle.
        """
        match = _PATH.fullmatch(text)
        if match is not None:
            kind, groups, last, width = match.groups()
            path = cls(
                level=ENTRIES if kind == "entries" else int(kind),
                number=int(groups.replace("x", "").replace("/", "") + last),
                width=TILE_WIDTH if width is None else int(width),
            )
            good = path.level <= MAX_LEVEL and path.number <= MAX_NUMBER
            if good and (width is None or path.width < TILE_WIDTH) and str(path) == text:
                return path
        raise TileError("Dit is geen plaats van een tegel of bundel.")


def width_at(size: int, level: int, number: int) -> int:
    """Return how many hashes a tile has in a log of this size: 0 when it is not there."""
    nodes = size >> (TILE_HEIGHT * max(level, 0))
    return min(max(nodes - number * TILE_WIDTH, 0), TILE_WIDTH)


def partials(size: int) -> list[TilePath]:
    """Return the partial bundle and the partial tiles of a log of this size."""
    found = []
    for level in (ENTRIES, *range(_levels(size))):
        number, width = divmod(size >> (TILE_HEIGHT * max(level, 0)), TILE_WIDTH)
        if width:
            found.append(TilePath(level, number, width))
    return found


def _levels(size: int) -> int:
    return -(-size.bit_length() // TILE_HEIGHT)


def published_lines(directory: Path) -> int:
    """Return for how many lines there are bundles, by the name of the last."""
    count = 0
    for folder, _, names in os.walk(directory / "tile" / "entries"):
        for name in names:
            try:
                path = TilePath.parse((Path(folder) / name).relative_to(directory).as_posix())
            except TileError:
                continue
            count = max(count, path.number * TILE_WIDTH + path.width)
    return count


def read_partial(directory: Path, path: TilePath) -> tuple[bytes, str]:
    """Return the bytes of a tile or bundle, and the name of the file they came from.

    The full one, or a wider one, may have taken the place of a partial one.

    Raises:
        TileError: There is no such file, or it cannot be read.
    """
    for one in (path, *_wider(directory, path)):
        try:
            return (directory / str(one)).read_bytes(), str(one)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise TileError(f"Het bestand {one} is niet te lezen: {describe(error)}.") from error
    raise TileError(f"Het bestand {path} ontbreekt.")


def _wider(directory: Path, path: TilePath) -> Iterator[TilePath]:
    # Lazily: this is asked only when the file itself is not there.
    if path.width == TILE_WIDTH:
        return
    yield TilePath(path.level, path.number)
    folder = (directory / str(path)).parent
    if folder.is_dir():
        names = {file.name for file in folder.iterdir()}
        for width in range(path.width + 1, TILE_WIDTH):
            if str(width) in names:
                yield TilePath(path.level, path.number, width)


def split_tile(data: bytes, count: int, file: str) -> tuple[bytes, ...]:
    """Cut the bytes of a tile into its hashes.

    Raises:
        TileError: There are not exactly `count` hashes; the sentence names the byte.
    """
    if len(data) != count * HASH_SIZE:
        if not data:
            raise TileError(f"Het bestand {file} is leeg: er staat niets op byte 0.")
        if len(data) < count * HASH_SIZE:
            raise TileError(f"Het bestand {file} is afgekapt bij byte {len(data)}.")
        raise TileError(f"Het bestand {file} heeft bytes te veel, vanaf byte {count * HASH_SIZE}.")
    return tuple([data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)])


class Row(tuple[bytes, ...]):  # noqa: SLOT001 - a tuple of any length has room only so
    """The hashes of a tile, which remembers the nodes above them once one was asked."""

    _levels: list[Sequence[bytes]] | None = None

    def node(self, height: int, number: int) -> bytes:
        """Return a complete node at some height above these hashes."""
        if self._levels is None:
            self._levels = [self]
            while len(self._levels[-1]) > 1:
                self._levels.append(parents(self._levels[-1]))
        return self._levels[height][number]


class TileReader:
    """Reads the tiles of a log of some size from its directory; keeps the latest few.

    Safe to use from several threads. `size` may be raised when more was published.
    """

    def __init__(self, directory: Path, size: int, *, cache: int = 64) -> None:
        """Read the files of a log that has published `size` lines."""
        self.size = size
        self._directory = directory
        self._load = functools.lru_cache(maxsize=cache)(self._read)

    def tile(self, level: int, number: int) -> Row:
        """Return the hashes of a tile, as many as it has at this size.

        Raises:
            LogRangeError: The log has no such tile at this size.
            TileError: The file is absent or not of the right length.
        """
        width = width_at(self.size, level, number)
        if not 0 <= level <= MAX_LEVEL or number < 0 or not width:
            raise LogRangeError("Deze tegel bestaat niet in een logboek van deze grootte.")
        return self._load(level, number, width)

    def bundle(self, number: int) -> list[bytes]:
        """Return the entries of a bundle, as many as it has at this size.

        Raises:
            LogRangeError: The log has no such bundle at this size.
            TileError: The file is absent or malformed.
        """
        width = width_at(self.size, 0, number)
        if number < 0 or not width:
            raise LogRangeError("Deze bundel bestaat niet in een logboek van deze grootte.")
        data, file = read_partial(self._directory, TilePath(ENTRIES, number, width))
        return parse_bundle(data, TilePath.parse(file).width, file)[:width]

    def _read(self, level: int, number: int, width: int) -> Row:
        data, file = read_partial(self._directory, TilePath(level, number, width))
        return Row(split_tile(data, TilePath.parse(file).width, file)[:width])


class GrownTiles:
    """The tiles of a log that has grown past what was published: the rest from its lines."""

    def __init__(self, files: TileReader, size: int, hashes: HashReader) -> None:
        """Take what was published from `files`, and what came since, up to `size`, by hash."""
        self._files = files
        self._published = files.size
        self._size = size
        self._hashes = hashes

    def tile(self, level: int, number: int) -> tuple[bytes, ...]:
        """Return the hashes of a tile, as many as it has at this size."""
        first = number * TILE_WIDTH
        end = first + width_at(self._size, level, number)
        have = first + width_at(self._published, level, number)
        kept = self._files.tile(level, number) if have > first else ()
        if have >= end:
            return kept if have == end else kept[: end - first]
        if level == 0:
            return (*kept, *self._hashes(have, end))
        return (*kept, *[root_of(self.tile(level - 1, i)) for i in range(have, end)])


def prove_inclusion(index: int, size: int, tiles: TileLookup) -> tuple[bytes, ...]:
    """Return the proof that line `index` stands in the log as it was at `size`.

    Raises:
        LogRangeError: Not 0 <= index < size, or the tiles end before that.
        TileError: A tile cannot be read.
    """
    if not 0 <= index < size:
        raise LogRangeError(f"Regel {index} staat niet in een logboek van {size} regels.")
    return _roots(inclusion_spans(index, size), tiles)


def prove_consistency(old: int, new: int, tiles: TileLookup) -> tuple[bytes, ...]:
    """Return the proof that the log at size `old` is the beginning of that at `new`.

    Raises:
        LogRangeError: Not 1 <= old <= new, or the tiles end before that.
        TileError: A tile cannot be read.
    """
    if not 1 <= old <= new:
        raise LogRangeError(f"Er is geen bewijs van grootte {old} naar grootte {new}.")
    return _roots(consistency_spans(old, new), tiles)


def root_at(size: int, tiles: TileLookup) -> bytes:
    """Return the root of the log as it was at `size`.

    Raises:
        LogRangeError: The tiles end before that.
        TileError: A tile cannot be read.
    """
    return span_root(0, size, lambda height, number: _node(height, number, tiles))


def _roots(spans: Iterable[Span], tiles: TileLookup) -> tuple[bytes, ...]:
    return tuple(
        span_root(low, high, lambda height, number: _node(height, number, tiles))
        for low, high in spans
    )


def _node(height: int, number: int, tiles: TileLookup) -> bytes:
    level, rest = divmod(height, TILE_HEIGHT)
    tile, offset = divmod(number << rest, TILE_WIDTH)
    row = tiles(level, tile)
    if isinstance(row, Row):
        return row.node(rest, offset >> rest)
    return root_of(row[offset : offset + (1 << rest)])


def edges_root(edges: Sequence[Sequence[bytes]]) -> bytes:
    """Return the root of a log from its partial tiles, level by level (empty where full)."""
    right: list[bytes] = []
    for row in edges:
        if row or right:
            # What is incomplete stands for one node at the right of the level above.
            right = [root_of([*row, *right])]
    return root_of(right)
