"""What the database keeps beside the lines, checked against them: indexes, head, open voornemens.

An index that leaves out a line, or tells something else of it, makes a search miss it.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from audit.findings import Code, Findings
from audit.outcome import Place
from audit.rows import as_bytes
from audit.stretch import opened
from audit.walk import Walk

_KENMERKEN = (
    "SELECT kenmerk, seq FROM regel INDEXED BY sqlite_autoindex_regel_1 ORDER BY kenmerk, seq"
)
_SOORTEN = "SELECT soort, seq FROM regel INDEXED BY regel_soort ORDER BY soort, seq"
_STRAY = "SELECT seq FROM regel WHERE seq < 0 OR seq >= ? ORDER BY seq"
_OPEN = "SELECT seq, stam FROM open_voornemen ORDER BY seq, stam"
_HEAD = "SELECT size, peaks, op, note FROM kop"
_MANY = 4096


def check_indexes(
    connection: sqlite3.Connection, place: Place, walk: Walk, findings: Findings
) -> None:
    """Check that the indexes tell what the lines tell, and that no kenmerk stands twice."""
    total = 0
    for sql in (_KENMERKEN, _SOORTEN):
        before: tuple[Any, ...] = ()
        for rows in _batches(connection.execute(sql)):
            total += sum(map(hash, rows))
            if sql is _KENMERKEN:
                _check_double([before, *rows] if before else rows, findings)
            before = rows[-1]
    for stray in connection.execute(_STRAY, (place.rows,)):
        findings.add(Code.GAT, stray[0])
        row = connection.execute("SELECT kenmerk, soort FROM regel WHERE seq = ?", stray).fetchone()
        total -= hash((row[0], stray[0])) + hash((row[1], stray[0]))
    if total != walk.index and not findings.has(Code.BESCHADIGD):
        findings.add(Code.INDEX, 0, place.rows - 1)


def _batches(cursor: sqlite3.Cursor) -> Iterator[list[Any]]:
    while rows := cursor.fetchmany(_MANY):
        yield rows


def _check_double(rows: Sequence[Any], findings: Findings) -> None:
    # SQLite gives them in the order of the index, whether that is right or not.
    kenmerken = [row[0] for row in rows]
    if len(set(kenmerken)) == len(kenmerken):
        return
    for one, other in pairwise(rows):
        if one[0] == other[0]:
            findings.add(Code.DUBBEL, max(one[1], other[1]))


def check_head(
    connection: sqlite3.Connection, place: Place, walk: Walk, findings: Findings
) -> None:
    """Check that the head tells the size, the frontier and the moment of the lines."""
    rows = connection.execute(_HEAD).fetchall()
    last = place.rows - 1
    if len(rows) != 1:
        findings.add(Code.KOP, max(last, 0))
        return
    size, peaks, op, note = rows[0]
    head = opened(note, place.vkey)
    right = size == place.rows and head is not None and head.size == size
    if right and place.rows == walk.next:
        moment = as_bytes(op).removesuffix(b"Z")
        right = moment == walk.op and walk.peaks() in (None, as_bytes(peaks))
    if not right:
        findings.add(Code.KOP, max(last, 0))


def check_pages(connection: sqlite3.Connection, place: Place, findings: Findings) -> None:
    """Check that the tables which only the keys of the vault can explain are sound in themselves.

    Raises:
        sqlite3.DatabaseError: They are not.
    """
    connection.execute("SELECT count(*) FROM trefwoord").fetchone()
    answer = connection.execute("PRAGMA integrity_check(sleutel)").fetchone()
    if answer != (b"ok",):
        findings.add(Code.BESCHADIGD, 0, max(place.rows - 1, 0))


def check_open(
    connection: sqlite3.Connection, opened_: Iterable[tuple[int, bytes]], findings: Findings
) -> None:
    """Check the table of open voornemens; `opened_` are those that are open, in order."""
    kept = connection.execute(_OPEN)
    stored: Any = kept.fetchone()
    for real in opened_:
        if stored != real:
            findings.add(Code.HULPTABEL, real[0] if stored is None else min(real[0], stored[0]))
            return
        stored = kept.fetchone()
    if stored is not None:
        findings.add(Code.HULPTABEL, stored[0])
