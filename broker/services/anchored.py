"""At the start: does the log continue what was confirmed of it before?

The newest file in `anker` and what the witnesses hold both lie outside the database. Only a
checkpoint with the signature of this log counts: with anything else, somebody outside could stop
Sluis by telling tales.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from audit.ankers import Ankers, check_continues, text_of
from audit.errors import AnchorError, NoteError, StampError
from audit.log import Log
from audit.note import Checkpoint, Note, Vkey
from audit.policy import Policy
from audit.stamp import verify_stamp
from broker.services.coverage import Confirmed, Outsider
from broker.services.outsiders import Getuigen, Outsiders, Stempeldienst

_TRIED: Final = 100
"""Anchors that are looked at, from the newest down, for one that still counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """The log of Sluis itself."""

    log: Log
    vkeys: tuple[Vkey, ...]
    """The keys that sign it."""
    ankers: Ankers


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What was confirmed before this run."""

    confirmed: Mapping[Outsider, Confirmed]
    stamped: Mapping[str, int]
    """Lines in the newest checkpoint that each authority stamped."""
    cosigned: str | None
    """The newest checkpoint with the quorum of witnesses."""


def anchored_before(own: Own, outsiders: Outsiders) -> Before:
    """Compare the log with its newest anchor, and return what its anchors confirm.

    Raises:
        AnchorError: The log does not continue its newest anchor, or that is not of this log.
        AuditError: Something cannot be read.
    """
    ankers, found = own.ankers, own.ankers.found()
    for size in list(found)[:1]:
        check_continues(own.log, _signed(own, size), f"Het bestand anker/{size}")
    confirmed: dict[Outsider, Confirmed] = {}
    cosigned = _newest_cosigned(ankers, list(found)[:_TRIED], outsiders.policy)
    if cosigned is not None:
        confirmed[Outsider.GETUIGEN] = cosigned[1]
    stamped = {}
    for dienst in outsiders.diensten:
        sizes = [size for size, names in found.items() if dienst.name in names]
        stamp = _newest_stamped(ankers, sizes[:_TRIED], dienst)
        if stamp is not None:
            stamped[dienst.name] = stamp.size
            so_far = confirmed.get(Outsider.STEMPELS, stamp)
            confirmed[Outsider.STEMPELS] = max(so_far, stamp, key=lambda each: each.size)
    return Before(confirmed=confirmed, stamped=stamped, cosigned=cosigned and cosigned[0])


def compare_with_witnesses(own: Own, getuigen: Getuigen) -> None:
    """Compare the log with what the witnesses saw of it; one that does not answer is left out.

    Raises:
        AnchorError: The log does not continue what a witness saw.
        AuditError: The log cannot be read.
    """
    for latest in getuigen.latest(own.vkeys):
        who = ", ".join(sorted(latest.moments))
        check_continues(own.log, latest.checkpoint, f"Getuige {who}")


def _signed(own: Own, size: int) -> Checkpoint:
    """Return the checkpoint of an anchor, which this log must have signed."""
    note = Note.parse(own.ankers.note(size))
    try:
        note.check(own.vkeys)
    except NoteError as error:
        raise AnchorError(f"Het bestand anker/{size} is niet van dit logboek. {error}") from None
    return Checkpoint.parse(note.text)


def _newest_cosigned(
    ankers: Ankers, sizes: Sequence[int], policy: Policy | None
) -> tuple[str, Confirmed] | None:
    if policy is None:
        return None
    for size in sizes:
        try:
            note = ankers.note(size)
            verdict = policy.judge(note)
        except (AnchorError, NoteError):
            continue
        if verdict.quorum:
            last = dt.datetime.fromtimestamp(max(verdict.moments.values(), default=0), dt.UTC)
            return note, Confirmed(size=size, at=last)
    return None


def _newest_stamped(
    ankers: Ankers, sizes: Sequence[int], dienst: Stempeldienst
) -> Confirmed | None:
    for size in sizes:
        try:
            text = text_of(ankers.note(size))
            stamp = verify_stamp(ankers.stamp(size, dienst.name), text, trusted=dienst.trusted)
        except (AnchorError, NoteError, StampError):
            continue
        return Confirmed(size=size, at=stamp.at)
    return None
