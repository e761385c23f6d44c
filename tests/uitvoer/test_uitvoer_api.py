"""Exports over the API: recorded before they are given, and with nothing more than they may."""

import base64
import csv
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest
from pyarrow import parquet

from audit.bundle import verify_bundle
from audit.bundle_report import Trust
from audit.entry import Soort
from audit.errors import LogFullError
from audit.note import Vkey
from broker.api.context import hash_token
from broker.domain.ports import Gegeven, Identiteit
from broker.errors import RecordError
from broker.services.recorder import Recorder
from tests.api.conftest import NOW, World
from tests.authzen.test_eigen_beslispunt import question
from tests.uitvoer.test_uitvoer_ldv import SCHEMA

BSN = "999993653"
REDEN = "Het jaarlijkse toezicht op het logboek."
FILES: list[tuple[str, dict[str, Any]]] = [
    ("bundels", {"reden": REDEN}),
    ("bundels", {"reden": REDEN, "betrokkene": {"bsn": BSN}}),
    ("bundels", {"reden": REDEN, "organisatie": "nla"}),
    ("ldv", {}),
    ("fsc", {}),
    ("tabellen", {"vorm": "csv"}),
    ("tabellen", {"vorm": "parquet"}),
    ("jaarcijfers", {"jaar": 2026}),
    ("jaarcijfers", {"jaar": 2026, "vorm": "html"}),
]
FIGURES = "jaarcijfers"
SECRETS = {
    "bsn": BSN,
    "gebruiker": "g-017",
    "inhoud": "geheim-van-de-inhoud",
    "zaak die niet bestaat": "jan-jansen",
}


async def export(world: World, path: str, body: object, who: str = "fg-1") -> httpx2.Response:
    """Ask for an export."""
    return await world.call("POST", f"/uitvoer/{path}", who, body)


def opened(answer: httpx2.Response) -> dict[str, bytes]:
    """Return the files in an answer: those of a zip, else the one that it is."""
    if answer.headers["Content-Type"] != "application/zip":
        return {"bestand": answer.content}
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rows(data: bytes) -> list[dict[str, Any]]:
    """Return the objects in a file with one on each line."""
    return [json.loads(row) for row in data.decode().splitlines()]


def key(world: World) -> Vkey:
    """Return the public key of the log."""
    text = (world.services.uitvoering.log_folder / "vkey").read_text("utf-8")
    return Vkey.parse(text.splitlines()[0])


def sleutel(world: World) -> str:
    """Return the pseudonym of the subject."""
    return world.services.pseudoniem.sleutel(Identiteit(bsn=BSN))


@pytest.fixture
async def filled(world: World, vraag: dict[str, Any], boete: Gegeven) -> World:
    """Give the app after some questions: granted, refused, failed and made up."""
    world.bronnen["nla"].gegevens = (boete,)
    assert (await world.ask(vraag)).status_code == 201
    for body in (
        {**vraag, "betrokkene": {"bsn": "999992971"}},
        {**vraag, "bronnen": ["uwv"]},
        {**vraag, "zaak": "jan-jansen"},
    ):
        await world.ask(body)
    return world


async def test_export_is_a_line_of_the_log(filled: World) -> None:
    """Each export is the last line before it is given, with the digest of exactly what is given."""
    for path, body in FILES:
        answer = await export(filled, path, body)

        index = int(answer.headers["Sluis-Inschrijving"])
        line = filled.services.log.entry(index)
        sha256 = hashlib.sha256(answer.content)
        assert answer.status_code == 200
        assert line.soort is Soort.INZAGE
        assert line.payload is not None
        assert line.payload["wat"].startswith("uitvoer-")
        assert line.payload["gebruiker"] == "fg-1"
        assert line.payload["sha256"] == sha256.hexdigest()
        assert line.payload["grootte"] == index
        told = base64.b64encode(sha256.digest()).decode()
        assert answer.headers["Repr-Digest"] == f"sha-256=:{told}:"


async def test_export_that_cannot_be_recorded_is_not_given(
    filled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its line nothing of an export leaves."""

    async def full(_self: Recorder, _regels: object) -> list[object]:
        raise RecordError(str(LogFullError("Er wacht te veel.")))

    monkeypatch.setattr(Recorder, "record_all", full)
    for path, body in FILES:
        answer = await export(filled, path, body)

        assert answer.status_code == 503
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["type"].endswith("/geen-vastlegging")


async def test_only_a_privacyfunctionaris_exports(filled: World) -> None:
    """Nobody else gets an export; only the yearly figures are also for the accountmanager."""
    for path, body in FILES:
        for who, may in (("g-017", False), ("beheer-1", False), ("am-riec-1", path == FIGURES)):
            answer = await export(filled, path, body, who)
            assert answer.status_code == (200 if may else 403)


@pytest.mark.parametrize("who", ["fg-1", "fg-nla"])
async def test_nothing_undisclosed_is_in_any_byte(filled: World, who: str) -> None:
    """No export holds a BSN or content; no persons either, save where they are disclosed."""
    for path, body in FILES:
        answer = await export(filled, path, body, who)
        supervisor = path == "bundels" and body.get("organisatie") is None
        if who == "fg-nla" and supervisor:
            assert answer.status_code == 403
            continue

        everything = b"\n".join([answer.content, *opened(answer).values()])

        found = {name for name, secret in SECRETS.items() if secret.encode() in everything}
        assert found <= ({"gebruiker", "zaak die niet bestaat"} if supervisor else set())
        names_subjects = supervisor or path == "ldv"
        assert names_subjects or sleutel(filled).encode() not in everything


async def test_bundle_of_one_subject_is_complete(filled: World, tmp_path: Path) -> None:
    """The supervisor gets the key of one subject, and finds with it every line of that subject."""
    body = {"reden": REDEN, "betrokkene": {"bsn": BSN}}
    answer = await export(filled, "bundels", body)
    (tmp_path / "b.zip").write_bytes(answer.content)

    report = verify_bundle(tmp_path / "b.zip", Trust(vkey=key(filled)))

    assert report.findings == []
    assert report.hits == report.disclosed
    disclosed = [row["inhoud"] for row in rows(opened(answer)["onthullingen.jsonl"])]
    assert {inhoud["sleutel"] for inhoud in disclosed} == {sleutel(filled)}
    assert [i["bron"] for i in disclosed] == ["nla", "nla", "uwv", "nla"]


async def user(world: World, naam: str, functie: str, deelnemer: str | None) -> None:
    """Add somebody of the Belastingdienst, which is agendalid and has no place in the zaak."""
    async with world.services.store.begin() as tx:
        known = await tx.gebruikers.get("g-017")
        same = {name: known[name] for name in ("rol", "geautoriseerd_tot", "gescreend_op")}
        who = {"id": naam, "organisatie": "belastingdienst", "deelnemer": deelnemer}
        more = {"functie": functie, "opgeleid_op": known["opgeleid_op"]}
        await tx.gebruikers.insert({**same, **who, **more})
        end = NOW.replace(year=2028)
        await tx.toegang.issue(hash_token(f"token-{naam}"), gebruiker=naam, op=NOW, geldig_tot=end)


async def test_bundle_of_a_partner_tells_no_besluit_by_its_digest(world: World) -> None:
    """Two questions with the same answer stand in it alike, whoever of the two is looked at."""
    await user(world, "g-bd", "analist", "rijksbelastingdienst")
    await user(world, "fg-bd", "privacyfunctionaris", None)
    answers = []
    for bsn in (BSN, "999990482"):  # one in the zaak, one in none
        asked = question(world, subject={"type": "gebruiker", "id": "g-bd"})
        asked["resource"]["id"] = world.services.pseudoniem.sleutel(Identiteit(bsn=bsn))
        answer = await world.client.post(
            "/access/v1/evaluation", json=asked, headers={"Authorization": "Bearer token-g-bd"}
        )
        answers.append(answer.json())
    order = {"reden": REDEN, "organisatie": "belastingdienst"}
    files = opened(await export(world, "bundels", order, "fg-bd"))

    assert answers[0] == answers[1]
    told = [*rows(files["onthullingen.jsonl"]), *rows(files["uittreksels.jsonl"])]
    own = [row["inhoud"] for row in told if row["inhoud"].get("gebruiker") == "g-bd"]
    assert len(own) == len(answers)
    assert not any(name.endswith("_sha256") for payload in own for name in payload)


async def test_bundle_of_a_partner_has_its_own_lines(filled: World, tmp_path: Path) -> None:
    """A partner gets what concerns it, and cannot ask for the bundle of another."""
    answer = await export(filled, "bundels", {"reden": REDEN, "organisatie": "nla"}, "fg-nla")
    other = await export(filled, "bundels", {"reden": REDEN, "organisatie": "uwv"}, "fg-nla")
    (tmp_path / "b.zip").write_bytes(answer.content)

    report = verify_bundle(tmp_path / "b.zip", Trust(vkey=key(filled)))

    part = [row["inhoud"] for row in rows(opened(answer)["uittreksels.jsonl"])]
    assert report.findings == []
    assert {inhoud["bron"] for inhoud in part} == {"nla"}
    assert other.status_code == 403


async def test_key_of_a_subject_is_not_for_a_partner(filled: World) -> None:
    """A bundle for a partner with the key of a subject is refused: it shows all others too."""
    body = {"reden": REDEN, "organisatie": "nla", "betrokkene": {"bsn": BSN}}

    answer = await export(filled, "bundels", body)

    assert answer.status_code == 400
    assert "alleen voor de toezichthouder" in answer.json()["fouten"][0]["melding"]


async def test_ldv_has_every_actie(filled: World) -> None:
    """Each line that ends something has its record, in the form of the standard."""
    answer = await export(filled, "ldv", {})

    ended = [
        line
        for line in filled.services.log.entries(0, int(answer.headers["Sluis-Inschrijving"]))
        if line.soort is not Soort.VOORNEMEN
    ]
    records = rows(answer.content)
    assert len(records) == len(ended)
    about = [r for r in records if "dpl.core.data_subject_id" in r["attributes"]]
    assert [r["status"] for r in about] == ["Ok", "Unset", "Unset", "Unset"]
    schema = json.loads(json.dumps(SCHEMA))
    attributes = schema["properties"]["attributes"]["properties"]
    attributes["dpl.core.processing_activity_id"]["pattern"] = "^http://127.0.0.1:8000/verwerk"
    for each in records:
        jsonschema.validate(each, schema)


async def test_ldv_of_a_partner_has_its_own(filled: World) -> None:
    """The privacyfunctionaris of a partner gets the records of the own organisation only."""
    answer = await export(filled, "ldv", {}, "fg-nla")

    assert answer.content == b""
    assert (await export(filled, "ldv", {}, "fg-nla")).content.count(b"\n") == 1


async def test_records_of_a_time(filled: World) -> None:
    """What was recorded before or after the time asked stays out."""
    everything = rows((await export(filled, "ldv", {})).content)
    moment = "2026-11-20T09:00:00.010000+00:00"

    before = rows((await export(filled, "ldv", {"tot": moment})).content)
    after = rows((await export(filled, "ldv", {"van": moment})).content)

    assert 0 < len(before) < len(everything)
    assert before + after[: len(everything) - len(before)] == everything


async def test_no_call_went_through_fsc(filled: World) -> None:
    """Sources are asked directly, so there is no FSC record, and none is made up."""
    answer = await export(filled, "fsc", {})

    assert (answer.status_code, answer.content) == (200, b"")


async def test_table_in_both_forms_is_the_same(filled: World) -> None:
    """CSV and Parquet hold the same rows, apart from the pseudonyms of each."""
    as_csv = opened(await export(filled, "tabellen", {"vorm": "csv"}))
    as_parquet = await export(filled, "tabellen", {"vorm": "parquet"})

    read = list(csv.DictReader(io.StringIO(as_csv["regels.csv"].decode(), newline="")))
    table = parquet.read_table(io.BytesIO(as_parquet.content)).to_pylist()
    assert [row["soort"] for row in read] == [row["soort"] for row in table[: len(read)]]
    assert {row["zaak"] for row in table} == {None, "hhk-zaandam-oost-2026", "anders"}
    assert read[0]["betrokkene"] == ""
    assert read[-1]["betrokkene"] not in {"", table[-2]["betrokkene"]}
    described = json.loads(as_csv["regels.csv-metadata.json"])["tableSchema"]["columns"]
    assert [column["name"] for column in described] == list(read[0])


async def test_few_questions_give_no_yearly_figures(filled: World) -> None:
    """With four questions nothing of them can be told."""
    answer = await export(filled, "jaarcijfers", {"jaar": 2026})

    assert answer.json()["totaal"] is None


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("tabellen", {"vorm": "xls"}),
        ("jaarcijfers", {}),
        ("jaarcijfers", {"jaar": 1066}),
        ("bundels", {"reden": "kort"}),
        ("bundels", {"reden": f"Om alles over {BSN} te weten."}),
        ("ldv", {"van": "gisteren"}),
        ("woo-voorstellen", {"soorten": ["gerucht"]}),
        ("woo-voorstellen", {"keuzes": [{"regel": 0, "veld": "sleutel", "openbaar": True}]}),
        ("woo-voorstellen", {"keuzes": [{"regel": 0, "gronden": ["5.1.2.e"]}]}),
    ],
)
async def test_wrong_order_is_told(world: World, path: str, body: dict[str, Any]) -> None:
    """What cannot be is a 400 that says what, and repeats no number."""
    answer = await export(world, path, body)

    assert answer.status_code == 400
    assert answer.json()["fouten"]
    assert BSN not in answer.text


async def test_bundle_for_nobody_is_refused(filled: World) -> None:
    """A partner that is not there gets no empty bundle, and nothing is recorded."""
    before = filled.services.log.checkpoint()
    answer = await export(filled, "bundels", {"reden": REDEN, "organisatie": "niemand"})

    assert answer.status_code == 400
    assert answer.json()["fouten"] == [
        {"pointer": "/organisatie", "melding": "Deze organisatie is er niet."}
    ]
    assert filled.services.log.checkpoint() == before


async def test_wrong_choice_is_told_with_what_there_is(world: World) -> None:
    """Who names a form that is not there reads which there are, and how long a reason must be."""
    form = await export(world, "tabellen", {"vorm": "xls"})
    reason = await export(world, "bundels", {"reden": "kort"})

    assert form.json()["fouten"][0]["melding"] == (
        "Deze waarde mag hier niet. Kies uit: 'csv' of 'parquet'."
    )
    assert reason.json()["fouten"][0]["melding"] == ("Deze tekst is te kort: ten minste 20 tekens.")
