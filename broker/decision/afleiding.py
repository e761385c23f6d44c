"""From the rules of law to what the rules of the decision read of one basis.

Nothing here knows a law: whatever a rule opens or closes for a basis is laid together, and two
rules that contradict each other make the rule set unusable.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from broker.decision.files import Grondslag, Opent, Regel
from broker.domain.kalender import ALWAYS, day_start

# What of a category adds up, and what two rules may not say differently.
_LISTS: Final = ("niet_van", "labels", "alleen_bij", "instemmingen")
_ONE: Final = ("fase", "aard", "bronnen")
_FROM_BASIS: Final = (
    "vraagstelling_minimaal",
    "resultaat",
    "instemming_gever",
    "passende_band",
    "passende_relatie",
    "doelen",
    "voorbehouden",
    "zaak_van",
    "bewaarverlenging",
)

Data = dict[str, Any]


class TegenspraakError(Exception):
    """Two rules say different things of the same; `regel` is the second."""

    def __init__(self, regel: Regel) -> None:
        self.regel = regel
        super().__init__(regel.id)


def derive(basis: Grondslag, regels: Sequence[Regel], leunt_op: Mapping[str, Any] | None) -> Data:
    """Return all that the rules of the decision read of this basis.

    Args:
        basis: The basis.
        regels: The rules of its laws that are in force, in the order of those laws.
        leunt_op: What this function said of the basis that it leans on.

    Raises:
        TegenspraakError: Two rules contradict each other.
    """
    under = leunt_op or {}
    opened, closed = _opened(basis, regels), _closed(basis.id, regels)
    own = basis.model_dump()
    termijnen = {**under.get("termijnen", {}), **opened["termijnen"]}
    return {
        "geregistreerd": True,
        "spoor": basis.soort,
        "van": day_start(basis.van) if basis.geldig_vanaf else -ALWAYS,
        "tot": day_start(basis.tot) if basis.geldig_tot else ALWAYS,
        "signaal_vereist": basis.signaal_vereist,
        "niet_getoetst": basis.niet_getoetst,
        **{n: own[n] if own[n] is not None else under.get(n) for n in _FROM_BASIS},
        "deelnemers": {**under.get("deelnemers", {}), **opened["deelnemers"]},
        "activiteiten": {**under.get("activiteiten", {}), **opened["activiteiten"]},
        **_categories(basis, under, opened["categorieen"], closed["categorieen"]),
        "labels_uitgesloten": _union(under.get("labels_uitgesloten", ()), closed["labels"]),
        "labels_met_termijn": _union(*(t["labels"] for t in termijnen.values())),
        "termijnen": termijnen,
        "openingen": opened["openingen"],
        "bronnen": _union(*(o["bronnen"] for o in opened["openingen"])),
    }


def _categories(
    basis: Grondslag, under: Mapping[str, Any], opened: Mapping[str, Data], closed: Sequence[str]
) -> Data:
    """Return the categories that a basis knows, opens and closes."""
    known = _known(under.get("categorieen", {}), opened)
    excluded = _union(under.get("uitgesloten", ()), closed)
    unavoidable = [name for name, c in known.items() if c["alleen_onvermijdelijk"]]
    bilateral = basis.soort == "bilateraal"
    here = [name for name, c in known.items() if c["open"] or bilateral]
    return {
        "categorieen": known,
        "bekend": _union(here, excluded, unavoidable),
        "uitgesloten": excluded,
        "onvermijdelijk": unavoidable,
        # The exception of BGS 1.9 serves a basis that lists it; a bilateral one has its own ground.
        "opent_nationaliteit": bilateral or any(known[name]["open"] for name in unavoidable),
    }


_EMPTY: Final[Data] = {
    "fase": None,
    "bronnen": [],
    "niet_van": [],
    "aard": None,
    "labels": [],
    "alleen_bij": [],
    "alleen_onvermijdelijk": False,
    "instemmingen": [],
    "instemmingen_een_van": [],
    "open": False,
}


def _known(under: Mapping[str, Data], own: Mapping[str, Data]) -> dict[str, Data]:
    """Return every category that a basis knows; what only the other opens is known, not open."""
    closed = {"instemmingen": [], "instemmingen_een_van": [], "open": False}
    names = dict.fromkeys([*under, *own])
    return {
        name: {**_EMPTY, **under.get(name, {}), **closed, **own.get(name, {})} for name in names
    }


def _closed(voor: str, regels: Sequence[Regel]) -> dict[str, list[str]]:
    said = [regel.sluit for regel in regels if regel.sluit and voor in regel.sluit.voor]
    return {
        "categorieen": _union(*(sluit.categorieen for sluit in said)),
        "labels": _union(*(sluit.labels for sluit in said)),
    }


def _opened(basis: Grondslag, regels: Sequence[Regel]) -> Data:
    found: Data = {
        "deelnemers": {},
        "activiteiten": {},
        "categorieen": {},
        "termijnen": {},
        "openingen": [],
    }
    for regel in regels:
        opent = regel.opent
        if opent is None or basis.id not in opent.voor:
            continue
        if opent.categorie:
            _add(found["categorieen"], opent.categorie, regel, opent)
        elif opent.categorieen is None:
            _other(found, regel, opent)
        elif basis.soort == "bilateraal":
            _to_recipients(found["openingen"], opent, opent.categorieen)
        else:
            for name, soorten in opent.categorieen.items():
                category = _merge(found["categorieen"], name)
                category["instemmingen"] = _union(category["instemmingen"], soorten)
                category["instemmingen_een_van"] += _choices(opent)
    return found


def _other(found: Data, regel: Regel, opent: Opent) -> None:
    """Lay together what is no category: a deelnemer with its tasks, an activity or a term."""
    if opent.deelnemer:
        deelnemer = found["deelnemers"].setdefault(opent.deelnemer, {"taken": []})
        deelnemer["taken"] = _union(deelnemer["taken"], opent.taken)
    elif opent.activiteit:
        activity = {"zonder_fasen": opent.zonder_fasen, "onderzoek": opent.onderzoek}
        _put(found["activiteiten"], opent.activiteit, activity, regel)
    elif opent.termijn:
        _put(found["termijnen"], opent.termijn, {"duur": opent.duur, "labels": opent.labels}, regel)


def _put(where: Data, name: str, value: object, regel: Regel) -> None:
    if where.setdefault(name, value) != value:
        raise TegenspraakError(regel)


def _add(categories: dict[str, Data], name: str, regel: Regel, opent: Opent) -> None:
    """Lay what this rule says of a category beside what other rules said of it."""
    category = _merge(categories, name)
    for member in _ONE:
        if said := getattr(opent, member):
            _put(category, member, said, regel)
    for member in _LISTS:
        if said := getattr(opent, member):
            category[member] = _union(category.get(member, ()), said)
    category["instemmingen_een_van"] += _choices(opent)
    if opent.alleen_onvermijdelijk:
        category["alleen_onvermijdelijk"] = True


def _choices(opent: Opent) -> list[Data]:
    return [choice.model_dump() for choice in opent.instemmingen_een_van]


def _merge(categories: dict[str, Data], name: str) -> Data:
    """Return this category, open, with what rules before this one said of it."""
    new = {"instemmingen": [], "instemmingen_een_van": [], "open": True}
    return categories.setdefault(name, new)


def _to_recipients(
    openingen: list[Data], opent: Opent, categories: Mapping[str, Sequence[str]]
) -> None:
    """Open these categories, each with its consents, to whom the rule names."""
    recipients: Sequence[str | None] = opent.ontvangers or (None,)
    for ontvanger in recipients:
        head = {"deelnemer": ontvanger, "taken": opent.taken or None, "bronnen": opent.bronnen}
        opening = next((o for o in openingen if head.items() <= o.items()), None)
        if opening is None:
            opening = {**head, "categorieen": {}}
            openingen.append(opening)
        for name, soorten in categories.items():
            opening["categorieen"][name] = _union(opening["categorieen"].get(name, ()), soorten)


def _union(*lists: Sequence[str]) -> list[str]:
    """Return the members of all, each once, in the order in which they come."""
    return list(dict.fromkeys(member for members in lists for member in members))
