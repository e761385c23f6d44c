"""The spine: one verzoek through both doors.

For each source apart, and side by side:

1. The dossier is read from the store at this moment.
2. Door 1 decides.
3. The voornemen (or the weigering) is durable in the log; then verzoek and besluit are stored.
   If we die here, the log shows an open voornemen, and no source was asked.
4. The source is asked for exactly the granted categories; through an Outway of FSC under the
   number that stands in the voornemen.
5. The dossier is read again at the new moment, and door 2 decides on each item.
6. The verstrekking (or weigering) is durable in the log; then the besluit is stored.
   If we die here, the log says more left than did: the safe side.
7. Only now does the answer leave, with its receipt.

The log comes before the store, so that nobody can read a verdict that was not recorded, and it
holds the digests of dossier and besluit, so that nobody can change them afterwards unseen.
A record or a verdict that cannot be made stops the whole verzoek: no data and no verdict leave.
A verdict that cannot be made is recorded (fout, without outcome).
A source that fails is recorded (fout) and told for that source alone.

Each door decides with the rules that are in force at its own moment, read in one snapshot with
the facts. Door 2 judges every ground of door 1 again, so a verzoek that saw two versions gets
only what both grant.
"""

import contextlib
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from audit.entry import Soort
from audit.receipt import Receipt
from broker.domain import invoer
from broker.domain.besluit import Besluit, Uitkomst
from broker.domain.dossier import TREFFER
from broker.domain.kalender import instant
from broker.domain.ports import (
    Antwoord,
    BronError,
    BronFout,
    Clock,
    Gegeven,
    Ids,
)
from broker.domain.pseudoniem import Pseudonimiseerder
from broker.errors import BrokerError, ConflictError, DecisionError, RecordError
from broker.services.beslislogboek import Beslislogboek
from broker.services.beslispunt import Stuk
from broker.services.bronnen import Aansluiting, Bronnen
from broker.services.caller import Beller
from broker.services.gather import all_done
from broker.services.recorder import Recorder
from broker.services.regels import Regels
from broker.services.relay import (
    Put,
    Relay,
    bevraging,
    crossing,
    door_line,
    first_line,
    fsc_end,
    line,
    place,
    verzoek_row,
)
from broker.services.trace import Hop
from broker.services.vraag import Vraag
from broker.store import Store


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


_Feiten = tuple[Mapping[str, Any], str | None]
"""One view of the store: its part of the dossier, and the digest of the rules in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Brings questions through both doors."""

    store: Store
    regels: Regels
    recorder: Recorder
    beslislogboek: Beslislogboek
    bronnen: Bronnen
    pseudoniem: Pseudonimiseerder
    clock: Clock
    ids: Ids

    async def submit(self, beller: Beller, vraag: Vraag, hop: Hop | None = None) -> VerzoekUitkomst:
        """Bring one verzoek through both doors, to each of its sources.

        `hop` is what the hop before us told: the trace of the caller, the transaction of FSC.

        Raises:
            InvalidInputError: The question is malformed.
            ConflictError: This kenmerk was used before by this organisatie.
            RecordError: A record could not be made. Nothing leaves.
            DecisionError: The rules gave no verdict. Nothing leaves.
        """
        sleutel = self.pseudoniem.sleutel(vraag.betrokkene, pointer="/betrokkene")
        trace = self.beslislogboek.trace(hop)
        put = Put(id=self.ids.new("v"), beller=beller, vraag=vraag, sleutel=sleutel, trace=trace)
        relays = await self._door_one(put)
        outcomes = await all_done(*(self._pass(put, relay, receipt) for relay, receipt in relays))
        return VerzoekUitkomst(id=put.id, soort=vraag.verzoek.get("soort"), bronnen=tuple(outcomes))

    async def _door_one(self, put: Put) -> list[tuple[Relay, Receipt]]:
        """Take steps 1 to 3, for all sources in one batch of the log and one unit of work."""
        received = self.clock.now()
        await self._refuse_double(put)
        known, rules = await self._facts(put)
        asked = [self._dossier_one(put, known, organisatie) for organisatie in put.vraag.bronnen]
        try:
            relays = await all_done(*(self._decide(put, b, rules, each) for b, each in asked))
        except DecisionError as error:
            await self._no_verdict(put, rules, [dossier for _, dossier in asked], error)
            raise
        regels = [first_line(put, relay) for relay in relays]
        receipts = await self.recorder.record_all(regels, first=True)
        relays = [replace(r, voornemen=x.index) for r, x in zip(relays, receipts, strict=True)]
        try:
            async with self.store.begin() as tx:
                await tx.verzoeken.insert(verzoek_row(put, received))
                await tx.besluiten.insert_many([relay.row for relay in relays])
                await tx.beslislogboek.insert_many([relay.adl for relay in relays])
        except BrokerError:
            await self._abandon(put, relays)
            raise
        return list(zip(relays, receipts, strict=True))

    async def _refuse_double(self, put: Put) -> None:
        """Tell a second use of a kenmerk before anything of it is recorded."""
        kenmerk, organisatie = put.vraag.kenmerk, put.beller.organisatie
        if kenmerk is None:
            return
        async with self.store.read() as tx:
            if await tx.verzoeken.find(organisatie=organisatie, kenmerk=kenmerk):
                raise ConflictError("Uw organisatie gebruikte dit kenmerk al voor een verzoek.")

    async def _abandon(self, put: Put, relays: Sequence[Relay]) -> None:
        """Close the voornemens of a verzoek that could not be stored; no source was asked."""
        regels = [
            door_line(
                Soort.ONBEPAALD, put, relay, reden="niet opgeslagen", **fsc_end(relay, sent=False)
            )
            for relay in relays
            if relay.besluit.granted
        ]
        # When this fails too, they are closed at the next start.
        with contextlib.suppress(RecordError):
            await self.recorder.record_all(regels)

    async def _no_verdict(
        self,
        put: Put,
        rules: str | None,
        dossiers: Sequence[Mapping[str, Any]],
        error: DecisionError,
        **more: Any,  # noqa: ANN401 - members of the line
    ) -> None:
        """Record that there was no verdict; at door 2 it closes the voornemen."""
        rows, regels = [], []
        for each in dossiers:
            stuk = Stuk(regels=rules, information=each, sleutel=put.sleutel)
            nummer = self.ids.new("f")
            row = self.beslislogboek.of_failure(put.trace, stuk, put.beller, error, nummer)
            told = {"deur": each["deur"], "fout": error.slug, **place(row), **more}
            rows.append(row)
            regels.append(line(Soort.FOUT, put, each["bron"]["organisatie"], told))
        await self.recorder.record_all(regels)
        async with self.store.begin() as tx:
            await tx.beslislogboek.insert_many(rows)

    def _dossier_one(
        self, put: Put, known: Mapping[str, Any], organisatie: str
    ) -> tuple[Aansluiting, dict[str, Any]]:
        bron = self.bronnen.get(organisatie)
        return bron, {
            "versie": 1,
            "deur": "verzoek",
            "moment": self.clock.now().isoformat(),
            "grondslag": put.vraag.grondslag,
            "verzoek": dict(put.vraag.verzoek),
            "bron": bron.partij(known["zaak"]),
            **known,
        }

    async def _pass(self, put: Put, relay: Relay, receipt: Receipt) -> BronUitkomst:
        """Take steps 4 to 7, for one source."""
        if not relay.besluit.granted:
            return _outcome(relay, receipt)
        try:
            only_hit = put.vraag.verzoek.get("soort") == TREFFER
            antwoord = await relay.bron.ask(bevraging(put, relay), only_hit=only_hit)
        except BronError as error:
            told = {"fout": error.fout.value, **fsc_end(relay, sent=error.sent, told=error.fsc)}
            regel = door_line(Soort.FOUT, put, relay, **told)
            failed = _outcome(relay, await self.recorder.record(regel))
            return replace(failed, fout=error.fout, melding=error.melding)
        return await self._door_two(put, relay, antwoord)

    async def _door_two(self, put: Put, relay: Relay, antwoord: Antwoord) -> BronUitkomst:
        put, ending = crossing(put, relay.transactie), fsc_end(relay, sent=antwoord.sent)
        known, regels = await self._facts(put)
        dossier = {
            **relay.dossier,
            **known,
            "deur": "verstrekking",
            "moment": self.clock.now().isoformat(),
            "verzoek": {**put.vraag.verzoek, "categorieen": list(relay.besluit.granted)},
            "gegevens": [gegeven.labels() for gegeven in antwoord.gegevens],
        }
        try:
            done = await self._decide(put, relay.bron, regels, dossier)
        except DecisionError as error:
            more = {"voornemen": relay.voornemen, **ending}
            await self._no_verdict(put, regels, [dossier], error, **more)
            raise
        done = replace(done, voornemen=relay.voornemen)
        # By place, not by id: two items of one id are judged, and let through, each apart.
        released = tuple(
            gegeven
            for gegeven, deel in zip(antwoord.gegevens, done.besluit.gegevens, strict=True)
            if deel.uitkomst == Uitkomst.TOEGEWEZEN
        )
        # The receipt names the soort in clear, so it may tell no more than the requester may know.
        told = done.besluit.for_requester().uitkomst
        closed = not released and told != Uitkomst.TOEGEWEZEN
        soort = Soort.WEIGERING if closed else Soort.VERSTREKKING
        ids = [gegeven.id for gegeven in released]
        receipt = await self.recorder.record(door_line(soort, put, done, gegevens=ids, **ending))
        async with self.store.begin() as tx:
            await tx.besluiten.insert_many([done.row])
            await tx.beslislogboek.insert_many([done.adl])
        passed = _outcome(done, receipt)
        return replace(passed, gegevens=released, afgeschermd=antwoord.afgeschermd)

    async def _facts(self, put: Put) -> _Feiten:
        """Read what the store knows, now, in the shape of the dossier, and the rules in force."""
        async with self.store.read() as tx:
            facts = await tx.dossierfeiten(
                gebruiker=put.beller.gebruiker, zaak=put.vraag.zaak, sleutel=put.sleutel
            )
        now = instant(self.clock.now().isoformat())
        parts = facts.parts(taak=put.vraag.taak, sleutel=put.sleutel, moment=now)
        return parts, facts.regels

    async def _decide(
        self, put: Put, bron: Aansluiting, regels: str | None, dossier: Mapping[str, Any]
    ) -> Relay:
        """Decide, and shape the rows that keep besluit and dossier, to the byte, and its record."""
        parsed = invoer.parse(dossier)
        decider = await self.regels.of(regels)
        besluit = await decider.beslis(parsed)
        transactie = self._transactie(bron, besluit) if parsed.deur == "verzoek" else None
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
        trace = crossing(put, transactie).trace
        adl = self.beslislogboek.of_door(
            trace, row, put.beller, sleutel=put.sleutel, regels=decider.digest
        )
        return Relay(
            bron=bron, dossier=dossier, besluit=besluit, row=row, adl=adl, transactie=transactie
        )

    def _transactie(self, bron: Aansluiting, besluit: Besluit) -> str | None:
        """Return the number of the call that is to come, when it goes through an Outway of FSC."""
        if bron.koppeling is None or not besluit.granted:
            return None
        return self.ids.uuid7(self.clock.now())


def _outcome(relay: Relay, receipt: Receipt) -> BronUitkomst:
    return BronUitkomst(
        organisatie=relay.bron.organisatie,
        deur=relay.dossier["deur"],
        besluit=relay.besluit,
        bewijs=receipt,
    )
