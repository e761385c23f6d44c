"""A verzoek as it was put, and what stays of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from broker.domain.ports import Identiteit


@dataclass(frozen=True, slots=True, kw_only=True)
class Vraag:
    """A verzoek as it was put: one subject, one or more sources.

    The identity is in clear here only.
    """

    betrokkene: Identiteit
    bronnen: tuple[str, ...]
    zaak: str | None
    grondslag: str | None
    taak: str | None
    verzoek: Mapping[str, Any]
    """The `verzoek` of the dossier, as the contract has it."""
    kenmerk: str | None = None

    def row(self) -> dict[str, Any]:
        """Return the columns of its row that follow from it alone, so without its subject."""
        return {
            "kenmerk": self.kenmerk,
            "zaak": self.zaak,
            "grondslag": self.grondslag,
            "body": {**self.verzoek, "bronnen": list(self.bronnen), "taak": self.taak},
        }
