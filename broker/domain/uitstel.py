"""That something is not yet told to the subject: proposed by one, decided by another, later let go.

Nothing of an uitstel is ever changed: a step is added, and where it stands follows from the steps
and the moment. Withheld is only what a second person decided on, and no longer than that decision.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from broker.domain.kalender import instant
from broker.errors import ConflictError


class Uitstelbesluit(StrEnum):
    """What was done with a proposal."""

    VERLEEND = "verleend"
    AFGEWEZEN = "afgewezen"
    VRIJGEGEVEN = "vrijgegeven"


class Uitstelstand(StrEnum):
    """Where an uitstel stands at a moment."""

    VOORGESTELD = "voorgesteld"
    VERLEEND = "verleend"
    AFGEWEZEN = "afgewezen"
    VRIJGEGEVEN = "vrijgegeven"
    VERLOPEN = "verlopen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uitstelstap:
    """One step after the proposal."""

    nummer: int
    besluit: Uitstelbesluit
    door: str
    organisatie: str
    op: dt.datetime
    toelichting: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Uitstel:
    """The uitstel of one handeling, with its steps, the oldest first.

    `tot` is the day on which it ends by itself; None is until further order.
    """

    id: str
    inzageverzoek: str
    handeling: str
    grond: str
    reden: str
    tot: str | None
    door: str
    organisatie: str
    op: dt.datetime
    stappen: tuple[Uitstelstap, ...] = ()

    def stand(self, moment: dt.datetime) -> Uitstelstand:
        """Return where it stands at this moment, by the steps that were taken until then."""
        taken = [stap for stap in self.stappen if stap.op <= moment]
        if not taken:
            return Uitstelstand.VOORGESTELD
        last = Uitstelstand(taken[-1].besluit)
        ended = self.tot is not None and instant(self.tot) <= instant(moment.isoformat())
        return Uitstelstand.VERLOPEN if last is Uitstelstand.VERLEEND and ended else last

    def withholds(self, moment: dt.datetime) -> bool:
        """Tell whether the subject is not told at this moment."""
        return self.op <= moment and self.stand(moment) is Uitstelstand.VERLEEND

    def waits(self, moment: dt.datetime) -> bool:
        """Tell whether a second person must still decide."""
        return self.op <= moment and self.stand(moment) is Uitstelstand.VOORGESTELD

    def may_be_decided(self, besluit: Uitstelbesluit, *, door: str, moment: dt.datetime) -> None:
        """Accept the decision on a proposal; who proposed it can only take it back.

        Raises:
            ConflictError: It was decided on, or this is who proposed it.
        """
        stand = self.stand(moment)
        if stand is not Uitstelstand.VOORGESTELD:
            raise ConflictError(f"Over dit uitstel is al besloten (stand: {stand}).")
        if besluit is Uitstelbesluit.VERLEEND and door == self.door:
            raise ConflictError("U hebt dit uitstel zelf voorgesteld. Laat een ander besluiten.")

    def may_be_released(self, moment: dt.datetime) -> None:
        """Accept that it is let go.

        Raises:
            ConflictError: It holds nothing back.
        """
        stand = self.stand(moment)
        if stand is not Uitstelstand.VERLEEND:
            raise ConflictError(f"Dit uitstel houdt niets tegen (stand: {stand}).")
