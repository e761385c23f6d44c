"""A second opinion: the same rules in regorus, through the wheel `opa-eval`."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import opa_eval
import orjson

from broker.decision.rules import ENTRYPOINT, Rules
from broker.errors import DecisionError


class Regorus:
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
