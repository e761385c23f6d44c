"""The environment in a record tells which code decided, not only which release it was of."""

import re
import shutil
from pathlib import Path

import pytest

import broker
from broker.services.environment import code_digest, environment

PACKAGE = Path(broker.__file__).parent


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Give a copy of the code that decides, in another place."""
    for name in ("domain", "decision"):
        shutil.copytree(PACKAGE / name, tmp_path / name)
    return tmp_path


def test_equal_code_has_one_digest(copied: Path) -> None:
    """The digest is of what the code says, wherever it stands; what Python adds is left out."""
    (copied / "domain" / "__pycache__").mkdir(exist_ok=True)
    (copied / "domain" / "__pycache__" / "x.pyc").write_bytes(b"x")

    assert re.fullmatch(r"sha256:[0-9a-f]{64}", code_digest())
    assert code_digest(copied) == code_digest()


@pytest.mark.parametrize(
    "name",
    [
        "domain/kalender.py",
        "decision/decide.py",
        "decision/dialect/values.py",
        "decision/opa/antwoord.rego",
    ],
)
def test_other_code_has_another_digest(copied: Path, name: str) -> None:
    """One line more in the calendar, the engine of the rules or the question to OPA shows."""
    path = copied / name
    path.write_text(path.read_text(encoding="utf-8") + "# anders\n", encoding="utf-8")

    assert code_digest(copied) != code_digest()


def test_engine_is_told_with_its_version() -> None:
    """With an OPA server the record tells its version; without one there is none to tell."""
    own, opa = environment(software="0.1.0", opa=None), environment(software="0.1.0", opa="1.9.0")

    assert (own["engine"], "opa" in own) == ("ingebouwd", False)
    assert (opa["engine"], opa["opa"]) == ("opa", "1.9.0")
    assert own["code"] == opa["code"] == code_digest()
