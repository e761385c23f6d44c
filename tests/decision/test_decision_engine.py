"""The engine is not trusted: an answer that is no sound verdict is no verdict, never a grant."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from broker.decision.decide import Decider
from broker.decision.dialect.engine import CompiledEngine
from broker.decision.regelset import Regelset
from broker.decision.register import Register, default_root
from broker.decision.rules import PolicyEngine, Rules
from broker.domain import invoer
from broker.errors import DecisionError
from tests.decision.gevallen import bases, merge

REGELSET: Final = Regelset.from_folder(default_root())
REGISTER: Final = Register.load(REGELSET)
RULES: Final = Rules(REGELSET)
GRANTED: Final = {"id": "bedrijfsgegevens", "uitkomst": "toegewezen", "codes": []}
REFUSED: Final = {
    "id": "bedrijfsgegevens",
    "uitkomst": "geweigerd",
    "codes": ["categorie-niet-van-bron"],
}


class Says:
    """An engine that gives one answer, whatever is asked."""

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def evaluate(self, facts: Mapping[str, Any]) -> object:
        """Return the answer."""
        assert facts
        return self._answer


def saying(answer: object) -> Decider:
    """Return a decider whose engine gives this answer."""

    def factory(rules: Rules, data: Mapping[str, Any]) -> PolicyEngine:
        assert rules.text
        assert data
        return Says(answer)

    return Decider.load(REGELSET, factory)


def sound(name: str) -> dict[str, Any]:
    """Return the true answer of the rules to a base dossier."""
    dossier = invoer.parse(bases()[name])
    answer = CompiledEngine(RULES, REGISTER.data).evaluate(REGISTER.feiten(dossier))
    assert isinstance(answer, dict)
    return answer


@pytest.mark.parametrize("answer", [{}, None, [], "toegewezen", 1, True, [{}]], ids=repr)
def test_something_else_is_no_verdict(answer: object) -> None:
    """An answer that is no besluit at all is refused."""
    with pytest.raises(DecisionError):
        saying(answer).decide(invoer.parse(bases()["hhk"]))


@pytest.mark.parametrize("base", ["hhk", "antwoord"])
def test_every_member_must_be_there(base: str) -> None:
    """Without any one of its members an answer is no verdict, and with all of them it is."""
    answer = sound(base)
    dossier = invoer.parse(bases()[base])

    for name in answer:
        less = {key: value for key, value in answer.items() if key != name}
        with pytest.raises(DecisionError):
            saying(less).decide(dossier)
    assert saying(answer).decide(dossier).uitkomst == "toegewezen"


Change = Callable[[dict[str, Any]], object]
UNSOUND: Final[dict[str, Change]] = {
    "fewer categories": lambda a: a["categorieen"].pop(),
    "more categories": lambda a: a["categorieen"].append(GRANTED),
    "categories in another order": lambda a: a["categorieen"].reverse(),
    "another category": lambda a: a["categorieen"][0].update(id="fiscaal"),
    "granted with a ground": lambda a: a["categorieen"][0].update(codes=["doel-ontbreekt"]),
    "refused without a ground": lambda a: a["categorieen"][0].update(uitkomst="geweigerd"),
    "a part that is partly granted": lambda a: a["categorieen"][0].update(
        uitkomst="deels", codes=["doel-ontbreekt"]
    ),
    "an outcome of nobody": lambda a: a["categorieen"][0].update(uitkomst="misschien"),
    "granted while a part is refused": lambda a: a["categorieen"].__setitem__(0, REFUSED),
    "refused while all parts are granted": lambda a: a.update(uitkomst="geweigerd"),
    "granted while the question is refused": lambda a: a.update(gronden=["doel-ontbreekt"]),
    "a ground of nobody": lambda a: a.update(
        gronden=["omdat"],
        uitkomst="geweigerd",
        categorieen=[
            {"id": c["id"], "uitkomst": "geweigerd", "codes": ["omdat"]} for c in a["categorieen"]
        ],
    ),
    "grounds that are no text": lambda a: a.update(gronden=[1, None]),
    "grounds that are nothing": lambda a: a.update(gronden=None),
    "categories that are nothing": lambda a: a.update(categorieen=None),
    "categories that are text": lambda a: a.update(categorieen=["bedrijfsgegevens"]),
    "an item that did not come": lambda a: a.update(gegevens=[GRANTED]),
    "a consent of no kind": lambda a: a.update(instemmingen=[{}]),
    "conditions that are nothing": lambda a: a.update(voorwaarden=None),
}


@pytest.mark.parametrize("what", UNSOUND)
def test_unsound_verdict_is_none(what: str) -> None:
    """A verdict that contradicts itself, or judges something else, is refused."""
    answer = sound("hhk")
    UNSOUND[what](answer)

    with pytest.raises(DecisionError):
        saying(answer).decide(invoer.parse(bases()["hhk"]))


def test_door_2_without_items_is_not_granted_over_a_ground() -> None:
    """Where nothing came back a ground on the question still closes the door."""
    dossier = invoer.parse(merge(bases()["antwoord"], {"gegevens": []}))
    answer = sound("antwoord") | {"gegevens": [], "gronden": ["doel-ontbreekt"]}
    answer["categorieen"] = [
        {"id": part["id"], "uitkomst": "geweigerd", "codes": ["doel-ontbreekt"]}
        for part in answer["categorieen"]
    ]

    with pytest.raises(DecisionError):
        saying(answer).decide(dossier)


def test_failing_engine_tells_nothing_of_the_dossier() -> None:
    """The error of an engine that fails holds no fact of the dossier."""
    engine = CompiledEngine(RULES, REGISTER.data)

    with pytest.raises(DecisionError) as caught:
        engine.evaluate({"sleutel": "p-90ce", "moment": object()})

    assert "p-90ce" not in str(caught.value)
    assert caught.value.__suppress_context__
