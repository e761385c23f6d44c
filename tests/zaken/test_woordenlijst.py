"""The vocabulary is a table that people and tests can read."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from broker.domain import dossier

LINES = (Path(__file__).parents[2] / "docs" / "woordenlijst.md").read_text("utf-8").splitlines()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in LINES if "|" in line]
WORDS = [row[0] for row in ROWS[2:]]
SINGULAR = {"instemmingen": "instemming", "gegevens": "gegeven"}


def test_table_has_three_filled_columns() -> None:
    """Each row gives a word, its meaning and its source."""
    assert ROWS[0] == ["woord", "betekenis", "bron"]
    assert [row for row in ROWS if len(row) != 3 or not all(row)] == []


def test_each_word_stands_once_in_order() -> None:
    """The words are in lower case, sorted, and none stands twice."""
    assert sorted(set(WORDS)) == WORDS
    assert [word for word in WORDS if not re.fullmatch(r"[a-z]+( [a-z]+)*", word)] == []


@pytest.mark.parametrize("member", sorted(dossier.Dossier.model_fields))
def test_members_of_the_dossier_are_explained(member: str) -> None:
    """Each member at the top of the dossier is a word of the list, in the singular."""
    assert SINGULAR.get(member, member) in WORDS


def test_parts_of_the_dossier_are_explained() -> None:
    """Each part that the dossier is made of is a word of the list, or made of two."""
    parts = [
        word.lower()
        for name, kind in vars(dossier).items()
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind is not BaseModel
        for word in re.findall(r"[A-Z][a-z]*", name)
    ]

    assert sorted(set(parts) - set(WORDS)) == []
