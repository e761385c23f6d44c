"""What was done about one subject: the lines of the log that belong together, made into one story.

The log tells what happened; the besluiten in the store tell the words. A besluit that is not the
one that the log names stops the work: then nobody knows what happened.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from audit.entry import CLOSING, Soort
from audit.ledger import Line
from broker.domain.besluit import Uitkomst
from broker.domain.dossier import TREFFER
from broker.errors import RecordError
from broker.services.beslislogboek import digest
from broker.services.logboekzicht import was_asked
from broker.store.unit import ReadTx

VRAAG = "vraag"
"""The soort of a handeling that is a question to a source; any other is the `wat` of its line."""


class Afloop(StrEnum):
    """How a question to a source ended, as far as a subject may know."""

    VERSTREKT = "verstrekt"
    NIETS_VERSTREKT = "niets-verstrekt"
    GEWEIGERD = "geweigerd"
    GEEN_ANTWOORD = "geen-antwoord"
    ONBEKEND = "onbekend"


_AFLOOP: Mapping[Soort, Afloop] = {
    Soort.WEIGERING: Afloop.GEWEIGERD,
    Soort.FOUT: Afloop.GEEN_ANTWOORD,
    Soort.ONBEPAALD: Afloop.ONBEKEND,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Handeling:
    """One thing that was done about the subject. Which official did it is left out on purpose."""

    kenmerk: str
    """What its lines have in common."""
    op: dt.datetime
    indexen: tuple[int, ...]
    soort: str
    organisatie: str
    functie: str | None
    bron: str | None = None
    gevraagd: bool = False
    """The source got the question."""
    zaak: str | None = None
    grondslag: str | None = None
    doel: tuple[str, ...] = ()
    verschijnselen: tuple[str, ...] = ()
    categorieen: tuple[str, ...] = ()
    """What was asked for."""
    afloop: Afloop | None = None
    verstrekt: tuple[str, ...] = ()
    treffer: bool = False
    """Only whether there was something could be asked."""
    bewaren_tot: str | None = None

    def concerns(self, organisatie: str) -> bool:
        """Tell whether this organisatie asked, or was asked."""
        return organisatie == self.organisatie or (self.gevraagd and organisatie == self.bron)


async def collect(tx: ReadTx, lines: Sequence[Line], since: dt.datetime) -> list[Handeling]:
    """Return what these lines of one subject tell, the oldest first.

    What began before `since` and went on after it is told from its beginning.

    Raises:
        RecordError: A besluit in the store is not the one that the log names.
    """
    payloads = [line.payload or {} for line in lines]
    rows = await tx.besluiten.some([p["besluit"] for p in payloads if "besluit" in p])
    functies = await tx.gebruikers.functies(sorted({p.get("gebruiker", "") for p in payloads}))
    return [
        _handeling(name, group, rows, functies)
        for name, group in _grouped(lines).items()
        if group[-1].at >= since
    ]


def _grouped(lines: Sequence[Line]) -> dict[str, list[Line]]:
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(stem_of(line), []).append(line)
    return groups


def stem_of(line: Line) -> str:
    """Return what a line has in common with those that belong to it."""
    return line.kenmerk.removesuffix(f"/{line.soort.value}")


def _handeling(
    kenmerk: str,
    lines: Sequence[Line],
    rows: Mapping[str, Mapping[str, Any]],
    functies: Mapping[str, str],
) -> Handeling:
    # A line that a start made to close a voornemen says only whose it is; the voornemen says all.
    first = next((line for line in lines if "organisatie" in (line.payload or {})), lines[0])
    facts = first.payload or {}
    ended = any(line.soort in CLOSING for line in lines)
    return Handeling(
        kenmerk=kenmerk,
        op=lines[0].at,
        indexen=tuple(line.index for line in lines),
        organisatie=facts.get("organisatie", ""),
        functie=functies.get(facts.get("gebruiker", "")),
        zaak=facts.get("zaak"),
        grondslag=facts.get("grondslag"),
        **(
            _asked(first, lines, rows)
            if ended or "bron" in facts
            else {"soort": facts.get("wat", first.soort.value)}
        ),
    )


def _asked(
    line: Line, lines: Sequence[Line], rows: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what only a question to a source has."""
    first = line.payload or {}
    dossier, _ = _recorded(line, rows)
    verzoek, zaak = dossier.get("verzoek") or {}, dossier.get("zaak") or {}
    named = verzoek.get("verschijnsel")
    return {
        "soort": VRAAG,
        "bron": first.get("bron", ""),
        "gevraagd": any(was_asked(line.soort, line.payload or {}) for line in lines),
        "doel": tuple(verzoek.get("doel") or ()),
        "verschijnselen": (named,) if named else tuple(zaak.get("verschijnselen") or ()),
        "categorieen": tuple(verzoek.get("categorieen") or first.get("categorieen", ())),
        "treffer": verzoek.get("soort") == TREFFER,
        **_ended(next((line for line in lines if line.soort in CLOSING), None), rows),
    }


def _ended(line: Line | None, rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return how a question ended, and what of it went to who asked."""
    if line is None or line.soort is not Soort.VERSTREKKING:
        return {"afloop": Afloop.ONBEKEND if line is None else _AFLOOP[line.soort]}
    payload = line.payload or {}
    if not payload.get("gegevens"):
        return {"afloop": Afloop.NIETS_VERSTREKT}
    dossier, besluit = _recorded(line, rows)
    # Recorded as leaving and not stored: then all that was granted may have left.
    went = _released(dossier, besluit) if besluit else payload.get("categorieen", ())
    return {
        "afloop": Afloop.VERSTREKT,
        "verstrekt": tuple(went),
        "bewaren_tot": besluit.get("bewaren_tot"),
    }


def _released(dossier: Mapping[str, Any], besluit: Mapping[str, Any]) -> list[str]:
    pairs = zip(dossier["gegevens"], besluit["gegevens"], strict=True)
    went = {
        item["categorie"] for item, part in pairs if part["uitkomst"] == Uitkomst.TOEGEWEZEN.value
    }
    return sorted(went)


def _recorded(
    line: Line, rows: Mapping[str, Mapping[str, Any]]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the dossier and the besluit of a line; empty when they were never stored.

    Raises:
        RecordError: They are not those that the line is bound to.
    """
    payload = line.payload or {}
    row = rows.get(payload.get("besluit", ""))
    if row is None:
        return {}, {}
    for name in ("dossier", "besluit"):
        if digest(row[name]) != payload.get(f"{name}_sha256"):
            raise RecordError("Een besluit in de opslag is niet dat van het logboek.")
    return orjson.loads(row["dossier"]), orjson.loads(row["besluit"])
