"""Yearly figures: right totals, and no small count that can be told or worked out."""

import datetime as dt
import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.entry import Soort
from broker.services.uitvoer import bladzijde
from broker.services.uitvoer.jaarcijfers import LEAST, count, suppress, year_bounds
from broker.services.uitvoer.regels import Actie
from tests.uitvoer.gevallen import BEKEND, SLEUTEL, Regel, gevraagd, regel

COUNTS = st.dictionaries(
    st.text(alphabet="abcdefgh", min_size=1, max_size=3), st.integers(0, 12), max_size=5
)


def vragen(number: int, soort: Soort = Soort.VERSTREKKING, **more: object) -> Iterator[Actie]:
    """Yield so many questions that are alike."""
    for n in range(number):
        line = regel(n, soort, f"v-{n}/1", **gevraagd(**more))
        yield Actie(begin=line, einde=line)


def test_tables_count_questions() -> None:
    """Each table counts every question of the year once, by what it was and how it ended."""
    acties = [
        *vragen(10),
        *vragen(8, Soort.WEIGERING, bron="uwv", uitkomst="geweigerd", gronden=["buiten-zaak"]),
        *vragen(7, Soort.FOUT, fout="bron-te-laat", grondslag="wpg-18"),
    ]

    found = count(acties, 2026, BEKEND)

    tables = {t.naam: dict(t.rijen) for t in found.tabellen}
    assert found.totaal == 25
    assert tables["uitkomst"] == {"toegewezen": 10, "geweigerd": 8, "fout": 7}
    assert tables["bron"] == {"nla": 17, "uwv": 8}
    assert tables["grondslag"] == {"wgs-riec": 18, "wpg-18": 7}
    assert tables["grond"] == {"buiten-zaak": 8}


def test_only_questions_of_the_year_count() -> None:
    """Other lines, and what ended in another year in Amsterdam, stay out."""
    first, last = year_bounds(2026)
    outside = [
        Regel(index=1, soort=Soort.WEIGERING, at=at, kenmerk="v-1/1/weigering", payload=gevraagd())
        for at in (first - dt.timedelta(microseconds=1), last)
    ]
    other = [
        regel(2, Soort.TOETSING, "t-1", organisatie="nla", uitkomst="geweigerd"),
        regel(3, Soort.FOUT, "t-2", fout="geen-besluit", organisatie="nla"),
    ]
    acties = [Actie(begin=line, einde=line) for line in (*outside, *other)]

    assert count([*acties, *vragen(6)], 2026, BEKEND).totaal == 6
    assert first == dt.datetime(2025, 12, 31, 23, tzinfo=dt.UTC)


def test_destroyed_questions_still_count() -> None:
    """A question whose payload was destroyed counts in the total, under a row of its own."""
    gone = [
        Actie(begin=line, einde=line)
        for line in (
            Regel(
                index=n, soort=Soort.WEIGERING, at=first, kenmerk=f"v-{n}/1/weigering", payload=None
            )
            for n, first in enumerate([year_bounds(2026)[0]] * 5)
        )
    ]

    found = count([*gone, *vragen(6)], 2026, BEKEND)

    assert found.totaal == 11
    assert dict(found.tabellen[0].rijen) == {"inhoud vernietigd": 5, "toegewezen": 6}


def test_small_count_takes_another_with_it() -> None:
    """Beside one small count the next smallest is held back, so that it cannot be worked out."""
    assert suppress({"a": 2, "b": 6, "c": 40}, total=True) == {"a": None, "b": None, "c": 40}


def test_two_that_must_be_one_each_take_another() -> None:
    """Two counts of one would be known from their sum; so a third goes along."""
    counts = {"a": 1, "b": 1, "c": 9, "d": 30}

    assert suppress(counts, total=True) == {"a": None, "b": None, "c": None, "d": 30}


def test_table_that_cannot_be_told_is_not() -> None:
    """When nothing is left to hold back, there is no table."""
    assert suppress({"a": 1, "b": 2}, total=True) is None


def test_without_total_only_small_counts_are_held_back() -> None:
    """Where no total stands beside it, nothing can be worked out from the rest."""
    assert suppress({"a": 2, "b": 6}, total=False) == {"a": None, "b": 6}


@given(COUNTS)
def test_nobody_can_work_out_a_small_count(counts: dict[str, int]) -> None:
    """Whoever adds and subtracts finds for each held back count several numbers that fit."""
    told = suppress(counts, total=True)
    if told is None:
        return
    hidden = sorted(name for name, number in told.items() if number is None)
    rest = sum(counts.values()) - sum(n for n in told.values() if n is not None)

    assert all(n is None or n == 0 or n >= LEAST for n in told.values())
    fits = [
        split
        for split in itertools.product(range(1, rest + 1), repeat=len(hidden))
        if sum(split) == rest
    ]
    for place in range(len(hidden)):
        assert max(split[place] for split in fits) >= LEAST
        assert len({split[place] for split in fits}) > 1


@pytest.mark.parametrize("number", [0, 4, 5])
def test_few_questions_give_no_figures(number: int) -> None:
    """Under five questions nothing is told; none at all is a total of zero."""
    found = count(vragen(number), 2026, BEKEND)

    assert found.totaal == {0: 0, 4: None, 5: 5}[number]


def test_page_tells_the_same_in_plain_words() -> None:
    """The page has the total, and says of a held back count only that it is not named."""
    text = bladzijde.jaarcijfers(
        count([*vragen(9), *vragen(3, bron="uwv"), *vragen(8, bron="made-up")], 2026, BEKEND)
    )

    assert "In 2026 waren er 20 vragen aan een bron." in text
    assert '<tr><th scope="row">uwv</th><td>niet genoemd</td></tr>' in text
    assert '<tr><th scope="row">anders</th><td>niet genoemd</td></tr>' in text
    assert '<tr><th scope="row">nla</th><td>9</td></tr>' in text
    for secret in (SLEUTEL, "g-017", "hhk-1", "v-1", "made-up"):
        assert secret not in text


def test_few_questions_give_a_page_without_numbers() -> None:
    """With too few questions the page says so, and has no table."""
    text = bladzijde.jaarcijfers(count(vragen(4), 2026, BEKEND))

    assert "te weinig vragen" in text
    assert "<table>" not in text
