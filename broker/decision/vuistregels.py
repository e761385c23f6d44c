"""Rules of thumb: who may ask what of whom, in which phase, and with whose consent.

Each row is what the rules themselves say of a question without a fault: a made dossier in which
everything is in order, decided for every asker, task, source, activity and phase. So the page can
never promise what a real question is refused.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from broker.decision.decide import Decider
from broker.decision.herstelpaden import FASEN
from broker.decision.register import Stand
from broker.domain.besluit import Besluit, Uitkomst
from broker.domain.dossier import Dossier
from broker.domain.kalender import day_of, instant
from broker.domain.uitleg import Vuistregel

_VRAGER: Final = "organisatie-die-vraagt"
_BRON: Final = "organisatie-die-levert"
_NOT_IN_PHASE: Final = "categorie-niet-in-fase"
_AHEAD: Final = dt.timedelta(days=2)
_RULES: Final = "Een vraag waar verder niets aan ontbreekt."


@dataclass(frozen=True, slots=True, kw_only=True)
class Vraag:
    """What differs between two faultless questions."""

    grondslag: str
    vrager: str
    taak: str
    bron: str
    activiteit: str
    fase: int


def vuistregels(decider: Decider, moment: str, vrager: str) -> tuple[Vuistregel, ...]:
    """Return what this deelnemer may ask at this moment, by basis, source and category.

    Args:
        decider: The rules.
        moment: RFC 3339 with offset.
        vrager: The deelnemer that asks; one that no basis knows may ask nothing.
    """
    stand = decider.register.at(moment)
    rows: dict[tuple[str, ...], list[Vraag]] = {}
    for vraag in _questions(stand, vrager):
        besluit = decider.decide(volmaakt(stand, vraag, moment))
        for categorie, soorten in _open(besluit):
            rows.setdefault((vraag.grondslag, vraag.bron, categorie, *soorten), []).append(vraag)
    return tuple(
        _row(stand, key, asked, _companions(decider, moment, asked[-1], key[2]))
        for key, asked in rows.items()
    )


def deelnemers(decider: Decider, moment: str) -> tuple[str, ...]:
    """Return every deelnemer that some basis knows at this moment."""
    stand = decider.register.at(moment)
    known = [name for basis in stand.data["grondslagen"].values() for name in basis["deelnemers"]]
    return tuple(dict.fromkeys(known))


def volmaakt(
    stand: Stand, vraag: Vraag, moment: str, categorieen: Sequence[str] | None = None
) -> Dossier:
    """Return a dossier in which everything is in order, for this question.

    Args:
        stand: What of the register holds at the moment.
        vraag: The question.
        moment: RFC 3339 with offset.
        categorieen: What is asked; None: everything that the basis knows and nothing excludes.
    """
    basis = stand.data["grondslagen"][vraag.grondslag]
    day = day_of(instant(moment))
    some = (v for c in basis["categorieen"].values() for v in c["alleen_bij"])
    verschijnsel = next(some, "verschijnsel")
    return Dossier.model_validate(
        {
            "versie": 1,
            "deur": "verzoek",
            "moment": moment,
            "grondslag": vraag.grondslag,
            "verzoek": {
                "soort": "bevraging",
                "activiteit": vraag.activiteit,
                "doel": basis["doelen"],
                "verschijnsel": verschijnsel,
                "vraagstelling": _RULES,
                "categorieen": _known(basis) if categorieen is None else list(categorieen),
                "aantal_betrokkenen": 1,
                "nationaliteit_onvermijdelijk": True,
            },
            "vrager": {
                "organisatie": _VRAGER,
                "deelnemer": vraag.vrager,
                "taak": vraag.taak,
                "gebruiker": _person(day),
            },
            "bron": {"organisatie": _BRON, "deelnemer": vraag.bron},
            "zaak": _zaak(vraag, verschijnsel, day) | {"verband": basis["zaak_van"][-1]},
            "betrokkene": _subject(basis, day),
            "instemmingen": [],
        }
    )


def _known(basis: Mapping[str, Any]) -> list[str]:
    return [name for name in basis["bekend"] if name not in basis["uitgesloten"]]


def _companions(decider: Decider, moment: str, vraag: Vraag, categorie: str) -> tuple[str, ...]:
    """Return beside which others this category may be asked; none when it may be asked alone."""
    stand = decider.register.at(moment)

    def passes(*asked: str) -> bool:
        besluit = decider.decide(volmaakt(stand, vraag, moment, asked))
        return besluit.categorieen[0].uitkomst != Uitkomst.GEWEIGERD

    if passes(categorie):
        return ()
    others = _known(stand.data["grondslagen"][vraag.grondslag])
    return tuple(name for name in others if name != categorie and passes(categorie, name))


def _person(day: dt.date) -> dict[str, Any]:
    return {
        "id": "medewerker",
        "rol": "verwerker",
        # On the last days of the calendar nobody is authorised any more.
        "geautoriseerd_tot": (min(day, dt.date.max - _AHEAD) + _AHEAD).isoformat(),
        "gescreend_op": day.isoformat(),
        "opgeleid_op": day.isoformat(),
    }


def _zaak(vraag: Vraag, verschijnsel: str, day: dt.date) -> dict[str, Any]:
    parties = ((_VRAGER, vraag.vrager), (_BRON, vraag.bron))
    return {
        "id": "zaak",
        "soort": vraag.activiteit,
        "riec": "riec",
        "status": "vastgesteld",
        "vastgesteld_op": day.isoformat(),
        "looptijd": {"duur": "P1Y"},
        "verschijnselen": [verschijnsel],
        "fase": vraag.fase,
        "fasebesluiten": [
            {"fase": fase, "besluit_op": day.isoformat(), "noodzaak": _RULES}
            for fase in FASEN[1:]
            if fase <= vraag.fase
        ],
        "signaal": {"id": "signaal", "status": "aanvaard"},
        "deelnemers": [
            {"organisatie": org, "deelnemer": als, "rol": "kern"} for org, als in parties
        ],
        "onderzoekstermijn": "P6M",
        "max_betrokkenen": 1,
        "reikwijdte": {"gebieden": [], "branches": [], "signalen": []},
    }


def _subject(basis: Mapping[str, Any], day: dt.date) -> dict[str, Any]:
    fitting = basis["passende_relatie"][0]
    return {
        "soort": fitting["soorten"][0],
        "sleutel": "betrokkene",
        "relatie": fitting["relatie"],
        "afstand": fitting["afstand"],
        "onderzoek": {"geopend_op": day.isoformat()},
    }


def _questions(stand: Stand, vrager: str) -> Iterator[Vraag]:
    """Yield every faultless question of this deelnemer that may come out differently."""
    for grondslag, basis in stand.data["grondslagen"].items():
        tasks = basis["deelnemers"].get(vrager, {}).get("taken", ())
        shared = basis["spoor"] == "samenwerking"
        phased = _phased(basis) and any(c["fase"] for c in basis["categorieen"].values())
        for taak in tasks[:1] if shared else tasks:
            for bron in basis["deelnemers"]:
                for activiteit in basis["activiteiten"] if shared else [*basis["activiteiten"]][:1]:
                    for fase in FASEN if phased else FASEN[:1]:
                        yield Vraag(
                            grondslag=grondslag,
                            vrager=vrager,
                            taak=taak,
                            bron=bron,
                            activiteit=activiteit,
                            fase=fase,
                        )


def _phased(basis: Mapping[str, Any]) -> bool:
    """Tell whether the rules look at the phase of a zaak under this basis."""
    return basis["spoor"] == "samenwerking" and _NOT_IN_PHASE not in basis["niet_getoetst"]


def _open(besluit: Besluit) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each category that is granted, or waits for consent alone, with those consents."""
    waits: dict[str, list[str]] = {}
    for nodig in besluit.vereiste_instemmingen:
        for categorie in nodig.categorieen:
            waits.setdefault(categorie, []).append(nodig.soort)
    for part in besluit.categorieen:
        if part.id and part.uitkomst != Uitkomst.GEWEIGERD:
            yield part.id, tuple(waits.get(part.id, ()))


def _row(
    stand: Stand, key: tuple[str, ...], asked: list[Vraag], companions: tuple[str, ...]
) -> Vuistregel:
    grondslag, bron, categorie, *soorten = key
    basis: Mapping[str, Any] = stand.data["grondslagen"][grondslag]
    shared = basis["spoor"] == "samenwerking"
    law = basis["categorieen"][categorie]
    phased = _phased(basis) and law["fase"]
    choices = [k["soorten"] for k in law["instemmingen_een_van"] if {*k["soorten"]} <= {*soorten}]
    tasks = basis["deelnemers"][asked[0].vrager]["taken"] if shared else [v.taak for v in asked]
    return Vuistregel(
        grondslag=grondslag,
        vrager=asked[0].vrager,
        taken=tuple(dict.fromkeys(tasks)),
        bron=bron,
        categorie=categorie,
        vanaf_fase=min(v.fase for v in asked) if phased else None,
        activiteiten=tuple(dict.fromkeys(v.activiteit for v in asked)) if shared else (),
        instemmingen=tuple(s for s in soorten if not any(s in choice for choice in choices)),
        instemmingen_een_van=tuple(map(tuple, choices)),
        alleen_naast=companions,
        alleen_bij=tuple(law["alleen_bij"]),
        onvermijdelijk=law["alleen_onvermijdelijk"],
    )
