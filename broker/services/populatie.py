"""From what a review sample is drawn: every question to a source that ended in a period."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from audit.entry import Soort
from audit.ledger import Line
from audit.log import Log
from broker.domain.steekproef import Eenheid, Stratum
from broker.services.inzage.handelingen import stem_of

_ENDS: Final = (Soort.VERSTREKKING, Soort.WEIGERING, Soort.FOUT, Soort.ONBEPAALD)
_DECIDED: Final = frozenset({Soort.VERSTREKKING, Soort.WEIGERING})
_CHUNK: Final = 1000


def population(log: Log, van: dt.datetime, tot: dt.datetime, bound: int) -> Iterator[Eenheid]:
    """Yield each question that ended in the period, with a chunk of lines in memory.

    Args:
        log: Where they stand.
        van: From this moment on.
        tot: Before this moment.
        bound: Only lines before this index.
    """
    first, last = first_from(log, van, bound), first_from(log, tot, bound)
    for soort in _ENDS:
        start = first
        while start < last:
            lines = log.entries(start, _CHUNK, soort)
            for line in lines:
                if line.index < last and (eenheid := _eenheid(log, line)):
                    yield eenheid
            if len(lines) < _CHUNK:
                break
            start = lines[-1].index + 1


def first_from(log: Log, moment: dt.datetime, bound: int) -> int:
    """Return the first line from this moment on; lines stand in the order of their moments."""
    low, high = 0, bound
    while low < high:
        middle = (low + high) // 2
        if log.entry(middle).at < moment:
            low = middle + 1
        else:
            high = middle
    return low


def whole(log: Log, line: Line) -> Line:
    """Return a line with the facts of its voornemen, when only that still knew whose it was."""
    payload = line.payload or {}
    if line.soort is not Soort.ONBEPAALD or "voornemen" not in payload:
        return line
    return replace(line, payload={**(log.entry(payload["voornemen"]).payload or {}), **payload})


def _eenheid(log: Log, line: Line) -> Eenheid | None:
    payload = whole(log, line).payload or {}
    if "bron" not in payload:  # no question to a source, or destroyed
        return None
    stratum = Stratum(
        organisatie=payload["organisatie"],
        uitkomst=payload["uitkomst"] if line.soort in _DECIDED else line.soort.value,
        herkomst=payload["bron"],
    )
    return Eenheid(kenmerk=stem_of(line), index=line.index, stratum=stratum)
