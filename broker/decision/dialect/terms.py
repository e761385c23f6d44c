"""Translate terms to Python.

`term` fails the body where a term is undefined; `soft` gives UNDEFINED instead, which is what the
operand of `not` needs. As in OPA only the outermost reference or call of a negated expression may
be undefined; what stands inside it (an argument, an index) must be defined, else the body fails.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from broker.decision.dialect.syntax import (
    Call,
    Collection,
    Comprehension,
    Const,
    Object,
    Ref,
    RegoError,
    Relation,
    Rule,
    Term,
    Var,
)
from broker.decision.dialect.values import BUILTINS, TYPE_TESTS, Value, equal, member
from broker.decision.dialect.writer import Val, Writer

_INPUT: Final = "facts"
_KINDS: Final = {str: "str", int: "int", list: "list", dict: "dict", bool: "bool"}
_RANKED: Final = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}


@dataclass(slots=True)
class Names:
    """What the rules of a package can name, and the constants that their Python uses."""

    rules: Mapping[str, Sequence[Rule]]
    data: Mapping[str, Any]
    package: str
    constants: dict[str, Any] = field(default_factory=dict)
    uses: dict[str, set[str]] = field(default_factory=dict)

    def constant(self, value: Value) -> Val:
        """Return a value known now; what is not written shortly becomes a global of the text."""
        kind = _KINDS.get(value.__class__, "any")
        if value is None or isinstance(value, bool | int):
            return Val(f"({value!r})", kind, value=value)
        if isinstance(value, str) and value.isascii():
            return Val(repr(value), kind, value=value)
        return Val(self.shared(value), kind, value=value)

    def shared(self, value: Value) -> str:
        """Return the global that holds this."""
        name = f"K{len(self.constants)}"
        self.constants[name] = value
        return name

    def slot(self, name: str) -> int:
        """Return where the value of a rule is kept during one decision; 0 holds the input."""
        return 1 + list(self.rules).index(name)


def sure(rules: Sequence[Rule]) -> str:
    """Return the class of a rule that surely has a value, `any` when that may vary, else ''."""
    if any(rule.default for rule in rules):
        return "any"
    clause = rules[0].clauses[0]
    if len(rules) > 1 or clause.body or not isinstance(clause.value, Comprehension | Const):
        return ""
    if isinstance(clause.value, Comprehension):
        return {"array": "list", "object": "dict"}.get(clause.value.kind, "any")
    return "any"


class Terms(Writer):
    """The Python of one rule, as far as its terms go."""

    def __init__(self, names: Names, rule: str) -> None:
        super().__init__()
        self.names = names
        self._used = names.uses.setdefault(rule, set())
        self._sources: dict[str, str] = {}
        self.kinds: dict[str, str] = {}
        self._handlers: dict[type, Callable[[Any], Val]] = {
            Const: lambda node: names.constant(node.value),
            Var: lambda node: self._var(node, soft=False),
            Ref: lambda node: self._ref(node, soft=False),
            Call: lambda node: self._call(node, soft=False),
            Relation: self._relation,
            Collection: self._collection,
            Object: self._object,
            Comprehension: self.comprehension,
        }

    def comprehension(self, node: Comprehension) -> Val:
        """Write a comprehension."""
        raise NotImplementedError

    def term(self, node: Term) -> Val:
        """Write a term; where it is undefined the body fails."""
        return self._handlers[node.__class__](node)

    def atom(self, node: Term) -> Val:
        """Write a term as a name or a constant, so that its code may stand twice."""
        val = self.term(node)
        return val if val.atom else self.held(val.code, val.kind)

    def soft(self, node: Term) -> tuple[Val, bool]:
        """Write the outermost term behind `not`, and tell whether it may be UNDEFINED."""
        if isinstance(node, Call) and node.name not in TYPE_TESTS:
            return self._call(node, soft=True), True
        if isinstance(node, Ref):
            return self._ref(node, soft=True), True
        if isinstance(node, Var) and self.variable(node.name, node.line) is None:
            return self._var(node, soft=True), True
        return self.term(node), False

    def held(self, code: str, kind: str = "any") -> Val:
        """Keep a value under a name of its own."""
        name = self.new()
        self.put(f"{name} = {code}")
        return Val(name, kind)

    # --- names and members ---

    def _var(self, node: Var, *, soft: bool) -> Val:
        if code := self.variable(node.name, node.line):
            return Val(code, self.kinds.get(code, "any"))
        if node.name == "input":
            return Val(_INPUT, "any")
        if node.name == "data":
            raise RegoError("`data` alleen met een vaste naam erachter", node.line)
        return self._rule(node, soft=soft)

    def _rule(self, node: Var, *, soft: bool) -> Val:
        rules = self.names.rules.get(node.name)
        if not rules:
            raise RegoError(f"`{node.name}` is niet bekend", node.line)
        if rules[0].args is not None:
            raise RegoError(f"`{node.name}` is een functie", node.line)
        self._used.add(node.name)
        kind, slot = sure(rules), self.names.slot(node.name)
        code = f"memo[{slot}]"
        if name := self.known(code):
            return Val(name, kind or "any")
        name = self.new()
        self._sources[name] = code
        self.put(f"{name} = {code}", f"if {name} is NOT_YET: {name} = r{slot}(memo)")
        if not kind and not soft:
            self.put(f"if {name} is UNDEFINED: {self.fail()}")
        if kind or not soft:
            self.keep(code, name)
        return Val(name, kind or "any")

    def _ref(self, node: Ref, *, soft: bool) -> Val:
        head, path = node.head, node.path
        if isinstance(head, Var) and head.name == "data" and not self.variable("data", head.line):
            return self._data(node, soft=soft)
        base = self._var(head, soft=True) if isinstance(head, Var) else self.atom(head)
        val = self._members(base.code, path, soft=soft)
        if not soft and base.code in self._sources:
            # It has a member, so the rule itself is defined.
            self.keep(self._sources[base.code], base.code)
        return val

    def _data(self, node: Ref, *, soft: bool) -> Val:
        """Look up what is fixed of a reference into the data now, and write the rest."""
        fixed = 0
        found: Any = self.names.data
        for part in node.path:
            if not isinstance(part, Const) or not isinstance(part.value, str):
                break
            fixed += 1
            if fixed == 1 and part.value == self.names.package:
                raise RegoError("regels verwijzen met hun naam naar elkaar", node.line)
            if not isinstance(found, dict) or part.value not in found:
                return self._absent(soft=soft)
            found = found[part.value]
        if not fixed:
            raise RegoError("`data` alleen met een vaste naam erachter", node.line)
        rest = node.path[fixed:]
        if not rest:
            return self.names.constant(found)
        return self._members(self.names.shared(found), rest, soft=soft)

    def _absent(self, *, soft: bool) -> Val:
        if not soft:
            self.guard("False")
        return Val("UNDEFINED")

    def _members(self, base: str, path: Sequence[Term], *, soft: bool) -> Val:
        keys = [self.atom(part) for part in path]
        code, start = base, 0
        full = [code := f"{code}[{key.code}]" for key in keys]
        code = base
        for index in range(len(keys), 0, -1):
            if name := self.known(full[index - 1]):
                code, start = name, index
                break
        if start == len(keys):
            return Val(code)
        for key in keys[start:]:
            known = key.constant and isinstance(key.value, str)
            code = f"{code}[{key.code}]" if known else f"at({code}, {key.code})"
        target = self.new()
        otherwise = f"{target} = UNDEFINED" if soft else self.fail()
        self.put(f"try: {target} = {code}", f"except ABSENT: {otherwise}")
        if not soft:
            self.keep(full[-1], target)
        return Val(target)

    # --- calls ---

    def _call(self, node: Call, *, soft: bool) -> Val:
        args = [self.atom(arg) for arg in node.args]
        if node.name in TYPE_TESTS and len(args) == 1:
            return Val(f"({TYPE_TESTS[node.name].format(args[0].code)})", "bool", atom=False)
        kinds = [arg.kind for arg in args]
        if (node.name, kinds) == ("array.concat", ["list", "list"]):
            return Val(f"({args[0].code} + {args[1].code})", "list", atom=False)
        if node.name == "count" and kinds in (["list"], ["dict"], ["str"], ["set"]):
            return Val(f"len({args[0].code})", "int", atom=False)
        code, kind = self._target(node, args)
        val = self.held(code, kind or "any")
        if not kind and not soft:
            self.put(f"if {val.code} is UNDEFINED: {self.fail()}")
        return val if kind or soft else Val(val.code, _result(node.name))

    def _target(self, node: Call, args: Sequence[Val]) -> tuple[str, str]:
        """Return the code of the call, and the class of a result that is always there."""
        codes = ", ".join(arg.code for arg in args)
        if node.name in BUILTINS:
            wanted, function = BUILTINS[node.name]
            called, kind = f"{self._builtin(function)}({codes})", ""
        elif node.name in self.names.rules and self.variable(node.name, node.line) is None:
            rules = self.names.rules[node.name]
            wanted = -1 if rules[0].args is None else len(rules[0].args)
            self._used.add(node.name)
            called = (
                f"r{self.names.slot(node.name)}({', '.join(['memo', *[a.code for a in args]])})"
            )
            kind = sure(rules)
        else:
            raise RegoError(f"de functie `{node.name}` valt buiten het dialect", node.line)
        if wanted != len(args):
            raise RegoError(f"`{node.name}` heeft een ander aantal argumenten", node.line)
        return called, kind

    def _builtin(self, function: Callable[..., Any]) -> str:
        name = f"B{function.__name__}"
        self.names.constants[name] = function
        return name

    # --- comparisons ---

    def _relation(self, node: Relation) -> Val:
        left, right = self.atom(node.left), self.atom(node.right)
        return self.compared(node.op, left, right)

    def compared(self, op: str, left: Val, right: Val) -> Val:
        """Return the comparison of two values as a condition."""
        if left.constant and right.constant and op in ("==", "!=", "in"):
            same = member if op == "in" else equal
            return self.names.constant(same(left.value, right.value) is not (op == "!="))
        if op == "in":
            return Val(self._contained(left, right), "bool", atom=False)
        if op in _RANKED:
            return Val(_ranked(_RANKED[op], left, right), "bool", atom=False)
        code = _same(left, right) if right.constant else _same(right, left)
        return Val(code if op == "==" else f"(not {code})", "bool", atom=False)

    def _contained(self, left: Val, right: Val) -> str:
        x, xs = left.code, right.code
        if right.constant and isinstance(right.value, list):
            if all(isinstance(item, str) for item in right.value):
                texts = self.names.shared(frozenset(right.value))
                return f"({x}.__class__ is str and {x} in {texts})"
        elif left.kind == "str" and right.kind == "list":
            return f"({x} in {xs})"
        direct = f"{x}.__class__ is str and {xs}.__class__ is list"
        return f"({x} in {xs} if {direct} else member({x}, {xs}))"

    # --- collections ---

    def _collection(self, node: Collection) -> Val:
        items = ", ".join(self.atom(item).code for item in node.items)
        if node.kind == "array":
            return Val(f"[{items}]", "list", atom=False)
        return Val(f"RegoSet([{items}])", "set", atom=False)

    def _object(self, node: Object) -> Val:
        members = [(key, self.atom(value).code) for key, value in node.members]
        code = ", ".join(f"{self.names.constant(key).code}: {value}" for key, value in members)
        return Val(f"{{{code}}}", "dict", atom=False)


def _result(name: str) -> str:
    """Return the class that a built-in gives when it gives anything."""
    return {"array.concat": "list", "substring": "str"}.get(name, "any")


def _ranked(op: str, left: Val, right: Val) -> str:
    a, b = left.code, right.code
    return f"({a} {op} {b} if {a}.__class__ is {b}.__class__ is int else compare({a}, {b}) {op} 0)"


def _same(left: Val, right: Val) -> str:
    """Return `left == right`; the one that is known now stands at the right."""
    a, b, value = left.code, right.code, right.value
    if left.kind == right.kind == "int" or isinstance(value, str) or value in ([], {}):
        return f"({a} == {b})"
    if not right.constant:
        return f"({a} == {b} if {a}.__class__ is str else equal({a}, {b}))"
    if value is None or isinstance(value, bool):
        return f"({a} is {b})"
    if isinstance(value, int):
        return f"({a}.__class__ is not bool and {a} == {b})"
    return f"equal({a}, {b})"
