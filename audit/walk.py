"""All stretches of a log put together: one tree, one order, every signed root.

Stretches may have been checked beside each other; here they come in order.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from audit.errors import TileError
from audit.findings import Code, Findings
from audit.merkle import EMPTY_ROOT, grow, node_hash, root_of
from audit.outcome import Job, Mark, Outcome, Place
from audit.stretch import STRETCH
from audit.tiles import TileReader, width_at
from audit.tree import TILE_HEIGHT, TILE_WIDTH

LEVEL = 2
"""A full stretch is one node of this level."""
_SUSPECTS = 1000

Check = Callable[[Job], Outcome]
Seek = Callable[[Sequence[tuple[bytes, int]]], Iterable[int]]
"""Of ends whose voornemen is not open: gives those that never had one before them."""


class Walk:
    """Takes in the stretches of a log one by one; adds what is wrong to the findings."""

    def __init__(self, place: Place, findings: Findings, *, again: Check, seek: Seek) -> None:
        """Begin.

        Args:
            place: Where the log lies.
            findings: Where to add.
            again: Checks a stretch once more, when its moments turn out to be too early.
            seek: Looks for voornemens that are not open any more.
        """
        self._place = place
        self._findings = findings
        self._again = again
        self._seek = seek
        self._tiles = TileReader(place.directory, place.published.size)
        self._nodes: list[list[bytes]] = []
        self._spine: list[bytes] = []
        """The roots of what lies before the next stretch, from the right to the left."""
        self._last: Outcome | None = None
        self._suspects: list[tuple[bytes, int]] = []
        self._before = 0
        self._denied: int | None = None
        self.covered = 0
        """All lines before this one were signed as they are (`_before`: the time before)."""
        self.holds = True
        self.next = 0
        """The line that is to come."""
        self.op = b""
        self.index = 0
        self.opened: dict[bytes, int] = {}
        """Stem and line of each voornemen without an end."""
        self.roots: dict[int, bytes] = {0: EMPTY_ROOT}
        """The root at each size that was asked or signed otherwise than it is."""
        self.asked: defaultdict[int, list[bytes]] = defaultdict(list)
        """Roots that were signed outside the database, by size."""

    def jobs(self) -> list[Job]:
        """Return the stretches to check."""
        total = self._place.total
        return [
            Job(
                first=first,
                end=min(first + STRETCH, total),
                sizes=tuple(s for s in self.asked if first < s <= first + STRETCH),
            )
            for first in range(0, total, STRETCH)
        ]

    def begin(self, signed: Iterable[bytes]) -> None:
        """Compare what was signed for a log without lines."""
        for root in (*signed, *self.asked.get(0, ())):
            self._compare(0, EMPTY_ROOT, root)

    def take(self, out: Outcome) -> None:
        """Take in the next stretch."""
        if out.first_op and out.first_op < self.op:
            out = self._again(replace(out.job, floor=self.op))
        for code, first, last, sentence in out.findings:
            self._findings.add(code, first, last, sentence)
        for mark in out.marks:
            self._pass(mark)
        self.op = max(self.op, out.last_op)
        self.index += out.index
        self._pair(out)
        self.next = out.job.end
        self._grow(out)

    def finish(self) -> None:
        """Tell what is left when all stretches are in."""
        self._resolve()
        for level, row in enumerate(self._nodes, LEVEL):
            self._check_tile(level, self._number(level), row)
        if self._denied is not None:
            self._findings.add(Code.BOOM, self.covered, self._denied - 1)
            self.covered = self._denied
        if self.covered < self.next:
            self._findings.add(Code.ONGEDEKT, self.covered, self.next - 1)

    def peaks(self) -> bytes | None:
        """Return the frontier over all lines, highest first; None when lines are missing."""
        if not self.holds:
            return None
        last = self._last
        found = {}
        levels = [*([] if last is None else [last.edge, last.roots]), *self._nodes]
        if last is None or len(last.roots) == TILE_WIDTH:
            levels = [[], [], *self._nodes]
        for level, row in enumerate(levels):
            if row:
                for height, node in grow({}, 0, row).peaks.items():
                    found[level * TILE_HEIGHT + height] = node
        return b"".join(found[height] for height in sorted(found, reverse=True))

    # The tree.

    def _grow(self, out: Outcome) -> None:
        self._last = out
        if out.job.end - out.job.first < STRETCH:
            self.holds = self.holds and out.holds
            return
        root = root_of(out.roots) if out.holds else self._stored(out.job.first // STRETCH)
        self.holds = self.holds and root is not None
        if root is not None:
            self._add(LEVEL, root)
            self._spine = [
                node for row in self._nodes if row for node in grow({}, 0, row).peaks.values()
            ]

    def _stored(self, number: int) -> bytes | None:
        # A stretch of which lines are missing: the tile above may know its root.
        try:
            width = width_at(self._place.published.size, LEVEL, number // TILE_WIDTH)
            if number % TILE_WIDTH < width:
                return self._tiles.tile(LEVEL, number // TILE_WIDTH)[number % TILE_WIDTH]
        except TileError:
            pass
        return None

    def _add(self, level: int, node: bytes) -> None:
        if level - LEVEL == len(self._nodes):
            self._nodes.append([])
        row = self._nodes[level - LEVEL]
        row.append(node)
        if len(row) == TILE_WIDTH:
            self._check_tile(level, self._number(level), row)
            root = root_of(row)
            row.clear()
            self._add(level + 1, root)

    def _number(self, level: int) -> int:
        # The tile of this level that is being filled.
        return max(self.next - 1, 0) >> (TILE_HEIGHT * (level + 1))

    def _check_tile(self, level: int, number: int, row: Sequence[bytes]) -> None:
        width = width_at(self._place.published.size, level, number)
        if not width or not row or not self.holds:
            return
        first = number * TILE_WIDTH
        shift = TILE_HEIGHT * level
        try:
            stored = self._tiles.tile(level, number)
        except TileError as error:
            last = ((first + width) << shift) - 1
            self._findings.add(Code.TEGEL, first << shift, last, str(error))
            return
        for place, (own, other) in enumerate(zip(row, stored, strict=False), first):
            if own != other:
                self._findings.add(Code.TEGEL, place << shift, ((place + 1) << shift) - 1)

    # What was signed.

    def _pass(self, mark: Mark) -> None:
        if mark.root is None or not self.holds:
            return
        root = mark.root
        for node in self._spine:
            root = node_hash(node, root)
        if mark.signed is not None:
            self._compare(mark.size, root, mark.signed)
            return
        self.roots[mark.size] = root
        for signed in self.asked[mark.size]:
            self._compare(mark.size, root, signed)

    def _compare(self, size: int, root: bytes, signed: bytes) -> None:
        if root == signed:
            if self._denied is not None:
                # This root covers those lines too: they are right, so two roots were signed.
                self._findings.add(Code.SPLITSING, self.covered, self._denied - 1)
                self._denied = None
            if size > self.covered:
                self._before, self.covered = self.covered, size
            return
        self.roots[size] = root
        if size == self.covered:
            self._findings.add(Code.SPLITSING, self._before, size - 1)
        elif self._denied is None:
            self._denied = size

    # Voornemens.

    def _pair(self, out: Outcome) -> None:
        opened = self.opened
        for stem, number, release in out.ended:
            if opened.pop(stem, None) is None and release:
                self._suspects.append((stem, number))
        opened.update(out.opened)
        if len(self._suspects) >= _SUSPECTS:
            self._resolve()

    def _resolve(self) -> None:
        for number in self._seek(self._suspects):
            self._findings.add(Code.ZONDER_VOORNEMEN, number)
        self._suspects = []
