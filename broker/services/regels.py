"""The rules in force: one Decider for each version, loaded when a dossier first needs it.

Which version is in force stands in the store and is read with the facts of each dossier, so that
no node decides with an old one once a change is committed.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from broker.decision.decide import Decider
from broker.decision.regelset import Regelset, RegisterError
from broker.decision.uitleg import explain
from broker.domain.besluit import Besluit
from broker.domain.dossier import Dossier
from broker.domain.uitleg import Uitleg
from broker.errors import DecisionError
from broker.store import Store

KEPT: Final = 4
"""Versions in memory: that in force, the one before it, and what is being tested."""
LoadRules = Callable[[Regelset], Decider]


class Regels:
    """Gives the Decider of a version. One for each node."""

    def __init__(self, store: Store, load: LoadRules, geleverd: Regelset) -> None:
        """Keep how rules are loaded, and the rules that this software came with (`geleverd`)."""
        self.geleverd = geleverd
        self._store = store
        self._load = load
        self._kept: OrderedDict[str, Decider] = OrderedDict()
        self._turn = asyncio.Lock()

    async def now(self) -> Decider:
        """Return the Decider of the version that is in force at this moment.

        Raises:
            DecisionError: There is none, or it cannot be loaded.
            RecordError: The store cannot be read.
        """
        return await self.of(await self.in_werking())

    async def in_werking(self) -> str | None:
        """Return the digest of the version in force.

        Raises:
            RecordError: The store cannot be read.
        """
        async with self._store.read() as tx:
            return await tx.regelversies.in_werking()

    async def of(self, digest: str | None) -> Decider:
        """Return the Decider of a version that was proposed, or the one shipped.

        Raises:
            DecisionError: There is no such version here, or it cannot be loaded.
            RecordError: The store cannot be read.
        """
        if digest is None:
            raise DecisionError("Er zijn geen regels in werking.")
        if digest not in self._kept:
            async with self._turn:  # one at a time: loading takes all of a core
                if digest not in self._kept:
                    self._kept[digest] = await self._read(digest)
        self._kept.move_to_end(digest)
        found = self._kept[digest]
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return found

    async def load(self, regelset: Regelset) -> Decider:
        """Load rules that may be wrong, off the event loop; nothing is kept.

        Raises:
            RegisterError: With file, line and reason of everything that is wrong.
        """
        return await asyncio.to_thread(self._load, regelset)

    async def regelset(self, digest: str | None) -> Regelset:
        """Return a version from the store, or that of this software when it is the one shipped.

        Raises:
            DecisionError: There is no such version here.
            RecordError: The store cannot be read.
        """
        if digest is None:
            raise DecisionError("Er zijn geen regels in werking.")
        if digest == self.geleverd.digest:
            return self.geleverd
        async with self._store.read() as tx:
            archief = await tx.regelversies.archief(digest)
        if archief is None:
            raise DecisionError("Deze regels staan niet in de opslag.")
        try:
            regelset = await asyncio.to_thread(Regelset.from_archive, archief)
        except RegisterError:
            raise DecisionError("De regels zijn niet te laden.") from None
        if regelset.digest != digest:  # changed below the store: these were never approved
            raise DecisionError("De regels in de opslag zijn niet die van hun nummer.")
        return regelset

    async def _read(self, digest: str) -> Decider:
        regelset = await self.regelset(digest)
        if regelset is self.geleverd:
            return await self.load(regelset)
        try:
            return await self.load(regelset)
        except RegisterError:
            raise DecisionError("De regels zijn niet te laden.") from None


async def explained(regels: Regels, dossier: Dossier, besluit: Besluit, *, full: bool) -> Uitleg:
    """Return why this besluit came out so, by the rules that it was taken with.

    Args:
        regels: Every version.
        dossier: What the besluit was taken on.
        besluit: What of it may be told to who reads this.
        full: Who reads this knows the whole dossier.

    Raises:
        DecisionError: Its rules are not here.
        RecordError: The store cannot be read.
    """
    decider = await regels.of(besluit.versies["regels"])
    # Tens of milliseconds of deciding: too long for the event loop.
    return await asyncio.to_thread(explain, decider, dossier, besluit, full=full)
