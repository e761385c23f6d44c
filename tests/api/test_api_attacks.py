"""What an attack found: consents for all, verdicts without a record, what outsiders learn."""

import hashlib
from typing import Any

import pytest

from audit.errors import LogFullError
from broker.domain.ports import Gegeven
from tests.api.conftest import World

Vraag = dict[str, Any]
POLITIE = "politiegegevens-8-13"
BILATERAAL: Vraag = {
    "grondslag": "wpg-19",
    "taak": "huisvestingswet",
    "soort": "bevraging",
    "vraagstelling": "Welke meldingen zijn er over deze persoon bij de politie?",
    "categorieen": [POLITIE],
    "betrokkene": {"bsn": "999993653"},
    "bronnen": ["politie-nh"],
}


def police() -> Gegeven:
    """Return an item of the daily police task."""
    return Gegeven(
        id="pl-1",
        categorie=POLITIE,
        herkomst="politie-nh",
        herkomst_deelnemer="politie",
        wpg_artikel="8",
        status="beschikbaar",
        eerste_verwerking_op="2026-05-01",
        inhoud={"tekst": "x"},
    )


@pytest.mark.parametrize("missing", ["betrokkene", "vrager"])
async def test_consent_outside_a_zaak_names_about_whom_and_to_whom(
    world: World, missing: str
) -> None:
    """Without a zaak a yes for everybody is refused, with a pointer to what is missing."""
    whole: Vraag = {
        "soort": "bevoegd-gezag",
        "betrokkene": {"bsn": "999993653"},
        "vrager": "zaanstad-college",
    }
    body = {name: fact for name, fact in whole.items() if name != missing}

    answer = await world.call("POST", "/instemmingen", "ovj-4", body)

    assert answer.status_code == 400
    assert [fout["pointer"] for fout in answer.json()["fouten"]] == [f"/{missing}"]


async def test_consent_outside_a_zaak_opens_nothing_for_another(world: World) -> None:
    """A yes to the college does not count for the Arbeidsinspectie."""
    world.bronnen["politie-nh"].gegevens = (police(),)
    given = await world.call(
        "POST",
        "/instemmingen",
        "ovj-4",
        {
            "soort": "bevoegd-gezag",
            "betrokkene": {"bsn": "999993653"},
            "vrager": "zaanstad-college",
            "categorieen": [POLITIE],
        },
    )
    own = (await world.ask(BILATERAAL)).json()["bronnen"][0]
    other = (await world.ask({**BILATERAAL, "taak": "arbeidswetten"}, "n-008")).json()["bronnen"][0]

    assert given.status_code == 201
    assert [g["id"] for g in own["gegevens"]] == ["pl-1"]
    assert other["besluit"]["uitkomst"] == "instemming-vereist"
    assert other["gegevens"] == []


async def test_consent_in_a_zaak_takes_a_place_in_it(world: World) -> None:
    """Who has no place in the zaak may not agree in it; an unknown zaak sounds the same."""
    left = await world.call(
        "POST",
        "/handhavingsknelpunten/hhk-zaandam-oost-2026/deelnemers/beeindiging",
        "am-riec-1",
        {"organisatie": "om-nh", "deelnemer": "om"},
    )
    body = {"soort": "bevoegd-gezag", "zaak": "hhk-zaandam-oost-2026"}
    outside = await world.call("POST", "/instemmingen", "ovj-4", body)
    unknown = await world.call("POST", "/instemmingen", "ovj-4", {**body, "zaak": "hhk-nergens"})

    assert left.is_success
    assert outside.status_code == unknown.status_code == 403
    assert outside.json()["detail"] == unknown.json()["detail"]


@pytest.mark.parametrize(("number", "doors"), [(1, []), (2, ["verzoek"])])
async def test_verdict_without_its_line_cannot_be_read_afterwards(
    world: World,
    vraag: Vraag,
    boete: Gegeven,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    doors: list[str],
) -> None:
    """After a 503 the besluiten that were not recorded stand nowhere."""
    world.bronnen["nla"].gegevens = (boete,)
    real, calls = world.services.log.record, 0

    def record(*args: object) -> object:
        nonlocal calls
        calls += 1
        if calls == number:
            raise LogFullError("Er wacht te veel.")
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(world.services.log, "record", record)
    answer = await world.ask(vraag)
    put = (await world.call("GET", "/verzoeken")).json()
    seen = [
        besluit["deur"]
        for verzoek in put
        for besluit in (await world.call("GET", f"/verzoeken/{verzoek['id']}/besluiten")).json()
    ]

    assert answer.status_code == 503
    assert seen == doors


async def test_line_binds_dossier_and_besluit(world: World, vraag: Vraag) -> None:
    """The log holds the digest of every dossier and besluit, so neither can be changed unseen."""
    verzoek = (await world.ask(vraag)).json()["id"]
    async with world.services.store.read() as tx:
        rows = {row["id"]: row for row in await tx.besluiten.list(verzoek)}
    lines = world.services.log.entries(0, 100)
    told = [line.payload for line in lines if line.payload]
    bound = {p["besluit"]: p for p in told if p.get("verzoek") == verzoek}

    assert bound.keys() == rows.keys()
    for name, payload in bound.items():
        row = rows[name]
        assert payload["dossier_sha256"] == hashlib.sha256(row["dossier"].encode()).hexdigest()
        assert payload["besluit_sha256"] == hashlib.sha256(row["besluit"].encode()).hexdigest()


async def test_outsider_does_not_learn_who_is_looked_at(world: World, vraag: Vraag) -> None:
    """Who is not in the zaak gets the same answer about a subject in it and about anybody else."""
    left = {"organisatie": "nla", "deelnemer": "nla"}
    await world.call(
        "POST",
        "/handhavingsknelpunten/hhk-zaandam-oost-2026/deelnemers/beeindiging",
        "am-riec-1",
        left,
    )
    question = {**vraag, "taak": "arbeidswetten", "bronnen": ["politie-nh"]}

    async def told(bsn: str) -> tuple[Vraag, list[Vraag]]:
        answer = await world.ask({**question, "betrokkene": {"bsn": bsn}}, "n-008")
        besluit = answer.json()["bronnen"][0]["besluit"]
        return besluit["categorieen"], besluit["weigeringsgronden"]

    inside, ended, nobody = [await told(bsn) for bsn in ("999993653", "999991802", "999990408")]

    assert inside == ended == nobody
    assert [grond["code"] for grond in inside[1]] == ["vrager-niet-betrokken"]


async def test_committee_is_recorded_by_the_riec_of_the_zaak(world: World) -> None:
    """The RIEC of the zaak records the test of the committee; nobody else without a place does."""
    body = {"soort": "rechtmatigheidsadviescommissie", "zaak": "hhk-zaandam-oost-2026"}
    own = await world.call("POST", "/instemmingen", "am-riec-1", body)
    async with world.services.store.begin() as tx:
        await tx.zaken.insert({"id": "hhk-elders", "soort": "hhk", "titel": "X", "riec": "elders",
                               "status": "voorgesteld"})  # fmt: skip
    elsewhere = await world.call(
        "POST", "/instemmingen", "am-riec-1", body | {"zaak": "hhk-elders"}
    )

    assert own.status_code == 201
    assert elsewhere.status_code == 403


async def test_end_that_lies_ahead_can_be_brought_forward(world: World, vraag: Vraag) -> None:
    """Who ends a zaak now ends it now, also when an end in the future stood already."""
    path = "/handhavingsknelpunten/hhk-zaandam-oost-2026/beeindiging"
    planned = await world.call("POST", path, "am-riec-1", {"op": "2027-01-01"})
    before = (await world.ask(vraag)).json()["bronnen"][0]["besluit"]
    now = await world.call("POST", path, "am-riec-1", {})
    after = (await world.ask(vraag)).json()["bronnen"][0]["besluit"]

    assert (planned.status_code, now.status_code) == (201, 201)
    assert before["uitkomst"] == "toegewezen"
    assert [grond["code"] for grond in after["weigeringsgronden"]] == ["zaak-beeindigd"]
