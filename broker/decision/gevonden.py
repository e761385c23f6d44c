"""The facts behind a ground, in plain Dutch: what stood in the dossier when it fell.

The sentence of each ground is data (`gevonden` in `grondslagen/redenen/`); here its blanks are
filled in. What is not in the dossier is told as such. Nothing of the subject is a blank.
"""

import datetime as dt
import string
from collections.abc import Mapping, Sequence
from typing import Any, Final

from typing_extensions import override

from broker.domain.dossier import Dossier
from broker.domain.kalender import ALWAYS, day_of, instant

ONBEKEND: Final = "niet vastgelegd"
_GEEN_GRENS: Final = "geen beperking"
_MAANDEN: Final = [
    "januari",
    "februari",
    "maart",
    "april",
    "mei",
    "juni",
    "juli",
    "augustus",
    "september",
    "oktober",
    "november",
    "december",
]
# Where a blank is a fact of the dossier as it stands; the part judged is `deel`.
_FEITEN: Final = {
    "grondslag": "grondslag",
    "activiteit": "verzoek.activiteit",
    "doel": "verzoek.doel",
    "verschijnsel": "verzoek.verschijnsel",
    "categorieen": "verzoek.categorieen",
    "aantal": "verzoek.aantal_betrokkenen",
    "zaak": "zaak.id",
    "zaak_soort": "zaak.soort",
    "zaak_status": "zaak.status",
    "verschijnselen": "zaak.verschijnselen",
    "looptijd": "zaak.looptijd.duur",
    "signaal_status": "zaak.signaal.status",
    "max_betrokkenen": "zaak.max_betrokkenen",
    "fase": "zaak.fase",
    "onderzoekstermijn": "zaak.onderzoekstermijn",
    "vrager": "vrager.organisatie",
    "vrager_als": "vrager.deelnemer",
    "taak": "vrager.taak",
    "rol": "vrager.gebruiker.rol",
    "bron": "bron.organisatie",
    "bron_als": "bron.deelnemer",
    "relatie": "betrokkene.relatie",
    "afstand": "betrokkene.afstand",
    "ontvanger_soort": "ontvanger.soort",
    "ontvanger_grond": "ontvanger.grond",
    "herkomst": "deel.herkomst",
    "herkomst_als": "deel.herkomst_deelnemer",
    "wpg_artikel": "deel.wpg_artikel",
    "status": "deel.status",
}
_DAGEN: Final = {
    "moment": "moment",
    "vastgesteld_op": "zaak.vastgesteld_op",
    "beeindigd_op": "zaak.beeindigd_op",
    "geautoriseerd_tot": "vrager.gebruiker.geautoriseerd_tot",
    "gescreend_op": "vrager.gebruiker.gescreend_op",
    "opgeleid_op": "vrager.gebruiker.opgeleid_op",
    "geopend_op": "betrokkene.onderzoek.geopend_op",
    "laatste_feit_op": "betrokkene.onderzoek.laatste_feit_op",
    "eerste_verwerking_op": "deel.eerste_verwerking_op",
    "ingebracht_op": "deel.ingebracht_op",
    "bewaren_tot": "deel.bewaren_tot",
}
_GRENZEN: Final = ("gebieden", "branches", "signalen")
BLANKS: Final = frozenset(
    {*_FEITEN, *_DAGEN, *_GRENZEN, "zaak_begin", "zaak_einde", "onderzoek_einde"}
    | {"grondslag_van", "grondslag_tot", "deelnemers", "vrager_rol", "bron_rol", "taken"}
    | {"fasebesluiten", "instemmingen", "vraag_lengte", "vraag_minimaal"}
    | {"categorie", "nodig_fase", "mag_van", "labels"}
)
"""Every blank that a sentence may have."""


class Gevonden:
    """The facts of one dossier as they fill the sentences of its grounds."""

    def __init__(
        self, dossier: Dossier, facts: Mapping[str, Any], basis: Mapping[str, Any]
    ) -> None:
        """Work out all that does not depend on the part judged.

        Args:
            dossier: As it was decided.
            facts: What the rules read of it.
            basis: The data of the basis it was judged by.
        """
        self._basis = basis
        self._dossier = dossier.model_dump()
        self._known = {
            **{blank: _plain(_at(self._dossier, path)) for blank, path in _FEITEN.items()},
            **{blank: _day(_at(self._dossier, path)) for blank, path in _DAGEN.items()},
            **{g: _limit(_at(self._dossier, f"zaak.reikwijdte.{g}")) for g in _GRENZEN},
            **_ends(facts, basis),
            **_people(facts, basis),
            "fasebesluiten": _plain([f["fase"] for f in _at(facts, "zaak.fasebesluiten") or ()]),
            "instemmingen": _consents(facts),
            "vraag_lengte": str(len(facts["verzoek"]["vraagstelling"])),
            "vraag_minimaal": _plain(basis["vraagstelling_minimaal"]),
        }

    def sentence(self, template: str, deel: Mapping[str, Any] | None = None) -> str:
        """Return this sentence with its blanks filled in.

        Args:
            template: With blanks such as `{fase}`, each one of `BLANKS`.
            deel: The item judged, or `{"categorie": …}`; None for a ground on the whole question.
        """
        return _Filler().vformat(template, (), {**self._known, **self._part(deel or {})})

    def _part(self, deel: Mapping[str, Any]) -> dict[str, str]:
        categorie = deel.get("categorie")
        law = self._basis["categorieen"].get(categorie, {})
        sources = law.get("bronnen") or [
            name for name in self._basis["deelnemers"] if name not in law.get("niet_van", ())
        ]
        return {
            **{b: _plain(deel.get(p[5:])) for b, p in _FEITEN.items() if p.startswith("deel.")},
            **{b: _day(deel.get(p[5:])) for b, p in _DAGEN.items() if p.startswith("deel.")},
            "categorie": _plain(categorie),
            "nodig_fase": _plain(law.get("fase")),
            "mag_van": _plain(sources if law else None),
            "labels": _plain(law.get("labels")),
        }


class _Filler(string.Formatter):
    """Fills in blanks by name only: no attributes, indexes or formats of values."""

    @override
    def get_field(
        self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[str, str]:
        """Return what fills this blank.

        Raises:
            KeyError: There is no such blank.
        """
        return kwargs[field_name], field_name


def _at(facts: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - whatever stands there
    """Return what stands at this path, or None as soon as a part of it is unknown."""
    found: Any = facts
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _plain(value: object) -> str:
    if value in (None, "", []):
        return ONBEKEND
    if isinstance(value, list):
        return ", ".join(map(str, dict.fromkeys(value)))
    return str(value)


def _limit(value: Sequence[str] | None) -> str:
    return _GEEN_GRENS if value is not None and not value else _plain(value)


def _day(value: str | int | None) -> str:
    """Return a day in Amsterdam in words; the rules hold an unknown one far away."""
    if value is None or (isinstance(value, int) and abs(value) >= ALWAYS):
        return ONBEKEND
    day = day_of(instant(value) if isinstance(value, str) else value)
    return _in_words(day)


def _in_words(day: dt.date) -> str:
    return f"{day.day} {_MAANDEN[day.month - 1]} {day.year}"


def _ends(facts: Mapping[str, Any], basis: Mapping[str, Any]) -> dict[str, str]:
    return {
        "zaak_begin": _day(_at(facts, "zaak.begin")),
        "zaak_einde": _day(_at(facts, "zaak.einde")),
        "onderzoek_einde": _day(
            min(
                (
                    end
                    for n in ("einde", "beeindigd_op")
                    if (end := _at(facts, f"betrokkene.onderzoek.{n}")) is not None
                ),
                default=None,
            )
        ),
        "grondslag_van": _day(basis["van"]),
        "grondslag_tot": _day(basis["tot"]),
    }


def _people(facts: Mapping[str, Any], basis: Mapping[str, Any]) -> dict[str, str]:
    """Return who takes part at the moment, in which roles, and the tasks of the requester."""
    here = [
        d for d in _at(facts, "zaak.deelnemers") or () if d["vanaf"] <= facts["moment"] < d["tot"]
    ]
    tasks = basis["deelnemers"].get(facts["vrager"]["deelnemer"], {}).get("taken")
    return {
        "deelnemers": _plain([f"{d['organisatie']} ({d['deelnemer']})" for d in here]),
        "vrager_rol": _plain(_roles(here, facts["vrager"])),
        "bron_rol": _plain(_roles(here, facts["bron"])),
        "taken": _plain(tasks),
    }


def _roles(here: Sequence[Mapping[str, Any]], wie: Mapping[str, Any]) -> list[str]:
    pair = (wie["organisatie"], wie["deelnemer"])
    return [str(d["rol"]) for d in here if (d["organisatie"], d["deelnemer"]) == pair]


def _consents(facts: Mapping[str, Any]) -> str:
    valid = [i["soort"] for i in facts["instemmingen"] if i["op"] <= facts["moment"] < i["tot"]]
    return _plain(valid) if valid else "geen"
