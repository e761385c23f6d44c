"""What others say of a log: cosignatures of witnesses, and time stamps (the folder `anker`).

A stamp over the checkpoint of some size says that all lines before that size were there at its
moment, and what comes after it was not long before. So a clock that was set back, or forward,
shows itself, whoever held the keys.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from cryptography import x509

from audit.ankers import Ankers, text_of
from audit.disk import Disk
from audit.entry import Leaf, parse_moment
from audit.errors import AnchorError, AuditError, NoteError, StampError, TileError
from audit.findings import Code, Findings
from audit.outcome import Place
from audit.policy import Policy
from audit.rows import as_bytes
from audit.stamp import Stamp, verify_stamp
from audit.stretch import Checker, opened
from audit.tree import TILE_WIDTH

SLACK: Final = dt.timedelta(minutes=5)
"""How far the clocks of broker and authority may differ, and how long a stamp may take."""


class Anchors:
    """The anchors of one log, from small to large."""

    def __init__(self, directory: Path, place: Place, findings: Findings) -> None:
        """Read nothing yet."""
        self._ankers = Ankers(log=directory, disk=Disk())
        self._place = place
        self._findings = findings
        self._notes: dict[int, str] = {}
        self._stamps: dict[int, Sequence[str]] = {}

    def read(self, policy: Policy | None) -> None:
        """Read all anchors; check signatures, and with a policy the quorum of witnesses."""
        try:
            found = self._ankers.found()
        except AnchorError as error:
            self._findings.note(str(error))
            return
        if not found:
            self._findings.note("er zijn geen ankers; niemand anders bevestigt dit logboek.")
        elif policy is None:
            self._findings.note("er is geen policy gegeven; de getuigen zijn niet nagekeken.")
        latest: dict[str, int] = {}
        for size in sorted(found):
            last = max(size - 1, 0)
            try:
                note = self._ankers.note(size)
            except AnchorError as error:
                self._findings.add(Code.ANKER, 0, last, str(error))
                continue
            if opened(note.encode(), self._place.vkey) is None:
                self._findings.add(Code.ANKER, 0, last)
                continue
            self._notes[size] = note
            self._stamps[size] = sorted(found[size])
            if policy is not None:
                self._check_witnesses(size, note, policy, latest)

    def notes(self) -> Iterator[bytes]:
        """Return the checkpoints that this log truly signed."""
        return (note.encode() for note in self._notes.values())

    def check_stamps(
        self, checker: Checker, authorities: Sequence[x509.Certificate] | None
    ) -> None:
        """Check all stamps, and that the moments of the lines fit them."""
        if authorities is None:
            if any(self._stamps.values()):
                self._findings.note(
                    "er zijn geen tijdstempeldiensten gegeven; de tijdstempels zijn niet nagekeken."
                )
            return
        moments = _Moments(checker)
        for size, note in self._notes.items():
            for name in self._stamps[size]:
                try:
                    data = self._ankers.stamp(size, name)
                    stamp = verify_stamp(data, text_of(note), trusted=authorities)
                except (AnchorError, StampError) as error:
                    sentence = f"het bestand anker/{size}.{name}.tsr klopt niet. {error}"
                    self._findings.add(Code.STEMPEL, 0, max(size - 1, 0), sentence)
                else:
                    self._check_moments(moments, size, stamp)

    def _check_witnesses(
        self, size: int, note: str, policy: Policy, latest: dict[str, int]
    ) -> None:
        last = max(size - 1, 0)
        try:
            verdict = policy.judge(note)
        except NoteError as error:
            self._findings.add(Code.ANKER, 0, last, f"het bestand anker/{size} klopt niet. {error}")
            return
        if not verdict.quorum:
            self._findings.add(Code.GETUIGEN, 0, last)
        for name, moment in verdict.moments.items():
            if moment < latest.get(name, 0):
                self._findings.add(Code.TIJD, 0, last, "de klok van een getuige loopt terug.")
            latest[name] = max(moment, latest.get(name, 0))

    def _check_moments(self, moments: "_Moments", size: int, stamp: Stamp) -> None:
        # Moments go up (else that was told), so the first and last that do not fit are sought.
        total = self._place.total
        size = min(size, total)
        late = moments.first(0, size, lambda at: at > stamp.latest + SLACK)
        if late < size:
            self._findings.add(Code.TIJD, late, size - 1)
        early = moments.first(size, total, lambda at: at >= stamp.earliest - SLACK)
        if early > size:
            self._findings.add(Code.TIJD, size, early - 1)


class _Moments:
    """The moments of lines, each read when it is asked."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker

    def first(self, low: int, high: int, fits: Callable[[dt.datetime], bool]) -> int:
        """Return the first line of low..high-1 whose moment fits; `high` when none does."""
        while low < high:
            middle = (low + high) // 2
            at = self._at(middle)
            if at is None or fits(at):
                high = middle
            else:
                low = middle + 1
        return low

    def _at(self, line: int) -> dt.datetime | None:
        try:
            return parse_moment(Leaf.parse(self._leaf(line)).op)
        except AuditError:
            return None

    def _leaf(self, line: int) -> bytes:
        if line < self._checker.place.published.size:
            try:
                return self._checker.tiles.bundle(line // TILE_WIDTH)[line % TILE_WIDTH]
            except TileError:
                pass
        if self._checker.connection is None:
            return b""
        row = self._checker.connection.execute(
            "SELECT leaf FROM regel WHERE seq = ?", (line,)
        ).fetchone()
        return b"" if row is None else as_bytes(row[0])
