"""Translate bodies: statements in the order in which they stand, and comprehensions."""

from collections.abc import Callable
from functools import partial

from typing_extensions import override

from broker.decision.dialect.syntax import (
    Assign,
    Body,
    Call,
    Comprehension,
    Const,
    Every,
    Pattern,
    Relation,
    Some,
    Term,
    Var,
    declared,
)
from broker.decision.dialect.terms import Terms
from broker.decision.dialect.writer import Val

_MADE = {"array": "{}", "set": "RegoSet({})", "object": "new_object({})"}
_CLASS = {"array": "list", "set": "set", "object": "dict"}


class Bodies(Terms):
    """The Python of one rule, as far as its bodies go."""

    def body(self, statements: Body, then: Callable[[], None]) -> None:
        """Write statements, and what follows on each way that they hold."""
        for index, statement in enumerate(statements):
            if isinstance(statement, Some):
                self._some(statement, partial(self.body, statements[index + 1 :], then))
                return
            if isinstance(statement, Assign):
                self._assign(statement)
            elif isinstance(statement, Every):
                self._every(statement)
            elif statement.negated:
                self._negated(statement.term)
            else:
                self._holds(self.term(statement.term))
        then()

    @override
    def comprehension(self, node: Comprehension) -> Val:
        """Write a comprehension; one that only tests becomes a single line."""
        result, start = self.new(), len(self.lines)
        heads: list[str] = []

        def collect() -> None:
            heads.extend(self.term(part).code for part in node.head)
            member = f"({', '.join(heads)})" if len(heads) > 1 else heads[0]
            heads[:] = [member]
            self.put(f"{result}.append({member})")

        self.put(f"{result} = []")
        with self.frame(declared(node.body), node.line), self.turn():
            self.body(node.body, collect)
        made = _MADE[node.kind]
        conditions = self.guards(start + 1)
        if conditions is not None:
            del self.lines[start:]
            tests = " and ".join(f"({condition})" for condition in conditions)
            listed = f"[{heads[0]}] if {tests} else []" if tests else f"[{heads[0]}]"
            self.put(f"{result} = {made.format(listed)}")
        elif node.kind != "array":
            self.put(f"{result} = {made.format(result)}")
        return Val(result, _CLASS[node.kind])

    # --- statements ---

    def _assign(self, statement: Assign) -> None:
        val = self.term(statement.term)
        code = self.bind(statement.name, statement.line)
        self.kinds[code] = val.kind
        self.put(f"{code} = {val.code}")

    def _holds(self, val: Val) -> None:
        if (condition := _truth(val)) != "True":
            self.guard(condition)

    def _negated(self, term: Term) -> None:
        if isinstance(term, Relation) and term.op == "==":
            (left, a), (right, b) = self._operand(term.left), self._operand(term.right)
            condition = self.compared("==", left, right).code
            maybe = [val.code for val, absent in ((left, a), (right, b)) if absent]
        else:
            val, absent = self._soft_atom(term)
            condition, maybe = _truth(val), [val.code] * absent
        tests = [f"{code} is not UNDEFINED" for code in maybe]
        self.guard(f"not ({' and '.join([*tests, condition])})")

    def _soft_atom(self, term: Term) -> tuple[Val, bool]:
        val, absent = self.soft(term)
        return (val if val.atom else self.held(val.code, val.kind)), absent

    def _operand(self, term: Term) -> tuple[Val, bool]:
        """Write one side of a negated `==`, where only a reference may be undefined."""
        if isinstance(term, Call):
            return self.atom(term), False
        return self._soft_atom(term)

    def _some(self, statement: Some, then: Callable[[], None]) -> None:
        domain = self.atom(statement.domain)
        value = self._receiver(statement.value)
        if statement.key is None:
            self.put(f"for {value} in {_each(domain)}:")
        else:
            key = self._receiver(statement.key)
            pairs = f"{domain.code}.items()" if domain.kind == "dict" else f"pairs({domain.code})"
            self.put(f"for {key}, {value} in {pairs}:")
        with self.loop():
            self._match(statement.value, value)
            then()

    def _receiver(self, pattern: Pattern) -> str:
        """Return the name that receives what a pattern matches."""
        if not isinstance(pattern, Var):
            return self.new()
        return "_" if pattern.name == "_" else self.bind(pattern.name, pattern.line, must_use=True)

    def _match(self, pattern: Pattern, code: str) -> None:
        """Write what must hold of a value that a name alone does not match."""
        if isinstance(pattern, Const):
            self._holds(self.compared("==", Val(code), self.names.constant(pattern.value)))
        elif isinstance(pattern, tuple):
            self.guard(f"{code}.__class__ is list and len({code}) == {len(pattern)}")
            parts = [(part, self._receiver(part)) for part in pattern]
            self.put(f"[{', '.join(name for _, name in parts)}] = {code}")
            for part, name in parts:
                self._match(part, name)

    def _every(self, statement: Every) -> None:
        domain = self.atom(statement.domain)
        holds, one = self.new(), self.new()
        self.guard(f"{domain.code}.__class__ in COLLECTIONS")
        bound = [var for var in (statement.key, statement.value) if var and var.name != "_"]
        pending = [*(var.name for var in bound), *declared(statement.body)]
        with self.frame(pending, statement.line):
            value = self._receiver(statement.value)
            self.put(f"{holds} = True")
            if statement.key is None:
                self.put(f"for {value} in {_each(domain)}:")
            else:
                self.put(f"for {self._receiver(statement.key)}, {value} in pairs({domain.code}):")
            with self.loop():
                self.put(f"{one} = False")
                with self.turn():
                    self.body(statement.body, lambda: self.put(f"{one} = True"))
                self.put(f"if not {one}: {holds} = False; break")
        self.guard(holds)


def _truth(val: Val) -> str:
    """Return the condition that a value is not false."""
    if val.constant:
        return str(val.value is not False)
    if val.kind == "bool" and not val.atom:
        return val.code
    return "True" if val.kind in ("list", "dict", "str", "set") else f"{val.code} is not False"


def _each(domain: Val) -> str:
    """Return what Python goes through for the values of a collection."""
    code = domain.code
    if domain.kind == "list":
        return code
    return f"({code} if {code}.__class__ is list else values({code}))"
