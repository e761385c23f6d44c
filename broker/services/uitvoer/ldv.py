"""Records of the Logboek Dataverwerkingen 1.0 (Logius): one per subject per actie, all of them.

A record is a function of the lines of the log, and those are durable before anything leaves, so
no processing can be without its record. It names no official: who asked stands in the log only,
under the same trace.

Of its fields two need a word:

- `status` is Ok when something was given or done, Unset when it ended without (a refusal is no
  fault), and Error only when it failed for a technical reason.
- `trace_id` and `span_id` are those of the decision. A line that came of no call has none; it
  gets a trace of its own, which follows from its leaf and so is the same each time.

`dpl.core.foreign_operation.processor` is absent: Sluis knows the organisation of the caller, not
the address of its application.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from audit.entry import Soort
from broker.services.uitvoer.regels import Actie

ACTIVITY: Final = "dpl.core.processing_activity_id"
SUBJECT: Final = "dpl.core.data_subject_id"
SUBJECT_TYPE: Final = "dpl.core.data_subject_id_type"
_TYPES: Final = {"p-": "BSN", "r-": "KVK-nummer"}
_NAMES: Final[Mapping[Soort, str]] = {
    Soort.VERSTREKKING: "Gegevens gevraagd en verstrekt",
    Soort.WEIGERING: "Vraag om gegevens beoordeeld en geweigerd",
    Soort.FOUT: "Gegevens gevraagd zonder bruikbaar antwoord",
    Soort.ONBEPAALD: "Gegevens gevraagd, en de afloop is niet bekend",
    Soort.WIJZIGING: "Feiten in een zaak gewijzigd",
    Soort.TOETSING: "Vooraf beoordeeld of delen zou mogen",
    Soort.INZAGE: "Vastgelegde verwerkingen ingezien",
}
_OTHER_NAME: Final = "Verwerking in Sluis"
_ACTIVITIES: Final[Mapping[Soort, str]] = {
    Soort.WIJZIGING: "zaakbeheer",
    Soort.TOETSING: "toetsing",
    Soort.INZAGE: "toezicht",
}
_OTHER_ACTIVITY: Final = "beoordeling"
_REFUSED: Final = "bron-weigert"
_CRIMINAL: Final = "strafrechtelijk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Where the processing activities are described, and of which bases there is one."""

    adres: str
    """URI without a slash at the end."""
    grondslagen: frozenset[str]

    def activity(self, soort: Soort, payload: Mapping[str, Any]) -> str:
        """Return the URI of the activity that this belongs to.

        Investigative questions are an activity of their own, because how confidential something
        is stands with the activity and never in the record.
        """
        grondslag = payload.get("grondslag")
        if isinstance(grondslag, str) and grondslag in self.grondslagen:
            criminal = _CRIMINAL in (payload.get("doel") or ())
            return f"{self.adres}/{grondslag}{'-' + _CRIMINAL if criminal else ''}"
        return f"{self.adres}/{_ACTIVITIES.get(soort, _OTHER_ACTIVITY)}"


def record(actie: Actie, register: Register, resource: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the record of an actie; None when its payload was destroyed, and so its record too.

    Args:
        actie: What was done.
        register: Of the processing activities.
        resource: Which software did it.
    """
    payload = actie.payload
    if payload is None:
        return None
    soort = actie.einde.soort
    found: dict[str, Any] = {
        "trace_id": _given(payload, "trace_id") or _own(actie, "trace", 16),
        "span_id": _span(actie) or _own(actie, "span", 8),
        "status": status(soort, payload),
        "name": _NAMES.get(soort, _OTHER_NAME),
        "start_time": milliseconds(actie.begin.at),
        "end_time": milliseconds(actie.einde.at),
    }
    if parent := _given(payload, "parent_span_id"):
        found["parent_span_id"] = parent
    found["resource"] = {"attributes": dict(resource)}
    found["attributes"] = {ACTIVITY: register.activity(soort, payload), **_subject(payload)}
    return found


def status(soort: Soort, payload: Mapping[str, Any]) -> str:
    """Return how it ended: Ok, Unset or Error."""
    if soort is Soort.WEIGERING:
        return "Unset"
    if soort is Soort.ONBEPAALD:
        return "Error"
    if soort is Soort.FOUT:
        return "Unset" if payload.get("fout") == _REFUSED else "Error"
    return "Ok"


def milliseconds(moment: dt.datetime) -> int:
    """Return a moment in whole milliseconds since 1970 (UTC)."""
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(milliseconds=1)


def _subject(payload: Mapping[str, Any]) -> dict[str, str]:
    sleutel = payload.get("sleutel")
    soort = _TYPES.get(sleutel[:2]) if isinstance(sleutel, str) else None
    return {} if soort is None else {SUBJECT: str(sleutel), SUBJECT_TYPE: soort}


def _given(payload: Mapping[str, Any], member: str) -> str | None:
    value = payload.get(member)
    return value if isinstance(value, str) else None


def _span(actie: Actie) -> str | None:
    # The actie began with door 1, so it has the span of that decision.
    return _given(actie.begin.payload or {}, "span_id")


def _own(actie: Actie, what: str, size: int) -> str:
    seed = f"sluis/ldv/{what}\n".encode() + actie.begin.leaf
    return hashlib.sha256(seed).digest()[:size].hex()
