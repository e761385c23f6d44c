"""The engine that evaluates the rules in process: regorus, through the wheel `opa-eval`.

It takes one file, so the files of the one package are put together at start. It is not trusted:
an error, an undefined answer or an answer of another shape is a failure to decide, never a grant.
"""

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import opa_eval
import orjson

from broker.errors import DecisionError

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


class EmbeddedEngine:
    """Regorus in process. One instance may serve all threads (it holds the GIL)."""

    def __init__(self, rules: Rules, data: Mapping[str, Any]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "besluit.rego")
            path.write_text(rules.text, encoding="utf-8")
            self._engine = opa_eval.OpaEval(str(path), orjson.dumps(data).decode(), ENTRYPOINT)

    def evaluate(self, facts: Mapping[str, Any]) -> object:
        """Return what the entrypoint of the rules says of these facts.

        Raises:
            DecisionError: The engine failed. Its message may hold facts, so it is not passed on.
        """
        try:
            answer: object = orjson.loads(self._engine.evaluate(orjson.dumps(facts).decode()))
        except (RuntimeError, ValueError, TypeError):
            raise DecisionError("De regels gaven geen antwoord.") from None
        return answer
