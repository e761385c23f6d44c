"""The record as the use cases see it: durable when the call returns, or `RecordError`.

The moment of an entry is taken here, on the event loop and right before it is queued, so that
entries stand in the log in the order of their moments.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.entry import SALT_SIZE, Entry, Soort
from audit.errors import AuditError
from audit.log import Log
from audit.receipt import Receipt
from broker.domain.ports import Clock
from broker.errors import RecordError


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

    def __init__(self, log: Log, clock: Clock, random_bytes: Callable[[int], bytes]) -> None:
        self._log = log
        self._clock = clock
        self._random = random_bytes

    async def record(self, regel: Regel) -> Receipt:
        """Record one line.

        Raises:
            RecordError: It could not be made durable; nothing may leave.
        """
        return (await self.record_all([regel]))[0]

    async def record_all(self, regels: Sequence[Regel]) -> list[Receipt]:
        """Record several lines, all durable when this returns.

        Raises:
            RecordError: One of them could not be made durable; nothing may leave.
        """
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
