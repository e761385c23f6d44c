"""The Zorg- en Veiligheidshuis has rules of its own: no phases, and a gate before medical data."""

from typing import Final

import pytest

from tests.wet.proef import besluit, dossier, grounds, without

WAYS: Final = (
    "uitdrukkelijke-toestemming",
    "wettelijke-plicht",
    "wettelijke-bevoegdheid",
    "goed-hulpverlenerschap",
)


def test_w45_medical_data_wait_for_a_way_past_the_secret() -> None:
    """Who keeps a medical secret supplies nothing before it is lawfully broken (WGS 2.29(2))."""
    assert grounds("zvh-ggz", {"instemmingen": []}) == {"beroepsgeheim-niet-doorbroken"}


@pytest.mark.parametrize("soort", WAYS)
def test_w45_each_of_the_four_ways_is_enough(soort: str) -> None:
    """Consent, a duty, a power, or good care: any one of them (WGS 2.29(2))."""
    (given,) = dossier("zvh-ggz")["instemmingen"]

    assert grounds("zvh-ggz", {"instemmingen": [{**given, "soort": soort}]}) == set()


def test_w45_there_are_no_phases() -> None:
    """What a RIEC may ask in its second phase only needs no phase here (WGS 2.30)."""
    zaak = dossier("zvh-politie")["zaak"]

    assert "fase" not in zaak
    assert grounds("zvh-politie", {}) == set()


@pytest.mark.parametrize("categorie", ["politiegegevens-9-10", "seksueel-gedrag", "etniciteit"])
def test_w45_its_list_of_data_is_its_own(categorie: str) -> None:
    """Health is opened, but not what a RIEC has and this has not (WGS 2.30(1))."""
    assert grounds("zvh-casus", {"verzoek": {"categorieen": [categorie]}}) == {
        "categorie-uitgesloten"
    }


def test_w45_its_deelnemers_are_its_own() -> None:
    """The Belastingdienst is no deelnemer of a Zorg- en Veiligheidshuis (WGS 2.27)."""
    wie = {"organisatie": "belastingdienst", "deelnemer": "rijksbelastingdienst", "taak": "awr"}

    assert "vrager-geen-deelnemer" in grounds("zvh-casus", {"vrager": wie})


def test_w45_an_incidental_third_party_signed_for_secrecy() -> None:
    """It gets a part of a plan only after it signed, and only its part (WGS 2.31(9), BGS 2.21)."""
    patch = without("zvh-incidenteel", "geheimhoudingsverklaring")

    assert grounds("zvh-incidenteel", patch) == {"geheimhoudingsverklaring-ontbreekt"}


def test_w45_an_incidental_third_party_asks_nothing() -> None:
    """Who is asked in for one casus has no place to ask from (WGS 2.31(9)-(10))."""
    wie = {"organisatie": "schuldhulp-wl", "deelnemer": "incidentele-derde"}

    assert "vrager-geen-deelnemer" in grounds("zvh-casus", {"vrager": wie})


def test_w45_a_closed_casus_is_shielded() -> None:
    """From its closing on nothing comes out of a casus (WGS 2.31(8))."""
    closed = {"status": "beeindigd", "beeindigd_op": "2026-06-15"}

    assert grounds("zvh-casus", {"zaak": closed}) == {"zaak-beeindigd"}


def test_w45_renewal_is_of_the_supplier_and_has_an_end() -> None:
    """Five years and then renewals of two years at most (WGS 1.8(7), BGS 1.16(3))."""
    assert grounds("zvh-bewaard", {"instemmingen": []}) == {"bewaartermijn-verstreken"}
    assert besluit("zvh-bewaard").bewaren_tot == "2028-06-01"
