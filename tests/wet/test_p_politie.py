"""Police and OM data: label, consent of the right person, term, and the bilateral tables."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from adapters.partner import PartnerBron
from broker.domain.ports import BronError, BronFout
from broker.errors import ConflictError
from tests.adapters.ruwe_bron import PERSOON, http_antwoord, ruwe_bron
from tests.api.conftest import World
from tests.wet.proef import Patch, besluit, consent, grounds, item, without

P_8_13, P_9_10 = "politiegegevens-8-13", "politiegegevens-9-10"
LIVE = "hhk-zaandam-oost-2026"


def test_w19_p12_police_data_wait_for_the_bevoegd_gezag() -> None:
    """Without that agreement police data wait, and nothing leaves (Wpg 20(3))."""
    patch = without("politie", "bevoegd-gezag")

    assert grounds("politie", patch) == {"bevoegd-gezag-ontbreekt"}
    assert besluit("politie", patch).uitkomst == "instemming-vereist"


def test_w19_police_data_carry_their_article() -> None:
    """An item without its article of the Wpg does not pass (Wpg 20(3))."""
    assert grounds("politieantwoord", item("politieantwoord", wpg_artikel=None)) == {
        "wpg-label-ontbreekt"
    }


@pytest.mark.parametrize(
    "facts",
    [
        {"door": None},
        {"op": None},
        {"op": "2026-06-16"},
        {"tot": "2026-06-15"},
        {"categorieen": [P_9_10]},
        {"soort": "om-toestemming"},
    ],
)
def test_p12_agreement_says_who_when_and_for_what(facts: dict[str, Any]) -> None:
    """Without a giver, ahead, ended, or for other data an agreement counts not (Wpg 20(3))."""
    assert grounds("politie", consent("politie", "bevoegd-gezag", **facts)) == {
        "bevoegd-gezag-ontbreekt"
    }


async def test_p12_agreement_is_not_for_everybody_to_give(world: World) -> None:
    """The officier van justitie may record it; the police itself and others may not (Wpg 20(3))."""
    body = {"soort": "bevoegd-gezag", "zaak": LIVE}
    given = {
        who: (await world.call("POST", "/instemmingen", who, body)).status_code
        for who in ("ovj-4", "pw-politie-1", "pw-bd-1", "am-riec-1")
    }

    assert given == {"ovj-4": 201, "pw-politie-1": 403, "pw-bd-1": 403, "am-riec-1": 403}


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("10.1.b", "categorie-uitgesloten"),
        ("12", "categorie-uitgesloten"),
        ("9", "wpg-label-past-niet"),
        ("10.1.a", "wpg-label-past-niet"),
        (None, "wpg-label-ontbreekt"),
    ],
)
def test_p09_label_decides_what_passes(label: str | None, code: str) -> None:
    """Informants and 10(1)b never, unlabelled never, 9 and 10 not as 8 (WGS 2.22(1))."""
    assert grounds("politieantwoord", item("politieantwoord", wpg_artikel=label)) == {code}


@pytest.mark.parametrize(("categorie", "fase"), [(P_8_13, 1), (P_9_10, 2)])
def test_p09_label_waits_for_its_phase(categorie: str, fase: int) -> None:
    """Wpg 8 and 13 from phase 2, Wpg 9 and 10 in phase 3 (WGS 2.23(6))."""
    asked: Patch = {"verzoek": {"categorieen": [categorie]}}

    assert grounds("politie", asked) == set()
    assert grounds("politie", {**asked, "zaak": {"fase": fase}}) == {"categorie-niet-in-fase"}


@pytest.mark.parametrize("status", ["verwijderd", None])
def test_p10_a_removed_item_never_passes(status: str | None) -> None:
    """What is removed, or may be, does not leave (Wpg 14(2))."""
    assert grounds("politieantwoord", item("politieantwoord", status=status)) == {
        "politiegegeven-verwijderd"
    }


@pytest.mark.parametrize("first", ["2021-06-15", "2000-01-01", None])
def test_p11_an_item_of_article_8_is_younger_than_five_years(first: str | None) -> None:
    """Five years after the first processing, or without its date: refused (Wpg 8(6))."""
    patch = item("politieantwoord", eerste_verwerking_op=first)

    assert grounds("politieantwoord", patch) == {"politiegegeven-te-oud"}


def test_p11_the_last_day_of_five_years_counts() -> None:
    """On the day before it still passes (Wpg 8(6))."""
    patch = item("politieantwoord", eerste_verwerking_op="2021-06-16")

    assert grounds("politieantwoord", patch) == set()


@pytest.mark.parametrize("reden", ["lopend-onderzoek", "gevaar-voor-informant"])
async def test_w18_p13_the_reason_of_a_refusal_stays_with_the_source(
    client: httpx2.AsyncClient, reden: str
) -> None:
    """What a source writes beside its refusal is told to nobody (WGS 1.5(1))."""
    body = f'{{"reden": "{reden}"}}'.encode()
    async with ruwe_bron(http_antwoord(body, status=403)) as source:
        with pytest.raises(BronError) as told:
            await PartnerBron(verbinding=source.verbinding(client)).bevraag(PERSOON)

    assert reden not in str(told.value)
    assert told.value.__cause__ is None


async def test_w18_p13_a_refusal_is_recorded_and_neutral(
    world: World, vraag: dict[str, Any]
) -> None:
    """The log holds that the source refused; the requester sees no data and no reason (1.5(1))."""
    world.bronnen["nla"].fout = BronError(BronFout.WEIGERT, "De bron geeft niets.")
    (bron,) = (await world.ask(vraag)).json()["bronnen"]
    told = [line.payload for line in world.services.log.entries(0, 100) if line.payload]

    assert (bron["gegevens"], bron["fout"]) == ([], "bron-weigert")
    assert [p["bron"] for p in told if p.get("fout") == "bron-weigert"] == ["nla"]


def test_w20_justice_data_come_from_the_om() -> None:
    """Only the OM supplies them, over Wjsg 8b, 39fa and 51ca (WGS 1.5(2))."""
    asked = {"categorieen": ["justitieel"]}
    om = {"organisatie": "om-wl", "deelnemer": "om"}

    assert grounds("politie", {"verzoek": asked}) == {"categorie-niet-van-bron"}
    assert grounds("politie", {"verzoek": asked, "bron": om}) == set()


def test_p14_structural_supply_rests_on_a_decision() -> None:
    """Outside the RIEC the police gives nothing without its article 20 decision (Wpg 20(1)-(2))."""
    assert grounds("structureel", without("structureel", "wpg-20-besluit")) == {
        "wpg-20-besluit-ontbreekt"
    }


def test_p15_incidental_supply_rests_on_an_agreement() -> None:
    """An incidental supply waits for the bevoegd gezag (Wpg 19)."""
    assert grounds("incidenteel", without("incidenteel", "bevoegd-gezag")) == {
        "bevoegd-gezag-ontbreekt"
    }


@pytest.mark.parametrize("missing", ["betrokkene", "vrager"])
async def test_p15_agreement_is_about_one_subject_for_one_requester(
    world: World, missing: str
) -> None:
    """Outside a zaak a yes for all subjects or all requesters is refused (Wpg 19)."""
    whole: dict[str, Any] = {"betrokkene": {"bsn": "999993653"}, "vrager": "zaanstad-college"}
    body = {"soort": "bevoegd-gezag", **whole} | {missing: None}
    refused = await world.call("POST", "/instemmingen", "ovj-4", body)
    given = await world.call("POST", "/instemmingen", "ovj-4", {**body, **whole})

    assert [fout["pointer"] for fout in refused.json()["fouten"]] == [f"/{missing}"]
    assert (refused.status_code, given.status_code) == (400, 201)


@pytest.mark.parametrize("name", ["incidenteel", "structureel"])
def test_p16_articles_9_and_10_need_the_functionaris(name: str) -> None:
    """Outside the RIEC they wait for the 2:10-functionaris; 8 and 13 do not (Bpg 4:5)."""
    patch = without(name, "functionaris-2-10")
    parts = {c.id: c.uitkomst for c in besluit(name, patch).categorieen}

    assert grounds(name, patch) == {"functionaris-ontbreekt"}
    assert parts == {P_8_13: "toegewezen", P_9_10: "instemming-vereist"}


@pytest.mark.parametrize("label", ["10.1.b", "12"])
def test_p16_article_10_1_b_never_passes(label: str) -> None:
    """Whatever anybody agreed to (Bpg 4:5)."""
    labels = {"herkomst": "politie-wl", "herkomst_deelnemer": "politie", "status": "beschikbaar"}
    answer = {"id": "g1", "categorie": P_9_10, "wpg_artikel": label, **labels}

    assert grounds("incidenteel", {"deur": "verstrekking", "gegevens": [answer]}) == {
        "categorie-uitgesloten"
    }


@pytest.mark.parametrize(
    ("name", "patch", "code"),
    [
        ("horeca", {"vrager": {"taak": "opiumwet-13b"}}, "grondslag-verkeerd-spoor"),
        ("horeca", {"vrager": {"taak": "openbare-orde"}}, "categorie-niet-van-grondslag"),
        ("horeca", {"verzoek": {"categorieen": ["fiscaal"]}}, "categorie-niet-van-grondslag"),
        ("horeca", {"bron": {"deelnemer": "kmar"}}, "grondslag-verkeerd-spoor"),
        ("uitkering", {"instemmingen": []}, "om-toestemming-ontbreekt"),
    ],
)
def test_p17_what_is_not_in_the_table_is_refused(name: str, patch: Patch, code: str) -> None:
    """Recipient, task and kind of data stand in a table; via the OM where it says (Bpg 4:1-4:4)."""
    assert grounds(name, patch) == {code}


@pytest.mark.parametrize("table", ["verzoeken", "besluiten"])
async def test_p43_the_record_cannot_be_removed(
    world: World, vraag: dict[str, Any], table: str
) -> None:
    """Four years are a floor: the store refuses to remove a record at all (Wjsg 39j)."""
    await world.ask(vraag)
    with pytest.raises(ConflictError, match="bewijs"):
        async with world.services.store.begin() as tx:
            await tx._conn.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - our own names


def test_p43_wjsg_39f_is_no_basis_here() -> None:
    """What the OM may give by itself under Wjsg 39f does not go through Sluis."""
    assert grounds("treffer", {"grondslag": "wjsg-39f"}) >= {"grondslag-onbekend"}
