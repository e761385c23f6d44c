"""The ledger in SQLite: one writer whatever the version, and queries that use their index."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from audit.disk import DATABASE, Disk
from audit.entry import Soort
from audit.errors import LogOpenError
from audit.ledger import Ledger
from audit.ledger.sqlite import SqliteLedger, SqliteReader
from tests.audit.logs import an_entry, open_log


def test_sqlite_is_a_ledger(tmp_path: Path) -> None:
    """The embedded ledger fits the port, and has no head and no turn before there is a log."""
    with closing(SqliteLedger(Disk(), tmp_path)) as ledger:
        port: Ledger = ledger

        assert port.head() is None
        with pytest.raises(LogOpenError, match="nog geen logboek"), port.turn():
            pass


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM regel", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA journal_mode = DELETE"],
)
def test_only_the_writer_writes_or_checkpoints(tmp_path: Path, statement: str) -> None:
    """No other connection of ours can do what damages a database in SQLite before 3.51.3."""
    with open_log(tmp_path / "log") as log:
        log.append(*an_entry(0)).result()
        with closing(SqliteReader.open(Disk(), tmp_path / "log")) as reader:
            with pytest.raises(sqlite3.OperationalError):
                reader._all(statement)
            assert reader.rows(0, 9) == [log.entry(0).leaf]
        assert log.append(*an_entry(1)).result().index == 1


QUERIES: dict[str, Callable[[SqliteReader], object]] = {
    "regel by rowid": lambda reader: reader.lines(3, 5, None),
    "regel_soort": lambda reader: reader.lines(3, 5, Soort.FOUT),
    "sleutel_onderwerp": lambda reader: reader.keys(bytes(16), "2026-11"),
    "trefwoord": lambda reader: reader.search([1, 2], (0, 9), 5, Soort.FOUT),
    "controlepunt": lambda reader: reader.note_after(3),
    "kenmerk": lambda reader: reader.known(["x"]),
    "open": lambda reader: reader.open_intents(5),
    "keys": lambda reader: reader.keys_after(b"", 5),
    "hashes": lambda reader: reader.hashes(3, 5),
}


@pytest.mark.parametrize("name", QUERIES)
def test_no_query_reads_a_whole_table(tmp_path: Path, name: str) -> None:
    """Every query of the log finds its rows by an index, however large the log is."""
    open_log(tmp_path).close()
    seen: list[tuple[str, tuple[object, ...]]] = []

    class Watched(sqlite3.Connection):
        def execute(self, sql: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:  # type: ignore[explicit-override, override]
            seen.append((sql, values))
            return super().execute(sql, values)

    with closing(sqlite3.connect(tmp_path / DATABASE, factory=Watched)) as connection:
        QUERIES[name](SqliteReader(connection))
        (sql, values) = seen[-1]
        steps = connection.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()

    # What is given in the query itself, and the few that are open, may be read whole.
    scans = [step[3] for step in steps if step[3].startswith("SCAN")]
    assert {scan.split()[1] for scan in scans} <= {"json_each", "open_voornemen"}
