"""The rules, and the port of whatever evaluates them.

An engine is not trusted: an error, an undefined answer or an answer of another shape is a failure
to decide, never a grant.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

ENTRYPOINT: Final = "data.sluis.besluit.besluit"
_PACKAGE: Final = "package sluis.besluit"
_IMPORT: Final = "import rego.v1"


class PolicyEngine(Protocol):
    """Evaluates the rules on one input."""

    def evaluate(self, facts: Mapping[str, Any]) -> object:
        """Return what the entrypoint of the rules says of these facts; the shape is not trusted.

        Raises:
            DecisionError: The rules gave no answer.
        """


class Rules:
    """The text of the rules, and its digest."""

    def __init__(self, root: Path) -> None:
        self.files = sorted((root / "policies" / "besluit").glob("*.rego"))
        parts = [path.read_text(encoding="utf-8") for path in self.files]
        table = (root / "policies" / "gronden.yaml").read_bytes()
        digest = hashlib.sha256(table)
        for path, part in zip(self.files, parts, strict=True):
            digest.update(f"\0{path.name}\0{part}".encode())
        self.digest = "sha256:" + digest.hexdigest()
        bodies = (p.replace(_PACKAGE, "", 1).replace(_IMPORT, "", 1) for p in parts)
        self.text = "\n".join((_PACKAGE, _IMPORT, *bodies))
