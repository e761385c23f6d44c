"""Run OPA itself beside our translation: many packages and many inputs in one go."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

OPA = shutil.which("opa")
needs_opa = pytest.mark.skipif(OPA is None, reason="opa staat niet op deze machine")


def opa(*args: str) -> subprocess.CompletedProcess[str]:
    """Run OPA, whatever its outcome."""
    return subprocess.run([str(OPA), *args], capture_output=True, text=True, check=False)


def answers(
    folder: Path,
    packages: Sequence[str],
    data: Mapping[str, Any],
    inputs: Sequence[Any],
    rule: str = "",
) -> list[dict[int, Any]]:
    """Return for each package (its text without the head) what it says on each of the inputs.

    That is an object of all its rules, or the value of one; an input on which that is undefined
    is left out.
    """
    for old in folder.glob("*.rego"):
        old.unlink()
    driver = ["package aandrijving", "import rego.v1"]
    for number, body in enumerate(packages):
        text = f"package t.p{number}\nimport rego.v1\n{body}"
        (folder / f"p{number}.rego").write_text(text, encoding="utf-8")
        asked = f"data.t.p{number}{rule and f'.{rule}'}"
        driver.append(
            f"p{number} := [[n, v] | some n, i in data.invoer; v := {asked} with input as i]"
        )
    (folder / "driver.rego").write_text("\n".join(driver), encoding="utf-8")
    (folder / "data.json").write_text(json.dumps({**data, "invoer": inputs}), encoding="utf-8")
    done = opa("eval", "-f", "json", "-d", str(folder), "data.aandrijving")
    assert done.returncode == 0, done.stdout[:2000] + done.stderr[:2000]
    value = json.loads(done.stdout)["result"][0]["expressions"][0]["value"]
    return [dict(value[f"p{number}"]) for number in range(len(packages))]


def refused(folder: Path, packages: Sequence[str]) -> dict[int, str]:
    """Return which packages OPA does not accept, each with the kind of its first error."""
    found: dict[int, str] = {}
    while True:
        for old in folder.glob("*.rego"):
            old.unlink()
        for number, body in enumerate(packages):
            if number not in found:
                text = f"package t.p{number}\nimport rego.v1\n{body}"
                (folder / f"p{number}.rego").write_text(text, encoding="utf-8")
        done = opa("check", "--max-errors", "0", str(folder))
        if done.returncode == 0:
            return found
        told = re.findall(r"p(\d+)\.rego:\d+: (\w+)", done.stderr)
        assert told, done.stderr[:2000]
        for number, kind in reversed(told):
            found[int(number)] = kind


def exact(value: object) -> str:
    """Return a JSON value as text in which true is not 1 and 1 is 1.0."""
    return json.dumps(_whole(value), sort_keys=True)


def _whole(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    return value
