"""Who asks and who is asked: deelnemers in law, named for this zaak, through a fit person."""

from dataclasses import fields
from typing import Any

import pytest

from broker.domain.ports import Identiteit
from tests.api.conftest import World
from tests.wet.proef import Patch, grounds, place

COLLEGE = {"organisatie": "waterrijk-college", "deelnemer": "college"}
LIVE = "/handhavingsknelpunten/hhk-zaandam-oost-2026"


@pytest.mark.parametrize("wie", [None, "kvk", "svb", "bank", "liec"])
def test_w04_p05_requester_is_a_deelnemer_in_law(wie: str | None) -> None:
    """Who is not in the closed list may not ask (WGS 2.19(1))."""
    assert grounds("hhk", {"vrager": {"deelnemer": wie}}) == {"vrager-geen-deelnemer"}


@pytest.mark.parametrize("wie", [None, "kvk", "kadaster", "bank"])
def test_w04_p05_source_is_a_deelnemer_in_law(wie: str | None) -> None:
    """Who is not in the closed list may not be asked (WGS 2.19(1))."""
    assert "bron-geen-deelnemer" in grounds("hhk", {"bron": {"deelnemer": wie}})


def test_w04_p05_both_take_part_in_this_zaak() -> None:
    """Requester and source have a place in this very zaak (WGS 2.19, 2.23(5))."""
    assert grounds("hhk", place("hhk", "waterrijk-burgemeester", organisatie="elders")) == {
        "vrager-niet-betrokken"
    }
    assert grounds("hhk", place("hhk", "nvwa", organisatie="elders")) == {"bron-niet-betrokken"}


@pytest.mark.parametrize("taak", [None, "gemeentewet", "suwi-5", "wmo"])
def test_w05_p05_requester_asks_for_a_task_of_its_own(taak: str | None) -> None:
    """A task of another deelnemer, or of no list at all, is refused (WGS 2.19(1))."""
    assert grounds("hhk", {"vrager": {"taak": taak}}) == {"taak-niet-van-deelnemer"}


def test_w05_p05_burgemeester_and_college_are_two() -> None:
    """The college may not use the task of the burgemeester, and has its own (WGS 2.19(1)h, i)."""
    assert grounds("hhk", {"vrager": COLLEGE}) == {"taak-niet-van-deelnemer"}
    assert grounds("hhk", {"vrager": {**COLLEGE, "taak": "gemeentewet"}}) == set()


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"vanaf": "2026-06-16"}, "vrager-niet-betrokken"),
        ({"tot": "2026-06-15T11:30:00+02:00"}, "vrager-niet-betrokken"),
        ({"deelnemer": "college"}, "vrager-niet-betrokken"),
        ({"rol": "agendalid"}, "vrager-agendalid"),
    ],
)
def test_w10_p06_only_who_is_named_for_the_zaak_now_asks(facts: dict[str, str], code: str) -> None:
    """Before, after, as another deelnemer or as agendalid: refused (WGS 2.23(5))."""
    assert grounds("hhk", place("hhk", "waterrijk-burgemeester", **facts)) == {code}


def test_w10_p06_outside_the_core_a_source_tells_a_hit_first() -> None:
    """Who was not chosen to work in the zaak is first asked hit or no hit (WGS 2.23(5))."""
    outside = place("hhk", "nvwa", rol="overig")
    hit = {**outside, "verzoek": {"soort": "treffer-geen-treffer"}}

    assert grounds("hhk", outside) == {"alleen-treffer-voor-overige-bron"}
    assert grounds("hhk", hit) == set()


async def test_w10_p06_a_change_is_recorded_and_acts_at_once(
    world: World, vraag: dict[str, Any]
) -> None:
    """Who is taken out is in the log as such, and is refused from then on (WGS 2.23(5))."""
    before = (await world.ask(vraag)).json()["bronnen"][0]["besluit"]["uitkomst"]
    body = {"organisatie": "zaanstad-college", "deelnemer": "college"}
    left = await world.call("POST", f"{LIVE}/deelnemers/beeindiging", "am-riec-1", body)
    after = (await world.ask(vraag)).json()["bronnen"][0]["besluit"]
    told = [line.payload for line in world.services.log.entries(0, 100) if line.payload]

    assert (before, left.status_code) == ("toegewezen", 201)
    assert [grond["code"] for grond in after["weigeringsgronden"]] == ["vrager-niet-betrokken"]
    assert [p["organisatie"] for p in told if p.get("wat") == "deelname-beeindigd"]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"rol": "toetser"}, "rol-niet-bevoegd"),
        ({"rol": "beheerder"}, "rol-niet-bevoegd"),
        ({"rol": None}, "rol-niet-bevoegd"),
        ({"geautoriseerd_tot": None}, "autorisatie-verlopen"),
        ({"geautoriseerd_tot": "2026-06-15"}, "autorisatie-verlopen"),
        ({"gescreend_op": None}, "screening-ontbreekt"),
    ],
)
def test_w31_p33_person_is_appointed_and_screened(facts: Patch, code: str) -> None:
    """No role a, no appointment that still runs, no screening: refused (WGS 1.8(2), BGS 1.11)."""
    assert grounds("hhk", {"vrager": {"gebruiker": facts}}) == {code}


def test_w32_person_is_trained() -> None:
    """Without training no question (BGS 1.17)."""
    assert grounds("hhk", {"vrager": {"gebruiker": {"opgeleid_op": None}}}) == {
        "opleiding-ontbreekt"
    }


def test_p44_the_trade_register_is_no_source() -> None:
    """The Kamer van Koophandel is asked nothing, not even when it is in the zaak (HRW 28(3))."""
    patch = place("hhk", "nvwa", organisatie="kvk", deelnemer="kvk")
    bron = {"bron": {"organisatie": "kvk", "deelnemer": "kvk"}}

    assert "bron-geen-deelnemer" in grounds("hhk", {**patch, **bron})


async def test_p44_nobody_is_looked_up_by_name(world: World, vraag: dict[str, Any]) -> None:
    """A subject is one BSN or one KVK number, so no register is searched by person (HRW 28)."""
    answer = await world.ask({**vraag, "betrokkene": {"naam": "Jansen", "woonplaats": "Zaandam"}})

    assert answer.status_code == 400
    assert {each.name for each in fields(Identiteit)} == {"bsn", "kvk_nummer"}
