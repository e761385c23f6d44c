"""One verzoek on its way to one source: what is known of it, and the shape of what it leaves.

A line of the log never has content, and names a source by its number in the verzoek.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from audit.entry import Soort
from broker.domain.besluit import Besluit
from broker.domain.fsc import Doorgang
from broker.domain.ports import Bevraging
from broker.services.beslislogboek import digest
from broker.services.bronnen import Aansluiting, nummer
from broker.services.caller import Beller
from broker.services.recorder import Regel
from broker.services.trace import Trace
from broker.services.vraag import Vraag


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """A verzoek on its way: who put it, what it asks, and the pseudonym of its subject."""

    id: str
    beller: Beller
    vraag: Vraag
    sleutel: str
    trace: Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """One verzoek at one source: the last dossier, its besluit, the row of both, the ADL record.

    `transactie` is the number of its call through an Outway of FSC, None when there is none;
    `voornemen` the index of its first line, once that is recorded.
    """

    bron: Aansluiting
    dossier: Mapping[str, Any]
    besluit: Besluit
    row: Mapping[str, Any]
    adl: Mapping[str, Any]
    transactie: str | None = None
    voornemen: int | None = None

    @property
    def doorgang(self) -> Doorgang | None:
        """The call through an Outway, in the trace and the span of this decision."""
        if self.bron.koppeling is None or self.transactie is None:
            return None
        return Doorgang(
            koppeling=self.bron.koppeling,
            transactie=self.transactie,
            trace_id=self.adl["trace_id"],
            span_id=self.adl["span_id"],
        )


def crossing(put: Put, transactie: str | None) -> Put:
    """Return a verzoek as its decisions on one source see it: in the transaction to that source.

    The one by which it came to us goes first: it holds for all of its sources.
    """
    if transactie is None or put.trace.fsc is not None:
        return put
    return replace(put, trace=replace(put.trace, fsc=transactie))


def bevraging(put: Put, relay: Relay) -> Bevraging:
    """Shape the question to the source: exactly what door 1 granted."""
    asked = put.vraag.verzoek
    return Bevraging(
        kenmerk=relay.row["id"],
        betrokkene=put.vraag.betrokkene,
        categorieen=relay.besluit.granted,
        grondslag=put.vraag.grondslag or "",
        zaak=put.vraag.zaak,
        vrager=put.beller.organisatie,
        doel=tuple(asked.get("doel") or ()),
        vraagstelling=asked.get("vraagstelling") or "",
        doorgang=relay.doorgang,
    )


def verzoek_row(put: Put, received: dt.datetime) -> dict[str, Any]:
    """Shape the row of a verzoek."""
    who = {"gebruiker": put.beller.gebruiker, "organisatie": put.beller.organisatie}
    return {
        "id": put.id,
        **put.vraag.row(),
        **who,
        "sleutel": put.sleutel,
        "ontvangen_op": received,
    }


def first_line(put: Put, relay: Relay) -> Regel:
    """Shape the voornemen, or the weigering of door 1; it tells of the call that is to come."""
    if not relay.besluit.granted:
        return door_line(Soort.WEIGERING, put, relay)
    way = relay.doorgang
    return door_line(Soort.VOORNEMEN, put, relay, fsc=way.inscription() if way else None)


def fsc_end(relay: Relay, *, sent: bool, told: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the `fsc` of a last line: that the call was not made, or what FSC told; or neither."""
    found = {**({} if sent else {"sent": False}), **(told or {})}
    return {"fsc": found} if found and relay.transactie else {}


def door_line(soort: Soort, put: Put, relay: Relay, **more: Any) -> Regel:  # noqa: ANN401 - members
    """Shape the line of the log on a besluit; never content."""
    facts = {
        "besluit": relay.row["id"],
        "deur": relay.dossier["deur"],
        "uitkomst": relay.besluit.uitkomst.value,
        "categorieen": list(relay.besluit.granted),
        "gronden": [grond.code for grond in relay.besluit.weigeringsgronden],
        "dossier_sha256": digest(relay.row["dossier"]),
        "besluit_sha256": digest(relay.row["besluit"]),
        "voornemen": relay.voornemen,
        **place(relay.adl),
        **more,
    }
    return line(soort, put, relay.bron.organisatie, facts)


def place(adl: Mapping[str, Any]) -> dict[str, str]:
    """Return what a line holds of the record in the decision log: its digest and its span."""
    return {"beslislog_sha256": digest(adl["regel"]), "span_id": adl["span_id"]}


def line(soort: Soort, put: Put, bron: str, facts: Mapping[str, Any]) -> Regel:
    """Shape a line of the log: who asked what for, in which trace; a source goes by number."""
    asked = {
        **{name: put.vraag.verzoek.get(name) for name in ("activiteit", "doel", "verschijnsel")},
        "verzoek": put.id,
        "gebruiker": put.beller.gebruiker,
        "organisatie": put.beller.organisatie,
        "bron": bron,
        "zaak": put.vraag.zaak,
        "sleutel": put.sleutel,
        "grondslag": put.vraag.grondslag,
        "trace_id": put.trace.trace_id,
        "parent_span_id": put.trace.parent_span_id,
    }
    return Regel(
        soort=soort,
        kenmerk=f"{put.id}/{nummer(put.vraag.bronnen, bron)}/{soort.value}",
        payload={k: fact for k, fact in {**asked, **facts}.items() if fact is not None},
        subject=put.sleutel,
    )
