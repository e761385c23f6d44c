"""The register: the law as dated files, and what of it holds at a moment.

`grondslagen/<soort>/<id>/<geldig-vanaf>.yaml` holds one basis from one date on. Of each basis the
file in force at the moment is used, else the nearest, so that a basis out of force is still judged
by its own list and told by its own ground (contract, Grounds).
"""

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from broker.decision.regelset import Regelfout, Regelset, RegisterError
from broker.domain.invoer import load_yaml
from broker.domain.kalender import ALWAYS, Duur, day_start, parse_date, parse_duration

_KEYS: Final = ("vraagstelling_minimaal", "activiteiten", "deelnemers", "labels_uitgesloten")
_KEYS_MORE: Final = ("resultaat", "instemming_gever", "passende_band")
# The basis that holds what all bases share: who is a deelnemer in law, and what a category is.
_GRONDWET: Final = "wgs-riec"
_GRONDEN: Final = "policies/gronden.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Versie:
    """One dated file of the register."""

    id: str
    soort: str
    geldig_vanaf: dt.date | None
    geldig_tot: dt.date | None
    digest: str
    inhoud: Mapping[str, Any]

    def distance(self, day: dt.date) -> int:
        """Return how many days this file is from being in force; 0 when it is."""
        if self.geldig_vanaf and day < self.geldig_vanaf:
            return (self.geldig_vanaf - day).days
        if self.geldig_tot and day >= self.geldig_tot:
            return (day - self.geldig_tot).days + 1
        return 0

    def reference(self) -> dict[str, str | None]:
        """Return what a besluit tells of this file."""
        return {
            "id": self.id,
            "geldig_vanaf": self.geldig_vanaf.isoformat() if self.geldig_vanaf else None,
            "geldig_tot": self.geldig_tot.isoformat() if self.geldig_tot else None,
            "digest": self.digest,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """What of the register holds on a day: the data of the rules, the texts, the terms."""

    data: Mapping[str, Any]
    redenen: Mapping[str, Any]
    termijnen: Mapping[str, Duur]
    givers: Mapping[str, Sequence[str]]
    versies: Mapping[str, Versie]

    def references(self, grondslag: str | None) -> list[dict[str, str | None]]:
        """Return the files that a besluit on this basis uses."""
        used = dict.fromkeys((_GRONDWET, grondslag or "", "redenen"))
        return [self.versies[name].reference() for name in used if name in self.versies]


class Register:
    """All dated files, read once."""

    def __init__(self, versies: Sequence[Versie], gronden: Mapping[str, Any]) -> None:
        self._versies = tuple(versies)
        self._gronden = gronden
        borders = {day for v in versies for day in (v.geldig_vanaf, v.geldig_tot) if day}
        self._borders = sorted(borders)
        self._standen: dict[int, Stand] = {}

    @classmethod
    def load(cls, regelset: Regelset) -> "Register":
        """Read the register in this rule set.

        Raises:
            RegisterError: A file is missing or wrong.
        """
        files = {
            name: content
            for folder in ("samenwerking", "bilateraal", "redenen")
            for name, content in regelset.below(f"grondslagen/{folder}").items()
        }
        gronden = regelset.bestanden.get(_GRONDEN)
        if gronden is None:
            raise RegisterError(
                [Regelfout(bestand=_GRONDEN, regel=None, reden="Dit bestand ontbreekt.")]
            )
        versies = [_read(name, content) for name, content in files.items()]
        return cls(versies, _read(_GRONDEN, gronden).inhoud)

    @property
    def data(self) -> dict[str, Any]:
        """The data of the rules: for each period of unchanged law all that holds in it."""
        return {"standen": {str(self.period(day)): self.on(day).data for day in self._days()}}

    def _days(self) -> Iterator[dt.date]:
        """Yield a day of each period, in order."""
        if self._borders:
            yield self._borders[0] - dt.timedelta(days=1)
        yield from self._borders or (dt.date.max,)

    def period(self, day: dt.date) -> int:
        """Return the number of the period of unchanged law that holds this day."""
        return sum(border <= day for border in self._borders)

    def on(self, day: dt.date) -> Stand:
        """Return what holds on this day in Amsterdam."""
        number = self.period(day)
        if number not in self._standen:
            self._standen[number] = self._stand(day)
        return self._standen[number]

    def _stand(self, day: dt.date) -> Stand:
        nearest: dict[str, Versie] = {}
        for versie in self._versies:
            best = nearest.get(versie.id)
            if best is None or versie.distance(day) < best.distance(day):
                nearest[versie.id] = versie
        law = nearest[_GRONDWET].inhoud
        data = {key: law[key] for key in (*_KEYS, *_KEYS_MORE)}
        data |= _categories(law)
        data["gronden"] = self._gronden
        data["grondslagen"] = {
            name: _basis(versie, data)
            for name, versie in nearest.items()
            if versie.soort in ("samenwerking", "bilateraal")
        }
        data["onbekende_grondslag"] = _unknown_basis(data)
        termijnen = law["termijnen"]
        data["labels_met_termijn"] = [
            label for t in termijnen.values() for label in t.get("labels", ())
        ]
        return Stand(
            data=data,
            redenen=nearest["redenen"].inhoud,
            termijnen={name: parse_duration(t["duur"]) for name, t in termijnen.items()},
            givers=law["instemming_door"],
            versies=nearest,
        )


def default_root() -> Path:
    """Return the folder that holds `policies/` and `grondslagen/`, beside the package."""
    return Path(__file__).resolve().parents[2]


def _read(name: str, text: bytes) -> Versie:
    try:
        content = load_yaml(text, references=True)
        return Versie(
            id=content.get("id", "redenen"),
            soort=content.get("soort", "redenen"),
            geldig_vanaf=_day(content.get("geldig_vanaf")),
            geldig_tot=_day(content.get("geldig_tot")),
            digest="sha256:" + hashlib.sha256(text).hexdigest(),
            inhoud=content,
        )
    except Exception as error:
        raise RegisterError([Regelfout(bestand=name, regel=None, reden=str(error))]) from error


def _day(text: str | None) -> dt.date | None:
    return parse_date(text) if text else None


def _categories(law: Mapping[str, Any]) -> dict[str, Any]:
    """Return the catalogue with every member present, so that no rule meets an undefined one."""
    categories = {
        name: {
            "fase": entry["fase"],
            "bronnen": entry.get("bronnen", []),
            "niet_van": entry.get("niet_van", []),
            "aard": entry.get("aard"),
            "labels": entry.get("labels", []),
            "alleen_bij": entry.get("alleen_bij", []),
            "alleen_onvermijdelijk": entry.get("alleen_onvermijdelijk", False),
            "instemmingen": entry.get("instemmingen", []),
        }
        for name, entry in law["categorieen"].items()
    }
    return {
        "categorieen": categories,
        "uitgesloten": list(law["uitgesloten"]),
        "onvermijdelijk": [n for n, c in categories.items() if c["alleen_onvermijdelijk"]],
    }


def _basis(versie: Versie, data: Mapping[str, Any]) -> dict[str, Any]:
    content = versie.inhoud
    own = content.get("categorieen", {})
    known = own if versie.soort == "samenwerking" else data["categorieen"]
    return {
        "geregistreerd": True,
        "spoor": versie.soort,
        "van": day_start(versie.geldig_vanaf) if versie.geldig_vanaf else -ALWAYS,
        "tot": day_start(versie.geldig_tot) if versie.geldig_tot else ALWAYS,
        "signaal_vereist": content.get("signaal_vereist", False),
        "bronnen": content.get("bronnen", []),
        "openingen": [{"taken": None, **opening} for opening in content.get("openingen", [])],
        # The exception of BGS 1.9 serves a basis that lists it; a bilateral one has its own ground.
        "opent_nationaliteit": versie.soort == "bilateraal"
        or any(name in own for name in data["onvermijdelijk"]),
        "bekend": [*known, *data["uitgesloten"], *data["onvermijdelijk"]],
        "categorieen": {
            name: {"fase": entry.get("fase"), "instemmingen": entry.get("instemmingen", [])}
            for name, entry in own.items()
        },
    }


def _unknown_basis(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a basis that nobody registered is judged by: the WGS list, and always refused."""
    known: dict[str, Any] = data["grondslagen"][_GRONDWET]
    return known | {
        "geregistreerd": False,
        "van": -ALWAYS,
        "tot": ALWAYS,
        "signaal_vereist": False,
    }
