"""Opens the database: SQLite in a file, or PostgreSQL."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util import await_only

from broker.errors import InvalidInputError

DRIVERS: Final = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}
CONNECTIONS: Final = 10
PAUSE: Final = 0.02
"""Seconds between two tries to set a new file to WAL."""
WRITES: Final = "sluis_writes"
"""Execution option of a connection that is going to write."""


def database_url(url: str) -> URL:
    """Read the address of a database, and give it the driver that goes with it.

    Raises:
        InvalidInputError: No address, another database, or SQLite without a file.
    """
    try:
        parsed = make_url(url)
        parsed = parsed.set(drivername=DRIVERS[parsed.get_backend_name()])
    except (ArgumentError, KeyError):
        raise InvalidInputError(
            "Dit is geen adres van een database. Geef sqlite:///bestand of postgresql://…"
        ) from None
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise InvalidInputError("Geef bij SQLite de naam van een bestand: sqlite:///sluis.db")
    return parsed


def open_engine(url: str, *, wait: float) -> AsyncEngine:
    """Make an engine that shows no values in its errors.

    Args:
        url: As `database_url`.
        wait: Seconds to wait for a lock before the work fails.

    Raises:
        InvalidInputError: As `database_url`.
    """
    parsed = database_url(url)
    sqlite = parsed.get_backend_name() == "sqlite"
    engine = create_async_engine(
        parsed,
        hide_parameters=True,
        connect_args={} if sqlite else _postgresql_options(wait),
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
        pool_timeout=wait,
        # No overflow: it opens and closes a connection for each unit of work.
        pool_size=CONNECTIONS,
        max_overflow=0,
    )
    if sqlite:
        _as_sqlite(engine, wait)
    return engine


def reading(engine: AsyncEngine) -> AsyncEngine:
    """Give the same engine for work that reads: one snapshot from the first row to the last."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def writing(engine: AsyncEngine) -> AsyncEngine:
    """Give the same engine for work that writes."""
    return engine.execution_options(**{WRITES: True})


def make_private(url: URL) -> None:
    """Let only the owner read a new SQLite file; its helper files follow it.

    Raises:
        OSError: The folder is not there, or may not be written.
    """
    if url.get_backend_name() == "sqlite" and url.database and not url.query.get("uri"):
        Path(url.database).touch(mode=0o600)


def _dumps(value: object) -> str:
    """Write JSON as text."""
    return orjson.dumps(value).decode()


def _postgresql_options(wait: float) -> dict[str, Any]:
    """Bound every wait: a connection, a lock, a statement."""
    milliseconds = max(1, int(wait * 1000))
    return {
        "connect_timeout": max(2, int(wait)),
        "options": f"-c lock_timeout={milliseconds} -c statement_timeout=60000",
    }


def _as_sqlite(engine: AsyncEngine, wait: float) -> None:
    """Set what SQLite needs to be durable, to hold its keys, and to begin when we say."""

    def connected(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        # The driver would begin only at the first write, so two reads could differ.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {int(wait * 1000)}")
        _write_ahead(cursor, wait)
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    def begun(connection: Connection) -> None:
        # A writer takes its lock at once: a reader that turns writer can fail half-way.
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine.sync_engine, "connect", connected)
    event.listen(engine.sync_engine, "begin", begun)


def _write_ahead(cursor: DBAPICursor, wait: float) -> None:
    """Set WAL; nodes that make one new file together wait for each other.

    SQLite does not: it refuses at once when another holds the lock, whatever its busy timeout.
    """
    now = asyncio.get_running_loop().time
    until = now() + wait
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as err:
            # The low byte is the primary code; the rest says more exactly what is busy.
            if err.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or now() > until:
                raise
            await_only(asyncio.sleep(PAUSE))
        else:
            return
