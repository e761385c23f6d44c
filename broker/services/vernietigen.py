"""Destroys what lines of the log say: of a month that may no longer be kept, or of a subject.

The lines themselves stay, with their place in the tree: every proof holds. That it was destroyed,
by whom and why, is a line too.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from audit.entry import SALT_SIZE, Entry, Soort
from audit.errors import AuditError
from audit.log import Log
from audit.receipt import Receipt
from audit.shred import Shredding
from broker.decision.inzageregels import Inzageregels
from broker.domain.kalender import add, day_of, day_start, instant, parse_date, parse_duration
from broker.domain.ports import Clock, Ids
from broker.errors import Fout, InvalidInputError, RecordError
from broker.services.caller import Beller

_EARLY: Final = "Deze maand moet nog worden bewaard. Vernietigen kan pas na {termijn}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Vernietiging:
    """What to destroy, a month (`jjjj-mm`) or all of a subject, with the rule and the reason."""

    regel: str
    reden: str
    maand: str | None = None
    sleutel: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vernietigen:
    """Does it."""

    log: Log
    clock: Clock
    ids: Ids
    random_bytes: Callable[[int], bytes]
    regels: Inzageregels

    async def do(self, beller: Beller, what: Vernietiging) -> Receipt:
        """Destroy, and record it, in one step: both or neither.

        Raises:
            InvalidInputError: The month is not over for as long as it must be kept.
            RecordError: It could not be done or recorded; nothing was destroyed.
        """
        if what.maand is not None:
            self._check_month(what.maand)
        entry = Entry(
            soort=Soort.VERNIETIGING,
            at=self.clock.now(),
            kenmerk=f"{self.ids.new('x')}/vernietiging",
            payload={
                "wat": "maand" if what.maand is not None else "betrokkene",
                "gebruiker": beller.gebruiker,
                "organisatie": beller.organisatie,
                "regel": what.regel,
                "reden": what.reden,
            },
        )
        shredding = Shredding(
            entry=entry,
            salt=self.random_bytes(SALT_SIZE),
            subject=what.sleutel,
            month=what.maand,
        )
        try:
            return await asyncio.wrap_future(await asyncio.to_thread(self.log.shred, shredding))
        except AuditError as error:
            raise RecordError(str(error)) from error

    def _check_month(self, maand: str) -> None:
        """Refuse a month of which some day must still be kept."""
        term = self.regels.bewaren
        first = parse_date(f"{maand}-01")
        after = add(first, parse_duration("P1M"))
        end = None if after is None else add(after, parse_duration(term.duur))
        today = day_of(instant(self.clock.now().isoformat()))
        if end is None or day_start(today) < day_start(end):
            melding = _EARLY.format(termijn=term.tekst)
            raise InvalidInputError(melding, [Fout(pointer="/maand", melding=melding)])
