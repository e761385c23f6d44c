"""Ways to a grant: changes of the question that were tried, and that the rules say yes to.

Each candidate is the dossier with one choice made differently - or two, where one is not enough -
decided again. What then only waits for consent is tried once more with that consent given, so that
a way tells all that it needs. Nothing of the subject, of the person who asks or of the scope of
the zaak is ever a candidate: those are facts, and no choice.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from broker.decision.decide import Decider
from broker.domain.besluit import Besluit, Uitkomst, VereisteInstemming
from broker.domain.dossier import BEVRAGING, TREFFER, Dossier
from broker.domain.uitleg import Keuze, Pad

MOST: Final = 100
"""Questions that one search tries at most: tens of milliseconds."""
SHOWN: Final = 8
FASEN: Final = (1, 2, 3)
_GEVER: Final = "een ander dan de vrager"


Change = tuple[Keuze, Callable[[Dossier], Dossier]]


def herstelpaden(decider: Decider, dossier: Dossier, besluit: Besluit) -> tuple[Pad, ...]:
    """Return the ways from this besluit to the widest grant, those that need the least first.

    None for what was granted, and for an answer (door 2), whose items are what they are.
    """
    if besluit.uitkomst == Uitkomst.TOEGEWEZEN or dossier.deur != "verzoek":
        return ()
    ways = list(_ways(decider, dossier, len(besluit.granted)))
    most = max((len(pad.categorieen) for pad in ways), default=0)
    widest = [pad for pad in ways if len(pad.categorieen) == most]
    least = min((pad.price for pad in widest), default=0)
    return tuple(pad for pad in widest if pad.price == least)[:SHOWN]


def _ways(decider: Decider, dossier: Dossier, now: int) -> Iterator[Pad]:
    """Yield every way found that opens more than `now` categories; two steps where one fails."""
    changes = list(_changes(decider, dossier))
    left = MOST
    for steps in (0, 1, 2):
        found = False
        for chosen in itertools.combinations(changes, steps):
            if len({keuze.wijziging for keuze, _ in chosen}) < steps:
                continue
            if left == 0:
                return
            left -= 1
            if pad := _tried(decider, dossier, chosen, now):
                found = True
                yield pad
        if found:
            return


def _tried(decider: Decider, dossier: Dossier, chosen: Sequence[Change], now: int) -> Pad | None:
    for _, change in chosen:
        dossier = change(dossier)
    besluit = decider.decide(dossier)
    nodig = besluit.vereiste_instemmingen
    if nodig:
        besluit = decider.decide(_with_consents(dossier, nodig))
    if len(besluit.granted) <= now:
        return None
    keuzes = tuple(keuze for keuze, _ in chosen)
    return Pad(keuzes=keuzes, instemmingen=nodig, categorieen=besluit.granted)


def _changes(decider: Decider, dossier: Dossier) -> Iterator[Change]:
    """Yield each choice that the requester, or the deelnemers of the zaak, may make differently."""
    stand = decider.register.at(dossier.moment)
    basis = stand.data["grondslagen"][stand.basis(dossier.grondslag)]
    vrager, bron = dossier.vrager, dossier.bron
    yield from _sources(dossier)
    asked = (dossier.verzoek.categorieen if dossier.verzoek else None) or ()
    known = [basis["categorieen"][name]["fase"] for name in asked if name in basis["categorieen"]]
    needed = max((fase for fase in known if fase), default=0)
    if dossier.zaak and needed > (dossier.zaak.fase or 0):
        yield Keuze(wijziging="fase", waarde=str(needed)), _to_phase(needed)
    for grondslag in stand.data["grondslagen"]:
        if grondslag != dossier.grondslag:
            yield _choice("grondslag", grondslag, {"grondslag": grondslag})
    if dossier.verzoek and dossier.verzoek.soort == BEVRAGING and bron:
        yield _choice("soort", TREFFER, {"verzoek": {"soort": TREFFER}})
    tasks = basis["deelnemers"].get(vrager.deelnemer if vrager else None, {}).get("taken", ())
    for taak in tasks:
        if vrager and taak != vrager.taak:
            yield _choice("taak", taak, {"vrager": {"taak": taak}})
    yield from _of_zaak(dossier)


def _sources(dossier: Dossier) -> Iterator[Change]:
    """Yield each other deelnemer of the zaak as the one that is asked."""
    asker = dossier.vrager.organisatie if dossier.vrager else None
    for source in (dossier.zaak.deelnemers if dossier.zaak else None) or ():
        if source.organisatie != asker:
            partij = {"organisatie": source.organisatie, "deelnemer": source.deelnemer}
            shown = f"{source.organisatie} ({source.deelnemer})"
            yield _choice("bron", shown, {"bron": partij})


def _of_zaak(dossier: Dossier) -> Iterator[Change]:
    """Yield what the zaak says, where the question says something else."""
    if not dossier.zaak or not dossier.verzoek:
        return
    for verschijnsel in dossier.zaak.verschijnselen or ():
        if verschijnsel != dossier.verzoek.verschijnsel:
            patch = {"verzoek": {"verschijnsel": verschijnsel}}
            yield _choice("verschijnsel", verschijnsel, patch)
    soort = dossier.zaak.soort
    if soort and soort != dossier.verzoek.activiteit:
        yield _choice("activiteit", soort, {"verzoek": {"activiteit": soort}})


def _choice(wijziging: str, waarde: str, patch: Mapping[str, Any]) -> Change:
    return Keuze(wijziging=wijziging, waarde=waarde), lambda dossier: _patched(dossier, patch)


def _patched(dossier: Dossier, patch: Mapping[str, Any]) -> Dossier:
    """Return the dossier with these members changed, in its parts too."""
    plain = dossier.model_dump()
    for name, value in patch.items():
        part = isinstance(value, Mapping) and plain[name]
        plain[name] = {**plain[name], **value} if part else value
    return Dossier.model_validate(plain)


def _to_phase(fase: int) -> Callable[[Dossier], Dossier]:
    """Return what brings the zaak to this phase, decided on at the moment itself."""

    def change(dossier: Dossier) -> Dossier:
        decided = [
            {"fase": number, "besluit_op": dossier.moment, "noodzaak": "noodzaak"}
            for number in FASEN
            if number <= fase
        ]
        return _patched(dossier, {"zaak": {"fase": fase, "fasebesluiten": decided}})

    return change


def _with_consents(dossier: Dossier, nodig: Sequence[VereisteInstemming]) -> Dossier:
    """Return the dossier with these consents given, at its moment, by another than its asker."""
    given = [
        {
            "soort": instemming.soort,
            "organisatie": instemming.organisatie,
            "door": _GEVER,
            "op": dossier.moment,
            "categorieen": list(instemming.categorieen),
        }
        for instemming in nodig
    ]
    known = [i.model_dump() for i in dossier.instemmingen or ()]
    return _patched(dossier, {"instemmingen": [*known, *given]})
