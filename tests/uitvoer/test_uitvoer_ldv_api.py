"""The read extension: at least one of trace, activity and subject; recorded; page by page."""

import re
import uuid
from typing import Any

import httpx2
import pytest

from broker.domain.ports import Gegeven, Identiteit
from broker.errors import RecordError
from broker.services.recorder import Recorder
from tests.api.conftest import World

PATH = "/ldv/v1/processing-activities"
BSN = "999993653"
SUBJECT = "dpl.core.data_subject_id"
ACTIVITY = "dpl.core.processing_activity_id"
HERE = "http://127.0.0.1:8000/verwerkingen"
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def read(
    world: World, body: object, who: str | None = "fg-1", query: str = ""
) -> httpx2.Response:
    """Call the extension."""
    headers = {"Authorization": f"Bearer token-{who}"} if who else {}
    return await world.client.post(f"{PATH}{query}", headers=headers, json=body)


@pytest.fixture
async def asked(world: World, vraag: dict[str, Any], boete: Gegeven) -> World:
    """Give the app after two questions on two subjects, in a trace that a partner began."""
    world.bronnen["nla"].gegevens = (boete,)
    for betrokkene in ({"bsn": BSN}, {"bsn": "999992971"}):
        await world.client.post(
            "/v1/verzoeken",
            headers={"Authorization": "Bearer token-g-017", "traceparent": TRACEPARENT},
            json={**vraag, "betrokkene": betrokkene},
        )
    return world


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"startTime": "2026-01-01T00:00:00Z"},
        {"startTime": "2026-01-01T00:00:00Z", "endTime": "2027-01-01T00:00:00Z"},
        {"dpl.core.data_subject_id_type": "BSN"},
        {"traceId": "geen-trace"},
        {"traceId": "0af76519-16cd43dd8448eb211c80319c"},
        {SUBJECT: BSN, "iets": "anders"},
        {SUBJECT: BSN, "startTime": "gisteren"},
        {SUBJECT: BSN, "startTime": "2026-01-01T00:00:00"},
    ],
)
async def test_question_that_asks_for_nothing_is_refused(
    world: World, body: dict[str, Any]
) -> None:
    """A bare time, an unknown member or a malformed one is a 400 as problem+json."""
    answer = await read(world, body)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["API-Version"] == "0.1.0"
    assert BSN not in answer.text


async def test_subject_is_found_by_number_and_by_pseudonym(asked: World) -> None:
    """Both spellings of a subject find the same, and nothing of another subject."""
    sleutel = asked.services.pseudoniem.sleutel(Identiteit(bsn=BSN))

    by_number = (await read(asked, {SUBJECT: BSN})).json()
    by_pseudonym = (await read(asked, {SUBJECT: sleutel})).json()

    found = by_number["processingActivities"]
    assert found == by_pseudonym["processingActivities"][: len(found)]
    assert {a["attributes"][SUBJECT] for a in found} == {sleutel}
    assert by_number["metadata"] == {
        "logbookId": "demo.sluis.example.nl/logboek",
        "organizationName": "RIEC Noord-Holland",
    }


async def test_trace_is_found_in_both_spellings(asked: World) -> None:
    """A trace with and without hyphens finds every record under it, in the form of the standard."""
    plain = TRACEPARENT.split("-")[1]

    first = await read(asked, {"traceId": plain})
    second = await read(asked, {"traceId": str(uuid.UUID(plain)).upper()})

    activities = first.json()["processingActivities"]
    assert len(activities) == 2
    assert activities == second.json()["processingActivities"]
    for activity in activities:
        assert activity["traceId"] == str(uuid.UUID(plain))
        assert activity["parentSpanId"] == "b7ad6b7169203331"
        assert re.fullmatch(r"[0-9a-f]{16}", activity["spanId"])
        assert activity["status"] in {"Unset", "Ok", "Error"}
        assert activity["startTime"] <= activity["endTime"]
        assert re.fullmatch(r"2026-11-20T09:00:\d\d\.\d{3}Z", activity["startTime"])


async def test_activity_and_time_narrow_it_down(asked: World) -> None:
    """An activity finds its records; a time beside it leaves out what lies outside."""
    everything = (await read(asked, {ACTIVITY: f"{HERE}/wgs-riec"})).json()
    late = {ACTIVITY: f"{HERE}/wgs-riec", "startTime": "2026-11-21T00:00:00Z"}
    early = {ACTIVITY: f"{HERE}/wgs-riec", "endTime": "2026-11-20T00:00:00Z"}

    assert len(everything["processingActivities"]) == 2
    assert (await read(asked, late)).json()["processingActivities"] == []
    assert (await read(asked, early)).json()["processingActivities"] == []


async def test_records_come_page_by_page(asked: World) -> None:
    """Pages of one hold together what one page holds, each once."""
    body = {"traceId": TRACEPARENT.split("-")[1]}
    whole = (await read(asked, body)).json()["processingActivities"]
    seen, query = [], "?limit=1"
    while query:
        page = await read(asked, body, query=query)
        seen += page.json()["processingActivities"]
        query = page.headers.get("Link", "").partition(">")[0].partition(PATH)[2]

    assert seen == whole


async def test_no_official_and_no_zaak_in_a_record(asked: World) -> None:
    """What is shown names nobody who asked, and nothing of the zaak or the outcome."""
    text = (await read(asked, {SUBJECT: BSN})).text

    for secret in ("g-017", "fg-1", "zaanstad-college", "hhk-zaandam-oost-2026", BSN, "nla-1"):
        assert secret not in text


async def test_reading_is_recorded_before_it_is_shown(
    asked: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The read is a line on its subject; when that cannot be made, nothing is shown."""
    await read(asked, {SUBJECT: BSN})
    line = asked.services.log.entries(0, 200)[-1]

    assert line.payload is not None
    assert (line.payload["wat"], line.payload["gebruiker"]) == ("ldv", "fg-1")
    assert line.payload["sleutel"] == asked.services.pseudoniem.sleutel(Identiteit(bsn=BSN))

    async def full(_self: Recorder, _regels: object) -> list[object]:
        raise RecordError

    monkeypatch.setattr(Recorder, "record_all", full)
    answer = await read(asked, {SUBJECT: BSN})
    assert answer.status_code == 503
    assert "processingActivities" not in answer.text


async def test_partner_reads_only_its_own(asked: World) -> None:
    """The privacyfunctionaris of a partner finds nothing of what others did."""
    answer = await read(asked, {"traceId": TRACEPARENT.split("-")[1]}, "fg-nla")

    assert answer.json()["processingActivities"] == []


@pytest.mark.parametrize(
    ("who", "status"), [(None, 401), ("niemand", 401), ("g-017", 403), ("am-riec-1", 403)]
)
async def test_others_are_not_let_in(asked: World, who: str | None, status: int) -> None:
    """Without a token, or as somebody who guards nothing, one reads nothing."""
    answer = await read(asked, {SUBJECT: BSN}, who)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_unknown_subject_finds_nothing(asked: World) -> None:
    """A subject that cannot be ours gives an empty answer, not an error."""
    for subject in ("niet-van-ons", "999990019", "12345678"):
        answer = await read(asked, {SUBJECT: subject})
        assert (answer.status_code, answer.json()["processingActivities"]) == (200, [])


async def test_other_addresses_and_methods_are_problems(world: World) -> None:
    """A wrong method or address under the mount is told as a problem too."""
    headers = {"Authorization": "Bearer token-fg-1"}
    method = await world.client.get(PATH, headers=headers)
    address = await world.client.post("/ldv/v1/iets", headers=headers, json={})

    assert (method.status_code, method.headers["Allow"]) == (405, "POST")
    assert address.status_code == 404
    for answer in (method, address):
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["API-Version"] == "0.1.0"
