"""What a search of the decision point may find: each candidate is a question to be decided.

Only those are candidates that the caller may know of; the decision does the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from broker.decision.decide import Decider
from broker.domain.dossier import BEVRAGING, TREFFER
from broker.domain.kalender import instant
from broker.domain.ports import Clock
from broker.domain.zaak import works_in
from broker.errors import DecisionError, NotFoundError
from broker.services.beslispunt import (
    Aanroeper,
    Entiteit,
    Evaluatie,
    Handeling,
    Stuk,
    UndecidedError,
    Zoeksoort,
)
from broker.services.regels import Regels
from broker.store import Store

GEBRUIKER: Final = "gebruiker"
BETROKKENE: Final = "betrokkene"
BRON: Final = "bron"
MOST: Final = 500
"""Candidates of one search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kandidaten:
    """Finds the candidates of a search, in a fixed order."""

    store: Store
    regels: Regels
    clock: Clock

    async def of(self, wie: Aanroeper, soort: Zoeksoort, vraag: Evaluatie) -> Sequence[Evaluatie]:
        """Return the question once for each candidate; none of a type that Sluis does not know.

        Raises:
            UndecidedError: The rules in force cannot be loaded.
            RecordError: The store cannot be read.
        """
        match soort:
            case Zoeksoort.SUBJECT if vraag.subject.type == GEBRUIKER:
                return await self._gebruikers(wie, vraag)
            case Zoeksoort.ACTION:
                return await self._handelingen(vraag)
            case Zoeksoort.RESOURCE if vraag.resource.type == BRON:
                return await self._bronnen(vraag)
            case Zoeksoort.RESOURCE if vraag.resource.type == BETROKKENE:
                return await self._betrokkenen(wie, vraag)
        return ()

    async def _gebruikers(self, wie: Aanroeper, vraag: Evaluatie) -> Sequence[Evaluatie]:
        """Return the question for each gebruiker that the caller may ask for."""
        ids = [wie.beller.gebruiker]
        if wie.namens:
            async with self.store.read() as tx:
                ids = [row["id"] for row in await tx.gebruikers.list(wie.beller.organisatie)]
        return [replace(vraag, subject=Entiteit(type=GEBRUIKER, id=each)) for each in ids[:MOST]]

    async def _handelingen(self, vraag: Evaluatie) -> Sequence[Evaluatie]:
        """Return the question for each category of the basis, as a bevraging and as a hit check.

        Each is its own question: some categories are only open beside another.
        """
        declared = dict(vraag.context.get("vraag") or {})
        regels = await self.regels.in_werking()
        try:
            decider = await self.regels.of(regels)
        except DecisionError as error:
            raise UndecidedError(error.detail, Stuk(regels=regels, information={})) from error
        opened = _categorieen(decider, declared.get("grondslag"), self.clock.now().isoformat())
        return [
            replace(
                vraag,
                action=Handeling(name=soort, properties={**declared, "categorieen": [categorie]}),
            )
            for soort in (BEVRAGING, TREFFER)
            for categorie in opened
        ]

    async def _bronnen(self, vraag: Evaluatie) -> Sequence[Evaluatie]:
        """Return the question for each organisatie that could be asked."""
        async with self.store.read() as tx:
            rows = await tx.organisaties.list()
        ids = [row["id"] for row in rows if row["deelnemers"]]
        return [replace(vraag, resource=replace(vraag.resource, id=each)) for each in ids[:MOST]]

    async def _betrokkenen(self, wie: Aanroeper, vraag: Evaluatie) -> Sequence[Evaluatie]:
        """Return the question for each subject of the zaak, to who works in it now.

        To others not even their number is told.
        """
        zaak = vraag.resource.properties.get("zaak")
        if zaak is None:
            return ()
        async with self.store.read() as tx:
            try:
                facts = await tx.zaken.get(zaak)
            except NotFoundError:
                return ()
            if not works_in(facts, wie.beller.organisatie, instant(self.clock.now().isoformat())):
                return ()
            kaarten = await tx.persoonskaarten.list(zaak, limit=MOST)
        return [
            replace(vraag, resource=replace(vraag.resource, id=kaart["sleutel"]))
            for kaart in kaarten
        ]


def _categorieen(decider: Decider, grondslag: object, moment: str) -> list[str]:
    """Return the categories that a basis lists at this moment; of an unknown one none."""
    if not isinstance(grondslag, str):
        return []
    basis = decider.register.at(moment).data["grondslagen"].get(grondslag, {})
    return [name for name, each in basis.get("categorieen", {}).items() if each["open"]]
