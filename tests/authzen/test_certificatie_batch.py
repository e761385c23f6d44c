"""Certification scenario of AuthZEN 1.0, chapter 3: batches. A test for each section."""

from typing import Any

import pytest

from tests.authzen.conftest import Punt
from tests.authzen.vragen import (
    ACTIVE,
    ADMIN,
    ALICE,
    ALLOWED,
    ARCHIVED,
    BOB,
    DENIED,
    READ,
    RECORD_1,
    RECORD_2,
    WRITE,
    Bericht,
    asks,
)


def decisions(punt: Punt, message: Bericht) -> list[Any]:
    """Return the decisions on a batch, which must be well answered."""
    answer = punt.post("evaluations", message)
    assert answer.status_code == 200
    return [each["decision"] for each in answer.json()["evaluations"]]


def test_c_3_2_1_batch(certificatie: Punt) -> None:
    """Each question of a batch gets its own boolean decision."""
    message = {
        "subject": ALICE,
        "action": READ,
        "evaluations": [{"resource": RECORD_1}, {"resource": RECORD_2}],
    }

    assert decisions(certificatie, message) == [True, True]


def test_c_3_2_2_decisions(certificatie: Punt) -> None:
    """A batch over the actions of one subject gets the decisions of the fixture."""
    message = {
        "subject": BOB,
        "resource": RECORD_1,
        "evaluations": [{"action": READ}, {"action": WRITE}],
    }

    assert decisions(certificatie, message) == [True, False]


def test_c_3_2_3_resource_properties(certificatie: Punt) -> None:
    """Properties of a resource count for their own question only."""
    message = {
        "subject": ALICE,
        "action": WRITE,
        "evaluations": [{"resource": ACTIVE}, {"resource": ARCHIVED}],
    }

    assert decisions(certificatie, message) == [True, False]


def test_c_3_2_4_subject_properties(certificatie: Punt) -> None:
    """Properties of a subject count for their own question only."""
    message = {
        "action": WRITE,
        "resource": ARCHIVED,
        "evaluations": [{"subject": ALICE}, {"subject": ADMIN}],
    }

    assert decisions(certificatie, message) == [False, True]


def test_c_3_2_5_no_defaults(certificatie: Punt) -> None:
    """A batch may say everything of each question."""
    assert decisions(certificatie, {"evaluations": [ALLOWED, DENIED]}) == [True, False]


def test_c_3_2_6_context(certificatie: Punt) -> None:
    """A context at the top, and one that replaces it, are both taken."""
    message = {
        "subject": ALICE,
        "action": READ,
        "context": {"time": "2025-06-27T18:03-07:00"},
        "evaluations": [
            {"resource": RECORD_1},
            {"resource": RECORD_2, "context": {"source": "batch-override"}},
        ],
    }

    assert decisions(certificatie, message) == [True, True]


def test_c_3_2_7_defaults(certificatie: Punt) -> None:
    """What a question leaves out is taken from the top, whole; what it gives replaces it, whole."""
    message = {**asks(ALICE, WRITE, ACTIVE), "evaluations": [{}, {"resource": ARCHIVED}]}

    assert decisions(certificatie, message) == [True, False]


@pytest.mark.parametrize("number", [1, 2, 7, 50])
def test_c_3_3_1_length(certificatie: Punt, number: int) -> None:
    """There are as many answers as questions."""
    assert len(decisions(certificatie, {**ALLOWED, "evaluations": [{}] * number})) == number


def test_c_3_3_2_order(certificatie: Punt) -> None:
    """The answers stand in the order of the questions."""
    message = {"evaluations": [DENIED, ALLOWED, ALLOWED, DENIED]}

    assert decisions(certificatie, message) == [False, True, True, False]


def test_c_3_3_3_each_has_a_decision(certificatie: Punt) -> None:
    """Each answer has a boolean decision, and perhaps a context that is an object."""
    answer = certificatie.post("evaluations", {"evaluations": [DENIED, ALLOWED]}).json()

    assert all(type(each["decision"]) is bool for each in answer["evaluations"])
    assert all(isinstance(each.get("context", {}), dict) for each in answer["evaluations"])


def test_c_3_3_4_no_decision_at_the_top(certificatie: Punt) -> None:
    """The answer to a batch has no decision of its own."""
    assert certificatie.post("evaluations", {"evaluations": [ALLOWED]}).json().keys() == {
        "evaluations"
    }


def test_c_3_4_1_error_in_one(certificatie: Punt) -> None:
    """A question that is incomplete is denied with the reason; the others are decided."""
    message = {
        "subject": ALICE,
        "action": READ,
        "options": {"evaluations_semantic": "execute_all"},
        "evaluations": [{"resource": RECORD_1}, {}, {"resource": {"type": "record"}}],
    }
    answer = certificatie.post("evaluations", message)

    assert answer.status_code == 200
    found = answer.json()["evaluations"]
    assert [each["decision"] for each in found] == [True, False, False]
    assert found[1]["context"]["error"]["status"] == 400
    assert "/resource/id" in found[2]["context"]["error"]["message"]


def test_c_3_4_2_without_a_list(certificatie: Punt) -> None:
    """Without a list it is one question, answered as one."""
    answer = certificatie.post("evaluations", ALLOWED)

    assert answer.status_code == 200
    assert answer.json() == {"decision": True}


def test_c_3_4_3_empty_list(certificatie: Punt) -> None:
    """With an empty list too; and then it must be complete."""
    answer = certificatie.post("evaluations", {**ALLOWED, "evaluations": []})
    incomplete = certificatie.post("evaluations", {"subject": ALICE, "evaluations": []})

    assert answer.json() == {"decision": True}
    assert incomplete.status_code == 400


@pytest.mark.parametrize(
    ("semantic", "expected"),
    [
        ("execute_all", [True, False, True]),
        ("deny_on_first_deny", [True, False]),
        ("permit_on_first_permit", [True]),
    ],
)
def test_semantics_stop_a_batch(certificatie: Punt, semantic: str, expected: list[bool]) -> None:
    """A batch stops at the first denial, or at the first permit, when it is asked to."""
    message = {
        "options": {"evaluations_semantic": semantic},
        "evaluations": [ALLOWED, DENIED, ALLOWED],
    }

    assert decisions(certificatie, message) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"options": {"evaluations_semantic": "iets_anders"}},
        {"evaluations": [ALLOWED] * 51},
        {"evaluations": "alles"},
        {"evaluations": ["alles"]},
        {"subject": "alice"},
    ],
)
def test_malformed_batch_is_refused_whole(certificatie: Punt, wrong: Bericht) -> None:
    """Another semantic, too many questions or a wrong type at the top is a 400."""
    message = {"evaluations": [ALLOWED], **wrong}

    assert certificatie.post("evaluations", message).status_code == 400
