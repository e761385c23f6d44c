"""Deciding without relaying: what would be decided on this dossier? The verdict is recorded too."""

from audit.entry import Soort
from audit.receipt import Receipt
from broker.decision.decide import Decider
from broker.domain.besluit import Besluit
from broker.domain.dossier import Dossier
from broker.domain.ports import Ids
from broker.services.caller import Beller
from broker.services.recorder import Recorder, Regel


class Toetsingen:
    """Answers what a dossier would come to."""

    def __init__(self, decider: Decider, recorder: Recorder, ids: Ids) -> None:
        self._decider = decider
        self._recorder = recorder
        self._ids = ids

    async def judge(self, beller: Beller, dossier: Dossier) -> tuple[Besluit, Receipt]:
        """Decide, record, and return the besluit with its receipt.

        Raises:
            DecisionError: The rules gave no verdict.
            RecordError: It could not be recorded; the verdict does not leave.
        """
        besluit = self._decider.decide(dossier)
        receipt = await self._recorder.record(
            Regel(
                soort=Soort.TOETSING,
                kenmerk=f"{self._ids.new('t')}/toetsing",
                payload={
                    "gebruiker": beller.gebruiker,
                    "organisatie": beller.organisatie,
                    "uitkomst": besluit.uitkomst.value,
                    "gronden": [grond.code for grond in besluit.weigeringsgronden],
                },
            )
        )
        return besluit, receipt
