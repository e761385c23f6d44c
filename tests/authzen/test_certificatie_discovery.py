"""Certification scenario of AuthZEN 1.0, chapters 5 and 6: transport and metadata."""

import pytest

from tests.authzen.conftest import HEADERS, Punt
from tests.authzen.vragen import ALICE_DOES, ALICE_READS, ALLOWED, WHO_READS, Bericht, without

METADATA = "/.well-known/authzen-configuration"
CALLS = [
    ("evaluation", ALLOWED),
    ("evaluations", {"evaluations": [ALLOWED]}),
    ("search/subject", WHO_READS),
    ("search/resource", ALICE_READS),
    ("search/action", ALICE_DOES),
]


def metadata(punt: Punt) -> Bericht:
    """Return the metadata, fetched without a token."""
    answer = punt.client.get(METADATA)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    found: Bericht = answer.json()
    return found


@pytest.mark.parametrize(("path", "message"), CALLS)
def test_c_5_1_https_and_json(certificatie: Punt, path: str, message: Bericht) -> None:
    """Every path takes JSON over HTTPS, also with a charset behind it."""
    answer = certificatie.client.post(
        f"/access/v1/{path}",
        json=message,
        headers={**HEADERS, "Content-Type": "application/json; charset=utf-8"},
    )

    assert answer.url.scheme == "https"
    assert answer.status_code == 200


@pytest.mark.parametrize(("path", "message"), CALLS)
def test_c_5_2_answers_are_json(certificatie: Punt, path: str, message: Bericht) -> None:
    """Every good answer is 200 and JSON."""
    answer = certificatie.post(path, message)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize(("path", "message"), [call for call in CALLS if "subject" in call[1]])
def test_c_5_3_missing_field(certificatie: Punt, path: str, message: Bericht) -> None:
    """On every path a missing subject is a 400."""
    assert certificatie.post(path, without(message, "subject")).status_code == 400


@pytest.mark.parametrize(("path", "message"), CALLS)
def test_c_5_4_request_id(certificatie: Punt, path: str, message: Bericht) -> None:
    """Every path gives the number of the call back."""
    answer = certificatie.post(path, message, **{"X-Request-ID": "nummer-7"})

    assert answer.headers["X-Request-ID"] == "nummer-7"


@pytest.mark.parametrize(("path", "message"), CALLS)
def test_c_5_5_unknown_fields(certificatie: Punt, path: str, message: Bericht) -> None:
    """Every path ignores what the standard does not know."""
    answer = certificatie.post(path, {**message, "later": {"iets": 1}})

    assert answer.json() == certificatie.post(path, message).json()


def test_c_6_1_endpoint(certificatie: Punt) -> None:
    """The metadata stand at the well-known place, for everybody."""
    assert metadata(certificatie)


def test_c_6_2_format(certificatie: Punt) -> None:
    """The metadata are one JSON object, of members that have a value."""
    assert all(value not in ("", [], None) for value in metadata(certificatie).values())


def test_c_6_3_required(certificatie: Punt) -> None:
    """The decision point names itself by the address it was found at."""
    found = metadata(certificatie)

    assert found["policy_decision_point"] == certificatie.adres
    assert found["access_evaluation_endpoint"].startswith(f"{certificatie.adres}/")


def test_c_6_4_optional(certificatie: Punt) -> None:
    """The batch and the three searches are named too, and each address works."""
    found = metadata(certificatie)
    searches = [f"search_{kind}_endpoint" for kind in ("subject", "resource", "action")]
    names = ["access_evaluation_endpoint", "access_evaluations_endpoint", *searches]

    for name, (_, message) in zip(names, CALLS, strict=True):
        answer = certificatie.client.post(found[name], json=message, headers=HEADERS)

        assert answer.status_code == 200


def test_c_6_5_validation(certificatie: Punt) -> None:
    """Every endpoint is an HTTPS address, and nothing is promised that is not there."""
    found = metadata(certificatie)

    endpoints = [value for name, value in found.items() if name.endswith("_endpoint")]
    assert all(value.startswith("https://") for value in endpoints)
    assert found.keys() & {"signed_metadata", "capabilities"} == set()


def test_c_6_6_default_paths(certificatie: Punt) -> None:
    """The addresses are the default paths, so who does not read the metadata finds them too."""
    found = metadata(certificatie)

    assert {value for name, value in found.items() if name.endswith("_endpoint")} == {
        f"{certificatie.adres}/access/v1/{path}" for path, _ in CALLS
    }
