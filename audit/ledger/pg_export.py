"""From PostgreSQL to a directory that the one verifier reads, on one snapshot, line by line.

The directory gets `log.sqlite` with the same tables, `checkpoint`, `vkey`, `tile/` and the
`anker/` of the node that exports. It is made beside its place and put there whole.
"""

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from audit.disk import CHECKPOINT, DATABASE, VKEY, Disk, publish
from audit.errors import LogOpenError
from audit.ledger.pg_connection import Address
from audit.ledger.pg_reader import head_of
from audit.ledger.pg_schema import SCHEMA as HERE
from audit.ledger.pg_schema import Connection
from audit.ledger.sqlite import SCHEMA, SqliteReader
from audit.note import Checkpoint, Note
from audit.publisher import Publisher

_TOGETHER: Final = 5_000
_INDEXES: Final = ("regel_soort", "sleutel_onderwerp")
# Every table with its columns in the order of the file.
_TABLES: Final = {
    "regel": ("seq", "soort", "kenmerk", "leaf", "hash", "sleutel", "zegel"),
    "sleutel": ("id", "onderwerp", "maand", "epoch", "verpakt"),
    "trefwoord": ("token", "seq"),
    "controlepunt": ("size", "note"),
    "open_voornemen": ("stam", "seq"),
}

Progress = Callable[[int, int], None]
"""Is told how many lines are there, and of how many."""


def export_log(
    address: Address,
    target: Path,
    *,
    node: Path,
    schema: str = HERE,
    progress: Progress | None = None,
) -> Checkpoint:
    """Write a log to a directory; return the checkpoint that covers all of it.

    Args:
        address: Where the log is.
        target: The directory to make; it may not be there.
        node: The directory of a node of this log, for its key and its anchors.
        schema: Where in the database it is; another one for a log of before a recovery.
        progress: Is told how far it is.

    Raises:
        LogOpenError: There is no log there, or the directory is there already.
        TileError: The lines do not lead to the root that was signed; nothing was made.
        OSError, psycopg.Error, sqlite3.Error: Something failed; nothing was made.
    """
    if target.exists():
        raise LogOpenError("De map voor de export bestaat al. Kies een nieuwe map.")
    fresh = target.with_name(f".{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700, parents=True)
    try:
        checkpoint = _fill(address, fresh, node, schema, progress or _ignore)
        fresh.rename(target)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    Disk().sync_directory(target.parent)
    return checkpoint


def _fill(address: Address, fresh: Path, node: Path, schema: str, progress: Progress) -> Checkpoint:
    disk = Disk()
    # Before the snapshot, so that no anchor is of more lines than there are.
    for name in (VKEY, "anker"):
        source = node / name
        if source.is_dir():
            shutil.copytree(source, fresh / name)
        elif source.exists():
            shutil.copyfile(source, fresh / name)
    with _snapshot(address) as connection:
        try:
            note = _copy(connection, fresh / DATABASE, schema, progress)
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            raise LogOpenError("In deze database staat geen logboek van Sluis.") from None
    disk.sync_file(fresh / DATABASE)
    checkpoint = Checkpoint.parse(Note.parse(note).text)
    reader = SqliteReader.open(disk, fresh)
    try:
        Publisher(fresh, disk, hashes=reader.hashes, leaves=reader.rows).prepare(checkpoint)
    finally:
        reader.close()
    publish(disk, fresh / CHECKPOINT, note)
    return checkpoint


def _ignore(_done: int, _total: int) -> None:
    pass


@contextlib.contextmanager
def _snapshot(address: Address) -> Iterator[Connection]:
    with contextlib.closing(address.connect()) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield connection


def _copy(connection: Connection, path: Path, schema: str, progress: Progress) -> str:
    row = connection.execute(
        sql.SQL("SELECT size, peaks, op, note, epoch, kek FROM {}.kop").format(
            sql.Identifier(schema)
        ),
        binary=True,
    ).fetchone()
    if row is None:
        raise LogOpenError("In deze database staat geen logboek van Sluis.")
    head = head_of(row)
    with contextlib.closing(Disk().connect(path)) as file:
        # A file that is not whole is thrown away, so it need not be safe while it is made.
        file.execute("PRAGMA journal_mode = OFF")
        file.execute("PRAGMA synchronous = OFF")
        for name, statement in SCHEMA.items():
            if name not in _INDEXES:
                file.execute(statement)
        file.execute("BEGIN")
        file.execute(
            "INSERT INTO kop VALUES (1, ?, ?, ?, ?, ?, ?)",
            (head.size, head.peaks, head.op, head.note, head.epoch, head.kek),
        )
        for table, columns in _TABLES.items():
            _copy_table(connection, file, (schema, table, columns), progress, head.size)
        file.execute("COMMIT")
        for name in _INDEXES:
            file.execute(SCHEMA[name])
    return head.note


def _copy_table(
    connection: Connection,
    file: sqlite3.Connection,
    place: tuple[str, str, tuple[str, ...]],
    progress: Progress,
    total: int,
) -> None:
    schema, table, columns = place
    query = sql.SQL("SELECT {} FROM {} ORDER BY {}").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.Identifier(schema, table),
        sql.SQL(", ").join(
            map(sql.Identifier, columns[:2] if table == "trefwoord" else columns[:1])
        ),
    )
    insert = f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
    done = 0
    # A cursor of the server: the rows come piece by piece.
    with connection.cursor(name=f"export_{table}", binary=True) as cursor:  # type: psycopg.ServerCursor[Any]
        cursor.execute(query)
        while rows := cursor.fetchmany(_TOGETHER):
            file.executemany(insert, rows)
            done += len(rows)
            if table == "regel":
                progress(done, total)
