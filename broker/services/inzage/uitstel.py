"""Uitstel: one proposes that a subject is not told something yet, a second person decides.

Both work for the source or for who asked, or for the RIEC; of what has no source, for who works in
the zaak. Every step is a line of the log before it is a row.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from broker.decision.inzageregels import Inzageregels
from broker.domain.kalender import instant
from broker.domain.ports import Clock, Ids
from broker.domain.uitstel import Uitstel, Uitstelbesluit, Uitstelstand, Uitstelstap
from broker.errors import ConflictError, Fout, InvalidInputError
from broker.services.beslislogboek import digest
from broker.services.caller import Beller
from broker.services.keeper import Keeper
from broker.store import Tx

Work: TypeAlias = Callable[[Tx], Awaitable[None]]
_RUNS = frozenset({Uitstelstand.VOORGESTELD, Uitstelstand.VERLEEND})


@dataclass(frozen=True, slots=True, kw_only=True)
class Voorstel:
    """What somebody proposes."""

    handeling: str
    grond: str
    reden: str
    tot: str | None


class Uitstellen:
    """Records the steps of an uitstel. Whose it is to take them is for the caller."""

    def __init__(self, keeper: Keeper, clock: Clock, ids: Ids, regels: Inzageregels) -> None:
        self._keeper = keeper
        self._clock = clock
        self._ids = ids
        self._regels = regels

    def check(self, voorstel: Voorstel) -> None:
        """Accept a ground of the law, and an end that lies ahead.

        Raises:
            InvalidInputError: With everything that is wrong.
        """
        fouten = []
        if voorstel.grond not in self._regels.uitstel:
            known = ", ".join(self._regels.uitstel)
            fouten.append(Fout(pointer="/grond", melding=f"Kies een grond uit de wet: {known}."))
        if voorstel.tot is not None and instant(voorstel.tot) <= instant(
            self._moment().isoformat()
        ):
            fouten.append(Fout(pointer="/tot", melding="Dit moment is al voorbij."))
        if fouten:
            raise InvalidInputError(fouten=fouten)

    async def propose(self, beller: Beller, inzageverzoek: str, voorstel: Voorstel) -> Uitstel:
        """Record a proposal for a handeling that belongs to this request.

        Raises:
            ConflictError: One runs already for this handeling.
            RecordError: It could not be recorded.
        """
        self.check(voorstel)
        uitstel = Uitstel(
            id=self._ids.new("u"),
            inzageverzoek=inzageverzoek,
            handeling=voorstel.handeling,
            grond=voorstel.grond,
            reden=voorstel.reden,
            tot=voorstel.tot,
            door=beller.gebruiker,
            organisatie=beller.organisatie,
            op=self._moment(),
        )

        async def work(tx: Tx) -> None:
            others = await tx.uitstellen.of([voorstel.handeling])
            if any(each.stand(uitstel.op) in _RUNS for each in others):
                raise ConflictError("Voor deze handeling loopt al een uitstel.")
            await tx.uitstellen.propose(uitstel)

        told = {
            "handeling": uitstel.handeling,
            "grond": uitstel.grond,
            "tot": uitstel.tot,
            "reden_sha256": digest(uitstel.reden),
        }
        await self._change(beller, "voorgesteld", uitstel, told, work)
        return uitstel

    async def decide(
        self, beller: Beller, uitstel: str, besluit: Uitstelbesluit, toelichting: str | None
    ) -> Uitstel:
        """Grant or turn down a proposal, or let go of what was withheld.

        Raises:
            ConflictError: It was decided on, or this person proposed it; nothing is withheld.
            NotFoundError: There is no such uitstel.
            RecordError: It could not be recorded.
        """
        now = self._moment()
        found = await self._keeper.read(lambda tx: tx.uitstellen.get(uitstel))
        stap = Uitstelstap(
            nummer=len(found.stappen) + 1,
            besluit=besluit,
            door=beller.gebruiker,
            organisatie=beller.organisatie,
            op=now,
            toelichting=toelichting,
        )

        async def work(tx: Tx) -> None:
            there = await tx.uitstellen.get(uitstel)
            if besluit is Uitstelbesluit.VRIJGEGEVEN:
                there.may_be_released(now)
            else:
                there.may_be_decided(besluit, door=beller.gebruiker, moment=now)
            await tx.uitstellen.add(uitstel, stap)

        told = {"toelichting_sha256": None if toelichting is None else digest(toelichting)}
        await self._change(beller, besluit.value, found, told, work)
        return await self._keeper.read(lambda tx: tx.uitstellen.get(uitstel))

    async def _change(
        self, beller: Beller, stap: str, uitstel: Uitstel, told: Mapping[str, Any], work: Work
    ) -> None:
        # Without the pseudonym on purpose: a line about what the subject may not know must not
        # itself be one of the lines about the subject.
        payload = {"inzageverzoek": uitstel.inzageverzoek, "uitstel": uitstel.id, **told}
        await self._keeper.change(beller, f"uitstel-{stap}", payload, work)

    def _moment(self) -> dt.datetime:
        return self._clock.now()
