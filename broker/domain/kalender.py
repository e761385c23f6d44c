"""Calendar law: days in Amsterdam, durations, the end of a term.

A date stands for 00:00 Europe/Amsterdam of that day. Instants are whole microseconds since
1970-01-01T00:00Z, so that the rules compare integers and nothing is lost to rounding.
"""

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND: Final = dt.timedelta(microseconds=1)
# Further away than any moment of the calendar, before or after; a 64-bit integer.
ALWAYS: Final = 10**18

# RFC 3339 section 5.6; the offset is not optional.
_MOMENT: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(\.\d{1,9})?"
    r"([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# ISO 8601 durations of whole calendar parts; a term ends at midnight, so hours have no meaning.
_DURATION: Final = re.compile(
    r"P(?=\d)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?", re.ASCII
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duur:
    """A duration of whole months and days."""

    months: int
    days: int


@lru_cache(maxsize=65536)
def parse_moment(text: str) -> int:
    """Read an RFC 3339 moment with offset as an instant, in microseconds.

    Raises:
        ValueError: The text is no such moment, has no offset, or lies past the calendar.
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError(text)
    day, time, fraction, offset = match.groups()
    zone = "+00:00" if offset in "Zz" else offset
    seen = dt.datetime.fromisoformat(f"{day}T{time}{zone}")
    micros = int(((fraction or ".")[1:] + "000000")[:6])
    moment = (seen - EPOCH) // MICROSECOND + micros
    if not _FIRST <= moment < _PAST_LAST:
        raise ValueError(text)
    return moment


@lru_cache(maxsize=65536)
def parse_date(text: str) -> dt.date:
    """Read a date `YYYY-MM-DD`.

    Raises:
        ValueError: The text is no date of the calendar.
    """
    if _DATE.fullmatch(text) is None:
        raise ValueError(text)
    return dt.date.fromisoformat(text)


@lru_cache(maxsize=65536)
def instant(text: str) -> int:
    """Return the instant of a date (its 00:00 in Amsterdam) or of a moment with offset.

    Raises:
        ValueError: The text is neither.
    """
    return day_start(parse_date(text)) if len(text) == len("2026-11-20") else parse_moment(text)


@lru_cache(maxsize=65536)
def day_start(day: dt.date) -> int:
    """Return the instant at which this day begins in Amsterdam."""
    begin = dt.datetime(day.year, day.month, day.day, tzinfo=AMSTERDAM)
    return (begin - EPOCH) // MICROSECOND


def in_force(since: str | None, until: str | None, moment: int) -> bool:
    """Tell whether since <= moment < until; without a beginning from the start, or without end."""
    begun = since is None or instant(since) <= moment
    return begun and (until is None or moment < instant(until))


@lru_cache(maxsize=65536)
def day_of(moment: int) -> dt.date:
    """Return the day in Amsterdam that holds this instant."""
    return _local(moment).date()


def in_utc(moment: int) -> dt.datetime:
    """Return this instant as a moment in UTC.

    Raises:
        OverflowError: It lies outside the calendar of UTC.
    """
    return EPOCH + dt.timedelta(microseconds=moment)


def later(moment: int, duration: Duur, *, past_calendar: int) -> int:
    """Return the instant of the same time of the day in Amsterdam, that much later.

    Of a time that comes twice that day (the end of summer time) the first.
    """
    seen = _local(moment)
    end = add(seen.date(), duration)
    if end is None:
        return past_calendar
    then = dt.datetime.combine(end, seen.time(), tzinfo=AMSTERDAM)
    return (then - EPOCH) // MICROSECOND


def _local(moment: int) -> dt.datetime:
    if moment < _FIRST_IN_UTC:
        since = dt.timedelta(microseconds=moment - _FIRST)
        return dt.datetime.min.replace(tzinfo=AMSTERDAM) + since
    return in_utc(moment).astimezone(AMSTERDAM)


@lru_cache(maxsize=1024)
def parse_duration(text: str) -> Duur:
    """Read an ISO 8601 duration of years, months, weeks and days, such as `P1Y` or `P6M`.

    Raises:
        ValueError: The text is no such duration.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(text)
    years, months, weeks, days = (int(part or 0) for part in match.groups())
    return Duur(months=12 * years + months, days=7 * weeks + days)


@lru_cache(maxsize=65536)
def add(day: dt.date, duration: Duur) -> dt.date | None:
    """Return the same day that much later; no such day: the last of that month.

    None when it lies past the calendar.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + duration.months, 12)
    try:
        last = calendar.monthrange(year, month + 1)[1]
        return dt.date(year, month + 1, min(day.day, last)) + dt.timedelta(days=duration.days)
    except (ValueError, OverflowError):
        return None


# The first and the last day that exist, in Amsterdam: a moment outside them has no day.
_FIRST: Final = day_start(dt.date.min)
# The calendar of Python begins some minutes later in UTC than in Amsterdam.
_FIRST_IN_UTC: Final = (dt.datetime.min.replace(tzinfo=dt.UTC) - EPOCH) // MICROSECOND
_PAST_LAST: Final = day_start(dt.date.max) + dt.timedelta(days=1) // MICROSECOND
