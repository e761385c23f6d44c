"""The fault table: each operation of the writer fails, before and after it took effect.

Whatever fails: no future is a success without a durable line, the log is poisoned from then
on, and the next opening recovers with everything that was acknowledged.
"""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typing_extensions import override

from audit.disk import Disk
from audit.entry import Entry, Soort
from audit.errors import LogOpenError, LogPoisonedError, TileError, describe
from audit.findings import Code
from audit.log import Log
from audit.receipt import Receipt
from audit.writer import Options
from tests.audit.logs import a_log, an_entry, copy_log, findings, open_log, salt_of


class Fault:
    """Lets one operation fail, before or after it took effect; counts them all."""

    def __init__(self, number: int = -1, *, after: bool = False) -> None:
        self.number = number
        self.after = after
        self.names: list[str] = []
        self.armed = False
        self.failing: str | None = None
        """The name of operations that all fail, before their effect."""

    @property
    def hit(self) -> bool:
        """Tell whether the operation has failed."""
        return len(self.names) > self.number >= 0

    @contextlib.contextmanager
    def around(self, name: str, error: Exception) -> Iterator[None]:
        """Stand around one operation."""
        mine = self.armed and len(self.names) == self.number
        if self.armed:
            self.names.append(name)
        if (mine and not self.after) or (self.armed and name == self.failing):
            raise error
        yield
        if mine:
            raise error


class FaultyConnection(sqlite3.Connection):
    """A connection whose statements may fail."""

    fault: Fault

    @override
    def execute(self, sql: str, *args: object) -> sqlite3.Cursor:
        with self.fault.around(sql[:20], sqlite3.OperationalError("disk I/O error")):
            return super().execute(sql, *args)  # type: ignore[arg-type]

    @override
    def executemany(self, sql: str, *args: object) -> sqlite3.Cursor:
        with self.fault.around(sql[:20], sqlite3.OperationalError("disk I/O error")):
            return super().executemany(sql, *args)  # type: ignore[arg-type]


class FaultyDisk(Disk):
    """A disk of which one operation fails."""

    def __init__(self, fault: Fault, factory: type[FaultyConnection] = FaultyConnection) -> None:
        self.fault = fault
        self.factory = factory

    @override
    def connect(self, path: Path, *, read_only: bool = False) -> sqlite3.Connection:
        with self.fault.around("connect", sqlite3.OperationalError("unable to open")):
            if read_only:
                return super().connect(path, read_only=True)
            connection = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, factory=self.factory
            )
            connection.fault = self.fault
            return connection

    @override
    def write(self, path: Path, data: bytes, *, private: bool = False) -> None:
        with self.fault.around("write", OSError(5, "Input/output error")):
            super().write(path, data, private=private)

    @override
    def create(self, path: Path, data: bytes) -> None:
        with self.fault.around("create", OSError(5, "Input/output error")):
            super().create(path, data)

    @override
    def sync_file(self, path: Path) -> None:
        with self.fault.around("sync file", OSError(5, "Input/output error")):
            super().sync_file(path)

    @override
    def remove(self, path: Path) -> None:
        with self.fault.around("remove", OSError(5, "Input/output error")):
            super().remove(path)

    @override
    def wipe(self, path: Path) -> None:
        with self.fault.around("wipe", OSError(5, "Input/output error")):
            super().wipe(path)

    @override
    def replace(self, source: Path, target: Path) -> None:
        with self.fault.around("replace", OSError(5, "Input/output error")):
            super().replace(source, target)

    @override
    def sync_directory(self, directory: Path) -> None:
        with self.fault.around("sync", OSError(5, "Input/output error")):
            super().sync_directory(directory)


VOORNEMEN, VERSTREKKING = Soort.VOORNEMEN, Soort.VERSTREKKING
BEFORE = 250
"""Lines that are there before anything fails."""
GROUPS = (
    [an_entry(number, VOORNEMEN) for number in range(BEFORE, 255)],
    # Fills a tile, and opens and closes within one batch.
    [an_entry(300, VOORNEMEN), an_entry(300, VERSTREKKING)],
    # Closes what an earlier batch opened.
    [
        (
            Entry(
                soort=VERSTREKKING,
                at=an_entry(301)[0].at,
                kenmerk=f"v-{BEFORE}/verstrekking",
                payload={},
            ),
            salt_of(301),
        )
    ],
    # Nothing new: answered from the database.
    [an_entry(BEFORE, VOORNEMEN)],
)
INDEXES = [*range(BEFORE, 258), BEFORE]
OPEN = (Code.OPEN_VOORNEMEN, BEFORE + 1, 254)


@pytest.fixture(name="base")
def make_base(tmp_path: Path) -> Path:
    """Make the log in which things will fail."""
    return a_log(tmp_path / "begin", [BEFORE])


def play(log: Log) -> tuple[list[Receipt], int]:
    """Append all groups one after another; return the receipts, and how many groups failed."""
    receipts: list[Receipt] = []
    failed = 0
    for group in GROUPS:
        try:
            receipts += log.append_many(group).result(timeout=10)
        except LogPoisonedError:
            failed += 1
    return receipts, failed


def run(base: Path, directory: Path, fault: Fault) -> tuple[list[Receipt], int, str | None]:
    """Play with one fault; return also what the log says of its trouble.

    It publishes at the end, so that the operations always come in the same order.
    """
    copy_log(base, directory)
    log = open_log(directory, Options(disk=FaultyDisk(fault), publish_every=3600))
    fault.armed = True
    receipts, failed = play(log)
    with contextlib.suppress(LogPoisonedError):
        log.close()
    fault.armed = False
    return receipts, failed, log.trouble


def points(base: Path, tmp_path: Path) -> list[Fault]:
    """Return a fault for each operation that the writer does, before and after its effect."""
    counting = Fault()
    run(base, tmp_path / "telling", counting)
    names = {"COMMIT", "write", "replace", "sync", "BEGIN IMMEDIATE", "create", "remove"}
    assert names <= set(counting.names)
    return [
        Fault(number, after=after)
        for number in range(len(counting.names))
        for after in (False, True)
    ]


def test_no_fault_no_trouble(base: Path, tmp_path: Path) -> None:
    """Without a fault all is recorded once and nothing is found but open voornemens."""
    receipts, failed, trouble = run(base, tmp_path / "log", Fault())

    assert ([receipt.index for receipt in receipts], failed) == (INDEXES, 0)
    assert trouble is None
    assert findings(tmp_path / "log") == [OPEN]


def test_every_fault_of_the_writer(base: Path, tmp_path: Path) -> None:
    """Whichever operation fails, before or after its effect, nothing acknowledged is lost."""
    for place, fault in enumerate(points(base, tmp_path)):
        directory = tmp_path / f"log-{place}"

        receipts, _, trouble = run(base, directory, fault)

        told = (fault.names[fault.number], fault.after)
        assert fault.hit, told
        assert trouble is not None, told
        assert "gestopt" in trouble, told
        with open_log(directory) as log:
            for receipt in receipts:
                assert log.receipt(receipt.index) == receipt, told
            # What failed can be sent again, whether or not it had taken effect.
            again, none = play(log)
            assert ([r.index for r in again], none) == (INDEXES, 0), told
        assert findings(directory) == [OPEN], told


def test_every_fault_of_opening(tmp_path: Path) -> None:
    """Whichever operation of making or opening a log fails, the next opening recovers."""
    counting = Fault()
    counting.armed = True
    open_log(tmp_path / "telling", Options(disk=FaultyDisk(counting))).close()
    for number in range(len(counting.names)):
        for after in (False, True):
            directory = tmp_path / f"log-{number}-{after}"
            fault = Fault(number, after=after)
            fault.armed = True

            with pytest.raises(LogOpenError, match="kan niet worden geopend"):
                open_log(directory, Options(disk=FaultyDisk(fault)))

            assert fault.hit
            with open_log(directory) as log:
                assert log.append(*an_entry(0)).result().index == 0
            assert findings(directory) == []


def test_every_waiter_fails_with_the_first(tmp_path: Path) -> None:
    """When a commit fails, everyone in the batch and in the queue is refused, and who comes."""
    reached, hold = threading.Event(), threading.Event()

    class Slow(FaultyConnection):
        @override
        def execute(self, sql: str, *args: object) -> sqlite3.Cursor:
            if sql == "COMMIT" and self.fault.armed:
                reached.set()
                hold.wait(timeout=10)
            return super().execute(sql, *args)

    fault = Fault()
    log = open_log(tmp_path / "log", Options(disk=FaultyDisk(fault, Slow)))
    acknowledged = log.append(*an_entry(0)).result()
    fault.armed, fault.failing = True, "COMMIT"
    waiting = [log.append(*an_entry(1))]
    reached.wait(timeout=10)
    waiting += [log.append(*an_entry(number)) for number in range(2, 600)]
    cancelled = log.append(*an_entry(600))
    cancelled.cancel()
    hold.set()

    failures = [future.exception(timeout=10) for future in waiting]
    assert {type(failure) for failure in failures} == {LogPoisonedError}
    with pytest.raises(LogPoisonedError, match="de database geeft een fout"):
        log.append(*an_entry(601))
    with pytest.raises(LogPoisonedError):
        log.append_many([an_entry(601)])
    log.close()
    fault.armed = False
    with open_log(tmp_path / "log") as again:
        assert again.entry(0).leaf == acknowledged.leaf
        assert again.append(*an_entry(700)).result().index == 1


def test_failed_publication_stops_the_writer(tmp_path: Path) -> None:
    """When a checkpoint cannot be published while the log runs, nothing more is recorded."""
    fault = Fault()
    log = open_log(tmp_path / "log", Options(disk=FaultyDisk(fault), publish_every=0))
    fault.failing, fault.armed = "create", True
    log.append(*an_entry(0)).result()
    for _ in range(1000):
        if log.trouble is not None:
            break
        time.sleep(0.01)

    with pytest.raises(LogPoisonedError, match="een bestand"):
        log.append(*an_entry(1))
    log.close()
    with open_log(tmp_path / "log") as again:
        assert again.append(*an_entry(1)).result().index == 1


def test_failed_publication_at_closing_is_told(tmp_path: Path) -> None:
    """When the last checkpoint cannot be published, closing says so, and nothing is lost."""
    fault = Fault(0)
    log = open_log(tmp_path / "log", Options(disk=FaultyDisk(fault), publish_every=3600))
    log.append(*an_entry(0)).result()
    fault.armed = True

    with pytest.raises(LogPoisonedError, match="een bestand"):
        log.close()

    with open_log(tmp_path / "log") as again:
        assert again.entry(0).kenmerk == "v-0/toetsing"


def test_full_database_is_told(tmp_path: Path) -> None:
    """A disk that is full stops the log with a sentence that says so."""
    directory = tmp_path / "log"

    class Small(Disk):
        @override
        def connect(self, path: Path, *, read_only: bool = False) -> sqlite3.Connection:
            connection = super().connect(path, read_only=read_only)
            if not read_only:
                connection.execute("PRAGMA max_page_count = 20")
            return connection

    with open_log(directory, Options(disk=Small())) as log:
        with pytest.raises(LogPoisonedError, match="de schijf is vol"):
            log.append_many([an_entry(n, tekst="x" * 900) for n in range(300)]).result()
        assert log.trouble is not None
        assert log.entries(0, 10) == []
    assert findings(directory) == []


def test_busy_database_is_told(tmp_path: Path) -> None:
    """A database that another program holds stops the log with a sentence that says so."""
    directory = tmp_path / "log"

    class Impatient(Disk):
        @override
        def connect(self, path: Path, *, read_only: bool = False) -> sqlite3.Connection:
            connection = super().connect(path, read_only=read_only)
            connection.execute("PRAGMA busy_timeout = 0")
            return connection

    with open_log(directory, Options(disk=Impatient())) as log:
        other = sqlite3.connect(directory / "log.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LogPoisonedError, match="ander programma houdt de database bezet"):
            log.append(*an_entry(0)).result()
        other.close()


def test_failure_in_reading_is_told(tmp_path: Path) -> None:
    """A tile that is cut gives an error that names it when it is needed for a proof."""
    directory = a_log(tmp_path / "log", [300])
    with open_log(directory) as log:
        (directory / "tile/0/000").write_bytes(bytes(7))
        with pytest.raises(TileError, match="tile/0/000 is afgekapt bij byte 7"):
            log.proof(3)


def test_sentences_tell_no_path() -> None:
    """What is told of a failure is one of a few fixed sentences."""
    strange = sqlite3.OperationalError("/var/lib/sluis/log.sqlite")

    assert describe(strange) == "de database geeft een fout"
    assert describe(OSError(2, "weg", "/var/lib/sluis")).startswith("een bestand")
    assert describe(ValueError("iets")) == "er ging onverwacht iets mis"
