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
    folder: Path, packages: Sequence[str], data: Mapping[str, Any], inputs: Sequence[Any]
) -> dict[str, list[dict[str, Any]]]:
    """Return for each package (its text without the head) all its rules on each of the inputs."""
    driver = ["package aandrijving", "import rego.v1"]
    paths = []
    for number, body in enumerate(packages):
        path = folder / f"p{number}.rego"
        path.write_text(f"package t.p{number}\nimport rego.v1\n{body}", encoding="utf-8")
        paths += ["-d", str(path)]
        driver.append(
            f"p{number} := [v | some i in data.invoer; v := data.t.p{number} with input as i]"
        )
    (folder / "driver.rego").write_text("\n".join(driver), encoding="utf-8")
    (folder / "data.json").write_text(json.dumps({**data, "invoer": inputs}), encoding="utf-8")
    done = opa(
        "eval", "-f", "json", *paths, "-d", str(folder / "driver.rego"), "-d",
        str(folder / "data.json"), "data.aandrijving",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[:2000] + done.stderr[:2000]
    found: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)["result"][0]["expressions"][0][
        "value"
    ]
    return found


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
