"""The rules of thumb of the rules in force, worked out once for each period of law and asker."""

import asyncio
from typing import Final

from broker.decision.decide import Decider
from broker.decision.vuistregels import deelnemers, vuistregels
from broker.domain.kalender import day_of, instant
from broker.domain.uitleg import Vuistregel
from broker.services.regels import Regels

KEPT: Final = 100
"""Answers in memory: every deelnemer in the periods that people look at."""
Key = tuple[str, int, str]


class Vuistregels:
    """Gives the rules of thumb. They hold nothing but law, so whoever asks gets the same."""

    def __init__(self, regels: Regels) -> None:
        self._regels = regels
        self._kept: dict[Key, tuple[Vuistregel, ...]] = {}

    async def at(self, moment: str, vrager: str | None) -> tuple[Vuistregel, ...]:
        """Return what this deelnemer may ask at this moment; None: what each may.

        Args:
            moment: RFC 3339 with offset.
            vrager: A deelnemer; one that no basis knows may ask nothing.

        Raises:
            DecisionError: There are no rules in force.
            RecordError: The store cannot be read.
        """
        decider = await self._regels.now()
        askers = deelnemers(decider, moment)
        found: list[Vuistregel] = []
        for name in askers if vrager is None else [a for a in askers if a == vrager]:
            found += await self._of(decider, moment, name)
        return tuple(found)

    async def _of(self, decider: Decider, moment: str, vrager: str) -> tuple[Vuistregel, ...]:
        key = (decider.digest, decider.register.period(day_of(instant(moment))), vrager)
        if key not in self._kept:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            # Hundreds of decisions: too long for the event loop.
            self._kept[key] = await asyncio.to_thread(vuistregels, decider, moment, vrager)
        return self._kept[key]
