"""A question through an Outway: one number in the voornemen, in the call and in the export."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.brp import BrpBron
from adapters.http import Verbinding
from audit.entry import Soort
from audit.errors import LogFullError
from broker.app import OpenServices, open_services
from broker.domain.fsc import Doorgang, Koppeling
from broker.domain.ports import Bron
from broker.errors import DecisionError, RecordError
from broker.services.regels import Regels
from broker.services.uitvoer import fsc
from broker.services.uitvoer.uitvoering import Opdracht
from broker.settings import Settings
from tests.api.conftest import NOW, World, running, vraag
from tests.api.test_api_recording import nth
from tests.cli.test_replay import ANALIST
from tests.fsc.outway import KOPPELING, Outway, answer, outway, refusal, write_koppelingen
from tests.uitvoer.gevallen import SPAN, TRACE, gevraagd, regel
from tests.uitvoer.test_uitvoer_fsc import SCHEMA

__all__ = ["vraag"]
Vraag = dict[str, Any]
Told = Mapping[str, Any]
TRANSACTION = "adl.fsc.transaction_id"
INBOUND = "019a9f2e-6b1c-7d3e-8f00-0123456789ab"
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


class Stage:
    """The app, with one source behind an Outway, and another that is called directly."""

    def __init__(self, world: World, found: Outway) -> None:
        self.world, self.outway = world, found

    async def ask(self, vraag: Vraag, **headers: str) -> Vraag:
        """Put a verzoek; return what came of it."""
        headers = {"Authorization": "Bearer token-g-017", **headers}
        answered = await self.world.client.post("/v1/verzoeken", json=vraag, headers=headers)
        body: Vraag = answered.json()
        return body

    async def exported(self, who: str = "fg-1") -> list[Told]:
        """Return the records that the export gives; each is as FSC Logging demands."""
        answered = await self.world.call("POST", "/uitvoer/fsc", who, {})
        assert answered.status_code == 200, answered.text
        found = [json.loads(line) for line in answered.text.splitlines()]
        for record in found:
            jsonschema.validate(record, SCHEMA)
        return found

    def lines(self, *soorten: Soort) -> list[Told]:
        """Return what the lines of these kinds commit to."""
        found = self.world.services.log.entries(0, 1000)
        return [line.payload or {} for line in found if not soorten or line.soort in soorten]

    def told(self) -> list[Told]:
        """Return what stands in the voornemens of their calls through FSC."""
        return [line["fsc"] for line in self.lines(Soort.VOORNEMEN) if "fsc" in line]

    async def decisions(self) -> list[Told]:
        """Return the records of the decision log."""
        answered = await self.world.call("GET", "/beslislogboek?limiet=200", "fg-1")
        found: list[Told] = answered.json()
        return found


@asynccontextmanager
async def stage(folder: Path, koppelingen: Mapping[str, Any], *grants: str) -> AsyncIterator[Stage]:
    """Run the app with these koppelingen; its sources all stand at one address."""
    async with (
        outway(*grants) as found,
        httpx2.AsyncClient(trust_env=False) as client,
    ):

        def make(row: Mapping[str, Any]) -> Bron | None:
            if row["id"] == "zaanstad-college":
                verbinding = Verbinding(client=client, basis=found.bron.adres)
                return BrpBron(verbinding=verbinding, organisatie=row["id"])
            return found.source(client) if row["id"] in {"nla", "om-nh"} else None

        path = write_koppelingen(folder, **koppelingen)
        async with running(folder, make, fsc_koppelingen_bestand=path) as world:
            yield Stage(world, found)


@asynccontextmanager
async def running_again(folder: Path) -> AsyncIterator[OpenServices]:
    """Start on what the stage left behind."""
    settings = Settings(data=folder / "var", klok_begin=NOW.replace(hour=12))
    async with open_services(settings) as services:
        yield services


@pytest.fixture
async def fenced(tmp_path: Path) -> AsyncIterator[Stage]:
    """Give a stage where nla is reached through an Outway that knows the grant."""
    async with stage(tmp_path, {"nla": KOPPELING}, KOPPELING["grant_hash"]) as found:
        yield found


async def test_question_gives_one_record_with_one_number(fenced: Stage, vraag: Vraag) -> None:
    """Voornemen, call and export hold the same number, and the record is whole."""
    answered = await fenced.ask(vraag)
    (record,) = await fenced.exported()
    (told,) = fenced.told()
    (call,) = fenced.outway.bron.gezien

    assert [gegeven["id"] for gegeven in answered["bronnen"][0]["gegevens"]] == ["nla-1"]
    assert record == {**told, "created_at": int(NOW.timestamp())}
    assert record == {
        "transaction_id": call.headers["fsc-transaction-id"],
        "direction": "DIRECTION_OUTGOING",
        **KOPPELING,
        "created_at": int(NOW.timestamp()),
        "trace_id": call.headers["traceparent"].split("-")[1],
        "span_id": call.headers["traceparent"].split("-")[2],
    }
    assert call.headers["fsc-grant-hash"] == KOPPELING["grant_hash"]


async def test_voornemen_stands_before_the_call(fenced: Stage, vraag: Vraag) -> None:
    """While the Outway has the question, its number is in the log and can be checked there."""
    seen: list[bool] = []

    async def look(transaction: str) -> None:
        await asyncio.sleep(0)
        seen.append([told["transaction_id"] for told in fenced.told()] == [transaction])

    fenced.outway.during = look
    await fenced.ask(vraag)

    assert seen == [True]


async def test_call_is_in_the_trace_of_the_caller(fenced: Stage, vraag: Vraag) -> None:
    """The call carries the trace of who asked, under the span of the decision of door 1."""
    await fenced.ask(vraag, traceparent=TRACEPARENT)
    (call,) = fenced.outway.bron.gezien
    (line,) = fenced.lines(Soort.VOORNEMEN)
    first = (await fenced.decisions())[0]

    assert call.headers["traceparent"] == f"00-{TRACEPARENT[3:35]}-{first['span_id']}-01"
    assert (line["trace_id"], line["span_id"]) == (TRACEPARENT[3:35], first["span_id"])


async def test_only_what_went_through_fsc_is_exported(fenced: Stage, vraag: Vraag) -> None:
    """Each call has a number of its own, and the one that went directly has none."""
    await fenced.ask({**vraag, "bronnen": ["nla", "om-nh"]})
    await fenced.ask(vraag)
    numbers = [record["transaction_id"] for record in await fenced.exported()]

    assert len(set(numbers)) == 2
    assert sorted(number or "" for number in fenced.outway.transactions) == ["", *sorted(numbers)]


async def test_without_koppeling_nothing_is_different(tmp_path: Path, vraag: Vraag) -> None:
    """A source that is called directly gets no header, and leaves no trace of FSC anywhere."""
    async with stage(tmp_path, {}) as found:
        await found.ask(vraag)

        assert await found.exported() == []
        assert found.outway.transactions == [None]
        assert {"fsc-grant-hash", "traceparent"}.isdisjoint(found.outway.bron.gezien[0].headers)
        assert [line for line in found.lines() if "fsc" in line] == []
        assert [r for r in await found.decisions() if TRANSACTION in r["attributes"]] == []


async def test_without_koppeling_the_last_line_is_not_different(
    tmp_path: Path, vraag: Vraag
) -> None:
    """A direct source that was not asked, or answers with a code of FSC, leaves the usual lines."""
    brp = {**vraag, "bronnen": ["zaanstad-college"], "categorieen": ["toezicht-handhaving"]}
    async with stage(tmp_path, {}) as found:
        await found.ask(brp)
        found.outway.answers.append(refusal(404, "SERVICE_NOT_FOUND"))
        await found.ask(vraag)

        assert len(found.lines(Soort.FOUT)) == 1
        assert [line for line in found.lines() if "fsc" in line] == []


async def test_organisatie_that_lost_its_source_is_not_called(tmp_path: Path, vraag: Vraag) -> None:
    """A koppeling to a source that is gone leads nowhere, so no number is made."""
    async with stage(tmp_path, {"zaanstad-burgemeester": KOPPELING}) as found:
        answered = await found.ask({**vraag, "bronnen": ["zaanstad-burgemeester"]})

        assert answered["bronnen"][0]["fout"] == "bron-onbereikbaar"
        assert [line for line in found.lines() if "fsc" in line] == []


async def test_refused_question_has_no_number(fenced: Stage, vraag: Vraag) -> None:
    """What door 1 refuses is not called, so nothing of FSC is made."""
    await fenced.ask({**vraag, "betrokkene": {"bsn": "999992971"}})

    assert fenced.outway.transactions == []
    assert [line for line in fenced.lines() if "fsc" in line] == []
    assert await fenced.exported() == []
    assert [r for r in await fenced.decisions() if TRANSACTION in r["attributes"]] == []


async def test_both_doors_name_the_transaction_to_the_source(fenced: Stage, vraag: Vraag) -> None:
    """The request that was decided on crosses the Outway, so its records of ADL name it."""
    await fenced.ask(vraag)
    (told,) = fenced.told()

    found = [record["attributes"][TRANSACTION] for record in await fenced.decisions()]

    assert found == [told["transaction_id"]] * 2


async def test_transaction_by_which_it_came_goes_first(fenced: Stage, vraag: Vraag) -> None:
    """A verzoek that came through an inway is named by that; the call has a number of its own."""
    await fenced.ask(vraag, **{"Fsc-Transaction-Id": INBOUND})
    (told,) = fenced.told()

    found = [record["attributes"][TRANSACTION] for record in await fenced.decisions()]

    assert found == [INBOUND] * 2
    assert fenced.outway.transactions == [told["transaction_id"]]
    assert told["transaction_id"] != INBOUND


async def test_error_of_fsc_stands_in_the_record_and_the_answer(
    fenced: Stage, vraag: Vraag
) -> None:
    """The code and the component are in the line and in the melding; of the body nothing is."""
    fenced.outway.answers.append(
        refusal(401, "ERROR_CODE_ACCESS_TOKEN_EXPIRED", "ERROR_DOMAIN_INWAY")
    )
    answered = (await fenced.ask(vraag))["bronnen"][0]
    (line,) = fenced.lines(Soort.FOUT)

    assert answered["fout"] == line["fout"] == "bron-geen-toegang"
    assert "ACCESS_TOKEN_EXPIRED, Inway" in answered["melding"]
    assert line["fsc"] == {
        "error_code": "ACCESS_TOKEN_EXPIRED",
        "error_domain": "ERROR_DOMAIN_INWAY",
    }
    assert not re.search("geheim van|999993653", json.dumps([answered, *fenced.lines()]))
    assert len(await fenced.exported()) == 1


async def test_grant_that_ended_is_told(tmp_path: Path, vraag: Vraag) -> None:
    """An Outway that does not know the grant refuses the call, and who asked reads why."""
    async with stage(tmp_path, {"nla": KOPPELING}, "$1$3$een-andere-grant-hash") as found:
        answered = (await found.ask(vraag))["bronnen"][0]

    assert answered["fout"] == "bron-geen-toegang"
    assert "UNKNOWN_GRANT_HASH_IN_HEADER, Outway" in answered["melding"]


async def test_without_voornemen_there_is_no_call(
    fenced: Stage, vraag: Vraag, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the line cannot be made the Outway sees nothing."""
    log = fenced.world.services.log
    monkeypatch.setattr(log, "record", nth(1, log.record, LogFullError("Er wacht te veel.")))

    answered = await fenced.ask(vraag)

    assert answered["status"] == 503
    assert fenced.outway.transactions == []


async def test_voornemen_that_was_not_stored_is_no_call(
    fenced: Stage, vraag: Vraag, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line without a call says so at its end, and then there is no record of FSC."""
    with monkeypatch.context() as patch:

        def begin(_: object) -> None:
            raise RecordError("De database is vol.")

        patch.setattr(type(fenced.world.services.store), "begin", begin)
        answered = await fenced.ask(vraag)

    assert answered["status"] == 503
    assert len(fenced.told()) == 1
    assert [line["fsc"] for line in fenced.lines(Soort.ONBEPAALD)] == [{"sent": False}]
    assert fenced.outway.transactions == []
    assert await fenced.exported() == []


async def test_call_of_which_the_end_is_unknown_keeps_its_record(
    tmp_path: Path, vraag: Vraag
) -> None:
    """Who dies while the Outway has the question closes it at the next start, with its record."""
    halted = asyncio.Event()

    async def halt(_: str) -> None:
        halted.set()
        await asyncio.sleep(30)

    async with stage(tmp_path, {"nla": KOPPELING}) as found:
        found.outway.during = halt
        asking = asyncio.create_task(found.ask(vraag))
        await halted.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        (number,) = found.outway.transactions
        assert await found.exported() == []  # it has no end yet

    async with running_again(tmp_path) as services:
        beller = replace(ANALIST, gebruiker="fg-1", organisatie="riec-nh")
        levering = await services.uitvoering.fsc(Opdracht(beller=beller, only=None))
        with levering.bestand as written:
            records = [json.loads(line) for line in written]

    assert services.hersteld == 1
    assert [record["transaction_id"] for record in records] == [number]


async def test_source_that_has_nothing_of_the_kind_is_no_call(tmp_path: Path, vraag: Vraag) -> None:
    """The BRP is not asked for what it does not hold: the line says it, the export has none."""
    asked = {**vraag, "bronnen": ["zaanstad-college"], "categorieen": ["toezicht-handhaving"]}
    async with stage(tmp_path, {"zaanstad-college": KOPPELING}) as found:
        await found.ask(asked)

        assert len(found.told()) == 1
        ends = found.lines(Soort.VERSTREKKING, Soort.WEIGERING)
        assert [line["fsc"] for line in ends] == [{"sent": False}]
        assert found.outway.transactions == []
        assert await found.exported() == []


async def test_outway_that_is_down_leaves_no_record(fenced: Stage, vraag: Vraag) -> None:
    """Where no connection was made nothing passed FSC: the line says it, the export has none."""
    source = fenced.world.services.bronnen.get("nla").bron
    assert source is not None
    object.__setattr__(source.verbinding, "basis", "http://127.0.0.1:9")  # type: ignore[attr-defined]

    answered = (await fenced.ask(vraag))["bronnen"][0]

    assert answered["fout"] == "bron-onbereikbaar"
    assert [line["fsc"] for line in fenced.lines(Soort.FOUT)] == [{"sent": False}]
    assert await fenced.exported() == []


async def test_no_verdict_at_door_two_keeps_the_number(
    fenced: Stage, vraag: Vraag, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call of which the answer could not be judged was made all the same."""
    real, calls = Regels.of, 0

    async def of(self: Regels, regels: str | None) -> Any:  # noqa: ANN401 - as the real one
        nonlocal calls
        calls += 1
        if calls == 2:
            raise DecisionError("De motor is stuk.")
        return await real(self, regels)

    monkeypatch.setattr(Regels, "of", of)
    answered = await fenced.ask(vraag)
    (told,) = fenced.told()
    failed = (await fenced.decisions())[-1]

    assert answered["status"] == 503
    assert failed["attributes"][TRANSACTION] == told["transaction_id"]
    assert [record["transaction_id"] for record in await fenced.exported()] == [
        told["transaction_id"]
    ]


async def test_answer_that_is_no_answer_is_a_call_all_the_same(fenced: Stage, vraag: Vraag) -> None:
    """An answer that cannot be read, or comes with another number, still was a call."""
    fenced.outway.answers += [
        answer(200, b"<html>", "text/html"),
        answer(200, {"gegevens": []}, Fsc_Transaction_Id=INBOUND),
    ]
    for _ in range(2):
        answered = (await fenced.ask(vraag))["bronnen"][0]
        assert answered["fout"] == "bron-onbegrijpelijk"

    assert len(await fenced.exported()) == 2


def _koppelingen() -> st.SearchStrategy[Any]:
    peers = st.from_regex(r"[0-9]{20}", fullmatch=True)

    def side(kind: str, peer: str) -> st.SearchStrategy[dict[str, str]]:
        plain = st.fixed_dictionaries({"type": st.just(f"{kind}_TYPE_{kind}"), peer: peers})
        other = st.fixed_dictionaries(
            {
                "type": st.just(f"{kind}_TYPE_DELEGATED_{kind}"),
                peer: peers,
                "delegator_peer_id": peers,
            }
        )
        return plain | other

    return st.fixed_dictionaries(
        {
            "grant_hash": st.from_regex(
                r"\$1\$[2-6]\$[A-Za-z0-9+/_-]{43,86}={0,2}", fullmatch=True
            ),
            "service_name": st.from_regex(r"[A-Za-z0-9._-]{3,100}", fullmatch=True),
            "source": side("SOURCE", "outway_peer_id"),
            "destination": side("DESTINATION", "service_peer_id"),
        }
    )


@given(given_=_koppelingen())
def test_every_koppeling_makes_whole_records(given_: dict[str, Any]) -> None:
    """Whatever koppeling is taken, what it writes is a record as FSC Logging demands."""
    way = Doorgang(
        koppeling=Koppeling.model_validate(given_),
        transactie=INBOUND,
        trace_id=TRACE,
        span_id=SPAN,
    )
    line = regel(7, Soort.VOORNEMEN, "v-1/1", **gevraagd(fsc=way.inscription()))

    found = fsc.record(line)

    jsonschema.validate(found, SCHEMA)
    assert found is not None
    assert {name: found[name] for name in given_} == given_
    assert found["transaction_id"] == INBOUND
