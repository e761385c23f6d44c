"""Calls to the decision point: single, in a batch, or a search; each recorded before its answer.

1. The call is read: what the decision point does not know, it leaves out.
2. Each question is decided, one after the other.
3. A line stands in the log, with the digests of the record and of each dossier and besluit.
4. The record of the call is in the store: exactly one, whatever came of it.
5. Only now does the answer leave.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
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
    failed,
)
from broker.services.beslispunt import (
    Aanroeper,
    Beslispunt,
    Evaluatie,
    Oordeel,
    Semantiek,
    Stuk,
    UndecidedError,
    Zoeksoort,
)
from broker.services.recorder import Recorder, Regel
from broker.services.trace import Hop
from broker.store import Store

Bericht = dict[str, Any]
"""An answer as it leaves."""
_EVENT: Final = {
    Zoeksoort.SUBJECT: Gebeurtenis.SEARCH_SUBJECT,
    Zoeksoort.RESOURCE: Gebeurtenis.SEARCH_RESOURCE,
    Zoeksoort.ACTION: Gebeurtenis.SEARCH_ACTION,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Aanroep:
    """Who calls, and what the hop before us told with the call."""

    wie: Aanroeper
    hop: Hop


@dataclass(frozen=True, slots=True, kw_only=True)
class Onleesbaar:
    """A question of a batch that cannot be read; the others are decided all the same."""

    melding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bladzijde:
    """A page of a search: `van` candidates went before it, and it decides on `aantal`."""

    van: int
    aantal: int
    token: Callable[[int], str]
    """Makes the token of the page that begins after this many candidates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verloop:
    """One call: what was asked, and what its decisions rest on so far."""

    aanroep: Aanroep
    event: Gebeurtenis
    request: Mapping[str, Any]
    context: Mapping[str, Any]
    stukken: list[Stuk] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pdp:
    """A decision point with its record."""

    beslispunt: Beslispunt
    beslislogboek: Beslislogboek
    recorder: Recorder
    store: Store
    clock: Clock
    ids: Ids

    async def evaluate(self, aanroep: Aanroep, vraag: Evaluatie) -> Bericht:
        """Decide one question.

        Raises:
            InvalidInputError: It cannot be read; nothing was decided.
            DecisionError: There is no verdict; that is recorded.
            RecordError: It could not be recorded; the answer does not leave.
        """
        understood = self.beslispunt.understand(vraag)
        verloop = _Verloop(
            aanroep=aanroep,
            event=Gebeurtenis.EVALUATION,
            request=asdict(understood),
            context=understood.context,
        )

        async def work() -> Bericht:
            return _told(await self._decide(verloop, understood))

        return await self._recorded(verloop, work)

    async def evaluate_all(
        self, aanroep: Aanroep, vragen: Sequence[Evaluatie | Onleesbaar], semantiek: Semantiek
    ) -> Bericht:
        """Decide the questions of a batch, in order, as far as the semantics says.

        Raises:
            DecisionError: There is no verdict on one of them; that is recorded.
            RecordError: It could not be recorded; no answer leaves.
        """
        understood = [self._understand(vraag) for vraag in vragen]
        verloop = _Verloop(
            aanroep=aanroep,
            event=Gebeurtenis.EVALUATIONS,
            request={
                "evaluations": [asdict(vraag) for vraag in understood],
                "options": {"evaluations_semantic": semantiek},
            },
            context=next((v.context for v in understood if isinstance(v, Evaluatie)), {}),
        )

        async def work() -> Bericht:
            answers = []
            for vraag in understood:
                oordeel = await self._decide_in_batch(verloop, vraag)
                answers.append(_told(oordeel))
                if semantiek.stops_at(decision=oordeel.decision):
                    break
            return {"evaluations": answers}

        return await self._recorded(verloop, work)

    async def search(
        self, aanroep: Aanroep, soort: Zoeksoort, vraag: Evaluatie, bladzijde: Bladzijde
    ) -> Bericht:
        """Decide on a page of candidates, and return those that may.

        Args:
            aanroep: Who calls.
            soort: What is looked for.
            vraag: The question, without what is looked for.
            bladzijde: Which page.

        Raises:
            InvalidInputError: It cannot be read; nothing was decided.
            DecisionError: There is no verdict on one of them; that is recorded.
            RecordError: It could not be recorded; no answer leaves.
        """
        understood = self.beslispunt.understand(vraag)
        begin, end = bladzijde.van, bladzijde.van + bladzijde.aantal
        verloop = _Verloop(
            aanroep=aanroep,
            event=_EVENT[soort],
            request={**asdict(understood), "page": {"van": begin, "aantal": bladzijde.aantal}},
            context=understood.context,
        )

        async def work() -> Bericht:
            every = await self.beslispunt.candidates(aanroep.wie, soort, understood)
            results = []
            for candidate in every[begin:end]:
                oordeel = await self._decide(verloop, candidate)
                if oordeel.decision:
                    results.append(_found(soort, candidate, oordeel))
            following = bladzijde.token(end) if end < len(every) else ""
            return {"page": {"next_token": following, "count": len(results)}, "results": results}

        return await self._recorded(verloop, work)

    def _understand(self, vraag: Evaluatie | Onleesbaar) -> Evaluatie | Onleesbaar:
        if isinstance(vraag, Onleesbaar):
            return vraag
        try:
            return self.beslispunt.understand(vraag)
        except InvalidInputError as error:
            return Onleesbaar(melding=readable(error))

    async def _decide_in_batch(self, verloop: _Verloop, vraag: Evaluatie | Onleesbaar) -> Oordeel:
        """Decide one of several; one that cannot be read is denied, and says why."""
        if isinstance(vraag, Onleesbaar):
            return _unreadable(vraag.melding)
        try:
            return await self._decide(verloop, vraag)
        except InvalidInputError as error:
            return _unreadable(readable(error))

    async def _decide(self, verloop: _Verloop, vraag: Evaluatie) -> Oordeel:
        oordeel = await self.beslispunt.evaluate(verloop.aanroep.wie, vraag)
        if oordeel.stuk is not None:
            verloop.stukken.append(oordeel.stuk)
        return oordeel

    async def _recorded(self, verloop: _Verloop, work: Callable[[], Awaitable[Bericht]]) -> Bericht:
        """Do the work and record what came of it, also when there is no verdict."""
        try:
            response = await work()
        except DecisionError as error:
            if isinstance(error, UndecidedError):
                verloop.stukken.append(error.stuk)
            await self._record(verloop, failed(error), Status.ERROR)
            raise
        await self._record(verloop, response, Status.OK)
        return response

    async def _record(self, verloop: _Verloop, response: Bericht, status: Status) -> None:
        """Take steps 3 and 4."""
        aanroep = verloop.aanroep
        row = self.beslislogboek.of_call(
            Uitwisseling(
                id=self.ids.new("t"),
                event=verloop.event,
                trace=self.beslislogboek.trace(aanroep.hop, verloop.context.get("traceparent")),
                moment=self.clock.now(),
                beller=aanroep.wie.beller,
                request=verloop.request,
                response=response,
                stukken=verloop.stukken,
                status=status,
            )
        )
        await self.recorder.record_all(_lines(verloop, row, status))
        async with self.store.begin() as tx:
            await tx.beslislogboek.insert_many([row])


def readable(error: BrokerError) -> str:
    """Return everything that is wrong in one message."""
    found = [f"{fout.pointer or '/'}: {fout.melding}" for fout in error.fouten]
    return " ".join(found) or error.detail


def _told(oordeel: Oordeel) -> Bericht:
    context = {"context": dict(oordeel.context)} if oordeel.context else {}
    return {"decision": oordeel.decision, **context}


def _unreadable(melding: str) -> Oordeel:
    return Oordeel(decision=False, context={"error": {"status": 400, "message": melding}})


def _found(soort: Zoeksoort, candidate: Evaluatie, oordeel: Oordeel) -> Bericht:
    """Return what was found, without what is empty; its obligations stand with it."""
    part = {
        Zoeksoort.SUBJECT: candidate.subject,
        Zoeksoort.RESOURCE: candidate.resource,
        Zoeksoort.ACTION: candidate.action,
    }[soort]
    found = {} if part is None else asdict(part)
    found["obligations"] = oordeel.context.get("obligations")
    return {name: value for name, value in found.items() if value}


def _lines(verloop: _Verloop, row: Mapping[str, Any], status: Status) -> list[Regel]:
    """Shape the lines of the log: never content, only what the record is bound by.

    A call about several subjects has a line for each, so that each can be told of its own.
    """
    soort = Soort.FOUT if status is Status.ERROR else Soort.TOETSING
    sleutels = list(dict.fromkeys(stuk.sleutel for stuk in verloop.stukken)) or [None]
    regels = []
    for number, sleutel in enumerate(sleutels, 1):
        stukken = [stuk for stuk in verloop.stukken if stuk.sleutel == sleutel]
        payload = {
            "wat": verloop.event.value,
            "gebruiker": row["gebruiker"],
            "organisatie": row["organisatie"],
            "trace_id": row["trace_id"],
            "span_id": row["span_id"],
            "beslislog_sha256": digest(row["regel"]),
            "dossiers_sha256": [_sha256(s.information) for s in stukken if s.information],
            "besluiten_sha256": [_sha256(s.besluit) for s in stukken if s.besluit],
        }
        place = "" if len(sleutels) == 1 else f"/{number}"
        kenmerk = f"{row['id']}{place}/{soort.value}"
        regels.append(Regel(soort=soort, kenmerk=kenmerk, payload=payload, subject=sleutel))
    return regels


def _sha256(data: Mapping[str, Any]) -> str:
    return digest(orjson.dumps(data).decode())
