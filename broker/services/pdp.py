"""Calls to the decision point: single, in a batch, or a search; each recorded before its answer.

1. The call is read: what the decision point does not know, it leaves out.
2. Each question is decided, one after the other.
3. A line stands in the log, with the digests of the record and of each dossier and besluit.
4. The record of the call is in the store: exactly one, whatever came of it.
5. Only now does the answer leave.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson

from audit.entry import Soort
from broker.domain.ports import Clock, Ids
from broker.errors import BrokerError, DecisionError, InvalidInputError
from broker.services.beslislogboek import (
    Beslislogboek,
    Gebeurtenis,
    Status,
    Uitwisseling,
    digest,
    milliseconds,
)
from broker.services.beslispunt import (
    Aanroeper,
    Beslispunt,
    Evaluatie,
    Oordeel,
    Semantiek,
    Stuk,
    Zoeksoort,
)
from broker.services.recorder import Recorder, Regel
from broker.store import Store

_EVENT: Final = {
    Zoeksoort.SUBJECT: Gebeurtenis.SEARCH_SUBJECT,
    Zoeksoort.RESOURCE: Gebeurtenis.SEARCH_RESOURCE,
    Zoeksoort.ACTION: Gebeurtenis.SEARCH_ACTION,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Aanroep:
    """Who calls, and the trace named in the header of the call."""

    wie: Aanroeper
    traceparent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Onleesbaar:
    """A question of a batch that cannot be read; the others are decided all the same."""

    melding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bladzijde:
    """One page of a search: what was found among `van` up to `tot` of `totaal` candidates."""

    gevonden: tuple[Evaluatie, ...]
    oordelen: tuple[Oordeel, ...]
    tot: int
    totaal: int


@dataclass(slots=True)
class _Verloop:
    """What a call has come to so far."""

    request: Mapping[str, Any]
    stukken: list[Stuk]
    context: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pdp:
    """A decision point with its record."""

    beslispunt: Beslispunt
    beslislogboek: Beslislogboek
    recorder: Recorder
    store: Store
    clock: Clock
    ids: Ids

    async def evaluate(self, aanroep: Aanroep, vraag: Evaluatie) -> Oordeel:
        """Decide one question.

        Raises:
            InvalidInputError: It cannot be read; nothing was decided.
            DecisionError: There is no verdict; that is recorded.
            RecordError: It could not be recorded; the answer does not leave.
        """
        understood = self.beslispunt.understand(vraag)
        verloop = _Verloop(asdict(understood), [], understood.context)

        async def work() -> Mapping[str, Any]:
            oordelen.append(await self._decide(aanroep, understood, verloop))
            return told(oordelen[0])

        oordelen: list[Oordeel] = []
        await self._recorded(aanroep, Gebeurtenis.EVALUATION, verloop, work)
        return oordelen[0]

    async def evaluate_all(
        self, aanroep: Aanroep, vragen: Sequence[Evaluatie | Onleesbaar], semantiek: Semantiek
    ) -> list[Oordeel]:
        """Decide the questions of a batch, in order, as far as the semantics says.

        Raises:
            DecisionError: There is no verdict on one of them; that is recorded.
            RecordError: It could not be recorded; no answer leaves.
        """
        understood = [self._understand(vraag) for vraag in vragen]
        asked = {"evaluations": [asdict(v) for v in understood], "semantiek": semantiek}
        first = next((v.context for v in understood if isinstance(v, Evaluatie)), {})
        verloop = _Verloop(asked, [], first)
        oordelen: list[Oordeel] = []

        async def work() -> Mapping[str, Any]:
            for vraag in understood:
                oordelen.append(await self._decide(aanroep, vraag, verloop))
                if semantiek.stops_at(decision=oordelen[-1].decision):
                    break
            return {"evaluations": [told(oordeel) for oordeel in oordelen]}

        await self._recorded(aanroep, Gebeurtenis.EVALUATIONS, verloop, work)
        return oordelen

    async def search(
        self, aanroep: Aanroep, soort: Zoeksoort, vraag: Evaluatie, van: int, aantal: int
    ) -> Bladzijde:
        """Decide on a page of candidates, and return those that may.

        Args:
            aanroep: Who calls.
            soort: What is looked for.
            vraag: The question, without what is looked for.
            van: How many candidates went before this page.
            aantal: How many candidates this page decides on.

        Raises:
            InvalidInputError: It cannot be read; nothing was decided.
            DecisionError: There is no verdict on one of them; that is recorded.
            RecordError: It could not be recorded; no answer leaves.
        """
        understood = self.beslispunt.understand(vraag)
        asked = {**asdict(understood), "page": {"van": van, "aantal": aantal}}
        verloop = _Verloop(asked, [], understood.context)
        found: list[tuple[Evaluatie, Oordeel]] = []
        total = [0]

        async def work() -> Mapping[str, Any]:
            every = await self.beslispunt.candidates(aanroep.wie, soort, understood)
            total[0] = len(every)
            for candidate in every[van : van + aantal]:
                oordeel = await self._decide(aanroep, candidate, verloop)
                if oordeel.decision:
                    found.append((candidate, oordeel))
            return {"results": [_found(soort, candidate) for candidate, _ in found]}

        await self._recorded(aanroep, _EVENT[soort], verloop, work)
        return Bladzijde(
            gevonden=tuple(candidate for candidate, _ in found),
            oordelen=tuple(oordeel for _, oordeel in found),
            tot=min(van + aantal, total[0]),
            totaal=total[0],
        )

    def _understand(self, vraag: Evaluatie | Onleesbaar) -> Evaluatie | Onleesbaar:
        if isinstance(vraag, Onleesbaar):
            return vraag
        try:
            return self.beslispunt.understand(vraag)
        except InvalidInputError as error:
            return Onleesbaar(melding=readable(error))

    async def _decide(
        self, aanroep: Aanroep, vraag: Evaluatie | Onleesbaar, verloop: _Verloop
    ) -> Oordeel:
        """Decide one question; one of a batch that cannot be read is denied, and says why."""
        if isinstance(vraag, Onleesbaar):
            return _unreadable(vraag.melding)
        try:
            oordeel = await self.beslispunt.evaluate(aanroep.wie, vraag)
        except InvalidInputError as error:
            if "evaluations" not in verloop.request:
                raise
            return _unreadable(readable(error))
        if oordeel.stuk is not None:
            verloop.stukken.append(oordeel.stuk)
        return oordeel

    async def _recorded(
        self,
        aanroep: Aanroep,
        event: Gebeurtenis,
        verloop: _Verloop,
        work: Callable[[], Awaitable[Mapping[str, Any]]],
    ) -> None:
        """Do the work and record what came of it, also when there is no verdict."""
        try:
            response = await work()
        except DecisionError as error:
            failed = {"error": {"status": error.status, "message": error.detail}}
            await self._record(aanroep, event, verloop, failed, Status.ERROR)
            raise
        await self._record(aanroep, event, verloop, response, Status.OK)

    async def _record(
        self,
        aanroep: Aanroep,
        event: Gebeurtenis,
        verloop: _Verloop,
        response: Mapping[str, Any],
        status: Status,
    ) -> None:
        """Take steps 3 and 4."""
        trace = self.beslislogboek.trace(verloop.context.get("traceparent"), aanroep.traceparent)
        moment, beller = self.clock.now(), aanroep.wie.beller
        row = self.beslislogboek.of_call(
            Uitwisseling(
                event=event,
                trace=trace,
                timestamp=milliseconds(moment),
                request=verloop.request,
                response=response,
                stukken=verloop.stukken,
                status=status,
            )
        )
        who = {"gebruiker": beller.gebruiker, "organisatie": beller.organisatie}
        nummer = self.ids.new("t")
        await self.recorder.record(_line(nummer, event, status, who, row, verloop.stukken))
        async with self.store.begin() as tx:
            await tx.beslislogboek.insert_many([{**row, **who, "moment": moment, "id": nummer}])


def told(oordeel: Oordeel) -> dict[str, Any]:
    """Return an answer as the caller sees it."""
    context = {"context": dict(oordeel.context)} if oordeel.context else {}
    return {"decision": oordeel.decision, **context}


def readable(error: BrokerError) -> str:
    """Return everything that is wrong in one message."""
    found = [f"{fout.pointer or '/'}: {fout.melding}" for fout in error.fouten]
    return " ".join(found) or error.detail


def _unreadable(melding: str) -> Oordeel:
    return Oordeel(decision=False, context={"error": {"status": 400, "message": melding}})


def _found(soort: Zoeksoort, candidate: Evaluatie) -> dict[str, Any]:
    match soort:
        case Zoeksoort.SUBJECT:
            return asdict(candidate.subject)
        case Zoeksoort.RESOURCE:
            return asdict(candidate.resource)
        case Zoeksoort.ACTION:
            return asdict(candidate.action) if candidate.action else {}


def _line(
    nummer: str,
    event: Gebeurtenis,
    status: Status,
    who: Mapping[str, str],
    row: Mapping[str, Any],
    stukken: Sequence[Stuk],
) -> Regel:
    """Shape the line of the log: never content, only what the record is bound by."""
    soort = Soort.FOUT if status is Status.ERROR else Soort.TOETSING
    payload = {
        **who,
        "wat": event.value,
        "beslislog_sha256": digest(row["regel"]),
        "dossiers_sha256": [_sha256(stuk.information) for stuk in stukken],
        "besluiten_sha256": [_sha256(stuk.besluit) for stuk in stukken if stuk.besluit],
    }
    return Regel(soort=soort, kenmerk=f"{nummer}/{soort.value}", payload=payload)


def _sha256(data: Mapping[str, Any]) -> str:
    return digest(orjson.dumps(data).decode())
