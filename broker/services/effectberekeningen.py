"""What-if for who may ask: calculated one at a time, and recorded before the answer leaves."""

import asyncio
import contextlib
from dataclasses import dataclass, field

from audit.entry import Soort as Line
from audit.receipt import Receipt
from broker.domain.kalender import day_of, instant
from broker.domain.ports import Clock, Ids
from broker.domain.regelversie import Status
from broker.errors import DecisionError, Fout, InvalidInputError
from broker.services.caller import Beller
from broker.services.effect import (
    Change,
    Effect,
    Effecten,
    Groep,
    OtherRules,
    Soort,
    Task,
    calculate,
)
from broker.services.recorder import Recorder, Regel
from broker.services.regels import Regels
from broker.store import Store

_APPROVED = frozenset({Status.GOEDGEKEURD, Status.IN_WERKING, Status.VERVANGEN})
_FIRST_YEAR, _LAST_YEAR = 1900, 2200


@dataclass(slots=True, kw_only=True)
class Page:
    """Chooses the effects of one page of a list, which come in the order of their place."""

    soort: Soort
    groep: Groep | None = None
    after: str = ""
    limit: int = 50
    _kept: int = field(default=0, init=False, repr=False)

    def __call__(self, effect: Effect) -> bool:
        """Tell whether this effect stands on the page."""
        fits = (
            self._kept < self.limit
            and effect.soort is self.soort
            and self.groep in {None, effect.groep}
            and effect.plaats > self.after
        )
        self._kept += fits
        return fits


class Effectberekeningen:
    """Answers what would lose its basis."""

    def __init__(
        self, store: Store, regels: Regels, recorder: Recorder, clock: Clock, ids: Ids
    ) -> None:
        self._store = store
        self._regels = regels
        self._recorder = recorder
        self._clock = clock
        self._ids = ids
        # It may decide very many dossiers: two at once would only slow down the questions.
        self._turn = asyncio.Lock()

    async def read(
        self,
        beller: Beller,
        change: Change,
        *,
        riec: str | None,
        page: Page | None,
        fsc: str | None = None,
    ) -> tuple[Effecten, Receipt]:
        """Calculate what a change does, for one RIEC (None: for all), and record that it was read.

        `fsc` is the transaction of FSC that the call belongs to.

        Raises:
            InvalidInputError: The change names something that is not there, or a year too far off.
            ConflictError: The change cannot happen any more.
            DecisionError: There are no rules to decide by.
            RecordError: It could not be recorded; nothing leaves.
        """
        check_moment(change.op)
        task = Task(change=change, nu=self._clock.now(), riec=riec, wanted=page)
        async with self._turn:
            found = await calculate(self._store, await self._regels.now(), task)
        receipt = await self._recorder.record(
            Regel(
                soort=Line.TOETSING,
                kenmerk=f"{self._ids.new('e')}/{Line.TOETSING}",
                payload={
                    "wat": "effectberekening",
                    "gebruiker": beller.gebruiker,
                    "organisatie": beller.organisatie,
                    **change.named(),
                    **({} if page is None else {"lijst": page.soort.value}),
                    **({} if fsc is None else {"fsc_transactie": fsc}),
                },
            )
        )
        return found, receipt

    async def other_rules(self, op: str, regelversie: str) -> OtherRules:
        """Return the change to a version of the rules that somebody else approved.

        Until then they run only in a process of their own (`proefruimte`), never here.

        Raises:
            InvalidInputError: There is no such version here, or nobody approved it.
            RecordError: The store cannot be read.
        """
        async with self._store.read() as tx:
            versie = await tx.regelversies.find(regelversie)
        melding = "Deze regelversie is er niet."
        if versie is not None and versie.status not in _APPROVED:
            melding = "Deze regelversie is niet goedgekeurd."
        elif versie is not None:
            with contextlib.suppress(DecisionError):
                return OtherRules(op=op, rules=await self._regels.of(regelversie))
        raise InvalidInputError(melding, [Fout(pointer="/regelversie", melding=melding)])


def check_moment(op: str) -> None:
    """Refuse a moment for which there is no year before it, or no law.

    Raises:
        InvalidInputError: It lies too far off.
    """
    if not _FIRST_YEAR <= day_of(instant(op)).year <= _LAST_YEAR:
        melding = "Deze dag ligt te ver weg. Kies een dag tussen 1900 en 2200."
        raise InvalidInputError(melding, [Fout(pointer="/op", melding=melding)])
