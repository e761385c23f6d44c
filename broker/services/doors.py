"""The spine: one verzoek through both doors. For each source apart, and side by side:

1. The dossier is read from the store at this moment.
2. Door 1 decides.
3. Verzoek and besluit are stored; then the voornemen (or the weigering) is durable in the log.
   If we die here, the log shows an open voornemen and no source was asked.
4. The source is asked for exactly the granted categories.
5. The dossier is read again at the new moment, and door 2 decides on each item.
6. The besluit is stored; then the verstrekking (or weigering) is durable in the log.
   If we die here, the log says more left than did: the safe side.
7. Only now does the answer leave, with its receipt.

A record or a verdict that cannot be made stops the whole verzoek: no data and no verdict leave.
A source that fails is recorded (fout) and told for that source alone.
"""

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from audit.entry import Soort
from audit.receipt import Receipt
from broker.decision.decide import Decider
from broker.domain import invoer
from broker.domain.besluit import Besluit, Uitkomst
from broker.domain.ports import (
    Antwoord,
    Bevraging,
    Bron,
    BronError,
    BronFout,
    Clock,
    Gegeven,
    Identiteit,
    Ids,
)
from broker.domain.pseudoniem import Pseudonimiseerder
from broker.services.bronnen import Bronnen
from broker.services.caller import Beller
from broker.services.recorder import Recorder, Regel
from broker.store import Store

_LABELS: Final = (
    "id",
    "categorie",
    "herkomst",
    "herkomst_deelnemer",
    "wpg_artikel",
    "status",
    "eerste_verwerking_op",
    "ingebracht_op",
    "bewaren_tot",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vraag:
    """A verzoek as it was put: one subject, one or more sources. The identity is in clear here only."""

    betrokkene: Identiteit
    bronnen: tuple[str, ...]
    zaak: str | None
    grondslag: str | None
    taak: str | None
    verzoek: Mapping[str, Any]
    """The `verzoek` of the dossier, as the contract has it."""
    kenmerk: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BronUitkomst:
    """What came of one source: the last besluit, what was let through, and the receipt of it."""

    organisatie: str
    deur: str
    """The last door that decided: `verstrekking` only when the source answered."""
    besluit: Besluit
    gegevens: tuple[Gegeven, ...] = ()
    afgeschermd: bool = False
    fout: BronFout | None = None
    melding: str | None = None
    bewijs: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class VerzoekUitkomst:
    """What came of a verzoek."""

    id: str
    soort: str | None
    bronnen: tuple[BronUitkomst, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Relay:
    """One verzoek on its way to one source."""

    id: str
    verzoek: str
    sleutel: str
    organisatie: str
    bron: Bron | None
    dossier: dict[str, Any]
    besluit: Besluit
    rij: dict[str, Any]


class Doors:
    """Brings questions through both doors."""

    def __init__(
        self,
        *,
        store: Store,
        decider: Decider,
        recorder: Recorder,
        bronnen: Bronnen,
        pseudoniem: Pseudonimiseerder,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._decider = decider
        self._recorder = recorder
        self._bronnen = bronnen
        self._pseudoniem = pseudoniem
        self._clock = clock
        self._ids = ids

    async def submit(self, beller: Beller, vraag: Vraag) -> VerzoekUitkomst:
        """Bring one verzoek through both doors, to each of its sources.

        Raises:
            InvalidInputError: The question is malformed.
            ConflictError: This kenmerk was used before by this organisatie.
            RecordError: A record could not be made. Nothing leaves.
            DecisionError: The rules gave no verdict. Nothing leaves.
        """
        sleutel = self._pseudoniem.sleutel(vraag.betrokkene, pointer="/betrokkene")
        relays = await self._door_one(beller, vraag, sleutel)
        outcomes = await asyncio.gather(
            *(self._pass(beller, vraag, relay, receipt) for relay, receipt in relays),
            return_exceptions=True,
        )
        return VerzoekUitkomst(
            id=relays[0][0].verzoek,
            soort=vraag.verzoek.get("soort"),
            bronnen=tuple(_or_raise(outcome) for outcome in outcomes),
        )

    async def _door_one(
        self, beller: Beller, vraag: Vraag, sleutel: str
    ) -> list[tuple[_Relay, Receipt]]:
        """Steps 1 to 3, for all sources in one unit of work and one batch of the log."""
        verzoek = self._ids.new("v")
        moment = self._clock.now()
        facts = await self._facts(beller, vraag, sleutel)
        relays = [
            self._decide_one(beller, vraag, facts, (verzoek, sleutel, organisatie))
            for organisatie in vraag.bronnen
        ]
        async with self._store.begin() as tx:
            await tx.verzoeken.insert(
                {
                    "id": verzoek,
                    "kenmerk": vraag.kenmerk,
                    "gebruiker": beller.gebruiker,
                    "organisatie": beller.organisatie,
                    "zaak": vraag.zaak,
                    "sleutel": sleutel,
                    "grondslag": vraag.grondslag,
                    "body": {**vraag.verzoek, "bronnen": list(vraag.bronnen), "taak": vraag.taak},
                    "ontvangen_op": moment,
                }
            )
            await tx.besluiten.insert_many([relay.rij for relay in relays])
        regels = [
            _regel(Soort.VOORNEMEN if relay.besluit.granted else Soort.WEIGERING, relay, beller)
            for relay in relays
        ]
        return list(zip(relays, await self._recorder.record_all(regels), strict=True))

    def _decide_one(
        self,
        beller: Beller,
        vraag: Vraag,
        facts: Mapping[str, Any],
        names: tuple[str, str, str],
    ) -> _Relay:
        verzoek, sleutel, organisatie = names
        aansluiting = self._bronnen.get(organisatie)
        bron = {"organisatie": organisatie, "deelnemer": _deelnemer(aansluiting.deelnemers, facts)}
        dossier = {
            "versie": 1,
            "deur": "verzoek",
            "moment": self._clock.now().isoformat(),
            "grondslag": vraag.grondslag,
            "verzoek": dict(vraag.verzoek),
            "bron": bron,
            **facts,
        }
        dossier["vrager"] = {**facts["vrager"], "taak": vraag.taak}
        besluit, rij = self._decide(dossier, verzoek, organisatie)
        return _Relay(
            id=f"{verzoek}/{organisatie}",
            verzoek=verzoek,
            sleutel=sleutel,
            organisatie=organisatie,
            bron=aansluiting.bron,
            dossier=dossier,
            besluit=besluit,
            rij=rij,
        )

    async def _pass(
        self, beller: Beller, vraag: Vraag, relay: _Relay, receipt: Receipt
    ) -> BronUitkomst:
        """Steps 4 to 7, for one source."""
        if not relay.besluit.granted:
            return BronUitkomst(
                organisatie=relay.organisatie,
                deur="verzoek",
                besluit=relay.besluit,
                bewijs=receipt,
            )
        try:
            antwoord = await self._ask(beller, vraag, relay)
        except BronError as error:
            regel = _regel(Soort.FOUT, relay, beller, fout=error.fout.value)
            return BronUitkomst(
                organisatie=relay.organisatie,
                deur="verzoek",
                besluit=relay.besluit,
                fout=error.fout,
                melding=error.melding,
                bewijs=await self._recorder.record(regel),
            )
        return await self._door_two(beller, vraag, relay, antwoord)

    async def _ask(self, beller: Beller, vraag: Vraag, relay: _Relay) -> Antwoord:
        """Ask the source for exactly what door 1 granted.

        Raises:
            BronError: It gave no usable answer, whatever went wrong at its side.
        """
        if relay.bron is None:
            raise BronError(BronFout.ONBEREIKBAAR, "Deze partner is nog niet aangesloten.")
        bevraging = Bevraging(
            kenmerk=relay.id,
            betrokkene=vraag.betrokkene,
            categorieen=relay.besluit.granted,
            grondslag=vraag.grondslag or "",
            zaak=vraag.zaak,
            vrager=beller.organisatie,
            doel=tuple(vraag.verzoek.get("doel") or ()),
            vraagstelling=vraag.verzoek.get("vraagstelling") or "",
        )
        only_hit = vraag.verzoek.get("soort") == "treffer-geen-treffer"
        ask = relay.bron.treffer if only_hit else relay.bron.bevraag
        try:
            return await ask(bevraging)
        except BronError:
            raise
        except Exception as error:  # an adapter may fail in any way; its text may hold data
            raise BronError(
                BronFout.ONBEGRIJPELIJK, "De partner gaf een antwoord dat niet te lezen is."
            ) from error

    async def _door_two(
        self, beller: Beller, vraag: Vraag, relay: _Relay, antwoord: Antwoord
    ) -> BronUitkomst:
        facts = await self._facts(beller, vraag, relay.sleutel)
        dossier = {
            **relay.dossier,
            **facts,
            "deur": "verstrekking",
            "moment": self._clock.now().isoformat(),
            "verzoek": {**vraag.verzoek, "categorieen": list(relay.besluit.granted)},
            "vrager": {**facts["vrager"], "taak": vraag.taak},
            "gegevens": [_labels(gegeven) for gegeven in antwoord.gegevens],
        }
        besluit, rij = self._decide(dossier, relay.verzoek, relay.organisatie)
        async with self._store.begin() as tx:
            await tx.besluiten.insert_many([rij])
        # By place, not by id: two items of one id are judged, and let through, each apart.
        released = tuple(
            gegeven
            for gegeven, deel in zip(antwoord.gegevens, besluit.gegevens, strict=True)
            if deel.uitkomst == Uitkomst.TOEGEWEZEN
        )
        closed = not released and besluit.uitkomst != Uitkomst.TOEGEWEZEN
        done = replace(relay, besluit=besluit, dossier=dossier, rij=rij)
        soort = Soort.WEIGERING if closed else Soort.VERSTREKKING
        regel = _regel(soort, done, beller, gegevens=[g.id for g in released])
        return BronUitkomst(
            organisatie=relay.organisatie,
            deur="verstrekking",
            besluit=besluit,
            gegevens=released,
            afgeschermd=antwoord.afgeschermd,
            bewijs=await self._recorder.record(regel),
        )

    async def _facts(self, beller: Beller, vraag: Vraag, sleutel: str) -> dict[str, Any]:
        async with self._store.read() as tx:
            facts = await tx.dossierfeiten(
                gebruiker=beller.gebruiker, zaak=vraag.zaak, sleutel=sleutel
            )
        return {
            "vrager": facts.vrager,
            "zaak": facts.zaak,
            "betrokkene": facts.betrokkene,
            "instemmingen": facts.instemmingen,
        }

    def _decide(
        self, dossier: Mapping[str, Any], verzoek: str, bron: str
    ) -> tuple[Besluit, dict[str, Any]]:
        """Decide, and shape the row that keeps besluit and dossier to the byte."""
        parsed = invoer.parse(dossier)
        besluit = self._decider.decide(parsed)
        row = {
            "id": self._ids.new("b"),
            "verzoek": verzoek,
            "bron": bron,
            "deur": parsed.deur,
            "moment": dt.datetime.fromisoformat(parsed.moment),
            "uitkomst": besluit.uitkomst.value,
            "dossier": orjson.dumps(dossier).decode(),
            "besluit": orjson.dumps(besluit).decode(),
            "versies": besluit.versies,
        }
        return besluit, row


def _deelnemer(known: Sequence[str], facts: Mapping[str, Any]) -> str | None:
    """Return as which deelnemer a source is asked: as the zaak names it, else its only one."""
    zaak = facts["zaak"] or {}
    named = [d.get("deelnemer") for d in zaak.get("deelnemers") or () if d["deelnemer"] in known]
    candidates = dict.fromkeys([*named, *known])
    return next(iter(candidates), None)


def _labels(gegeven: Gegeven) -> dict[str, Any]:
    return {name: getattr(gegeven, name) for name in _LABELS}


def _regel(soort: Soort, relay: _Relay, beller: Beller, **more: Any) -> Regel:  # noqa: ANN401 - plain JSON
    """Shape the line of the log: who, what for, on which besluit; never content."""
    zaak = relay.dossier["zaak"]
    facts = {
        "verzoek": relay.verzoek,
        "besluit": relay.rij["id"],
        "deur": relay.dossier["deur"],
        "gebruiker": beller.gebruiker,
        "organisatie": beller.organisatie,
        "bron": relay.organisatie,
        "zaak": zaak["id"] if zaak else None,
        "sleutel": relay.sleutel,
        "grondslag": relay.dossier["grondslag"],
        "uitkomst": relay.besluit.uitkomst.value,
        "categorieen": list(relay.besluit.granted),
        "gronden": [grond.code for grond in relay.besluit.weigeringsgronden],
        **more,
    }
    known = {name: fact for name, fact in facts.items() if fact is not None}
    return Regel(soort=soort, kenmerk=f"{relay.id}/{soort.value}", payload=known)


def _or_raise(outcome: BronUitkomst | BaseException) -> BronUitkomst:
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome
