"""FSC records: only of calls that went through FSC, with nothing made up."""

from typing import Any

import jsonschema
import pytest

from audit.entry import Soort
from broker.services.uitvoer.fsc import record
from tests.uitvoer.gevallen import BEGIN, SPAN, TRACE, Regel, gevraagd, regel, verstrekt

# `logRecord` of FSC Logging (media/logging.yaml), with the UUID version 7 of the Dutch profile.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        "transaction_id",
        "direction",
        "grant_hash",
        "source",
        "destination",
        "service_name",
        "created_at",
    ],
    "properties": {
        "transaction_id": {"pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-"},
        "trace_id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "span_id": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
        "direction": {"enum": ["DIRECTION_INCOMING", "DIRECTION_OUTGOING"]},
        "grant_hash": {"type": "string", "maxLength": 1024},
        "service_name": {"type": "string", "minLength": 3, "maxLength": 255},
        "source": {
            "required": ["type", "outway_peer_id"],
            "properties": {"outway_peer_id": {"minLength": 1, "maxLength": 20}},
        },
        "destination": {
            "required": ["type", "service_peer_id"],
            "properties": {"service_peer_id": {"minLength": 1, "maxLength": 20}},
        },
        "created_at": {"type": "integer", "minimum": 0, "maximum": 10**11},
    },
}
PASSAGE: dict[str, Any] = {
    "transaction_id": "01916e5c-7b3d-7c1a-8f2e-3a4b5c6d7e8f",
    "direction": "DIRECTION_OUTGOING",
    "grant_hash": "$1$4$abc",
    "service_name": "toezicht",
    "source": {"type": "SOURCE_TYPE_SOURCE", "outway_peer_id": "00000001234567890000"},
    "destination": {
        "type": "DESTINATION_TYPE_DESTINATION",
        "service_peer_id": "00000009876543210000",
    },
}


def line(**fsc: object) -> Regel:
    """Return a voornemen of a call that passed FSC so."""
    return regel(7, Soort.VOORNEMEN, "v-1/1", **gevraagd(fsc=fsc))


def test_call_through_fsc_has_its_record() -> None:
    """All that FSC knows of the passage stands in the record, at the moment before the call."""
    found = record(line(**PASSAGE))

    jsonschema.validate(found, SCHEMA)
    assert found == {**PASSAGE, "created_at": int(BEGIN.timestamp()) + 7}


def test_trace_is_that_of_the_call_only() -> None:
    """The trace of our own decision is not put in; that which the call carried is."""
    assert "trace_id" not in (record(line(**PASSAGE)) or {})

    found = record(line(**PASSAGE, trace_id=TRACE, span_id=SPAN))

    jsonschema.validate(found, SCHEMA)
    assert found is not None
    assert (found["trace_id"], found["span_id"]) == (TRACE, SPAN)


def test_call_beside_fsc_has_no_record() -> None:
    """A call without the ids of FSC gives nothing, for none of its lines."""
    assert [record(each) for each in verstrekt(0)] == [None, None]


@pytest.mark.parametrize("missing", list(PASSAGE))
def test_passage_with_a_gap_has_no_record(missing: str) -> None:
    """Whatever obligatory part is not known, there is no record rather than a made up one."""
    assert record(line(**{n: v for n, v in PASSAGE.items() if n != missing})) is None


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("transaction_id", "01916e5c-7b3d-4c1a-8f2e-3a4b5c6d7e8f"),
        ("transaction_id", "v-1"),
        ("direction", "OUT"),
        ("grant_hash", ""),
        ("source", {"type": "SOURCE_TYPE_SOURCE"}),
        ("destination", {"service_peer_id": "1"}),
    ],
)
def test_passage_in_another_form_has_no_record(member: str, value: object) -> None:
    """An id of another version, an unknown direction or a nameless party is no FSC record."""
    assert record(line(**{**PASSAGE, member: value})) is None
