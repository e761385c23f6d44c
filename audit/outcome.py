"""What is handed out and handed back when a log is checked stretch by stretch."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from audit.checkpoint import Checkpoint
from audit.findings import Code
from audit.forms import ENDS, VERSTREKKING, VOORNEMEN, Lines
from audit.vkey import Vkey


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a log lies, and how much of it there should be."""

    directory: Path
    vkey: Vkey
    published: Checkpoint
    """What the files are of."""
    rows: int
    """Lines in the database; 0 also when there is none."""
    quiet: bool
    """Nobody has the database open."""

    @property
    def total(self) -> int:
        """Lines in files and database together."""
        return max(self.published.size, self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Which stretch to check. `sizes` are those at which the root is asked."""

    first: int
    end: int
    sizes: tuple[int, ...] = ()
    floor: bytes = b""
    """The moment before which no line may lie."""


class Mark(NamedTuple):
    """The root over the lines of a stretch up to a size, and what was signed for that size."""

    size: int
    root: bytes | None
    """None when lines are missing before this size."""
    signed: bytes | None
    """None when nothing was signed: then the root was asked."""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What one stretch tells."""

    job: Job
    findings: list[tuple[Code, int, int, str]] = field(default_factory=list)
    roots: list[bytes] = field(default_factory=list)
    """Roots of the full bundles."""
    edge: list[bytes] = field(default_factory=list)
    """Hashes of the lines after the last full bundle."""
    holds: bool = True
    """Nothing is missing, so there is a root."""
    marks: list[Mark] = field(default_factory=list)
    opened: dict[bytes, int] = field(default_factory=dict)
    """Stem (with its slash) and line of each voornemen without an end in this stretch."""
    ended: list[tuple[bytes, int, bool]] = field(default_factory=list)
    """Stem and line of each end without a voornemen here; true for a verstrekking."""
    first_op: bytes = b""
    last_op: bytes = b""
    index: int = 0
    """Sum over the rows of all (kenmerk, line) and (soort, line).

    An index that tells the same has the same sum. `hash` is keyed by chance in each process and
    those that it forks, so nobody can make other rows with this sum.
    """

    def add(self, code: Code, first: int, last: int | None = None, sentence: str = "") -> None:
        """Add a finding about lines first..last."""
        self.findings.append((code, first, first if last is None else last, sentence))

    def follow(self, start: int, lines: Lines, *, index: bool) -> None:
        """Take in what these lines tell of moments, voornemens and the index."""
        _, kenmerken, ops, soorten, stems = lines
        numbers = range(start, start + len(kenmerken))
        if index:
            self.index += sum(map(hash, zip(kenmerken, numbers, strict=True)))
            self.index += sum(map(hash, zip(soorten, numbers, strict=True)))
        if ops[0] >= self.last_op and [*ops] == sorted(ops):
            self.first_op = self.first_op or ops[0]
            self.last_op = ops[-1]
        else:
            for number, op in zip(numbers, ops, strict=True):
                self.clock(number, op)
        self._pair(stems, soorten, numbers)

    def _pair(
        self, stems: Sequence[bytes], soorten: Sequence[bytes], numbers: Sequence[int]
    ) -> None:
        opened = self.opened
        opened.update(
            [(k, i) for k, s, i in zip(stems, soorten, numbers, strict=True) if s == VOORNEMEN]
        )
        ends = [(k, i, s) for k, s, i in zip(stems, soorten, numbers, strict=True) if s in ENDS]
        for stem, number, soort in ends:
            if opened.get(stem, number) < number:
                del opened[stem]
            else:
                self.ended.append((stem, number, soort == VERSTREKKING))

    def clock(self, number: int, op: bytes) -> None:
        """Take in the moment of one line."""
        if op < self.last_op:
            self.add(Code.KLOK, number)
        self.first_op = self.first_op or op
        self.last_op = max(op, self.last_op)

    def pair(self, stem: bytes, number: int, soort: bytes) -> None:
        """Take in one line that opens or closes something; `stem` ends in a slash."""
        self._pair((stem,), (soort,), (number,))
