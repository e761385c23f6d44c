"""Deciding without relaying: what would be decided on this dossier? The verdict is recorded too."""

from collections.abc import Mapping
from typing import Any

from audit.entry import Soort
from audit.receipt import Receipt
from broker.domain.besluit import Besluit
from broker.domain.dossier import Dossier
from broker.domain.ports import Ids
from broker.errors import DecisionError
from broker.services.caller import Beller
from broker.services.recorder import Recorder, Regel
from broker.services.regels import Regels


class Toetsingen:
    """Answers what a dossier would come to."""

    def __init__(self, regels: Regels, recorder: Recorder, ids: Ids) -> None:
        self._regels = regels
        self._recorder = recorder
        self._ids = ids

    async def judge(self, beller: Beller, dossier: Dossier) -> tuple[Besluit, Receipt]:
        """Decide by the rules in force, record, and return the besluit with its receipt.

        Raises:
            DecisionError: The rules gave no verdict; that is recorded.
            RecordError: It could not be recorded; the verdict does not leave.
        """
        toetsing = self._ids.new("t")
        try:
            besluit = await (await self._regels.now()).beslis(dossier)
        except DecisionError:
            await self._record(toetsing, Soort.FOUT, beller, {"fout": DecisionError.slug})
            raise
        told = {
            "uitkomst": besluit.uitkomst.value,
            "gronden": [grond.code for grond in besluit.weigeringsgronden],
        }
        return besluit, await self._record(toetsing, Soort.TOETSING, beller, told)

    async def _record(
        self, toetsing: str, soort: Soort, beller: Beller, told: Mapping[str, Any]
    ) -> Receipt:
        who = {"gebruiker": beller.gebruiker, "organisatie": beller.organisatie}
        return await self._recorder.record(
            Regel(soort=soort, kenmerk=f"{toetsing}/{soort.value}", payload={**who, **told})
        )
