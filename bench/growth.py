"""Ten times the register: does a decision still cost the same, here and in OPA?

The bases and laws stand in it ten times, each copy under names of its own, so that everything that
is looked up is looked up among ten times as much. Small and large take turns, in rounds so short
that what else the machine does falls on both.
"""

import re
from collections.abc import Callable
from contextlib import ExitStack
from itertools import chain, zip_longest
from statistics import median
from typing import Any, Final

from bench.decision import base_dossier, opa_decider
from bench.figures import Cijfers, summary, timed
from broker.decision.decide import Decider
from broker.decision.regelset import Regelset
from broker.decision.register import default_root

TIMES: Final = 10
_REGISTER: Final = re.compile(r"grondslagen/(?!redenen)[a-z]+/([a-z0-9-]+)/[^/]+\.yaml")


def grown(regelset: Regelset, times: int = TIMES) -> Regelset:
    """Return the rule set with every law and basis this many times in it."""
    files = dict(regelset.bestanden)
    found = {name: match[1] for name in files if (match := _REGISTER.fullmatch(name))}
    names = sorted(set(found.values()), key=len, reverse=True)
    # The consent of Wpg 20 is named after its law, and is no name of ours.
    word = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, names))})(?![\w]|-20-besluit)")
    for number in range(2, times + 1):

        def renamed(text: str, number: int = number) -> str:
            return word.sub(rf"\1-{number}", text)

        for name, own in found.items():
            copy = name.replace(f"/{own}/", f"/{own}-{number}/")
            # The id of a rule is its law and article, though a basis may have that name too.
            rule = re.compile(rf"(?<=- id: ){re.escape(own)}-(\S+)")
            parts = rule.split(regelset.bestanden[name].decode())
            ids = [f"{own}-{number}-{article}" for article in parts[1::2]]
            texts = map(renamed, parts[::2])
            mixed = (part for pair in zip_longest(texts, ids, fillvalue="") for part in pair)
            files[copy] = "".join(mixed).encode()
    return Regelset(bestanden=files)


def measure(count: int, rounds: int, *, with_opa: bool) -> dict[str, Any]:
    """Decide the base dossier with the register as it is and ten times as large, in turns.

    Returns:
        For each engine (`ingebouwd`, `opa` or None) the figures of both over all rounds, and
        `ratio`: the middle one over the rounds of large divided by small, by p50.
    """
    small = Regelset.from_folder(default_root())
    large = grown(small)
    with ExitStack() as stack:
        embedded = _turns(count, rounds, Decider.load(small), Decider.load(large))
        served = None
        if with_opa:
            pair = [stack.enter_context(opa_decider(regelset)) for regelset in (small, large)]
            served = _turns(max(count // 5, 1), rounds, *pair)
    return {"ingebouwd": embedded, "opa": served}


def _turns(count: int, rounds: int, small: Decider, large: Decider) -> dict[str, Any]:
    dossier = base_dossier()
    pairs = [(_one(count, small, dossier), _one(count, large, dossier)) for _ in range(rounds)]
    return {
        "nu": _together([pair[0] for pair in pairs]),
        "tienvoud": _together([pair[1] for pair in pairs]),
        "ratio": round(median(median(b) / median(a) for a, b in pairs), 3),
    }


def _one(count: int, decider: Decider, dossier: Any) -> list[int]:  # noqa: ANN401
    decide: Callable[[int], object] = lambda _: decider.decide(dossier)  # noqa: E731
    return timed(count, decide)[0]


def _together(rounds: list[list[int]]) -> Cijfers:
    each = list(chain.from_iterable(rounds))
    return summary(each) | {"per_second": round(len(each) * 1e9 / sum(each), 1)}
