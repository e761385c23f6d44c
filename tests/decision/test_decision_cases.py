"""Our own cases of the contract, in our own words; each tells the exact set of grounds."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from broker.decision.decide import Decider
from broker.domain import invoer
from tests.decision.gevallen import ZVH, Geval, bases, cases, expected, merge, outcome, plain


@pytest.mark.parametrize("case", cases(), ids=str)
def test_case_comes_out_as_told(decider: Decider, case: Geval) -> None:
    """The besluit on this dossier has the outcome and exactly the grounds of the case."""
    besluit = plain(decider.decide(invoer.parse(case.dossier)))

    assert outcome(besluit, case.verwacht) == expected(case.verwacht)


def test_names_are_unique() -> None:
    """No two cases of one theme have the same name, so that a failure points at one."""
    names = [str(case) for case in cases()]

    assert len(set(names)) == len(names)


def test_every_ground_is_told_somewhere() -> None:
    """Each ground of the contract falls in some case, and falls not in another."""
    texts: set[str] = {
        code
        for path in (Path(__file__).parents[2] / "grondslagen" / "redenen").glob("*.yaml")
        for code in yaml.safe_load(path.read_text(encoding="utf-8"))["redenen"]
    }
    told = [set(case.verwacht["codes"]) for case in (*cases(), *cases(ZVH))]

    assert set().union(*told) == texts
    assert [code for code in texts if all(code in codes for codes in told)] == []


def shared_cases(shared: Path) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Return the published cases: name, dossier and what must come out."""
    folder = shared / "scenarios"
    if not folder.is_dir():
        pytest.skip("de gevallen van het contract (../shared/scenarios) zijn er niet")
    found = {
        path.stem.removeprefix("base-"): yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in folder.glob("base-*.yaml")
    }
    cases = yaml.safe_load((folder / "cases.yaml").read_text(encoding="utf-8"))
    return [(c["name"], merge(found[c["base"]], c["patch"]), c["expect"]) for c in cases]


def test_published_cases(decider: Decider, shared: Path) -> None:
    """Each of the published cases of the contract comes out as published."""
    published = shared_cases(shared)

    wrong = {
        name: got
        for name, dossier, expect in published
        if (got := outcome(plain(decider.decide(invoer.parse(dossier))), expect))
        != expected(expect)
    }

    assert len(published) >= 45
    assert wrong == {}


@pytest.mark.parametrize("recipient", ["derde-privaat", "derde-publiek", "ander-riec", "deelnemer"])
def test_a_basis_between_two_partners_serves_no_result(decider: Decider, recipient: str) -> None:
    """Results are of a samenwerkingsverband: another basis does not serve their recipient."""
    patch = {
        "deur": "verstrekking",
        "grondslag": "wpg-16",
        "vrager": {"organisatie": "om-wl", "deelnemer": "om", "taak": "ro-124"},
        "verzoek": {"soort": "resultaatdeling", "categorieen": ["politiegegevens-8-13"]},
        "ontvanger": {"organisatie": "havenbedrijf", "soort": recipient, "grond": "publieke-taak"},
    }

    besluit = decider.decide(invoer.parse(merge(bases()["tweezijdig"], patch)))

    assert "grondslag-verkeerd-spoor" in {grond.code for grond in besluit.weigeringsgronden}


@pytest.mark.parametrize("category", ["politiegegevens-12", "politiegegevens-10-1-b", "gezondheid"])
def test_requester_does_not_hear_of_an_excluded_category(decider: Decider, category: str) -> None:
    """An item of an excluded category that came unasked is not told of to the requester."""
    items = [{"id": "s1", "categorie": category, "herkomst": "politie-wl"}]

    besluit = decider.decide(invoer.parse(bases()["politieantwoord"] | {"gegevens": items}))

    assert besluit.for_requester().gegevens == ()
