"""Keeps the facts that besluiten rest on: every change of them is recorded with it.

The line of the log is made before the change is committed: a change without a line cannot exist.
If we die between the two, the log tells of a change that was not made: the safe side.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from audit.entry import SUBJECT, Soort
from audit.receipt import Receipt
from broker.domain.ports import Ids
from broker.services.caller import Beller
from broker.services.recorder import Recorder, Regel
from broker.store import Store, Tx
from broker.store.unit import ReadTx

T = TypeVar("T")


class Keeper:
    """Reads and changes zaken, signalen, persoonskaarten, instemmingen and who may use Sluis."""

    def __init__(self, store: Store, recorder: Recorder, ids: Ids) -> None:
        self._store = store
        self._recorder = recorder
        self._ids = ids

    async def read(self, work: Callable[[ReadTx], Awaitable[T]]) -> T:
        """Return what this reads, all from one snapshot."""
        async with self._store.read() as tx:
            return await work(tx)

    async def consult(self, beller: Beller, wat: str, payload: Mapping[str, Any]) -> Receipt:
        """Record that somebody reads what is itself a record of persons; return the receipt.

        Args:
            beller: Who reads.
            wat: What, such as `beslislogboek`.
            payload: Which part of it; no content. `sleutel` is whom it is about.

        Raises:
            RecordError: It could not be recorded; nothing may be shown.
        """
        who = {"gebruiker": beller.gebruiker, "organisatie": beller.organisatie}
        known = {name: fact for name, fact in payload.items() if fact is not None}
        return await self._recorder.record(
            Regel(
                soort=Soort.INZAGE,
                kenmerk=f"{self._ids.new('i')}/inzage",
                payload={"wat": wat, **who, **known},
                subject=known.get(SUBJECT),
            )
        )

    async def change(
        self,
        beller: Beller,
        wat: str,
        payload: Mapping[str, Any],
        work: Callable[[Tx], Awaitable[None]],
    ) -> None:
        """Make one change, and its line in the log; both or neither takes effect.

        Args:
            beller: Who makes it.
            wat: What happens, such as `zaak-beeindigd`.
            payload: What the line commits to; no content and no clear identifiers. `sleutel`
                is whom it is about.
            work: The change.

        Raises:
            RecordError: It could not be recorded; nothing changed.
        """
        async with self._store.begin() as tx:
            await work(tx)
            await self._recorder.record(
                Regel(
                    soort=Soort.WIJZIGING,
                    kenmerk=f"{self._ids.new('w')}/wijziging",
                    payload={
                        "wat": wat,
                        "gebruiker": beller.gebruiker,
                        "organisatie": beller.organisatie,
                        **{name: fact for name, fact in payload.items() if fact is not None},
                    },
                    subject=payload.get(SUBJECT),
                )
            )
