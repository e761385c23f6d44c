"""A log in one SQLite file, for one process.

One connection writes, from the writer thread only; another one reads. SQLite before 3.51.3 can
damage a database when two connections write or checkpoint at the same instant ("WAL-reset").
Here that cannot be: `DirectoryLock` keeps other processes of ours out, one thread writes and
checkpoints, and the reader is opened read-only, so it does neither.
"""

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

from audit.disk import DATABASE, Disk
from audit.entry import KeyRow, Soort
from audit.errors import LogOpenError
from audit.ledger import Batch, Head, Known, Stored, TakenError

_FULL = 2
_WAL_PAGES = 10_000
"""Pages of 4 KiB after which the write-ahead log goes into the database: some 40 MB."""
_CACHE_KIB = 65_536

# Columns may only be added at the end, with a default. The leaf is the evidence; the other
# columns can be made again from it and from what is sealed, save the keys.
SCHEMA = {
    "regel": "CREATE TABLE regel (seq INTEGER PRIMARY KEY, soort TEXT NOT NULL,"
    " kenmerk TEXT NOT NULL UNIQUE, leaf BLOB NOT NULL, hash BLOB NOT NULL,"
    " sleutel BLOB, zegel BLOB) STRICT",
    "regel_soort": "CREATE INDEX regel_soort ON regel (soort)",
    "sleutel": "CREATE TABLE sleutel (id BLOB PRIMARY KEY, onderwerp BLOB NOT NULL,"
    " maand TEXT NOT NULL, epoch INTEGER NOT NULL, verpakt BLOB NOT NULL) STRICT, WITHOUT ROWID",
    "sleutel_onderwerp": "CREATE INDEX sleutel_onderwerp ON sleutel (onderwerp, maand)",
    # What lines can be found by; follows from their payload.
    "trefwoord": "CREATE TABLE trefwoord (token INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " PRIMARY KEY (token, seq)) STRICT, WITHOUT ROWID",
    "kop": "CREATE TABLE kop (nummer INTEGER PRIMARY KEY CHECK (nummer = 1),"
    " size INTEGER NOT NULL, peaks BLOB NOT NULL, op TEXT NOT NULL, note TEXT NOT NULL,"
    " epoch INTEGER NOT NULL, kek INTEGER NOT NULL) STRICT",
    "controlepunt": "CREATE TABLE controlepunt (size INTEGER PRIMARY KEY, note TEXT NOT NULL)"
    " STRICT",
    # Which voornemens still wait for their end; follows from `regel`, kept for speed.
    "open_voornemen": "CREATE TABLE open_voornemen (stam TEXT PRIMARY KEY,"
    " seq INTEGER NOT NULL) STRICT, WITHOUT ROWID",
}

_KEY = "s.id, s.onderwerp, s.maand, s.epoch, s.verpakt"
_WITH_KEY = "regel r LEFT JOIN sleutel s ON s.id = r.sleutel"
_STORED = f"SELECT r.seq, r.leaf, r.zegel, {_KEY} FROM {_WITH_KEY}"  # noqa: S608 - constants
_LINES = f"{_STORED} WHERE r.seq >= ?1 ORDER BY r.seq LIMIT ?2"
# Apart from the query above, so that each is answered from its own index.
_LINES_OF = f"{_STORED} WHERE r.soort = ?3 AND r.seq >= ?1 ORDER BY r.seq LIMIT ?2"
_IS_OPEN = "r.seq IN (SELECT seq FROM open_voornemen)"
_LINES_OPEN = f"{_STORED} WHERE {_IS_OPEN} ORDER BY r.seq LIMIT ?1"
_ASKED = "r.kenmerk IN (SELECT value FROM json_each(?))"
_KNOWN = f"SELECT r.kenmerk, r.seq, r.soort, r.zegel, {_KEY} FROM {_WITH_KEY} WHERE {_ASKED}"  # noqa: S608
# CROSS JOIN and the plus signs: SQLite keeps to the order of the tables, from the first token.
_FOUND = (
    f"SELECT r.seq, r.leaf, r.zegel, {_KEY} FROM trefwoord t CROSS JOIN regel r ON r.seq = t.seq"  # noqa: S608
    " LEFT JOIN sleutel s ON s.id = r.sleutel WHERE t.token = ? AND t.seq >= ? AND t.seq < ?"
)
_ALSO = " AND EXISTS (SELECT 1 FROM trefwoord o WHERE o.token = ? AND o.seq = t.seq)"
_OF_SOORT = " AND (? IS NULL OR +r.soort = ?) ORDER BY t.seq LIMIT ?"
_KEYS = "SELECT id, onderwerp, maand, epoch, verpakt FROM sleutel"
_KEEP = "INSERT OR IGNORE INTO sleutel VALUES (?, ?, ?, ?, ?)"
_REPLACE = "UPDATE kop SET size = ?, peaks = ?, op = ?, note = ?, epoch = ?, kek = ?"
_ROWS = 32
"""Rows in one statement: half the work of a statement for each, and few enough to be kept."""


def read_schema(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the SQL of each table, index, view and trigger that somebody made."""
    rows = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'"
    )
    return dict(rows.fetchall())


class SqliteReader:
    """The reading half of `Ledger`, over one connection. Safe to use from several threads."""

    failures: tuple[type[Exception], ...] = (sqlite3.Error,)
    shared = False
    newcomer = False

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._reader = connection
        self._reading = threading.Lock()

    @classmethod
    def open(cls, disk: Disk, directory: Path) -> "SqliteReader":
        """Open the database of a log to read; a broker may have it open meanwhile."""
        return cls(disk.connect(directory / DATABASE, read_only=True))

    def close(self) -> None:
        """Close the connection."""
        with self._reading:
            self._reader.close()

    def head(self) -> Head | None:
        """Return the head; None when there is no log yet."""
        with self._reading:
            if not read_schema(self._reader):
                return None
        rows = self._all("SELECT size, peaks, op, note, epoch, kek FROM kop")
        if not rows:
            return None
        size, peaks, op, note, epoch, kek = rows[0]
        return Head(size=size, peaks=peaks, op=op, note=note, epoch=epoch, kek=kek)

    def note_after(self, index: int) -> str | None:
        """Return the checkpoint of the batch that brought this line."""
        rows = self._all(
            "SELECT note FROM controlepunt WHERE size > ? ORDER BY size LIMIT 1", (index,)
        )
        return rows[0][0] if rows else None

    def known(self, kenmerken: Sequence[str]) -> dict[str, Known]:
        """Return what those kenmerken stand for that are taken."""
        return _known(self._all(_KNOWN, (json.dumps(kenmerken),)))

    def lines(self, start: int, limit: int, soort: Soort | None) -> list[Stored]:
        """Return at most `limit` lines from index `start` on, of one soort or of all."""
        if soort is None:
            return _stored(self._all(_LINES, (start, limit)))
        return _stored(self._all(_LINES_OF, (start, limit, soort.value)))

    def open_intents(self, limit: int) -> list[Stored]:
        """Return the first voornemens without an end, at most `limit`."""
        return _stored(self._all(_LINES_OPEN, (limit,)))

    def hashes(self, low: int, high: int) -> list[bytes]:
        """Return the leaf hashes of lines low..high-1, as far as they are there."""
        return self._column("hash", low, high)

    def rows(self, low: int, high: int) -> list[bytes]:
        """Return the leaf bytes of lines low..high-1, as far as they are there."""
        return self._column("leaf", low, high)

    def keys(self, onderwerp: bytes | None, maand: str | None) -> list[KeyRow]:
        """Return the keys of a subject and a month; None is any."""
        rows = self._all(
            f"{_KEYS} WHERE (?1 IS NULL OR onderwerp = ?1) AND (?2 IS NULL OR maand = ?2)"
            if onderwerp is None or maand is None
            else f"{_KEYS} WHERE onderwerp = ?1 AND maand = ?2",
            (onderwerp, maand),
        )
        return [KeyRow(*row) for row in rows]

    def keys_after(self, key_id: bytes, limit: int) -> list[KeyRow]:
        """Return at most `limit` keys in order of their id, those after this one."""
        rows = self._all(f"{_KEYS} WHERE id > ? ORDER BY id LIMIT ?", (key_id, limit))
        return [KeyRow(*row) for row in rows]

    def search(
        self, tokens: Sequence[int], span: tuple[int, int], limit: int, soort: Soort | None
    ) -> list[Stored]:
        """Return lines that have all these tokens, at most `limit`; the first token drives."""
        driving, *others = tokens
        sql = _FOUND + _ALSO * len(others) + _OF_SOORT
        kind = None if soort is None else soort.value
        return _stored(self._all(sql, (driving, *span, *others, kind, kind, limit)))

    def _column(self, name: str, low: int, high: int) -> list[bytes]:
        rows = self._all(
            f"SELECT {name} FROM regel WHERE seq >= ? AND seq < ? ORDER BY seq",  # noqa: S608
            (low, high),
        )
        return [row[0] for row in rows]

    def _all(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        with self._reading:
            return self._reader.execute(sql, tuple(values)).fetchall()


class SqliteLedger(SqliteReader):
    """A log in `log.sqlite`; see `Ledger`."""

    def __init__(self, disk: Disk, directory: Path) -> None:
        """Open the database for writing, and make sure that a commit is truly on disk.

        Raises:
            LogOpenError: It is not safe, or not a log.
        """
        connection = disk.connect(directory / DATABASE)
        try:
            # A foreign database is left as it is, so look before anything is set.
            if read_schema(connection) not in ({}, SCHEMA):
                _refuse("De database is geen logboek van Sluis.")
            _make_durable(connection)
            super().__init__(disk.connect(directory / DATABASE, read_only=True))
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        # Only this process writes, so what it wrote last is the head.
        self._head = self.head()

    # `typing.override` came with Python 3.12.
    def close(self) -> None:  # type: ignore[explicit-override]
        """Close both connections."""
        super().close()
        self._connection.close()

    def create(self, head: Head, keys: Sequence[KeyRow]) -> None:
        """Make an empty log with its first head, checkpoint and keys, in one transaction."""
        with self._transaction() as connection:
            for statement in SCHEMA.values():
                connection.execute(statement)
            connection.execute("INSERT INTO kop VALUES (1, ?, ?, ?, ?, ?, ?)", _columns(head))
            connection.execute("INSERT INTO controlepunt VALUES (?, ?)", (head.size, head.note))
            connection.executemany("INSERT INTO sleutel VALUES (?, ?, ?, ?, ?)", keys)
        self._head = head

    @contextlib.contextmanager
    def turn(self) -> Iterator["SqliteTurn"]:
        """Begin a transaction; only for the writer."""
        if self._head is None:
            _refuse("Er is nog geen logboek.")
        with self._transaction() as connection:
            turn = SqliteTurn(connection, self._head)
            yield turn
        self._head = turn.after

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except sqlite3.Error:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        except BaseException:
            # Nothing failed so far, so when this does, that is what must be told.
            connection.execute("ROLLBACK")
            raise


class SqliteTurn:
    """A transaction of the writer; see `Turn`."""

    __slots__ = ("_connection", "after", "head")

    def __init__(self, connection: sqlite3.Connection, head: Head) -> None:
        self._connection = connection
        self.head = head
        self.after = head
        """The head as this transaction leaves it."""

    def known(self, kenmerken: Sequence[str]) -> Mapping[str, Known]:
        """Return what those kenmerken stand for that are taken."""
        return _known(self._connection.execute(_KNOWN, (json.dumps(kenmerken),)))

    def write(self, batch: Batch) -> None:
        """Add lines and all that follows from them; replace the head."""
        connection = self._connection
        opened, closed = batch.opened_and_closed()
        numbered = list(enumerate(batch.entries, batch.first))
        lines = [
            (i, e.soort.value, e.kenmerk, e.data, e.hash, e.sleutel, e.zegel) for i, e in numbered
        ]
        try:
            _insert(connection, "regel", lines)
        except sqlite3.IntegrityError:
            raise TakenError from None
        if batch.keys:
            connection.executemany(_KEEP, batch.keys)
        # In the order of the table, so that neighbours are found at once.
        _insert(connection, "trefwoord", sorted([(t, i) for i, e in numbered for t in e.words]))
        if closed:
            connection.executemany("DELETE FROM open_voornemen WHERE stam = ?", closed)
        _insert(connection, "open_voornemen", opened)
        head = batch.head
        connection.execute("INSERT INTO controlepunt VALUES (?, ?)", (head.size, head.note))
        connection.execute(_REPLACE, _columns(head))
        self.after = head

    def erase(
        self, keys: Sequence[bytes], lines: Sequence[int], words: Sequence[tuple[int, int]]
    ) -> None:
        """Destroy what was shredded."""
        many = self._connection.executemany
        many("DELETE FROM sleutel WHERE id = ?", [(key,) for key in keys])
        many("UPDATE regel SET zegel = NULL WHERE seq = ?", [(line,) for line in lines])
        many("DELETE FROM trefwoord WHERE token = ? AND seq = ?", words)

    def rewrap(self, keys: Iterable[KeyRow]) -> None:
        """Replace epoch and wrapping of these keys."""
        self._connection.executemany(
            "UPDATE sleutel SET epoch = ?, verpakt = ? WHERE id = ?",
            [(row.epoch, row.verpakt, row.id) for row in keys],
        )


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    for start in range(0, len(rows), _ROWS):
        part = rows[start : start + _ROWS]
        sql = _insert_sql(table, len(part[0]), len(part))
        connection.execute(sql, [value for row in part for value in row])


@lru_cache(maxsize=3 * _ROWS)
def _insert_sql(table: str, width: int, count: int) -> str:
    row = f"({', '.join('?' * width)})"
    return f"INSERT INTO {table} VALUES {', '.join([row] * count)}"  # noqa: S608


def _make_durable(connection: sqlite3.Connection) -> None:
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
    level = connection.execute("PRAGMA synchronous").fetchone()[0]
    if mode != "wal" or level < _FULL:
        _refuse("De database staat niet op WAL met synchronous FULL; een regel kan verloren gaan.")


def _refuse(sentence: str) -> NoReturn:
    raise LogOpenError(sentence)


def _columns(head: Head) -> tuple[object, ...]:
    return head.size, head.peaks, head.op, head.note, head.epoch, head.kek


def _stored(rows: Iterable[Any]) -> list[Stored]:
    return [
        Stored(seq, leaf, None if key[0] is None else KeyRow(*key), zegel)
        for seq, leaf, zegel, *key in rows
    ]


def _known(rows: Iterable[Any]) -> dict[str, Known]:
    return {
        kenmerk: Known(seq, soort, None if key[0] is None else KeyRow(*key), zegel)
        for kenmerk, seq, soort, zegel, *key in rows
    }
