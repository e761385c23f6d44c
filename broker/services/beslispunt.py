"""The decision point as AuthZEN 1.0 knows it: who wants to do what with what, and may they.

The words of the information model are those of the standard (subject, action, resource). What
decides is behind a port, `Beslispunt`; a search is exact, because each candidate is decided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from broker.errors import DecisionError
from broker.services.caller import Beller


class Semantiek(StrEnum):
    """How far a batch goes on (AuthZEN 1.0, Evaluations semantics)."""

    EXECUTE_ALL = "execute_all"
    DENY_ON_FIRST_DENY = "deny_on_first_deny"
    PERMIT_ON_FIRST_PERMIT = "permit_on_first_permit"

    def stops_at(self, *, decision: bool) -> bool:
        """Tell whether nothing is decided any more after this decision."""
        if self is Semantiek.DENY_ON_FIRST_DENY:
            return not decision
        return self is Semantiek.PERMIT_ON_FIRST_PERMIT and decision


class Zoeksoort(StrEnum):
    """What a search looks for."""

    SUBJECT = "subject"
    RESOURCE = "resource"
    ACTION = "action"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entiteit:
    """A subject or a resource; what is searched for has no `id`."""

    type: str
    id: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handeling:
    """An action."""

    name: str
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluatie:
    """One question: may this subject do this with this resource? A search for actions has none."""

    subject: Entiteit
    action: Handeling | None
    resource: Entiteit
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuk:
    """What a decision rests on, enough to take it again.

    `regels` is the digest of the rules, None when there are none; `information` what they read,
    empty when nothing was read; `besluit` what came of it in full, where that is more than the
    answer may tell.
    """

    regels: str | None
    information: Mapping[str, Any]
    besluit: Mapping[str, Any] | None = None
    sleutel: str | None = None


class UndecidedError(DecisionError):
    """There is no verdict; `stuk` is what there was to take it on."""

    def __init__(self, detail: str, stuk: Stuk) -> None:
        super().__init__(detail)
        self.stuk = stuk


@dataclass(frozen=True, slots=True, kw_only=True)
class Oordeel:
    """The answer to one question. Without `stuk` there was nothing to decide on."""

    decision: bool
    context: Mapping[str, Any] = field(default_factory=dict)
    stuk: Stuk | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aanroeper:
    """Who calls the decision point; with `namens` for others of the own organisatie too."""

    beller: Beller
    namens: bool


class Beslispunt(Protocol):
    """Decides questions. Sluis is one; the fixtures of the interop tests are others."""

    @property
    def obligations(self) -> Sequence[str]:
        """The types of obligations it may put on a permit."""

    def understand(self, vraag: Evaluatie) -> Evaluatie:
        """Return only what this decision point reads of a question: that is decided and recorded.

        Raises:
            InvalidInputError: The question cannot be read.
        """

    async def evaluate(self, wie: Aanroeper, vraag: Evaluatie) -> Oordeel:
        """Decide one question.

        Raises:
            InvalidInputError: The question cannot be read.
            DecisionError: There is no verdict.
            RecordError: The facts cannot be read.
        """

    async def candidates(
        self, wie: Aanroeper, soort: Zoeksoort, vraag: Evaluatie
    ) -> Sequence[Evaluatie]:
        """Return the question once for everything that could be found, in a fixed order.

        Raises:
            InvalidInputError: The question cannot be read.
            RecordError: The facts cannot be read.
        """
