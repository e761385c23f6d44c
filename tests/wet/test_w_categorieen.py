"""Kinds of data: each in its phase, from its source, and no other kinds."""

from typing import Any

import httpx2
import pytest

from adapters.partner import PartnerBron
from broker.domain.ports import BronError, BronFout
from broker.errors import InvalidInputError
from tests.adapters.ruwe_bron import PERSOON, http_antwoord, ruwe_bron
from tests.wet.proef import Patch, besluit, grounds, item

SUPPLY = [
    ("verblijfsstatus", "ind", "uwv"),
    ("financieel", "nvwa", "belastingdienst"),
    ("inkomen", "uwv", "fiod"),
    ("vergunning-subsidie", "waterrijk-college", "politie-wl"),
    ("fiscaal", "belastingdienst", "nvwa"),
    ("politiegegevens-8-13", "kmar", "nvwa"),
    ("politiegegevens-9-10", "politie-wl", "fiod"),
    ("justitieel", "om-wl", "politie-wl"),
]
DEELNEMER = {"belastingdienst": "rijksbelastingdienst"} | {
    f"{name}-wl": name for name in ("politie", "om")
}


def asks(organisatie: str, categorie: str) -> Patch:
    """Return the change that asks this of that source."""
    deelnemer = DEELNEMER.get(organisatie, organisatie.removeprefix("waterrijk-"))
    return {
        "bron": {"organisatie": organisatie, "deelnemer": deelnemer},
        "verzoek": {"categorieen": [categorie]},
    }


@pytest.mark.parametrize(
    "zaak",
    [
        {"fase": 1},
        {"fase": None},
        {"fasebesluiten": []},
        {"fasebesluiten": [{"fase": 2, "besluit_op": "2026-02-01"}]},
        {"fasebesluiten": [{"fase": 2, "besluit_op": "2026-02-01", "noodzaak": " "}]},
        {"fasebesluiten": [{"fase": 2, "besluit_op": "2026-06-16", "noodzaak": "nodig"}]},
        {"fasebesluiten": [{"fase": 3, "besluit_op": "2026-02-01", "noodzaak": "nodig"}]},
    ],
)
def test_w11_p08_a_phase_begins_with_a_decision_and_its_necessity(zaak: Patch) -> None:
    """Tax data wait for phase 2 and for a decision that says why (WGS 2.23(6), BGS 2.15)."""
    assert grounds("fase-2", {"zaak": zaak}) == {"categorie-niet-in-fase"}


def test_w12_p09_no_phase_3_for_scans() -> None:
    """What a scan may never ask, a handhavingsknelpunt may in phase 3 (WGS 2.23(6)c)."""
    patch = {"verzoek": {"categorieen": ["politiegegevens-9-10"]}}

    assert grounds("scan-politie", patch) == {"categorie-niet-bij-scan"}
    assert grounds("politie", patch) == set()


@pytest.mark.parametrize("categorie", ["sterrenbeeld", "medewerkers", "IDENTIFICATIE", ""])
def test_w13_there_are_no_other_kinds_of_data(categorie: str) -> None:
    """A kind that the law does not name is refused (BGS 2.15)."""
    assert grounds("hhk", {"verzoek": {"categorieen": [categorie]}}) == {"categorie-onbekend"}


def test_w13_an_unknown_member_of_a_dossier_is_refused() -> None:
    """Nothing is decided on a member that nobody knows (BGS 2.15)."""
    with pytest.raises(InvalidInputError) as told:
        besluit("antwoord", item("antwoord", geloof="geheim"))

    assert [fout.pointer for fout in told.value.fouten] == ["/gegevens/0/geloof"]


async def test_w13_an_unknown_member_of_an_answer_is_refused(client: httpx2.AsyncClient) -> None:
    """A source that adds a field to an item gives nothing at all (BGS 2.15)."""
    body = b'{"gegevens": [{"id": "x", "categorie": "inkomen", "inhoud": {}, "score": 7}]}'
    async with ruwe_bron(http_antwoord(body)) as source:
        with pytest.raises(BronError) as told:
            await PartnerBron(verbinding=source.verbinding(client)).bevraag(PERSOON)

    assert told.value.fout is BronFout.ONBEGRIJPELIJK


@pytest.mark.parametrize(("categorie", "may", "may_not"), SUPPLY)
def test_w14_p08_a_source_supplies_only_its_own(categorie: str, may: str, may_not: str) -> None:
    """What the one may supply the other may not (BGS 2.15)."""
    assert grounds("treffer", asks(may, categorie)) == set()
    assert grounds("treffer", asks(may_not, categorie)) == {"categorie-niet-van-bron"}


@pytest.mark.parametrize(
    "categorie",
    ["gezondheid", "etniciteit", "godsdienst", "biometrie", "seksuele-gerichtheid", "genetisch"],
)
def test_w15_p28_special_data_are_closed(categorie: str) -> None:
    """Data of AVG 9 are refused at both doors (WGS 2.21(1), BGS 2.15)."""
    door_2: dict[str, Any] = {**item("antwoord", categorie=categorie)}

    assert grounds("hhk", {"verzoek": {"categorieen": [categorie]}}) == {"categorie-uitgesloten"}
    assert grounds("antwoord", door_2) == {"categorie-uitgesloten"}


@pytest.mark.parametrize(
    "verzoek", [{"verschijnsel": "drugs"}, {"categorieen": ["seksueel-gedrag"]}]
)
def test_w15_p28_sexual_behaviour_goes_with_trafficking_only(verzoek: Patch) -> None:
    """Only for mensenhandel and only beside criminal data (WGS 2.21(1), BGS 2.15)."""
    assert grounds("mensenhandel", {"verzoek": verzoek}) == {"seksueel-gedrag-niet-toegestaan"}


@pytest.mark.parametrize("told", [None, False])
def test_w16_p28_nationality_only_when_unavoidable(told: bool | None) -> None:  # noqa: FBT001
    """Nationality is asked only to tell who somebody is, and if it must (BGS 1.9)."""
    assert grounds("nationaliteit", {"verzoek": {"nationaliteit_onvermijdelijk": told}}) == {
        "nationaliteit-niet-noodzakelijk"
    }


@pytest.mark.parametrize("name", ["hhk", "casus", "convenant"])
def test_p42_bibob_never_enters_a_zaak(name: str) -> None:
    """An advice of the Bureau Bibob cannot be asked in a zaak (Wet Bibob 28)."""
    assert grounds(name, {"verzoek": {"categorieen": ["bibob"]}}) == {"categorie-onbekend"}


def test_p42_a_bibob_item_does_not_pass() -> None:
    """Nor does one that a source adds to its answer (Wet Bibob 28)."""
    assert grounds("antwoord", item("antwoord", categorie="bibob")) == {"gegeven-niet-gevraagd"}
