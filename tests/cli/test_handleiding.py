"""The steps of `docs/inzage-en-steekproef.md` work as they stand there, on `sluis serve`."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.decision.register import default_root

ROOT = default_root()
GUIDE = (ROOT / "docs" / "inzage-en-steekproef.md").read_text("utf-8")
SLUIS = f"{sys.executable} -m broker"


def _blocks(text: str, word: str) -> list[str]:
    return re.findall(rf"```{word}\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Run `sluis serve`; give its address and the token of the analist, as it prints them."""
    command = [
        sys.executable,
        "-m",
        "broker",
        "serve",
        "--poort",
        "0",
        "--map",
        str(tmp_path / "v"),
    ]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT)
        assert process.stdout is not None
        token = ""
        for line in process.stdout:
            token = line.split()[-1] if line.startswith("toegangsbewijs") else token
            if found := re.search(r"luistert op (http://\S+)", line):
                yield found[1], token
                break
        process.terminate()
        process.communicate(timeout=60)


def test_steps_work_as_they_stand(served: tuple[str, str], tmp_path: Path) -> None:
    """First the question of the README, then each step; none is refused, and the page is made."""
    address, token = served
    (question,) = (b for b in _blocks((ROOT / "README.md").read_text("utf-8"), "") if "curl" in b)
    script = "\n".join([f"TOKEN={token}", question, "echo", *_blocks(GUIDE, "sh")])
    script = script.replace("http://127.0.0.1:8000", address).replace(".venv/bin/sluis", SLUIS)

    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        capture_output=True, text=True, check=False, cwd=tmp_path, timeout=120,
        env={**os.environ, "SLUIS_DATA": str(tmp_path / "v"), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith(("{", "["))]
    assert not [a for a in answers if isinstance(a, dict) and "status" in a]
    assert "Wat er over u is gevraagd en gedeeld" in (tmp_path / "afschrift.html").read_text(
        "utf-8"
    )
    waited, shown = (len(a["afschrift"]["regels"]) for a in answers if "afschrift" in a)
    assert (waited, shown) == (0, 1)
    assert answers[-1]["totaal"]["rechtmatig"] == 1
