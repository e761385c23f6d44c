"""Reads the log for an export: as it was at one signed checkpoint, page by page."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Final

from audit.entry import CLOSING, Leaf, Soort, stem
from audit.kluis import Mac, mark_of
from audit.log import Log
from audit.merkle import leaf_hash
from audit.note import Checkpoint, Note
from broker.services.uitvoer.regels import Line

PAGE: Final = 500
CHUNK: Final = 16_384
"""Leaves that are read at once."""


class Lezer:
    """One view of the log. What is recorded later is not in it. Not for the event loop."""

    def __init__(self, log: Log) -> None:
        """Look at the log as it is now."""
        self._log = log
        self.controlepunt = log.checkpoint()
        self.size = Checkpoint.parse(Note.parse(self.controlepunt).text).size

    def lines(self, first: int = 0, last: int | None = None) -> Iterator[Line]:
        """Yield the lines first..last-1 in order, with one page in memory.

        Raises:
            LogReadError: The log cannot be read.
        """
        end = self.size if last is None else min(last, self.size)
        while first < end:
            page = self._log.entries(first, min(PAGE, end - first))
            if not page:
                return
            yield from page
            first = page[-1].index + 1

    def of_subject(self, keys: Sequence[bytes]) -> Iterator[Line]:
        """Yield the lines that bear the mark of a subject, also those that were destroyed.

        Raises:
            LogReadError: The log cannot be read.
        """
        macs = [Mac(key) for key in keys]
        for first in range(0, self.size, CHUNK):
            leaves = self.leaves(first, min(first + CHUNK, self.size))
            for index, data in enumerate(leaves, start=first):
                leaf = Leaf.parse(data)
                if any(mark_of(mac, leaf.kenmerk) == leaf.merk for mac in macs):
                    yield self._log.entry(index)

    def leaves(self, low: int, high: int) -> Sequence[bytes]:
        """Return the leaves of lines low..high-1.

        Raises:
            LogReadError: The log cannot be read.
        """
        return self._log.leaves(low, high)

    def hashes(self, low: int, high: int) -> Sequence[bytes]:
        """Return the hashes of the leaves of lines low..high-1."""
        return [leaf_hash(leaf) for leaf in self.leaves(low, high)]

    def first_from(self, moment: dt.datetime | None) -> int:
        """Return the index of the first line at or after a moment; moments never go back."""
        low, high = 0, self.size
        while moment is not None and low < high:
            middle = (low + high) // 2
            if self._log.entry(middle).at < moment:
                low = middle + 1
            else:
                high = middle
        return low if moment is not None else 0

    def until(self, moment: dt.datetime | None) -> int:
        """Return the index after the last line before a moment; None is the end."""
        return self.size if moment is None else self.first_from(moment)

    def earlier(self, line: Line) -> Line | None:
        """Return the voornemen that a line closes, which its payload names by index."""
        index = (line.payload or {}).get("voornemen")
        if line.soort not in CLOSING or type(index) is not int or not 0 <= index < line.index:
            return None
        found = self._log.entry(index)
        same = stem(found.soort, found.kenmerk) == stem(line.soort, line.kenmerk)
        return found if found.soort is Soort.VOORNEMEN and same else None
