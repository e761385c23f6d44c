"""The changes that can be asked about, each made on a snapshot as the store would make it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from broker.decision.decide import Decider
from broker.domain.kalender import instant
from broker.errors import ConflictError, Fout, InvalidInputError
from broker.store.columns import Rij
from broker.store.snapshot import Snapshot
from broker.store.zaken import ENDED


class Change(Protocol):
    """Something that may happen at a moment `op` (a date, or a moment with offset)."""

    @property
    def op(self) -> str:
        """When it happens."""

    def touched(self, facts: Snapshot, riec: str | None) -> list[str] | None:
        """Return the zaken of this RIEC (None: of all) that it may change something for.

        None is everything, also what stands outside any zaak.

        Raises:
            InvalidInputError: It names something that is not there.
        """

    def made(self, facts: Snapshot, zaken: list[str] | None) -> Snapshot:
        """Return the facts after it, in these zaken.

        Raises:
            ConflictError: It cannot happen any more.
        """

    def decider(self, now: Decider) -> Decider:
        """Return what decides after it."""

    def named(self) -> Mapping[str, str]:
        """Return what the log tells of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A zaak ends."""

    op: str
    zaak: str

    def touched(self, facts: Snapshot, riec: str | None) -> list[str] | None:
        """Return the zaak."""
        return [_known(facts, riec, self.zaak, "/beeindig/zaak")]

    def made(self, facts: Snapshot, zaken: list[str] | None) -> Snapshot:
        """Return the facts with the zaak ended."""
        return facts.with_zaken({zaak: self._ended(facts.zaken[zaak]) for zaak in zaken or ()})

    def decider(self, now: Decider) -> Decider:
        """Return the same."""
        return now

    def named(self) -> Mapping[str, str]:
        """Return the zaak and when it ends."""
        return {"op": self.op, "zaak": self.zaak}

    def _ended(self, zaak: Mapping[str, Any]) -> Rij:
        end = zaak.get("beeindigd_op")
        if zaak.get("status") == "beeindigd" and (end is None or instant(end) <= instant(self.op)):
            raise ConflictError(ENDED)
        return {**zaak, "status": "beeindigd", "beeindigd_op": self.op}


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """An organisatie takes part no longer: in one zaak, or in every one (`zaak` is None)."""

    op: str
    organisatie: str
    zaak: str | None = None

    def touched(self, facts: Snapshot, riec: str | None) -> list[str] | None:
        """Return the zaken that it has a place in at that moment or later."""
        where = "/zonder_deelnemer"
        named = sorted(facts.zaken)
        if self.zaak is not None:
            named = [_known(facts, riec, self.zaak, f"{where}/zaak")]
        found = [
            zaak
            for zaak in named
            if _runs(facts.zaken[zaak], riec)
            and any(map(self._stays, facts.zaken[zaak]["deelnemers"]))
        ]
        if not found:
            raise _wrong(
                f"{where}/organisatie",
                "Deze organisatie doet op die dag niet mee: niet in deze zaak, of in geen enkele.",
            )
        return found

    def made(self, facts: Snapshot, zaken: list[str] | None) -> Snapshot:
        """Return the facts in which each of its places ends at that moment."""
        return facts.with_zaken(
            {
                zaak: {
                    **facts.zaken[zaak],
                    "deelnemers": [
                        {**place, "tot": self.op} if self._stays(place) else place
                        for place in facts.zaken[zaak]["deelnemers"]
                    ],
                }
                for zaak in zaken or ()
            }
        )

    def decider(self, now: Decider) -> Decider:
        """Return the same."""
        return now

    def named(self) -> Mapping[str, str]:
        """Return who leaves, when, and which zaak."""
        where = {} if self.zaak is None else {"zaak": self.zaak}
        return {"op": self.op, "deelnemer": self.organisatie, **where}

    def _stays(self, place: Mapping[str, Any]) -> bool:
        """Tell whether this is a place of the organisatie that would end later, or never."""
        end = place.get("tot")
        later = end is None or instant(end) > instant(self.op)
        return later and place.get("organisatie") == self.organisatie


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherRules:
    """Other rules come into force; the facts stay."""

    op: str
    rules: Decider

    def touched(self, facts: Snapshot, riec: str | None) -> list[str] | None:
        """Return everything; for one RIEC its own zaken."""
        if riec is None:
            return None
        return sorted(zaak for zaak, known in facts.zaken.items() if _runs(known, riec))

    def made(self, facts: Snapshot, zaken: list[str] | None) -> Snapshot:  # noqa: ARG002
        """Return the same facts."""
        return facts

    def decider(self, now: Decider) -> Decider:  # noqa: ARG002 - not of now
        """Return the other rules."""
        return self.rules

    def named(self) -> Mapping[str, str]:
        """Return the digest of the rules, and when they come."""
        return {"op": self.op, "regelversie": self.rules.digest}


def _runs(zaak: Mapping[str, Any], riec: str | None) -> bool:
    return riec is None or zaak.get("riec") == riec


def _known(facts: Snapshot, riec: str | None, zaak: str, pointer: str) -> str:
    known = facts.zaken.get(zaak)
    if known is None or not _runs(known, riec):
        raise _wrong(pointer, "Deze zaak bestaat niet, of is niet van uw RIEC.")
    return zaak


def _wrong(pointer: str, melding: str) -> InvalidInputError:
    return InvalidInputError(melding, [Fout(pointer=pointer, melding=melding)])
