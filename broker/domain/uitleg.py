"""What people are told of a besluit and of the rules: why not, and what would be lawful."""

from collections.abc import Mapping
from dataclasses import dataclass

from broker.domain.besluit import Deelbesluit, VereisteInstemming


@dataclass(frozen=True, slots=True, kw_only=True)
class Bevinding:
    """One ground on one part of the question: what stood in the dossier, and what the law says.

    `onderdeel` is a category or item, None for a ground on the whole question; `gevonden` is None
    where who reads it may not know it.
    """

    code: str
    onderdeel: str | None
    gevonden: str | None
    uitleg: str
    wet: str
    artikel: str
    link: str | None
    zekerheid: str
    wie: str
    herstel: str
    herstelbaar: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plicht:
    """An obligation that comes with what passes."""

    voorwaarde: str
    uitleg: str
    wet: str
    artikel: str
    link: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keuze:
    """One choice made differently: which, and what it becomes."""

    wijziging: str
    waarde: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pad:
    """One way to a grant: the choices (none: the question may stay as it is), and its consents.

    `categorieen` is what may be asked then.
    """

    keuzes: tuple[Keuze, ...]
    instemmingen: tuple[VereisteInstemming, ...]
    categorieen: tuple[str, ...]

    @property
    def price(self) -> int:
        """How much it takes: what people must do, and whose yes they need."""
        return len(self.keuzes) + len(self.instemmingen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uitleg:
    """The explanation of one besluit.

    `bedoeld` holds for each unknown category the known ones that look like it.
    """

    uitkomst: str
    delen: tuple[Deelbesluit, ...]
    bevindingen: tuple[Bevinding, ...]
    plichten: tuple[Plicht, ...]
    bedoeld: Mapping[str, tuple[str, ...]]
    paden: tuple[Pad, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vuistregel:
    """May be asked: this category, by this deelnemer, of this source.

    `taken`, `activiteiten` and `instemmingen` are in the order of the register; `vanaf_fase` is
    None where the basis knows no phases. All `instemmingen` are needed, and of each choice in
    `instemmingen_een_van` one (WGS 2.29(2)). `alleen_naast`: it may not be asked alone, but beside
    one of these, and `alleen_bij` for one of these verschijnselen only (WGS 2.21(1), BGS 2.15);
    `onvermijdelijk`: only when the person cannot be identified without it (BGS 1.9).
    """

    grondslag: str
    vrager: str
    taken: tuple[str, ...]
    bron: str
    categorie: str
    vanaf_fase: int | None
    activiteiten: tuple[str, ...]
    instemmingen: tuple[str, ...]
    instemmingen_een_van: tuple[tuple[str, ...], ...]
    alleen_naast: tuple[str, ...]
    alleen_bij: tuple[str, ...]
    onvermijdelijk: bool

    @property
    def consents(self) -> str:
        """The consents that it takes, in words."""
        choices = (f"een van: {', '.join(soorten)}" for soorten in self.instemmingen_een_van)
        return "; ".join([*self.instemmingen, *choices]) or "geen"

    @property
    def in_words(self) -> str:
        """The category with what it may be asked beside and for."""
        limits = [
            f"alleen naast {' of '.join(self.alleen_naast)}" if self.alleen_naast else "",
            f"alleen bij {' of '.join(self.alleen_bij)}" if self.alleen_bij else "",
            "alleen als het niet anders kan" if self.onvermijdelijk else "",
        ]
        told = "; ".join(limit for limit in limits if limit)
        return f"{self.categorie} ({told})" if told else self.categorie
