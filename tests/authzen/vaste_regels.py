"""A decision point on a small rule set of its own, run by the engine that Sluis decides with."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from broker.decision.dialect.engine import Program
from broker.services.beslispunt import (
    Aanroeper,
    Entiteit,
    Evaluatie,
    Handeling,
    Oordeel,
    Stuk,
    Zoeksoort,
)

REGELS = Path(__file__).with_name("regels")


class VasteRegels:
    """Knows subjects, resources and actions by name; what a call says of them goes first."""

    def __init__(self, name: str, data: Mapping[str, Any]) -> None:
        text = (REGELS / f"{name}.rego").read_text(encoding="utf-8")
        self._data = data
        self._program = Program(text, {}, package=name)
        self.digest = "sha256:" + hashlib.sha256(text.encode()).hexdigest()

    @property
    def obligations(self) -> Sequence[str]:
        """None."""
        return ()

    def understand(self, vraag: Evaluatie) -> Evaluatie:
        """Read all of it."""
        return vraag

    async def evaluate(self, wie: Aanroeper, vraag: Evaluatie) -> Oordeel:  # noqa: ARG002 - the port
        """Decide by the rules."""
        assert vraag.action is not None
        facts = {
            "wie": self._known("subjects", vraag.subject),
            "wat": self._known("resources", vraag.resource),
            "action": {"name": vraag.action.name, "properties": dict(vraag.action.properties)},
        }
        decision = self._program.run("toegestaan", facts) is True
        return Oordeel(decision=decision, stuk=Stuk(regels=self.digest, information=facts))

    async def candidates(
        self,
        wie: Aanroeper,  # noqa: ARG002 - the port
        soort: Zoeksoort,
        vraag: Evaluatie,
    ) -> Sequence[Evaluatie]:
        """Return all that is known of the kind."""
        if soort is Zoeksoort.ACTION:
            names = self._data["actions"]
            return [replace(vraag, action=Handeling(name=name)) for name in names]
        asked = vraag.subject if soort is Zoeksoort.SUBJECT else vraag.resource
        ids = self._data[f"{soort}s"].get(asked.type, {})
        found = [Entiteit(type=asked.type, id=each) for each in ids]
        if soort is Zoeksoort.SUBJECT:
            return [replace(vraag, subject=each) for each in found]
        return [replace(vraag, resource=each) for each in found]

    def _known(self, kind: str, entity: Entiteit) -> dict[str, Any] | None:
        stored = self._data[kind].get(entity.type, {}).get(entity.id)
        if stored is None and not (kind == "resources" and self._data.get("open")):
            return None
        return {**(stored or {}), **entity.properties, "id": entity.id}


def read(name: str) -> VasteRegels:
    """Return the rule set with the data that lie beside it."""
    data = json.loads((REGELS / f"{name}.json").read_text(encoding="utf-8"))
    return VasteRegels(name, data)


def read_search(vectors: Path) -> VasteRegels:
    """Return the rule set of the search scenario with its published users and records."""
    users, records = (
        {
            str(row["id"]): row
            for row in json.loads((vectors / f"search-{name}.json").read_text(encoding="utf-8"))
        }
        for name in ("users", "records")
    )
    data = {
        "subjects": {"user": users},
        "resources": {"record": records},
        "actions": ["view", "edit", "delete"],
    }
    return VasteRegels("zoeken", data)
