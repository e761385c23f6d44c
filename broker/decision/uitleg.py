"""Why it came out so, and what would make it lawful: one explanation for people, from one besluit.

The texts and articles stand in the register, the outcome in the besluit; nothing is judged here.
The ways to a grant are found by deciding again (`herstelpaden`), never by guessing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from broker.decision.decide import Decider
from broker.decision.gevonden import Gevonden
from broker.decision.herstelpaden import herstelpaden
from broker.domain.besluit import Besluit, Onderwerp, Weigeringsgrond
from broker.domain.dossier import Dossier
from broker.domain.kalender import instant
from broker.domain.uitleg import Bevinding, Plicht, Uitleg
from broker.domain.zaak import places

_LINK = "https://wetten.overheid.nl/jci1.3:c:{bwb}&artikel={artikel}"


def explain(decider: Decider, dossier: Dossier, besluit: Besluit, *, full: bool) -> Uitleg:
    """Return why this dossier came out as this besluit, and what would make it lawful.

    Args:
        decider: The rules that took the besluit.
        dossier: What it was taken on.
        besluit: All of it, or what its requester may know (`Besluit.for_requester`); no ground
            that is not in it is told of.
        full: Who reads this knows the whole dossier. Else nothing is told of what stood in the
            items of an answer, and to who stands outside the zaak nothing of the zaak.
    """
    return _Uitlegger(decider, dossier, besluit, full=full).explain()


class _Uitlegger:
    def __init__(self, decider: Decider, dossier: Dossier, besluit: Besluit, *, full: bool) -> None:
        self._decider, self._dossier, self._besluit = decider, dossier, besluit
        stand = decider.register.at(dossier.moment)
        self._basis = stand.data["grondslagen"][stand.basis(dossier.grondslag)]
        self._question = stand.data["gronden"]["vraag"]
        self._redenen = stand.redenen
        outside = any(g.betreft == Onderwerp.BUITENSTAANDER for g in besluit.weigeringsgronden)
        # Of a question on a bilateral basis the rules do not tell it.
        self._outside, self._full = (outside or not _takes_part(dossier)) and not full, full
        self._gevonden = Gevonden(dossier, decider.facts(dossier), self._basis)

    def explain(self) -> Uitleg:
        besluit = self._besluit
        return Uitleg(
            uitkomst=besluit.uitkomst.value,
            delen=(*besluit.categorieen, *besluit.gegevens),
            bevindingen=tuple(self._findings()),
            plichten=tuple(self._duty(name) for name in besluit.voorwaarden),
            bedoeld=self._meant(),
            paden=() if self._outside else herstelpaden(self._decider, self._dossier, besluit),
        )

    def _findings(self) -> list[Bevinding]:
        """Return each ground: once for the whole question, or once for each part it falls on."""
        found = []
        for grond in self._besluit.weigeringsgronden:
            parts = self._parts(grond.code)
            found += [self._finding(grond, part) for part in parts] or [self._finding(grond, None)]
        return found

    def _parts(self, code: str) -> list[Mapping[str, Any]]:
        """Return the parts that a ground falls on; none when it falls on the whole question."""
        if code in self._question:
            return []
        asked: list[Mapping[str, Any]] = [
            {"id": c.id, "categorie": c.id} for c in self._besluit.categorieen if code in c.codes
        ]
        items = {item.id: item.model_dump() for item in self._dossier.gegevens or ()}
        judged = [g.id for g in self._besluit.gegevens if code in g.codes]
        return [items[name] for name in judged if name in items] or asked

    def _finding(self, grond: Weigeringsgrond, part: Mapping[str, Any] | None) -> Bevinding:
        text = self._text("redenen", grond.code)
        return Bevinding(
            code=grond.code,
            onderdeel=part["id"] if part else None,
            gevonden=self._found(grond, text.get("gevonden"), part),
            uitleg=grond.uitleg,
            wet=grond.wet,
            artikel=grond.artikel,
            link=link(text["bwb"], grond.artikel),
            zekerheid=text["zekerheid"],
            wie=text["wie"],
            herstel=grond.herstel,
            herstelbaar=grond.herstelbaar,
        )

    def _found(
        self, grond: Weigeringsgrond, template: str | None, part: Mapping[str, Any] | None
    ) -> str | None:
        """Return what stood in the dossier, where who reads this may know it."""
        hidden = self._outside and grond.betreft != Onderwerp.BUITENSTAANDER
        item = not self._full and part is not None and "herkomst" in part
        if template is None or hidden or item:
            return None
        return self._gevonden.sentence(template, part)

    def _duty(self, name: str) -> Plicht:
        text = self._text("voorwaarden", name)
        return Plicht(
            voorwaarde=name,
            uitleg=text["uitleg"],
            wet=text["wet"],
            artikel=text["artikel"],
            link=link(text["bwb"], text["artikel"]),
        )

    def _text(self, soort: str, name: str) -> Mapping[str, Any]:
        text = self._redenen[soort][name]
        own: Mapping[str, Any] = text.get("per_grondslag", {}).get(self._dossier.grondslag, {})
        return {**text, **own}

    def _meant(self) -> dict[str, tuple[str, ...]]:
        """Return for each category that nobody knows the known ones that look like it."""
        asked = [c.id or "" for c in self._besluit.categorieen]
        open_here = [
            name for name in self._basis["bekend"] if name not in self._basis["uitgesloten"]
        ]
        return {
            name: near
            for name in asked
            if name not in self._basis["bekend"] and (near := _near(name, open_here))
        }


def _takes_part(dossier: Dossier) -> bool:
    """Tell whether who asks takes part in the zaak of the question; also when it has none."""
    if dossier.zaak is None:
        return True
    asker = dossier.vrager.organisatie if dossier.vrager else None
    zaak = {"deelnemers": [d.model_dump() for d in dossier.zaak.deelnemers or ()]}
    return bool(places(zaak, asker or "", instant(dossier.moment)))


def _near(name: str, known: Sequence[str]) -> tuple[str, ...]:
    from difflib import get_close_matches  # noqa: PLC0415 - for a typo only

    return tuple(get_close_matches(name, known, n=2, cutoff=0.75))


def link(bwb: str | None, artikel: str) -> str | None:
    """Return where the first of these articles can be read; None where there is no such place."""
    if bwb is None:
        return None
    return _LINK.format(
        bwb=bwb, artikel=artikel.split(",", maxsplit=1)[0].split("(", maxsplit=1)[0]
    )
