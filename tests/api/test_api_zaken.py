"""Zaken, persoonskaarten, signalen and instemmingen over the API."""

from typing import Any

import pytest

from tests.api.conftest import World

HHK = "/handhavingsknelpunten"
LIVE = "hhk-zaandam-oost-2026"


def proposal() -> dict[str, Any]:
    """Return a zaak to propose."""
    return {
        "titel": "Proefzaak",
        "riec": "noord-holland",
        "signaal": "s-2026-027",
        "verschijnselen": ["witwassen"],
        "looptijd": {"duur": "P1Y", "verlengingen_max": 1, "totaal_max": "P2Y"},
        "reikwijdte": {"gebieden": [], "branches": [], "signalen": []},
        "onderzoekstermijn": "P6M",
        "max_betrokkenen": 1,
        "deelnemers": [
            {"organisatie": "zaanstad-college", "deelnemer": "college", "rol": "kern"},
            {"organisatie": "nla", "deelnemer": "nla", "rol": "kern"},
        ],
    }


async def test_zaak_from_signaal_to_answer(world: World, vraag: dict[str, Any]) -> None:
    """A zaak is proposed, designated and opened for a subject, and then a question is granted."""
    put = {**vraag, "verschijnsel": "witwassen", "categorieen": ["toezicht-handhaving"]}
    weighed = await world.call(
        "POST", "/signalen/s-2026-027/weging", "am-riec-1", {"status": "aanvaard"}
    )
    made = (await world.call("POST", HHK, "am-riec-1", proposal())).json()
    kaart = {
        "zaak": made["id"],
        "betrokkene": {"bsn": "999993653"},
        "relatie": "subject",
        "afstand": 0,
        "gebieden": [],
        "band": ["woont"],
    }
    opened = await world.call("POST", "/persoonskaarten", "am-riec-1", kaart)
    early = (await world.ask({**put, "zaak": made["id"]})).json()["bronnen"][0]
    body = {"op": "2026-11-19", "door": "stuurgroep"}
    await world.call("POST", f"{HHK}/{made['id']}/vaststelling", "am-riec-1", body)
    late = (await world.ask({**put, "zaak": made["id"]})).json()["bronnen"][0]

    assert weighed.json()["status"] == "aanvaard"
    assert made["status"] == "voorgesteld"
    assert made["deelnemers"][0]["vanaf"].startswith("2026-11-20T09:00")
    assert opened.status_code == 201
    assert "999993653" not in opened.text
    assert early["besluit"]["uitkomst"] == "geweigerd"
    assert late["besluit"]["uitkomst"] == "toegewezen"


async def test_decisions_about_a_zaak(world: World) -> None:
    """Extension, phase and deelnemers are recorded, and each change is a line in the log."""
    path = f"{HHK}/{LIVE}"
    place = {"organisatie": "nla", "deelnemer": "nla"}

    extended = await world.call("POST", f"{path}/verlengingen", "am-riec-1", {})
    double = await world.call(
        "POST",
        f"{path}/verlengingen",
        "am-riec-1",
        {"besluit_op": extended.json()["verlengingen"][0]["besluit_op"]},
    )
    ahead = await world.call(
        "POST", f"{path}/verlengingen", "am-riec-1", {"besluit_op": "2027-01-01"}
    )
    left = await world.call("POST", f"{path}/deelnemers/beeindiging", "am-riec-1", place)
    back = await world.call("POST", f"{path}/deelnemers", "am-riec-1", {**place, "rol": "overig"})
    places = await world.call("GET", f"{path}/deelnemers")
    lines = await world.call("GET", "/logboek/inschrijvingen?limiet=200", "fg-1")

    assert [r.status_code for r in (extended, double, ahead, left, back)] == [
        201,
        409,
        400,
        201,
        201,
    ]
    assert ahead.json()["fouten"][0]["pointer"] == "/besluit_op"
    assert [p["rol"] for p in places.json() if p["organisatie"] == "nla"] == ["kern", "overig"]
    told = [line["inhoud"]["wat"] for line in lines.json() if line["soort"] == "wijziging"]
    assert {"zaak-verlengd", "deelname-beeindigd", "deelnemer-betrokken"} <= set(told)


async def test_zaak_is_seen_by_who_takes_part(world: World) -> None:
    """A zaak is hidden from an organisatie that is not in it, and in no list of it."""
    made = (await world.call("POST", HHK, "am-riec-1", proposal())).json()["id"]

    inside = await world.call("GET", f"{HHK}/{made}", "n-008")
    outside = await world.call("GET", f"{HHK}/{made}", "p-011")
    listed = await world.call("GET", HHK, "p-011")
    cards = await world.call("GET", f"/persoonskaarten?zaak={made}", "p-011")

    assert (inside.status_code, outside.status_code, cards.status_code) == (200, 404, 404)
    assert made not in {row["id"] for row in listed.json()}
    assert LIVE in {row["id"] for row in listed.json()}


async def test_cards_page_without_a_pseudonym_in_the_address(world: World) -> None:
    """The cards of a zaak come page by page; no address holds a pseudonym."""
    seen: list[str] = []
    path = f"/persoonskaarten?zaak={LIVE}&limiet=3"
    while path:
        page = await world.call("GET", path)
        seen += [row["sleutel"] for row in page.json()]
        link = page.headers.get("Link", "")
        assert not any(sleutel in link for sleutel in seen)
        path = link.partition(">")[0].removeprefix("</v1")

    assert len(seen) == len(set(seen)) == 7
    assert seen == sorted(seen)


async def test_research_ends_and_no_fact_follows(world: World) -> None:
    """A fact keeps the research open; after its end there are no more facts."""
    path = "/persoonskaarten/pk-2026-001"

    fact = await world.call("POST", f"{path}/feiten", "am-riec-1", {"op": "2026-11-01"})
    ahead = await world.call("POST", f"{path}/feiten", "am-riec-1", {"op": "2026-12-01"})
    ended = await world.call("POST", f"{path}/beeindiging", "am-riec-1", {})
    late = await world.call("POST", f"{path}/feiten", "am-riec-1", {})

    assert fact.json()["onderzoek"]["laatste_feit_op"] == "2026-11-01"
    assert [r.status_code for r in (fact, ahead, ended, late)] == [201, 400, 201, 409]


async def test_card_of_the_same_subject_is_a_conflict(world: World) -> None:
    """A zaak has one card of a subject."""
    body = {
        "zaak": LIVE,
        "betrokkene": {"bsn": "999993653"},
        "relatie": "subject",
        "afstand": 0,
    }

    answer = await world.call("POST", "/persoonskaarten", "am-riec-1", body)

    assert answer.status_code == 409


async def test_signaal_is_of_who_reported_it(world: World) -> None:
    """An organisatie reports, sees its own, and the accountmanager weighs it once."""
    text = "Op drie adressen staan vijftien auto's van één verhuurder."
    made = (await world.call("POST", "/signalen", "g-017", {"omschrijving": text})).json()
    own = await world.call("GET", "/signalen", "g-017")
    others = await world.call("GET", "/signalen", "n-008")
    path = f"/signalen/{made['id']}/weging"
    weighed = await world.call("POST", path, "am-riec-1", {"status": "afgewezen"})
    again = await world.call("POST", path, "am-riec-1", {"status": "aanvaard"})

    assert made["melder"] == "zaanstad-college"
    assert made["id"] in {row["id"] for row in own.json()}
    assert made["id"] not in {row["id"] for row in others.json()}
    assert (weighed.json()["gewogen_door"], again.status_code) == ("am-riec-1", 409)


@pytest.mark.parametrize(
    ("who", "soort", "status"),
    [
        ("ovj-4", "bevoegd-gezag", 201),
        ("pw-politie-1", "bevoegd-gezag", 403),
        ("pw-politie-1", "functionaris-2-10", 201),
        ("u-220", "functionaris-2-10", 403),
        ("u-220", "leverancier", 201),
        ("am-riec-1", "rechtmatigheidsadviescommissie", 201),
        ("am-riec-1", "leverancier", 403),
        ("ovj-4", "rechtmatigheidsadviescommissie", 403),
    ],
)
async def test_consent_is_given_by_whose_it_is(
    world: World, who: str, soort: str, status: int
) -> None:
    """Each kind of consent is recorded only by the deelnemer whose it is in law."""
    answer = await world.call("POST", "/instemmingen", who, {"soort": soort, "zaak": LIVE})

    assert answer.status_code == status
    if status == 201:
        assert answer.json()["door"] == who


async def test_consent_is_not_given_ahead_and_is_taken_back_by_its_own(world: World) -> None:
    """A consent cannot lie ahead; only its own organisatie sees it and takes it back, once."""
    body = {"soort": "leverancier", "zaak": LIVE, "betrokkene": {"bsn": "999993653"}}
    ahead = await world.call("POST", "/instemmingen", "u-220", {**body, "op": "2026-12-01"})
    given = (await world.call("POST", "/instemmingen", "u-220", body)).json()
    path = f"/instemmingen/{given['id']}/intrekking"
    foreign = await world.call("POST", path, "ovj-4", {})
    taken = await world.call("POST", path, "u-220", {})
    again = await world.call("POST", path, "u-220", {})
    listed = await world.call("GET", "/instemmingen?organisatie=uwv", "fg-1")

    assert (ahead.status_code, foreign.status_code, again.status_code) == (400, 404, 409)
    assert given["sleutel"].startswith("p-")
    assert taken.json()["ingetrokken_door"] == "u-220"
    assert [row["id"] for row in listed.json()] == [given["id"]]
