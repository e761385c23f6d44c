"""Deciding without relaying: what would be decided on this dossier? The verdict is recorded too.

1. The rules in force decide on the facts that the caller gives.
2. A line stands in the log, with the digests of the record, of the dossier and of the besluit.
3. The record of the decision log is in the store, whatever came of it.
4. Only now does the answer leave.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from audit.entry import Soort
from audit.receipt import Receipt
from broker.domain.besluit import Besluit
from broker.domain.dossier import Dossier
from broker.domain.ports import Clock, Ids
from broker.domain.pseudoniem import is_sleutel
from broker.errors import DecisionError
from broker.services.beslislogboek import (
    Beslislogboek,
    Gebeurtenis,
    Status,
    Uitwisseling,
    digest,
    failed,
    request_of,
    response_of,
)
from broker.services.beslispunt import Stuk
from broker.services.caller import Beller
from broker.services.no_bsn import refuse_bsn
from broker.services.recorder import Recorder, Regel
from broker.services.regels import Regels
from broker.services.trace import Hop, Trace
from broker.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class _Put:
    """A toetsing on its way: its number, who asks, and where the call stands in a trace."""

    id: str
    beller: Beller
    trace: Trace


@dataclass(frozen=True, slots=True)
class Toetsingen:
    """Answers what a dossier would come to."""

    store: Store
    regels: Regels
    recorder: Recorder
    beslislogboek: Beslislogboek
    clock: Clock
    ids: Ids

    async def judge(
        self, beller: Beller, dossier: Dossier, hop: Hop | None = None
    ) -> tuple[Besluit, Receipt]:
        """Decide by the rules in force, record, and return the besluit with its receipt.

        Args:
            beller: Who asks.
            dossier: The facts, as the caller gives them.
            hop: What the hop before us told with the call.

        Raises:
            InvalidInputError: A BSN stands in the dossier, which may not be recorded.
            DecisionError: The rules gave no verdict; that is recorded.
            RecordError: It could not be recorded; the verdict does not leave.
        """
        facts = dossier.model_dump(mode="json", exclude_unset=True)
        refuse_bsn(facts)
        put = _Put(id=self.ids.new("t"), beller=beller, trace=self.beslislogboek.trace(hop))
        regels = await self.regels.in_werking()
        stuk = Stuk(regels=regels, information=facts, sleutel=_subject(dossier))
        try:
            besluit = await (await self.regels.of(regels)).beslis(dossier)
        except DecisionError as error:
            await self._record(put, stuk, failed(error), {"fout": error.slug})
            raise
        told = {
            "uitkomst": besluit.uitkomst.value,
            "gronden": [grond.code for grond in besluit.weigeringsgronden],
        }
        stuk = replace(stuk, besluit=besluit.as_json())
        return besluit, await self._record(put, stuk, response_of(besluit.as_json()), told)

    async def _record(
        self, put: _Put, stuk: Stuk, response: Mapping[str, Any], told: Mapping[str, Any]
    ) -> Receipt:
        """Take steps 2 and 3; without a besluit there was no verdict."""
        decided = stuk.besluit is not None
        row = self.beslislogboek.of_call(
            Uitwisseling(
                id=put.id,
                event=Gebeurtenis.EVALUATION,
                trace=put.trace,
                moment=self.clock.now(),
                beller=put.beller,
                request=request_of(stuk.information),
                response=response,
                stukken=[stuk],
                status=Status.OK if decided else Status.ERROR,
                more={"sluis.toetsing": put.id},
            )
        )
        payload = {
            "gebruiker": put.beller.gebruiker,
            "organisatie": put.beller.organisatie,
            **told,
            "trace_id": row["trace_id"],
            "span_id": row["span_id"],
            "beslislog_sha256": digest(row["regel"]),
            "dossier_sha256": _sha256(stuk.information),
            **({"besluit_sha256": _sha256(stuk.besluit)} if stuk.besluit else {}),
        }
        soort = Soort.TOETSING if decided else Soort.FOUT
        receipt = await self.recorder.record(
            Regel(
                soort=soort,
                kenmerk=f"{put.id}/{soort.value}",
                payload=payload,
                subject=stuk.sleutel,
            )
        )
        async with self.store.begin() as tx:
            await tx.beslislogboek.insert_many([row])
        return receipt


def _sha256(data: Mapping[str, Any]) -> str:
    return digest(orjson.dumps(data).decode())


def _subject(dossier: Dossier) -> str | None:
    """Return whom it is about. Whoever asks writes it: what is no pseudonym of ours is nobody."""
    sleutel = dossier.betrokkene.sleutel if dossier.betrokkene else None
    return sleutel if sleutel is not None and is_sleutel(sleutel) else None
