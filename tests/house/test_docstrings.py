"""Each test says in one sentence which fact it proves."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))


def untold(path: Path) -> list[str]:
    """Return the tests of a module that lack a sentence in the first line of their docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tests = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")
    ]
    return [t.name for t in tests if not (ast.get_docstring(t) or "").strip().endswith(".")]


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_tests_state_their_fact(path: Path) -> None:
    """Every test has a docstring that ends as a sentence does."""
    assert untold(path) == []
