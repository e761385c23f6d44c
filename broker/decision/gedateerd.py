"""A dated file does not change: a change of the law is a new file with a later date.

What a rule set that was in force said of a date, a later one says too; else a besluit of that day
would tell of another law. Only an end may be added, where there was none, and a remark.
"""

from collections.abc import Iterator
from typing import Any

from broker.decision.bestanden import Bestanden, Versie
from broker.decision.regelset import Regelfout, Regelset

_END = "geldig_tot"


def herschreven(oud: Regelset, nieuw: Regelset) -> list[Regelfout]:
    """Return each dated file of the old rule set that the new one tells otherwise, or lacks.

    Raises:
        RegisterError: One of the two cannot be read.
    """
    before, after = _dated(oud), _dated(nieuw)
    return [*_fouten(before, after)]


def _dated(regelset: Regelset) -> dict[str, Versie[Any]]:
    return {versie.bestand: versie for versie in Bestanden.read(regelset).versies()}


def _fouten(before: dict[str, Versie[Any]], after: dict[str, Versie[Any]]) -> Iterator[Regelfout]:
    for name, was in before.items():
        now = after.get(name)
        if now is None:
            yield Regelfout(bestand=name, regel=None, reden="Dit bestand gold al en ontbreekt nu.")
        elif _told(was, now) != dict(now.plain):
            yield now.fout("Dit bestand gold al, en zegt nu iets anders.", *_where(was, now))


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
