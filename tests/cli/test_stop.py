"""Ctrl-C ends a command with the exit code of the shell, never with a stack trace."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from broker.decision.register import default_root

WORK = """
import sys
import typer
from broker.cli import dutch, replay
from tests.cli.test_stop import work

app = typer.Typer()

@app.command()
def reken() -> None:
    list(replay._each(work, sys.argv[1], [float(each) for each in sys.argv[2:]], 2))

@app.callback()
def several() -> None: ...

dutch.speak_dutch(app)
if __name__ == "__main__":
    app(["reken"])
"""


def work(folder: str, seconds: float) -> None:
    """Tell that this part was begun, and take so long."""
    (Path(folder) / f"begonnen-{seconds}").touch()
    time.sleep(seconds)


def interrupted(folder: Path, parts: Sequence[float]) -> tuple[int, str]:
    """Send Ctrl-C to all processes, as a terminal does, once two parts were begun."""
    script = folder / "script.py"
    script.write_text(WORK, "utf-8")
    process = subprocess.Popen(
        [sys.executable, str(script), str(folder), *map(str, parts)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(default_root())},
    )
    end = time.monotonic() + 60
    while len(list(folder.glob("begonnen-*"))) < 2 and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.5)  # who was quick waits for more work
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)
    return process.returncode, told


def test_process_that_rests_says_nothing(tmp_path: Path) -> None:
    """One works and one has nothing to do: both end, without a word."""
    assert interrupted(tmp_path, [3.0, 0.0]) == (130, "")


def test_nothing_new_begins(tmp_path: Path) -> None:
    """What was not begun is not begun any more."""
    assert interrupted(tmp_path, [3.0, 3.1, 3.2, 3.3, 3.4, 3.5]) == (130, "")
    assert not (tmp_path / "begonnen-3.5").exists()
