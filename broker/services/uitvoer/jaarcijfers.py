"""Yearly figures, for everybody: how many questions, of whom, to whom and how they ended.

There are no persons in them, and no number from which one could be found. A count below five is
not told. Because each table has the same total, the missing number could be worked out from the
others; so more counts are held back, the smallest first, until what is missing could be shared
out in many ways. When a whole table cannot be told so, none is.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from audit.entry import CLOSING, Soort
from broker.domain import kalender
from broker.services.uitvoer.regels import OTHER, Actie, Bekend

LEAST: Final = 5
"""The smallest count that is told."""
DESTROYED: Final = "inhoud vernietigd"
NONE: Final = "geen"
_QUESTION: Final = "v-"
"""How the id of a verzoek begins."""
_ENDINGS: Final = {Soort.FOUT: "fout", Soort.ONBEPAALD: "onbepaald"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tabel:
    """One table; an `aantal` of None is held back. Without `telt_op` its rows have no total."""

    naam: str
    titel: str
    telt_op: bool
    rijen: tuple[tuple[str, int | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Jaarcijfers:
    """The figures of one year; without `totaal` there were too few questions to tell anything."""

    jaar: int
    totaal: int | None
    tabellen: tuple[Tabel, ...]

    def as_json(self) -> dict[str, Any]:
        """Return them as plain data; `null` is a count that is held back."""
        return {
            "jaar": self.jaar,
            "kleinste_getal": LEAST,
            "totaal": self.totaal,
            "tabellen": [
                {
                    "naam": t.naam,
                    "titel": t.titel,
                    "telt_op_tot_totaal": t.telt_op,
                    "rijen": [{"naam": naam, "aantal": aantal} for naam, aantal in t.rijen],
                }
                for t in self.tabellen
            ],
        }


_TABELLEN: Final = (
    ("uitkomst", "Hoe de vragen afliepen", True),
    ("organisatie", "Wie er vroeg", True),
    ("bron", "Aan wie er is gevraagd", True),
    ("grondslag", "Op welke wettelijke basis", True),
    ("verschijnsel", "Over welke vorm van misdaad", True),
    # A question can have several grounds, or none.
    ("grond", "Waarom er is geweigerd", False),
)


def year_bounds(jaar: int) -> tuple[dt.datetime, dt.datetime]:
    """Return the first moment of a year in Amsterdam, and that of the next."""
    begins = (dt.date(jaar, 1, 1), dt.date(jaar + 1, 1, 1))
    first, last = (kalender.in_utc(kalender.day_start(day)) for day in begins)
    return first, last


def count(acties: Iterable[Actie], jaar: int, bekend: Bekend) -> Jaarcijfers:
    """Return the figures of a year.

    Args:
        acties: At least those that ended in this year.
        jaar: The year, in Amsterdam.
        bekend: The names that may be told.
    """
    first, last = year_bounds(jaar)
    counts: dict[str, Counter[str]] = {naam: Counter() for naam, _, _ in _TABELLEN}
    total = 0
    for actie in acties:
        if first <= actie.einde.at < last and is_question(actie):
            total += 1
            for naam, values in _values(actie, bekend).items():
                counts[naam].update(values)
    return _told(jaar, total, counts)


def is_question(actie: Actie) -> bool:
    """Tell whether this is a question to a source; a destroyed one is known by its kenmerk."""
    if actie.einde.soort not in CLOSING:
        return False
    payload = actie.payload
    if payload is None:
        return actie.einde.kenmerk.startswith(_QUESTION)
    return "bron" in payload


def suppress(counts: Mapping[str, int], *, total: bool) -> dict[str, int | None] | None:
    """Return the counts of a table with those that may not be told held back (None).

    With a `total` beside it, at least two are held back, and together so many that each of them
    might be five or more.

    Returns:
        None when even all of them together would tell too much.
    """
    order = sorted(counts, key=lambda name: (counts[name], name))
    hidden = {name for name in order if 0 < counts[name] < LEAST}
    if hidden and total:
        rest = [name for name in order if name not in hidden and counts[name]]
        while not _safe([counts[name] for name in hidden]):
            if not rest:
                return None
            hidden.add(rest.pop(0))
    return {name: None if name in hidden else counts[name] for name in sorted(counts)}


def _safe(hidden: list[int]) -> bool:
    # Each is at least 1, so one of them can be as large as what the others leave.
    return len(hidden) > 1 and sum(hidden) - (len(hidden) - 1) >= LEAST


def _values(actie: Actie, bekend: Bekend) -> dict[str, list[str]]:
    payload = actie.payload
    if payload is None:
        return {naam: [DESTROYED] for naam, _, adds in _TABELLEN if adds}
    outcome = payload.get("uitkomst")
    ending = _ENDINGS.get(actie.einde.soort) or bekend.name("uitkomst", outcome) or OTHER
    named = {
        naam: [bekend.name(naam, payload.get(naam)) or NONE]
        for naam in ("organisatie", "bron", "grondslag", "verschijnsel")
    }
    return {
        "uitkomst": [ending],
        **named,
        "grond": sorted(set(bekend.names("gronden", payload.get("gronden")))),
    }


def _told(jaar: int, total: int, counts: Mapping[str, Counter[str]]) -> Jaarcijfers:
    tabellen = []
    for naam, titel, adds in _TABELLEN:
        rows = suppress(counts[naam], total=adds)
        if rows is None or 0 < total < LEAST:
            return Jaarcijfers(jaar=jaar, totaal=None, tabellen=())
        tabellen.append(Tabel(naam=naam, titel=titel, telt_op=adds, rijen=tuple(rows.items())))
    return Jaarcijfers(jaar=jaar, totaal=total, tabellen=tuple(tabellen))
