"""LDV records: one per subject per actie, in the form of the standard, without officials."""

import json
from typing import Any

import jsonschema
import pytest

from audit.entry import Soort
from broker.services.uitvoer.ldv import record
from broker.services.uitvoer.regels import Actie, acties
from tests.uitvoer.gevallen import (
    ANDERE,
    BEDRIJF,
    BEGIN,
    PARENT,
    REGISTER,
    SLEUTEL,
    SOFTWARE,
    SPAN,
    TRACE,
    Regel,
    gevraagd,
    regel,
    verstrekt,
)

# The table of fields of LDV 1.0 (Interface of the Logboek), as a schema.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        "trace_id",
        "span_id",
        "status",
        "name",
        "start_time",
        "end_time",
        "attributes",
    ],
    "properties": {
        "trace_id": {"type": "string", "pattern": "^(?!0{32})[0-9a-f]{32}$"},
        "span_id": {"type": "string", "pattern": "^(?!0{16})[0-9a-f]{16}$"},
        "parent_span_id": {"type": "string", "pattern": "^(?!0{16})[0-9a-f]{16}$"},
        "status": {"enum": ["Unset", "Ok", "Error"]},
        "name": {"type": "string", "minLength": 1},
        "start_time": {"type": "integer", "minimum": 10**12, "exclusiveMaximum": 10**13},
        "end_time": {"type": "integer", "minimum": 10**12, "exclusiveMaximum": 10**13},
        "resource": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"attributes": {"type": "object"}},
        },
        "attributes": {
            "type": "object",
            "additionalProperties": False,
            "required": ["dpl.core.processing_activity_id"],
            "properties": {
                "dpl.core.processing_activity_id": {
                    "type": "string",
                    "pattern": "^https://register.example.nl/[a-z0-9-]+$",
                },
                "dpl.core.data_subject_id": {"type": "string", "pattern": "^[pr]-[a-z2-7]{52}$"},
                "dpl.core.data_subject_id_type": {"enum": ["BSN", "KVK-nummer"]},
            },
            "dependentRequired": {
                "dpl.core.data_subject_id": ["dpl.core.data_subject_id_type"],
                "dpl.core.data_subject_id_type": ["dpl.core.data_subject_id"],
            },
        },
    },
}
MS = int(BEGIN.timestamp() * 1000)


def records(*lines: Regel) -> list[dict[str, Any]]:
    """Return the records of these lines, each checked against the schema."""
    found = [record(actie, REGISTER, SOFTWARE) for actie in acties(lines)]
    told = [each for each in found if each is not None]
    for each in told:
        jsonschema.validate(each, SCHEMA)
    return told


def test_question_and_answer_are_one_record() -> None:
    """A voornemen and its verstrekking give one record, from the moment of the one to the other."""
    assert records(*verstrekt(0, parent_span_id=PARENT)) == [
        {
            "trace_id": TRACE,
            "span_id": SPAN,
            "parent_span_id": PARENT,
            "status": "Ok",
            "name": "Gegevens gevraagd en verstrekt",
            "start_time": MS + 1,
            "end_time": MS + 1001,
            "resource": {"attributes": SOFTWARE},
            "attributes": {
                "dpl.core.processing_activity_id": "https://register.example.nl/wgs-riec",
                "dpl.core.data_subject_id": SLEUTEL,
                "dpl.core.data_subject_id_type": "BSN",
            },
        }
    ]


def test_each_subject_at_each_source_has_its_own_record() -> None:
    """Two sources and two subjects, mixed in the log, give a record for each pair."""
    a, b = verstrekt(0, "v-1/1"), verstrekt(2, "v-1/2", bron="uwv")
    c = verstrekt(4, "v-2/1", sleutel=ANDERE)

    found = records(a[0], b[0], c[0], c[1], a[1], b[1])

    subjects = [each["attributes"]["dpl.core.data_subject_id"] for each in found]
    assert subjects == [ANDERE, SLEUTEL, SLEUTEL]


def test_open_voornemen_has_no_record_yet() -> None:
    """What has not ended has no record, and its end brings it, also with an unknown outcome."""
    begin, _ = verstrekt(0)
    einde = regel(9, Soort.ONBEPAALD, "v-1/1", reden="herstart", voornemen=0)

    (found,) = records(begin, einde)

    assert records(begin) == []
    assert found["attributes"]["dpl.core.data_subject_id"] == SLEUTEL
    assert (found["status"], found["start_time"], found["end_time"]) == (
        "Error",
        MS + 1,
        MS + 9001,
    )


@pytest.mark.parametrize(
    ("soort", "more", "status"),
    [
        (Soort.VERSTREKKING, {}, "Ok"),
        (Soort.WEIGERING, {"uitkomst": "geweigerd"}, "Unset"),
        (Soort.FOUT, {"fout": "bron-weigert"}, "Unset"),
        (Soort.FOUT, {"fout": "bron-te-laat"}, "Error"),
        (Soort.FOUT, {"fout": "geen-besluit"}, "Error"),
        (Soort.ONBEPAALD, {"reden": "niet opgeslagen"}, "Error"),
        (Soort.WIJZIGING, {"wat": "kaart"}, "Ok"),
    ],
)
def test_status_follows_the_standard(soort: Soort, more: dict[str, Any], status: str) -> None:
    """Error is for what failed technically; a refusal ended without a fault, so it is Unset."""
    (found,) = records(regel(0, soort, "v-1/1", **gevraagd(**more)))

    assert found["status"] == status


def test_record_names_no_official() -> None:
    """Nothing of who asked stands in a record, nor the zaak or what was decided."""
    text = json.dumps(records(*verstrekt(0)))

    for secret in ("g-017", "zaanstad-college", "hhk-1", "v-1", "b-1", "identificatie", "nla"):
        assert secret not in text


def test_line_without_a_call_gets_a_trace_of_its_own() -> None:
    """A line without a trace gets one that is the same each time and differs from all others."""
    lines = [regel(n, Soort.WIJZIGING, f"w-{n}", wat="kaart", sleutel=BEDRIJF) for n in (0, 1)]

    first, second = records(*lines)

    assert [first, second] == records(*lines)
    assert first["trace_id"] != second["trace_id"]
    assert first["span_id"] != second["span_id"]
    assert first["attributes"]["dpl.core.data_subject_id_type"] == "KVK-nummer"


def test_investigation_is_an_activity_of_its_own() -> None:
    """A question for criminal law belongs to another activity, so that it can be confidential."""
    (found,) = records(*verstrekt(0, doel=["bestuurlijk", "strafrechtelijk"]))

    activity = found["attributes"]["dpl.core.processing_activity_id"]
    assert activity == "https://register.example.nl/wgs-riec-strafrechtelijk"


def test_made_up_basis_is_no_activity() -> None:
    """What an asker wrote for a basis never becomes part of an address."""
    (found,) = records(regel(0, Soort.WEIGERING, "v-1/1", **gevraagd(grondslag="jan-jansen")))

    activity = found["attributes"]["dpl.core.processing_activity_id"]
    assert activity == "https://register.example.nl/beoordeling"


def test_destroyed_line_has_no_record() -> None:
    """When the payload was destroyed, its record goes with it."""
    begin, einde = verstrekt(0)
    gone = Regel(
        index=1, soort=einde.soort, at=einde.at, kenmerk=einde.kenmerk, payload=None, salt=None
    )

    assert records(begin, gone) == []


def test_begin_before_what_is_read_is_looked_up() -> None:
    """An end whose voornemen came earlier begins at that voornemen."""
    begin, einde = verstrekt(0)

    (found,) = acties([einde], lambda line: begin if line is einde else None)

    assert found == Actie(begin=begin, einde=einde)
