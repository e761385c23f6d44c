"""The sources: who is asked as which deelnemer, through which adapter; and the question itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broker.domain.fsc import Koppeling
from broker.domain.ports import Antwoord, Bevraging, Bron, BronError, BronFout
from broker.store import Store

MakeBron = Callable[[Mapping[str, Any]], Bron | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aansluiting:
    """One organisatie as a source; without `bron` it has no connection."""

    organisatie: str
    deelnemers: tuple[str, ...]
    bron: Bron | None
    koppeling: Koppeling | None = None
    """How it is reached through an Outway of FSC; None: directly, or not at all."""

    def deelnemer(self, zaak: Mapping[str, Any] | None) -> str | None:
        """Return as which deelnemer it is asked: as the zaak names it, else its first one."""
        named = [
            d.get("deelnemer")
            for d in (zaak or {}).get("deelnemers") or ()
            if d.get("organisatie") == self.organisatie
        ]
        return next(iter([*named, *self.deelnemers]), None)

    def partij(self, zaak: Mapping[str, Any] | None) -> dict[str, str | None]:
        """Return the `bron` of a dossier in this zaak."""
        return {"organisatie": self.organisatie, "deelnemer": self.deelnemer(zaak)}

    async def ask(self, bevraging: Bevraging, *, only_hit: bool) -> Antwoord:
        """Put the question; with `only_hit` it is whether there is something.

        Raises:
            BronError: It gave no usable answer, whatever went wrong at its side.
        """
        if self.bron is None:
            raise BronError(BronFout.ONBEREIKBAAR, "Deze partner is nog niet aangesloten.")
        try:
            return await (self.bron.treffer if only_hit else self.bron.bevraag)(bevraging)
        except BronError:
            raise
        except Exception:  # noqa: BLE001 - an adapter may fail in any way, its text may hold data
            melding = "De partner gaf een antwoord dat niet te lezen is."
            raise BronError(BronFout.ONBEGRIJPELIJK, melding) from None


class Bronnen:
    """All sources, read from the store; `refresh` after a change of them."""

    def __init__(self, make: MakeBron, koppelingen: Mapping[str, Koppeling]) -> None:
        """Take what makes a source, and the koppelingen by organisatie."""
        self._make = make
        self._koppelingen = koppelingen
        self._known: dict[str, Aansluiting] = {}

    async def refresh(self, store: Store) -> None:
        """Read the sources anew."""
        async with store.read() as tx:
            rows = await tx.organisaties.list()
        self._known = {row["id"]: self._aansluiting(row) for row in rows}

    def get(self, organisatie: str) -> Aansluiting:
        """Return how this organisatie is asked; an unknown one is no deelnemer, without source."""
        unknown = Aansluiting(organisatie=organisatie, deelnemers=(), bron=None)
        return self._known.get(organisatie, unknown)

    def _aansluiting(self, row: Mapping[str, Any]) -> Aansluiting:
        organisatie, bron = row["id"], self._make(row)
        return Aansluiting(
            organisatie=organisatie,
            deelnemers=tuple(row["deelnemers"]),
            bron=bron,
            koppeling=self._koppelingen.get(organisatie) if bron else None,
        )


def nummer(bronnen: Sequence[str], bron: str) -> int:
    """Return the number of a source in its verzoek; it stands in the reference of its lines."""
    return bronnen.index(bron) + 1
