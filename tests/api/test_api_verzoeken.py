"""A verzoek over the API: granted, refused, waiting, and with a source that fails."""

import base64
from dataclasses import replace
from typing import Any

import pytest

from audit.receipt import verify_receipt
from broker.domain.ports import BronError, BronFout, Gegeven
from tests.api.conftest import World

Vraag = dict[str, Any]


def codes(bron: dict[str, Any]) -> list[str]:
    """Return the codes of the grounds of one source."""
    return [grond["code"] for grond in bron["besluit"]["weigeringsgronden"]]


async def test_granted_question_gives_content_and_receipt(
    world: World, vraag: Vraag, boete: Gegeven
) -> None:
    """A granted question is answered with the items and a receipt that the log key proves."""
    world.bronnen["nla"].gegevens = (boete,)

    answer = await world.ask(vraag)

    assert answer.status_code == 201
    (bron,) = answer.json()["bronnen"]
    assert bron["deur"] == "verstrekking"
    assert bron["besluit"]["uitkomst"] == "toegewezen"
    assert bron["gegevens"][0]["inhoud"] == boete.inhoud
    assert bron["treffer"] is None
    vkey = world.services.log._writer._signer.vkey
    receipt = verify_receipt(bron["bewijs"]["tekst"], vkey)
    assert receipt.leaf.decode() == bron["bewijs"]["inschrijving"]
    assert world.bronnen["nla"].asked[0].categorieen == ("identificatie", "toezicht-handhaving")


async def test_refused_question_names_the_article(world: World, vraag: Vraag) -> None:
    """A question outside the area is refused with its article, and no source is asked."""
    answer = await world.ask({**vraag, "betrokkene": {"bsn": "999992971"}})

    (bron,) = answer.json()["bronnen"]
    assert answer.status_code == 201
    assert (bron["deur"], bron["besluit"]["uitkomst"]) == ("verzoek", "geweigerd")
    assert codes(bron) == ["buiten-gebied"]
    assert bron["besluit"]["weigeringsgronden"][0]["artikel"]
    assert bron["gegevens"] == []
    assert world.bronnen["nla"].asked == []


async def test_unknown_zaak_and_category_are_refusals(world: World, vraag: Vraag) -> None:
    """A zaak or category that nobody knows is refused with its code, not malformed."""
    answer = await world.ask({**vraag, "zaak": "hhk-weg", "categorieen": ["sterrenbeeld"]})

    (bron,) = answer.json()["bronnen"]
    assert answer.status_code == 201
    assert "zaak-onbekend" in codes(bron)
    assert "categorie-onbekend" in codes(bron)


async def enter_phase_two(world: World) -> None:
    """Let the accountmanager open phase 2."""
    body = {"fase": 2, "noodzaak": "De bestuurlijke informatie alleen is niet genoeg."}
    path = "/handhavingsknelpunten/hhk-zaandam-oost-2026/fasebesluiten"
    assert (await world.call("POST", path, "am-riec-1", body)).status_code == 201


@pytest.fixture
def politievraag(vraag: Vraag) -> Vraag:
    """Give a question for police data."""
    return {**vraag, "bronnen": ["politie-nh"], "categorieen": ["politiegegevens-8-13"]}


def police(number: int, artikel: str) -> Gegeven:
    """Return an item of the police."""
    return Gegeven(
        id=f"pl-{number}",
        categorie="politiegegevens-8-13",
        herkomst="politie-nh",
        herkomst_deelnemer="politie",
        wpg_artikel=artikel,
        status="beschikbaar",
        eerste_verwerking_op="2026-06-19",
        inhoud={"tekst": "x"},
    )


async def test_question_waits_until_the_gatekeeper_agrees(
    world: World, politievraag: Vraag
) -> None:
    """Police data waits for the officier van justitie, who sees it waiting and then agrees."""
    await enter_phase_two(world)
    world.bronnen["politie-nh"].gegevens = (police(1, "8"),)

    first = (await world.ask(politievraag)).json()["bronnen"][0]
    waiting = (await world.call("GET", "/instemmingen/openstaand", "ovj-4")).json()
    given = await world.call(
        "POST",
        "/instemmingen",
        "ovj-4",
        {
            "soort": waiting[0]["soort"],
            "zaak": waiting[0]["zaak"],
            "sleutel": waiting[0]["sleutel"],
            "categorieen": waiting[0]["categorieen"],
        },
    )
    second = (await world.ask(politievraag)).json()["bronnen"][0]
    after = (await world.call("GET", "/instemmingen/openstaand", "ovj-4")).json()

    assert first["besluit"]["uitkomst"] == "instemming-vereist"
    assert [(w["soort"], w["vrager"]) for w in waiting] == [("bevoegd-gezag", "zaanstad-college")]
    assert given.status_code == 201
    assert second["besluit"]["uitkomst"] == "toegewezen"
    assert [g["id"] for g in second["gegevens"]] == ["pl-1"]
    assert after == []


@pytest.mark.parametrize("others", [(), ("8",)])
async def test_informant_item_is_not_told_of(
    world: World, politievraag: Vraag, others: tuple[str, ...]
) -> None:
    """An item with label Wpg 12 leaves no trace for the requester: not in the receipt either."""
    await enter_phase_two(world)
    body = {"soort": "bevoegd-gezag", "zaak": "hhk-zaandam-oost-2026"}
    await world.call("POST", "/instemmingen", "ovj-4", body)
    items = (police(12, "12"), *(police(n, label) for n, label in enumerate(others)))
    world.bronnen["politie-nh"].gegevens = items

    answer = await world.ask(politievraag)
    seen = await world.call("GET", f"/verzoeken/{answer.json()['id']}/besluiten")
    full = await world.call("GET", f"/verzoeken/{answer.json()['id']}/besluiten", "fg-1")

    (bron,) = answer.json()["bronnen"]
    assert bron["besluit"]["uitkomst"] == "toegewezen"
    assert "verstrekking" in bron["bewijs"]["inschrijving"]
    for told in (answer.text, seen.text):
        assert "pl-12" not in told
        assert "uitgesloten" not in told
    assert '"pl-12"' in full.text
    assert "categorie-uitgesloten" in full.text


async def test_source_down_loses_nothing_of_the_others(
    world: World, vraag: Vraag, boete: Gegeven
) -> None:
    """A source that is down is told for itself alone."""
    world.bronnen["nla"].gegevens = (boete,)
    world.bronnen["zaanstad-burgemeester"].fout = BronError(
        BronFout.ONBEREIKBAAR, "De bron is niet bereikbaar."
    )

    answer = await world.ask({**vraag, "bronnen": ["zaanstad-burgemeester", "nla"]})

    down, up = answer.json()["bronnen"]
    assert (down["fout"], down["gegevens"]) == ("bron-onbereikbaar", [])
    assert down["melding"] == "De bron is niet bereikbaar."
    assert "/fout" in down["bewijs"]["inschrijving"]
    assert up["gegevens"][0]["id"] == "nla-1"


async def test_hit_says_yes_or_no_without_content(
    world: World, vraag: Vraag, boete: Gegeven
) -> None:
    """A hit/no-hit check says whether there is something."""
    hit = {**vraag, "soort": "treffer-geen-treffer"}
    world.bronnen["nla"].gegevens = (replace(boete, inhoud={}),)

    yes = (await world.ask(hit)).json()["bronnen"][0]
    world.bronnen["nla"].gegevens = ()
    no = (await world.ask(hit)).json()["bronnen"][0]

    assert (yes["treffer"], no["treffer"]) == (True, False)
    assert yes["gegevens"][0]["inhoud"] == {}


async def test_ended_zaak_refuses_the_next_question(
    world: World, vraag: Vraag, boete: Gegeven
) -> None:
    """When the accountmanager ends the zaak, the very next question is refused."""
    world.bronnen["nla"].gegevens = (boete,)
    before = (await world.ask(vraag)).json()["bronnen"][0]
    path = "/handhavingsknelpunten/hhk-zaandam-oost-2026/beeindiging"

    ended = await world.call("POST", path, "am-riec-1", {})
    after = (await world.ask(vraag)).json()["bronnen"][0]

    assert before["gegevens"]
    assert (ended.status_code, ended.json()["status"]) == (201, "beeindigd")
    assert codes(after) == ["zaak-beeindigd"]


async def test_zaak_that_ends_while_the_source_answers_is_held_at_door_two(
    world: World, vraag: Vraag, boete: Gegeven
) -> None:
    """A zaak that ends between the doors keeps the answer inside."""
    world.bronnen["nla"].gegevens = (boete,)

    async def end() -> None:
        path = "/handhavingsknelpunten/hhk-zaandam-oost-2026/beeindiging"
        await world.call("POST", path, "am-riec-1", {})

    world.bronnen["nla"].during = end
    answer = await world.ask(vraag)

    (bron,) = answer.json()["bronnen"]
    assert (bron["deur"], bron["gegevens"]) == ("verstrekking", [])
    assert codes(bron) == ["zaak-beeindigd"]
    assert "geheim-van-de-inhoud" not in answer.text


async def test_kenmerk_counts_once_per_organisatie(world: World, vraag: Vraag) -> None:
    """The same kenmerk a second time is a conflict, and no source is asked again."""
    await world.ask({**vraag, "kenmerk": "zaak-12"})

    again = await world.ask({**vraag, "kenmerk": "zaak-12"})

    assert again.status_code == 409
    assert len(world.bronnen["nla"].asked) == 1


async def test_number_of_the_subject_is_stored_nowhere(world: World, vraag: Vraag) -> None:
    """The BSN is in no table, no line of the log and no line of operations."""
    answer = await world.ask(vraag)
    listed = await world.call("GET", "/verzoeken")
    lines = await world.call("GET", "/logboek/inschrijvingen", "fg-1")
    full = await world.call("GET", f"/verzoeken/{answer.json()['id']}/besluiten", "fg-1")

    for told in (listed.text, lines.text, full.text, world.logs()):
        assert "999993653" not in told
    assert listed.json()[0]["sleutel"].startswith("p-")


async def test_verzoeken_are_read_by_their_own_organisatie(world: World, vraag: Vraag) -> None:
    """Another organisatie does not see that a verzoek exists; the privacyfunctionaris does."""
    number = (await world.ask(vraag)).json()["id"]

    own = await world.call("GET", f"/verzoeken/{number}")
    other = await world.call("GET", f"/verzoeken/{number}", "n-008")
    never = await world.call("GET", "/verzoeken/v-00000000", "n-008")
    supervisor = await world.call("GET", "/verzoeken?organisatie=zaanstad-college", "fg-1")
    curious = await world.call("GET", "/verzoeken?organisatie=zaanstad-college", "n-008")

    assert own.json()["id"] == number
    assert (other.status_code, never.status_code) == (404, 404)
    assert [row["id"] for row in supervisor.json()] == [number]
    assert curious.status_code == 403


async def test_pages_follow_each_other(world: World, vraag: Vraag) -> None:
    """The header Link leads through all verzoeken, each once, the newest first."""
    put = [(await world.ask(vraag)).json()["id"] for _ in range(5)]

    seen: list[str] = []
    path = "/verzoeken?limiet=2"
    while path:
        page = await world.call("GET", path)
        seen += [row["id"] for row in page.json()]
        link = page.headers.get("Link", "")
        path = link.partition(">")[0].removeprefix("</v1") if 'rel="next"' in link else ""

    assert seen == put[::-1]


async def test_foreign_cursor_is_refused(world: World) -> None:
    """A cursor that is not ours is an error with its pointer."""
    # The last two hold a moment that UTC has no day for.
    edges = (b"0001-01-01T00:00:00+14:00\nv-1", b"9999-12-31T23:59:59-14:00\nv-1")
    ends = (base64.urlsafe_b64encode(edge).decode().rstrip("=") for edge in edges)
    for cursor in ("x", "%2B%2B", "YQ", "MjAyNgp2LTE", *ends):
        answer = await world.call("GET", f"/verzoeken?cursor={cursor}")

        assert answer.status_code == 400
        assert answer.json()["fouten"][0]["pointer"] == "/cursor"


async def test_toetsing_decides_without_asking(world: World) -> None:
    """A dossier is decided and recorded, and no source is asked."""
    dossier = {"versie": 1, "deur": "verzoek", "moment": "2026-11-20T10:00:00+01:00"}

    answer = await world.call("POST", "/toetsingen", body=dossier)

    assert answer.status_code == 200
    assert answer.json()["besluit"]["uitkomst"] == "geweigerd"
    assert "/toetsing" in answer.json()["bewijs"]["inschrijving"]
