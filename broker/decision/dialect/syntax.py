"""Tokens and nodes of the dialect."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

_TOKEN: Final = re.compile(
    r"""
    (?P<space>[ \t\r\n]+|\#[^\n]*)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<string>"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*")
  | (?P<number>-?(?:0|[1-9][0-9]{0,14})(?![0-9A-Za-z_.]))
  | (?P<sign>:=|==|!=|<=|>=|[<>{}\[\](),;:|.])
    """,
    re.VERBOSE,
)
KEYWORDS: Final = frozenset(
    (
        "as",
        "contains",
        "default",
        "else",
        "every",
        "false",
        "if",
        "import",
        "in",
        "not",
        "null",
        "package",
        "some",
        "true",
        "with",
    )
)


class RegoError(Exception):
    """A rule is outside the dialect, or is no Rego. Tells where (`line`, from 1) and why."""

    def __init__(self, reason: str, line: int, file: str = "") -> None:
        self.reason = reason
        self.line = line
        self.file = file
        super().__init__(f"{file}:{line}: {reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token; `start` and `end` tell whether it touches its neighbour."""

    kind: str
    text: str
    line: int
    start: int
    end: int


def tokens(text: str) -> Iterator[Token]:
    """Cut the text into tokens; the last one is of kind `end`.

    Raises:
        RegoError: A character belongs to no token of the dialect.
    """
    position, line = 0, 1
    while position < len(text):
        found = _TOKEN.match(text, position)
        if not found:
            raise RegoError(f"teken buiten het dialect: {text[position]!r}", line)
        kind, part = str(found.lastgroup), found.group()
        if kind == "name" and part in KEYWORDS:
            kind = "keyword"
        if kind != "space":
            yield Token(kind=kind, text=part, line=line, start=position, end=found.end())
        line += part.count("\n")
        position = found.end()
    yield Token(kind="end", text="het einde", line=line + 1, start=position, end=position)


@dataclass(frozen=True, slots=True)
class Const:
    """A value written out, without sets."""

    line: int
    value: Any


@dataclass(frozen=True, slots=True)
class Var:
    """A name: a variable, a rule, `input` or `data`."""

    line: int
    name: str


@dataclass(frozen=True, slots=True)
class Ref:
    """Members of something: `head.a["b"][c]`."""

    line: int
    head: "Term"
    path: tuple["Term", ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments."""

    line: int
    name: str
    args: tuple["Term", ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """A comparison or a membership."""

    line: int
    op: str
    left: "Term"
    right: "Term"


@dataclass(frozen=True, slots=True)
class Collection:
    """An array or a set (`kind`) written out."""

    line: int
    kind: str
    items: tuple["Term", ...]


@dataclass(frozen=True, slots=True)
class Object:
    """An object written out, its keys in order."""

    line: int
    members: tuple[tuple[str, "Term"], ...]


@dataclass(frozen=True, slots=True)
class Comprehension:
    """`[head | body]`, or a `set`, or an `object` with key and value as head."""

    line: int
    kind: str
    head: tuple["Term", ...]
    body: "Body"


Term: TypeAlias = Const | Var | Ref | Call | Relation | Collection | Object | Comprehension


@dataclass(frozen=True, slots=True)
class Expr:
    """A term that must not be false; with `negated` one that must be false or undefined."""

    line: int
    term: Term
    negated: bool


@dataclass(frozen=True, slots=True)
class Assign:
    """`name := term`."""

    line: int
    name: str
    term: Term


@dataclass(frozen=True, slots=True)
class Some:
    """`some key, value in domain`; a value may be an array of patterns."""

    line: int
    key: "Pattern | None"
    value: "Pattern"
    domain: Term


@dataclass(frozen=True, slots=True)
class Every:
    """`every key, value in domain { body }`."""

    line: int
    key: Var | None
    value: Var
    domain: Term
    body: "Body"


Pattern: TypeAlias = Var | Const | tuple["Pattern", ...]
Statement: TypeAlias = Expr | Assign | Some | Every
Body: TypeAlias = tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Clause:
    """One value of a rule with its body; the value is `true` when none is written."""

    line: int
    value: Term
    body: Body


@dataclass(frozen=True, slots=True)
class Rule:
    """One definition: a default, or a clause with the ones behind `else`."""

    line: int
    name: str
    args: tuple[Var, ...] | None
    clauses: tuple[Clause, ...]
    default: bool


def names(pattern: Pattern | None) -> Iterator[str]:
    """Yield the variables that a pattern binds."""
    if isinstance(pattern, Var) and pattern.name != "_":
        yield pattern.name
    elif isinstance(pattern, tuple):
        for part in pattern:
            yield from names(part)


def declared(body: Body) -> list[str]:
    """Return the variables that the statements of this body bind, as often as they do."""
    found: list[str] = []
    for statement in body:
        if isinstance(statement, Assign):
            found.append(statement.name)
        elif isinstance(statement, Some):
            found += [*names(statement.key), *names(statement.value)]
    return found
