"""Certification scenario of AuthZEN 1.0, chapter 4: searches. A test for each section."""

import pytest

from tests.authzen.conftest import Punt
from tests.authzen.vragen import (
    ADMIN,
    ALICE,
    ALICE_DOES,
    ALICE_READS,
    ARCHIVED,
    BOB,
    CONTEXT,
    READ,
    RECORD,
    RECORD_1,
    USER,
    WHO_READS,
    WRITE,
    Bericht,
    asks,
    without,
)

EVERY = [("subject", WHO_READS), ("resource", ALICE_READS), ("action", ALICE_DOES)]


def test_c_4_2_1_subjects(certificatie: Punt) -> None:
    """Everybody who may read is found, by type and id."""
    assert certificatie.found("subject", WHO_READS) == [ALICE, BOB]


def test_c_4_2_2_subjects_with_context(certificatie: Punt) -> None:
    """A context changes nothing of who is found."""
    assert certificatie.found("subject", {**WHO_READS, "context": CONTEXT}) == [ALICE, BOB]


def test_c_4_2_3_subject_id_is_ignored(certificatie: Punt) -> None:
    """An id of what is searched for narrows nothing, whatever it is."""
    for given in ("alice", "niemand", 7, None):
        message = {**WHO_READS, "subject": {**USER, "id": given}}

        assert certificatie.found("subject", message) == [ALICE, BOB]


def test_c_4_2_4_subjects_by_properties(certificatie: Punt) -> None:
    """Who may write in the archive is found by the role that is known here."""
    assert certificatie.found("subject", asks(USER, WRITE, ARCHIVED)) == [BOB]


def test_c_4_3_1_resources(certificatie: Punt) -> None:
    """Everything that Alice may read is found."""
    assert RECORD_1 in certificatie.found("resource", ALICE_READS)


def test_c_4_3_2_resources_with_context(certificatie: Punt) -> None:
    """A context changes nothing of what is found."""
    with_context = certificatie.found("resource", {**ALICE_READS, "context": CONTEXT})

    assert with_context == certificatie.found("resource", ALICE_READS)


def test_c_4_3_3_resource_id_is_ignored(certificatie: Punt) -> None:
    """An id of what is searched for narrows nothing."""
    narrowed = certificatie.found("resource", {**ALICE_READS, "resource": RECORD_1})

    assert narrowed == certificatie.found("resource", ALICE_READS)


def test_c_4_3_4_resources_by_properties(certificatie: Punt) -> None:
    """What an admin may write is found by the status that is known here."""
    found = certificatie.found("resource", asks(ADMIN, WRITE, RECORD))

    assert {"type": "record", "id": "record-2"} in found


def test_c_4_4_1_actions(certificatie: Punt) -> None:
    """What Alice may do is found by name."""
    assert certificatie.found("action", ALICE_DOES) == [{"name": "read"}, {"name": "write"}]


def test_c_4_4_2_actions_with_context(certificatie: Punt) -> None:
    """A context changes nothing of what she may do."""
    with_context = certificatie.found("action", {**ALICE_DOES, "context": CONTEXT})

    assert with_context == certificatie.found("action", ALICE_DOES)


def test_c_4_4_3_actions_by_properties(certificatie: Punt) -> None:
    """What an admin may do in the archive is found."""
    found = certificatie.found("action", {"subject": ADMIN, "resource": ARCHIVED})

    assert WRITE in found


@pytest.mark.parametrize(("kind", "message"), EVERY)
def test_c_4_5_1_limit(certificatie: Punt, kind: str, message: Bericht) -> None:
    """A page has no more than is asked, and a token when there is more."""
    answer = certificatie.post(f"search/{kind}", {**message, "page": {"limit": 1}})

    assert answer.status_code == 200
    assert len(answer.json()["results"]) <= 1
    assert answer.json()["page"]["next_token"]


@pytest.mark.parametrize(("kind", "message"), EVERY)
@pytest.mark.parametrize("repeat", [True, False])
def test_c_4_5_2_token(certificatie: Punt, kind: str, message: Bericht, *, repeat: bool) -> None:
    """Page after page gives all results, whether the limit is said again or not."""
    found, page = [], {"limit": 1}
    while True:
        answer = certificatie.post(f"search/{kind}", {**message, "page": page}).json()
        found += answer["results"]
        token = answer["page"]["next_token"]
        if not token:
            break
        page = {"token": token, **({"limit": 1} if repeat else {})}

    assert found == certificatie.found(kind, message)


def test_c_4_5_3_page(certificatie: Punt) -> None:
    """A page tells how many it has, and its token is empty at the end."""
    answer = certificatie.post("search/subject", WHO_READS).json()

    assert answer["page"] == {"next_token": "", "count": 2}
    assert list(answer) == ["page", "results"]


@pytest.mark.parametrize("page", [{}, {"limit": 1000}, {"limit": 2}, {"properties": {"x": 1}}])
def test_c_4_5_4_all_in_one(certificatie: Punt, page: Bericht) -> None:
    """A page that is large enough has everything."""
    answer = certificatie.post("search/subject", {**WHO_READS, "page": page}).json()

    assert answer["results"] == [ALICE, BOB]
    assert answer["page"]["next_token"] == ""


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("subject", asks(USER, READ, {"type": "record", "id": "onbekend"})),
        ("resource", asks({"type": "user", "id": "onbekend"}, READ, RECORD)),
        ("action", {"subject": {"type": "user", "id": "onbekend"}, "resource": RECORD_1}),
        ("action", {"subject": ALICE, "resource": {"type": "record", "id": "onbekend"}}),
    ],
)
def test_c_4_6_1_unknown_id(certificatie: Punt, kind: str, message: Bericht) -> None:
    """A name that nobody knows gives no results, and is no error."""
    assert certificatie.found(kind, message) == []


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("subject", asks({"type": "spaceship"}, READ, RECORD_1)),
        ("resource", asks(ALICE, READ, {"type": "spaceship"})),
        ("action", {"subject": {"type": "spaceship", "id": "alice"}, "resource": RECORD_1}),
    ],
)
def test_c_4_6_2_unknown_type(certificatie: Punt, kind: str, message: Bericht) -> None:
    """A type that nobody knows gives no results, and is no error."""
    assert certificatie.found(kind, message) == []


@pytest.mark.parametrize(
    ("kind", "message", "name"),
    [(kind, message, name) for kind, message in EVERY for name in message],
)
def test_c_4_7_1_missing_field(certificatie: Punt, kind: str, message: Bericht, name: str) -> None:
    """A search without one of its members is a 400."""
    assert certificatie.post(f"search/{kind}", without(message, name)).status_code == 400


@pytest.mark.parametrize(
    ("kind", "message", "path"),
    [
        ("subject", WHO_READS, ("resource", "id")),
        ("subject", WHO_READS, ("subject", "type")),
        ("subject", WHO_READS, ("action", "name")),
        ("resource", ALICE_READS, ("subject", "id")),
        ("resource", ALICE_READS, ("resource", "type")),
        ("action", ALICE_DOES, ("subject", "id")),
        ("action", ALICE_DOES, ("resource", "id")),
    ],
)
def test_c_4_7_2_missing_part(
    certificatie: Punt, kind: str, message: Bericht, path: tuple[str, ...]
) -> None:
    """What is given and not searched for must be named in full, else it is a 400."""
    assert certificatie.post(f"search/{kind}", without(message, *path)).status_code == 400


@pytest.mark.parametrize(
    "page",
    [
        {"token": "niet van ons"},
        {"token": "MTowOmFiYw"},
        {"limit": -1},
        {"limit": "1"},
        {"token": 7},
    ],
)
def test_foreign_page_is_refused(certificatie: Punt, page: Bericht) -> None:
    """A token that is not ours, or a limit that is no number, is a 400."""
    assert certificatie.post("search/subject", {**WHO_READS, "page": page}).status_code == 400


def test_token_belongs_to_its_question(certificatie: Punt) -> None:
    """A token of one question is refused with another, and with another limit."""
    answer = certificatie.post("search/subject", {**WHO_READS, "page": {"limit": 1}}).json()
    token = answer["page"]["next_token"]
    other = {**WHO_READS, "action": WRITE, "page": {"token": token}}
    wider = {**WHO_READS, "page": {"token": token, "limit": 2}}

    assert certificatie.post("search/subject", other).status_code == 400
    assert certificatie.post("search/subject", wider).status_code == 400
