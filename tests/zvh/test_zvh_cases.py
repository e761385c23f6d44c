"""The cases of the Zorg- en Veiligheidshuizen; each tells the exact set of grounds."""

import re
from typing import Final

import pytest

from broker.decision.decide import Decider
from broker.decision.uitleg import explain
from broker.domain import invoer
from tests.decision.gevallen import ZVH, Geval, cases, expected, outcome, plain

# A name begins with the article that the case is about.
ARTICLE: Final = re.compile(r"(WGS|BGS|Wpg) \d+(\.\d+)?(\([0-9a-z]+\))?[a-z]?(-\d+\.\d+)?, ")


@pytest.mark.parametrize("case", cases(ZVH), ids=str)
def test_case_comes_out_as_told(decider: Decider, case: Geval) -> None:
    """The besluit on this dossier has the outcome and exactly the grounds of the case."""
    besluit = plain(decider.decide(invoer.parse(case.dossier)))

    assert outcome(besluit, case.verwacht) == expected(case.verwacht)


def test_each_case_names_its_article() -> None:
    """Every case is named after an article, no two are named alike, and there are plenty."""
    names = [case.naam for case in cases(ZVH)]

    assert [name for name in names if not ARTICLE.match(name)] == []
    assert len(set(names)) == len(names) >= 25


@pytest.mark.parametrize("case", cases(ZVH), ids=str)
def test_no_ground_is_told_by_an_article_of_another(decider: Decider, case: Geval) -> None:
    """No refusal here rests on an article about the RIEC's or on their phases."""
    besluit = decider.decide(invoer.parse(case.dossier))
    told = [f"{g.wet} {a}" for g in besluit.weigeringsgronden for a in g.artikel.split(", ")]

    assert [a for a in told if re.match(r"WGS 2\.(1[6-9]|2[0-3])\b|BGS 2\.1[3-6]\b", a)] == []


@pytest.mark.parametrize("case", cases(ZVH), ids=str)
def test_each_ground_is_explained(decider: Decider, case: Geval) -> None:
    """Each ground is told with what stood in the dossier, and with nothing left to fill in."""
    dossier = invoer.parse(case.dossier)
    besluit = decider.decide(dossier)

    told = explain(decider, dossier, besluit, full=True).bevindingen

    assert {b.code for b in told} == {g.code for g in besluit.weigeringsgronden}
    assert [b.gevonden for b in told if not b.gevonden or "{" in b.gevonden] == []
