"""Versions of the law, and who may change the rules."""

from typing import Any, Final

import pytest

from broker.decision.decide import Decider
from broker.decision.regelset import Regelset
from broker.domain import invoer
from tests.decision.gevallen import ROOT
from tests.wet.proef import besluit, decider, dossier, grounds

RULE: Final = "policies/besluit/vraag.rego"
LATE: Final = {"moment": "2025-02-28T23:59:59+01:00"}


def register(name: str) -> list[dict[str, Any]]:
    """Return what the besluit on this dossier tells of the law that it used."""
    found: list[dict[str, Any]] = besluit(name).versies["register"]
    return found


@pytest.mark.parametrize("name", ["hhk", "convenant", "incidenteel"])
def test_w46_p47_a_besluit_names_its_rules_and_its_law(name: str) -> None:
    """Each besluit tells the digest of the rules and the dated law that it used (AVG 5(2))."""
    told = {entry["id"] for entry in register(name)}

    assert besluit(name).versies["regels"] == decider().digest
    assert dossier(name)["grondslag"] in told
    assert all("geldig_vanaf" in entry for entry in register(name))


def test_w46_p47_another_rule_has_another_digest() -> None:
    """One changed letter in a rule is seen in each besluit after it (AVG 5(2))."""
    old = Regelset.from_folder(ROOT)
    changed = {**old.bestanden, RULE: old.bestanden[RULE] + b"\n# anders\n"}
    new = Decider.load(Regelset(bestanden=changed))
    told = new.decide(invoer.parse(dossier("hhk"))).versies["regels"]

    assert told == new.digest != decider().digest


def test_w46_p47_the_law_of_the_day_decides() -> None:
    """To the second: the convenant until 1 March 2025, the WGS from then on (BGS 4.1)."""
    begun = {"moment": "2025-03-01T00:00:00+01:00"}

    assert "grondslag-niet-in-werking" in grounds("hhk", LATE)
    assert "grondslag-niet-in-werking" in grounds("convenant", begun)
    assert "grondslag-niet-in-werking" not in grounds("hhk", begun)
