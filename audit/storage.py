"""The database of the log: all its SQL.

One `Database` writes (only from the writer thread), another one reads.
"""

import contextlib
import datetime as dt
import functools
import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from audit.disk import Disk
from audit.entry import CLOSING, Leaf, Prepared, Soort, parse_canonical, parse_moment, stem
from audit.errors import LogOpenError, LogReadError
from audit.merkle import HASH_SIZE
from audit.tree import Tile

_FULL = 2

# Columns may only be added at the end, with a default; the leaf is the evidence, the other
# columns can be made again from it, save salt and payload (both NULL once destroyed).
SCHEMA = {
    "regel": "CREATE TABLE regel (seq INTEGER PRIMARY KEY, soort TEXT NOT NULL,"
    " kenmerk TEXT NOT NULL UNIQUE, leaf BLOB NOT NULL, hash BLOB NOT NULL,"
    " salt BLOB, payload BLOB) STRICT",
    "regel_soort": "CREATE INDEX regel_soort ON regel (soort)",
    "tegel": "CREATE TABLE tegel (level INTEGER NOT NULL, number INTEGER NOT NULL,"
    " hashes BLOB NOT NULL, PRIMARY KEY (level, number)) STRICT",
    "controlepunt": "CREATE TABLE controlepunt (size INTEGER PRIMARY KEY, note TEXT NOT NULL)"
    " STRICT",
    # Which voornemens still wait for their end; follows from `regel`, kept for speed.
    "open_voornemen": "CREATE TABLE open_voornemen (stam TEXT PRIMARY KEY,"
    " seq INTEGER NOT NULL) STRICT",
}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a kenmerk already stands for."""

    index: int
    soort: str
    payload: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """All that one commit adds: lines from index `first` on, and what follows from them."""

    first: int
    entries: Sequence[Prepared]
    tiles: Sequence[Tile]
    note: str

    @property
    def size(self) -> int:
        """Lines in the log after this batch."""
        return self.first + len(self.entries)


def read_schema(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the SQL of each table, index, view and trigger that somebody made."""
    rows = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'"
    )
    return dict(rows.fetchall())


_LINES = "SELECT seq, leaf, salt, payload FROM regel WHERE seq >= ?1 ORDER BY seq LIMIT ?2"
# Apart from the query above, so that each is answered from its own index.
_LINES_OF = (
    "SELECT seq, leaf, salt, payload FROM regel WHERE soort = ?3 AND seq >= ?1"
    " ORDER BY seq LIMIT ?2"
)
_LINES_OPEN = (
    "SELECT seq, leaf, salt, payload FROM regel"
    " WHERE seq IN (SELECT seq FROM open_voornemen) ORDER BY seq LIMIT ?1"
)


class Database:
    """The SQL of the log, over one connection. Methods may raise sqlite3.Error.

    `tile(level, number)` gives the hashes of a full tile, or raises LogReadError.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        # A full tile never changes, and one proof asks the same tile several times.
        self.tile = functools.lru_cache(maxsize=64)(self._load_tile)

    @classmethod
    def open(cls, disk: Disk, path: Path) -> "Database":
        """Open the database for writing, and make sure that a commit is truly on disk.

        Raises:
            LogOpenError: It is not safe, or not a log.
        """
        connection = disk.connect(path)
        try:
            # A foreign database is left as it is, so look before anything is set.
            if read_schema(connection) not in ({}, SCHEMA):
                _refuse("De database is geen logboek van Sluis.")
            _make_durable(connection)
        except BaseException:
            connection.close()
            raise
        return cls(connection)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    def is_new(self) -> bool:
        """Tell whether the database is still empty."""
        with self._lock:
            return not read_schema(self._connection)

    def create(self, note: str) -> None:
        """Make an empty log with its first checkpoint, in one transaction."""
        with self._transaction() as connection:
            for statement in SCHEMA.values():
                connection.execute(statement)
            connection.execute("INSERT INTO controlepunt VALUES (0, ?)", (note,))

    def write(self, batch: Batch) -> None:
        """Write a batch in one transaction; when this returns, it is on disk."""
        opened, closed = _follow(batch)
        with self._transaction() as connection:
            connection.executemany(
                "INSERT INTO regel VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        batch.first + i,
                        e.leaf.soort.value,
                        e.leaf.kenmerk,
                        e.data,
                        e.hash,
                        e.salt,
                        e.payload,
                    )
                    for i, e in enumerate(batch.entries)
                ],
            )
            if batch.tiles:
                connection.executemany(
                    "INSERT INTO tegel VALUES (?, ?, ?)",
                    [(t.level, t.number, b"".join(t.hashes)) for t in batch.tiles],
                )
            if closed:
                connection.executemany("DELETE FROM open_voornemen WHERE stam = ?", closed)
            if opened:
                connection.executemany("INSERT INTO open_voornemen VALUES (?, ?)", opened)
            connection.execute("INSERT INTO controlepunt VALUES (?, ?)", (batch.size, batch.note))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise

    def head(self) -> tuple[int, bytes | None]:
        """Return how many lines there are, and the leaf of the last one."""
        rows = self._all("SELECT seq, leaf FROM regel ORDER BY seq DESC LIMIT 1")
        return (rows[0][0] + 1, rows[0][1]) if rows else (0, None)

    def last_note(self) -> tuple[int, str] | None:
        """Return size and text of the last signed checkpoint."""
        rows = self._all("SELECT size, note FROM controlepunt ORDER BY size DESC LIMIT 1")
        return rows[0] if rows else None

    def first_note_after(self, index: int) -> str | None:
        """Return the checkpoint of the batch that brought this line."""
        rows = self._all(
            "SELECT note FROM controlepunt WHERE size > ? ORDER BY size LIMIT 1", (index,)
        )
        return rows[0][0] if rows else None

    def hashes(self, low: int, high: int) -> list[bytes]:
        """Return the leaf hashes of lines low..high-1."""
        return [
            row[0]
            for row in self._all(
                "SELECT hash FROM regel WHERE seq >= ? AND seq < ? ORDER BY seq", (low, high)
            )
        ]

    def _load_tile(self, level: int, number: int) -> tuple[bytes, ...]:
        rows = self._all("SELECT hashes FROM tegel WHERE level = ? AND number = ?", (level, number))
        if not rows:
            raise LogReadError("In de database ontbreekt een tegel van het logboek.")
        return split_hashes(rows[0][0])

    def known(self, kenmerken: Sequence[str]) -> dict[str, Known]:
        """Return what those kenmerken stand for that are taken."""
        rows = self._all(
            "SELECT kenmerk, seq, soort, payload FROM regel"
            " WHERE kenmerk IN (SELECT value FROM json_each(?))",
            (json.dumps(kenmerken),),
        )
        return {row[0]: Known(index=row[1], soort=row[2], payload=row[3]) for row in rows}

    def lines(self, start: int, limit: int, soort: Soort | None) -> list[Line]:
        """Return at most `limit` lines from index `start` on, of one soort or of all."""
        if soort is None:
            rows = self._all(_LINES, (start, limit))
        else:
            rows = self._all(_LINES_OF, (start, limit, soort.value))
        return [_line(row) for row in rows]

    def open_intents(self, limit: int) -> list[Line]:
        """Return the first voornemens without an end, at most `limit`."""
        rows = self._all(_LINES_OPEN, (limit,))
        return [_line(row) for row in rows]

    def _all(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        with self._lock:
            return self._connection.execute(sql, tuple(values)).fetchall()


def _make_durable(connection: sqlite3.Connection) -> None:
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")
    level = connection.execute("PRAGMA synchronous").fetchone()[0]
    if mode != "wal" or level < _FULL:
        _refuse("De database staat niet op WAL met synchronous FULL; een regel kan verloren gaan.")


def _refuse(sentence: str) -> NoReturn:
    raise LogOpenError(sentence)


def split_hashes(data: bytes) -> tuple[bytes, ...]:
    """Cut a tile into its hashes."""
    return tuple(data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE))


def _line(row: Sequence[Any]) -> Line:
    index, data, salt, payload = row
    leaf = Leaf.parse(data)
    return Line(
        index=index,
        soort=leaf.soort,
        at=parse_moment(leaf.op),
        kenmerk=leaf.kenmerk,
        payload=None if payload is None else parse_canonical(payload),
        salt=salt,
        leaf=data,
    )


def _follow(batch: Batch) -> tuple[list[tuple[str, int]], list[tuple[str]]]:
    # In order: an end that comes before its voornemen does not close it.
    opened: dict[str, int] = {}
    closed: list[tuple[str]] = []
    for index, entry in enumerate(batch.entries, batch.first):
        name = stem(entry.leaf.soort, entry.leaf.kenmerk)
        if name is None:
            continue
        if entry.leaf.soort is Soort.VOORNEMEN:
            opened[name] = index
        elif entry.leaf.soort in CLOSING and opened.pop(name, None) is None:
            closed.append((name,))
    return list(opened.items()), closed
