"""The rules are pure, and each file says what it decides."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REGO = sorted((ROOT / "policies").rglob("*.rego"))
IMPURE = re.compile(r"\b(http\.send|net\.\w+|opa\.runtime|rand\.\w+|time\.now_ns|trace|print)\(")


@pytest.mark.parametrize("path", REGO, ids=lambda path: path.name)
def test_rules_read_no_clock_and_no_network(path: Path) -> None:
    """A rule sees nothing but its input and the law: no clock, no chance, no network."""
    assert IMPURE.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", REGO, ids=lambda path: path.name)
def test_file_says_what_it_decides(path: Path) -> None:
    """Each file of rules opens with a comment on what it decides, and has metadata."""
    text = path.read_text(encoding="utf-8")

    assert text.startswith("# ")
    assert "\n# METADATA\n# " in f"\n{text}"
