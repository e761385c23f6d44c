"""Code and rules stay small enough to be read in one go."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = sorted(
    path
    for folder in ("broker", "audit", "adapters", "bench")
    for path in (ROOT / folder).rglob("*.py")
)
REGO = sorted((ROOT / "policies").rglob("*.rego"))
MAX_FUNCTION = 60
MAX_MODULE = 400
MAX_REGO = 170
MAX_REGO_COLUMNS = 100


def name(path: Path) -> str:
    """Return the path as seen from the root, for the test id."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_module_is_small(path: Path) -> None:
    """A module has at most 400 lines."""
    lines = len(path.read_text(encoding="utf-8").splitlines())

    assert lines <= MAX_MODULE


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_functions_are_small(path: Path) -> None:
    """A function has at most 60 lines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    too_long = [
        f.name
        for f in functions
        if f.end_lineno is not None and f.end_lineno - f.lineno + 1 > MAX_FUNCTION
    ]

    assert too_long == []


@pytest.mark.parametrize("path", REGO, ids=name)
def test_rego_is_small(path: Path) -> None:
    """A file of rules has at most 170 lines of at most 100 columns."""
    lines = path.read_text(encoding="utf-8").splitlines()

    too_wide = [
        number for number, line in enumerate(lines, start=1) if len(line) > MAX_REGO_COLUMNS
    ]

    assert len(lines) <= MAX_REGO
    assert too_wide == []
