"""The record as the use cases see it: durable when the call returns, or `RecordError`.

The moment of an entry is taken here, on the event loop and right before it is queued, so that
entries stand in the log in the order of their moments.

No question is served while the log is not anchored: then nothing that begins one, or that answers
it, is recorded, and so nothing is asked and nothing leaves. What ends a question that was begun
in time is recorded all the same, and so is a change of facts: a consent can always be withdrawn.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.chance import Chance
from audit.entry import SALT_SIZE, Entry, Soort
from audit.errors import AuditError
from audit.log import Log
from audit.receipt import Receipt
from broker.domain.ports import Clock
from broker.errors import RecordError
from broker.services.coverage import Coverage

_VRAAG = frozenset({Soort.VOORNEMEN, Soort.TOETSING, Soort.INZAGE})
"""What begins or answers a question, always."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regel:
    """One line to record: its kind, its unique reference and what is committed to."""

    soort: Soort
    kenmerk: str
    payload: Mapping[str, Any]
    subject: str | None = None
    """The pseudonym of whom it is about; it is sealed with keys of that subject."""


class Recorder:
    """Appends to the log and waits until it is durable."""

    def __init__(
        self,
        log: Log,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
        coverage: Coverage | None = None,
    ) -> None:
        self._log = log
        self._coverage = coverage
        self._clock = clock
        self._random = Chance(random_bytes)

    async def record(self, regel: Regel) -> Receipt:
        """Record one line.

        Raises:
            RecordError: It could not be made durable; nothing may leave.
        """
        return (await self.record_all([regel]))[0]

    async def record_all(self, regels: Sequence[Regel], *, first: bool = False) -> list[Receipt]:
        """Record several lines, all durable when this returns.

        Args:
            regels: The lines.
            first: They are the first of a question, also when they refuse it at once.

        Raises:
            NotAnchoredError: They are of a new question, and the log is not anchored.
            RecordError: One of them could not be made durable; nothing may leave.
        """
        if self._coverage is not None:
            question = first or any(regel.soort in _VRAAG for regel in regels)
            self._coverage.check(question=question)
        moment = self._clock.now()
        entries = [
            (
                Entry(
                    soort=r.soort,
                    at=moment,
                    kenmerk=r.kenmerk,
                    payload=r.payload,
                    subject=r.subject,
                ),
                self._random(SALT_SIZE),
            )
            for r in regels
        ]
        try:
            return list(await self._log.record(entries))
        except AuditError as error:
            raise RecordError(str(error)) from error
