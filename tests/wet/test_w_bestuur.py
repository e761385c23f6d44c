"""Versions of the law, and who may change the rules."""

from base64 import b64encode
from typing import Any, Final

import pytest

from broker.decision.decide import Decider
from broker.decision.regelset import Regelset
from broker.domain import invoer
from tests.api.conftest import World
from tests.decision.gevallen import ROOT
from tests.regels.conftest import REDEN, changed
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


async def proposed(world: World) -> str:
    """Propose other rules, test them, and return the address of the version."""
    other = changed(RULE, ("# METADATA", "# Anders.\n# METADATA"))
    body = {"archief": b64encode(other.to_archive()).decode(), "reden": REDEN}
    assert (await world.call("POST", "/regelversies", "beheer-1", body)).status_code == 201
    path = f"/regelversies/{other.digest}"
    assert (await world.call("POST", f"{path}/beproeving", "fg-1", {})).status_code == 201
    return path


@pytest.mark.parametrize("body", [{}, {"advies": None}, {"advies": {"kenmerk": "RAC-1"}}])
async def test_w40_p45_new_rules_wait_for_the_committee(world: World, body: dict[str, Any]) -> None:
    """Without the advice or a reason to deviate there is no approval, and no force (BGS 1.13)."""
    path = await proposed(world)
    refused = await world.call("POST", f"{path}/goedkeuring", "fg-1", body)
    early = await world.call("POST", f"{path}/inwerkingtreding", "beheer-1", {})

    assert (refused.status_code, early.status_code) == (400, 409)


@pytest.mark.parametrize(
    "body",
    [
        {"advies": {"kenmerk": "RAC-2026-7", "datum": "2026-11-01"}},
        {"afwijking": "De commissie kende het nieuwe artikel nog niet."},
    ],
)
async def test_w40_p45_advice_or_reason_is_recorded(world: World, body: dict[str, Any]) -> None:
    """Another than the proposer approves; what it rests on is kept and logged (BGS 1.13(6))."""
    path = await proposed(world)
    own = await world.call("POST", f"{path}/goedkeuring", "beheer-1", body)
    approved = await world.call("POST", f"{path}/goedkeuring", "fg-1", body)
    force = await world.call("POST", f"{path}/inwerkingtreding", "beheer-1", {})
    told = [line.payload for line in world.services.log.entries(0, 100) if line.payload]
    (line,) = [p for p in told if p.get("wat") == "regelversie-goedgekeurd"]

    assert own.status_code in {403, 409}
    assert [step["inhoud"] for step in approved.json()["stappen"]][-1] == body
    assert force.json()["status"] == "in-werking"
    assert all(line[name] == fact for name, fact in body.items())
