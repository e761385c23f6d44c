"""Kills a witness at every line it runs, one after another; run by `test_witness_process`.

For each line a fresh process does the deed and is killed there with SIGKILL. Then the folder
is opened again, and must belong to a witness that never signs a second history. Prints at how
many lines it was killed; anything else is a failure.
"""

import os
import shutil
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from audit.note import Note
from audit.signer import Signer
from tests.audit.getuigen import ORIGIN, FakeLog, Home, ed25519

LOG = FakeLog(signer=Signer.of(ORIGIN, ed25519("log")))
FORK = FakeLog(story="b", common=2, signer=LOG.signer)
WATCHED = (f"{os.sep}witness{os.sep}", f"{os.sep}disk.py", f"{os.sep}keyfile.py")


def die_at(line: int) -> None:
    """Arrange to be killed at this line, counted from here over the files of the witness."""
    left = line

    def trace(frame: FrameType, event: str, _arg: object) -> Any:  # noqa: ANN401 - as `settrace`
        nonlocal left
        if not any(part in frame.f_code.co_filename for part in WATCHED):
            return None
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)


def deed(home: Home, old: int, new: int, line: int) -> tuple[bool, bytes]:
    """Start a witness in a process of its own, and have it cosign; return whether it lived."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        die_at(line)
        with home.open() as (witness, _):
            answer = witness.add_checkpoint(LOG.request(old, new))
        os.write(writing, answer.body.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        released = file.read()
    _, status = os.waitpid(child, 0)
    return not os.WIFSIGNALED(status), released


def check(home: Home, old: int, new: int, released: bytes) -> None:
    """Open the folder again, and see that what was released is all there is."""
    with home.open() as (witness, (vkey,)):
        probe = witness.add_checkpoint(LOG.request(1, 12))
        assert probe.status == 409, probe
        seen = int(probe.body)
        assert seen in {old, new}
        if released:
            assert seen == new
            note = Note.parse(LOG.note(new) + released.decode())
            assert note.check([vkey]) == {vkey}
        for size in (seen, 12):
            if seen:
                answer = witness.add_checkpoint(FORK.request(seen, size))
                assert answer.status == 422, answer
        assert witness.add_checkpoint(LOG.request(seen, 12)).status == 200


def main(folder: Path) -> None:
    """Kill a witness at each line of its first start, and of a later one."""
    killed = []
    for old, new in ((0, 5), (5, 8)):
        template = Home(folder / f"begin-{old}", [LOG.signer.vkey])
        if old:
            with template.open() as (witness, _):
                witness.add_checkpoint(LOG.request(0, old))
        line, lived = 0, False
        while not lived:
            line += 1
            place = Home(folder / f"{old}-{line}", [LOG.signer.vkey])
            if old:
                shutil.copytree(template.folder, place.folder)
            lived, released = deed(place, old, new, line)
            assert bool(released) == lived
            check(place, old, new, released)
        killed.append(line - 1)
    sys.stdout.write(f"{killed[0]} {killed[1]}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
