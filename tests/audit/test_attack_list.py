"""The list of attacks in `docs/aanvallen.md` names tests and findings that are there."""

import ast
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from audit.findings import Code

PROJECT = Path(__file__).parents[2]
LIST = PROJECT / "docs" / "aanvallen.md"
GROUPS = 22
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)(?:\[([^\]]+)\])?`")


class Row(NamedTuple):
    """One deed of the list."""

    group: int
    finding: str
    path: str
    test: str
    case: str | None


def rows() -> list[Row]:
    """Read the table."""
    found = []
    for line in LIST.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and cells[0][:1].isdigit():
            group, _, finding, named = cells
            match = _TEST.fullmatch(named)
            assert match is not None, line
            found.append(Row(int(group.split()[0]), finding, *match.groups()))
    return found


def test_each_group_has_a_test() -> None:
    """Every group of attacks is in the list, in order, and no test stands there twice."""
    found = rows()

    assert sorted({row.group for row in found}) == list(range(1, GROUPS + 1))
    assert [row.group for row in found] == sorted(row.group for row in found)
    assert len({(row.path, row.test, row.case) for row in found}) == len(found)


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.test}-{row.case}")
def test_named_test_is_there(row: Row) -> None:
    """The test exists, with its case, and its file expects the finding that the list names."""
    text = (PROJECT / row.path).read_text(encoding="utf-8")
    functions = {
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert row.test in functions
    assert row.case is None or f'"{row.case}"' in text
    for finding in re.findall(r"`([^`]+)`", row.finding):
        told = f"Code.{Code(finding).name}" if finding in list(Code) else finding
        assert told in text
