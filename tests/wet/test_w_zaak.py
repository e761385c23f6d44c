"""The zaak and its subject: designated, within term and scope, begun with a weighed signaal."""

from dataclasses import fields
from typing import Any

import pytest

from adapters.partner import bericht
from broker.domain.ports import BronError, Identiteit
from tests.adapters.ruwe_bron import PERSOON
from tests.api.conftest import World
from tests.api.test_api_zaken import HHK, proposal
from tests.wet.proef import Patch, besluit, consent, grounds

LANGER = {"duur": "P1Y", "verlengingen_max": 1, "totaal_max": "P1Y"}


@pytest.mark.parametrize(
    ("patch", "code"),
    [
        ({"zaak": None}, "zaak-onbekend"),
        ({"zaak": {"status": "voorgesteld"}}, "zaak-niet-vastgesteld"),
        ({"zaak": {"status": None}}, "zaak-niet-vastgesteld"),
        ({"zaak": {"vastgesteld_op": "2026-06-16"}}, "zaak-niet-vastgesteld"),
        ({"zaak": {"vastgesteld_op": None}}, "zaak-zonder-looptijd"),
        ({"zaak": {"looptijd": None}}, "zaak-zonder-looptijd"),
        ({"zaak": {"vastgesteld_op": "2025-06-15"}}, "zaak-verlopen"),
        ({"zaak": {"status": "beeindigd"}}, "zaak-beeindigd"),
        ({"zaak": {"reikwijdte": {"gebieden": None}}}, "reikwijdte-onbekend"),
        ({"zaak": {"reikwijdte": {"branches": None}}}, "reikwijdte-onbekend"),
        ({"zaak": {"reikwijdte": {"signalen": None}}}, "reikwijdte-onbekend"),
        ({"betrokkene": {"onderzoek": None}}, "onderzoek-onbekend"),
        ({"zaak": {"onderzoekstermijn": None}}, "onderzoek-onbekend"),
        ({"betrokkene": {"onderzoek": {"geopend_op": "2025-12-15"}}}, "onderzoek-beeindigd"),
        ({"betrokkene": {"gebieden": ["BU08550301"]}}, "buiten-gebied"),
        ({"betrokkene": {"band": ["woont"]}}, "buiten-gebied"),
        ({"betrokkene": {"branches": ["4711"]}}, "buiten-branche"),
        ({"betrokkene": {"signalen": ["stankoverlast"]}}, "geen-band-met-signaal"),
    ],
)
def test_p04_a_fact_of_the_zaak_that_fails_refuses(patch: Patch, code: str) -> None:
    """No designation, term or scope, or a subject outside it: refused (WGS 1.1, 2.18(1)a)."""
    assert grounds("hhk", patch) == {code}


def test_p04_a_zaak_runs_to_its_last_day() -> None:
    """On the day before its end a zaak still counts (WGS 1.1)."""
    assert grounds("hhk", {"zaak": {"vastgesteld_op": "2025-06-16", "looptijd": LANGER}}) == set()


@pytest.mark.parametrize("status", [None, "aangemeld", "afgewezen"])
def test_w06_p07_nothing_begins_without_an_accepted_signaal(status: str | None) -> None:
    """No signaal, or one that was not accepted: refused (WGS 2.23(1), (4))."""
    assert grounds("hhk", {"zaak": {"signaal": {"status": status}}}) == {"signaal-niet-aanvaard"}


async def test_w07_p07_weighing_is_recorded_once_with_who_and_when(world: World) -> None:
    """Who weighed a signaal, when and how is recorded, and cannot be redone (WGS 2.23(2)-(3))."""
    path, body = "/signalen/s-2026-027/weging", {"status": "afgewezen"}
    weighed = await world.call("POST", path, "am-riec-1", body)
    again = await world.call("POST", path, "am-riec-1", {"status": "aanvaard"})
    told = [line.payload for line in world.services.log.entries(0, 100) if line.payload]

    assert (weighed.json()["status"], weighed.json()["gewogen_door"]) == ("afgewezen", "am-riec-1")
    assert weighed.json()["gewogen_op"].startswith("2026-11-20")
    assert again.status_code == 409
    assert [p["gebruiker"] for p in told if p.get("wat") == "signaal-gewogen"] == ["am-riec-1"]


async def test_w09_a_zaak_and_its_signaal_are_of_the_own_riec(wide: World) -> None:
    """A zaak for another RIEC, or on a signaal of another, is refused (BGS 2.16(1)e)."""
    foreign = await wide.call("POST", HHK, "am-l-1", proposal())
    own = await wide.call("POST", HHK, "am-riec-1", proposal())

    assert {fout["pointer"] for fout in foreign.json()["fouten"]} == {"/riec", "/signaal"}
    assert (foreign.status_code, own.status_code) == (400, 201)


@pytest.mark.parametrize("afstand", [None, 0, 2])
def test_w17_the_direct_circle_is_one_step_away(afstand: int | None) -> None:
    """Who stands further away than the direct circle is refused (WGS 2.22(1)b)."""
    assert grounds("kring", {"betrokkene": {"afstand": afstand}}) == {"relatie-te-ver"}


def test_w17_a_subject_is_no_relation_of_another() -> None:
    """A subject stands at no distance from itself (WGS 2.22(1)b)."""
    assert grounds("hhk", {"betrokkene": {"afstand": 1}}) == {"relatie-te-ver"}


@pytest.mark.parametrize(
    "wie", [{}, {"bsn": "999993653", "kvk_nummer": "90001354"}, {"naam": "Jansen"}]
)
async def test_w36_a_question_names_one_known_subject(
    world: World, vraag: dict[str, Any], wie: dict[str, str]
) -> None:
    """There is no search: without exactly one number no source is asked (WGS 2.18(2))."""
    answer = await world.ask({**vraag, "betrokkene": wie})

    assert answer.status_code == 400
    assert all(bron.asked == [] for bron in world.bronnen.values())


def test_w36_no_source_is_asked_about_nobody() -> None:
    """Also inside, a question without a subject does not leave (WGS 2.18(2))."""
    nobody = {f.name: getattr(PERSOON, f.name) for f in fields(PERSOON)}
    with pytest.raises(BronError):
        bericht(type(PERSOON)(**nobody | {"betrokkene": Identiteit()}))


@pytest.mark.parametrize("aantal", [None, 6])
def test_w36_a_question_does_not_fish(aantal: int | None) -> None:
    """More subjects together than the zaak lets, or an unknown number, is refused (WGS 2.18)."""
    assert grounds("hhk", {"verzoek": {"aantal_betrokkenen": aantal}}) == {"te-veel-betrokkenen"}


def test_w36_automated_analysis_is_no_activity() -> None:
    """For a RIEC no automated analysis was designated (WGS 1.1, 2.18(2))."""
    patch = {"verzoek": {"activiteit": "geautomatiseerde-gegevensanalyse"}}

    assert grounds("hhk", patch) == {"activiteit-onbekend"}


def test_p34_data_go_to_a_named_human_only() -> None:
    """Without a person behind the question there is no answer (Wpg 7a, WGS 1.9)."""
    assert grounds("hhk", {"vrager": {"gebruiker": None}}) == {
        "rol-niet-bevoegd",
        "autorisatie-verlopen",
        "screening-ontbreekt",
        "opleiding-ontbreekt",
    }


@pytest.mark.parametrize("door", [None, "", "u-51"])
def test_p34_a_consent_is_of_another_human(door: str | None) -> None:
    """A yes of nobody, or of the person who asks, is none (Wpg 7a)."""
    assert grounds("politie", consent("politie", "bevoegd-gezag", door=door)) == {
        "bevoegd-gezag-ontbreekt"
    }


def test_p34_every_refusal_explains_itself() -> None:
    """Each ground has its article, a sentence, what failed and what mends it (WGS 1.9)."""
    empty = dict.fromkeys(("grondslag", "vrager", "bron", "zaak", "betrokkene"))
    told = besluit("hhk", empty).weigeringsgronden

    assert len(told) > 5
    for grond in told:
        assert all((grond.wet, grond.artikel, grond.uitleg, grond.feit, grond.herstel))
