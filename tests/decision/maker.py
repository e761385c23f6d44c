"""Makes near-valid dossiers: a good one of the cases, in which one to three facts are broken.

Seeded, so that a failure can be made again from its number.
"""

import copy
import random
from collections.abc import Iterator
from typing import Any, Final

from broker.domain import invoer
from broker.domain.dossier import Dossier
from broker.errors import InvalidInputError
from tests.decision.gevallen import CASES, ZVH, bases, cases

Place = tuple[str | int, ...]

# Facts that a dossier holds about every sort of person, partner and day; wrong in most places.
_MOMENTS: Final = (
    "2021-06-15", "2024-02-29", "2025-03-01", "2025-10-26", "2026-03-29", "2026-06-15",
    "2026-06-15T09:30:00Z", "2026-06-15T11:30:01+02:00", "2026-10-25T02:30:00+02:00",
    "2026-12-31", "2027-03-01", "9999-12-31", "0001-01-01",
)  # fmt: skip
_CATEGORIES: Final = (
    "identificatie", "verblijfsstatus", "financieel", "inkomen", "bedrijfsgegevens", "fiscaal",
    "vergunning-subsidie", "politiegegevens-8-13", "politiegegevens-9-10", "justitieel",
    "seksueel-gedrag", "nationaliteit", "gezondheid", "sterrenbeeld", "toezicht-handhaving",
    "zorgindicatie", "begeleiding-zorg", "relaties",
)  # fmt: skip
_DEELNEMERS: Final = (
    "politie", "rijksbelastingdienst", "fiod", "kmar", "uwv", "ind", "om", "burgemeester",
    "college", "provincie", "nla", "nvwa", "bank", "ggd", "ggz-instelling", "reclassering",
)  # fmt: skip
_NAMES: Final = (
    "waterrijk-burgemeester",
    "politie-wl",
    "nvwa",
    "uwv",
    "fiod",
    "om-wl",
    "ggz-wl",
    "waterrijk-college",
    "",
)
_VALUES: Final[dict[str, tuple[object, ...]]] = {
    "deur": ("verzoek", "verstrekking"),
    "grondslag": (
        "wgs-riec", "riec-convenant", "wpg-16", "wpg-18", "wpg-19", "wpg-20-1", "awr-43c",
        "suwi-64", "avg-6", "wgs-zvh", "wgs-zvh",
    ),
    "soort": (
        "bevraging", "treffer-geen-treffer", "resultaatdeling", "hhk", "casus", "scan",
        "natuurlijk-persoon", "rechtspersoon", "deelnemer", "derde-publiek", "derde-privaat",
        "ander-riec", "bevoegd-gezag", "wpg-20-besluit", "leverancier", "geen-bezwaar",
        "incidentele-derde", "ander-zvh", "priolijst", "goed-hulpverlenerschap",
        "uitdrukkelijke-toestemming", "geheimhoudingsverklaring", "bewaarverlenging",
    ),
    "activiteit": ("hhk", "casus", "scan", "priolijst", "iets"),
    "verschijnsel": ("drugs", "mensenhandel", "vastgoed"),
    "vraagstelling": ("kort", "Wie is hier de baas 🦆?", "Een vraag die lang genoeg is"),
    "aantal_betrokkenen": (1, 2, 5, 6, 9007199254740991),
    "max_betrokkenen": (1, 5, 9007199254740991),
    "deelnemer": _DEELNEMERS,
    "herkomst_deelnemer": _DEELNEMERS,
    "taak": ("opiumwet-13b", "openbare-orde", "suwi-5", "awr", "ro-124", "niets"),
    "rol": ("verwerker", "toetser", "kern", "overig", "agendalid"),
    "id": ("u-51", "g1", ""),
    "door": ("u-51", "ovj-9", ""),
    "organisatie": _NAMES,
    "herkomst": _NAMES,
    "status": ("voorgesteld", "vastgesteld", "beeindigd", "aanvaard", "verwijderd", "beschikbaar"),
    "duur": ("P1Y", "P1M", "P0D", "P9999Y", "P2W"),
    "totaal_max": ("P1Y", "P2Y", "P30Y"),
    "onderzoekstermijn": ("P6M", "P1M", "P9999Y"),
    "verlengingen_max": (0, 1, 9),
    "fase": (1, 2, 3),
    "noodzaak": ("", "   ", "het moet"),
    "relatie": ("subject", "directe-kring"),
    "afstand": (0, 1, 2),
    "wpg_artikel": ("8", "9", "10.1.a", "10.1.b", "10.1.c", "12", "13"),
    "categorie": _CATEGORIES,
    "grond": ("publieke-taak", "wettelijke-plicht", "gerechtvaardigd-belang"),
    "nationaliteit_onvermijdelijk": (True, False),
    "categorieen": ([], *([c] for c in _CATEGORIES), list(_CATEGORIES)),
    "gebieden": ([], ["WK085504"], ["GM0855"], ["BU08550402"], ["BU0855"], [""]),
    "branches": ([], ["56"], ["5610"], ["01"], [""]),
    "signalen": ([], ["drugshandel"], ["anders"]),
    "band": ([], ["woont"], ["gevestigd"], ["werkt", "gevestigd"]),
    "verschijnselen": ([], ["drugs"], ["mensenhandel"]),
    "doel": ([], ["fiscaal"], ["zorg"], ["bestuurlijk", "zorg"]),
    "verlengingen": ([{"besluit_op": "2026-03-01"}], [{}], [{"besluit_op": "2026-03-01"}] * 3),
}  # fmt: skip


def places(data: object, at: Place = ()) -> Iterator[Place]:
    """Yield the place of every member and list element below."""
    if isinstance(data, dict):
        below: list[tuple[str | int, Any]] = list(data.items())
    elif isinstance(data, list):
        below = list(enumerate(data))
    else:
        return
    for name, value in below:
        yield (*at, name)
        yield from places(value, (*at, name))


def without(data: dict[str, Any], place: Place) -> dict[str, Any]:
    """Return a copy that lacks what stands at this place; the rest is shared with the original."""
    changed = dict(data)
    inner: Any = changed
    for part in place[:-1]:
        inner[part] = copy.copy(inner[part])
        inner = inner[part]
    del inner[place[-1]]
    return changed


def at(data: Any, place: Place) -> Any:  # noqa: ANN401 - whatever stands there
    """Return what stands at this place."""
    for part in place:
        data = data[part]
    return data


def dossiers(seed: int) -> Iterator[tuple[dict[str, Any], Dossier]]:
    """Yield dossiers without end, as written and as read; each has one to three broken facts."""
    chance = random.Random(seed)
    starts = [
        start
        for folder in (CASES, ZVH)
        for start in (*bases(folder).values(), *(dict(case.dossier) for case in cases(folder)))
    ]
    while True:
        written = copy.deepcopy(chance.choice(starts))
        for _ in range(chance.randint(1, 3)):
            _break(written, chance)
        try:
            yield written, invoer.parse(written)
        except InvalidInputError:
            continue


def _break(written: dict[str, Any], chance: random.Random) -> None:
    place = chance.choice([p for p in places(written) if p[0] != "versie"])
    parent, name = _parent(written, place), place[-1]
    kind = next((part for part in reversed(place) if isinstance(part, str)), "")
    if isinstance(parent, list):
        _break_list(parent, int(name), chance)
    elif kind.endswith(("_op", "_tot", "tot", "vanaf", "moment", "op")) and chance.random() < 0.7:
        parent[name] = chance.choice(_MOMENTS)
    elif kind in _VALUES and chance.random() < 0.7:
        parent[name] = copy.deepcopy(chance.choice(_VALUES[kind]))
    elif chance.random() < 0.5:
        parent[name] = None
    else:
        del parent[name]


def _break_list(parent: list[Any], index: int, chance: random.Random) -> None:
    if chance.random() < 0.5:
        parent.insert(chance.randrange(len(parent) + 1), copy.deepcopy(parent[index]))
    else:
        del parent[index]


def _parent(data: dict[str, Any], place: Place) -> Any:  # noqa: ANN401 - a mapping or a list
    return at(data, place[:-1])
