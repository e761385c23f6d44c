"""The Authorization Decision Log: one record for each decision, enough to take it again (level 4).

A record holds what was asked and answered, the digest of the rules (the store keeps them), all
that the rules read, and the software that ran them. A deny is an outcome like any other: only a
decision that could not be taken has status Error.

The log of Sluis binds it: its line holds the SHA-256 of the text of the record. The record of a
door leaves dossier and besluit out, because the besluit that it names holds them, to the byte.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import orjson

from broker.domain.besluit import Uitkomst
from broker.errors import BrokerError
from broker.services.beslispunt import Stuk
from broker.services.caller import Beller
from broker.services.trace import Hop, Trace, follow, new_span


class Gebeurtenis(StrEnum):
    """The kind of call that a record is of."""

    EVALUATION = "adl.access_evaluation"
    EVALUATIONS = "adl.access_evaluations"
    SEARCH_SUBJECT = "adl.search_subject"
    SEARCH_RESOURCE = "adl.search_resource"
    SEARCH_ACTION = "adl.search_action"


class Status(StrEnum):
    """Whether there was a decision, whatever it was."""

    OK = "Ok"
    ERROR = "Error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uitwisseling:
    """One call: its kind, its trace, what was asked and answered, and what that rests on."""

    id: str
    event: Gebeurtenis
    trace: Trace
    moment: dt.datetime
    beller: Beller
    request: Mapping[str, Any]
    response: Mapping[str, Any]
    stukken: Sequence[Stuk] = ()
    status: Status = Status.OK
    more: Mapping[str, str] = field(default_factory=dict)
    """Attributes of our own."""


class Beslislogboek:
    """Shapes records. Who decides stores each, after its line in the log and before the answer."""

    def __init__(
        self, *, environment: Mapping[str, str], random_bytes: Callable[[int], bytes]
    ) -> None:
        """Keep the environment of every decision (`services/environment.py`)."""
        self._random = random_bytes
        self._resource = {"service.name": "sluis", "service.version": environment["sluis"]}
        self._configuration = dict(environment)

    def trace(self, hop: Hop | None, first: object = None) -> Trace:
        """Return the trace that a call belongs to, else a new one.

        Args:
            hop: What the hop before us told.
            first: A `traceparent` in the call itself, which goes before that of the hop.
        """
        hop = hop or Hop()
        named = [each for each in (first, hop.traceparent) if isinstance(each, str)]
        found = (follow(each, self._random) for each in named)
        known = (trace for trace in found if trace.parent_span_id is not None)
        return replace(next(known, None) or follow(None, self._random), fsc=hop.fsc)

    def of_call(self, call: Uitwisseling) -> dict[str, Any]:
        """Return the row of a call to the decision point."""
        read = [stuk for stuk in call.stukken if stuk.information]
        body: dict[str, Any] = {
            "adl.core.request": call.request,
            "adl.core.response": call.response,
            "adl.core.information": [stuk.information for stuk in read],
            "adl.core.configuration": self._configuration,
            "sluis.besluiten": [stuk.besluit for stuk in read],
        }
        regels = sorted({stuk.regels for stuk in call.stukken if stuk.regels})
        sleutels = sorted({stuk.sleutel for stuk in call.stukken if stuk.sleutel})
        attributes = {**call.more, **_one_or_all("adl.core.policies", regels)}
        attributes |= _one_or_all("dpl.core.data_subject_id", sleutels)
        row = self._row(call.event, call.trace, call.moment, call.status, attributes, body)
        return row | _whose(call.id, call.beller)

    def of_door(
        self, trace: Trace, besluit: Mapping[str, Any], beller: Beller, *, sleutel: str, regels: str
    ) -> dict[str, Any]:
        """Return the row of a door that decided; `besluit` is the row of what it came to."""
        attributes = {
            "adl.core.policies": regels,
            "dpl.core.data_subject_id": sleutel,
            "sluis.besluit": besluit["id"],
        }
        body = {"adl.core.configuration": self._configuration}
        row = self._row(
            Gebeurtenis.EVALUATION, trace, besluit["moment"], Status.OK, attributes, body
        )
        return row | _whose(besluit["id"], beller) | {"besluit": besluit["id"]}

    def of_failure(
        self, trace: Trace, stuk: Stuk, beller: Beller, error: BrokerError, nummer: str
    ) -> dict[str, Any]:
        """Return the row of a door that gave no verdict; `stuk` holds its dossier."""
        dossier = stuk.information
        return self.of_call(
            Uitwisseling(
                id=nummer,
                event=Gebeurtenis.EVALUATION,
                trace=trace,
                moment=dt.datetime.fromisoformat(dossier["moment"]),
                beller=beller,
                request=request_of(dossier),
                response=failed(error),
                stukken=[stuk],
                status=Status.ERROR,
            )
        )

    def _row(
        self,
        event: Gebeurtenis,
        trace: Trace,
        moment: dt.datetime,
        status: Status,
        attributes: Mapping[str, Any],
        body: Mapping[str, Any],
    ) -> dict[str, Any]:
        span = new_span(self._random)
        fsc = {"adl.fsc.transaction_id": trace.fsc} if trace.fsc else {}
        record = {
            "trace_id": trace.trace_id,
            "span_id": span,
            "parent_span_id": trace.parent_span_id,
            "event_name": event,
            # Milliseconds since 1970 in UTC.
            "timestamp": int(moment.timestamp() * 1000),
            "status": status,
            "attributes": {**attributes, **fsc},
            "resource": self._resource,
            "body": body,
        }
        text = orjson.dumps(record).decode()
        ids = {"trace_id": trace.trace_id, "span_id": span}
        return {**ids, "regel": text, "besluit": None, "moment": moment}


def failed(error: BrokerError) -> dict[str, Any]:
    """Return the answer where there is no verdict."""
    return {"error": {"status": error.status, "message": error.detail}}


def _whose(nummer: str, beller: Beller) -> dict[str, str]:
    return {"id": nummer, "gebruiker": beller.gebruiker, "organisatie": beller.organisatie}


def digest(text: str) -> str:
    """Return the SHA-256 of a recorded text, in hexadecimal: what a line of the log holds of it."""
    return hashlib.sha256(text.encode()).hexdigest()


def rendered(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a whole record from its row; of a door with the dossier and besluit it rests on.

    The row has `regel`, and `dossier` and `besluit_tekst` of its besluit, or None.
    """
    record: dict[str, Any] = orjson.loads(row["regel"])
    if row["dossier"] is not None:
        dossier, besluit = orjson.loads(row["dossier"]), orjson.loads(row["besluit_tekst"])
        record["body"] |= {
            "adl.core.request": request_of(dossier),
            "adl.core.response": response_of(besluit),
            "adl.core.information": [dossier],
            "sluis.besluiten": [besluit],
        }
    return record


def request_of(dossier: Mapping[str, Any]) -> dict[str, Any]:
    """Tell what a dossier asks, in the words of AuthZEN; what it does not say is None."""
    asked, vrager, zaak, betrokkene, bron = (
        dossier.get(name) or {} for name in ("verzoek", "vrager", "zaak", "betrokkene", "bron")
    )
    properties = {name: fact for name, fact in asked.items() if name != "soort"}
    return {
        "subject": {"type": "gebruiker", "id": (vrager.get("gebruiker") or {}).get("id")},
        "action": {"name": asked.get("soort"), "properties": properties},
        "resource": {
            "type": "betrokkene",
            "id": betrokkene.get("sleutel"),
            "properties": {"zaak": zaak.get("id"), "bron": bron.get("organisatie")},
        },
        "context": {"deur": dossier["deur"], "time": dossier["moment"]},
    }


def response_of(besluit: Mapping[str, Any]) -> dict[str, Any]:
    """Tell what a besluit comes to, in the words of AuthZEN."""
    uitkomst = besluit["uitkomst"]
    return {"decision": uitkomst == Uitkomst.TOEGEWEZEN, "context": {"uitkomst": uitkomst}}


def _one_or_all(name: str, values: Sequence[str]) -> dict[str, Any]:
    """Return a member that is one value, or a list of several; without values it is absent."""
    if not values:
        return {}
    return {name: values[0] if len(values) == 1 else list(values)}
