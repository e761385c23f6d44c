"""Errors of the broker: one tree, each with a slug, a Dutch title and an HTTP status.

`detail` is one safe Dutch sentence: it never holds personal data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Fout:
    """One thing that is wrong in the input.

    `pointer` is an RFC 6901 JSON Pointer into the input; `melding` a clear Dutch sentence.
    """

    pointer: str
    melding: str


class BrokerError(Exception):
    """Base of all expected failures."""

    slug: ClassVar[str] = "interne-fout"
    title: ClassVar[str] = "Er ging iets mis"
    status: ClassVar[int] = 500

    def __init__(self, detail: str = "", fouten: Sequence[Fout] = ()) -> None:
        self.detail = detail or self.title
        self.fouten = tuple(fouten)
        super().__init__(self.detail)


class InvalidInputError(BrokerError):
    """The input is malformed; `fouten` lists everything that is wrong, at once."""

    slug = "ongeldige-invoer"
    title = "De invoer klopt niet"
    status = 400


class NotFoundError(BrokerError):
    """The thing does not exist, or the caller may not know that it does."""

    slug = "niet-gevonden"
    title = "Niet gevonden"
    status = 404


class UnauthenticatedError(BrokerError):
    """No valid token."""

    slug = "niet-aangemeld"
    title = "U bent niet aangemeld"
    status = 401


class ForbiddenError(BrokerError):
    """The role of the caller does not open this function for this organisation."""

    slug = "niet-bevoegd"
    title = "U mag dit niet doen"
    status = 403


class ConflictError(BrokerError):
    """The change does not fit the present state (double, or already ended)."""

    slug = "conflict"
    title = "Dit past niet bij wat al is vastgelegd"
    status = 409


class RecordError(BrokerError):
    """A record could not be made, so nothing may leave."""

    slug = "geen-vastlegging"
    title = "Het verzoek kon niet worden vastgelegd"
    status = 503


class NotAnchoredError(RecordError):
    """Too long nobody outside confirmed the log, so no question is served. Nothing was asked."""

    slug = "niet-verankerd"
    title = "Het logboek is te lang niet door anderen bevestigd"


class DecisionError(BrokerError):
    """The rules gave no verdict (engine failed or answered nonsense), so nothing may leave."""

    slug = "geen-besluit"
    title = "Er kon geen besluit worden genomen"
    status = 503


class StartError(Exception):
    """Sluis cannot start; `str()` is one plain Dutch sentence for who starts it."""
