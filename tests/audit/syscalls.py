"""Faults at system calls: strace makes one call of one thread of a real process fail, or kills it.

strace counts the calls of each thread apart. So it is attached to one thread, after that exists:
`-f` would let the n-th call of every thread fail at once, and hide what each does by itself.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

PROJECT = Path(__file__).parents[2]
CHANGES = (
    "openat", "write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "unlink",
    "mkdir", "rmdir",
)  # fmt: skip
"""Between two of these the disk does not change, so death anywhere is death at one of them."""
READS = ("read", "pread64", "getdents64", "fcntl", "flock", "fchown")
"""What can fail besides; fcntl takes the locks of SQLite."""
_SECONDS = 60.0
"""After this a run hangs, and is ended."""


class Place(StrEnum):
    """Which thread is traced."""

    MAIN = "main"
    WRITER = "writer"
    PUBLISHER = "publisher"


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong: at which call of which thread, and how."""

    place: Place
    call: str
    number: int
    how: str
    """As strace says it: `error=EIO`, `signal=KILL`."""
    onwards: bool = False
    """Every later call of that kind fails too."""

    @property
    def inject(self) -> str:
        """The option of strace."""
        return f"inject={self.call}:{self.how}:when={self.number}{'+' if self.onwards else ''}"


@dataclass(frozen=True, slots=True)
class Told:
    """A line that was acknowledged."""

    soort: str
    number: int
    index: int
    leaf: bytes


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one run."""

    told: list[Told]
    status: int
    calls: Counter[str]
    """What the traced thread called."""
    hit: bool
    """Whether the fault happened."""


class Questioner:
    """The process that asks questions; see `questioner`."""

    def __init__(self, scratch: Path) -> None:
        self._trace = scratch.with_name(f"{scratch.name}.strace")
        self._process = subprocess.Popen(
            [sys.executable, "-B", "-m", "tests.audit.questioner", str(scratch)],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()

    def run(self, directory: Path, place: Place, fault: Fault | None = None) -> Run:
        """Ask all questions on this log, with one thread traced; with a fault, or to count."""
        self._send(str(directory))
        pid = int(self._line()[1])
        hung = threading.Event()

        def end() -> None:
            hung.set()
            os.kill(pid, signal.SIGKILL)

        late = threading.Timer(_SECONDS, end)
        late.start()
        told: list[Told] = []
        with contextlib.ExitStack() as stack:
            stack.callback(late.cancel)
            if place is Place.MAIN:
                stack.enter_context(self._traced(pid, fault))
            self._send("")
            while (line := self._line())[0] != "einde":
                if line[0] != "open":
                    told.append(Told(line[0], int(line[1]), int(line[2]), bytes.fromhex(line[3])))
                    continue
                if place is not Place.MAIN:
                    thread = line[1] if place is Place.WRITER else line[2]
                    stack.enter_context(self._traced(int(thread), fault))
                self._send("")
        assert not hung.is_set(), f"{fault} hangs"
        trace = self._trace.read_text()
        calls = Counter(re.findall(r"^(\w+)\(", trace, re.MULTILINE))
        hit = "(INJECTED)" in trace or int(line[1]) == -signal.SIGKILL
        return Run(told, int(line[1]), calls, hit)

    @contextlib.contextmanager
    def _traced(self, thread: int, fault: Fault | None) -> Iterator[None]:
        wanted = ",".join((*CHANGES, *READS)) if fault is None else fault.call
        options = ["-e", f"trace={wanted}", *(("-e", fault.inject) if fault else ())]
        with subprocess.Popen(
            ["strace", "-o", str(self._trace), *options, "-p", str(thread)],
            stderr=subprocess.PIPE,
            text=True,
        ) as strace:
            assert strace.stderr is not None
            attached = strace.stderr.readline()
            assert attached.endswith(f"Process {thread} attached\n"), attached
            yield
            # It ends with the process that it traces.
            strace.stderr.read()

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def _line(self) -> list[str]:
        assert self._process.stdout is not None
        return self._process.stdout.readline().decode().split()
