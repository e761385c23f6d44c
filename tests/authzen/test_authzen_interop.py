"""The published vectors of the AuthZEN interop events, each against a live server."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.authzen.conftest import Punt

Interop = Mapping[str, Callable[[], Punt]]
Rijen = list[dict[str, Any]]


def vectors(shared: Path, name: str, member: str) -> Rijen:
    """Return the vectors of one file."""
    text = (shared / "vectors" / "authzen" / f"{name}.json").read_text(encoding="utf-8")
    rows: Rijen = json.loads(text)[member]
    return rows


@pytest.mark.parametrize(
    ("scenario", "name", "number"),
    [("todo", "todo-decisions", 40), ("gateway", "gateway-decisions", 25)],
)
def test_every_decision_is_the_published_one(
    interop: Interop, shared: Path, scenario: str, name: str, number: int
) -> None:
    """All single decisions of the Todo and the API gateway scenario are as published."""
    punt, rows = interop[scenario](), vectors(shared, name, "evaluation")

    wrong = [row["request"] for row in rows if punt.decided(row["request"]) is not row["expected"]]

    assert len(rows) == number
    assert wrong == []


def test_every_batch_is_the_published_one(interop: Interop, shared: Path) -> None:
    """All batches of the Todo scenario are answered as published, in order."""
    punt, rows = interop["todo"](), vectors(shared, "todo-decisions", "evaluations")

    answers = [punt.post("evaluations", row["request"]).json()["evaluations"] for row in rows]

    assert len(rows) == 3
    assert answers == [row["expected"] for row in rows]


@pytest.mark.parametrize(
    ("scenario", "name", "member", "kind", "number"),
    [
        ("zoeken", "search-subject-results", "evaluation", "subject", 60),
        ("zoeken", "search-resource-results", "evaluation", "resource", 18),
        ("zoeken", "search-action-results", "evaluation", "action", 120),
        ("idp", "idp-results", "search", "resource", 6),
    ],
)
def test_every_search_finds_what_is_published(  # noqa: PLR0913, PLR0917 - a row of the table
    interop: Interop,
    shared: Path,
    scenario: str,
    name: str,
    member: str,
    kind: str,
    number: int,
) -> None:
    """All searches of the Search and the IdP scenario find exactly what is published, in order."""
    punt, rows = interop[scenario](), vectors(shared, name, member)

    wrong = [
        row["request"]
        for row in rows
        if punt.found(kind, row["request"]) != row["expected"]["results"]
    ]

    assert len(rows) == number
    assert wrong == []


def test_each_call_left_one_record(interop: Interop) -> None:
    """Ten calls to a decision point leave ten records, whatever their kind."""
    punt = interop["todo"]()
    trace = "0af7651916cd43dd8448eb211c80319c"
    question = {
        "subject": {"type": "user", "id": "niemand"},
        "action": {"name": "can_read_todos"},
        "resource": {"type": "todo", "id": "todo-1"},
    }
    for number in range(10):
        punt.post("evaluation", question, traceparent=f"00-{trace}-{number + 1:016x}-00")

    headers = {"Authorization": "Bearer token-fg-1"}
    records, cursor = [], "/v1/beslislogboek?limiet=200"
    while cursor:
        answer = punt.client.get(cursor, headers=headers)
        records += answer.json()
        cursor = answer.headers.get("Link", "").partition(">")[0].lstrip("<")
    own = [record for record in records if record["trace_id"] == trace]

    assert [record["parent_span_id"] for record in own] == [f"{n + 1:016x}" for n in range(10)]
    assert {record["status"] for record in own} == {"Ok"}
