"""The files of a log, and `Disk`: the port to everything about them that can fail."""

import contextlib
import fcntl
import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from audit.errors import LogInUseError

DATABASE = "log.sqlite"
CHECKPOINT = "checkpoint"
VKEY = "vkey"
LOCK = "lock"


class Disk:
    """What the log asks of the disk. Every method may raise OSError or sqlite3.Error."""

    def connect(self, path: Path, *, read_only: bool = False) -> sqlite3.Connection:
        """Open a database, without transactions of Python's own making.

        A new one is for its owner alone; SQLite gives the files beside it the same mode.
        """
        if not read_only:
            # Only when new: to close a file that SQLite has open would drop its locks.
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        mode = "ro" if read_only else "rwc"
        return sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            timeout=2.0,
            isolation_level=None,
            check_same_thread=False,
        )

    def write(self, path: Path, data: bytes, *, private: bool = False) -> None:
        """Write a file and bring it to the platter; a private one is for its owner alone."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if private else 0o666)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def create(self, path: Path, data: bytes) -> None:
        """Write a file; `sync_file` brings it to the platter, with others that wait there."""
        path.write_bytes(data)

    def sync_file(self, path: Path) -> None:
        """Bring what was written to a file to the platter."""
        handle = os.open(path, os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def make_directory(self, path: Path) -> None:
        """Make a directory, with those above it; one that is there is left as it is."""
        path.mkdir(parents=True, exist_ok=True)

    def remove(self, path: Path) -> None:
        """Remove a file; one that is gone already is fine."""
        path.unlink(missing_ok=True)

    def remove_directory(self, path: Path) -> None:
        """Remove a directory when nothing is left in it."""
        with contextlib.suppress(OSError):
            path.rmdir()

    def replace(self, source: Path, target: Path) -> None:
        """Put one file in the place of another, at once."""
        source.replace(target)

    def wipe(self, path: Path) -> None:
        """Overwrite a file with zeros on the platter, then take away its name."""
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()

    def sync_directory(self, directory: Path) -> None:
        """Bring the names in a directory to the platter."""
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def publish(disk: Disk, target: Path, text: str) -> None:
    """Replace a file so that a crash leaves the old or the new one, never a torn one."""
    fresh = target.with_name(f".{target.name}.new")
    disk.write(fresh, text.encode())
    disk.replace(fresh, target)
    disk.sync_directory(target.parent)


class DirectoryLock:
    """Holds the directory for one process; the system lets go of it when the process dies."""

    def __init__(self, directory: Path) -> None:
        """Take the lock.

        Raises:
            LogInUseError: Another process, or this one, already holds it.
            OSError: The lock file cannot be made.
        """
        self._handle = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise LogInUseError(
                "Een ander proces heeft dit logboek al geopend. Stop dat eerst."
            ) from None

    def release(self) -> None:
        """Let go."""
        os.close(self._handle)
