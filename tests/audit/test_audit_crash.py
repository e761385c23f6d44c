"""Crashes: a process that is killed in the middle of appending loses nothing acknowledged."""

import base64
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from audit.entry import Entry, Leaf, Soort
from audit.findings import Code
from tests.audit.logs import START, a_log, an_entry, findings, open_log, salt_of

PROJECT = Path(__file__).parents[2]
PRODUCER = """
import base64, sys, threading
from pathlib import Path
from audit.entry import Entry, Soort
from audit.writer import Options
from tests.audit.logs import START, open_log, salt_of

log = open_log(Path(sys.argv[1]), Options(publish_every=0.001))
lock = threading.Lock()

def produce(maker):
    number = 0
    while True:
        entry = Entry(soort=Soort.TOETSING, at=START, kenmerk=f"m-{maker}-{number}", payload={})
        receipt = log.append(entry, salt_of(number)).result()
        # Acknowledged: it stands here only after the future was resolved.
        with lock:
            leaf = base64.b64encode(receipt.leaf).decode()
            sys.stdout.write(f"{receipt.index} {leaf}\\n")
            sys.stdout.flush()
        number += 1

for maker in range(3):
    threading.Thread(target=produce, args=(maker,), daemon=True).start()
threading.Event().wait()
"""


@pytest.mark.parametrize("lines", [1, 60, 700])
def test_killed_process_loses_nothing_acknowledged(tmp_path: Path, lines: int) -> None:
    """After SIGKILL every acknowledged line stands at its index, and the log goes on."""
    directory = tmp_path / "log"
    with subprocess.Popen(
        [sys.executable, "-B", "-c", PRODUCER, str(directory)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    ) as producer:
        assert producer.stdout is not None
        seen = [producer.stdout.readline() for _ in range(lines)]
        os.kill(producer.pid, signal.SIGKILL)
        seen += producer.stdout.readlines()
    whole = [line.split() for line in seen if line.endswith("\n")]

    assert findings(directory) == []
    with open_log(directory) as log:
        for index, leaf in whole:
            assert log.entry(int(index)).leaf == base64.b64decode(leaf)
        # What was acknowledged is known; sending it again adds nothing.
        first = Leaf.parse(base64.b64decode(whole[0][1]))
        entry = Entry(soort=Soort.TOETSING, at=START, kenmerk=first.kenmerk, payload={})
        assert log.append(entry, salt_of(1)).result().index == int(whole[0][0])
        log.append(*an_entry(1_000_000)).result()
    assert findings(directory) == []


def test_checkpoint_of_before_the_crash_is_continued(tmp_path: Path) -> None:
    """What was recorded but not yet published before a crash is covered after it."""
    directory = a_log(tmp_path / "log", [5])
    code = (
        "import os, sys; from pathlib import Path\n"
        "from tests.audit.logs import an_entry, open_log\n"
        "log = open_log(Path(sys.argv[1]))\n"
        "log.append(*an_entry(9)).result()\n"
        "os.kill(os.getpid(), 9)"
    )
    before = (directory / "checkpoint").read_text()

    ended = subprocess.run(
        [sys.executable, "-B", "-c", code, str(directory)], cwd=PROJECT, check=False
    )

    assert ended.returncode == -signal.SIGKILL
    assert (directory / "checkpoint").read_text() == before
    assert findings(directory) == []
    with open_log(directory) as log:
        assert log.entry(5).kenmerk == "v-9/toetsing"
        assert (directory / "checkpoint").read_text() == log.checkpoint() != before


def test_open_voornemen_of_a_crash_is_seen(tmp_path: Path) -> None:
    """A voornemen whose end never came is open after the restart, and can then be ended."""
    directory = tmp_path / "log"
    with open_log(directory) as log:
        log.append(*an_entry(0, Soort.VOORNEMEN)).result()
    assert findings(directory) == [(Code.OPEN_VOORNEMEN, 0, 0)]

    with open_log(directory) as log:
        lost = log.open_intents()[0]
        kenmerk = lost.kenmerk.replace("/voornemen", "/onbepaald")
        end = Entry(soort=Soort.ONBEPAALD, at=lost.at, kenmerk=kenmerk, payload={})
        log.append(end, salt_of(1)).result()

        assert log.open_intents() == []
    assert findings(directory) == []
