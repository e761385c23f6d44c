"""What came of a what-if: each thing in one of four groups, counted in several ways."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Soort(StrEnum):
    """What may lose its basis."""

    PERSOONSKAART = "persoonskaart"
    LOPEND_VERZOEK = "lopend-verzoek"
    INSTEMMING = "instemming"
    VRAAG = "vraag"


class Groep(StrEnum):
    """What becomes of its basis."""

    HOUDT = "houdt"
    ELDERS = "houdt-via-andere-zaak"
    VERLIEST = "verliest"
    HAD_AL_GEEN = "had-al-geen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What the change does to one thing. No names and no pseudonyms: an id only."""

    soort: Soort
    id: str
    zaak: str | None
    groep: Groep
    via: str | None = None
    """The other zaak that carries it."""
    wacht: bool = False
    """It needs an instemming that it did not need before."""
    categorieen: tuple[str, ...] = ()
    """Of a question: what it could ask before, and cannot any more in its own zaak."""
    gronden: tuple[str, ...] = ()
    """The codes that stand in its way now, and did not before."""
    partner: str | None = None
    gebieden: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    plaats: str = field(default="", repr=False)
    """Its place among all of its soort; a page goes on behind it."""


Groepen = Counter[Groep]


@dataclass(slots=True)
class Telling:
    """The counts of one soort; a thing in two areas counts in both of them."""

    groepen: Groepen = field(default_factory=Counter)
    wacht: int = 0
    via: Counter[str] = field(default_factory=Counter)
    partners: dict[str, Groepen] = field(default_factory=dict)
    gebieden: dict[str, Groepen] = field(default_factory=dict)
    branches: dict[str, Groepen] = field(default_factory=dict)

    def add(self, effect: Effect) -> None:
        """Count one."""
        self.groepen[effect.groep] += 1
        self.wacht += effect.wacht
        if effect.via is not None:
            self.via[effect.via] += 1
        named = () if effect.partner is None else (effect.partner,)
        for per, names in (
            (self.partners, named),
            (self.gebieden, effect.gebieden),
            (self.branches, effect.branches),
        ):
            for name in set(names):
                per.setdefault(name, Counter())[effect.groep] += 1

    def view(self) -> dict[str, Any]:
        """Return the counts as plain data, every group named."""
        return {
            "totaal": self.groepen.total(),
            "groepen": _groups(self.groepen),
            "wacht_op_instemming": self.wacht,
            "via": dict(self.via.most_common()),
            "per_partner": {name: _groups(self.partners[name]) for name in sorted(self.partners)},
            "per_gebied": {name: _groups(self.gebieden[name]) for name in sorted(self.gebieden)},
            "per_branche": {name: _groups(self.branches[name]) for name in sorted(self.branches)},
        }


@dataclass(slots=True)
class Effecten:
    """The counts of all, and the effects that `wanted` asks to keep."""

    wanted: Callable[[Effect], bool] = field(default=lambda _: False, repr=False)
    tellingen: dict[Soort, Telling] = field(
        default_factory=lambda: {soort: Telling() for soort in Soort}
    )
    lijst: list[Effect] = field(default_factory=list)

    def add(self, effect: Effect) -> None:
        """Count one, and keep it when it is wanted."""
        self.tellingen[effect.soort].add(effect)
        if self.wanted(effect):
            self.lijst.append(effect)

    def view(self) -> dict[str, Any]:
        """Return the counts as plain data."""
        return {soort.value: telling.view() for soort, telling in self.tellingen.items()}


def _groups(found: Groepen) -> dict[str, int]:
    return {groep.value: found[groep] for groep in Groep}
