"""The rules say the same in our engine as in OPA itself, and keep to the dialect of both."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from broker.decision.dialect.engine import CompiledEngine
from broker.decision.regelset import Regelset
from broker.decision.register import Register, default_root
from broker.decision.rules import ENTRYPOINT, Rules
from broker.domain import invoer
from broker.domain.dossier import Dossier
from broker.errors import DecisionError
from tests.decision.gevallen import ZVH, cases
from tests.decision.maker import dossiers

POLICIES: Final = default_root() / "policies"
REGELSET: Final = Regelset.from_folder(default_root())
SEED: Final = 20260615
GENERATED: Final = 2400
# What the two engines do differently, or what reads the world: not for our rules.
FOREIGN: Final = re.compile(
    r"\b(sprintf|time\.\w+|http\.\w+|regex\.\w+|glob\.\w+|rand\.\w+|uuid\.\w+|opa\.\w+|trace|print|"
    r"walk|json\.\w+|io\.jwt\.\w+|crypto\.\w+|format_int|to_number|units\.\w+|semver\.\w+|"
    r"graph\.\w+|strings\.\w+|object\.\w*union\w*|numbers\.\w+|net\.\w+)\b|%|\bimport data\b"
)
ALLOWED: Final = {"array.concat", "object.get"}


@pytest.fixture(scope="session")
def opa() -> str:
    """Give the program of OPA, or skip where the machine lacks it."""
    found = shutil.which("opa")
    if found is None:
        pytest.skip("opa staat niet op deze machine: geen vergelijking met OPA zelf")
    return found


def rego() -> list[Path]:
    """Return the files of the rules."""
    return sorted((POLICIES / "besluit").glob("*.rego"))


def code(path: Path) -> str:
    """Return the rules without comments."""
    return re.sub(r"(?m)(^|\s)#.*$", "", path.read_text(encoding="utf-8"))


def answers_of_opa(
    opa: str, data: Mapping[str, Any], inputs: Sequence[object], folder: Path
) -> list[Any]:
    """Return what OPA answers to each input: a list of one answer, or an empty one (undefined).

    With `--strict-builtin-errors`, as an error is a failure to decide in our engine as well.
    """
    (folder / "data.json").write_bytes(orjson.dumps(data))
    (folder / "input.json").write_bytes(orjson.dumps(inputs))
    query = f"[v | some facts in input; v := [a | a := {ENTRYPOINT} with input as facts]]"
    run = subprocess.run(
        [
            opa, "eval", "--strict-builtin-errors", "--format=json",
            "--data", str(POLICIES / "besluit"), "--data", str(folder / "data.json"),
            "--input", str(folder / "input.json"), query,
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[:2000] + run.stderr[:2000]
    found: list[Any] = json.loads(run.stdout)["result"][0]["expressions"][0]["value"]
    return found


def answer_of_ours(engine: CompiledEngine, facts: dict[str, Any]) -> list[Any]:
    """Return what our engine answers, in the same form."""
    try:
        return [engine.evaluate(facts)]
    except DecisionError:
        return []


def all_dossiers() -> list[Dossier]:
    """Return the dossiers of all cases, and the made ones."""
    made = (dossier for _, dossier in islice(dossiers(SEED), GENERATED))
    return [*(invoer.parse(case.dossier) for case in (*cases(), *cases(ZVH))), *made]


def test_engine_says_what_opa_says(opa: str, tmp_path: Path) -> None:
    """On every case and on thousands of made dossiers both engines give the same bytes."""
    register = Register.load(REGELSET)
    made = all_dossiers()
    facts = [register.feiten(dossier) for dossier in made]
    engine = CompiledEngine(Rules(REGELSET), register.data)

    theirs = answers_of_opa(opa, register.data, facts, tmp_path)

    sort = orjson.OPT_SORT_KEYS
    different = [
        (dossier.model_dump(exclude_none=True), ours_says, opa_says)
        for dossier, each, opa_says in zip(made, facts, theirs, strict=True)
        if orjson.dumps(ours_says := answer_of_ours(engine, each), option=sort)
        != orjson.dumps(opa_says, option=sort)
    ]
    assert len({each["stand"] for each in facts}) >= 2
    assert len(facts) >= GENERATED
    assert different[:1] == []


def test_rules_give_an_answer_to_every_dossier() -> None:
    """No dossier that is well formed leaves the rules without an answer."""
    register = Register.load(REGELSET)
    engine = CompiledEngine(Rules(REGELSET), register.data)

    silent = [
        dossier.model_dump(exclude_none=True)
        for dossier in all_dossiers()
        if answer_of_ours(engine, register.feiten(dossier)) == []
    ]

    assert silent[:1] == []


def test_opa_finds_nothing_wrong(opa: str) -> None:
    """OPA compiles the rules in its strict mode."""
    run = subprocess.run(
        [opa, "check", "--strict", str(POLICIES / "besluit")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (run.returncode, run.stderr) == (0, "")


def test_rules_are_in_the_format_of_opa(opa: str) -> None:
    """`opa fmt` would change nothing."""
    run = subprocess.run(
        [opa, "fmt", "--fail", "--list", str(POLICIES / "besluit")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (run.returncode, run.stdout) == (0, "")


@pytest.mark.parametrize("path", rego(), ids=lambda path: path.name)
def test_rules_keep_to_the_portable_dialect(path: Path) -> None:
    """No rule uses what the engines do differently, or what reads anything but the dossier."""
    assert FOREIGN.findall(code(path)) == []


@pytest.mark.parametrize("path", rego(), ids=lambda path: path.name)
def test_rules_call_few_functions_of_rego(path: Path) -> None:
    """Of the functions with a dot in their name only two are used, which both engines share."""
    called = set(re.findall(r"\b([a-z_]+\.[a-z_]+)\(", code(path)))

    assert called <= ALLOWED
