"""Results and what goes with them: objections, the committee, tax data, secrecy, terms."""

import pytest

from broker.domain.dossier import InstemmingSoort
from tests.wet.proef import STARTS, Patch, besluit, dossier, grounds, item, without

DERDE = {"organisatie": "havenbedrijf", "soort": "derde-publiek", "grond": "publieke-taak"}
COLLEGE = {"organisatie": "waterrijk-college", "soort": "deelnemer"}
RESULTS = [name for name in STARTS if name.startswith("resultaat")]


def test_w22_every_item_says_whose_it_is() -> None:
    """An item without its supplier does not pass, in an answer or a result (BGS 1.7)."""
    for name in ("antwoord", "resultaat"):
        told = grounds(name, item(name, herkomst=None, herkomst_deelnemer=None))
        assert "herkomst-ontbreekt" in told


@pytest.mark.parametrize("organisatie", ["waterrijk-college", "politie-wl"])
def test_w23_p24_a_result_waits_for_its_supplier(organisatie: str) -> None:
    """Nobody but the supplier can say that it has no objection (WGS 1.7(1))."""
    (given,) = dossier("resultaat")["instemmingen"]
    other = {"instemmingen": [{**given, "organisatie": organisatie}]}

    assert grounds("resultaat", without("resultaat", "geen-bezwaar")) == {"bezwaar-deelnemer"}
    assert grounds("resultaat", other) == {"bezwaar-deelnemer"}


@pytest.mark.parametrize("organisatie", ["nvwa", "waterrijk-burgemeester"])
def test_w24_p25_a_third_party_waits_for_every_deelnemer(organisatie: str) -> None:
    """One deelnemer that did not say it has no objection stops it (WGS 1.7(2))."""
    patch = without("resultaat-buiten", "geen-bezwaar", organisatie)

    assert grounds("resultaat-buiten", patch) == {"bezwaar-deelnemer"}


def test_w24_p25_a_third_party_waits_for_the_committee() -> None:
    """Without the test of the committee nothing goes to a third party (WGS 1.7(2))."""
    patch = without("resultaat-buiten", "rechtmatigheidsadviescommissie")

    assert grounds("resultaat-buiten", patch) == {"rac-toets-ontbreekt"}
    assert grounds("resultaat-buiten", {**patch, "ontvanger": {"grond": None, **COLLEGE}}) == set()


def test_w25_p25_p26_criminal_data_wait_for_their_supplier() -> None:
    """Police data go to another RIEC only with the supplier's yes (WGS 1.7(3), 2.20(2))."""
    patch = without("resultaat-politie", "leverancier")

    assert grounds("resultaat-politie", patch) == {"leverancier-instemming-ontbreekt"}
    assert grounds("resultaat-politie", {**patch, "ontvanger": COLLEGE}) == set()


def test_w25_p25_p26_criminal_data_wait_before_a_third_party_too() -> None:
    """The same to a third party, beside the committee and the others (WGS 1.7(3))."""
    patch = {**without("resultaat-politie", "leverancier"), "ontvanger": DERDE}

    assert grounds("resultaat-politie", patch) == {
        "leverancier-instemming-ontbreekt",
        "bezwaar-deelnemer",
        "rac-toets-ontbreekt",
    }


@pytest.mark.parametrize("wie", ["rijksbelastingdienst", None])
def test_w26_p27_tax_data_go_to_no_private_interest(wie: str | None) -> None:
    """Tax data, or data of which nobody knows, stay away from it (WGS 1.7(6))."""
    assert grounds("resultaat-buiten", item("resultaat-buiten", herkomst_deelnemer=wie)) == {
        "fiscaal-naar-privaat"
    }


@pytest.mark.parametrize(
    "patch",
    [
        item("resultaat-buiten", herkomst_deelnemer="fiod"),
        {
            **item("resultaat-buiten", herkomst_deelnemer="rijksbelastingdienst"),
            "ontvanger": {"grond": "wettelijke-plicht"},
        },
    ],
)
def test_w26_p27_the_bar_is_no_wider_than_the_law(patch: Patch) -> None:
    """The FIOD is excepted, and so is a duty in law (WGS 1.7(6))."""
    assert grounds("resultaat-buiten", patch) == set()


def test_p23_sharing_on_is_a_new_question() -> None:
    """A result for nobody known counts as one for a third party, and waits (Wpg 7(2), WGS 1.7)."""
    assert grounds("resultaat", {"ontvanger": None}) == {"bezwaar-deelnemer", "rac-toets-ontbreekt"}


@pytest.mark.parametrize("name", STARTS)
def test_p23_what_passes_may_not_be_passed_on(name: str) -> None:
    """The recipient is told that it may not go further (Wpg 7(2), WGS 1.7)."""
    assert "geen-doorverstrekking" in besluit(name).voorwaarden


@pytest.mark.parametrize("name", RESULTS)
def test_w41_p46_a_result_asks_for_feedback(name: str) -> None:
    """The yearly duty to report back comes with each result (WGS 1.7(4))."""
    assert "terugkoppeling" in besluit(name).voorwaarden


@pytest.mark.parametrize("name", STARTS)
def test_w44_p22_secrecy_comes_with_whatever_passes(name: str) -> None:
    """Every grant tells the duty of secrecy, on every basis (WGS 1.11, Wpg 7(2), Bpg 4:8)."""
    assert "geheimhouding" in besluit(name).voorwaarden


def test_p41_tax_data_outside_the_riec_need_a_request_under_a_convenant() -> None:
    """The Belastingdienst gives nothing of its own accord (Uitv.reg. AWR 43c(2))."""
    assert grounds("belasting", without("belasting", "convenant-verzoek")) == {
        "convenant-verzoek-ontbreekt"
    }


@pytest.mark.parametrize("name", ["antwoord", "resultaat"])
@pytest.mark.parametrize("brought", ["2021-06-15", "2001-01-01"])
def test_w28_nothing_is_older_than_five_years(name: str, brought: str) -> None:
    """Five years after it came in an item passes no more, and one day before it does (1.8(7))."""
    assert grounds(name, item(name, ingebracht_op=brought)) == {"bewaartermijn-verstreken"}
    assert grounds(name, item(name, ingebracht_op="2021-06-16")) == set()


def test_w28_no_consent_makes_it_longer() -> None:
    """For a RIEC there is no renewal, whoever agrees (BGS 1.16(2))."""
    kinds: tuple[str, ...] = InstemmingSoort.__args__  # type: ignore[attr-defined]
    yes = [
        {"soort": soort, "organisatie": "nvwa", "door": "n-3", "op": "2026-06-01"}
        for soort in kinds
    ]

    assert grounds("antwoord", {"instemmingen": yes}) == set()
    assert grounds(
        "antwoord", {**item("antwoord", ingebracht_op="2021-06-15"), "instemmingen": yes}
    ) == {"bewaartermijn-verstreken"}


def test_w28_a_new_zaak_does_not_restart_the_clock() -> None:
    """The term runs from the first processing, not from the zaak (WGS 1.8(7))."""
    patch = {
        **item("antwoord", ingebracht_op="2021-06-15"),
        "zaak": {"id": "hhk-nieuw", "vastgesteld_op": "2026-06-01"},
    }

    assert grounds("antwoord", patch) == {"bewaartermijn-verstreken"}


@pytest.mark.parametrize(
    ("labels", "last"),
    [
        ({}, "2031-06-15"),
        ({"ingebracht_op": "2024-02-29"}, "2029-02-28"),
        ({"bewaren_tot": "2026-12-31"}, "2026-12-31"),
        ({"bewaren_tot": "2040-01-01"}, "2031-06-15"),
    ],
)
def test_p31_the_earliest_end_counts(labels: dict[str, str], last: str) -> None:
    """Five years or the supplier's own term, whichever comes first (WGS 1.8(7))."""
    assert besluit("antwoord", item("antwoord", **labels)).bewaren_tot == last


@pytest.mark.parametrize("tot", ["2026-06-15", "2026-01-01"])
def test_p31_after_the_suppliers_term_nothing_passes(tot: str) -> None:
    """On the day of the supplier's own end the item is gone (WGS 1.8(7))."""
    assert grounds("antwoord", item("antwoord", bewaren_tot=tot)) == {"bewaartermijn-verstreken"}


def test_p31_after_the_end_of_the_zaak_nothing_passes() -> None:
    """An answer that comes in after the end is held at door 2 (WGS 1.8(7))."""
    assert grounds("antwoord", {"zaak": {"status": "beeindigd"}}) == {"zaak-beeindigd"}
