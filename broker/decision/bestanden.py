"""Every file of a rule set, read and checked; whatever is wrong is told at once, with its line."""

import datetime as dt
import hashlib
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Generic, TypeVar

from broker.decision.files import Gedateerd, Gronden, Grondslag, Redenen, Wet, line, read
from broker.decision.regelset import Regelfout, Regelset, RegisterError

GRONDEN: Final = "policies/gronden.yaml"
_SHAPES: Final[tuple[tuple[str, type[Gedateerd]], ...]] = (
    (r"grondslagen/(?:samenwerking|bilateraal)/", Grondslag),
    (r"grondslagen/redenen/", Redenen),
    (r"grondslagen/", Wet),
)

V = TypeVar("V", bound=Gedateerd)


@dataclass(frozen=True, slots=True, kw_only=True)
class Versie(Generic[V]):
    """One dated file: its name and text, and what it says, by its shape and as plain data."""

    bestand: str
    tekst: bytes
    inhoud: V
    plain: Mapping[str, Any]

    def distance(self, day: dt.date) -> int:
        """Return how many days this file is from being in force; 0 when it is."""
        if day < self.inhoud.van:
            return (self.inhoud.van - day).days
        return max((day - self.inhoud.tot).days + 1, 0)

    def reference(self) -> dict[str, str | None]:
        """Return what a besluit tells of this file."""
        return {
            "id": self.inhoud.id,
            "geldig_vanaf": self.inhoud.geldig_vanaf,
            "geldig_tot": self.inhoud.geldig_tot,
            "digest": f"sha256:{hashlib.sha256(self.tekst).hexdigest()}",
        }

    def fout(self, reden: str, *path: Hashable) -> Regelfout:
        """Return what is wrong at this path in the file."""
        return Regelfout(bestand=self.bestand, regel=line(self.tekst, path), reden=reden)


def nearest(versies: Sequence[Versie[V]], day: dt.date) -> Versie[V]:
    """Return the one in force on this day, else the one nearest to it."""
    return min(versies, key=lambda versie: versie.distance(day))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bestanden:
    """What a rule set says: its bases and laws by id, its texts, each with all its dates."""

    grondslagen: Mapping[str, Sequence[Versie[Grondslag]]]
    wetten: Mapping[str, Sequence[Versie[Wet]]]
    redenen: Sequence[Versie[Redenen]]
    gronden: Gronden

    @classmethod
    def read(cls, regelset: Regelset) -> "Bestanden":
        """Read the files of a rule set, each apart.

        Raises:
            RegisterError: With everything that is wrong in them.
        """
        fouten: list[Regelfout] = []
        versies: list[Versie[Any]] = []
        for name, text in regelset.below("grondslagen").items():
            shape = next(shape for folder, shape in _SHAPES if re.match(folder, name))
            found = read(name, text, shape)
            if isinstance(found, list):
                fouten += found
            else:
                versies.append(Versie(bestand=name, tekst=text, inhoud=found[0], plain=found[1]))
        gronden = _gronden(regelset, fouten)
        bases, wetten = _by_id(versies, Grondslag), _by_id(versies, Wet)
        redenen = _by_id(versies, Redenen).get("redenen", [])
        if not redenen:
            fouten.append(_missing("grondslagen/redenen"))
        for versie in versies:
            fouten += _names(versie)
        dated: list[Sequence[Versie[Any]]] = [*bases.values(), *wetten.values(), redenen]
        for same in dated:
            fouten += _dates(same)
        if fouten or gronden is None:
            raise RegisterError(fouten)
        return cls(grondslagen=bases, wetten=wetten, redenen=redenen, gronden=gronden)

    def versies(self) -> Iterator[Versie[Any]]:
        """Yield every dated file."""
        yield from (v for same in self.grondslagen.values() for v in same)
        yield from (v for same in self.wetten.values() for v in same)
        yield from self.redenen

    def borders(self) -> list[dt.date]:
        """Return the days on which something begins or ends to hold, in order."""
        found = {day for v in self.versies() for day in (v.inhoud.van, v.inhoud.tot)}
        found |= {
            regel.begin for same in self.wetten.values() for v in same for regel in v.inhoud.regels
        }
        return sorted(found - {dt.date.min, dt.date.max})


def _gronden(regelset: Regelset, fouten: list[Regelfout]) -> Gronden | None:
    text = regelset.bestanden.get(GRONDEN)
    if text is None:
        fouten.append(_missing(GRONDEN))
        return None
    found = read(GRONDEN, text, Gronden)
    if isinstance(found, list):
        fouten += found
        return None
    return found[0]


def _by_id(versies: Sequence[Versie[Any]], shape: type[V]) -> dict[str, list[Versie[V]]]:
    """Return the files of one shape by id, the oldest first."""
    found: dict[str, list[Versie[V]]] = {}
    for versie in sorted(versies, key=lambda v: v.inhoud.van):
        if isinstance(versie.inhoud, shape):
            found.setdefault(versie.inhoud.id, []).append(versie)
    return found


def _names(versie: Versie[Any]) -> Iterator[Regelfout]:
    """Yield where a file says something else than its name: `<soort>/<id>/<geldig-vanaf>.yaml`."""
    if isinstance(versie.inhoud, Redenen):
        return
    _, soort, name, dated = versie.bestand.split("/")
    for member, here in (("soort", soort), ("id", name)):
        if getattr(versie.inhoud, member) != here:
            yield versie.fout(f"Hier hoort {here} te staan, zoals in de bestandsnaam.", member)
    if (versie.inhoud.geldig_vanaf or "open") != dated.removesuffix(".yaml"):
        yield versie.fout("Deze datum is niet die van de bestandsnaam.", "geldig_vanaf")


def _dates(same: Sequence[Versie[V]]) -> Iterator[Regelfout]:
    """Yield where two files of one id hold on the same day, or none does in between."""
    for versie in same:
        if versie.inhoud.van >= versie.inhoud.tot:
            yield versie.fout("Dit bestand eindigt voordat het begint.", "geldig_tot")
    for before, after in pairwise(same):
        name = before.bestand.rpartition("/")[2]
        if after.inhoud.van < before.inhoud.tot:
            yield after.fout(f"Op deze datum geldt {name} nog: zo gelden er twee.", "geldig_vanaf")
        if after.inhoud.van > before.inhoud.tot:
            yield after.fout(f"Tussen {name} en deze datum geldt er geen.", "geldig_vanaf")


def _missing(bestand: str) -> Regelfout:
    return Regelfout(bestand=bestand, regel=None, reden="Dit bestand ontbreekt.")
