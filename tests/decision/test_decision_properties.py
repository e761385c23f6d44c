"""What holds for every dossier: the unknown never helps, order is nothing, a secret stays one."""

import copy
import random
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.decision.decide import Decider
from broker.decision.register import default_root
from broker.domain import invoer
from broker.domain.besluit import Besluit, Uitkomst
from broker.domain.dossier import Dossier
from broker.errors import InvalidInputError
from tests.decision.gevallen import WAITING, cases
from tests.decision.maker import Place, at, dossiers, places, without

SEEDS: Final = st.integers(min_value=0, max_value=2**32)
PICKS: Final = st.randoms(use_true_random=False)
GRANTED: Final = Uitkomst.TOEGEWEZEN
POLICE: Final = ("politiegegevens-8-13", "politiegegevens-9-10")

# Facts whose absence says something else than unknown, by the words of the contract.
SAYS_SOMETHING_ELSE: Final = {
    # Dossier: "The only members whose absence says something else are ends and optional moments",
    # of which it names these five.
    "tot", "beeindigd_op", "bewaren_tot", "laatste_feit_op", "ingebracht_op",
    # An absent beginning is the start: the published base cases give no deelnemer one.
    "vanaf",
    # Without items door 2 is `toegewezen`, by the words of the contract, unless a G ground falls.
    "gegevens",
}  # fmt: skip


def is_exempt(written: dict[str, Any], place: Place) -> bool:
    """Tell whether removing what stands at this place may help."""
    name = place[-1]
    # An element of a list is more than one fact: of an empty limit "*not limited by this*" holds,
    # and a deelnemer who is not listed need not be heard.
    if isinstance(name, int) or name in SAYS_SOMETHING_ELSE:
        return True
    # An instemming counts when it covers the category, and "none given: all".
    if place[0] == "instemmingen" and name == "categorieen":
        return True
    # "door 2: label not of its category": other than of police data the label is what refuses.
    return name == "wpg_artikel" and at(written, place[:-1]).get("categorie") not in POLICE


def decide(decider: Decider, written: Mapping[str, Any]) -> Besluit | None:
    """Return the besluit, or None when the dossier is not well formed."""
    try:
        return decider.decide(invoer.parse(written))
    except InvalidInputError:
        return None


def made(seed: int) -> tuple[dict[str, Any], Dossier]:
    """Return one made dossier, as written and as read."""
    return next(dossiers(seed))


def granted(besluit: Besluit) -> set[str | int | None]:
    """Return what is granted: categories by id, items by place."""
    items = {n for n, g in enumerate(besluit.gegevens) if g.uitkomst == GRANTED}
    return {c.id for c in besluit.categorieen if c.uitkomst == GRANTED} | items


def essence(besluit: Besluit) -> dict[str, Any]:
    """Return a besluit without the order of its parts, and without the places it points at."""
    parts = [(p.id, p.uitkomst, tuple(sorted(p.codes))) for p in besluit.gegevens]
    asked = [(p.id, p.uitkomst, tuple(sorted(p.codes))) for p in besluit.categorieen]
    needed = {
        (v.soort, v.organisatie, frozenset(v.categorieen)) for v in besluit.vereiste_instemmingen
    }
    return {
        "uitkomst": besluit.uitkomst,
        "categorieen": sorted(asked),
        "gegevens": sorted(parts, key=str),
        "codes": [grond.code for grond in besluit.weigeringsgronden],
        "nodig": needed,
        "voorwaarden": besluit.voorwaarden,
        "bewaren_tot": besluit.bewaren_tot,
    }


def plain(value: object) -> bool:
    """Tell whether this is what a reader of JSON gives, and nothing derived from it."""
    if type(value) is dict:
        return all(type(key) is str and plain(member) for key, member in value.items())
    if type(value) is list:
        return all(map(plain, value))
    return value is None or type(value) in {bool, int, str}


@settings(max_examples=300)
@given(seed=SEEDS)
def test_facts_are_json(decider: Decider, seed: int) -> None:
    """The rules read JSON values alone: nothing between dossier and rules makes them so."""
    facts = decider.facts(made(seed)[1])

    assert plain(facts)
    assert orjson.loads(orjson.dumps(facts)) == facts


@settings(max_examples=300)
@given(seed=SEEDS, pick=PICKS)
def test_removing_a_fact_never_helps(decider: Decider, seed: int, pick: random.Random) -> None:
    """Taking away any one fact never turns a refusal of the question or a part into a grant."""
    written, dossier = made(seed)
    before = decider.decide(dossier)
    removable = [place for place in places(written) if not is_exempt(written, place)]

    for place in pick.sample(removable, min(6, len(removable))):
        after = decide(decider, without(written, place))
        if after is not None:
            assert granted(after) <= granted(before), place
            assert before.uitkomst == GRANTED or after.uitkomst != GRANTED, place


def test_removing_a_fact_of_a_case_never_helps(decider: Decider) -> None:
    """Taking away a fact of a case that is refused, of each a third, never grants anything."""
    helped = []
    for number, case in enumerate(cases()):
        written = dict(case.dossier)
        before = decide(decider, written)
        if before is None or case.verwacht["uitkomst"] == GRANTED:
            continue
        for place in islice(places(written), number % 3, None, 3):
            if is_exempt(written, place):
                continue
            after = decide(decider, without(written, place))
            if after is not None and not granted(after) <= granted(before):
                helped.append((str(case), place))

    assert helped == []


@given(seed=SEEDS, pick=PICKS)
def test_order_and_repetition_change_nothing(
    decider: Decider, seed: int, pick: random.Random
) -> None:
    """Members of a list in another order, or twice, give the same besluit."""
    written, dossier = made(seed)
    shuffled = copy.deepcopy(written)

    for place in reversed(list(places(written))):
        members = at(shuffled, place) if isinstance(place[-1], str) else None
        if isinstance(members, list):
            # Each verlenging lengthens the term, and each item is answered: never the same twice.
            if members and place[-1] not in ("verlengingen", "gegevens"):
                members.append(copy.deepcopy(pick.choice(members)))
            if place[-1] != "gegevens":
                pick.shuffle(members)

    again = decide(decider, shuffled)
    assert again is not None
    assert essence(again) == essence(decider.decide(dossier))


@given(seed=SEEDS)
def test_a_decision_is_the_same_each_time(decider: Decider, seed: int) -> None:
    """The same dossier gives the same bytes, also in a program that was started anew."""
    _, dossier = made(seed)

    first, second = decider.decide(dossier), OTHER.decide(dossier)

    assert orjson.dumps(first.as_json()) == orjson.dumps(second.as_json())


@settings(max_examples=300)
@given(seed=SEEDS)
def test_besluit_is_sound(decider: Decider, seed: int) -> None:
    """A part is granted when nothing falls on it, and every ground is told once, with its text."""
    _, dossier = made(seed)
    besluit = decider.decide(dossier)
    parts = [*besluit.categorieen, *besluit.gegevens]
    told = [grond.code for grond in besluit.weigeringsgronden]

    for part in parts:
        refusing, waiting = set(part.codes) - WAITING, set(part.codes) & WAITING
        waits = Uitkomst.INSTEMMING_VEREIST if waiting else GRANTED
        assert part.uitkomst == (Uitkomst.GEWEIGERD if refusing else waits)
        assert not (refusing and waiting), "a consent is asked only for what nothing else refuses"
        assert len(set(part.codes)) == len(part.codes)
    assert len(set(told)) == len(told)
    assert {code for part in parts for code in part.codes} <= set(told)
    assert all(g.wet and g.artikel and g.uitleg and g.feit for g in besluit.weigeringsgronden)


@settings(max_examples=300)
@given(seed=SEEDS)
def test_outcome_is_that_of_its_parts(decider: Decider, seed: int) -> None:
    """The outcome is the one that all parts share, else `deels`; what must be kept has a term."""
    _, dossier = made(seed)
    besluit = decider.decide(dossier)
    parts = besluit.gegevens if dossier.deur == "verstrekking" else besluit.categorieen
    outcomes = {part.uitkomst for part in parts}
    something = GRANTED in outcomes

    if outcomes:
        assert besluit.uitkomst == (outcomes.pop() if len(outcomes) == 1 else Uitkomst.DEELS)
    else:
        assert besluit.uitkomst in (GRANTED, Uitkomst.GEWEIGERD)
    assert ("geheimhouding" in besluit.voorwaarden) == something
    assert ("bewaren-tot" in besluit.voorwaarden) == (besluit.bewaren_tot is not None)


@settings(max_examples=300)
@given(seed=SEEDS, pick=PICKS)
def test_requester_cannot_tell_that_an_excluded_item_was_there(
    decider: Decider, seed: int, pick: random.Random
) -> None:
    """What the requester sees is, to the byte, what it would see had the items never come."""
    written, dossier = made(seed)
    if dossier.deur != "verstrekking":
        return
    items = list(written.get("gegevens") or ())
    for label in ("12", "10.1.b"):
        secret = {"id": f"s{label}", "categorie": pick.choice(POLICE), "wpg_artikel": label}
        items.insert(pick.randrange(len(items) + 1), secret)

    seen = decider.decide(invoer.parse({**written, "gegevens": items})).for_requester()
    without_them = decider.decide(dossier).for_requester()

    assert all("categorie-uitgesloten" not in part.codes for part in seen.gegevens)
    assert orjson.dumps(seen.as_json()) == orjson.dumps(without_them.as_json())


@given(seed=SEEDS)
def test_what_the_requester_sees_grants_the_same(decider: Decider, seed: int) -> None:
    """Leaving items out changes no grant of a category or an item, and makes no new one."""
    _, dossier = made(seed)
    besluit = decider.decide(dossier)
    seen = besluit.for_requester()

    passing = [g for g in besluit.gegevens if g.uitkomst == GRANTED]
    assert [g for g in seen.gegevens if g.uitkomst == GRANTED] == passing
    assert [(c.id, c.uitkomst) for c in seen.categorieen] == [
        (c.id, c.uitkomst) for c in besluit.categorieen
    ]
    for told, whole in zip(seen.categorieen, besluit.categorieen, strict=True):
        assert set(told.codes) <= set(whole.codes)
        assert bool(told.codes) == bool(whole.codes)
    assert seen.for_requester() == seen


OTHER: Final = Decider.load(default_root())
