"""Days in Amsterdam, durations and terms: to the second, whatever the offset."""

import datetime as dt
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.domain.dossier import Dossier
from broker.domain.feiten import feiten, term
from broker.domain.kalender import (
    ALWAYS,
    AMSTERDAM,
    EPOCH,
    MICROSECOND,
    Duur,
    add,
    day_of,
    day_start,
    instant,
    later,
    parse_date,
    parse_duration,
    parse_moment,
)

SECOND: Final = 1_000_000
HOUR: Final = 3600 * SECOND
NOON: Final = "2026-06-15T12:00:00Z"
P1Y: Final = Duur(months=12, days=0)
P6M: Final = Duur(months=6, days=0)
DAYS: Final = st.dates()
MOMENTS: Final = st.integers(min_value=day_start(dt.date.min), max_value=day_start(dt.date.max))


def zaak(begin: str, *decided: str, **looptijd: object) -> dict[str, Any]:
    """Return of a zaak what its term is made of."""
    rules = {"duur": "P1Y", "verlengingen_max": 9, "totaal_max": "P9Y"} | looptijd
    return {
        "vastgesteld_op": begin,
        "looptijd": rules,
        "verlengingen": [{"besluit_op": op} for op in decided],
    }


def reads(parse: Callable[[str], object], text: str) -> bool:
    """Tell whether this text is read; what is not raises ValueError and nothing else."""
    try:
        parse(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-11-20T10:00:00+01:00", "2026-11-20T09:00:00Z"),
        ("2026-11-20T10:00:00+01:00", "2026-11-20T09:00:00z"),
        ("2026-11-20T10:00:00+01:00", "2026-11-20t09:00:00-00:00"),
        ("2026-11-20T10:00:00.5+01:00", "2026-11-19T19:15:00.500000-13:45"),
        ("2026-11-20T10:00:00.1234567+01:00", "2026-11-20T09:00:00.123456Z"),
    ],
)
def test_offsets_write_the_same_moment(text: str, same: str) -> None:
    """A moment is an instant; the offset it is written in does not matter."""
    assert parse_moment(text) == parse_moment(same)


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-11-20", "2026-11-20T10:00:00", "2026-11-20T10:00+01:00", "2026-11-20 10:00:00Z",
        "2026-11-20T24:00:00Z", "2026-11-20T10:60:00Z", "2026-11-20T10:00:60Z",
        "2026-11-20T10:00:00+24:00", "2026-11-20T10:00:00+01:60", "2026-11-20T10:00:00+0100",
        "2026-02-29T10:00:00Z", "2026-13-01T10:00:00Z", "0000-01-01T00:00:00Z",
        "2026-11-20T10:00:00.Z", "2026-11-20T10:00:00.1234567890Z", "٢٠٢٦-11-20T10:00:00Z",
        "2026-11-20T10:00:00Z ", "2026-W47-5T10:00:00Z", "9999-12-31T23:00:00Z",
        "0001-01-01T00:00:00+14:00", "20261120T100000Z",
    ],
)  # fmt: skip
def test_what_is_no_moment(text: str) -> None:
    """A moment has a date, a time to the second and an offset, and lies in the calendar."""
    assert not reads(parse_moment, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-1-2",
        "20260102",
        "2026-W01-1",
        "2026-02-29",
        "2026-00-01",
        "2026-001",
        "٢٠٢٦-01-01",
    ],
)
def test_what_is_no_date(text: str) -> None:
    """A date is `YYYY-MM-DD`, of a day that exists."""
    assert not reads(parse_date, text)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("P1Y", Duur(months=12, days=0)),
        ("P6M", Duur(months=6, days=0)),
        ("P1Y6M2W3D", Duur(months=18, days=17)),
        ("P0D", Duur(months=0, days=0)),
        ("P9999Y", Duur(months=119988, days=0)),
    ],
)
def test_durations(text: str, duration: Duur) -> None:
    """A duration is whole years, months, weeks and days."""
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text",
    ["", "P", "1Y", "P1", "PT1H", "P1DT1H", "P-1Y", "P1.5Y", "P1M1Y", "p1y", "P1Y ", "P10000Y"],
)
def test_what_is_no_duration(text: str) -> None:
    """Hours, fractions, signs and parts in another order are no duration of days."""
    assert not reads(parse_duration, text)


@pytest.mark.parametrize(
    ("day", "utc"),
    [
        ("2026-01-15", "2026-01-14T23:00:00Z"),
        ("2026-07-15", "2026-07-14T22:00:00Z"),
        ("2026-03-29", "2026-03-28T23:00:00Z"),
        ("2026-03-30", "2026-03-29T22:00:00Z"),
        ("2026-10-25", "2026-10-24T22:00:00Z"),
        ("2026-10-26", "2026-10-25T23:00:00Z"),
    ],
)
def test_a_day_begins_at_midnight_in_amsterdam(day: str, utc: str) -> None:
    """A date stands for 00:00 in Amsterdam, in summer and in winter."""
    assert instant(day) == parse_moment(utc)
    assert day_of(parse_moment(utc)).isoformat() == day
    assert day_of(parse_moment(utc) - 1).isoformat() < day


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-15", 24)]
)
def test_length_of_a_day(day: str, hours: int) -> None:
    """The day on which summer time begins has 23 hours, the day on which it ends 25."""
    begin = parse_date(day)

    assert day_start(begin + dt.timedelta(days=1)) - day_start(begin) == hours * HOUR


def test_the_hour_that_comes_twice() -> None:
    """The offset tells apart the two times that it is half past two on 25 October 2026."""
    first, second = "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"

    assert parse_moment(second) - parse_moment(first) == HOUR
    assert day_of(parse_moment(first)) == day_of(parse_moment(second)) == dt.date(2026, 10, 25)


@pytest.mark.parametrize(
    ("day", "duration", "end"),
    [
        ("2024-02-29", "P1Y", "2025-02-28"),
        ("2024-02-29", "P4Y", "2028-02-29"),
        ("2023-02-28", "P1Y", "2024-02-28"),
        ("2026-08-31", "P6M", "2027-02-28"),
        ("2027-08-31", "P6M", "2028-02-29"),
        ("2026-01-31", "P1M", "2026-02-28"),
        ("2026-01-31", "P2M", "2026-03-31"),
        ("2026-12-31", "P1D", "2027-01-01"),
        ("2026-01-31", "P1M1D", "2026-03-01"),
        ("2026-03-12", "P0D", "2026-03-12"),
        ("0001-01-01", "P1M", "0001-02-01"),
        ("9998-12-31", "P1Y", "9999-12-31"),
    ],
)
def test_the_same_day_that_much_later(day: str, duration: str, end: str) -> None:
    """A term ends on the same day of the month; without such a day on the last."""
    assert add(parse_date(day), parse_duration(duration)) == parse_date(end)


@pytest.mark.parametrize(("day", "duration"), [("9999-01-01", "P1Y"), ("9999-12-31", "P1D")])
def test_past_the_calendar_there_is_no_day(day: str, duration: str) -> None:
    """A term that ends after the year 9999 has no end that can be told."""
    assert add(parse_date(day), parse_duration(duration)) is None


@given(day=DAYS, months=st.integers(0, 600))
def test_a_later_day_keeps_its_number_or_is_the_last(day: dt.date, months: int) -> None:
    """Any number of months later it is the same day of the month, or the last of a short one."""
    end = add(day, Duur(months=months, days=0))

    if end is not None:
        assert (end.year * 12 + end.month) - (day.year * 12 + day.month) == months
        assert end.day == day.day or (end.day < day.day and (end + dt.timedelta(days=1)).day == 1)


@given(day=DAYS)
def test_every_day_holds_its_own_beginning(day: dt.date) -> None:
    """The instant at which a day begins lies in that day, from year 1 to 9999."""
    assert day_of(day_start(day)) == day
    assert -ALWAYS < day_start(day) < ALWAYS


@given(moment=MOMENTS)
def test_an_instant_lies_within_its_day(moment: int) -> None:
    """Every instant lies between the beginning of its day and that of the next."""
    day = day_of(moment)

    assert day_start(day) <= moment
    if day < dt.date.max:
        assert moment < day_start(day + dt.timedelta(days=1))


@given(seen=st.datetimes(timezones=st.just(dt.UTC), min_value=dt.datetime(2, 1, 1)))  # noqa: DTZ001 - hypothesis wants it so
def test_what_python_writes_is_read_back(seen: dt.datetime) -> None:
    """A moment that Python writes is read to the microsecond."""
    if seen.year < 9999:
        assert parse_moment(seen.isoformat()) == (seen - EPOCH) // MICROSECOND


@pytest.mark.parametrize(
    ("since", "end"),
    [
        # Over the beginning and the end of summer time, at the same time of the day.
        ("2026-01-15T10:30:00+01:00", "2026-07-15T10:30:00+02:00"),
        ("2026-07-15T10:30:00+02:00", "2027-01-15T10:30:00+01:00"),
        # From and to a day of 23 or 25 hours.
        ("2026-03-29T12:00:00+02:00", "2026-09-29T12:00:00+02:00"),
        ("2026-10-25T12:00:00+01:00", "2027-04-25T12:00:00+02:00"),
        ("2025-09-29T12:00:00+02:00", "2026-03-29T12:00:00+02:00"),
        # A time that comes twice that day is the first; one that does not come is an hour later.
        ("2026-04-25T02:30:00+02:00", "2026-10-25T02:30:00+02:00"),
        ("2025-09-29T02:30:00+02:00", "2026-03-29T03:30:00+02:00"),
        ("2026-08-31T23:59:59+02:00", "2027-02-28T23:59:59+01:00"),
    ],
)
def test_a_term_from_a_moment_ends_at_that_time_of_the_day(since: str, end: str) -> None:
    """Six months after a moment it is the same time in Amsterdam."""
    assert later(parse_moment(since), P6M, past_calendar=0) == parse_moment(end)


@given(day=st.dates(max_value=dt.date(9990, 1, 1)))
def test_a_term_from_a_date_ends_at_midnight(day: dt.date) -> None:
    """Six months after a date is the beginning of a day."""
    end = add(day, P6M)
    assert end is not None

    assert later(day_start(day), P6M, past_calendar=0) == day_start(end)


def test_a_term_past_the_calendar_has_the_end_it_is_given() -> None:
    """What lies past the calendar is for the caller to say."""
    assert later(instant("9999-12-31"), P1Y, past_calendar=-7) == -7


@pytest.mark.parametrize(
    ("what", "end"),
    [
        (zaak("2026-03-12"), "2027-03-12"),
        (zaak("2026-03-12", "2027-03-11"), "2028-03-12"),
        (zaak("2026-03-12", "2027-03-11T22:59:59Z"), "2028-03-12"),
        (zaak("2026-03-12", "2027-03-11T23:00:00Z"), "2027-03-12"),
        (zaak("2026-03-12", "2027-03-12"), "2027-03-12"),
        (zaak("2026-03-12", "2028-01-01", "2027-01-01"), "2029-03-12"),
        (zaak("2026-03-12", "2027-01-01", "2027-01-02"), "2029-03-12"),
        (zaak("2026-03-12", "2027-01-01", "2027-01-02", verlengingen_max=1), "2028-03-12"),
        (zaak("2026-03-12", "2027-01-01", verlengingen_max=0), "2027-03-12"),
        (zaak("2026-03-12", "2027-01-01", verlengingen_max=None), "2027-03-12"),
        (zaak("2026-03-12", "2027-01-01", totaal_max=None), "2027-03-12"),
        (zaak("2026-03-12", "2027-01-01", "2028-01-01", totaal_max="P2Y"), "2028-03-12"),
        (zaak("2026-03-12", "2027-01-01", totaal_max="P729D"), "2027-03-12"),
        (zaak("2024-02-29"), "2025-02-28"),
        # (k) each extension chains on the end before it, so the leap day does not come back.
        (zaak("2024-02-29", "2025-01-01", "2026-01-01", "2027-01-01"), "2028-02-28"),
        (zaak("2026-08-31", "2026-09-15", duur="P1M", totaal_max="P1Y"), "2026-10-30"),
        (zaak("2026-03-29", duur="P7M"), "2026-10-29"),
    ],
)  # fmt: skip
def test_end_of_a_zaak(what: dict[str, Any], end: str) -> None:
    """The term begins and ends at midnight in Amsterdam; an extension in time adds one duration."""
    assert term(what) == (instant(what["vastgesteld_op"]), instant(end))


@pytest.mark.parametrize(
    "what",
    [
        zaak("2026-03-12") | {"vastgesteld_op": None},
        zaak("2026-03-12") | {"looptijd": None},
        zaak("2026-03-12", duur=None),
        zaak("2026-03-12", duur="P9000Y"),
    ],
)
def test_a_term_that_cannot_be_computed(what: dict[str, Any]) -> None:
    """Without a begin, a duration or an end within the calendar there is no term."""
    assert term(what) is None


@pytest.mark.parametrize(
    ("labels", "moment", "day"),
    [
        ({}, "2026-06-15T21:59:59Z", "2031-06-15"),
        ({}, "2026-06-15T22:00:00Z", "2031-06-16"),
        ({}, "2024-02-29T12:00:00+01:00", "2029-02-28"),
        ({"ingebracht_op": "2022-05-05"}, "2026-06-15T12:00:00Z", "2027-05-05"),
        ({"ingebracht_op": "2022-05-05", "bewaren_tot": "2026-07-01"}, NOON, "2026-07-01"),
        ({"bewaren_tot": "2040-01-01"}, "2026-06-15T12:00:00Z", "2031-06-15"),
        ({"bewaren_tot": "9999-12-31"}, "9998-06-15T12:00:00Z", None),
        ({}, "9998-06-15T12:00:00Z", None),
    ],
)  # fmt: skip
def test_how_long_an_item_is_kept(labels: dict[str, str], moment: str, day: str | None) -> None:
    """An item is kept five years from the day it came in, or as long as its supplier says.

    A term that ends past the calendar keeps nothing.
    """
    dossier = Dossier.model_validate(
        {
            "versie": 1, "deur": "verstrekking", "moment": moment,
            "gegevens": [{"id": "g1", "categorie": "identificatie", **labels}],
        }
    )  # fmt: skip
    item = feiten(dossier, {"bewaren": Duur(months=60, days=0)})["gegevens"][0]
    kept = min(item["bewaren_einden"][0], item["bewaren_tot"])

    assert (day_of(kept).isoformat() if kept > -ALWAYS else None) == day


def test_amsterdam_keeps_its_summer_time() -> None:
    """The time zone of this machine knows Amsterdam, with and without summer time."""
    offsets = {dt.datetime(2026, month, 1, tzinfo=AMSTERDAM).utcoffset() for month in (1, 7)}

    assert offsets == {dt.timedelta(hours=1), dt.timedelta(hours=2)}
