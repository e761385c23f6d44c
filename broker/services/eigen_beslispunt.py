"""Sluis itself as a decision point: a question of AuthZEN becomes a dossier, a besluit an answer.

1. The question names a gebruiker, what is asked, and a betrokkene by pseudonym or persoonskaart.
2. All facts come from the store, in one snapshot with the rules in force; the caller declares only
   what an asker declares in a verzoek too. The moment is that of our clock.
3. The besluit decides: only `toegewezen` is a permit. What the asker may not know is left out.

Who calls asks for itself; only a toepassing asks for others, of its own organisatie. Anybody else
and nobody at all get the same answer.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from broker.domain import invoer
from broker.domain.besluit import Besluit, Uitkomst
from broker.domain.dossier import ASKED, BEVRAGING, RESULTAATDELING, TREFFER
from broker.domain.kalender import instant
from broker.domain.ports import Clock
from broker.domain.pseudoniem import is_sleutel
from broker.errors import DecisionError, NotFoundError
from broker.services.beslispunt import (
    Aanroeper,
    Entiteit,
    Evaluatie,
    Handeling,
    Oordeel,
    Stuk,
    UndecidedError,
    Zoeksoort,
)
from broker.services.bronnen import Bronnen
from broker.services.doorgifte import released
from broker.services.kandidaten import BETROKKENE, BRON, GEBRUIKER, Kandidaten
from broker.services.no_bsn import refuse_bsn
from broker.services.regels import Regels
from broker.store import Store
from broker.store.unit import ReadTx

UNKNOWN: Final = "onbekend"
CUSTOM: Final = "custom"
FILTER: Final = "filter"
# The kind of verzoek is the name of the action.
_DECLARED: Final = tuple(name for name in ASKED if name != "soort")
_ACTION: Final = (*_DECLARED, "grondslag", "taak", "ontvanger", "verzoek")
_RESOURCE: Final = ("zaak", "bron", "betrokkene")
_CONTEXT: Final = ("time", "traceparent", "supported_obligations")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_TOLD: Final = ("code", "wet", "artikel", "uitleg", "feit", "herstelbaar", "herstel")
_NOBODY: Final = "Deze gebruiker is niet bekend, of u mag niet voor deze gebruiker vragen."
_NO_SUCH: Final = "Sluis kent deze soort vraag niet."
_NOTHING: Final = "Van dit verzoek is er geen resultaat om te delen."
_UNABLE: Final = "Uw toepassing kan de verplichtingen bij dit besluit niet uitvoeren."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Doelwit:
    """What a resource stands for: a subject in a zaak, at a source."""

    betrokkene: str
    zaak: str | None
    bron: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Feiten:
    """One view of the store: its part of the dossier, the items of a result, the rules in force."""

    dossier: Mapping[str, Any]
    gegevens: Sequence[Mapping[str, Any]]
    regels: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EigenBeslispunt:
    """Decides questions about persons by the law, as the doors do."""

    store: Store
    regels: Regels
    bronnen: Bronnen
    clock: Clock

    @property
    def obligations(self) -> Sequence[str]:
        """The types of obligations that a permit may carry."""
        return (CUSTOM, FILTER)

    def understand(self, vraag: Evaluatie) -> Evaluatie:
        """Return only what is read of a question; the rest is ignored and not recorded.

        Raises:
            InvalidInputError: A BSN stands in it.
        """
        context = _only(vraag.context, _CONTEXT)
        if isinstance(declared := vraag.context.get("vraag"), Mapping):
            context["vraag"] = _only(declared, _ACTION)
        known = Evaluatie(
            subject=_known(vraag.subject, ()),
            action=vraag.action
            and Handeling(
                name=_name(vraag.action.name) or UNKNOWN,
                properties=_only(vraag.action.properties, _ACTION),
            ),
            resource=_known(vraag.resource, _RESOURCE),
            context=context,
        )
        refuse_bsn({"vraag": asdict(known), "ids": [vraag.subject.id, vraag.resource.id]})
        return known

    async def evaluate(self, wie: Aanroeper, vraag: Evaluatie) -> Oordeel:
        """Decide one question.

        Raises:
            InvalidInputError: What the asker declares has the wrong form.
            UndecidedError: The rules gave no verdict.
            RecordError: The store cannot be read.
        """
        doelwit, action = _doelwit(vraag.resource), vraag.action
        known = action is not None and action.name in {BEVRAGING, TREFFER, RESULTAATDELING}
        if doelwit is None or action is None or not known or vraag.subject.type != GEBRUIKER:
            return _denied(_NO_SUCH)
        feiten = await self._facts(wie, vraag.subject.id or "", action, doelwit)
        if feiten is None:
            return _denied(_NOBODY)
        if action.name == RESULTAATDELING and not feiten.gegevens:
            return _denied(_NOTHING)
        dossier = self._dossier(action, doelwit, feiten)
        parsed = invoer.parse(dossier)
        stuk = Stuk(
            regels=feiten.regels,
            information=dossier,
            sleutel=feiten.dossier["betrokkene"].get("sleutel"),
        )
        try:
            besluit = await (await self.regels.of(feiten.regels)).beslis(parsed)
        except DecisionError as error:
            raise UndecidedError(error.detail, stuk) from error
        stuk = replace(stuk, besluit=besluit.as_json())
        able = vraag.context.get("supported_obligations")
        return replace(_answer(besluit, able if isinstance(able, list) else None), stuk=stuk)

    async def candidates(
        self, wie: Aanroeper, soort: Zoeksoort, vraag: Evaluatie
    ) -> Sequence[Evaluatie]:
        """Return the question once for each gebruiker, category, source or subject there is.

        Raises:
            UndecidedError: The rules in force cannot be loaded.
            RecordError: The store cannot be read.
        """
        found = Kandidaten(store=self.store, regels=self.regels, clock=self.clock)
        return await found.of(wie, soort, vraag)

    async def _facts(
        self, wie: Aanroeper, gebruiker: str, action: Handeling, doelwit: _Doelwit
    ) -> _Feiten | None:
        """Read the facts, or None when nobody may ask this for this gebruiker."""
        if gebruiker != wie.beller.gebruiker and not wie.namens:
            return None
        async with self.store.read() as tx:
            sleutel = await _sleutel(tx, doelwit)
            try:
                facts = await tx.dossierfeiten(
                    gebruiker=gebruiker, zaak=doelwit.zaak, sleutel=sleutel
                )
            except NotFoundError:
                return None
            if facts.vrager.get("organisatie") != wie.beller.organisatie:
                return None
            items: Sequence[Mapping[str, Any]] = ()
            if action.name == RESULTAATDELING:
                items = await released(
                    tx,
                    verzoek=str(action.properties.get("verzoek")),
                    organisatie=wie.beller.organisatie,
                    zaak=doelwit.zaak,
                    sleutel=sleutel,
                )
        return _Feiten(
            dossier=facts.parts(
                taak=action.properties.get("taak"),
                sleutel=sleutel,
                moment=instant(self.clock.now().isoformat()),
            ),
            gegevens=items,
            regels=facts.regels,
        )

    def _dossier(self, action: Handeling, doelwit: _Doelwit, feiten: _Feiten) -> dict[str, Any]:
        """Put the dossier together as the doors do."""
        asked = _only(action.properties, _DECLARED)
        dossier = {
            "versie": 1,
            "deur": "verzoek",
            "moment": self.clock.now().isoformat(),
            "grondslag": action.properties.get("grondslag"),
            "verzoek": {"soort": action.name, **asked},
            "bron": None,
            **feiten.dossier,
        }
        if action.name == RESULTAATDELING:
            asked.setdefault(
                "categorieen", list(dict.fromkeys(item["categorie"] for item in feiten.gegevens))
            )
            return dossier | {
                "deur": "verstrekking",
                "verzoek": {"soort": action.name, **asked},
                "ontvanger": action.properties.get("ontvanger"),
                "gegevens": list(feiten.gegevens),
            }
        if doelwit.bron is not None:
            dossier["bron"] = self.bronnen.get(doelwit.bron).partij(feiten.dossier["zaak"])
        return dossier


def _doelwit(resource: Entiteit) -> _Doelwit | None:
    """Read what a resource stands for: a betrokkene at a bron, or the other way round."""
    if resource.type not in {BETROKKENE, BRON} or not resource.id:
        return None
    more = resource.properties
    of_bron = resource.type == BRON
    betrokkene, bron = (
        (more.get("betrokkene"), resource.id) if of_bron else (resource.id, more.get("bron"))
    )
    if betrokkene is None:
        return None
    return _Doelwit(betrokkene=betrokkene, zaak=more.get("zaak"), bron=bron)


async def _sleutel(tx: ReadTx, doelwit: _Doelwit) -> str | None:
    """Return the pseudonym; a persoonskaart counts only with the zaak that it is in."""
    if is_sleutel(doelwit.betrokkene):
        return doelwit.betrokkene
    try:
        kaart = await tx.persoonskaarten.get(doelwit.betrokkene)
    except NotFoundError:
        return None
    return kaart["sleutel"] if kaart["zaak"] == doelwit.zaak else None


def _answer(besluit: Besluit, able: Sequence[Any] | None) -> Oordeel:
    """Return the besluit as the asker may know it. `able`: obligations that can be carried out."""
    told = besluit.for_requester()
    context: dict[str, Any] = {
        "uitkomst": told.uitkomst.value,
        "categorieen": [asdict(part) for part in told.categorieen],
    }
    if besluit.uitkomst != Uitkomst.TOEGEWEZEN:
        gronden = told.weigeringsgronden
        context["reason"] = gronden[0].uitleg if gronden else _NOTHING
        context["reasons"] = [{name: getattr(g, name) for name in _TOLD} for g in gronden]
        if told.vereiste_instemmingen:
            context["vereiste_instemmingen"] = [asdict(i) for i in told.vereiste_instemmingen]
        return Oordeel(decision=False, context=context)
    obligations = list(_obligations(told))
    if able is not None and any(each["type"] not in able for each in obligations):
        return _denied(_UNABLE)
    return Oordeel(decision=True, context=context | {"obligations": obligations})


def _obligations(besluit: Besluit) -> Iterator[dict[str, Any]]:
    """Yield what binds the recipient (AuthZEN obligations profile, draft)."""
    for voorwaarde in besluit.voorwaarden:
        tot = {"tot": besluit.bewaren_tot} if voorwaarde == "bewaren-tot" else {}
        yield {"id": voorwaarde, "type": CUSTOM, "properties": {"verplichting": voorwaarde, **tot}}
    only: dict[str, Any] = {"categorieen": list(besluit.granted)}
    if besluit.gegevens:
        only["gegevens"] = [part.id for part in besluit.gegevens]
    yield {"id": FILTER, "type": FILTER, "properties": {"filter": only}}


def _denied(reason: str) -> Oordeel:
    return Oordeel(decision=False, context={"reason": reason})


def _only(given: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: given[name] for name in names if given.get(name) is not None}


def _known(entity: Entiteit, names: Sequence[str]) -> Entiteit:
    """Return what is read of a subject or resource: what can be no name here is no name."""
    found = {name: _name(value) for name, value in _only(entity.properties, names).items()}
    return Entiteit(
        type=_name(entity.type) or UNKNOWN,
        id=_name(entity.id),
        properties={name: value for name, value in found.items() if value is not None},
    )


def _name(given: object) -> str | None:
    return given if isinstance(given, str) and _NAME.fullmatch(given) else None
