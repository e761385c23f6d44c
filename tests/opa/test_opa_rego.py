"""The tests that are written in Rego, run by OPA itself, with a floor under their coverage."""

import subprocess
from pathlib import Path
from typing import Final

import pytest

from broker.decision.register import default_root
from tests.opa.rego import FLOOR, Uitslag, run

ROOT: Final = default_root()
REGO: Final = ("policies", "docker/opa", "broker/decision/opa")


@pytest.fixture(scope="module")
def uitslag() -> Uitslag:
    """Run them once."""
    return run()


def test_rego_tests_pass(uitslag: Uitslag) -> None:
    """Every test of the rules that is written in Rego passes."""
    assert uitslag.gezakt == ""


def test_rego_tests_reach_the_rules(uitslag: Uitslag) -> None:
    """They reach nearly all of the rules, and each file of them."""
    files = {path.name for path in (ROOT / "policies" / "besluit").glob("*.rego")}

    assert uitslag.dekking >= FLOOR
    assert files <= set(uitslag.per_bestand)


@pytest.mark.parametrize("folder", REGO)
@pytest.mark.parametrize(
    "args", [["check", "--strict"], ["fmt", "--fail", "--list"]], ids=["check", "fmt"]
)
def test_rego_is_sound_and_formatted(args: list[str], folder: str) -> None:
    """OPA compiles every file of Rego in its strict mode, and would format none otherwise."""
    done = subprocess.run(
        ["opa", *args, str(ROOT / folder)], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_only_the_broker_has_a_way_in() -> None:
    """The OPA beside the broker answers two questions and its health, and nothing else."""
    allowed = {
        ("POST", "v1/data/sluis/antwoord"),
        ("POST", "v1/data/sluis/digest"),
        ("GET", "health"),
    }
    refused = {
        ("GET", "v1/data/sluis/antwoord"),
        ("POST", "v1/data"),
        ("PUT", "v1/data/sluis/digest"),
        ("PUT", "v1/policies/anders"),
        ("GET", "v1/policies"),
        ("POST", "v1/query"),
        ("POST", ""),
    }

    assert {asked for asked in allowed | refused if may(*asked)} == allowed


def may(method: str, path: str) -> bool:
    """Tell what the rules of access say of a request."""
    names = ",".join(f'"{part}"' for part in path.split("/") if part)
    query = f'data.system.authz.allow with input as {{"method": "{method}", "path": [{names}]}}'
    done = subprocess.run(
        ["opa", "eval", "-f", "raw", "-d", str(Path(ROOT, "docker/opa/authz.rego")), query],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip() == "true"
