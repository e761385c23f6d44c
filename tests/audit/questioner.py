"""Asks questions on a real log, in one child per run that somebody else can trace.

`python -m tests.audit.questioner <scratch>`; then, for each line on standard input, the directory
of a log, a child is forked: so Python starts once, and not once for each fault. The child tells on
standard output where it is, and reads a line before it opens the log and before it asks:

    begin <pid>                              nothing was opened yet
    open <writer thread> <publisher thread>  the log is open
    voornemen <number> <index> <leaf>        acknowledged: from here on the source may be asked
    verstrekking <number> <index> <leaf>     acknowledged: this line itself is the answer leaving
    einde <status>                           the child is gone; this is told by its parent
"""

import ctypes
import os
import select
import sys
import threading
import time
from pathlib import Path

from audit.disk import CHECKPOINT
from audit.entry import Soort
from audit.errors import AuditError
from audit.log import Log
from audit.writer import Options
from tests.audit.logs import a_log, an_entry, open_log

BEFORE = 253
"""Lines that are there already, so that the second question fills a tile."""
QUESTIONS = range(BEFORE, BEFORE + 2)
SUBJECT = "p-" + "a" * 22
REFUSED = 3
"""Status of a child that the log refused, in a sentence."""
_PR_SET_PTRACER, _ANYBODY = 0x59616D61, -1


def ask(log: Log, directory: Path) -> None:
    """Ask all questions, and wait for each line to be published, so the order is always one."""
    for number in QUESTIONS:
        for soort in (Soort.VOORNEMEN, Soort.VERSTREKKING):
            before = _stamp(directory)
            entry = an_entry(number, soort, SUBJECT)
            receipt = log.append(*entry).result()
            _tell(f"{soort} {number} {receipt.index} {receipt.leaf.hex()}")
            while _stamp(directory) == before and log.trouble is None:
                time.sleep(0.0005)


def main() -> None:
    """Answer the lines on standard input until it ends."""
    scratch = Path(sys.argv[1])
    # Whatever is imported late is imported here, and not in the middle of a run.
    with open_log(a_log(scratch, [BEFORE]), Options(publish_every=0)) as log:
        log.append(*an_entry(BEFORE, Soort.VOORNEMEN, SUBJECT)).result()
    while directory := _line():
        child = os.fork()
        if child == 0:
            os._exit(_run(Path(directory)))
        _tell(f"einde {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}")


def _run(directory: Path) -> int:
    try:
        # Where only an ancestor may trace, allow anybody; elsewhere this is no such call.
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYBODY)
        _tell(f"begin {os.getpid()}")
        _wait()
        with open_log(directory, Options(publish_every=0)) as log:
            names = {thread.name: thread.native_id for thread in threading.enumerate()}
            _tell(f"open {names['audit-writer']} {names['audit-publisher']}")
            _wait()
            ask(log, directory)
    except (AuditError, OSError):
        return REFUSED
    return 0


def _stamp(directory: Path) -> int:
    # A new file takes the place of the old one. No call that a run traces.
    return os.stat(directory / CHECKPOINT).st_ino  # noqa: PTH116


def _wait() -> None:
    # Who is attached while this waits must not find it inside a call that is counted.
    select.select([0], [], [])
    os.read(0, 1)


def _tell(line: str) -> None:
    os.write(1, line.encode() + b"\n")


def _line() -> str:
    # Skips empty lines: a child that failed did not read the one that was meant for it.
    found = b""
    while byte := os.read(0, 1):
        if byte != b"\n":
            found += byte
        elif found:
            break
    return found.decode()


if __name__ == "__main__":
    main()
