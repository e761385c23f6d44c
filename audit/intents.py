"""Looking through a whole log: for the voornemen of an end, and for kenmerken that stand twice."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing

from audit.errors import TileError
from audit.findings import Code, Findings
from audit.forms import Lines, read_lines
from audit.outcome import Place
from audit.tiles import ENTRIES, TilePath, read_partial, width_at
from audit.tree import TILE_WIDTH

_INTENT = "SELECT 1 FROM regel WHERE kenmerk = ? AND soort = 'voornemen' AND seq < ?"
_KENMERK = "SELECT hash, max(seq) FROM kenmerk GROUP BY hash HAVING count(*) > 1"


def seek_in_rows(
    connection: sqlite3.Connection, ends: Sequence[tuple[bytes, int]]
) -> Iterator[int]:
    """Give the lines of those ends (stem, line) that have no voornemen before them."""
    for stem, number in ends:
        values = (stem.decode() + "voornemen", number)
        if connection.execute(_INTENT, values).fetchone() is None:
            yield number


def seek_in_bundles(place: Place, ends: Sequence[tuple[bytes, int]]) -> list[int]:
    """Give the lines of those ends (stem, line) that have no voornemen before them."""
    wanted = {stem + b"voornemen": number for stem, number in ends}
    if not wanted:
        return []
    for first, lines in _bundles(place, max(wanted.values())):
        for number, kenmerk in enumerate(lines.kenmerken, first):
            if wanted.get(kenmerk, -1) > number:
                del wanted[kenmerk]
    return sorted(wanted.values())


def check_doubles(place: Place, findings: Findings) -> None:
    """Check the bundles of a log without a database for kenmerken that stand twice."""
    # Sorted by SQLite in a file of its own that is gone afterwards, so the memory stays flat.
    with closing(sqlite3.connect("", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("CREATE TABLE kenmerk (hash INTEGER, seq INTEGER)")
        connection.execute("BEGIN")
        for first, lines in _bundles(place, place.published.size):
            numbers = range(first, first + len(lines.kenmerken))
            connection.executemany(
                "INSERT INTO kenmerk VALUES (?, ?)",
                zip(map(hash, lines.kenmerken), numbers, strict=True),
            )
        for _, number in connection.execute(_KENMERK):
            findings.add(Code.DUBBEL, number)


def _bundles(place: Place, end: int) -> Iterator[tuple[int, Lines]]:
    # What is malformed was told already.
    for first in range(0, end, TILE_WIDTH):
        number = first // TILE_WIDTH
        width = width_at(place.published.size, 0, number)
        try:
            data, file = read_partial(place.directory, TilePath(ENTRIES, number, width))
            lines = read_lines(data, TilePath.parse(file).width)
        except TileError:
            continue
        if lines is not None:
            yield first, Lines(*(column[:width] for column in lines))
