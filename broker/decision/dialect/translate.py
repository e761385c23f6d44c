"""Translate a package of rules to one Python text.

Each rule becomes a function `r<slot>(memo, ...)`; `memo[0]` is the input, `memo[slot]` the value of
a rule without arguments, so that it is worked out at most once in a decision. Of a rule with one
argument it holds the values by each text that it was asked for: many items have one category.
"""

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

from broker.decision.dialect.bodies import Bodies
from broker.decision.dialect.syntax import Clause, Const, RegoError, Rule, Some, declared
from broker.decision.dialect.terms import Names
from broker.decision.dialect.values import (
    BUILTINS,
    COLLECTIONS,
    NOT_YET,
    NUMBERS,
    TYPE_TESTS,
    UNDEFINED,
    RegoSet,
    at,
    compare,
    equal,
    member,
    merge,
    new_object,
    pairs,
    values,
)

_GLOBALS: Final[Mapping[str, Any]] = {
    "ABSENT": (KeyError, TypeError),
    "COLLECTIONS": COLLECTIONS,
    "NOT_YET": NOT_YET,
    "NUMBERS": NUMBERS,
    "RegoSet": RegoSet,
    "UNDEFINED": UNDEFINED,
    "at": at,
    "compare": compare,
    "equal": equal,
    "member": member,
    "merge": merge,
    "new_object": new_object,
    "pairs": pairs,
    "values": values,
}
# The Python that is written uses these; so that a rule can do no more than that, no built-ins.
_PYTHON: Final = {
    "KeyError": KeyError, "TypeError": TypeError, "len": len,
    "bool": bool, "dict": dict, "int": int, "list": list, "str": str,
}  # fmt: skip
_RESERVED: Final = frozenset({"_", "data", "input", *BUILTINS, *TYPE_TESTS})


def translate(
    rules: Sequence[Rule], package: str, data: Mapping[str, Any]
) -> tuple[str, dict[str, Any], dict[str, int]]:
    """Return the Python text of a package, the globals it needs, and the slot of each rule.

    `data` holds JSON values with sorted keys; `package` is the first word of the package.

    Raises:
        RegoError: The rules are outside the dialect.
    """
    grouped: dict[str, list[Rule]] = {}
    for rule in rules:
        grouped.setdefault(rule.name, []).append(rule)
    known = Names(grouped, data, package)
    text = "\n\n".join(_Function(known, group).text() for group in grouped.values())
    _refuse_cycles(known)
    space = {**_GLOBALS, **known.constants, "__builtins__": dict(_PYTHON)}
    return text, space, {name: known.slot(name) for name in grouped}


def _refuse_cycles(known: Names) -> None:
    try:
        TopologicalSorter(known.uses).prepare()
    except CycleError as error:
        name = error.args[1][0]
        line = known.rules[name][0].line
        raise RegoError(f"`{name}` verwijst naar zichzelf", line) from None


class _Function(Bodies):
    """The Python of all definitions of one rule."""

    def __init__(self, known: Names, rules: Sequence[Rule]) -> None:
        super().__init__(known, rules[0].name)
        self._rules = [rule for rule in rules if not rule.default]
        self._slot = known.slot(rules[0].name)
        self._is_function = rules[0].args is not None
        self._check(rules)
        arity = len(rules[0].args or ())
        self._args = [f"a{index}" for index in range(arity)]
        self.put(f"def r{self._slot}({', '.join(['memo', *self._args])}):")
        with self.indented():
            self.put("facts = memo[0]")
            if arity == 1:
                self._look_up()
            self._definitions([rule.clauses[0] for rule in rules if rule.default])

    def _check(self, rules: Sequence[Rule]) -> None:
        first = rules[0]
        if first.name in _RESERVED:
            raise RegoError(f"`{first.name}` is gereserveerd", first.line)
        for rule in rules:
            if (rule.args is None) != (first.args is None) or len(rule.args or ()) != len(
                first.args or ()
            ):
                raise RegoError(f"`{rule.name}` heeft niet steeds evenveel argumenten", rule.line)
        if sum(rule.default for rule in rules) > 1:
            raise RegoError(f"`{first.name}` heeft twee keer een `default`", first.line)

    def _definitions(self, default: Sequence[Clause]) -> None:
        clauses = [clause for rule in self._rules for clause in rule.clauses]
        end = "UNDEFINED"
        for clause in default:
            end = self.term(clause.value).code
        if _one_value(clauses) or (len(self._rules) == 1 and not any(map(_repeats, clauses))):
            for rule in self._rules:
                for clause in rule.clauses:
                    self._clause(rule, clause, "")
            self._finish(end)
            return
        self.put("result = UNDEFINED")
        for rule in self._rules:
            self.put("one = UNDEFINED")
            for clause in rule.clauses:
                self.put("if one is UNDEFINED:")
                with self.indented():
                    self._clause(rule, clause, "one")
            self.put("result = merge(result, one)")
        self.put(f"if result is UNDEFINED: result = {end}")
        self._finish("result")

    def _clause(self, rule: Rule, clause: Clause, result: str) -> None:
        """Write one clause, which returns its value or, where it may have more, merges them."""
        args = [arg for arg in rule.args or () if arg.name != "_"]

        def hold() -> None:
            value = self.atom(clause.value).code
            if result:
                self.put(f"{result} = merge({result}, {value})")
            else:
                self._finish(value)

        with self.frame([*(a.name for a in args), *declared(clause.body)], rule.line):
            for code, arg in zip(self._args, rule.args or (), strict=True):
                if arg.name != "_":
                    self.put(f"{self.bind(arg.name, arg.line)} = {code}")
            with self.turn():
                self.body(clause.body, hold)

    def _look_up(self) -> None:
        """Write that what was worked out before for this text is the value."""
        self.put(f"known = memo[{self._slot}]")
        self.put(f"if known is NOT_YET: known = memo[{self._slot}] = {{}}")
        self.put("if a0.__class__ is str and a0 in known: return known[a0]")

    def _finish(self, code: str) -> None:
        if not self._is_function:
            self.put(f"memo[{self._slot}] = {code}")
        elif len(self._args) == 1:
            self.put(f"if a0.__class__ is str: known[a0] = {code}")
        self.put(f"return {code}")


def _one_value(clauses: Sequence[Clause]) -> bool:
    """Tell whether all clauses give `true`, so that the first that holds is enough."""
    values_ = [c.value.value if isinstance(c.value, Const) else None for c in clauses]
    return all(value is True for value in values_)


def _repeats(clause: Clause) -> bool:
    """Tell whether a body may hold in more ways, with another value each time."""
    return not isinstance(clause.value, Const) and any(isinstance(s, Some) for s in clause.body)
