"""The besluit: what was decided, on which grounds, and what would mend them (contract, Besluit)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any


class Onderwerp(StrEnum):
    """What a ground tells of, and so to whom it may be told; which tells what is in the rules."""

    VRAAG = "vraag"
    BETROKKENE = "betrokkene"
    """Tells something of the subject in the zaak."""
    BUITENSTAANDER = "buitenstaander"
    """The requester has no place in the zaak."""
    GEHEIM = "geheim"
    """An item with it may not be told of at all."""


class Uitkomst(StrEnum):
    """How a question, a category or an item came out."""

    TOEGEWEZEN = "toegewezen"
    GEWEIGERD = "geweigerd"
    INSTEMMING_VEREIST = "instemming-vereist"
    DEELS = "deels"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deelbesluit:
    """The outcome of one category or of one item, with the codes of the grounds that fall on it."""

    id: str | None
    uitkomst: Uitkomst
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weigeringsgrond:
    """One ground, told once: its article, what failed, what mends it.

    `feit` is an RFC 6901 pointer into the dossier.
    """

    code: str
    wet: str
    artikel: str
    uitleg: str
    feit: str
    herstelbaar: bool
    herstel: str
    betreft: Onderwerp = Onderwerp.VRAAG


@dataclass(frozen=True, slots=True, kw_only=True)
class VereisteInstemming:
    """What must still be given, and by whom (None: the dossier does not tell)."""

    soort: str
    organisatie: str | None
    categorieen: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Besluit:
    """The verdict on one dossier. Fields may only be added at the end, with a default."""

    uitkomst: Uitkomst
    categorieen: tuple[Deelbesluit, ...]
    gegevens: tuple[Deelbesluit, ...]
    weigeringsgronden: tuple[Weigeringsgrond, ...]
    vereiste_instemmingen: tuple[VereisteInstemming, ...]
    voorwaarden: tuple[str, ...]
    bewaren_tot: str | None
    versies: dict[str, Any]

    def for_requester(self) -> "Besluit":
        """Return the besluit without what the requester may not even know to exist.

        Who has no place in the zaak is not told whether the subject is looked at in it. An item
        with an excluded label (informants, Wpg 12; Wpg 10(1)b) is not told of at all: its
        existence is the secret. The full besluit stays in the record.
        """
        seen = self._without_secret_items(self._codes(Onderwerp.GEHEIM))
        outside = self._codes(Onderwerp.BUITENSTAANDER)
        return _without(seen, self._codes(Onderwerp.BETROKKENE)) if outside else seen

    def _codes(self, betreft: Onderwerp) -> frozenset[str]:
        return frozenset(g.code for g in self.weigeringsgronden if g.betreft == betreft)

    def _without_secret_items(self, secret: frozenset[str]) -> "Besluit":
        places = [n for n, g in enumerate(self.gegevens) if secret.isdisjoint(g.codes)]
        told = tuple(self.gegevens[n] for n in places)
        if len(told) == len(self.gegevens):
            return self
        # Of an excluded item nothing else is told, so its other codes fall on the whole question.
        hidden = (g for g in self.gegevens if not secret.isdisjoint(g.codes))
        question = {code for g in hidden for code in g.codes} - secret
        codes = question.union(*(part.codes for part in (*self.categorieen, *told)))
        empty = Uitkomst.GEWEIGERD if question else Uitkomst.TOEGEWEZEN
        outcomes = {g.uitkomst for g in told} or {empty}
        # The number of an item in a pointer would show that others stand before it.
        moved = {f"/gegevens/{old}": f"/gegevens/{new}" for new, old in enumerate(places)}
        return replace(
            self,
            gegevens=told,
            uitkomst=outcomes.pop() if len(outcomes) == 1 else Uitkomst.DEELS,
            weigeringsgronden=tuple(
                replace(g, feit=_moved(g.feit, moved))
                for g in self.weigeringsgronden
                if g.code in codes
            ),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the besluit as plain data, in the shape of the contract."""
        return asdict(self)

    @property
    def granted(self) -> tuple[str, ...]:
        """The categories that door 1 lets through."""
        return tuple(c.id for c in self.categorieen if c.id and c.uitkomst == Uitkomst.TOEGEWEZEN)


def _without(besluit: Besluit, codes: frozenset[str]) -> Besluit:
    """Return the besluit without these grounds; another one falls on every part of it."""

    def cut(part: Deelbesluit) -> Deelbesluit:
        return replace(part, codes=tuple(code for code in part.codes if code not in codes))

    return replace(
        besluit,
        categorieen=tuple(map(cut, besluit.categorieen)),
        gegevens=tuple(map(cut, besluit.gegevens)),
        weigeringsgronden=tuple(g for g in besluit.weigeringsgronden if g.code not in codes),
    )


def _moved(feit: str, moved: Mapping[str, str]) -> str:
    """Return the pointer with its item counted among those that are told of."""
    parts = feit.split("/")
    return "/".join([moved.get("/".join(parts[:3]), "/".join(parts[:3])), *parts[3:]])
