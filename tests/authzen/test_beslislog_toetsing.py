"""A toetsing decides, so it leaves a record as every decision does."""

import orjson
import pytest

from audit.errors import LogFullError
from broker.decision.decide import Decider
from broker.domain import invoer
from broker.domain.ports import Identiteit
from broker.services.beslislogboek import digest
from tests.api import conftest
from tests.api.conftest import World
from tests.api.test_api_recording import nth
from tests.authzen.test_beslislogboek import (
    PARENT,
    TRACE,
    TRACEPARENT,
    Bericht,
    lines,
    records,
    silent,
)
from tests.decision.gevallen import bases

world = conftest.world  # the fixture of the API


async def toets(world: World, dossier: Bericht) -> tuple[int, Bericht]:
    """Ask what a dossier comes to, in a trace."""
    headers = {"Authorization": "Bearer token-g-017", "traceparent": TRACEPARENT}
    answer = await world.client.post("/v1/toetsingen", json=dossier, headers=headers)
    return answer.status_code, answer.json()


async def test_toetsing_leaves_one_record(world: World) -> None:
    """The record is in the trace, says that it is a toetsing, and gives the same besluit again."""
    sleutel = world.services.pseudoniem.sleutel(Identiteit(bsn="999993653"))
    dossier = bases()["hhk"]
    dossier = {**dossier, "betrokkene": {**dossier["betrokkene"], "sleutel": sleutel}}
    _, told = await toets(world, dossier)
    (record,) = await records(world)
    body = record["body"]

    assert (record["trace_id"], record["parent_span_id"]) == (TRACE, PARENT)
    assert (record["event_name"], record["status"]) == ("adl.access_evaluation", "Ok")
    assert record["attributes"]["sluis.toetsing"].startswith("t-")
    assert record["attributes"]["dpl.core.data_subject_id"] == sleutel
    assert body["adl.core.information"] == [dossier]
    assert body["adl.core.response"]["context"]["uitkomst"] == told["besluit"]["uitkomst"]
    decider = await world.services.regels.of(record["attributes"]["adl.core.policies"])
    besluit = decider.decide(invoer.parse(body["adl.core.information"][0]))
    assert orjson.dumps(besluit) == orjson.dumps(body["sluis.besluiten"][0])


async def test_line_binds_the_record(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line of a toetsing holds the digest of its record, with a verdict and without one."""
    await toets(world, bases()["hhk"])
    with monkeypatch.context() as patch:
        patch.setattr(Decider, "beslis", silent)
        status, _ = await toets(world, bases()["hhk"])
    rows = await world.services.keeper.read(lambda tx: tx.beslislogboek.list())
    held = [line for line in await lines(world) if line["soort"] in {"toetsing", "fout"}]
    done, failed = (record["status"] for record in await records(world))

    assert (status, done, failed) == (503, "Ok", "Error")
    assert [line["beslislog_sha256"] for line in held] == [digest(row["regel"]) for row in rows]
    assert ["besluit_sha256" in line for line in held] == [True, False]


async def test_no_line_no_record_no_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the log refuses the line there is no record, and no verdict leaves."""
    log = world.services.log
    with monkeypatch.context() as patch:
        patch.setattr(log, "record", nth(1, log.record, LogFullError("Vol.")))
        status, told = await toets(world, bases()["hhk"])

    assert status == 503
    assert "besluit" not in told
    assert await records(world) == []


async def test_dossier_with_a_bsn_is_refused(world: World) -> None:
    """A dossier in which a BSN stands, as text or as a number, is neither decided nor recorded."""
    dossier = bases()["hhk"]
    wrong = [
        {**dossier, "betrokkene": {**dossier["betrokkene"], "sleutel": "999993653"}},
        {**dossier, "verzoek": {**dossier["verzoek"], "aantal_betrokkenen": 999993653}},
    ]
    answers = [await toets(world, each) for each in wrong]

    assert [status for status, _ in answers] == [400, 400]
    assert "999993653" not in str([told for _, told in answers])
    assert await records(world) == []
