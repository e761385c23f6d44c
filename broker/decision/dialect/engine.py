"""The compiled engine: the rules as Python, made once when they are loaded.

Only the text of the rules becomes code, never anything of a dossier. The code sees no built-ins
of Python but `len` and the classes of values. A failure to decide is never a grant.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import orjson

from broker.decision.dialect.parser import parse
from broker.decision.dialect.syntax import RegoError
from broker.decision.dialect.translate import translate
from broker.decision.dialect.values import NOT_YET, UNDEFINED, RegoSet
from broker.decision.rules import ENTRYPOINT, Rules
from broker.errors import DecisionError

_PACKAGE: Final = ENTRYPOINT.split(".")[1]
_RULE: Final = ENTRYPOINT.rpartition(".")[2]
# The rules stand behind each other in one text, after its package and its import.
_LINES_AHEAD: Final = 2
_NOTHING_ELSE: Final = (
    orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
"""What Python knows and JSON does not is an error."""


class Program:
    """One package of rules with its data, ready to run. One instance may serve all threads."""

    def __init__(self, text: str, data: Mapping[str, Any], package: str = _PACKAGE) -> None:
        """Translate the rules; `package` is the first word of their package.

        Raises:
            RegoError: The rules are outside the dialect.
        """
        self.source, space, slots = translate(parse(text), package, _normal(data))
        try:
            exec(compile(self.source, "<regels>", "exec"), space)  # noqa: S102 - our rules only
        except (SyntaxError, RecursionError, MemoryError):
            raise RegoError("te diep genest", 1) from None
        self._rules = MappingProxyType({name: space[f"r{slot}"] for name, slot in slots.items()})

    @property
    def names(self) -> frozenset[str]:
        """The names of its rules."""
        return frozenset(self._rules)

    def run(self, rule: str, facts: Mapping[str, Any]) -> object:
        """Return the value of a rule without arguments, as fresh JSON, or UNDEFINED.

        `facts` holds JSON values, such as a reader of JSON gives; the rules read them as they are.

        Raises:
            KeyError: There is no such rule.
            TypeError: The facts are no JSON.
            Exception: Whatever went wrong; there is no value then.
        """
        orjson.dumps(facts, option=_NOTHING_ELSE)
        memo: list[Any] = [NOT_YET] * (len(self._rules) + 1)
        memo[0] = facts
        value = self._rules[rule](memo)
        return value if value is UNDEFINED else orjson.loads(orjson.dumps(value, _members))


class CompiledEngine:
    """Our rules, compiled. One instance may serve all threads."""

    def __init__(self, rules: Rules, data: Mapping[str, Any]) -> None:
        """Translate the rules over this data.

        Raises:
            RegoError: A rule is outside the dialect; tells the file and the line.
        """
        try:
            self._program = Program(rules.text, data)
        except RegoError as error:
            raise _placed(error, rules) from None
        if _RULE not in self._program.names:
            raise RegoError(f"de regel `{_RULE}` ontbreekt", 1, next(iter(rules.files)))

    def evaluate(self, facts: Mapping[str, Any]) -> object:
        """Return what the entrypoint of the rules says of these facts.

        Raises:
            DecisionError: The rules gave no answer. The cause may hold facts, so it is not told.
        """
        try:
            verdict = self._program.run(_RULE, facts)
        except Exception:  # noqa: BLE001 - whatever it was, there is no verdict
            raise DecisionError("De regels gaven geen antwoord.") from None
        if verdict is UNDEFINED:
            raise DecisionError("De regels gaven geen antwoord.")
        return verdict


def _normal(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy that holds nothing but JSON, the keys of its objects in order."""
    copy: dict[str, Any] = orjson.loads(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))
    return copy


def _members(value: object) -> list[Any]:
    if not isinstance(value, RegoSet):
        raise TypeError
    return value.members


def _placed(error: RegoError, rules: Rules) -> RegoError:
    """Return the error with the file it is in, and its line there."""
    line = error.line - _LINES_AHEAD
    for name, text in rules.files.items():
        lines = text.count("\n") + 1
        if line <= lines:
            return RegoError(error.reason, line, name)
        line -= lines
    return RegoError(error.reason, error.line, "besluit")
