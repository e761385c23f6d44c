"""The sources: which organisatie is asked as which deelnemer, and through which adapter."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from broker.domain.ports import Bron
from broker.store import Store

MakeBron = Callable[[Mapping[str, Any]], Bron | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aansluiting:
    """One organisatie as a source; without `bron` it has no connection."""

    organisatie: str
    deelnemers: tuple[str, ...]
    bron: Bron | None


class Bronnen:
    """All sources, read from the store; `refresh` after a change of them."""

    def __init__(self, make: MakeBron) -> None:
        self._make = make
        self._known: dict[str, Aansluiting] = {}

    async def refresh(self, store: Store) -> None:
        """Read the sources anew."""
        async with store.read() as tx:
            rows = await tx.organisaties.list()
        self._known = {
            row["id"]: Aansluiting(
                organisatie=row["id"], deelnemers=tuple(row["deelnemers"]), bron=self._make(row)
            )
            for row in rows
        }

    def get(self, organisatie: str) -> Aansluiting:
        """Return how this organisatie is asked; an unknown one is no deelnemer, without source."""
        unknown = Aansluiting(organisatie=organisatie, deelnemers=(), bron=None)
        return self._known.get(organisatie, unknown)
