"""Giving each entry of a batch its place."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from audit.entry import Prepared, format_moment, parse_moment
from audit.errors import AuditError, ClockError, DuplicateError, VaultError
from audit.kluis import Kluis
from audit.ledger import Head, Known
from audit.prepare import fits, renew
from audit.shred import Shredding

BEHIND: Final = "De klok loopt achter op de laatste regel. Er is niets vastgelegd."
TAKEN: Final = "Dit kenmerk staat al bij een andere regel. Er is niets vastgelegd."


def too_late(op: str, last: str, skew: dt.timedelta) -> bool:
    """Tell whether a moment lies further before that of the last line than overtaking explains."""
    return op < last and parse_moment(last) - parse_moment(op) > skew


def in_time(what: Shredding, last: str, skew: dt.timedelta) -> Shredding:
    """Return a shredding at its own moment, or at that of the last line when it was overtaken.

    Raises:
        ClockError: The clock was set back.
    """
    op = format_moment(what.entry.at)
    if op >= last:
        return what
    if too_late(op, last, skew):
        raise ClockError(BEHIND)
    return replace(what, entry=replace(what.entry, at=parse_moment(last)))


class _Twin(NamedTuple):
    """What a kenmerk stands for; `payload` is None when it was destroyed or cannot be read."""

    seq: int
    soort: str
    payload: bytes | None


class Plan:
    """Gives each entry of a batch its index."""

    def __init__(
        self, head: Head, known: Mapping[str, Known], kluis: Kluis, skew: dt.timedelta
    ) -> None:
        """Begin a batch after `head`; `known` are kenmerken that are taken."""
        self.first = head.size
        self.op = head.op
        self.entries: list[Prepared] = []
        self._placed: dict[str, _Twin] = {}
        self._known = known
        self._kluis = kluis
        self._skew = skew

    def place(self, items: Sequence[Prepared]) -> list[int] | AuditError:
        """Return the index of each entry of a group, or why none of it may be recorded."""
        fresh: list[Prepared] = []
        own: dict[str, _Twin] = {}
        places = []
        op = self.op
        for item in items:
            twin = self._placed.get(item.kenmerk) or own.get(item.kenmerk)
            if twin is None and self._known:
                twin = self._stored(item.kenmerk)
            if twin is None:
                if item.op < op and too_late(item.op, op, self._skew):
                    return ClockError(BEHIND)
                op = max(item.op, op)
                self._fit(item, op)
                index = self.first + len(self.entries) + len(fresh)
                own[item.kenmerk] = _Twin(index, item.soort, item.payload)
                fresh.append(item)
                places.append(index)
            elif (twin.soort, twin.payload) == (item.soort, item.payload):
                places.append(twin.seq)
            else:
                return DuplicateError(TAKEN)
        self.entries += fresh
        self._placed |= own
        self.op = op
        return places

    def _fit(self, item: Prepared, moment: str) -> None:
        if not fits(item, moment, self._kluis.kek):
            renew(item, moment, self._kluis)
        elif item.op != moment:
            item.move(moment)

    def _stored(self, kenmerk: str) -> _Twin | None:
        known = self._known.get(kenmerk)
        if known is None:
            return None
        try:
            found = self._kluis.unseal(known.key, known.zegel, kenmerk)
        except VaultError:
            # Whoever meddled with it; what it says is then no reason to call this the same.
            found = None
        return _Twin(known.seq, known.soort, None if found is None else found[1])
