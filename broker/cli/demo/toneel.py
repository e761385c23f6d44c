"""The stage as the story sees it: the running broker, who speaks to it, and a step as it went."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

ZAAK: Final = "hhk-zaandam-oost-2026"
# A published BRP test person, who lives in Zaandam-Oost.
BINNEN: Final = "999993653"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stap:
    """One step as it went: `goed` only when everything came as told."""

    titel: str
    verwacht: str
    goed: bool
    gezien: Mapping[str, Any] = field(default_factory=dict)
    besluit: Mapping[str, Any] | None = None


class Toneel:
    """The running broker, and who speaks to it."""

    def __init__(self, base_url: str, tokens: Mapping[str, str]) -> None:
        self._client = httpx2.Client(base_url=f"{base_url}/v1", timeout=30)
        self._tokens = tokens

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def post(self, wie: str, path: str, body: Mapping[str, Any]) -> httpx2.Response:
        """Send a body as this person."""
        return self._client.post(path, json=dict(body), headers=self._headers(wie))

    def get(self, wie: str, path: str) -> httpx2.Response:
        """Read something as this person."""
        return self._client.get(path, headers=self._headers(wie))

    def ask(self, wie: str, **parts: Any) -> dict[str, Any]:  # noqa: ANN401 - plain JSON
        """Put a live question of the WGS, and return the answer."""
        body = {
            "zaak": ZAAK,
            "grondslag": "wgs-riec",
            "activiteit": "hhk",
            "soort": "bevraging",
            "doel": ["bestuurlijk"],
            "verschijnsel": "mensenhandel",
            "vraagstelling": "Is betrokkene bekend als tewerkgestelde in de glazenwassersbranche?",
            "aantal_betrokkenen": 1,
            "betrokkene": {"bsn": BINNEN},
            **parts,
        }
        answer = self.post(wie, "/verzoeken", body)
        return {"status": answer.status_code, **answer.json()}

    def _headers(self, wie: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._tokens[wie]}"}


def bron_of(answer: Mapping[str, Any], organisatie: str) -> dict[str, Any]:
    """Return what came of this source."""
    found = (b for b in answer.get("bronnen", ()) if b["organisatie"] == organisatie)
    return next(found, {})


def released(answer: Mapping[str, Any], organisatie: str) -> list[str]:
    """Return the categories of the items that this source let through."""
    return [item["categorie"] for item in bron_of(answer, organisatie).get("gegevens") or ()]


def codes(answer: Mapping[str, Any], organisatie: str) -> set[str]:
    """Return the grounds that were told for this source."""
    return besluit_codes(bron_of(answer, organisatie).get("besluit") or {})


def besluit_codes(besluit: Mapping[str, Any]) -> set[str]:
    """Return the grounds of a besluit."""
    return {grond["code"] for grond in besluit.get("weigeringsgronden", ())}
