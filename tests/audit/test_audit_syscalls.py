"""Every system call of a real writer fails, or is the last one of its process.

One process opens a log, records a voornemen, asks, records the verstrekking, and only then lets
the answer leave; after each line the tree is published. strace makes one call fail with EIO, or
kills the process there; or the disk is full, or read-only, from that call on.
"""

import asyncio
import datetime as dt
import itertools
import os
import shutil
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import pytest

from audit.entry import Soort
from audit.findings import Code
from broker.record import recover
from broker.services.recorder import Recorder
from tests.audit.logs import (
    START,
    a_log,
    an_entry,
    copy_log,
    findings,
    open_log,
    salt_of,
    vault_of,
)
from tests.audit.questioner import BEFORE, QUESTIONS, REFUSED, SUBJECT
from tests.audit.syscalls import CHANGES, READS, Fault, Place, Questioner, Run, Told

WORKERS = 2
KILLED = -signal.SIGKILL
ACKNOWLEDGED = [
    (soort, number) for number in QUESTIONS for soort in (Soort.VOORNEMEN, Soort.VERSTREKKING)
]
pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None and os.environ.get("CI") != "true",
    reason="strace staat niet op deze machine",
)


class Later:
    """A clock that stands still, after all that was asked."""

    def now(self) -> dt.datetime:
        """Return the moment."""
        return START + dt.timedelta(hours=3)


class Bench:
    """Questioners that run side by side, and the log that each run begins with."""

    def __init__(self, base: Path, questioners: Sequence[Questioner]) -> None:
        self.base = base
        self.numbers = itertools.count()
        self.free: SimpleQueue[Questioner] = SimpleQueue()
        for questioner in questioners:
            self.free.put(questioner)

    def run(self, place: Place, fault: Fault | None = None, *, new: bool = False) -> int:
        """Do one run and judge it; return how many answers left without a durable line."""
        directory = self.base.with_name(f"log-{next(self.numbers)}")
        done = self.play(directory, place, fault, new=new)
        assert fault is None or (done.hit and done.status in (0, REFUSED, KILLED)), (fault, done)
        unlogged = judge(directory, done, fault)
        shutil.rmtree(directory)
        shutil.rmtree(vault_of(directory))
        return unlogged

    def play(self, directory: Path, place: Place, fault: Fault | None, *, new: bool) -> Run:
        """Let a questioner that is free do one run."""
        if not new:
            copy_log(self.base, directory)
        questioner = self.free.get()
        try:
            return questioner.run(directory, place, fault)
        finally:
            self.free.put(questioner)

    def calls(self, place: Place, *, new: bool = False) -> Counter[str]:
        """Count what one thread calls when all goes well."""
        directory = self.base.with_name(f"log-{next(self.numbers)}")
        done = self.play(directory, place, None, new=new)
        assert [(told.soort, told.number) for told in done.told] == ACKNOWLEDGED
        assert done.status == 0
        assert judge(directory, done, None) == 0
        return done.calls

    def cover(self, faults: Sequence[Fault], *, new: bool = False) -> int:
        """Do a run for each fault; return how many answers left without a durable line."""
        with ThreadPoolExecutor(WORKERS) as pool:
            return sum(pool.map(lambda fault: self.run(fault.place, fault, new=new), faults))


@pytest.fixture(name="bench", scope="module")
def make_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Make the log in which calls will fail, and start the processes."""
    place = tmp_path_factory.mktemp("aanroepen")
    base = a_log(place / "begin", [BEFORE])
    with Questioner(place / "een") as one, Questioner(place / "twee") as two:
        yield Bench(base, [one, two])


def judge(directory: Path, run: Run, fault: Fault | None) -> int:
    """Check the log after a run; return how many answers left without a durable line."""
    if (directory / "checkpoint").exists():
        assert {code for code, *_ in findings(directory)} <= {Code.OPEN_VOORNEMEN}, fault
    with open_log(directory) as log:
        lines = {line.index: line.leaf for line in log.entries(0, 1000)}
        kenmerken = Counter(line.kenmerk for line in log.entries(0, 1000))
        unlogged = sum(lines.get(told.index) != told.leaf for told in released(run))
        for told in run.told:
            assert lines.get(told.index) == told.leaf, (fault, told)
            # Nobody asks before the voornemen, and nothing leaves before the verstrekking.
            again = log.append(*an_entry(told.number, Soort(told.soort), SUBJECT)).result()
            assert (again.index, again.leaf) == (told.index, told.leaf), fault
        assert max(kenmerken.values(), default=1) == 1, fault
        # What the next start does with a question that was cut off.
        asyncio.run(recover(log, Recorder(log, Later(), chance)))
    assert findings(directory) == [], fault
    return unlogged


def chance(size: int) -> bytes:
    """Return bytes for a salt."""
    return salt_of(0)[:size]


def released(run: Run) -> list[Told]:
    """Return the answers that left."""
    return [told for told in run.told if told.soort == Soort.VERSTREKKING]


def points(counts: dict[Place, Counter[str]], calls: Sequence[str], how: str) -> list[Fault]:
    """Return a fault at each of these calls."""
    return [
        Fault(place, call, number, how)
        for place, counted in counts.items()
        for call in calls
        for number in range(1, counted[call] + 1)
    ]


def tell(capsys: pytest.CaptureFixture[str], what: str, faults: Sequence[Fault]) -> None:
    """Show how many points were covered."""
    per_place = Counter(str(fault.place) for fault in faults)
    with capsys.disabled():
        print(f"\n   {what}: {len(faults)} punten {dict(per_place)}")  # noqa: T201


def test_every_call_fails(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Whichever call gives EIO, no answer leaves unlogged and nothing acknowledged is lost."""
    counts = {place: bench.calls(place) for place in Place}
    faults = points(counts, (*CHANGES, *READS), "error=EIO")
    tell(capsys, "EIO", faults)

    assert bench.cover(faults) == 0


def test_killed_at_every_call(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Whichever call is the last, no answer left unlogged and nothing acknowledged is lost."""
    counts = {place: bench.calls(place) for place in Place}
    faults = points(counts, CHANGES, "signal=KILL")
    tell(capsys, "SIGKILL", faults)

    assert bench.cover(faults) == 0


def test_every_call_of_making_a_log(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """A log whose making fails or is killed at any call is made by the next start."""
    counts = {Place.MAIN: bench.calls(Place.MAIN, new=True)}
    faults = points(counts, CHANGES, "error=EIO") + points(counts, CHANGES, "signal=KILL")
    tell(capsys, "nieuw logboek", faults)

    assert bench.cover(faults, new=True) == 0


@pytest.mark.parametrize(
    ("error", "calls"),
    [
        ("ENOSPC", ("write", "pwrite64", "mkdir")),
        ("EROFS", ("write", "pwrite64", "ftruncate", "mkdir", "rename", "unlink", "rmdir")),
    ],
)
def test_disk_stays_full_or_read_only(
    bench: Bench, capsys: pytest.CaptureFixture[str], error: str, calls: Sequence[str]
) -> None:
    """From whichever call on the disk is full or read-only, no answer leaves unlogged."""
    counts = {place: bench.calls(place) for place in (Place.WRITER, Place.PUBLISHER)}
    faults = [
        Fault(fault.place, fault.call, fault.number, fault.how, onwards=True)
        for fault in points(counts, calls, f"error={error}")
    ]
    tell(capsys, error, faults[::3])

    assert bench.cover(faults[::3]) == 0
