"""A dated file does not change: a change of the law is a new file with a later date.

What a rule set that was in force said of a date, a later one says too; else a besluit of that day
would tell of another law. Only a remark may be added, and an end to come, where there was none.
Nor may a law get another file of a day that has come: it would take the place of the one that was
in force.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from broker.decision.bestanden import Bestanden, Versie
from broker.decision.regelset import Regelfout, Regelset
from broker.domain.kalender import parse_date

_BEGIN = "geldig_vanaf"
_END = "geldig_tot"


def herschreven(oud: Regelset, nieuw: Regelset, vandaag: dt.date) -> list[Regelfout]:
    """Return each file with which the new rule set tells another law of a day up to this one.

    Raises:
        RegisterError: One of the two cannot be read.
    """
    before, after = _dated(oud), _dated(nieuw)
    return [*_fouten(before, after, vandaag), *_ingevoegd(before, after, vandaag)]


def _dated(regelset: Regelset) -> dict[str, Versie[Any]]:
    return {versie.bestand: versie for versie in Bestanden.read(regelset).versies()}


def _fouten(
    before: dict[str, Versie[Any]], after: dict[str, Versie[Any]], vandaag: dt.date
) -> Iterator[Regelfout]:
    for name, was in before.items():
        now = after.get(name)
        if now is None:
            yield Regelfout(bestand=name, regel=None, reden="Dit bestand gold al en ontbreekt nu.")
        elif _told(was, now) != dict(now.plain):
            yield now.fout("Dit bestand gold al, en zegt nu iets anders.", *_where(was, now))
        elif was.plain.get(_END) is None and _has_come(end := now.plain.get(_END), vandaag):
            yield now.fout(f"Dit bestand gold nog, en eindigt nu op {end}.", _END)


def _ingevoegd(
    before: dict[str, Versie[Any]], after: dict[str, Versie[Any]], vandaag: dt.date
) -> Iterator[Regelfout]:
    """Yield each file that is new, of a law that was there, from a day that has come."""
    laws = {_law(name) for name in before}
    for name in sorted(after.keys() - before.keys()):
        begin = after[name].plain.get(_BEGIN)
        if _law(name) in laws and (begin is None or _has_come(begin, vandaag)):
            yield after[name].fout("Dit bestand komt erbij voor dagen die al voorbij zijn.", _BEGIN)


def _law(name: str) -> str:
    return name.rpartition("/")[0]


def _has_come(day: str | None, vandaag: dt.date) -> bool:
    return day is not None and parse_date(day) <= vandaag


def _told(was: Versie[Any], now: Versie[Any]) -> dict[str, Any]:
    """Return what the file said before, with the end that it may have got since."""
    told = dict(was.plain)
    if told.get(_END) is None and _END in now.plain:
        told[_END] = now.plain[_END]
    return told


def _where(was: Versie[Any], now: Versie[Any]) -> tuple[str | int, ...]:
    """Return the place of the first difference: a member, and in a list of rules which rule."""
    told = _told(was, now)
    names = dict.fromkeys([*now.plain, *told])
    name = next(name for name in names if told.get(name) != now.plain.get(name))
    old, new = told.get(name), now.plain.get(name)
    if isinstance(old, list) and isinstance(new, list):
        for n, (one, other) in enumerate(zip(old, new, strict=False)):
            if one != other:
                return (name, n)
    return (name,)
