"""What the rules read: the dossier with its calendar worked out.

The rules (Rego) know no calendar. Here every moment becomes an instant (microseconds), every term
gets its end, and a list that is unknown becomes empty where an empty one opens nothing.
Which terms there are, and how long, is law and comes from the register.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from broker.domain.dossier import (
    Betrokkene,
    BronPartij,
    Dossier,
    Gebruiker,
    Onderzoek,
    Ontvanger,
    Reikwijdte,
    Signaal,
    Verzoek,
    Vrager,
)
from broker.domain.kalender import (
    ALWAYS,
    Duur,
    add,
    day_of,
    day_start,
    instant,
    later,
    parse_date,
    parse_duration,
)

# A part that is absent is one of which nothing is known. Only an absent zaak stays null: it says
# so itself.
_UNKNOWN: Final = {
    "verzoek": Verzoek().model_dump(),
    "vrager": Vrager().model_dump(),
    "bron": BronPartij().model_dump(),
    "ontvanger": Ontvanger().model_dump(),
    "betrokkene": Betrokkene().model_dump(),
}
# What an unknown moment counts as: always the side that does not help the requester, except the
# ends and beginnings that the contract lets be absent (no `tot` is no end, no `vanaf` from the
# start).
_NEVER_BEGUN: Final = ALWAYS
_LONG_PAST: Final = -ALWAYS
_NO_END: Final = ALWAYS
_FROM_THE_START: Final = -ALWAYS
_BETROKKENE_LISTS: Final = ("gebieden", "band", "branches", "signalen")
_ZAAK_LISTS: Final = ("verschijnselen", "fasebesluiten", "deelnemers", "verlengingen")


def feiten(dossier: Dossier, termijnen: Mapping[str, Duur]) -> dict[str, Any]:
    """Return the input of the rules for this dossier: JSON values alone.

    `termijnen` holds the terms of an item by their name in the law: `bewaren`, and where the
    basis has them `bewaarverlenging` and `eerste-verwerking`.
    """
    facts = dossier.model_dump(mode="json")
    moment = instant(dossier.moment)
    facts["moment"] = moment
    for name, unknown in _UNKNOWN.items():
        facts[name] = facts[name] or dict(unknown)
    _verzoek(facts["verzoek"])
    _vrager(facts["vrager"])
    if zaak := facts["zaak"]:
        _zaak(zaak)
    _betrokkene(facts["betrokkene"], facts["zaak"])
    facts["instemmingen"] = facts["instemmingen"] or []
    for instemming in facts["instemmingen"]:
        # Blanks around it make nobody another person.
        instemming["door"] = _visible(instemming["door"])
        instemming["op"] = _instant(instemming["op"], _NEVER_BEGUN)
        instemming["tot"] = _instant(instemming["tot"], _NO_END)
    facts["gegevens"] = facts["gegevens"] or []
    for item in facts["gegevens"]:
        _gegeven(item, moment, termijnen, len(facts["instemmingen"]))
    return facts


def term(zaak: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return begin and end (outside the term) of a zaak, or None when they cannot be computed.

    Each verlenging adds one `duur` to the end, and counts only when it was decided before the end
    that it extends, within `verlengingen_max` and `totaal_max` (contract, Looptijd).
    """
    looptijd = zaak["looptijd"] or {}
    begin, duur = zaak["vastgesteld_op"], looptijd.get("duur")
    if begin is None or duur is None:
        return None
    first = parse_date(begin)
    end = add(first, parse_duration(duur))
    if end is None:
        return None
    total = looptijd["totaal_max"]
    limit = add(first, parse_duration(total)) if total else None
    decided = sorted(instant(v["besluit_op"]) for v in zaak["verlengingen"] if v["besluit_op"])
    left = looptijd["verlengingen_max"] or 0
    for besluit_op in decided:
        later = add(end, parse_duration(duur))
        if not left or later is None or limit is None or later > limit:
            break
        if besluit_op < day_start(end):
            end, left = later, left - 1
    return day_start(first), day_start(end)


def _verzoek(verzoek: dict[str, Any]) -> None:
    verzoek["vraagstelling"] = _visible(verzoek["vraagstelling"])
    verzoek["doel"] = verzoek["doel"] or []
    verzoek["categorieen"] = list(dict.fromkeys(verzoek["categorieen"] or ()))
    verzoek["aantal_betrokkenen"] = verzoek["aantal_betrokkenen"] or ALWAYS
    # In Rego null holds, as everything does but false and undefined.
    verzoek["nationaliteit_onvermijdelijk"] = verzoek["nationaliteit_onvermijdelijk"] is True


def _vrager(vrager: dict[str, Any]) -> None:
    person = vrager["gebruiker"] = vrager["gebruiker"] or Gebruiker().model_dump()
    person["geautoriseerd_tot"] = _instant(person["geautoriseerd_tot"], _LONG_PAST)


def _zaak(zaak: dict[str, Any]) -> None:
    for name in _ZAAK_LISTS:
        zaak[name] = zaak[name] or []
    zaak["reikwijdte"] = zaak["reikwijdte"] or Reikwijdte().model_dump()
    zaak["signaal"] = zaak["signaal"] or Signaal().model_dump()
    zaak["begin"], zaak["einde"] = term(zaak) or (None, None)
    zaak["beeindigd_op"] = _instant(zaak["beeindigd_op"], _LONG_PAST)
    zaak["max_betrokkenen"] = zaak["max_betrokkenen"] or 0
    zaak["fase"] = zaak["fase"] or 0
    for deelnemer in zaak["deelnemers"]:
        deelnemer["vanaf"] = _instant(deelnemer["vanaf"], _FROM_THE_START)
        deelnemer["tot"] = _instant(deelnemer["tot"], _NO_END)
    for besluit in zaak["fasebesluiten"]:
        besluit["fase"] = besluit["fase"] or ALWAYS
        besluit["besluit_op"] = _instant(besluit["besluit_op"], _NEVER_BEGUN)
        besluit["noodzaak"] = _visible(besluit["noodzaak"])


def _betrokkene(betrokkene: dict[str, Any], zaak: Mapping[str, Any] | None) -> None:
    for name in _BETROKKENE_LISTS:
        betrokkene[name] = betrokkene[name] or []
    onderzoek = betrokkene["onderzoek"] = betrokkene["onderzoek"] or Onderzoek().model_dump()
    since = onderzoek["laatste_feit_op"] or onderzoek["geopend_op"]
    termijn = zaak["onderzoekstermijn"] if zaak else None
    onderzoek["einde"] = _later(since, termijn) if since and termijn else _NO_END
    onderzoek["beeindigd_op"] = _instant(onderzoek["beeindigd_op"], _NO_END)


def _gegeven(
    item: dict[str, Any], moment: int, termijnen: Mapping[str, Duur], consents: int
) -> None:
    brought, first = item["ingebracht_op"], item["eerste_verwerking_op"]
    begin = parse_date(brought) if brought else day_of(moment)
    item["bewaren_einden"] = _ends(begin, termijnen, consents)
    term = termijnen.get("eerste-verwerking")
    old = add(parse_date(first), term) if first and term else None
    item["eerste_verwerking_einde"] = day_start(old) if old else _LONG_PAST
    item["herkomst"] = _visible(item["herkomst"])
    item["bewaren_tot"] = _instant(item["bewaren_tot"], _NO_END)


def _ends(begin: dt.date, termijnen: Mapping[str, Duur], consents: int) -> list[int]:
    """Return the instants at which an item must be gone: not renewed, renewed once, twice.

    Each renewal is a recorded consent, so there can be no more of them than there are consents.
    """
    terms = [termijnen.get("bewaren")]
    if renewal := termijnen.get("bewaarverlenging"):
        terms += [renewal] * consents
    found: list[int] = []
    end: dt.date | None = begin
    for term in terms:
        end = add(end, term) if end and term else None
        found.append(day_start(end) if end else _LONG_PAST)
    return found


def _later(since: str, termijn: str) -> int:
    """Return the instant a term after this one; after a moment, at the same time of that day."""
    return later(instant(since), parse_duration(termijn), past_calendar=_LONG_PAST)


def _instant(text: str | None, unknown: int) -> int:
    return instant(text) if text is not None else unknown


def _visible(text: str | None) -> str:
    """Return what a person sees of a text: no marks without a shape, no blanks around it."""
    if not text or text.isprintable():
        return (text or "").strip()
    return "".join(c for c in text if c.isprintable() or c.isspace()).strip()
