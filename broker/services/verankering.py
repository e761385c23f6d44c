"""Has others confirm the log, over and over, while Sluis runs.

Witnesses, at a short cadence and only when the log grew:

1. Take the newest signed checkpoint.
2. The witnesses cosign it; each sees to it that it continues what it saw before.
3. With the quorum of the policy it becomes `anker/<size>`.

Time-stamping authorities, at a longer cadence: each stamps the newest anchor (without witnesses:
the newest checkpoint), and its stamp is checked before it is kept as `anker/<size>.<name>.tsr`.
Who failed is asked again for the same checkpoint, so that all stamps of a round belong together.

A failure is told once and never ends a loop. But when a witness holds a checkpoint with our own
signature that this log does not continue, an old copy was put back or there are two histories:
from then on no question is served.
"""

import asyncio
import contextlib
import datetime as dt
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from structlog.typing import FilteringBoundLogger

from audit.ankers import text_of
from audit.errors import AnchorError, AuditError, StampError
from audit.stamp import make_request, verify_stamp
from audit.witness.client import Outcome
from broker.domain.ports import AnkerError, Clock
from broker.errors import RecordError
from broker.logs import Event
from broker.services.anchored import Own, anchored_before, compare_with_witnesses
from broker.services.coverage import Confirmed, Coverage, Outsider, size_of
from broker.services.gather import all_done
from broker.services.outsiders import Outsiders, Stempeldienst

_NONCE_SIZE: Final = 16
_OWN: Final = "sluis/"
"""Begins the name of who failed, when it was none of the others: the loop itself."""
_UNEXPECTED: Final = "Bij het verankeren ging onverwacht iets mis."


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """Seconds between two rounds."""

    getuigen: float = 10.0
    stempels: float = 300.0
    again: float = 10.0
    """After the first failure; then twice as long each time."""
    patience: float = 60.0
    """At most, however often it failed; unless a round comes seldomer than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What comes in from outside."""

    clock: Clock
    random_bytes: Callable[[int], bytes]
    logger: FilteringBoundLogger
    ticks: Callable[[], float] = time.monotonic
    """Seconds that never go back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """A checkpoint to stamp."""

    note: str
    taken: dt.datetime | None = None
    """When it was taken; None: before this run."""

    @property
    def size(self) -> int:
        return size_of(self.note)


class Verankering:
    """Keeps the anchors of one log. Only for the event loop."""

    def __init__(
        self,
        own: Own,
        *,
        outsiders: Outsiders,
        coverage: Coverage,
        world: World,
        cadence: Cadence | None = None,
    ) -> None:
        """Take up the work; `begin` must come before `start`."""
        self._own = own
        self._log = own.log
        self._ankers = own.ankers
        self._outsiders = outsiders
        self._coverage = coverage
        self._world = world
        self._cadence = cadence or Cadence()
        self._stamped = {dienst.name: 0 for dienst in outsiders.diensten}
        self._cosigned: _Target | None = None
        self._target: _Target | None = None
        self._chosen: float | None = None
        self._told: dict[str, str | None] = {}
        self._ending = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        """Compare the log with what others hold of it. Comes before anything is signed.

        Raises:
            AnchorError: The log lies behind, or has another history.
            AuditError: Something cannot be read.
        """
        before = await asyncio.to_thread(anchored_before, self._own, self._outsiders)
        if self._outsiders.getuigen is not None:
            await asyncio.to_thread(compare_with_witnesses, self._own, self._outsiders.getuigen)
        for outsider, confirmed in before.confirmed.items():
            self._coverage.confirm(outsider, confirmed)
        self._stamped |= before.stamped
        if before.cosigned is not None:
            self._cosigned = _Target(note=before.cosigned)

    def start(self) -> None:
        """Begin the loops; the first rounds come at once."""
        rounds = {
            Outsider.GETUIGEN: (self.witness_round, self._cadence.getuigen),
            Outsider.STEMPELS: (self.stamp_round, self._cadence.stempels),
        }
        for outsider in sorted(self._outsiders.sorts):
            loop = self._loop(outsider, *rounds[outsider])
            self._tasks.append(asyncio.create_task(loop, name=outsider))

    async def close(self) -> None:
        """End the loops, and have the last lines witnessed."""
        self._ending.set()
        # No round is broken off: each of its steps has a deadline of its own.
        await asyncio.gather(*self._tasks)
        if self._tasks:
            await self._guarded(self.witness_round)

    async def witness_round(self) -> bool:
        """Have the witnesses cosign what is new; tell whether there is nothing left to do."""
        getuigen = self._outsiders.getuigen
        if getuigen is None or self._coverage.stopped:
            return True
        taken = self._world.clock.now()
        note = await asyncio.to_thread(self._log.newest)
        size = size_of(note)
        if size <= self._coverage.confirmed(Outsider.GETUIGEN).size:
            return True
        found = await asyncio.to_thread(getuigen.submit, note, self._log.consistency)
        await self._take_in(found.outcomes)
        if not found.quorum or self._coverage.stopped:
            return False
        await asyncio.to_thread(self._ankers.keep_note, size, found.note)
        self._cosigned = _Target(note=found.note, taken=taken)
        self._coverage.confirm(
            Outsider.GETUIGEN, Confirmed(size=size, at=self._world.clock.now(), taken=taken)
        )
        return True

    async def stamp_round(self) -> bool:
        """Have the authorities stamp what is new; tell whether there is nothing left to do."""
        if self._coverage.stopped:
            return True
        await self._choose()
        target = self._target
        if target is None:
            # The log is empty; or else it has no anchor yet, which soon comes.
            return size_of(self._log.checkpoint()) == 0
        left = [d for d in self._outsiders.diensten if self._stamped[d.name] < target.size]
        return all(await all_done(*(self._stamp(dienst, target) for dienst in left)))

    async def _choose(self) -> None:
        """Choose what to stamp, and stay with it until the next round is due."""
        now = self._world.ticks()
        if self._chosen is not None and now - self._chosen < self._cadence.stempels:
            return
        if self._outsiders.getuigen is not None:
            self._target = self._cosigned
        else:
            taken = self._world.clock.now()
            target = _Target(taken=taken, note=await asyncio.to_thread(self._log.newest))
            self._target = target if target.size else None
            if target.size and not self._ankers.has(target.size):
                await asyncio.to_thread(self._ankers.keep_note, target.size, target.note)
        self._chosen = None if self._target is None else now

    async def _stamp(self, dienst: Stempeldienst, target: "_Target") -> bool:
        """Have one authority stamp a checkpoint; tell whether it did."""
        text = text_of(target.note)
        nonce = int.from_bytes(self._world.random_bytes(_NONCE_SIZE)) + 1
        try:
            data = await dienst.tsa.stempel(make_request(text, nonce))
            verify_stamp(data, text, trusted=dienst.trusted, nonce=nonce)
        except (AnkerError, StampError) as error:
            self._tell(dienst.name, str(error))
            return False
        await asyncio.to_thread(self._ankers.keep_stamp, target.size, dienst.name, data)
        self._tell(dienst.name, None)
        self._stamped[dienst.name] = target.size
        self._coverage.confirm(
            Outsider.STEMPELS,
            Confirmed(size=target.size, at=self._world.clock.now(), taken=target.taken),
        )
        return True

    async def _take_in(self, outcomes: Sequence[Outcome]) -> None:
        """Tell how it went with each witness, and look closer when one of them objects."""
        newest = 0
        if any(outcome.ahead for outcome in outcomes):
            newest = size_of(await asyncio.to_thread(self._log.newest))
        for outcome in outcomes:
            # Another node may have been before us with what it wrote meanwhile.
            if outcome.ahead is None or outcome.ahead > newest:
                self._tell("/".join(outcome.names), outcome.trouble)
        getuigen = self._outsiders.getuigen
        if getuigen is None or not any(outcome.trouble for outcome in outcomes):
            return
        try:
            await asyncio.to_thread(compare_with_witnesses, self._own, getuigen)
        except AnchorError as error:
            self._coverage.stop(str(error))

    async def _loop(
        self, outsider: Outsider, turn: Callable[[], Awaitable[bool]], every: float
    ) -> None:
        failures = 0
        while not self._ending.is_set():
            done = await self._guarded(turn, outsider)
            failures = 0 if done else failures + 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), self._pause(every, failures))

    def _pause(self, every: float, failures: int) -> float:
        if not failures:
            return every
        pause = self._cadence.again * 2.0 ** min(failures - 1, 16)
        return min(pause, max(self._cadence.patience, self._cadence.again))

    async def _guarded(
        self, turn: Callable[[], Awaitable[bool]], outsider: Outsider = Outsider.GETUIGEN
    ) -> bool:
        """Take one turn; whatever fails is told, and the loop goes on."""
        own = f"{_OWN}{outsider}"
        try:
            done = await turn()
            self._coverage.objection()  # whoever asks it first, lets it be told
        except (AuditError, RecordError) as error:
            self._tell(own, str(error))
        except Exception:  # noqa: BLE001 - anchoring must go on; the text may hold an address
            self._tell(own, _UNEXPECTED)
        else:
            self._tell(own, None)
            return done
        return False

    def _tell(self, who: str, reason: str | None) -> None:
        """Tell that somebody fails, or does not any more; the same is not told again."""
        if who in self._told and self._told[who] == reason:
            return
        self._told[who] = reason
        if reason is not None:
            self._world.logger.warning(Event.ANKER_MISLUKT, wie=who, reden=reason)
        elif not who.startswith(_OWN):
            self._world.logger.info(Event.VERANKERD, wie=who)


def teller(logger: FilteringBoundLogger) -> Callable[[str | None], None]:
    """Return what tells that questions are not served any more, and that they are again."""

    def tell(reason: str | None) -> None:
        if reason is None:
            logger.info(Event.WEER_VERANKERD)
        else:
            logger.error(Event.NIET_VERANKERD, reden=reason)

    return tell
