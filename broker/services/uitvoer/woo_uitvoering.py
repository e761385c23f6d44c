"""A Woo export by two people: one proposes, another confirms, and only then it is given.

The proposal is a line of the log with the digest of the documents. Who confirms gets exactly
those documents: they are made again from the same lines, and must have the same digest.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from audit.entry import Soort
from audit.errors import LogRangeError
from audit.receipt import Receipt
from broker.errors import ConflictError, ForbiddenError, NotFoundError
from broker.services.caller import Beller
from broker.services.uitvoer.levering import ZIP, Levering, write_zip
from broker.services.uitvoer.lezer import Lezer
from broker.services.uitvoer.regels import Bekend, Line
from broker.services.uitvoer.uitvoering import Periode, Uitvoering, Vorm
from broker.services.uitvoer.woo import Keuze, Redactieregels, check_choices, stukken
from broker.services.uitvoer.woo_vorm import Publicatie

PROPOSED: Final = "woo-voorstel"
MAX_LINES: Final = 5000
"""Documents in one export: more nobody can look through."""
_SAME: Final = "Iemand anders dan wie dit voorstelde, bevestigt het."
_OTHER: Final = "Dit zijn niet de stukken van het voorstel. Doe een nieuw voorstel."
_NO_PROPOSAL: Final = "Dit voorstel bestaat niet."
_MANY: Final = f"Dit zijn meer dan {MAX_LINES} stukken. Kies een kortere periode."


@dataclass(frozen=True, slots=True, kw_only=True)
class WooVerzoek:
    """Which lines become public, and what a person decided on them."""

    periode: Periode
    soorten: frozenset[Soort] = frozenset()
    """None named: all."""
    keuzes: Sequence[Keuze] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Voorstel:
    """A proposal: what would become public, its digest, and its line in the log."""

    publicatie: Publicatie
    sha256: str
    bewijs: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class WooUitvoering:
    """Proposes and gives Woo exports."""

    uitvoering: Uitvoering
    regels: Redactieregels

    async def propose(self, beller: Beller, verzoek: WooVerzoek) -> Voorstel:
        """Record a proposal, and return it for somebody else to look at.

        Raises:
            InvalidInputError: A choice would not stand in law.
            ConflictError: There are too many documents.
            RecordError: It could not be read or recorded.
        """
        check_choices(self.regels, verzoek.keuzes)
        work, bekend = self.uitvoering, await self.uitvoering.known()
        lezer = Lezer(work.log)
        publicatie = await work.read(lambda: self._make(lezer, verzoek, bekend, lezer.size))
        sha256 = _digest(publicatie)
        told = {"aantal": len(publicatie.stukken), "grootte": lezer.size, "sha256": sha256}
        bewijs = await work.keeper.consult(beller, PROPOSED, told)
        return Voorstel(publicatie=publicatie, sha256=sha256, bewijs=bewijs)

    async def publish(self, beller: Beller, voorstel: int, verzoek: WooVerzoek) -> Levering:
        """Give what was proposed at this line of the log, now that somebody else confirms.

        Raises:
            NotFoundError: There is no such proposal.
            ForbiddenError: The same person proposed it.
            ConflictError: The documents are not those of the proposal.
            RecordError: It could not be read or recorded; nothing is given.
        """
        check_choices(self.regels, verzoek.keuzes)
        proposed = await self._proposed(voorstel)
        if proposed["gebruiker"] == beller.gebruiker:
            raise ForbiddenError(_SAME)
        bekend = await self.uitvoering.known()

        def make(out: BinaryIO, lezer: Lezer) -> int:
            found = self._make(lezer, verzoek, bekend, proposed["grootte"])
            if _digest(found) != proposed["sha256"]:
                raise ConflictError(_OTHER)
            write_zip(out, dict(found.files()), self.uitvoering.clock.now())
            return len(found.stukken)

        told = {
            "voorstel": voorstel,
            "opgesteld_door": proposed["gebruiker"],
            "bevestigd_door": beller.gebruiker,
        }
        vorm = Vorm(wat="uitvoer-woo", naam="woo.zip", soort=ZIP, told=told)
        return await self.uitvoering.give(beller, vorm, make)

    async def _proposed(self, index: int) -> dict[str, Any]:
        line = await self.uitvoering.read(lambda: self._entry(index))
        payload = dict(line.payload or {})
        if payload.get("wat") != PROPOSED:
            raise NotFoundError(_NO_PROPOSAL)
        return payload

    def _entry(self, index: int) -> Line:
        try:
            return self.uitvoering.log.entry(index)
        except LogRangeError:
            raise NotFoundError(_NO_PROPOSAL) from None

    def _make(self, lezer: Lezer, verzoek: WooVerzoek, bekend: Bekend, size: int) -> Publicatie:
        first, last = lezer.first_from(verzoek.periode.van), lezer.until(verzoek.periode.tot)
        wanted = (
            line
            for line in lezer.lines(first, min(last, size))
            if not verzoek.soorten or line.soort in verzoek.soorten
        )
        found = []
        for stuk in stukken(wanted, self.regels, bekend, verzoek.keuzes):
            found.append(stuk)
            if len(found) > MAX_LINES:
                raise ConflictError(_MANY)
        return Publicatie(stukken=found, regels=self.regels, controlepunt=lezer.controlepunt)


def _digest(publicatie: Publicatie) -> str:
    # Without the checkpoint, which moves on with the log.
    return hashlib.sha256(publicatie.content().encode()).hexdigest()
