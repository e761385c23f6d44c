"""A version of the rules on its way into force: its steps, and what each step asks of the former.

Nothing of a version is ever changed: a step is added, and the status follows from the steps.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from broker.errors import ConflictError

FRESH: Final = dt.timedelta(days=1)
"""How long a test may be called one on the present data: new besluiten are taken all the time."""


class Stap(StrEnum):
    """What was done with a version."""

    VOORGESTELD = "voorgesteld"
    BEPROEFD = "beproefd"
    GOEDGEKEURD = "goedgekeurd"
    IN_WERKING = "in-werking"
    AFGEWEZEN = "afgewezen"
    INGETROKKEN = "ingetrokken"


class Status(StrEnum):
    """Where a version stands."""

    VOORGESTELD = "voorgesteld"
    BEPROEFD = "beproefd"
    GOEDGEKEURD = "goedgekeurd"
    IN_WERKING = "in-werking"
    VERVANGEN = "vervangen"
    AFGEWEZEN = "afgewezen"
    INGETROKKEN = "ingetrokken"


_CLOSED: Final = frozenset({Status.AFGEWEZEN, Status.INGETROKKEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Regelstap:
    """One step. Without `door` it is Sluis itself, which took its first rules into use."""

    nummer: int
    stap: Stap
    door: str | None
    organisatie: str | None
    op: dt.datetime
    inhoud: Mapping[str, Any]
    """What goes with the step: a reason, the outcome of a test, the advice of the committee."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regelversie:
    """A version with its steps, the oldest first. `in_werking`: it is the one in force."""

    digest: str
    stappen: tuple[Regelstap, ...]
    in_werking: bool

    @property
    def status(self) -> Status:
        """Where it stands. What was in force once keeps its approval, also when tested again."""
        if self.in_werking:
            return Status.IN_WERKING
        last = Status(self.stappen[-1].stap)
        if last in _CLOSED:
            return last
        return Status.VERVANGEN if self.last(Stap.IN_WERKING) else last

    def last(self, stap: Stap) -> Regelstap | None:
        """Return the newest step of this kind."""
        return next((each for each in reversed(self.stappen) if each.stap is stap), None)

    def may_be_proposed(self) -> None:
        """Accept a proposal of the same content only when the former one was closed.

        Raises:
            ConflictError: It is on its way, in force, or was in force.
        """
        if self.status not in _CLOSED:
            raise ConflictError(f"Deze regelversie is er al (status: {self.status}).")

    def may_be_tested(self) -> None:
        """Accept a test.

        Raises:
            ConflictError: It is in force, or was closed.
        """
        if self.in_werking:
            raise ConflictError("Deze regelversie is al in werking.")
        self._is_open()

    def may_be_approved(self, *, door: str, tegen: str | None, now: dt.datetime) -> None:
        """Accept an approval by somebody else, on a test of all the data that there is.

        Args:
            door: Who approves.
            tegen: The version in force.
            now: The moment.

        Raises:
            ConflictError: Tells what is lacking.
        """
        if self.status is not Status.BEPROEFD:
            raise ConflictError(
                f"Beproef deze regelversie eerst. Zij heeft nu de status {self.status}."
            )
        proposed, test = self.last(Stap.VOORGESTELD), self._test(tegen)
        if proposed is not None and proposed.door == door:
            raise ConflictError(
                "U hebt deze regelversie zelf voorgesteld. Laat een ander haar goedkeuren."
            )
        whole = test.inhoud.get("van") is None and test.inhoud.get("tot") is None
        if not whole or now - test.op > FRESH:
            raise ConflictError(
                "De laatste beproeving ging niet over alle besluiten, of is ouder dan een dag. "
                "Beproef deze regelversie opnieuw."
            )

    def may_come_into_force(self, *, tegen: str | None) -> None:
        """Accept the change to this version: approved now, or in force before (the way back).

        Args:
            tegen: The version in force, which it must have been tested against.

        Raises:
            ConflictError: Tells what is lacking.
        """
        if self.in_werking:
            raise ConflictError("Deze regelversie is al in werking.")
        if self.status not in {Status.GOEDGEKEURD, Status.VERVANGEN}:
            raise ConflictError(
                f"Alleen een goedgekeurde regelversie kan in werking treden. "
                f"Deze heeft de status {self.status}."
            )
        self._test(tegen)

    def may_be_closed(self) -> None:
        """Accept that it is turned down or taken back.

        Raises:
            ConflictError: It is or was in force, or was closed already.
        """
        if self.status in {Status.IN_WERKING, Status.VERVANGEN}:
            raise ConflictError("Deze regelversie is of was in werking, en blijft staan.")
        self._is_open()

    def _is_open(self) -> None:
        if self.status in _CLOSED:
            raise ConflictError(f"Deze regelversie is gesloten (status: {self.status}).")

    def _test(self, tegen: str | None) -> Regelstap:
        """Return the newest test, when it was against the version in force."""
        test = self.last(Stap.BEPROEFD)
        if test is None or test.inhoud.get("tegen") != tegen:
            raise ConflictError(
                "Deze regelversie is niet beproefd tegen de regels die nu gelden. "
                "Beproef haar opnieuw."
            )
        return test
