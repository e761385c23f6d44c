"""Deciding without relaying: what would be decided on this dossier? The verdict is recorded too."""

from collections.abc import Mapping
from typing import Any

from audit.entry import Soort
from audit.receipt import Receipt
from broker.domain.besluit import Besluit
from broker.domain.dossier import Dossier
from broker.domain.ports import Ids
from broker.domain.pseudoniem import is_sleutel
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
        who = {"gebruiker": beller.gebruiker, "organisatie": beller.organisatie}
        try:
            besluit = await (await self._regels.now()).beslis(dossier)
        except DecisionError:
            await self._record(Soort.FOUT, dossier, {**who, "fout": DecisionError.slug})
            raise
        told = {
            "uitkomst": besluit.uitkomst.value,
            "gronden": [grond.code for grond in besluit.weigeringsgronden],
        }
        return besluit, await self._record(Soort.TOETSING, dossier, {**who, **told})

    async def _record(self, soort: Soort, dossier: Dossier, payload: Mapping[str, Any]) -> Receipt:
        sleutel = dossier.betrokkene.sleutel if dossier.betrokkene else None
        return await self._recorder.record(
            Regel(
                soort=soort,
                kenmerk=f"{self._ids.new('t')}/{soort.value}",
                payload=payload,
                # Whoever asks writes this; what is no pseudonym of ours is nobody here.
                subject=sleutel if sleutel is not None and is_sleutel(sleutel) else None,
            )
        )
