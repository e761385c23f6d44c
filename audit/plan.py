"""Giving each entry of a batch its place."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

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


_Twin = tuple[int, str, bytes | None]
"""What a kenmerk stands for: index, soort, and payload, None when that cannot be read."""


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
        self._kek = kluis.kek
        self._skew = skew

    def place(self, items: Sequence[Prepared]) -> list[int] | AuditError:
        """Return the index of each entry of a group, or why none of it may be recorded."""
        begin, op = len(self.entries), self.op
        places = []
        for item in items:
            twin = self._placed.get(item.kenmerk) or (self._known and self._stored(item.kenmerk))
            if not twin:
                if not self._fit(item):
                    return self._undo(begin, op, ClockError(BEHIND))
                index = self.first + len(self.entries)
                self._placed[item.kenmerk] = (index, item.soort, item.payload)
                self.entries.append(item)
                places.append(index)
            elif twin[1:] == (item.soort, item.payload):
                places.append(twin[0])
            else:
                return self._undo(begin, op, DuplicateError(TAKEN))
        return places

    def _fit(self, item: Prepared) -> bool:
        """Give an entry its moment and keys; False when the clock was set back."""
        op = self.op
        if item.op < op:
            if too_late(item.op, op, self._skew):
                return False
            if fits(item, op, self._kek):
                item.move(op)
            else:
                renew(item, op, self._kluis)
        elif item.kek != self._kek:
            renew(item, item.op, self._kluis)
        self.op = item.op
        return True

    def _undo(self, begin: int, op: str, error: AuditError) -> AuditError:
        for item in self.entries[begin:]:
            del self._placed[item.kenmerk]
        del self.entries[begin:]
        self.op = op
        return error

    def _stored(self, kenmerk: str) -> _Twin | None:
        known = self._known.get(kenmerk)
        if known is None:
            return None
        try:
            found = self._kluis.unseal(known.key, known.zegel, kenmerk)
        except VaultError:
            # Whoever meddled with it; what it says is then no reason to call this the same.
            found = None
        return (known.seq, known.soort, None if found is None else found[1])
