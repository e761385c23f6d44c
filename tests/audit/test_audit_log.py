"""The log in use: append, read, prove, refuse."""

import concurrent.futures
import datetime as dt
import itertools
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from audit.disk import Disk
from audit.entry import Entry, Soort
from audit.errors import (
    ClockError,
    DuplicateError,
    EntryError,
    LogClosedError,
    LogFullError,
    LogPoisonedError,
    LogRangeError,
    LogReadError,
    VaultError,
)
from audit.findings import Code
from audit.log import Log
from audit.merkle import check_consistency, check_inclusion, leaf_hash
from audit.note import open_checkpoint
from audit.receipt import Receipt, verify_receipt
from audit.writer import Options
from tests.audit.logs import (
    SIGNER,
    START,
    a_log,
    an_entry,
    findings,
    open_log,
    run_sql,
    salt_of,
)


@pytest.fixture(name="log")
def open_empty_log(tmp_path: Path) -> Iterator[Log]:
    """Give an open, empty log."""
    with open_log(tmp_path / "log") as log:
        yield log


class Held(sqlite3.Connection):
    """A connection that commits only while the gate is open."""

    gate: "Gate"

    @override
    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
        if sql == "COMMIT":
            self.gate.reached.set()
            self.gate.opened.wait(timeout=10)
        return super().execute(sql, *args)


class Gate(Disk):
    """A disk that, once shut, holds the writer in its next commit until the gate opens."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()
        self.opened.set()

    def shut(self) -> None:
        """Hold the next commit."""
        self.reached.clear()
        self.opened.clear()

    @override
    def connect(self, path: Path, *, read_only: bool = False) -> sqlite3.Connection:
        if read_only:
            return super().connect(path, read_only=True)
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, factory=Held
        )
        connection.gate = self
        return connection


def test_receipt_proves_the_line(log: Log) -> None:
    """Each append gives a receipt that proves the line under the key of the log."""
    for number in range(20):
        receipt = log.append(*an_entry(number)).result()

        assert verify_receipt(receipt.text(), SIGNER.vkey) == receipt
        assert (receipt.index, log.entry(number).leaf) == (number, receipt.leaf)
        assert log.receipt(number) == receipt
        assert log.checkpoint() == receipt.checkpoint


def test_many_are_recorded_together(log: Log) -> None:
    """A group lands in order in one batch under one checkpoint."""
    receipts = log.append_many([an_entry(number) for number in range(300)]).result()

    assert [receipt.index for receipt in receipts] == list(range(300))
    assert {receipt.size for receipt in receipts} == {300}
    for receipt in receipts:
        verify_receipt(receipt.text(), SIGNER.vkey)
    assert log.append_many([]).result() == ()


@settings(max_examples=20)
@given(batches=st.lists(st.integers(1, 120), min_size=1, max_size=6), data=st.data())
def test_log_proves_every_state(
    tmp_path_factory: pytest.TempPathFactory, batches: list[int], data: st.DataObject
) -> None:
    """However a log grew, also over reopening, its proofs hold and the verifier finds nothing."""
    directory = tmp_path_factory.mktemp("log")
    states = [(0, b"")]
    number = 0
    for count in batches:
        with open_log(directory) as log:
            log.append_many([an_entry(n) for n in range(number, number + count)]).result()
            number += count
            checkpoint = open_checkpoint(log.checkpoint(), SIGNER.vkey)
            states.append((checkpoint.size, checkpoint.root))

    with open_log(directory) as log:
        for (old, old_root), (new, new_root) in itertools.pairwise(states[1:]):
            check_consistency(old, new, old_root, new_root, log.consistency(old, new))
        index = data.draw(st.integers(0, number - 1))
        leaf = leaf_hash(log.entry(index).leaf)
        check_inclusion(index, number, leaf, log.proof(index), states[-1][1])
    assert states[-1][0] == number
    assert findings(directory) == []


def test_line_reads_back(log: Log) -> None:
    """A line tells all that was recorded."""
    entry, salt = an_entry(0, vrager="gemeente-x", velden=["naam", "adres"], gevoelig=True)
    log.append(entry, salt).result()

    line = log.entry(0)

    assert (line.index, line.soort, line.at, line.kenmerk, line.payload, line.salt) == (
        0,
        Soort.TOETSING,
        START,
        "v-0/toetsing",
        {"nummer": 0, "vrager": "gemeente-x", "velden": ["naam", "adres"], "gevoelig": True},
        salt,
    )
    assert "gemeente" not in repr(line)


def test_lines_are_read_by_soort(log: Log) -> None:
    """Lines are read from an index on, at most so many, of one soort or of all."""
    soorten = [Soort.TOETSING, Soort.WIJZIGING]
    log.append_many([an_entry(number, soorten[number % 2]) for number in range(10)]).result()

    assert [line.index for line in log.entries(3, 4)] == [3, 4, 5, 6]
    assert [line.index for line in log.entries(3, 3, Soort.WIJZIGING)] == [3, 5, 7]
    assert log.entries(10, 5) == log.entries(0, 5, Soort.FOUT) == []


def test_line_with_destroyed_payload_reads(tmp_path: Path) -> None:
    """A line whose zegel was destroyed still stands, and can be proven."""
    directory = a_log(tmp_path / "log", [3])
    run_sql(directory, "UPDATE regel SET zegel = NULL WHERE seq = 1")

    with open_log(directory) as log:
        line = log.entry(1)
        receipt = log.receipt(1)

    assert (line.payload, line.salt) == (None, None)
    assert verify_receipt(receipt.text(), SIGNER.vkey).leaf == line.leaf
    assert findings(directory) == []


def test_nothing_outside_the_log(log: Log) -> None:
    """What is not in the log cannot be read or proven."""
    log.append(*an_entry(0)).result()

    for ask in (
        lambda: log.entry(1),
        lambda: log.entry(-1),
        lambda: log.receipt(1),
        lambda: log.receipt(-1),
        lambda: log.proof(1),
        lambda: log.proof(0, 2),
        lambda: log.consistency(1, 2),
    ):
        with pytest.raises(LogRangeError):
            ask()


def test_repeated_entry_gets_its_earlier_receipt(log: Log) -> None:
    """The same kenmerk, soort and payload is recorded once, however late and with what salt."""
    first = log.append(*an_entry(0)).result()
    log.append_many([an_entry(number) for number in range(1, 300)]).result()

    again = log.append(an_entry(0)[0], salt_of(999)).result()
    together = log.append_many([an_entry(0), an_entry(300), an_entry(300)]).result()

    assert again == together[0] == first
    assert together[1] == together[2] == log.receipt(300)
    assert open_checkpoint(log.checkpoint(), SIGNER.vkey).size == 301


def test_other_entry_with_the_same_kenmerk_is_refused(log: Log) -> None:
    """A kenmerk never gets a second meaning, and a group with such an entry is not recorded."""
    log.append(*an_entry(0)).result()

    with pytest.raises(DuplicateError):
        log.append(*an_entry(0, anders=True)).result()
    with pytest.raises(DuplicateError):
        log.append_many([an_entry(1), an_entry(0, anders=True)]).result()
    with pytest.raises(DuplicateError):
        log.append_many([an_entry(1), an_entry(1, anders=True)]).result()
    assert open_checkpoint(log.checkpoint(), SIGNER.vkey).size == 1
    assert log.append(*an_entry(2)).result().index == 1


def test_clock_that_was_set_back_is_refused(log: Log) -> None:
    """An entry of before the last line is refused, and so is its whole group."""
    log.append(*an_entry(100)).result()

    with pytest.raises(ClockError, match="klok loopt achter"):
        log.append(*an_entry(94)).result()
    with pytest.raises(ClockError):
        log.append_many([an_entry(101), an_entry(1)]).result()
    assert log.append(*an_entry(102)).result().index == 1


def test_overtaken_entry_gets_the_moment_of_the_line_before(log: Log) -> None:
    """Entries that overtake each other by seconds are all recorded; moments never go back."""
    log.append(*an_entry(100)).result()
    receipt = log.append(*an_entry(97)).result()

    assert log.entry(1).at == START + dt.timedelta(seconds=100)
    assert verify_receipt(receipt.text(), SIGNER.vkey).leaf == log.entry(1).leaf


def test_strict_clock(tmp_path: Path) -> None:
    """Without room for overtaking, one second before the last line is refused."""
    with open_log(tmp_path / "log", Options(skew=dt.timedelta(0))) as log:
        log.append(*an_entry(5)).result()
        log.append(
            Entry(soort=Soort.TOETSING, at=an_entry(5)[0].at, kenmerk="gelijk", payload={}),
            salt_of(0),
        ).result()
        with pytest.raises(ClockError):
            log.append(*an_entry(4)).result()


def test_clock_is_held_over_reopening(tmp_path: Path) -> None:
    """After reopening, the last line still bounds the clock."""
    directory = a_log(tmp_path / "log", [100])

    with open_log(directory) as log, pytest.raises(ClockError):
        log.append(
            Entry(soort=Soort.FOUT, at=START, kenmerk="x/fout", payload={}), salt_of(0)
        ).result()


def test_open_intents(log: Log) -> None:
    """A voornemen is open until a later line of the same stem ends it."""
    log.append_many(
        [
            *(an_entry(number, Soort.VOORNEMEN) for number in range(5)),
            (
                Entry(
                    soort=Soort.WEIGERING, at=an_entry(5)[0].at, kenmerk="v-0/weigering", payload={}
                ),
                salt_of(5),
            ),
        ]
    ).result()
    for number, soort in ((1, Soort.VERSTREKKING), (2, Soort.FOUT), (3, Soort.ONBEPAALD)):
        entry = Entry(soort=soort, at=an_entry(10)[0].at, kenmerk=f"v-{number}/{soort}", payload={})
        log.append(entry, salt_of(10 + number)).result()

    assert [line.kenmerk for line in log.open_intents()] == ["v-4/voornemen"]


def test_end_before_its_voornemen_does_not_count(tmp_path: Path) -> None:
    """A verstrekking that was recorded first leaves the voornemen open, and is found."""
    with open_log(tmp_path / "log") as log:
        log.append_many([an_entry(0, Soort.VERSTREKKING), an_entry(0, Soort.VOORNEMEN)]).result()
        open_lines = [line.index for line in log.open_intents()]

    assert open_lines == [1]
    assert findings(tmp_path / "log") == [
        (Code.ZONDER_VOORNEMEN, 0, 0),
        (Code.OPEN_VOORNEMEN, 1, 1),
    ]


def test_unfit_entry_never_reaches_the_log(log: Log) -> None:
    """An entry without canonical form is refused to its caller; the log goes on."""
    with pytest.raises(EntryError):
        log.append(*an_entry(0, bedrag=1.5))

    assert log.append(*an_entry(0)).result().index == 0


def test_full_queue_is_refused_at_once(tmp_path: Path) -> None:
    """When too much waits, an append fails at once, and what waits is still recorded."""
    gate = Gate()
    with open_log(tmp_path / "log", Options(disk=gate, capacity=3)) as log:
        gate.shut()
        log.append(*an_entry(0))
        gate.reached.wait(timeout=10)
        one, two = log.append(*an_entry(1)), log.append_many([an_entry(2), an_entry(3)])

        with pytest.raises(LogFullError, match="te druk"):
            log.append(*an_entry(4))
        gate.opened.set()

        assert (one.result().index, [receipt.index for receipt in two.result()]) == (1, [2, 3])
        assert log.append(*an_entry(4)).result().index == 4


def test_group_larger_than_a_batch_is_refused(log: Log) -> None:
    """A group that cannot land in one commit is refused."""
    with pytest.raises(LogFullError):
        log.append_many([an_entry(number) for number in range(513)])


def test_batch_has_an_end(tmp_path: Path) -> None:
    """What waits beyond 512 entries comes in a next batch; a group is never split."""
    gate = Gate()
    with open_log(tmp_path / "log", Options(disk=gate)) as log:
        gate.shut()
        log.append(*an_entry(0))
        gate.reached.wait(timeout=10)
        waiting = [
            log.append_many([an_entry(n) for n in range(first, first + 300)]) for first in (1, 301)
        ]
        gate.opened.set()

        assert [w.result()[0].size for w in waiting] == [301, 601]


def test_cancelled_while_waiting_is_not_recorded(tmp_path: Path) -> None:
    """A future that was cancelled before its turn leaves no line."""
    gate = Gate()
    with open_log(tmp_path / "log", Options(disk=gate)) as log:
        gate.shut()
        log.append(*an_entry(0))
        gate.reached.wait(timeout=10)
        cancelled = log.append(*an_entry(1))
        assert cancelled.cancel()
        gate.opened.set()

        assert log.append(*an_entry(2)).result().index == 1
    assert findings(tmp_path / "log") == []


def test_closing_records_what_waits(tmp_path: Path) -> None:
    """Whoever appended before the close has a durable line; whoever comes later is refused."""
    directory = tmp_path / "log"
    log = open_log(directory)
    accepted: list[concurrent.futures.Future[Receipt]] = []
    refused = threading.Event()
    started = threading.Barrier(3)

    def produce(first: int) -> None:
        started.wait()
        for number in range(first, first + 100_000):
            try:
                accepted.append(log.append(*an_entry(0, maker=number)))
            except LogFullError:
                continue
            except LogClosedError:
                refused.set()
                return

    threads = [threading.Thread(target=produce, args=(first,)) for first in (0, 100_000)]
    for thread in threads:
        thread.start()
    started.wait()
    while not accepted:
        pass
    log.close()
    for thread in threads:
        thread.join()

    assert refused.is_set()
    outcomes = [future.exception(timeout=0) for future in accepted]
    assert len([one for one in outcomes if one is None]) == 1
    assert {type(one) for one in outcomes} <= {type(None), DuplicateError}
    assert findings(directory) == []


def test_closed_log_is_closed(tmp_path: Path) -> None:
    """After closing, nothing is appended or read; closing again is harmless."""
    log = open_log(tmp_path / "log")
    log.close()
    log.close()

    with pytest.raises(LogClosedError):
        log.append(*an_entry(0))
    with pytest.raises(LogClosedError):
        log.entries(0, 1)


def test_checkpoint_file_follows(tmp_path: Path) -> None:
    """The file appears within its time, without another append, and closing brings it up."""
    directory = tmp_path / "log"
    with open_log(directory, Options(publish_every=0.05)) as log:
        log.append(*an_entry(0)).result()
        deadline = threading.Event()
        for _ in range(200):
            if (directory / "checkpoint").read_text() == log.checkpoint():
                break
            deadline.wait(0.01)

        assert (directory / "checkpoint").read_text() == log.checkpoint()
    with open_log(directory, Options(publish_every=3600)) as log:
        log.append(*an_entry(1)).result()
        assert (directory / "checkpoint").read_text() != log.checkpoint()
        latest = log.checkpoint()
    assert (directory / "checkpoint").read_text() == latest


def test_damaged_line_is_told_plainly(tmp_path: Path) -> None:
    """A line that cannot be read gives an error of ours, without its content."""
    directory = tmp_path / "log"
    log = open_log(directory)
    log.append(*an_entry(0)).result()
    run_sql(directory, "UPDATE regel SET zegel = zeroblob(99)")
    with pytest.raises(VaultError, match="veranderd of beschadigd"):
        log.entry(0)
    run_sql(directory, "UPDATE regel SET leaf = x'00'")
    with pytest.raises(EntryError):
        log.entry(0)
    run_sql(directory, "ALTER TABLE regel RENAME TO weg")
    with pytest.raises(LogReadError, match="niet te lezen"):
        log.entry(0)
    with pytest.raises(LogPoisonedError, match="de database geeft een fout"):
        log.close()


def test_several_producers(tmp_path: Path) -> None:
    """Eight threads append side by side; every receipt proves, and no index is given twice."""
    directory = tmp_path / "log"
    with open_log(directory) as log, concurrent.futures.ThreadPoolExecutor(8) as pool:

        def produce(maker: int) -> list[int]:
            found = []
            for number in range(40):
                entry = Entry(
                    soort=Soort.TOETSING,
                    at=START + dt.timedelta(milliseconds=number),
                    kenmerk=f"m-{maker}-{number}",
                    payload={"maker": maker},
                )
                receipt = log.append(entry, salt_of(maker * 100 + number)).result()
                found.append(verify_receipt(receipt.text(), SIGNER.vkey).index)
            return found

        indexes = sorted(index for found in pool.map(produce, range(8)) for index in found)

    assert indexes == list(range(320))
    assert findings(directory) == []
