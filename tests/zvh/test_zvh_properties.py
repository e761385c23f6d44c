"""What holds for every dossier of a Zorg- en Veiligheidshuis, whatever else it says."""

import datetime as dt
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.decision.decide import Decider
from broker.domain import invoer
from broker.domain.kalender import Duur, add
from tests.decision.gevallen import ZVH, bases, merge

WAYS: Final = (
    "uitdrukkelijke-toestemming",
    "wettelijke-plicht",
    "wettelijke-bevoegdheid",
    "goed-hulpverlenerschap",
)
BROUGHT: Final = dt.date(2021, 6, 1)
SUPPLIER: Final = "waterrijk-college"
FIVE_YEARS, TWO_YEARS = Duur(months=60, days=0), Duur(months=24, days=0)

days = st.dates(dt.date(2025, 3, 1), dt.date(2034, 12, 31))
renewals = st.lists(st.tuples(days, st.none() | days), max_size=5)


def decide(decider: Decider, base: str, patch: dict[str, Any]) -> Any:  # noqa: ANN401 - a besluit
    """Return the besluit on a dossier of the cases with this patch."""
    return decider.decide(invoer.parse(merge(bases(ZVH)[base], patch)))


def kept_until(renewed: list[tuple[dt.date, dt.date | None]], moment: dt.date) -> dt.date:
    """Return the end that the law gives, reckoned one renewal after the other.

    Each consent holds it to its own end too: the strict reading where there are several.
    """
    begin, end = dt.date.min, add(BROUGHT, FIVE_YEARS)
    valid = [(op, tot) for op, tot in renewed if op <= moment and (tot is None or moment < tot)]
    limit = min((tot for _, tot in valid if tot is not None), default=dt.date.max)
    while end is not None:
        if not any(begin <= op < end for op, _ in valid):
            return min(end, limit)
        begin, end = end, add(end, TWO_YEARS)
    raise AssertionError


@settings(max_examples=200, deadline=None)
@given(moment=days, renewed=renewals)
def test_renewals_are_reckoned_one_after_the_other(
    decider: Decider, moment: dt.date, renewed: list[tuple[dt.date, dt.date | None]]
) -> None:
    """An item passes until five years, plus two after each renewal decided before the last end."""
    patch = {
        "moment": f"{moment}T12:00:00Z",
        "vrager": {"gebruiker": {"geautoriseerd_tot": "2036-01-01"}},
        "zaak": {
            "vastgesteld_op": "2025-01-01",
            "looptijd": {"duur": "P20Y", "totaal_max": "P20Y"},
        },
        "instemmingen": [
            {"soort": "bewaarverlenging", "organisatie": SUPPLIER, "door": "c-3", "op": str(op)}
            | ({"tot": str(tot)} if tot else {})
            for op, tot in renewed
        ],
    }

    besluit = decide(decider, "bewaard", patch)

    end = kept_until(renewed, moment)
    assert besluit.uitkomst == ("toegewezen" if moment < end else "geweigerd")
    assert besluit.bewaren_tot == (str(end) if moment < end else None)


@settings(max_examples=100, deadline=None)
@given(
    soort=st.sampled_from(["bevraging", "treffer-geen-treffer"]),
    source=st.sampled_from(
        ["ggd", "ggz-instelling", "gecertificeerde-instelling", "zorginstelling"]
    ),
    way=st.none() | st.sampled_from([*WAYS, "leverancier", "geen-bezwaar", "bevoegd-gezag"]),
    giver=st.sampled_from(["bron-wl", "waterrijk-college"]),
    category=st.sampled_from(["gezondheid", "identificatie", "woonsituatie", "begeleiding-zorg"]),
)
def test_secrecy_yields_to_four_ways_only(
    decider: Decider, soort: str, source: str, way: str | None, giver: str, category: str
) -> None:
    """What a holder of secrecy knows passes when it recorded one of the four ways, else never."""
    patch: dict[str, Any] = {
        "verzoek": {"soort": soort, "categorieen": [category]},
        "bron": {"organisatie": "bron-wl", "deelnemer": source},
        "zaak": {
            "deelnemers": [
                {"organisatie": "om-wl", "deelnemer": "om", "rol": "kern"},
                {"organisatie": "bron-wl", "deelnemer": source, "rol": "kern"},
            ]
        },
        "instemmingen": [{"soort": way, "organisatie": giver, "door": "a-1", "op": "2026-06-01"}]
        if way
        else [],
    }

    besluit = decide(decider, "ggz", patch)

    broken = way in WAYS and giver == "bron-wl"
    assert besluit.uitkomst == ("toegewezen" if broken else "instemming-vereist")


@pytest.mark.parametrize("base", [name for name in bases(ZVH) if name != "bewaard"])
def test_a_closed_casus_gives_nothing(decider: Decider, base: str) -> None:
    """Whatever a casus would give, after its end it gives nothing, for every kind of question."""
    closed = {"zaak": {"status": "beeindigd", "beeindigd_op": "2026-06-01"}}
    kinds = ["bevraging", "treffer-geen-treffer", "resultaatdeling"]
    deur = bases(ZVH)[base]["deur"]
    asked = [k for k in kinds if deur == "verstrekking" or k != "resultaatdeling"]

    told = [decide(decider, base, {**closed, "verzoek": {"soort": kind}}) for kind in asked]

    assert {besluit.uitkomst for besluit in told} == {"geweigerd"}
    assert all("zaak-beeindigd" in {g.code for g in b.weigeringsgronden} for b in told)
