"""Rules that nobody approved yet run in a process of their own, with bounds on time and memory.

They may loop or fill the memory, by mistake or on purpose. In a thread nothing could stop them, and
the whole broker would stand still. Nothing of that process is shared with this one.
"""

import asyncio
import resource
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from functools import lru_cache
from multiprocessing import get_context
from typing import Any, Final, TypeVar

from broker.decision.decide import Decider
from broker.decision.opa.proof import prove
from broker.decision.regelset import Regelfout, Regelset, RegisterError
from broker.errors import DecisionError
from broker.services.verschil import Verschil, compare_rows

SECONDS: Final = 60
"""For one turn; after it the process ends, wherever it is."""
MEMORY: Final = 2 * 1024**3
"""In bytes, of the whole process."""

T = TypeVar("T")


class Proefruimte:
    """A process apart; to be opened for one trial."""

    def __init__(self, pool: ProcessPoolExecutor, seconds: int) -> None:
        self._pool = pool
        self._seconds = seconds

    @classmethod
    @asynccontextmanager
    async def open(cls, seconds: int = SECONDS) -> "AsyncIterator[Proefruimte]":
        """Start it, with so many seconds for each turn."""
        # Not forked: nothing of this process, such as an open log, may be used by two.
        pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        try:
            yield cls(pool, seconds)
        finally:
            await asyncio.to_thread(pool.shutdown)

    async def load(self, archief: bytes) -> None:
        """Load the rules in this archive.

        Raises:
            RegisterError: With file, line and reason of everything that is wrong.
            DecisionError: They ask too much time or memory.
        """
        if fouten := await self._run(_load, archief):
            raise RegisterError(fouten)

    async def compare(self, old: bytes, new: bytes, rows: Sequence[Mapping[str, Any]]) -> Verschil:
        """Decide recorded dossiers by the rules of two archives.

        Raises:
            DecisionError: The rules ask too much time or memory.
        """
        plain = [{"id": row["id"], "dossier": row["dossier"]} for row in rows]
        return await self._run(_compare, old, new, plain)

    async def _run(self, work: Callable[..., T], *given: object) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, _bounded, self._seconds, work, *given)
        except (BrokenProcessPool, MemoryError):
            raise DecisionError("Deze regels vragen te veel tijd of geheugen.") from None


def _bounded(seconds: int, work: Callable[..., T], *given: object) -> T:
    """Do this in bounds. The signal ends the process also where Python itself would not look."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds)
    try:
        return work(*given)
    finally:
        signal.alarm(0)


def _load(archief: bytes) -> list[Regelfout]:
    try:
        # What the broker would do with them: load them, and let them prove themselves.
        prove(_decider(archief), strict=False)
    except RegisterError as error:
        return list(error.fouten)
    return []


def _compare(old: bytes, new: bytes, rows: Sequence[Mapping[str, Any]]) -> Verschil:
    return compare_rows(rows, _decider(old), _decider(new))


@lru_cache(maxsize=2)
def _decider(archief: bytes) -> Decider:
    """Make ready the rules of an archive, once for each process."""
    return Decider.load(Regelset.from_archive(archief))
