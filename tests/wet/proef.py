"""One changed fact in a dossier that is granted without it: which grounds fall then?"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from broker.decision.decide import Decider
from broker.decision.register import default_root
from broker.domain import invoer
from broker.domain.besluit import Besluit, Uitkomst
from tests.decision.gevallen import ZVH, bases, merge

Patch = Mapping[str, Any]

_PAPER: Final = {"door": "x-9", "op": "2026-06-01"}
# Each by the name of the dossier it starts from, and a merge patch (RFC 7396). All are granted.
_OWN: Final[Mapping[str, tuple[str, Patch]]] = {
    "kring": (
        "persoon",
        {"betrokkene": {"relatie": "directe-kring", "afstand": 1, "gebieden": ["GM0001"]}},
    ),
    "fase-2": (
        "politie",
        {
            "bron": {"organisatie": "belastingdienst", "deelnemer": "rijksbelastingdienst"},
            "verzoek": {"categorieen": ["fiscaal"]},
        },
    ),
    "scan-politie": (
        "politie",
        {
            "verzoek": {"activiteit": "scan"},
            "zaak": {"soort": "scan"},
            "betrokkene": {"onderzoek": None},
        },
    ),
    "mensenhandel": (
        "politie",
        {
            "verzoek": {
                "verschijnsel": "mensenhandel",
                "categorieen": ["politiegegevens-8-13", "seksueel-gedrag"],
            }
        },
    ),
    "treffer": ("politie", {"verzoek": {"soort": "treffer-geen-treffer"}}),
    "nationaliteit": (
        "persoon",
        {"verzoek": {"categorieen": ["nationaliteit"], "nationaliteit_onvermijdelijk": True}},
    ),
    "horeca": (
        "tweezijdig",
        {"grondslag": "wpg-18", "vrager": {"taak": "alcoholwet"}},
    ),
    "uitkering": (
        "tweezijdig",
        {
            "grondslag": "wpg-18",
            "vrager": {"organisatie": "uwv", "deelnemer": "uwv", "taak": "suwi-5"},
            "instemmingen": [{"soort": "om-toestemming", "organisatie": "om-x", **_PAPER}],
        },
    ),
    "incidenteel": (
        "tweezijdig",
        {
            "grondslag": "wpg-19",
            "instemmingen": [
                {"soort": "bevoegd-gezag", "organisatie": "om-x", **_PAPER},
                {"soort": "functionaris-2-10", "organisatie": "politie-wl", **_PAPER},
            ],
        },
    ),
    "structureel": (
        "tweezijdig",
        {
            "grondslag": "wpg-20-1",
            "instemmingen": [
                {"soort": "wpg-20-besluit", "organisatie": "politie-wl", **_PAPER},
                {"soort": "functionaris-2-10", "organisatie": "politie-wl", **_PAPER},
            ],
        },
    ),
    "belasting": (
        "tweezijdig",
        {
            "grondslag": "awr-43c",
            "bron": {"organisatie": "belastingdienst", "deelnemer": "rijksbelastingdienst"},
            "verzoek": {"categorieen": ["fiscaal"]},
            "instemmingen": [
                {"soort": "convenant-verzoek", "organisatie": "waterrijk-burgemeester", **_PAPER}
            ],
        },
    ),
}
_HOUSE: Final = {f"zvh-{name}": base for name, base in bases(ZVH).items()}
STARTS: Final = (*(name for name in bases() if name != "tweezijdig"), *_OWN, *_HOUSE)


@cache
def decider() -> Decider:
    """Return the decider of this checkout."""
    return Decider.load(default_root())


def dossier(name: str, patch: Patch | None = None) -> dict[str, Any]:
    """Return the dossier of this name, with a change."""
    start, own = _OWN.get(name, (name, {}))
    return merge(merge({**bases(), **_HOUSE}[start], own), patch or {})


def besluit(name: str, patch: Patch | None = None) -> Besluit:
    """Decide on the dossier of this name, with a change."""
    return decider().decide(invoer.parse(dossier(name, patch)))


def grounds(name: str, patch: Patch) -> set[str]:
    """Return the grounds that fall through this change, and only through it.

    Without it the same dossier is granted.
    """
    assert besluit(name).uitkomst is Uitkomst.TOEGEWEZEN
    changed = besluit(name, patch)
    codes = {grond.code for grond in changed.weigeringsgronden}
    assert (changed.uitkomst is Uitkomst.TOEGEWEZEN) == (not codes)
    return codes


def item(name: str, **labels: str | None) -> Patch:
    """Return the change of the first item of an answer or result; None takes a label away."""
    (first,) = dossier(name)["gegevens"]
    return {"gegevens": [merge(first, labels)]}


def place(name: str, wie: str, /, **facts: str | None) -> Patch:
    """Return the change of the place of one partner in the zaak."""
    places = dossier(name)["zaak"]["deelnemers"]
    return {
        "zaak": {
            "deelnemers": [
                merge(each, facts) if each["organisatie"] == wie else each for each in places
            ]
        }
    }


def without(name: str, soort: str, organisatie: str | None = None) -> Patch:
    """Return the change that takes one kind of consent away, of all or of one organisatie."""
    given = dossier(name)["instemmingen"]
    kept = [
        each
        for each in given
        if each["soort"] != soort or organisatie not in (None, each["organisatie"])
    ]
    assert len(kept) < len(given)
    return {"instemmingen": kept}


def consent(name: str, kind: str, /, **facts: str | list[str] | None) -> Patch:
    """Return the change of one kind of consent; None takes a member away."""
    given = dossier(name)["instemmingen"]
    return {
        "instemmingen": [merge(each, facts) if each["soort"] == kind else each for each in given]
    }
