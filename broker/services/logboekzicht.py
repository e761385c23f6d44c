"""Who may see which lines of the log, and what of each: the organisatie that asked, or was asked.

The full besluit may tell of an item that the requester may not know of, so what follows from it
is for the RIEC alone. Of a question that door 1 refused the source knows nothing: it was never
asked, and that somebody is looked at in a zaak may be news to it. Which official of another
organisatie asked is not told to the source either; it was asked by an organisatie.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from audit.entry import Soort
from audit.ledger import Line

FULL: Final = frozenset(
    {
        "uitkomst",
        "gronden",
        "besluit_sha256",
        "besluiten_sha256",
        "dossier_sha256",
        "dossiers_sha256",
        "beslislog_sha256",
    }
)
"""What follows from a full besluit: it may tell of an item that a requester may not know of.

A digest tells it too: who can guess the rest sees in which of two cases it falls.
"""
_OFFICIAL: Final = frozenset({"gebruiker"})
_ASKED: Final = frozenset({Soort.VOORNEMEN, Soort.ONBEPAALD})


class Kant(StrEnum):
    """From which side somebody looks at a line."""

    TOEZICHT = "toezicht"
    """The RIEC, which sees all of it."""
    VRAGER = "vrager"
    BRON = "bron"


_HIDDEN: Final = {
    Kant.TOEZICHT: frozenset[str](),
    Kant.VRAGER: FULL,
    Kant.BRON: FULL | _OFFICIAL,
}


def side(line: Line, only: str | None) -> Kant | None:
    """Return from which side this organisatie sees a line; None is not at all.

    Args:
        line: The line.
        only: The organisatie; None is the RIEC, for which nothing is closed.
    """
    if only is None:
        return Kant.TOEZICHT
    payload = line.payload or {}
    if payload.get("organisatie") == only:
        return Kant.VRAGER
    return Kant.BRON if payload.get("bron") == only and was_asked(line.soort, payload) else None


def was_asked(soort: Soort, payload: Mapping[str, Any]) -> bool:
    """Tell whether the source got the question that a line is about, or was about to get it."""
    if soort in _ASKED or payload.get("deur") == "verstrekking":
        return True
    # At door 1 there is an error with a besluit only when the source failed to answer.
    return soort is Soort.FOUT and "besluit" in payload


def told(line: Line, kant: Kant) -> dict[str, Any] | None:
    """Return what a line holds, for who sees it from this side; None when it was destroyed."""
    hidden = _HIDDEN[kant]
    return line.payload and {n: fact for n, fact in line.payload.items() if n not in hidden}
