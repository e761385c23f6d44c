"""Connections to the server of the log, and what their failures mean."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import psycopg

from audit.errors import LogReadError, LogUnavailableError, describe
from audit.ledger.pg_schema import Connection

_KEPT: Final = 4
"""Connections for reading; who comes when all are taken waits."""
_BUSY_AFTER: Final = 5.0
_PASSING: Final = frozenset(
    {
        "40001",  # serialization_failure
        "40P01",  # deadlock_detected
        "55P03",  # lock_not_available
        "57014",  # query_canceled
    }
)
_FULL: Final = "53"
"""Class of: no room on the disk, no memory, no connection left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the server is, as a `postgresql://` address. May hold a password: never log it."""

    url: str
    seconds: float = 5.0
    """How long to wait for a connection, and for a server that restarts."""
    strict: bool = False
    """Refuse a role that could change the log."""

    # `typing.override` came with Python 3.12.
    def __repr__(self) -> str:  # type: ignore[explicit-override]
        return "Address(…)"

    def connect(self) -> Connection:
        """Open a connection on which every statement stands alone.

        Raises:
            psycopg.Error: It cannot be opened.
        """
        return psycopg.connect(
            self.url,
            autocommit=True,
            prepare_threshold=0,
            connect_timeout=max(2, round(self.seconds)),
            application_name="sluis-logboek",
            # A server that is gone without a word is noticed in seconds, not in hours.
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            tcp_user_timeout=15_000,
        )


def is_lost(connection: Connection) -> bool:
    """Tell whether a connection can no longer be used."""
    return connection.closed or connection.broken


def will_pass(error: psycopg.Error) -> bool:
    """Tell whether a statement that failed like this may well succeed later.

    The server has then undone the whole transaction.
    """
    state = error.sqlstate or ""
    return state in _PASSING or state.startswith(_FULL)


def unavailable(error: Exception) -> LogUnavailableError:
    """Return what to raise when the server cannot be reached."""
    return LogUnavailableError(f"Het logboek is nu niet bereikbaar: {describe(error)}.")


def close_quietly(connection: Connection) -> None:
    """Close a connection, also one that is already gone."""
    with contextlib.suppress(psycopg.Error):
        connection.close()


class Readers:
    """A few connections for reading, for any thread."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._free: list[Connection] = []
        self._room = threading.BoundedSemaphore(_KEPT)
        self._lock = threading.Lock()
        self._closed = False

    @contextlib.contextmanager
    def take(self) -> Iterator[Connection]:
        """Lend a connection; a lost one is replaced.

        Raises:
            LogReadError: All are taken, and stay so.
            LogUnavailableError: None can be opened.
        """
        if not self._room.acquire(timeout=_BUSY_AFTER):
            raise LogReadError("Het logboek heeft het te druk om te lezen.")
        try:
            with self._lock:
                found = self._free.pop() if self._free else None
            connection = found or self._open()
            try:
                yield connection
            finally:
                self._give_back(connection)
        finally:
            self._room.release()

    def forget(self) -> None:
        """Close those that nobody uses: the server they led to is gone."""
        with self._lock:
            idle, self._free = self._free, []
        for connection in idle:
            close_quietly(connection)

    def close(self) -> None:
        """Close all; those in use are closed when they come back."""
        self._closed = True
        self.forget()

    def _open(self) -> Connection:
        try:
            return self._connect()
        except psycopg.OperationalError as error:
            raise unavailable(error) from error

    def _give_back(self, connection: Connection) -> None:
        with self._lock:
            keep = not self._closed and not is_lost(connection)
            if keep:
                self._free.append(connection)
        if not keep:
            close_quietly(connection)


class Patience:
    """How long one goes on trying after the server was lost."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: float | None = None

    def lost(self) -> None:
        """Take note that the server is gone."""
        if self._since is None:
            self._since = time.monotonic()

    def found(self) -> None:
        """Take note that it is back."""
        self._since = None

    def wait(self) -> bool:
        """Wait a little; or tell that it has taken long enough, without waiting."""
        if self._since is not None and time.monotonic() - self._since > self._seconds:
            return False
        time.sleep(0.1)
        return True
