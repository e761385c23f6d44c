"""The register: the law as dated files, and what of it holds at a moment.

Of each basis the file in force at the moment is used, else the nearest, so that a basis out of
force is still judged by its own list and told by its own ground (contract, Grounds). Its laws are
read as they stood then.
"""

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker.decision.afleiding import TegenspraakError, derive
from broker.decision.bestanden import Bestanden, Versie, nearest
from broker.decision.files import Regel, Wet
from broker.decision.regelset import Regelfout, Regelset, RegisterError
from broker.decision.samenhang import samenhang
from broker.decision.verwijzingen import Verwijzingen
from broker.domain.besluit import Onderwerp
from broker.domain.dossier import Dossier
from broker.domain.feiten import feiten
from broker.domain.kalender import ALWAYS, Duur, day_of, instant, parse_duration

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """What of the register holds in one period: the data of the rules, the texts, the terms.

    `termijnen` and `versies` are by basis.
    """

    data: Mapping[str, Any]
    redenen: Mapping[str, Any]
    givers: Mapping[str, Sequence[str]]
    termijnen: Mapping[str, Mapping[str, Duur]]
    versies: Mapping[str, Sequence[Mapping[str, str | None]]]
    betreft: Mapping[str, Onderwerp]
    zonder_categorie: str
    onbekend: str

    def basis(self, grondslag: str | None) -> str:
        """Return the basis by whose list this one is judged: its own, when it is registered."""
        return grondslag if grondslag and grondslag in self.termijnen else self.onbekend


class Register:
    """All dated files of a rule set, read once."""

    def __init__(self, bestanden: Bestanden) -> None:
        self._bestanden = bestanden
        self._borders = bestanden.borders()
        self._standen = [self._stand(day) for day in self._days()]

    @classmethod
    def load(cls, regelset: Regelset) -> "Register":
        """Read the register in this rule set.

        Raises:
            RegisterError: Files are missing or wrong; tells all of it.
        """
        bestanden = Bestanden.read(regelset)
        if fouten := [*Verwijzingen(bestanden).fouten(), *samenhang(bestanden)]:
            raise RegisterError(fouten)
        return cls(bestanden)

    @property
    def data(self) -> dict[str, Any]:
        """The data of the rules: for each period of unchanged law all that holds in it."""
        return {"standen": {str(n): stand.data for n, stand in enumerate(self._standen)}}

    def period(self, day: dt.date) -> int:
        """Return the number of the period of unchanged law that holds this day."""
        return bisect_right(self._borders, day)

    def on(self, day: dt.date) -> Stand:
        """Return what holds on this day in Amsterdam."""
        return self._standen[self.period(day)]

    def at(self, moment: str) -> Stand:
        """Return what holds at this moment (RFC 3339 with offset)."""
        return self.on(day_of(instant(moment)))

    def feiten(self, dossier: Dossier) -> dict[str, Any]:
        """Return the input of the rules for this dossier."""
        period = self.period(day_of(instant(dossier.moment)))
        stand = self._standen[period]
        termijnen = stand.termijnen[stand.basis(dossier.grondslag)]
        return feiten(dossier, termijnen) | {"stand": str(period)}

    def _days(self) -> Iterator[dt.date]:
        """Yield a day of each period, in order."""
        yield self._borders[0] - _DAY if self._borders else dt.date.max
        yield from self._borders

    def _stand(self, day: dt.date) -> Stand:
        gronden = self._bestanden.gronden
        used: dict[str, dict[str, Versie[Any]]] = {name: {} for name in self._bestanden.grondslagen}
        bases = {name: self._basis(name, day, used[name]) for name in used}
        redenen = nearest(self._bestanden.redenen, day)
        unknown = {"geregistreerd": False, "van": -ALWAYS, "tot": ALWAYS, "signaal_vereist": False}
        return Stand(
            data={
                "gronden": gronden.model_dump(),
                "grondslagen": bases,
                "onbekende_grondslag": {**bases[gronden.onbekende_grondslag], **unknown},
            },
            redenen=redenen.plain,
            givers=self._givers(day),
            termijnen={
                name: {t: parse_duration(term["duur"]) for t, term in data["termijnen"].items()}
                for name, data in bases.items()
            },
            versies={
                name: [versie.reference() for versie in (*files.values(), redenen)]
                for name, files in used.items()
            },
            betreft={code: Onderwerp(b) for b, codes in gronden.betreft.items() for code in codes},
            zonder_categorie=gronden.zonder_categorie,
            onbekend=gronden.onbekende_grondslag,
        )

    def _basis(self, name: str, day: dt.date, used: dict[str, Versie[Any]]) -> dict[str, Any]:
        """Return the data of a basis, and put the files that it comes from in `used`.

        The laws of a basis out of force are those of the day on which it was last, or will first
        be, in force.
        """
        basis = nearest(self._bestanden.grondslagen[name], day)
        used[basis.bestand] = basis
        day = min(max(day, basis.inhoud.van), basis.inhoud.tot - _DAY)
        under = basis.inhoud.leunt_op
        leunt_op = self._basis(under, day, used) if under else None
        laws = [nearest(self._bestanden.wetten[wet], day) for wet in basis.inhoud.wetten]
        used.update({law.bestand: law for law in laws})
        try:
            return derive(basis.inhoud, [r for law in laws for r in _in_force(law, day)], leunt_op)
        except TegenspraakError as error:
            raise RegisterError([_contradiction(laws, error.regel)]) from None

    def _givers(self, day: dt.date) -> dict[str, list[str]]:
        """Return who may record each kind of consent, whichever basis lets them."""
        found: dict[str, list[str]] = {}
        for versies in self._bestanden.grondslagen.values():
            for soort, wie in (nearest(versies, day).inhoud.instemming_door or {}).items():
                known = found.setdefault(soort, [])
                known.extend(name for name in wie if name not in known)
        return found


def default_root() -> Path:
    """Return the folder that holds `policies/` and `grondslagen/`, beside the package."""
    return Path(__file__).resolve().parents[2]


def _in_force(law: Versie[Wet], day: dt.date) -> Iterator[Regel]:
    return (regel for regel in law.inhoud.regels if regel.begin <= day)


def _contradiction(laws: Sequence[Versie[Wet]], regel: Regel) -> Regelfout:
    law = next(law for law in laws if regel in law.inhoud.regels)
    where = law.inhoud.regels.index(regel)
    return law.fout(f"De regel {regel.id} spreekt een andere regel tegen.", "regels", where)
