"""Reading the database of a log that nobody trusts: nothing in it may run, nothing is changed."""

import sqlite3
from pathlib import Path
from urllib.parse import quote


def connect(path: Path, *, quiet: bool) -> sqlite3.Connection:
    """Open the database to read; text comes as bytes, for it may be no text.

    Args:
        path: Where it lies.
        quiet: Nobody writes, so SQLite need not make files of its own beside it.
    """
    mode = "mode=ro&immutable=1" if quiet else "mode=ro"
    connection = sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True, isolation_level=None)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.text_factory = bytes
    return connection


def as_bytes(value: object) -> bytes:
    """Return what is bytes in a database of ours; whoever meddled may have put in other things."""
    return value if isinstance(value, bytes) else b""
