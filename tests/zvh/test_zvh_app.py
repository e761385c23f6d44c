"""A Zorg- en Veiligheidshuis in the real app: its casus stands in the store and goes through both
doors, which are the same doors as those of a RIEC."""

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from broker.domain.ports import Gegeven, Identiteit
from tests.api.conftest import World, running

ZAAK: Final = "casus-zaanstreek-2026"
HUIS: Final = "am-zvh-1"
VRAGER: Final = "o-021"
BSN: Final = "999990408"
DERDE: Final = "schuldhulp-zaanstreek"
VRAAG: Final[dict[str, Any]] = {
    "zaak": ZAAK,
    "grondslag": "wgs-zvh",
    "taak": "ro-124",
    "soort": "bevraging",
    "activiteit": "casus",
    "doel": ["zorg", "strafrechtelijk"],
    "vraagstelling": "Welke hulp en begeleiding krijgt deze persoon op dit moment?",
    "categorieen": ["woonsituatie"],
    "aantal_betrokkenen": 1,
    "betrokkene": {"bsn": BSN},
    "bronnen": ["reclassering-nh"],
}
GGZ: Final = {**VRAAG, "categorieen": ["gezondheid"], "bronnen": ["ggz-zaanstreek"]}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Start the app with the demo data, in which the house and its casus stand."""
    async with running(tmp_path) as found:
        found.bronnen["reclassering-nh"].gegevens = (item(),)
        yield found


def item(**changes: str) -> Gegeven:
    """Make an item of the reclassering."""
    facts = {
        "id": "r-1",
        "categorie": "woonsituatie",
        "herkomst": "reclassering-nh",
        "herkomst_deelnemer": "reclassering",
        **changes,
    }
    return Gegeven(**facts, inhoud={"woont": "bij familie"})


async def asked(world: World, vraag: dict[str, Any] | None = None, who: str = VRAGER) -> Any:  # noqa: ANN401
    """Put a question, and return what came of its one source."""
    answer = await world.ask(vraag or VRAAG, who)
    assert answer.status_code == 201, answer.text
    return answer.json()["bronnen"][0]


def codes(part: Any) -> set[str]:  # noqa: ANN401 - JSON
    """Return the grounds of a besluit."""
    return {grond["code"] for grond in part["besluit"]["weigeringsgronden"]}


async def agreed(world: World, who: str, soort: str, **more: object) -> Any:  # noqa: ANN401 - JSON
    """Record a yes in the casus on its subject."""
    body = {"soort": soort, "zaak": ZAAK, "betrokkene": {"bsn": BSN}, **more}
    answer = await world.call("POST", "/instemmingen", who, body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def close(world: World) -> None:
    """Close the casus."""
    closed = await world.call("POST", f"/zaken/{ZAAK}/beeindiging", HUIS, {})
    assert closed.json()["status"] == "beeindigd", closed.text


async def test_question_in_a_casus_is_granted(world: World) -> None:
    """A deelnemer of the casus asks another one, and gets what it has."""
    part = await asked(world)

    assert part["besluit"]["uitkomst"] == "toegewezen"
    assert part["deur"] == "verstrekking"
    assert [each["inhoud"] for each in part["gegevens"]] == [{"woont": "bij familie"}]
    assert world.bronnen["reclassering-nh"].asked[0].grondslag == "wgs-zvh"


async def test_each_basis_knows_its_own_zaken_only(world: World) -> None:
    """No question on the basis of a RIEC goes through a casus of the house, nor the other way."""
    theirs = {**VRAAG, "grondslag": "wgs-riec", "verschijnsel": "mensenhandel"}
    ours = {**VRAAG, "zaak": "hhk-zaandam-oost-2026", "activiteit": "hhk"}

    assert "grondslag-verkeerd-spoor" in codes(await asked(world, theirs))
    assert "grondslag-verkeerd-spoor" in codes(await asked(world, ours))
    assert world.bronnen["reclassering-nh"].asked == []


async def test_health_data_wait_for_the_medical_consent(world: World) -> None:
    """Health data stay at the GGZ until it recorded a way past its secret; then they come."""
    world.bronnen["ggz-zaanstreek"].gegevens = (
        item(
            categorie="gezondheid", herkomst="ggz-zaanstreek", herkomst_deelnemer="ggz-instelling"
        ),
    )
    before = await asked(world, GGZ)
    others = await world.call(
        "POST",
        "/instemmingen",
        "ovj-4",
        {"soort": "uitdrukkelijke-toestemming", "zaak": ZAAK, "betrokkene": {"bsn": BSN}},
    )
    untouched = list(world.bronnen["ggz-zaanstreek"].asked)
    await agreed(world, "pw-ggz-1", "uitdrukkelijke-toestemming", categorieen=["gezondheid"])
    after = await asked(world, GGZ)

    assert before["besluit"]["uitkomst"] == "instemming-vereist"
    assert codes(before) == {"beroepsgeheim-niet-doorbroken"}
    assert before["gegevens"] == untouched == []
    assert others.status_code == 403
    assert after["besluit"]["uitkomst"] == "toegewezen"
    assert [each["categorie"] for each in after["gegevens"]] == ["gezondheid"]


async def test_closing_shields(world: World) -> None:
    """From its closing on a casus answers nothing, not even whether there is something."""
    await close(world)
    hit = await asked(world, {**VRAAG, "soort": "treffer-geen-treffer"})
    part = await asked(world)

    assert codes(part) == codes(hit) == {"zaak-beeindigd"}
    assert hit["treffer"] is None
    assert world.bronnen["reclassering-nh"].asked == []


async def test_closing_shields_what_is_on_its_way(world: World) -> None:
    """What the source answers after the casus was closed stays behind door 2."""

    async def during() -> None:
        await close(world)

    world.bronnen["reclassering-nh"].during = during
    part = await asked(world)

    assert part["deur"] == "verstrekking"
    assert codes(part) == {"zaak-beeindigd"}
    assert part["gegevens"] == []


async def shared(world: World, verzoek: str, who: str = VRAGER) -> Any:  # noqa: ANN401 - JSON
    """Ask whether the result of a verzoek may go to the third party that sits in once."""
    declared = ("taak", "grondslag", "activiteit", "doel", "vraagstelling", "aantal_betrokkenen")
    message = {
        "subject": {"type": "gebruiker", "id": who},
        "action": {
            "name": "resultaatdeling",
            "properties": {
                **{name: VRAAG[name] for name in declared},
                "verzoek": verzoek,
                "ontvanger": {"organisatie": DERDE, "soort": "incidentele-derde"},
            },
        },
        "resource": {
            "type": "betrokkene",
            "id": world.services.pseudoniem.sleutel(Identiteit(bsn=BSN)),
            "properties": {"zaak": ZAAK},
        },
    }
    answer = await world.client.post(
        "/access/v1/evaluation", json=message, headers={"Authorization": f"Bearer token-{who}"}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_incidental_third_party_has_no_account(world: World) -> None:
    """Who sits in once gets its part after it signed, which a public deelnemer recorded for it."""
    verzoek = (await world.ask(VRAAG, VRAGER)).json()["id"]
    await agreed(world, "pw-recl-1", "geen-bezwaar")
    before = await shared(world, verzoek)
    signed = await agreed(
        world,
        "ovj-4",
        "geheimhoudingsverklaring",
        organisatie=DERDE,
        categorieen=["woonsituatie"],
    )
    after = await shared(world, verzoek)
    taken = await world.call("POST", f"/instemmingen/{signed['id']}/intrekking", "ovj-4", {})
    again = await shared(world, verzoek)

    async with world.services.store.read() as tx:
        assert await tx.gebruikers.list(DERDE) == []
    assert [each["code"] for each in before["context"]["reasons"]] == [
        "geheimhoudingsverklaring-ontbreekt"
    ]
    assert (signed["organisatie"], signed["door"]) == (DERDE, "ovj-4")
    assert [each["decision"] for each in (before, after, again)] == [False, True, False]
    assert taken.status_code == 201


async def test_nobody_shares_a_result_of_a_closed_casus(world: World) -> None:
    """What was obtained before the closing goes to nobody after it."""
    verzoek = (await world.ask(VRAAG, VRAGER)).json()["id"]
    await agreed(world, "pw-recl-1", "geen-bezwaar")
    signed = {"organisatie": DERDE, "categorieen": ["woonsituatie"]}
    await agreed(world, "ovj-4", "geheimhoudingsverklaring", **signed)
    await close(world)

    told = await shared(world, verzoek)

    assert [each["code"] for each in told["context"]["reasons"]] == ["zaak-beeindigd"]


@pytest.mark.parametrize(
    ("soort", "organisatie"),
    [
        ("geheimhoudingsverklaring", "ggz-zaanstreek"),
        ("geheimhoudingsverklaring", "zvh-zaanstreek"),
        ("geheimhoudingsverklaring", "bestaat-niet"),
        ("leverancier", "reclassering-nh"),
        ("geen-bezwaar", DERDE),
    ],
)
async def test_nobody_says_yes_for_who_can(world: World, soort: str, organisatie: str) -> None:
    """Nothing is recorded for a deelnemer, for who works with Sluis, or that none need declare."""
    body = {"soort": soort, "zaak": ZAAK, "betrokkene": {"bsn": BSN}, "organisatie": organisatie}

    answer = await world.call("POST", "/instemmingen", "ovj-4", body)

    assert answer.status_code == 400
    assert answer.json()["fouten"][0]["pointer"] == "/organisatie"


async def test_five_years_and_a_renewal_of_two(world: World) -> None:
    """After five years an item stays behind, unless its supplier renewed it: for two at most."""
    world.bronnen["reclassering-nh"].gegevens = (
        item(ingebracht_op="2021-11-25"),
        item(id="r-2", categorie="inkomen", ingebracht_op="2021-11-25"),
    )
    both = {**VRAAG, "categorieen": ["woonsituatie", "inkomen"]}
    in_time = await asked(world, both)
    renewal = {"categorieen": ["woonsituatie"], "tot": "2031-01-01"}
    await agreed(world, "pw-recl-1", "bewaarverlenging", **renewal)
    world.clock.moment += dt.timedelta(days=10)
    later = await asked(world, both)

    assert [each["id"] for each in in_time["gegevens"]] == ["r-1", "r-2"]
    assert in_time["besluit"]["bewaren_tot"] == "2026-11-25"
    assert [each["id"] for each in later["gegevens"]] == ["r-1"]
    assert codes(later) == {"bewaartermijn-verstreken"}
    assert later["besluit"]["bewaren_tot"] == "2028-11-25"


async def test_house_makes_its_own_zaken(world: World) -> None:
    """The house proposes the soorten that the law names for it, and no handhavingsknelpunt."""
    body: dict[str, Any] = {
        "titel": "Lijst van casussen die voorgaan",
        "soort": "priolijst",
        "signaal": "s-2026-031",
        "looptijd": {"duur": "P1Y", "verlengingen_max": 4, "totaal_max": "P5Y"},
        "reikwijdte": {"gebieden": [], "branches": [], "signalen": []},
        "deelnemers": [
            {"organisatie": "om-nh", "deelnemer": "om", "rol": "kern"},
            {"organisatie": "reclassering-nh", "deelnemer": "reclassering", "rol": "kern"},
        ],
    }
    hhk = {name: fact for name, fact in body.items() if name != "soort"} | {"verschijnselen": []}
    made = (await world.call("POST", "/zaken", HUIS, body)).json()
    refused = [
        await world.call("POST", "/zaken", HUIS, {**body, "soort": "scan"}),
        await world.call("POST", "/handhavingsknelpunten", HUIS, hhk),
        await world.call("POST", "/zaken", "am-riec-1", body),
    ]
    phase = await world.call(
        "POST", f"/zaken/{made['id']}/fasebesluiten", HUIS, {"fase": 2, "noodzaak": "x"}
    )
    op = {"op": "2026-11-20", "door": "casusoverleg"}
    set_up = await world.call("POST", f"/zaken/{made['id']}/vaststelling", HUIS, op)
    kaart = {
        "zaak": made["id"],
        "betrokkene": {"bsn": BSN},
        "relatie": "subject",
        "afstand": 0,
        "band": ["woont"],
    }
    opened = await world.call("POST", "/persoonskaarten", HUIS, kaart)
    part = await asked(world, {**VRAAG, "zaak": made["id"], "activiteit": "priolijst"})

    assert (made["soort"], made["verband"], made["riec"]) == ("priolijst", "zvh", "zvh-zaanstreek")
    assert "fase" not in made
    assert [answer.status_code for answer in refused] == [400, 400, 400]
    assert phase.status_code == 409
    assert (set_up.status_code, opened.status_code) == (201, 201)
    assert part["besluit"]["uitkomst"] == "toegewezen", codes(part)


async def test_house_and_riec_do_not_see_each_other(world: World) -> None:
    """Each reads the zaken that it runs, and not those of the other."""
    listed = {
        who: [each["id"] for each in (await world.call("GET", "/zaken", who)).json()]
        for who in (HUIS, "am-riec-1")
    }
    hidden = [
        await world.call("GET", f"/zaken/{ZAAK}", "am-riec-1"),
        await world.call("GET", f"/persoonskaarten?zaak={ZAAK}", "am-riec-1"),
        await world.call("GET", "/zaken/hhk-zaandam-oost-2026", HUIS),
        await world.call("GET", f"/handhavingsknelpunten/{ZAAK}", HUIS),
    ]

    assert listed[HUIS] == [ZAAK]
    assert ZAAK not in listed["am-riec-1"]
    assert [answer.status_code for answer in hidden] == [404] * 4


async def effect(world: World, zaak: str) -> Any:  # noqa: ANN401 - JSON
    """Return in which groups the kaarten fall when a zaak ends."""
    body = {"op": "2026-12-01", "beeindig": {"zaak": zaak}}
    told = (await world.call("POST", "/effectberekeningen", "fg-1", body)).json()
    return told["tellingen"]["persoonskaarten"]["groepen"]


async def test_casus_and_knelpunt_carry_nothing_of_each_other(world: World) -> None:
    """What loses its basis in the one samenwerkingsverband does not go on in the other."""
    knelpunt = await effect(world, "hhk-zaandam-oost-2026")
    casus = await effect(world, ZAAK)

    assert knelpunt["verliest"] > 0
    assert knelpunt["houdt-via-andere-zaak"] == 0
    assert casus["verliest"] == 1
