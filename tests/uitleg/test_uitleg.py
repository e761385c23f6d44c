"""Every refusal tells the fact, the article, who can mend it, and what would be lawful."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from broker.decision.decide import Decider
from broker.decision.gevonden import BLANKS
from broker.decision.herstelpaden import herstelpaden
from broker.decision.register import default_root
from broker.decision.uitleg import explain
from broker.domain import invoer
from broker.domain.besluit import Uitkomst
from broker.domain.uitleg import Uitleg
from tests.decision.gevallen import Geval, bases, cases, merge

DECIDER: Final = Decider.load(default_root())
REDENEN: Final = yaml.safe_load(
    (default_root() / "grondslagen" / "redenen" / "2025-03-01.yaml").read_text(encoding="utf-8")
)["redenen"]
EXAMPLES: Final = sorted((default_root() / "docs" / "voorbeelden").glob("*.yaml"))


def told(dossier: dict[str, Any], *, full: bool = True) -> Uitleg:
    """Decide, and explain."""
    parsed = invoer.parse(dossier)
    besluit = DECIDER.decide(parsed)
    return explain(DECIDER, parsed, besluit if full else besluit.for_requester(), full=full)


@pytest.mark.parametrize("code", REDENEN)
def test_every_ground_tells_its_fact(code: str) -> None:
    """Each ground has a sentence of what stood in the dossier, with known blanks only."""
    blanks = set(re.findall(r"{([^}]*)}", REDENEN[code]["gevonden"]))

    assert blanks <= BLANKS


@pytest.mark.parametrize("geval", cases(), ids=str)
def test_every_ground_of_every_case_is_explained(geval: Geval) -> None:
    """Each ground that falls is told with its fact, article, who and how; none is made up."""
    parsed = invoer.parse(geval.dossier)
    besluit = DECIDER.decide(parsed)

    uitleg = explain(DECIDER, parsed, besluit, full=True)

    assert {b.code for b in uitleg.bevindingen} == {g.code for g in besluit.weigeringsgronden}
    for bevinding in uitleg.bevindingen:
        assert bevinding.gevonden is not None
        assert "{" not in bevinding.gevonden
        assert bevinding.artikel
        assert bevinding.wie
        assert bevinding.herstel


def test_the_fact_is_told_with_its_value() -> None:
    """Phase, sources and dates stand in the sentence as they stand in the dossier."""
    uitleg = told(merge(bases()["hhk"], {"verzoek": {"categorieen": ["fiscaal"]}}))

    facts = {b.code: b.gevonden for b in uitleg.bevindingen}
    assert facts["categorie-niet-in-fase"] == (
        "De zaak is in fase 1, met besluiten voor fase niet vastgelegd; "
        "voor fiscaal is fase 2 nodig."
    )
    assert facts["categorie-niet-van-bron"] == (
        "De vraag gaat naar nvwa; fiscaal mag komen van: "
        "rijksbelastingdienst, burgemeester, college."
    )


def test_the_end_of_the_term_is_told_as_a_date() -> None:
    """Of a zaak that has ended both ends of its term are told, in words."""
    uitleg = told(merge(bases()["hhk"], {"moment": "2026-10-31T00:00:00+01:00"}))

    [expired] = [b for b in uitleg.bevindingen if b.code == "zaak-verlopen"]
    assert expired.gevonden == "De zaak begon op 31 oktober 2025 en eindigde op 31 oktober 2026."


def test_an_outsider_is_told_nothing_of_the_zaak() -> None:
    """Who has no place in the zaak gets no facts of it, and no way that names who is in it."""
    outsider = {"vrager": {"organisatie": "elders", "deelnemer": "uwv", "taak": "suwi-5"}}
    dossier = merge(bases()["hhk"], merge(outsider, {"verzoek": {"categorieen": ["fiscaal"]}}))

    uitleg = told(dossier, full=False)

    facts = {b.code: b.gevonden for b in uitleg.bevindingen}
    assert facts.pop("vrager-niet-betrokken") == "De vraag komt van elders, als uwv."
    assert set(facts.values()) == {None}
    assert uitleg.paden == ()


def test_a_zaak_of_others_is_told_on_no_basis() -> None:
    """A question that needs no zaak gets of that of others no fact, and no way that names who."""
    asked = {"grondslag": "wpg-19", "verzoek": {"categorieen": ["politiegegevens-8-13"]}}
    place = bases()["hhk"]["zaak"]["deelnemers"][0]
    asker = {"organisatie": place["organisatie"], "deelnemer": place["deelnemer"]}
    inside = merge(bases()["hhk"], {**asked, "bron": {"deelnemer": "uwv"}, "vrager": asker})
    outside = merge(inside, {"vrager": {"organisatie": "elders"}})

    assert "bron" in {k.wijziging for pad in told(inside, full=False).paden for k in pad.keuzes}
    assert told(outside, full=False).paden == ()
    assert {b.gevonden for b in told(outside, full=False).bevindingen} == {None}


def test_a_typo_gets_the_word_that_was_meant() -> None:
    """An unknown category is answered with one that looks like it, never an excluded one."""
    asked = ["voertuigen", "gezondheit"]
    uitleg = told(merge(bases()["hhk"], {"verzoek": {"categorieen": asked}}))

    assert uitleg.bedoeld == {"voertuigen": ("voertuig",)}


def test_the_way_out_is_the_one_that_takes_least() -> None:
    """Tax data asked of the wrong source too early: another source and the next phase, no more."""
    uitleg = told(merge(bases()["hhk"], {"verzoek": {"categorieen": ["fiscaal"]}}))

    ways = {tuple((s.wijziging, s.waarde) for s in pad.keuzes) for pad in uitleg.paden}
    assert ways == {
        (("bron", "waterrijk-college (college)"), ("fase", "2")),
        (("bron", "belastingdienst (rijksbelastingdienst)"), ("fase", "2")),
    }


def test_a_missing_consent_is_the_whole_way() -> None:
    """A question that only waits for consent may stay as it is, and the way names who gives it."""
    uitleg = told(merge(bases()["politie"], {"instemmingen": []}))

    [pad] = uitleg.paden
    assert pad.keuzes == ()
    assert [(i.soort, i.organisatie) for i in pad.instemmingen] == [("bevoegd-gezag", "om-wl")]


@given(geval=st.sampled_from(cases()))
def test_no_way_is_told_that_the_rules_refuse(geval: Geval) -> None:
    """Whatever a way opens, is more than the question opened: it was decided, not guessed."""
    parsed = invoer.parse(geval.dossier)
    besluit = DECIDER.decide(parsed)

    for pad in herstelpaden(DECIDER, parsed, besluit):
        assert besluit.uitkomst != Uitkomst.TOEGEWEZEN
        assert len(pad.categorieen) > len(besluit.granted)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_do_as_they_say(path: Path) -> None:
    """Each example in docs comes out as its name says."""
    besluit = DECIDER.decide(invoer.parse(invoer.load_yaml(path.read_bytes())))

    outcomes = {"mag": "toegewezen", "mag-niet": "geweigerd", "instemming": "instemming-vereist"}
    assert besluit.uitkomst == outcomes[path.stem]
