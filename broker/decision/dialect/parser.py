"""Read the text of one package of rules.

Recursive descent, one token ahead. Where OPA reads more than the dialect allows, or where its
grammar is a trap (`in` inside a list, a comparison as the head of a comprehension), it is refused.
"""

import json
from collections.abc import Callable
from typing import Final, TypeVar

from broker.decision.dialect.syntax import (
    Assign,
    Body,
    Call,
    Clause,
    Collection,
    Comprehension,
    Const,
    Every,
    Expr,
    Object,
    Pattern,
    Ref,
    RegoError,
    Relation,
    Rule,
    Some,
    Statement,
    Term,
    Token,
    Var,
    tokens,
)

_RELATIONS: Final = ("==", "!=", "<", "<=", ">", ">=")
_WORDS: Final = {"true": True, "false": False, "null": None}
_T = TypeVar("_T")


def parse(text: str) -> tuple[Rule, ...]:
    """Return the rules of a package.

    Raises:
        RegoError: The text is outside the dialect.
    """
    parser = _Parser(text)
    try:
        return parser.module()
    except RecursionError:
        raise RegoError("te diep genest", parser.line) from None


class _Parser:
    """One reading of one text."""

    def __init__(self, text: str) -> None:
        self._tokens = list(tokens(text))
        self._next = 0
        self._last: Token = self._tokens[0]

    @property
    def line(self) -> int:
        """The line of the token ahead."""
        return self._ahead.line

    @property
    def _ahead(self) -> Token:
        return self._tokens[self._next]

    def _is(self, *texts: str) -> bool:
        return self._ahead.kind in ("sign", "keyword") and self._ahead.text in texts

    def _touches(self, text: str) -> bool:
        """Tell whether this sign stands ahead, without a space before it."""
        return self._is(text) and self._ahead.start == self._last.end

    def _take(self) -> Token:
        self._last = self._ahead
        self._next += 1
        return self._last

    def _accept(self, text: str) -> bool:
        if not self._is(text):
            return False
        self._take()
        return True

    def _expect(self, text: str) -> Token:
        if not self._is(text):
            raise self._refuse(f"{text!r} verwacht")
        return self._take()

    def _refuse(self, reason: str) -> RegoError:
        return RegoError(f"{reason}; hier staat {self._ahead.text!r}", self._ahead.line)

    def _member(self) -> Var:
        """Take a dot and the name that touches it."""
        self._expect(".")
        if self._ahead.start != self._last.end:
            raise self._refuse("naam direct na de punt verwacht")
        return self._name()

    def _name(self) -> Var:
        if self._ahead.kind != "name":
            raise self._refuse("naam verwacht")
        token = self._take()
        return Var(token.line, token.text)

    # --- rules ---

    def module(self) -> tuple[Rule, ...]:
        self._expect("package")
        self._name()
        while self._touches("."):
            self._member()
        self._new_line()
        self._expect("import")
        if (self._name().name, self._member().name) != ("rego", "v1"):
            raise RegoError("alleen `import rego.v1` kan", self._last.line)
        rules = []
        while self._ahead.kind != "end":
            self._new_line()
            rules.append(self._rule())
        return tuple(rules)

    def _new_line(self) -> None:
        if self._ahead.line <= self._last.line:
            raise self._refuse("nieuwe regel verwacht")

    def _rule(self) -> Rule:
        line = self.line
        if self._accept("default"):
            name = self._name().name
            self._expect(":=")
            value = self._postfix()
            if not isinstance(value, Const):
                raise RegoError("de waarde van `default` moet vast zijn", line)
            return Rule(line, name, None, (Clause(line, value, ()),), default=True)
        name = self._name().name
        args = self._parameters() if self._touches("(") else None
        if not self._is(":=", "if"):
            raise self._refuse("`:=` of `if` verwacht")
        clauses = [self._clause()]
        while self._is("else"):
            if not clauses[-1].body:
                raise self._refuse("`else` na een regel die altijd geldt")
            self._take()
            clauses.append(self._clause())
        return Rule(line, name, args, tuple(clauses), default=False)

    def _parameters(self) -> tuple[Var, ...]:
        self._expect("(")
        return tuple(self._list(")", self._name))

    def _clause(self) -> Clause:
        line = self._last.line
        value: Term = self._expression() if self._accept(":=") else Const(line, value=True)
        body: Body = ()
        if self._accept("if"):
            body = self._block() if self._is("{") else (self._statement(),)
        elif self._last.text == "else":
            raise self._refuse("`:=` of `if` verwacht")
        return Clause(line, value, body)

    # --- bodies ---

    def _block(self) -> Body:
        self._expect("{")
        return self._body("}")

    def _body(self, end: str) -> Body:
        statements = [self._statement()]
        while not self._accept(end):
            if not self._accept(";"):
                self._new_line()
            statements.append(self._statement())
        return tuple(statements)

    def _statement(self) -> Statement:
        line = self.line
        if self._accept("not"):
            return Expr(line, self._expression(), negated=True)
        if self._accept("some"):
            return self._some(line)
        if self._accept("every"):
            return self._every(line)
        term = self._expression()
        if self._is(":="):
            if not isinstance(term, Var):
                raise self._refuse("links van `:=` kan alleen een naam")
            self._take()
            return Assign(line, term.name, self._expression())
        return Expr(line, term, negated=False)

    def _some(self, line: int) -> Some:
        key, value = None, self._pattern()
        if self._accept(","):
            key, value = value, self._pattern()
        if isinstance(key, tuple | Const):
            raise RegoError("de sleutel bij `some` moet een naam zijn", line)
        self._expect("in")
        return Some(line, key, value, self._postfix())

    def _pattern(self) -> Pattern:
        if self._accept("["):
            return tuple(self._list("]", self._pattern))
        if self._ahead.kind == "name":
            return self._name()
        value = self._primary()
        if not isinstance(value, Const):
            raise RegoError(
                "na `some` kan alleen een naam, een vaste waarde of een lijst", value.line
            )
        return value

    def _every(self, line: int) -> Every:
        key, value = None, self._name()
        if self._accept(","):
            key, value = value, self._name()
        self._expect("in")
        return Every(line, key, value, self._postfix(), self._block())

    # --- terms ---

    def _expression(self) -> Term:
        left = self._relation(self._postfix())
        if not self._is("in"):
            return left
        line = self._take().line
        return Relation(line, "in", left, self._relation(self._postfix()))

    def _relation(self, left: Term) -> Term:
        if not self._is(*_RELATIONS):
            return left
        op = self._take()
        right = self._postfix()
        if self._is(*_RELATIONS):
            raise self._refuse("vergelijkingen achter elkaar")
        return Relation(op.line, op.text, left, right)

    def _postfix(self) -> Term:
        head = self._primary()
        path: list[Term] = []
        while self._touches(".") or self._touches("["):
            if isinstance(head, Const) and not isinstance(head.value, list | dict):
                raise self._refuse("een vaste waarde heeft geen leden")
            if self._is("."):
                name = self._member()
                path.append(Const(name.line, name.name))
                if self._touches("("):
                    head, path = self._call(_dotted(head, path), name.line), []
            else:
                self._expect("[")
                path.append(self._postfix())
                self._expect("]")
        return Ref(head.line, head, tuple(path)) if path else head

    def _call(self, name: str, line: int) -> Call:
        self._expect("(")
        return Call(line, name, tuple(self._list(")", self._item)))

    def _primary(self) -> Term:
        token = self._ahead
        if token.kind == "name":
            name = self._name()
            return self._call(name.name, name.line) if self._touches("(") else name
        if token.kind in ("string", "number"):
            return Const(self._take().line, _literal(token))
        if token.kind == "keyword" and token.text in _WORDS:
            return Const(self._take().line, _WORDS[token.text])
        openers: dict[str, Callable[[int], Term]] = {
            "[": self._array, "{": self._braces, "(": self._parentheses,
        }  # fmt: skip
        if token.kind != "sign" or token.text not in openers:
            raise self._refuse("waarde verwacht")
        return openers[self._take().text](token.line)

    def _parentheses(self, _: int) -> Term:
        inner = self._expression()
        self._expect(")")
        if self._touches(".") or self._touches("["):
            raise self._refuse("wat tussen haakjes staat heeft geen leden")
        return inner

    def _array(self, line: int) -> Term:
        if self._accept("]"):
            return Const(line, [])
        first = self._postfix()
        if self._accept("|"):
            return Comprehension(line, "array", (first,), self._body("]"))
        items = (self._relation(first), *self._rest("]", self._item))
        values = [item.value for item in items if isinstance(item, Const)]
        if len(values) == len(items):
            return Const(line, values)
        return Collection(line, "array", items)

    def _braces(self, line: int) -> Term:
        if self._accept("}"):
            return Const(line, {})
        first = self._postfix()
        if self._accept("|"):
            return Comprehension(line, "set", (first,), self._body("}"))
        if self._accept(":"):
            return self._object(line, first)
        items = (self._relation(first), *self._rest("}", self._item))
        return Collection(line, "set", items)

    def _object(self, line: int, key: Term) -> Term:
        value = self._postfix()
        if self._accept("|"):
            return Comprehension(line, "object", (key, value), self._body("}"))
        pairs = [(key, self._relation(value)), *self._rest("}", self._pair)]
        members = {
            k.value: v for k, v in pairs if isinstance(k, Const) and isinstance(k.value, str)
        }
        if len(members) != len(pairs):
            raise RegoError("de sleutels van een object zijn vaste teksten, elk een keer", line)
        values = {k: v.value for k, v in sorted(members.items()) if isinstance(v, Const)}
        if len(values) == len(members):
            return Const(line, values)
        return Object(line, tuple(sorted(members.items())))

    def _pair(self) -> tuple[Term, Term]:
        key = self._postfix()
        self._expect(":")
        return key, self._item()

    def _item(self) -> Term:
        return self._relation(self._postfix())

    def _list(self, end: str, read: Callable[[], _T]) -> list[_T]:
        """Read what stands between here and the end, with a comma after each but the last."""
        return [] if self._accept(end) else [read(), *self._rest(end, read)]

    def _rest(self, end: str, read: Callable[[], _T]) -> list[_T]:
        found: list[_T] = []
        while not self._accept(end):
            self._expect(",")
            if not self._is(end):
                found.append(read())
        return found


def _dotted(head: Term, path: list[Term]) -> str:
    """Return the name of a function such as `array.concat`."""
    parts = [part.value if isinstance(part, Const) else None for part in path]
    if not isinstance(head, Var) or not all(isinstance(part, str) for part in parts):
        raise RegoError("dit kan niet worden aangeroepen", head.line)
    return ".".join((head.name, *(str(part) for part in parts)))


def _literal(token: Token) -> str | int:
    value: str | int = json.loads(token.text)
    if isinstance(value, str) and any("\ud800" <= sign <= "\udfff" for sign in value):
        raise RegoError("half teken in een tekst", token.line)
    return value
