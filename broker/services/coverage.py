"""How far others confirmed the log, and whether that is enough to serve questions.

A line is covered by an outside checkpoint when each sort of outsider that the settings ask for
has confirmed a checkpoint with it: the quorum of witnesses, and at least one time-stamping
authority. The oldest line that is not covered may be as old as the budget, and no older.
"""

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol

from audit.errors import AuditError
from broker.domain.ports import Clock
from broker.errors import NotAnchoredError, RecordError

NOBODY: Final = (
    "Er zijn geen getuigen en geen tijdstempeldiensten ingesteld:"
    " niemand buiten Sluis bevestigt het logboek."
)


class Outsider(StrEnum):
    """The sorts of outsiders."""

    GETUIGEN = "getuigen"
    STEMPELS = "stempels"


class Grown(Protocol):
    """What is asked of the log."""

    def checkpoint(self) -> str:
        """Return the latest signed checkpoint."""

    def entry(self, index: int) -> Any:  # noqa: ANN401 - a line, of which only `at` is read
        """Return one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What one sort of outsider confirmed last."""

    size: int
    """Lines in the checkpoint; 0: none yet."""
    at: dt.datetime | None
    """When it was confirmed; None: never."""
    taken: dt.datetime | None = None
    """When this process took the checkpoint: every line after it is younger. None: earlier."""


_NOTHING: Final = Confirmed(size=0, at=None)


class Coverage:
    """Knows what is covered. Only for the event loop."""

    def __init__(
        self,
        log: Grown,
        clock: Clock,
        *,
        outsiders: Collection[Outsider] = (),
        budget: dt.timedelta = dt.timedelta(minutes=15),
        changed: Callable[[str | None], None] = lambda _reason: None,
    ) -> None:
        """Start with nothing confirmed.

        Args:
            log: The log.
            clock: The clock that gives entries their moments.
            outsiders: Who must confirm; none: nothing is anchored, and nothing refused.
            budget: How old the oldest line that is not covered may be.
            changed: Is told why questions are not served any more, or None: they are again.
        """
        self._log = log
        self._clock = clock
        self._budget = budget
        self._confirmed = dict.fromkeys(outsiders, _NOTHING)
        self._oldest: tuple[int, dt.datetime] | None = None
        self._stopped: str | None = None
        self._changed = changed
        self._refusing = False

    @property
    def stopped(self) -> bool:
        """Tell whether nothing will be served any more."""
        return self._stopped is not None

    def confirmed(self, outsider: Outsider) -> Confirmed:
        """Return what this sort of outsider confirmed last."""
        return self._confirmed.get(outsider, _NOTHING)

    def confirm(self, outsider: Outsider, confirmed: Confirmed) -> None:
        """Take in that somebody confirmed a checkpoint; an older one changes nothing."""
        if outsider in self._confirmed and confirmed.size >= self._confirmed[outsider].size:
            self._confirmed[outsider] = confirmed

    def stop(self, reason: str) -> None:
        """Serve nothing any more: somebody outside saw what this log does not continue."""
        self._stopped = self._stopped or reason

    def check(self, *, question: bool) -> None:
        """Check that something may be recorded.

        Args:
            question: It begins a question, or answers one at once.

        Raises:
            NotAnchoredError: It may not; tells why.
            RecordError: The log cannot be read.
        """
        # What contradicts the outside may not grow: each line would add to a second history.
        reason = self.objection() if question else self._stopped
        if reason is not None:
            raise NotAnchoredError(reason)

    def objection(self) -> str | None:
        """Return why no question may be served, as a Dutch sentence, or None.

        Raises:
            RecordError: The log cannot be read.
        """
        reason = self._stopped or self._too_old()
        if (reason is not None) is not self._refusing:
            self._refusing = reason is not None
            self._changed(reason)
        return reason

    def _too_old(self) -> str | None:
        age = self._uncovered()
        if age is None or age <= self._budget:
            return None
        return (
            f"De oudste regel die niemand buiten Sluis bevestigde, is {_seconds(age)} seconden"
            f" oud, en dat mag hoogstens {_seconds(self._budget)} zijn."
        )

    def tell(self) -> dict[str, Any]:
        """Return what `/readyz` says about the anchors."""
        if not self._confirmed:
            return {"ingesteld": False, "melding": NOBODY}
        now = self._clock.now()
        told: dict[str, Any] = {"ingesteld": True, "budget_seconden": _seconds(self._budget)}
        for outsider, found in self._confirmed.items():
            age = None if found.at is None else max(0, _seconds(now - found.at))
            told[outsider.value] = {"regels": found.size, "seconden_geleden": age}
        return told

    def _uncovered(self) -> dt.timedelta | None:
        """Return the age of the oldest line that is not covered; None: that is young, or none."""
        if not self._confirmed:
            return None
        last = min(self._confirmed.values(), key=lambda found: found.size)
        if size_of(self._log.checkpoint()) <= last.size:
            return None
        now = self._clock.now()
        if last.taken is not None and now - last.taken <= self._budget:
            return None
        if self._oldest is None or self._oldest[0] != last.size:
            try:
                self._oldest = last.size, self._log.entry(last.size).at
            except AuditError as error:
                raise RecordError(str(error)) from error
        return now - self._oldest[1]


def _seconds(length: dt.timedelta) -> int:
    return int(length.total_seconds())


def size_of(note: str) -> int:
    """Return the size in a checkpoint of our own log, which needs no checks."""
    return int(note.split("\n", 2)[1])
