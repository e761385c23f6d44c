"""Certification scenario of AuthZEN 1.0, chapter 2: single decisions. A test for each section."""

import pytest

from tests.authzen.conftest import HEADERS, Punt
from tests.authzen.vragen import (
    ADMIN,
    ALICE,
    ALLOWED,
    ARCHIVED,
    CONTEXT,
    DENIED,
    READ,
    RECORD_1,
    WRITE,
    Bericht,
    asks,
    delete,
    without,
)


def test_c_2_2_1_permit(certificatie: Punt) -> None:
    """A question that is allowed gets decision true."""
    assert certificatie.decided(ALLOWED) is True


def test_c_2_2_2_deny(certificatie: Punt) -> None:
    """A question that is not allowed gets 200 with decision false."""
    assert certificatie.decided(DENIED) is False


def test_c_2_2_3_context(certificatie: Punt) -> None:
    """A context is taken and changes nothing; so does an empty one."""
    assert certificatie.decided({**ALLOWED, "context": CONTEXT}) is True
    assert certificatie.decided({**ALLOWED, "context": {}}) is True


def test_c_2_2_4_resource_properties(certificatie: Punt) -> None:
    """What is archived may not be written."""
    assert certificatie.decided(asks(ALICE, WRITE, ARCHIVED)) is False


def test_c_2_2_5_subject_properties(certificatie: Punt) -> None:
    """Who is admin may write what is archived."""
    assert certificatie.decided(asks(ADMIN, WRITE, ARCHIVED)) is True


def test_c_2_2_6_action_properties_permit(certificatie: Punt) -> None:
    """A delete that can be undone is allowed."""
    assert certificatie.decided(asks(ALICE, delete(soft=True), RECORD_1)) is True


def test_c_2_2_7_action_properties_deny(certificatie: Punt) -> None:
    """A delete that cannot be undone is not."""
    assert certificatie.decided(asks(ALICE, delete(soft=False), RECORD_1)) is False


def test_c_2_2_8_more_properties(certificatie: Punt) -> None:
    """Properties that no rule reads are taken."""
    subject = {**ALICE, "properties": {"department": "Sales", "role": "manager"}}
    action = {**READ, "properties": {"method": "GET"}}
    resource = {**RECORD_1, "properties": {"status": "active", "owner": "bob"}}

    assert certificatie.decided(asks(subject, action, resource)) is True


def test_c_2_2_9_unknown_fields(certificatie: Punt) -> None:
    """Members that the standard does not know are ignored, at every level."""
    later = {"foo": "bar", "futureField": {"nested": True}}
    deep = {name: {**part, **later} for name, part in ALLOWED.items()}

    assert certificatie.decided({**ALLOWED, **later}) is True
    assert certificatie.decided({**deep, **later}) is True


@pytest.mark.parametrize("question", [ALLOWED, DENIED])
def test_c_2_3_1_decision(certificatie: Punt, question: Bericht) -> None:
    """Every answer is JSON with a boolean decision."""
    answer = certificatie.post("evaluation", question).json()

    assert type(answer["decision"]) is bool


@pytest.mark.parametrize("question", [ALLOWED, DENIED])
def test_c_2_3_2_context_of_the_answer(certificatie: Punt, question: Bericht) -> None:
    """A context in the answer, when there is one, is an object."""
    answer = certificatie.post("evaluation", question).json()

    assert isinstance(answer.get("context", {}), dict)


@pytest.mark.parametrize("name", ["subject", "action", "resource"])
def test_c_2_4_1_missing_field(certificatie: Punt, name: str) -> None:
    """A question without its subject, action or resource is a 400 with a message."""
    answer = certificatie.post("evaluation", without(ALLOWED, name))

    assert answer.status_code == 400
    assert answer.text == f"/{name}: Dit onderdeel is verplicht en ontbreekt."


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("subject", "type"),
        ("subject", "id"),
        ("action", "name"),
        ("resource", "type"),
        ("resource", "id"),
    ],
)
def test_c_2_4_2_missing_part(certificatie: Punt, name: str, part: str) -> None:
    """A subject, action or resource without its type, id or name is a 400."""
    answer = certificatie.post("evaluation", without(ALLOWED, name, part))

    assert answer.status_code == 400
    assert f"/{name}/{part}" in answer.text


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded"]
)
def test_c_2_4_3_content_type(certificatie: Punt, kind: str) -> None:
    """A body that is not called JSON is a 400, also when it is."""
    answer = certificatie.client.post(
        "/access/v1/evaluation",
        content='{"subject":{"type":"user","id":"alice"},"action":{"name":"read"},'
        '"resource":{"type":"record","id":"record-1"}}',
        headers={**HEADERS, "Content-Type": kind},
    )

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "text", ["{", "geen json", '{"subject": NaN}', '{"a":1,"a":2}', "[]", "null"]
)
def test_c_2_4_4_malformed_json(certificatie: Punt, text: str) -> None:
    """What is no JSON object is a 400."""
    answer = certificatie.client.post(
        "/access/v1/evaluation",
        content=text,
        headers={**HEADERS, "Content-Type": "application/json"},
    )

    assert answer.status_code == 400


def test_c_2_4_5_empty_body(certificatie: Punt) -> None:
    """No body at all is a 400."""
    answer = certificatie.client.post(
        "/access/v1/evaluation",
        content="",
        headers={**HEADERS, "Content-Type": "application/json"},
    )

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": "alice"},
        {"action": {"name": 123}},
        {"resource": ["record-1"]},
        {"subject": {**ALICE, "id": 1}},
        {"subject": {**ALICE, "properties": "admin"}},
        {"context": []},
    ],
)
def test_c_2_4_6_wrong_type(certificatie: Punt, wrong: Bericht) -> None:
    """A member of another type is a 400."""
    assert certificatie.post("evaluation", {**ALLOWED, **wrong}).status_code == 400


def test_c_2_5_1_request_id(certificatie: Punt) -> None:
    """The number of a call comes back, with a decision and with an error."""
    number = {"X-Request-ID": "bfe9eb29-ab87-4ca3-be83-a1d5d8305716"}
    answers = [
        certificatie.post("evaluation", ALLOWED, **number),
        certificatie.post("evaluation", {}, **number),
        certificatie.client.post("/access/v1/evaluation", json=ALLOWED, headers=number),
    ]

    assert [answer.status_code for answer in answers] == [200, 400, 401]
    assert [answer.headers["X-Request-ID"] for answer in answers] == [number["X-Request-ID"]] * 3


def test_c_2_5_2_no_request_id(certificatie: Punt) -> None:
    """A call without a number is answered as any other, and gets none."""
    answer = certificatie.post("evaluation", ALLOWED)

    assert answer.status_code == 200
    assert "X-Request-ID" not in answer.headers


@pytest.mark.parametrize(("question", "decision"), [(ALLOWED, True), (DENIED, False)])
def test_c_2_6_idempotency(certificatie: Punt, question: Bericht, *, decision: bool) -> None:
    """The same question gets the same decision each time."""
    assert [certificatie.decided(question) for _ in range(5)] == [decision] * 5
