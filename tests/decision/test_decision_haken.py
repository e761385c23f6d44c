"""What a basis can ask of the rules by its data alone: choices of consent, renewals, grounds."""

from collections.abc import Mapping
from typing import Any, Final

import pytest
import yaml

from broker.decision.decide import Decider
from broker.decision.regelset import Regelset
from broker.decision.register import default_root
from broker.domain import invoer
from broker.domain.besluit import Besluit, Onderwerp
from tests.decision.gevallen import bases, merge

SHIPPED: Final = Regelset.from_folder(default_root())
WGS: Final = "grondslagen/wet/wgs/2025-07-05.yaml"
BASIS: Final = "grondslagen/samenwerking/wgs-riec/2025-03-01.yaml"
CHOICE: Final = {
    "grond": "functionaris-ontbreekt",
    "soorten": ["wpg-20-besluit", "om-toestemming"],
}
ITEM: Final = {"id": "g1", "categorie": "bedrijfsgegevens", "herkomst": "waterrijk-burgemeester"}


def rules(opent: Mapping[str, object] | None = None, **basis: object) -> Decider:
    """Return a decider with one more rule in the WGS, and other members of the basis."""
    text = SHIPPED.bestanden[WGS].decode()
    if opent:
        head = {"id": "wgs-x", "artikel": "x", "link": None, "zekerheid": "interpretatie"}
        rule = {**head, "tekst": "Nieuw.", "opent": {"voor": ["wgs-riec"], **opent}}
        shown = yaml.safe_dump([rule], allow_unicode=True)
        text += "".join(f"  {line}\n" for line in shown.splitlines())
    more = yaml.safe_dump(basis) if basis else ""
    files = {WGS: text.encode(), BASIS: SHIPPED.bestanden[BASIS] + more.encode()}
    return Decider.load(Regelset(bestanden={**SHIPPED.bestanden, **files}))


def codes(besluit: Besluit) -> list[str]:
    """Return the grounds that are told."""
    return [grond.code for grond in besluit.weigeringsgronden]


def consent(soort: str, **more: object) -> dict[str, Any]:
    """Return a consent that counts."""
    return {"soort": soort, "door": "mr-y", "op": "2026-01-01", **more}


@pytest.fixture(scope="module")
def choosy() -> Decider:
    """Give rules that ask one of two consents for bedrijfsgegevens."""
    return rules({"categorie": "bedrijfsgegevens", "instemmingen_een_van": [CHOICE]})


def test_a_choice_of_consent_waits_for_one(choosy: Decider) -> None:
    """Without any of them the category waits, and each kind that would do is told."""
    besluit = choosy.decide(invoer.parse(bases()["hhk"]))

    assert "functionaris-ontbreekt" in codes(besluit)
    asked = {v.soort for v in besluit.vereiste_instemmingen if "bedrijfsgegevens" in v.categorieen}
    assert asked == set(CHOICE["soorten"])


@pytest.mark.parametrize("soort", CHOICE["soorten"])
def test_one_of_a_choice_is_enough(choosy: Decider, soort: str) -> None:
    """Any one of the kinds opens the category, when the source itself recorded it."""
    source = bases()["hhk"]["bron"]["organisatie"]
    dossier = merge(bases()["hhk"], {"instemmingen": [consent(soort, organisatie=source)]})

    assert "bedrijfsgegevens" in choosy.decide(invoer.parse(dossier)).granted


@pytest.mark.parametrize("soort", CHOICE["soorten"])
def test_another_cannot_choose_for_the_source(choosy: Decider, soort: str) -> None:
    """What somebody else recorded opens nothing."""
    dossier = merge(bases()["hhk"], {"instemmingen": [consent(soort, organisatie="om-wl")]})

    assert "bedrijfsgegevens" not in choosy.decide(invoer.parse(dossier)).granted


@pytest.mark.parametrize("bron", ["om", bases()["hhk"]["bron"]["deelnemer"]])
def test_a_choice_is_asked_of_its_sources_only(bron: str) -> None:
    """A choice that names sources is not asked of another."""
    choice = {**CHOICE, "bronnen": [bron]}
    decider = rules({"categorie": "bedrijfsgegevens", "instemmingen_een_van": [choice]})

    besluit = decider.decide(invoer.parse(bases()["hhk"]))

    assert ("functionaris-ontbreekt" in codes(besluit)) == (bron != "om")


RENEWALS: Final = [
    ("2026-06-01", [], True),
    ("2020-01-10", [], False),
    ("2020-01-10", ["2025-01-09"], True),
    ("2020-01-10", ["2025-01-10"], False),
    ("2018-01-10", ["2022-01-01"], False),
    ("2018-01-10", ["2022-01-01", "2024-12-31"], True),
    ("2018-01-10", ["2022-01-01", "2025-02-01"], False),
    # Decided in the same term, so one renewal (BGS 1.16(3)).
    ("2018-01-10", ["2022-01-01", "2022-01-02"], False),
]


@pytest.mark.parametrize(("brought", "decided", "kept"), RENEWALS)
def test_each_renewal_is_decided_within_the_term_it_renews(
    renewing: Decider, brought: str, decided: list[str], *, kept: bool
) -> None:
    """An item is kept five years, and two more for each renewal that came in time."""
    supplier = ITEM["herkomst"]
    consents = [consent("geen-bezwaar", organisatie=supplier, op=op) for op in decided]
    patch = {"gegevens": [{**ITEM, "ingebracht_op": brought}], "instemmingen": consents}

    besluit = renewing.decide(invoer.parse(merge(bases()["antwoord"], patch)))

    assert ("bewaartermijn-verstreken" not in codes(besluit)) == kept
    assert (besluit.bewaren_tot is not None) == kept


def test_renewal_of_another_supplier_does_not_count(renewing: Decider) -> None:
    """Only the supplier of an item can agree to keep it longer."""
    other = consent("geen-bezwaar", organisatie="uwv", op="2024-01-01")
    patch = {"gegevens": [{**ITEM, "ingebracht_op": "2020-01-10"}], "instemmingen": [other]}

    besluit = renewing.decide(invoer.parse(merge(bases()["antwoord"], patch)))

    assert "bewaartermijn-verstreken" in codes(besluit)


@pytest.fixture(scope="module")
def renewing() -> Decider:
    """Give rules under which a `geen-bezwaar` of the supplier renews a term by two years."""
    term = {"termijn": "bewaarverlenging", "duur": "P2Y"}
    return rules(term, bewaarverlenging="geen-bezwaar")


def test_a_ground_that_a_basis_does_not_put_falls_not() -> None:
    """What a basis names under niet_getoetst is told of neither the question nor a category."""
    dossier = merge(
        bases()["hhk"],
        {"verzoek": {"verschijnsel": None, "categorieen": ["fiscaal"]}, "zaak": {"fase": 1}},
    )
    grounds = ["verschijnsel-niet-aangewezen", "categorie-niet-in-fase"]
    decider = rules(niet_getoetst=grounds)
    told = codes(Decider.load(SHIPPED).decide(invoer.parse(dossier)))

    assert set(grounds) <= set(told)
    assert set(grounds) & set(codes(decider.decide(invoer.parse(dossier)))) == set()


def test_ground_tells_what_it_is_of() -> None:
    """Which grounds an outsider may not learn is said by the rules, with each ground."""
    patch = {"betrokkene": {"branches": ["01"], "gebieden": []}}

    besluit = Decider.load(SHIPPED).decide(invoer.parse(merge(bases()["hhk"], patch)))

    assert {g.betreft for g in besluit.weigeringsgronden} == {Onderwerp.BETROKKENE}


@pytest.mark.parametrize("basis", ["wgs-riec", "riec-convenant", "wpg-18", "suwi-64", "niets"])
def test_besluit_names_every_file_it_rests_on(basis: str) -> None:
    """A besluit tells the rule set, its basis, the basis under it, their laws and the texts."""
    decider = Decider.load(SHIPPED)
    besluit = decider.decide(invoer.parse(bases()["hhk"] | {"grondslag": basis}))
    names = [entry["id"] for entry in besluit.versies["register"]]

    assert besluit.versies["regels"] == SHIPPED.digest == decider.digest
    assert {"wgs-riec", "wgs", "bgs", "wpg", "redenen"} <= set(names)
    assert (basis in names) == (basis != "niets")
    assert len({tuple(entry.items()) for entry in besluit.versies["register"]}) == len(names)
