"""SQLite on the event loop itself, without a thread for each connection.

A statement of ours takes some ten microseconds; handing it to a thread and back takes ten times
that, and waits for its turn at the interpreter. So statements run where they are asked. Only what
waits for the disk or for others does not: a commit syncs in a thread, and a writer that finds
another process at work waits on the loop.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from sqlalchemy import URL, Connection
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor, ExecutionContext
from sqlalchemy.pool import AsyncAdaptedQueuePool, Pool
from sqlalchemy.util import await_only
from typing_extensions import override

NAME: Final = "sqlite+direct"
"""Name of the driver in the address of a database."""
_PAUSE: Final = 0.002
"""Seconds between two tries to become the writer."""


class _Cursor(sqlite3.Cursor):
    """A cursor as `AsyncConnection` wants it."""

    async def _async_soft_close(self) -> None:
        """Let go of nothing: the rows stand in memory already, or are read where they are asked."""


class DirectConnection(sqlite3.Connection):
    """A connection that makes such cursors."""

    @override
    def cursor(self, factory: Any = _Cursor) -> Any:
        """Return a new cursor."""
        return super().cursor(factory)


class DirectSqlite(SQLiteDialect_pysqlite):
    """The driver of the standard library, for use below `AsyncEngine`."""

    driver = "direct"
    supports_statement_cache = True
    is_async = True

    @override
    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:
        """Return a pool in which waiting for a connection does not hold up the loop."""
        return AsyncAdaptedQueuePool

    @override
    def do_execute(
        self,
        cursor: DBAPICursor,
        statement: str,
        parameters: Any,
        context: ExecutionContext | None = None,
    ) -> None:
        """Run a statement, here and now; `AsyncConnection.execute` insists on one `await`."""
        await_only(_at_once())
        cursor.execute(statement, parameters)

    @override
    def do_executemany(
        self,
        cursor: DBAPICursor,
        statement: str,
        parameters: Any,
        context: ExecutionContext | None = None,
    ) -> None:
        """Run a statement for many rows, as `do_execute`."""
        await_only(_at_once())
        cursor.executemany(statement, parameters)

    @override
    def do_commit(self, dbapi_connection: DBAPIConnection) -> None:
        """Commit in a thread: the disk may take its time, and the loop goes on."""
        await_only(_to_the_end(dbapi_connection.commit))


def begin_writing(connection: Connection, wait: float) -> None:
    """Become the one writer; wait on the loop for as long as another process is.

    Raises:
        sqlalchemy.exc.OperationalError: It still is after `wait` seconds.
    """
    raw = cast("sqlite3.Connection", connection.connection.dbapi_connection)
    # SQLite itself would wait with the loop standing still.
    raw.execute("PRAGMA busy_timeout = 0")
    try:
        await_only(_until_free(raw, wait))
        if not raw.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        raw.execute(f"PRAGMA busy_timeout = {int(wait * 1000)}")


async def _at_once() -> None:
    """Wait for nothing."""


async def _until_free(raw: sqlite3.Connection, wait: float) -> None:
    """Try to begin until it works or time is up; other failures are for the last try to tell."""
    loop = asyncio.get_running_loop()
    until = loop.time() + wait
    while loop.time() < until:
        try:
            raw.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                return
        else:
            return
        await asyncio.sleep(_PAUSE)


async def _to_the_end(work: Callable[[], object]) -> None:
    """Do this in a thread, and stay with it to its end, also when we are cancelled meanwhile.

    Else the connection would be rolled back and handed on while it still commits.
    """
    done = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        await asyncio.shield(done)
    except asyncio.CancelledError:
        await asyncio.wait([done])
        raise


OPTIONS: Final[Mapping[str, Any]] = {"factory": DirectConnection, "check_same_thread": False}
"""How to connect. The commit runs in another thread, and never beside anything else."""
registry.register(NAME.replace("+", "."), __name__, DirectSqlite.__name__)
