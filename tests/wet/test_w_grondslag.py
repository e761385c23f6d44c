"""Basis and purpose: one basis, a fixed purpose, a closed list of activities."""

from typing import Any

import pytest
from sqlalchemy import text

from broker.errors import ConflictError, InvalidInputError
from tests.api.conftest import World
from tests.wet.proef import besluit, grounds


@pytest.mark.parametrize("grondslag", [None, "avg-6"])
def test_w01_p01_a_question_names_a_known_basis(grondslag: str | None) -> None:
    """No basis, or one that no law knows, is refused (WGS 1.2)."""
    assert grounds("hhk", {"grondslag": grondslag}) == {"grondslag-onbekend"}


def test_w01_p01_a_question_names_one_basis() -> None:
    """Two bases in one dossier are no dossier (WGS 1.2)."""
    with pytest.raises(InvalidInputError) as told:
        besluit("hhk", {"grondslag": ["wgs-riec", "wpg-19"]})

    assert [fout.pointer for fout in told.value.fouten] == ["/grondslag"]


def test_w01_p01_rules_of_two_bases_do_not_mix() -> None:
    """What the WGS would open stays closed on a basis between two partners (WGS 1.2(2))."""
    assert grounds("belasting", {"verzoek": {"categorieen": ["bedrijfsgegevens"]}}) == {
        "categorie-niet-van-grondslag"
    }
    assert grounds("hhk", {"grondslag": "awr-43c"}) == {"grondslag-verkeerd-spoor"}


@pytest.mark.parametrize("doel", [None, []])
def test_w02_p02_a_question_has_its_purpose_beforehand(doel: list[str] | None) -> None:
    """Without a purpose of WGS 2.17 nothing is asked (WGS 1.8(5))."""
    assert grounds("hhk", {"verzoek": {"doel": doel}}) == {"doel-ontbreekt"}


def test_w02_p02_care_is_no_purpose_of_a_riec() -> None:
    """Care is a purpose in a Zorg- en Veiligheidshuis only (WGS 2.17, 2.25)."""
    assert grounds("hhk", {"verzoek": {"doel": ["zorg"]}}) == {"doel-ontbreekt"}


def test_w02_p02_a_purpose_outside_enforcement_does_not_exist() -> None:
    """Criminal, administrative and fiscal enforcement are all there is (WGS 2.17)."""
    with pytest.raises(InvalidInputError) as told:
        besluit("hhk", {"verzoek": {"doel": ["integriteitsbeoordeling"]}})

    assert [fout.pointer for fout in told.value.fouten] == ["/verzoek/doel/0"]


async def test_w02_p02_purpose_cannot_be_changed_afterwards(
    world: World, vraag: dict[str, Any]
) -> None:
    """The purpose stands beside the verzoek, and the store refuses to change it (WGS 1.8(5))."""
    put = (await world.ask(vraag)).json()["id"]
    with pytest.raises(ConflictError, match="bewijs"):
        async with world.services.store.begin() as tx:
            await tx._conn.execute(text("UPDATE verzoeken SET body = '{}'"))

    told = (await world.call("GET", f"/verzoeken/{put}")).json()
    assert told["verzoek"]["doel"] == vraag["doel"]
    assert told["zaak"] == vraag["zaak"]


@pytest.mark.parametrize("activiteit", [None, "profilering", "casus"])
def test_w03_p03_there_are_three_activities(activiteit: str | None) -> None:
    """Another activity than the three, or than that of the zaak, is refused (WGS 2.18(1))."""
    assert grounds("hhk", {"verzoek": {"activiteit": activiteit}}) == {"activiteit-onbekend"}


@pytest.mark.parametrize("name", ["hhk", "casus", "scan"])
def test_w03_p03_each_of_the_three_is_open(name: str) -> None:
    """Each activity of WGS 2.18(1) can be granted."""
    assert besluit(name).uitkomst == "toegewezen"


@pytest.mark.parametrize("verschijnsel", [None, "fietsendiefstal", "witwassen"])
def test_w08_phenomenon_is_one_of_the_zaak(verschijnsel: str | None) -> None:
    """A phenomenon that was not designated for this zaak is refused (BGS 2.16(1)b)."""
    assert grounds("hhk", {"verzoek": {"verschijnsel": verschijnsel}}) == {
        "verschijnsel-niet-aangewezen"
    }
