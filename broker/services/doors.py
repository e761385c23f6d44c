"""The spine: one verzoek through both doors.

For each source apart, and side by side:

1. The dossier is read from the store at this moment.
2. Door 1 decides.
3. The voornemen (or the weigering) is durable in the log; then verzoek and besluit are stored.
   If we die here, the log shows an open voornemen, and no source was asked.
4. The source is asked for exactly the granted categories.
5. The dossier is read again at the new moment, and door 2 decides on each item.
6. The verstrekking (or weigering) is durable in the log; then the besluit is stored.
   If we die here, the log says more left than did: the safe side.
7. Only now does the answer leave, with its receipt.

The log comes before the store, so that nobody can read a verdict that was not recorded, and it
holds the digests of dossier and besluit, so that nobody can change them afterwards unseen.
A record or a verdict that cannot be made stops the whole verzoek: no data and no verdict leave.
A source that fails is recorded (fout) and told for that source alone.
"""

import asyncio
import contextlib
import datetime as dt
import hashlib
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
from broker.errors import BrokerError, ConflictError, RecordError
from broker.services.bronnen import Aansluiting, Bronnen
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
    """A verzoek as it was put: one subject, one or more sources.

    The identity is in clear here only.
    """

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
class _Put:
    """A verzoek on its way: who put it, what it asks, and the pseudonym of its subject."""

    id: str
    beller: Beller
    vraag: Vraag
    sleutel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Relay:
    """One verzoek at one source: the last dossier, its besluit, and the row that keeps both."""

    organisatie: str
    bron: Bron | None
    dossier: Mapping[str, Any]
    besluit: Besluit
    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Brings questions through both doors."""

    store: Store
    decider: Decider
    recorder: Recorder
    bronnen: Bronnen
    pseudoniem: Pseudonimiseerder
    clock: Clock
    ids: Ids

    async def submit(self, beller: Beller, vraag: Vraag) -> VerzoekUitkomst:
        """Bring one verzoek through both doors, to each of its sources.

        Raises:
            InvalidInputError: The question is malformed.
            ConflictError: This kenmerk was used before by this organisatie.
            RecordError: A record could not be made. Nothing leaves.
            DecisionError: The rules gave no verdict. Nothing leaves.
        """
        sleutel = self.pseudoniem.sleutel(vraag.betrokkene, pointer="/betrokkene")
        put = _Put(id=self.ids.new("v"), beller=beller, vraag=vraag, sleutel=sleutel)
        relays = await self._door_one(put)
        # Every source is waited for, also when one fails: no relay is left half-way.
        outcomes = await asyncio.gather(
            *(self._pass(put, relay, receipt) for relay, receipt in relays),
            return_exceptions=True,
        )
        return VerzoekUitkomst(
            id=put.id,
            soort=vraag.verzoek.get("soort"),
            bronnen=tuple(_or_raise(outcome) for outcome in outcomes),
        )

    async def _door_one(self, put: _Put) -> list[tuple[_Relay, Receipt]]:
        """Take steps 1 to 3, for all sources in one batch of the log and one unit of work."""
        received = self.clock.now()
        await self._refuse_double(put)
        facts = await self._facts(put)
        relays = [self._decide_one(put, facts, name) for name in put.vraag.bronnen]
        regels = [
            _regel(Soort.VOORNEMEN if relay.besluit.granted else Soort.WEIGERING, put, relay)
            for relay in relays
        ]
        receipts = await self.recorder.record_all(regels)
        try:
            async with self.store.begin() as tx:
                await tx.verzoeken.insert(_verzoek_row(put, received))
                await tx.besluiten.insert_many([relay.row for relay in relays])
        except BrokerError:
            await self._abandon(put, relays)
            raise
        return list(zip(relays, receipts, strict=True))

    async def _refuse_double(self, put: _Put) -> None:
        """Tell a second use of a kenmerk before anything of it is recorded."""
        kenmerk, organisatie = put.vraag.kenmerk, put.beller.organisatie
        if kenmerk is None:
            return
        async with self.store.read() as tx:
            if await tx.verzoeken.find(organisatie=organisatie, kenmerk=kenmerk):
                raise ConflictError("Uw organisatie gebruikte dit kenmerk al voor een verzoek.")

    async def _abandon(self, put: _Put, relays: Sequence[_Relay]) -> None:
        """Close the voornemens of a verzoek that could not be stored; no source was asked."""
        regels = [
            _regel(Soort.ONBEPAALD, put, relay, reden="niet opgeslagen")
            for relay in relays
            if relay.besluit.granted
        ]
        # When this fails too, they are closed at the next start.
        with contextlib.suppress(RecordError):
            await self.recorder.record_all(regels)

    def _decide_one(self, put: _Put, facts: Mapping[str, Any], organisatie: str) -> _Relay:
        aansluiting = self.bronnen.get(organisatie)
        dossier = {
            "versie": 1,
            "deur": "verzoek",
            "moment": self.clock.now().isoformat(),
            "grondslag": put.vraag.grondslag,
            "verzoek": dict(put.vraag.verzoek),
            "bron": {
                "organisatie": organisatie,
                "deelnemer": _deelnemer(aansluiting, facts["zaak"]),
            },
            **facts,
        }
        besluit, row = self._decide(put, dossier)
        return _Relay(
            organisatie=organisatie,
            bron=aansluiting.bron,
            dossier=dossier,
            besluit=besluit,
            row=row,
        )

    async def _pass(self, put: _Put, relay: _Relay, receipt: Receipt) -> BronUitkomst:
        """Take steps 4 to 7, for one source."""
        if not relay.besluit.granted:
            return _outcome(relay, receipt)
        try:
            antwoord = await _ask(put, relay)
        except BronError as error:
            regel = _regel(Soort.FOUT, put, relay, fout=error.fout.value)
            failed = _outcome(relay, await self.recorder.record(regel))
            return replace(failed, fout=error.fout, melding=error.melding)
        return await self._door_two(put, relay, antwoord)

    async def _door_two(self, put: _Put, relay: _Relay, antwoord: Antwoord) -> BronUitkomst:
        dossier = {
            **relay.dossier,
            **await self._facts(put),
            "deur": "verstrekking",
            "moment": self.clock.now().isoformat(),
            "verzoek": {**put.vraag.verzoek, "categorieen": list(relay.besluit.granted)},
            "gegevens": [_labels(gegeven) for gegeven in antwoord.gegevens],
        }
        besluit, row = self._decide(put, dossier)
        # By place, not by id: two items of one id are judged, and let through, each apart.
        released = tuple(
            gegeven
            for gegeven, deel in zip(antwoord.gegevens, besluit.gegevens, strict=True)
            if deel.uitkomst == Uitkomst.TOEGEWEZEN
        )
        # The receipt names the soort in clear, so it may tell no more than the requester may know.
        told = besluit.for_requester().uitkomst
        closed = not released and told != Uitkomst.TOEGEWEZEN
        done = replace(relay, besluit=besluit, dossier=dossier, row=row)
        soort = Soort.WEIGERING if closed else Soort.VERSTREKKING
        regel = _regel(soort, put, done, gegevens=[gegeven.id for gegeven in released])
        receipt = await self.recorder.record(regel)
        async with self.store.begin() as tx:
            await tx.besluiten.insert_many([row])
        passed = _outcome(done, receipt)
        return replace(passed, gegevens=released, afgeschermd=antwoord.afgeschermd)

    async def _facts(self, put: _Put) -> dict[str, Any]:
        """Read what the store knows, now, in the shape of the dossier."""
        async with self.store.read() as tx:
            facts = await tx.dossierfeiten(
                gebruiker=put.beller.gebruiker, zaak=put.vraag.zaak, sleutel=put.sleutel
            )
        return {
            "vrager": {**facts.vrager, "taak": put.vraag.taak},
            "zaak": facts.zaak,
            # Without a persoonskaart nothing is known of the subject but who it is.
            "betrokkene": facts.betrokkene or {"sleutel": put.sleutel},
            "instemmingen": facts.instemmingen,
        }

    def _decide(self, put: _Put, dossier: Mapping[str, Any]) -> tuple[Besluit, dict[str, Any]]:
        """Decide, and shape the row that keeps besluit and dossier to the byte."""
        parsed = invoer.parse(dossier)
        besluit = self.decider.decide(parsed)
        row = {
            "id": self.ids.new("b"),
            "verzoek": put.id,
            "bron": dossier["bron"]["organisatie"],
            "deur": parsed.deur,
            "moment": dt.datetime.fromisoformat(parsed.moment),
            "uitkomst": besluit.uitkomst.value,
            "dossier": orjson.dumps(dossier).decode(),
            "besluit": orjson.dumps(besluit).decode(),
            "versies": besluit.versies,
        }
        return besluit, row


async def _ask(put: _Put, relay: _Relay) -> Antwoord:
    """Ask the source for exactly what door 1 granted.

    Raises:
        BronError: It gave no usable answer, whatever went wrong at its side.
    """
    if relay.bron is None:
        raise BronError(BronFout.ONBEREIKBAAR, "Deze partner is nog niet aangesloten.")
    asked = put.vraag.verzoek
    bevraging = Bevraging(
        kenmerk=relay.row["id"],
        betrokkene=put.vraag.betrokkene,
        categorieen=relay.besluit.granted,
        grondslag=put.vraag.grondslag or "",
        zaak=put.vraag.zaak,
        vrager=put.beller.organisatie,
        doel=tuple(asked.get("doel") or ()),
        vraagstelling=asked.get("vraagstelling") or "",
    )
    only_hit = asked.get("soort") == "treffer-geen-treffer"
    try:
        return await (relay.bron.treffer if only_hit else relay.bron.bevraag)(bevraging)
    except BronError:
        raise
    except Exception:  # noqa: BLE001 - an adapter may fail in any way, and its text may hold data
        melding = "De partner gaf een antwoord dat niet te lezen is."
        raise BronError(BronFout.ONBEGRIJPELIJK, melding) from None


def _deelnemer(aansluiting: Aansluiting, zaak: Mapping[str, Any] | None) -> str | None:
    """Return as which deelnemer a source is asked: as the zaak names it, else its first one."""
    named = [
        d.get("deelnemer")
        for d in (zaak or {}).get("deelnemers") or ()
        if d.get("organisatie") == aansluiting.organisatie
    ]
    return next(iter([*named, *aansluiting.deelnemers]), None)


def _labels(gegeven: Gegeven) -> dict[str, Any]:
    return {name: getattr(gegeven, name) for name in _LABELS}


def _verzoek_row(put: _Put, received: dt.datetime) -> dict[str, Any]:
    vraag = put.vraag
    return {
        "id": put.id,
        "kenmerk": vraag.kenmerk,
        "gebruiker": put.beller.gebruiker,
        "organisatie": put.beller.organisatie,
        "zaak": vraag.zaak,
        "sleutel": put.sleutel,
        "grondslag": vraag.grondslag,
        "body": {**vraag.verzoek, "bronnen": list(vraag.bronnen), "taak": vraag.taak},
        "ontvangen_op": received,
    }


def _regel(soort: Soort, put: _Put, relay: _Relay, **more: str | list[str]) -> Regel:
    """Shape the line of the log: who, what for, on which besluit; never content."""
    facts = {
        "verzoek": put.id,
        "besluit": relay.row["id"],
        "deur": relay.dossier["deur"],
        "gebruiker": put.beller.gebruiker,
        "organisatie": put.beller.organisatie,
        "bron": relay.organisatie,
        "zaak": put.vraag.zaak,
        "sleutel": put.sleutel,
        "grondslag": put.vraag.grondslag,
        "uitkomst": relay.besluit.uitkomst.value,
        "categorieen": list(relay.besluit.granted),
        "gronden": [grond.code for grond in relay.besluit.weigeringsgronden],
        "dossier_sha256": digest(relay.row["dossier"]),
        "besluit_sha256": digest(relay.row["besluit"]),
        **more,
    }
    return Regel(
        soort=soort,
        kenmerk=f"{put.id}/{relay.organisatie}/{soort.value}",
        payload={name: fact for name, fact in facts.items() if fact is not None},
    )


def digest(text: str) -> str:
    """Return the SHA-256 of a recorded text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _outcome(relay: _Relay, receipt: Receipt) -> BronUitkomst:
    return BronUitkomst(
        organisatie=relay.organisatie,
        deur=relay.dossier["deur"],
        besluit=relay.besluit,
        bewijs=receipt,
    )


def _or_raise(outcome: BronUitkomst | BaseException) -> BronUitkomst:
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome
