"""How a sample is drawn: the same for everybody, over all strata, and what it tells."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.domain.steekproef import (
    Eenheid,
    Oordeel,
    Oordeelstap,
    Steekproef,
    Stratum,
    Telling,
    Trekking,
    allocate,
    estimate,
    turn_of,
    verdict,
    wilson,
)
from broker.errors import ConflictError

STRATA = [
    Stratum(organisatie=o, uitkomst=u, herkomst=h)
    for o in ("a", "b")
    for u in ("toegewezen", "geweigerd")
    for h in ("x", "y")
]
sizes = st.lists(st.integers(0, 40), min_size=len(STRATA), max_size=len(STRATA))


def population(counts: list[int]) -> list[Eenheid]:
    """Make so many eenheden of each stratum."""
    return [
        Eenheid(kenmerk=f"v-{number}-{place}/1", index=100 * place + number, stratum=stratum)
        for place, (stratum, count) in enumerate(zip(STRATA, counts, strict=True))
        for number in range(count)
    ]


def drawn(eenheden: list[Eenheid], startwaarde: str, omvang: int) -> Steekproef:
    trekking = Trekking(startwaarde, omvang)
    for eenheid in eenheden:
        trekking.add(eenheid)
    return trekking.draw()


@given(sizes, st.text(max_size=20), st.integers(1, 60), st.randoms(use_true_random=False))
def test_same_seed_gives_the_same_sample(
    counts: list[int], startwaarde: str, omvang: int, chance: random.Random
) -> None:
    """With one startwaarde and population the sample is one, in whatever order it is read."""
    eenheden = population(counts)
    first = drawn(eenheden, startwaarde, omvang)
    chance.shuffle(eenheden)

    assert drawn(eenheden, startwaarde, omvang) == first


@given(sizes, st.integers(1, 60))
def test_sample_is_as_large_as_asked_and_over_all_strata(counts: list[int], omvang: int) -> None:
    """As many as asked or all, none twice, none from outside, and one of each stratum if it can."""
    eenheden = population(counts)
    found = drawn(eenheden, "week-47", omvang).eenheden
    strata = {eenheid.stratum for eenheid in eenheden}

    assert len(found) == min(omvang, len(eenheden)) == len(set(found))
    assert set(found) <= set(eenheden)
    if omvang >= len(strata):
        assert {eenheid.stratum for eenheid in found} == strata


@given(sizes, st.integers(1, 400))
def test_shares_are_those_of_the_largest_remainder(counts: list[int], omvang: int) -> None:
    """No stratum is more than one off its exact share of what is divided, or above its size."""
    named = {stratum: count for stratum, count in zip(STRATA, counts, strict=True) if count}
    found = allocate(omvang, named)
    total = min(omvang, sum(named.values()))
    each = 1 if total >= len(named) else 0
    left, rest = total - each * len(named), sum(named.values()) - each * len(named)

    assert sum(found.values()) == total
    for stratum, share in found.items():
        assert share <= named[stratum]
        exact = left * (named[stratum] - each) / rest if rest else 0
        assert abs(share - each - exact) < 1


def test_lowest_ranks_of_each_stratum_are_taken() -> None:
    """Within a stratum exactly those go in whose HMAC with the startwaarde is lowest."""
    eenheden = population([30, 5, 0, 0, 12, 0, 0, 0])
    found = drawn(eenheden, "week-47", 10).eenheden
    for stratum in STRATA:
        own = sorted((e for e in eenheden if e.stratum == stratum), key=lambda e: e.rank("week-47"))
        taken = {e for e in found if e.stratum == stratum}
        assert taken == set(own[: len(taken)])
    assert list(found) == sorted(found, key=lambda e: e.rank("week-47"))


def test_another_seed_gives_another_sample() -> None:
    """The startwaarde decides: of fifty questions two values do not pick the same ten."""
    eenheden = population([50, 0, 0, 0, 0, 0, 0, 0])

    assert drawn(eenheden, "a", 10) != drawn(eenheden, "b", 10)


def test_rank_is_the_published_hmac() -> None:
    """The rank is HMAC-SHA-256 by RFC 4231, test case 2, so anyone can do it over."""
    eenheid = Eenheid(kenmerk="what do ya want for nothing?", index=0, stratum=STRATA[0])

    assert eenheid.rank("Jefe")[0].hex() == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


@pytest.mark.parametrize(
    ("wrong", "size", "low", "high"),
    [(0, 10, 0.0, 0.2775), (1, 10, 0.0179, 0.4042), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1)],
)
def test_interval_is_that_of_wilson(wrong: int, size: int, low: float, high: float) -> None:
    """The bounds are those of the published tables for ten questions."""
    found = wilson(wrong / size, size)

    assert found == pytest.approx((low, high), abs=5e-5)


def test_strata_weigh_as_much_as_they_hold() -> None:
    """A large stratum of which few were seen counts for its size, and widens the interval."""
    large = Telling(omvang=900, getrokken=10, rechtmatig=10)
    small = Telling(omvang=100, getrokken=10, rechtmatig=5, onrechtmatig=5)
    found = estimate([large, small])

    assert found.aandeel == pytest.approx(0.05)
    assert found.dekking == 1
    assert found.laag is not None
    assert found.hoog is not None
    alone = wilson(0.05, 20)
    assert found.hoog - found.laag > alone[1] - alone[0]


@given(
    st.lists(
        st.tuples(st.integers(1, 500), st.integers(0, 20), st.integers(0, 20), st.integers(0, 5)),
        max_size=6,
    )
)
def test_estimate_lies_in_its_interval(found: list[tuple[int, int, int, int]]) -> None:
    """The share lies between its bounds, and is that of the population when all was seen."""
    tellingen = [
        Telling(
            omvang=extra + good + bad + unclear,
            getrokken=good + bad + unclear,
            rechtmatig=good,
            onrechtmatig=bad,
            onduidelijk=unclear,
        )
        for extra, good, bad, unclear in found
    ]
    told = estimate(tellingen)
    if told.aandeel is None:
        assert not any(telling.helder for telling in tellingen)
        return
    assert told.laag is not None
    assert told.hoog is not None
    assert 0 <= told.laag <= told.aandeel + 1e-9
    assert told.aandeel - 1e-9 <= told.hoog <= 1
    assert 0 < told.dekking <= 1
    assert math.isfinite(told.aandeel)


def step(beurt: int, oordeel: Oordeel, door: str) -> Oordeelstap:
    return Oordeelstap(beurt=beurt, oordeel=oordeel, door=door)


GOOD, BAD, UNCLEAR = Oordeel.RECHTMATIG, Oordeel.ONRECHTMATIG, Oordeel.ONDUIDELIJK


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        ([], None),
        ([GOOD], None),
        ([GOOD, GOOD], GOOD),
        ([GOOD, BAD], None),
        ([GOOD, BAD, BAD], BAD),
        ([GOOD, BAD, UNCLEAR], UNCLEAR),
    ],
)
def test_two_agree_or_a_third_decides(given: list[Oordeel], outcome: Oordeel | None) -> None:
    """One verdict is none, two alike are one, and where two differ the third decides."""
    steps = [step(n, oordeel, f"g-{n}") for n, oordeel in enumerate(given, start=1)]

    assert verdict(steps) is outcome
    if outcome is None:
        assert turn_of("g-9", steps) == len(steps) + 1
        for each in steps:
            with pytest.raises(ConflictError, match="ander"):
                turn_of(each.door, steps)
    else:
        with pytest.raises(ConflictError, match="klaar"):
            turn_of("g-9", steps)
