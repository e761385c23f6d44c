"""The decision log: one record for each decision, durable first, enough to take it again."""

import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import LogFullError
from broker.decision.decide import Decider
from broker.decision.regelset import Regelset
from broker.decision.register import default_root
from broker.domain import invoer
from broker.domain.besluit import Besluit
from broker.domain.dossier import Dossier
from broker.domain.ports import Gegeven
from broker.errors import ConflictError, DecisionError
from broker.services.beslislogboek import digest
from broker.services.beslispunt import Aanroeper, Evaluatie, Oordeel
from broker.services.trace import follow
from tests.api.conftest import World, running
from tests.api.test_api_recording import nth
from tests.decision.gevallen import bases

Bericht = dict[str, Any]
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
OTHER = "4bf92f3577b34da6a3ce929d0e0e4736"
ZAAK = "hhk-zaandam-oost-2026"
ASKED: Bericht = {
    "grondslag": "wgs-riec",
    "taak": "huisvestingswet",
    "activiteit": "hhk",
    "doel": ["bestuurlijk"],
    "verschijnsel": "mensenhandel",
    "vraagstelling": "Is betrokkene bekend als werkgever in de glazenwassersbranche?",
    "categorieen": ["identificatie", "toezicht-handhaving"],
    "aantal_betrokkenen": 1,
}
VERZOEK: Bericht = {
    **ASKED,
    "soort": "bevraging",
    "zaak": ZAAK,
    "bronnen": ["nla"],
    "betrokkene": {"bsn": "999993653"},
}
BOETE = Gegeven(
    id="nla-1",
    categorie="toezicht-handhaving",
    herkomst="nla",
    herkomst_deelnemer="nla",
    status="beschikbaar",
    eerste_verwerking_op="2026-05-01",
    inhoud={"feit": "geheim-van-de-inhoud"},
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Start the app with the demo data, and an item at one source."""
    async with running(tmp_path) as found:
        found.bronnen["nla"].gegevens = (BOETE,)
        yield found


def question(categorieen: list[str], **changes: Any) -> Bericht:  # noqa: ANN401
    """Return a question on a persoonskaart of the demo."""
    return {
        "subject": {"type": "gebruiker", "id": "g-017"},
        "action": {"name": "bevraging", "properties": {**ASKED, "categorieen": categorieen}},
        "resource": {
            "type": "betrokkene",
            "id": "pk-niet-bekend",
            "properties": {"zaak": ZAAK, "bron": "nla"},
        },
        **changes,
    }


async def call(world: World, path: str, body: Bericht, **headers: str) -> Bericht:
    """Call the decision point."""
    headers = {"Authorization": "Bearer token-g-017", **headers}
    answer = await world.client.post(f"/access/v1/{path}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    found: Bericht = answer.json()
    return found


async def submit(world: World, traceparent: str = TRACEPARENT) -> Bericht:
    """Bring a verzoek through both doors."""
    headers = {"Authorization": "Bearer token-g-017", "traceparent": traceparent}
    answer = await world.client.post("/v1/verzoeken", json=VERZOEK, headers=headers)
    assert answer.status_code == 201, answer.text
    found: Bericht = answer.json()
    return found


async def records(world: World) -> list[Bericht]:
    """Read the decision log as the privacyfunctionaris does."""
    answer = await world.call("GET", "/beslislogboek?limiet=200", "fg-1")
    assert answer.status_code == 200
    found: list[Bericht] = answer.json()
    return found


async def lines(world: World) -> list[Bericht]:
    """Read what the lines of the log commit to."""
    answer = await world.call("GET", "/logboek/inschrijvingen?limiet=200", "fg-1")
    return [line["inhoud"] | {"soort": line["soort"]} for line in answer.json()]


async def test_each_door_leaves_a_record_in_the_trace(world: World) -> None:
    """Two doors leave two records: in the trace of the caller, each with a span of its own."""
    await submit(world)
    found = await records(world)

    assert [r["body"]["adl.core.request"]["context"]["deur"] for r in found] == [
        "verzoek",
        "verstrekking",
    ]
    assert {(r["trace_id"], r["parent_span_id"], r["status"]) for r in found} == {
        (TRACE, PARENT, "Ok")
    }
    assert len({r["span_id"] for r in found}) == 2
    assert {r["event_name"] for r in found} == {"adl.access_evaluation"}
    assert all(r["attributes"]["dpl.core.data_subject_id"].startswith("p-") for r in found)
    assert all(r["body"]["adl.core.response"]["decision"] for r in found)


async def test_deny_is_no_error(world: World) -> None:
    """A refusal is a record with status Ok and decision false, at a door and at the PDP."""
    headers = {"Authorization": "Bearer token-g-041"}
    await world.client.post("/v1/verzoeken", json=VERZOEK, headers=headers)
    await call(world, "evaluation", question(["fiscaal"]))
    found = await records(world)

    assert [r["status"] for r in found] == ["Ok", "Ok"]
    assert [r["body"]["adl.core.response"]["decision"] for r in found] == [False, False]


async def test_record_alone_takes_the_decision_again(world: World) -> None:
    """From a record and the rules in the store each besluit comes out the same, to the byte."""
    await submit(world)
    await call(world, "evaluation", question(["identificatie"]))
    batch = [question([name]) for name in ("identificatie", "fiscaal", "justitieel")]
    await call(world, "evaluations", {"evaluations": batch})
    search = {**question(["identificatie"]), "resource": {"type": "betrokkene"}}
    search["resource"]["properties"] = {"zaak": ZAAK, "bron": "nla"}
    await call(world, "search/resource", search)
    found = await records(world)

    taken = 0
    for record in found:
        async with world.services.store.read() as tx:
            archief = await tx.regelversies.archief(record["attributes"]["adl.core.policies"])
        assert archief is not None
        decider = Decider.load(Regelset.from_archive(archief))
        body = record["body"]
        pairs = zip(body["adl.core.information"], body["sluis.besluiten"], strict=True)
        for dossier, besluit in pairs:
            again = decider.decide(invoer.parse(dossier))
            assert orjson.dumps(again) == orjson.dumps(besluit)
            taken += 1
    assert len(found) == 5
    assert taken > 8


async def test_record_holds_what_was_answered(world: World) -> None:
    """The response in a record is the answer that left, for one question, a batch and a search."""
    one = await call(world, "evaluation", question(["identificatie"]))
    many = await call(world, "evaluations", {"evaluations": [question(["fiscaal"]), {}]})
    search = await call(
        world, "search/subject", {**question(["identificatie"]), "subject": {"type": "gebruiker"}}
    )
    found = [record["body"]["adl.core.response"] for record in await records(world)]

    assert found == [one, many, search]


async def silent(_self: object, _dossier: Dossier) -> Besluit:
    """Give no verdict."""
    raise DecisionError("De regels gaven geen antwoord.")


async def fail_everywhere(world: World) -> None:
    """Put a question where each is decided, which must all be without a verdict."""
    headers = {"Authorization": "Bearer token-g-017"}
    asked = question(["identificatie"])
    of_source = {"subject": asked["subject"], "resource": asked["resource"]}
    for path, body in (
        ("/v1/verzoeken", VERZOEK),
        ("/v1/toetsingen", bases()["hhk"]),
        ("/access/v1/evaluation", asked),
        ("/access/v1/evaluations", {"evaluations": [asked]}),
        ("/access/v1/search/action", {**of_source, "context": {"vraag": ASKED}}),
    ):
        answer = await world.client.post(path, json=body, headers=headers)
        assert answer.status_code == 503, path


async def test_raw_or_reference_never_both(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part stands in the record once, in the body or as a reference, also with no verdict."""
    await submit(world)
    await call(world, "evaluation", question(["identificatie"]))
    await world.call("POST", "/toetsingen", body=bases()["hhk"])
    with monkeypatch.context() as patch:
        patch.setattr(Decider, "beslis", silent)
        await fail_everywhere(world)
    parts = {
        f"adl.core.{name}"
        for name in ("request", "response", "policies", "information", "configuration")
    }

    found = await records(world)
    assert [record["status"] for record in found] == ["Ok"] * 4 + ["Error"] * 5
    for record in found:
        assert record["attributes"]["adl.core.policies"] == await world.services.regels.in_werking()
        (facts,) = record["body"]["adl.core.information"]
        assert invoer.parse(facts).verzoek is not None
        raw, referred = parts & record["body"].keys(), parts & record["attributes"].keys()
        assert raw | referred == parts
        assert raw & referred == set()
        assert record["body"]["adl.core.configuration"]["engine"] == "ingebouwd"
        assert "python" in record["body"]["adl.core.configuration"]


async def test_the_log_binds_every_record(world: World) -> None:
    """The line of a decision holds the digest of its record and of each dossier and besluit."""
    await submit(world)
    await call(world, "evaluations", {"evaluations": [question(["fiscaal"])] * 2})
    rows = await world.services.keeper.read(lambda tx: tx.beslislogboek.list())
    held = [line for line in await lines(world) if "beslislog_sha256" in line]

    assert [line["beslislog_sha256"] for line in held] == [digest(row["regel"]) for row in rows]
    for line, row in zip(held, rows, strict=True):
        if row["dossier"] is not None:
            assert line["dossier_sha256"] == digest(row["dossier"])
            assert line["besluit_sha256"] == digest(row["besluit_tekst"])
    stored = orjson.loads(rows[-1]["regel"])["body"]
    assert held[-1]["dossiers_sha256"] == [
        digest(orjson.dumps(each).decode()) for each in stored["adl.core.information"]
    ]
    assert held[-1]["besluiten_sha256"] == [
        digest(orjson.dumps(each).decode()) for each in stored["sluis.besluiten"]
    ]


async def test_trace_in_the_question_goes_first(world: World) -> None:
    """The traceparent in the context goes before that of the header; nonsense begins anew."""
    inside = question(["fiscaal"], context={"traceparent": f"00-{OTHER}-{PARENT}-00"})
    await call(world, "evaluation", inside, traceparent=TRACEPARENT)
    await call(world, "evaluation", question(["fiscaal"]), traceparent=TRACEPARENT)
    wrong = question(["fiscaal"], context={"traceparent": "onzin"})
    await call(world, "evaluation", wrong, traceparent="00-" + "0" * 32 + "-" + PARENT + "-00")
    found = await records(world)

    assert [record["trace_id"] for record in found[:2]] == [OTHER, TRACE]
    assert found[2]["parent_span_id"] is None
    assert found[2]["trace_id"] not in {OTHER, TRACE, "0" * 32}


@pytest.mark.parametrize("path", ["evaluation", "evaluations", "search/subject"])
async def test_no_record_no_answer(
    world: World, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """When the log refuses the line the answer is a 503 without a decision, and no record stays."""
    log = world.services.log
    full = LogFullError("Er wacht te veel.")
    with monkeypatch.context() as patch:
        patch.setattr(log, "record", nth(1, log.record, full))
        answer = await world.client.post(
            f"/access/v1/{path}",
            json={**question(["identificatie"]), "evaluations": [question(["identificatie"])]},
            headers={"Authorization": "Bearer token-g-017"},
        )

    assert answer.status_code == 503
    assert "decision" not in answer.text
    assert "results" not in answer.text
    assert await records(world) == []


async def test_no_verdict_is_recorded_as_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules that give no verdict are a 503, and a record with status Error without a decision."""

    async def silent(_self: object, _wie: Aanroeper, _vraag: Evaluatie) -> Oordeel:
        raise DecisionError("De regels gaven geen antwoord.")

    monkeypatch.setattr(type(world.services.pdp.beslispunt), "evaluate", silent)
    answer = await world.client.post(
        "/access/v1/evaluation",
        json=question(["identificatie"]),
        headers={"Authorization": "Bearer token-g-017"},
    )
    (record,) = await records(world)

    assert (answer.status_code, answer.text) == (503, "De regels gaven geen antwoord.")
    assert record["status"] == "Error"
    assert "decision" not in record["body"]["adl.core.response"]


async def test_no_verdict_at_a_door_is_recorded_as_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A door whose rules give no verdict leaves a record with status Error, bound by its line."""
    monkeypatch.setattr(Decider, "beslis", silent)
    headers = {"Authorization": "Bearer token-g-017", "traceparent": TRACEPARENT}
    answer = await world.client.post("/v1/verzoeken", json=VERZOEK, headers=headers)
    (record,) = await records(world)
    (row,) = await world.services.keeper.read(lambda tx: tx.beslislogboek.list())

    assert answer.status_code == 503
    assert (record["status"], record["trace_id"]) == ("Error", TRACE)
    assert "decision" not in record["body"]["adl.core.response"]
    assert record["body"]["adl.core.request"]["context"]["deur"] == "verzoek"
    bound = [line.get("beslislog_sha256") for line in await lines(world)]
    assert digest(row["regel"]) in bound


async def test_same_record_twice_is_one(world: World) -> None:
    """A record that comes in again changes nothing, under its own name or as the same span."""
    await call(world, "evaluation", question(["fiscaal"]))
    stored = await world.services.keeper.read(lambda tx: tx.beslislogboek.list())
    known = orjson.loads(stored[0]["regel"])
    again = {
        "trace_id": known["trace_id"],
        "span_id": known["span_id"],
        "moment": stored[0]["moment"],
        "gebruiker": "g-017",
        "organisatie": "zaanstad-college",
        "besluit": None,
        "regel": stored[0]["regel"],
    }
    for name in (stored[0]["id"], "t-een-ander"):
        with pytest.raises(ConflictError):
            async with world.services.store.begin() as tx:
                await tx.beslislogboek.insert_many([{**again, "id": name}])

    assert await world.services.keeper.read(lambda tx: tx.beslislogboek.list()) == stored


async def test_reading_is_recorded(world: World) -> None:
    """Who read which part of the decision log stands in the log."""
    await submit(world)
    await records(world)
    (line,) = [line for line in await lines(world) if line["soort"] == "inzage"]

    assert (line["gebruiker"], line["wat"], line["aantal"]) == ("fg-1", "beslislogboek", 2)


async def test_reading_that_cannot_be_recorded_shows_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a line of who reads, nothing is shown."""
    await submit(world)
    log = world.services.log
    with monkeypatch.context() as patch:
        patch.setattr(log, "record", nth(1, log.record, LogFullError("Vol.")))
        answer = await world.call("GET", "/beslislogboek", "fg-1")

    assert answer.status_code == 503
    assert TRACE not in answer.text


async def test_pages_and_bounds(world: World) -> None:
    """Page after page, and two bounds that meet, give every record once."""
    for _ in range(3):
        await submit(world)
    whole = await records(world)
    paged, path = [], "/beslislogboek?limiet=4"
    while path:
        answer = await world.call("GET", path, "fg-1")
        paged += answer.json()
        path = answer.headers.get("Link", "").partition(">")[0].removeprefix("</v1")
    rows = await world.services.keeper.read(lambda tx: tx.beslislogboek.list())
    middle = rows[3]["moment"].isoformat().replace("+", "%2B")
    before = await world.call("GET", f"/beslislogboek?tot={middle}", "fg-1")
    after = await world.call("GET", f"/beslislogboek?van={middle}", "fg-1")
    naive = await world.call("GET", "/beslislogboek?van=2026-11-20T09:00:00", "fg-1")

    assert len(whole) == 6
    assert paged == whole
    assert before.json() + after.json() == whole
    assert len(before.json()) == 3
    assert naive.status_code == 400


async def test_partner_does_not_read_it(world: World) -> None:
    """The privacyfunctionaris of a partner may not read what its own analisten may not know."""
    async with world.services.store.begin() as tx:
        await tx.gebruikers.insert(
            {
                "id": "fg-zaanstad",
                "organisatie": "zaanstad-college",
                "deelnemer": "college",
                "functie": "privacyfunctionaris",
            }
        )
        await tx.toegang.issue(
            digest("token-fg-zaanstad"),
            gebruiker="fg-zaanstad",
            op=world.clock.now(),
            geldig_tot=world.clock.now().replace(year=2027),
        )
    answer = await world.call("GET", "/beslislogboek", "fg-zaanstad")

    assert answer.status_code == 403


async def test_no_clear_identifier_and_no_content(world: World) -> None:
    """No record holds a BSN or a word of what was shared."""
    await submit(world)
    await call(world, "evaluation", question(["identificatie"]))
    text = orjson.dumps(await records(world)).decode()

    assert "999993653" not in text
    assert "geheim-van-de-inhoud" not in text


async def test_command_writes_json_lines(world: World, tmp_path: Path) -> None:
    """`sluis adl` writes each record as one line, beside a broker that runs."""
    await submit(world)
    whole = await records(world)
    command = [sys.executable, "-m", "broker", "adl", "--map", str(tmp_path / "var")]
    done = subprocess.run(  # noqa: ASYNC221 - nothing else waits
        [*command, "--from", "2026-11-20"],
        capture_output=True,
        check=True,
        cwd=default_root(),
        timeout=60,
    )
    wrong = subprocess.run(  # noqa: ASYNC221 - nothing else waits
        [*command, "--from", "gisteren"],
        capture_output=True,
        check=False,
        cwd=default_root(),
        timeout=60,
    )

    assert [orjson.loads(line) for line in done.stdout.splitlines()] == whole
    assert wrong.returncode == 2


@given(trace=st.integers(1, 2**128 - 1), span=st.integers(1, 2**64 - 1), flags=st.integers(0, 255))
def test_every_good_traceparent_is_followed(trace: int, span: int, flags: int) -> None:
    """Whatever its flags, a good traceparent is copied; sampled or not makes no difference."""
    found = follow(f"00-{trace:032x}-{span:016x}-{flags:02x}", lambda _size: b"")

    assert (found.trace_id, found.parent_span_id) == (f"{trace:032x}", f"{span:016x}")


@pytest.mark.parametrize(
    "given_by",
    [
        None,
        "",
        f"ff-{TRACE}-{PARENT}-00",
        f"00-{'0' * 32}-{PARENT}-00",
        f"00-{TRACE}-{'0' * 16}-00",
        f"00-{TRACE.upper()}-{PARENT}-00",
        f"00-{TRACE[1:]}-{PARENT}-00",
        f"00-{TRACE}-{PARENT}",
        f"00-{TRACE}-{PARENT}-00\n",
    ],
)
def test_bad_traceparent_begins_a_new_trace(given_by: str | None) -> None:
    """What is no traceparent of W3C is as none at all."""
    found = follow(given_by, lambda size: b"\x01" * size)

    assert (found.trace_id, found.parent_span_id) == ("01" * 16, None)


def test_names_of_the_parts_are_those_of_the_standard() -> None:
    """A record has exactly the members of the Authorization Decision Log."""
    schema = invoer.load_json((default_root() / "docs" / "sluis.openapi.json").read_bytes())
    view: Mapping[str, Any] = schema["components"]["schemas"]["BeslissingView"]

    assert set(view["properties"]) == {
        "trace_id",
        "span_id",
        "parent_span_id",
        "event_name",
        "timestamp",
        "status",
        "attributes",
        "resource",
        "body",
    }
