"""The dialect says what OPA says, and refuses what it does not know."""

import datetime as dt
import random
import re
from pathlib import Path
from typing import Any

import pytest

from broker.decision.dialect.engine import Program
from broker.decision.dialect.parser import parse
from broker.decision.dialect.syntax import RegoError
from broker.decision.dialect.values import UNDEFINED, ConflictError
from tests.decision.dialect_opa import OPA, answers, exact, needs_opa, opa

HEAD = "package t.p\nimport rego.v1\n"
PROGRAMS = (
    Path(__file__).with_name("dialect_programs.txt").read_text(encoding="utf-8").split("\n--\n")
)
DATA = {
    "vast": {
        "lijst": [1, "a", True, None],
        "object": {"a": {"x": 1}, "b": {"x": False}, "é": {}},
        "paren": [["a", 1], ["b", True], ["é", 0]],
    }
}
SCALARS = [
    None, True, False, 0, 1, 2, -1, 0.5, "", "a", "b", "ab", "é", "𝄞a", "a\0b", "\uffff",
]  # fmt: skip
COMPOUND: list[Any] = [
    [], [1], [True], ["a"], ["a", 1], [["a", 1]], [["a", ["b"]]], {}, {"a": 1}, {"a": True},
    {"a": {"b": None}}, {"b": [1], "a": 0}, {"é": 1, "𝄞": 2, "\uffff": 3}, [{"a": 1}, {"a": True}],
]  # fmt: skip
# Each name of the inputs, and of what class it mostly is.
NAMES = {
    "a": "any", "b": "any", "s": "str", "t": "str", "n": "int", "m": "int",
    "xs": "list", "ys": "list", "o": "dict", "deep": "deep",
}  # fmt: skip


def some_value(chance: random.Random) -> object:
    """Return any value."""
    return chance.choice(SCALARS if chance.random() < 0.7 else COMPOUND)


def value_of(chance: random.Random, kind: str) -> object:
    """Return a value of this class, mostly."""
    if kind == "any" or chance.random() < 0.15:
        return some_value(chance)
    made: dict[str, object] = {
        "str": chance.choice(["", "a", "b", "ab", "é", "aé𝄞b", "x"]),
        "int": chance.choice([0, 1, 2, 3, -1, 1.0]),
        "list": [some_value(chance) for _ in range(chance.randrange(4))],
        "dict": {chance.choice(["b", "a", "é", "", "𝄞"]): some_value(chance) for _ in range(3)},
        "deep": {"a": {"b": some_value(chance)}},
    }
    return made[kind]


def make_inputs(seed: int, amount: int) -> list[dict[str, Any]]:
    """Return inputs in which any name may be absent."""
    chance = random.Random(seed)
    return [
        {name: value_of(chance, kind) for name, kind in NAMES.items() if chance.random() > 0.12}
        for _ in range(amount)
    ]


def ours(program: Program, rules: list[str], facts: dict[str, Any]) -> dict[str, Any]:
    """Return the rules that have a value."""
    values = {rule: program.run(rule, facts) for rule in rules}
    return {rule: value for rule, value in values.items() if value is not UNDEFINED}


@needs_opa
def test_programs_say_what_opa_says(tmp_path: Path) -> None:
    """Every program of the table has on every input the value that OPA gives, or none as OPA."""
    inputs = make_inputs(7, 120)
    told = answers(tmp_path, PROGRAMS, DATA, inputs)
    wrong = []
    for number, body in enumerate(PROGRAMS):
        text = f"package t.p{number}\nimport rego.v1\n{body}"
        program = Program(text, DATA, package="t")
        rules = sorted({rule.name for rule in parse(text) if rule.args is None})
        for facts, want in zip(inputs, told[number].values(), strict=True):
            got = ours(program, rules, facts)
            if exact(got) != exact(want):
                wrong.append((body, facts, got, want))

    assert wrong[:3] == []
    assert len(PROGRAMS) >= 80


CONFLICTS = [
    ("r := 1 if input.a\nr := 2 if input.b", {"a": 0, "b": 0}),
    ("r := 1 if input.a\nr := true if input.b", {"a": 0, "b": 0}),
    ("r := x if some x in input.xs", {"xs": [1, True]}),
    ("r := f(input.a)\nf(x) := 1 if x\nf(x) := x if x", {"a": "x"}),
    ("r := {k: v | some [k, v] in input.xs}", {"xs": [["a", 1], ["a", 2]]}),
    ("r if not p\np := 1 if input.a\np := false if input.a", {"a": 0}),
]


@needs_opa
@pytest.mark.parametrize(("body", "facts"), CONFLICTS, ids=[body[:30] for body, _ in CONFLICTS])
def test_conflicting_values_are_no_verdict(
    tmp_path: Path, body: str, facts: dict[str, Any]
) -> None:
    """Where two clauses or keys give different values OPA stops, and so do we."""
    (tmp_path / "p.rego").write_text(HEAD + body, encoding="utf-8")
    (tmp_path / "i.json").write_text(exact(facts), encoding="utf-8")
    done = opa("eval", "-d", f"{tmp_path}/p.rego", "-i", f"{tmp_path}/i.json", "data.t.p.r")

    assert "conflict" in done.stdout + done.stderr
    with pytest.raises(ConflictError):
        Program(HEAD + body, {}, package="t").run("r", facts)


@pytest.mark.parametrize("member", [1.0, [1.0], {"a": 1.0}])
def test_sets_of_doubtful_numbers_have_no_value(member: object) -> None:
    """A set over 1.0, of which OPA says in two ways whether it is 1, is an error."""
    program = Program(HEAD + "r := {x | some x in input.xs}", {}, package="t")

    assert program.run("r", {"xs": [1, 0.5, 1]}) == [0.5, 1]
    with pytest.raises(ConflictError):
        program.run("r", {"xs": [member]})


OUTSIDE = {
    "input.x = 1": "r if input.x = 1",
    "unification in a head": "r = 1",
    "arithmetic": "r := input.a + 1",
    "minus": "r := input.a -1",
    "set union": "r := {1} | {2}",
    "raw text": "r := `a`",
    "half a character": r'r := "\ud800"',
    "unclosed text": 'r := "a',
    "fraction": "r := 1.5",
    "large number": "r := 12345678901234567",
    "partial set": "r contains x if some x in input.xs",
    "partial object": 'r["a"] := 1',
    "dotted rule": "r.a := 1",
    "with": "r if input.a with input as {}",
    "wildcard": "r if input.xs[_] == 1",
    "unbound index": "r if input.xs[i] == 1",
    "bare some": "r if { some x; input.xs[x] }",
    "use before binding": "r if { x == 1; x := input.a }",
    "hides a rule further on": "r if { p; p := 1 }\np := 2",
    "bound twice": "r if { x := 1; x := 2 }",
    "argument bound again": "r if f(1)\nf(x) := y if { x := 1; y := x }",
    "argument twice": "r if f(1, 2)\nf(x, x) if x",
    "binds input": "r if { input := 1; input }",
    "unused variable": "r if some x in input.xs",
    "unused in pattern": "r := [x | some [x, y] in input.xs]",
    "destructuring": "r if { [x, y] := input.a; x == y }",
    "unknown rule": "r := weg",
    "unknown function": "r := weg(1)",
    "unknown built-in": 'r := sprintf("%v", [1])',
    "clock": "r := time.now_ns()",
    "network": 'r := http.send({"url": "x"})',
    "too many arguments": "r := count(1, 2)",
    "too few arguments": "r := f(1)\nf(x, y) if x == y",
    "rule called": "r := p(1)\np := 1",
    "function as value": "r := f\nf(x) if x",
    "mixed definitions": "r := 1\nr(x) := x",
    "name of a built-in": "count := 1",
    "recursion": "r if f(1)\nf(x) if g(x)\ng(x) if f(x)",
    "rule on itself": "r if not r",
    "own package by path": "r := data.t.p.q\nq := 1",
    "whole data": "r := data",
    "dynamic data": "r := data[input.s]",
    "dynamic key": "r := {input.s: 1}",
    "key twice": 'r := {"a": 1, "a": 2}',
    "in within a list": "r := [1 in input.xs]",
    "in within a call": "r := count(1 in input.xs)",
    "comparison heads comprehension": "r := [input.a == 1 | input.b]",
    "chained comparison": "r := input.a == 1 == true",
    "space before bracket": "r := input.xs [0]",
    "space behind a dot": "r := input. a",
    "member on the next line": "r := input.\na",
    "space before arguments": "r := count (input.xs)",
    "two statements on a line": "r if { input.a input.b }",
    "two rules on a line": "r := 1 q := 2",
    "empty body": "r if {}",
    "body not closed": "r if { input.a",
    "nothing said": "r",
    "two defaults": "default r := 1\ndefault r := 2",
    "default of a function": "default f(x) := 1",
    "varying default": "default r := input.a",
    "else behind always": "r := 1\nelse := 2",
    "empty else": "r := 1 if input.a\nelse",
    "keyword as member": "r := input.in",
    "second package": "package t.q",
    "second import": "import data.x",
    "text with members": 'r := "abc"[0]',
    "member of parentheses": "r := (input.a == 1).x",
    "too deep": "r := " + "[" * 5000 + "1" + "]" * 5000,
}
OUTSIDE["too many loops"] = (
    "r if {" + "; ".join(f"some x{i} in input.xs; x{i}" for i in range(40)) + "}"
)


@pytest.mark.parametrize("body", OUTSIDE.values(), ids=OUTSIDE.keys())
def test_outside_the_dialect_is_refused(body: str) -> None:
    """What the dialect does not hold is refused at load, with its line and a reason."""
    with pytest.raises(RegoError) as refusal:
        Program(HEAD + body, {"vast": 1}, package="t")

    assert refusal.value.line >= 1
    assert refusal.value.reason


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("package t\nimport rego.v1\n\nr := 1\n\nq := weg", 6),
        ("package t\nimport rego.v1\nr if {\n\tinput.a\n\tinput.b = 1\n}", 5),
        ("package t\nimport rego.v1\n# x\nr := [x |\n\tsome x in input.xs\n\ty\n]", 6),
        ("package t\nr := 1", 2),
        ("package t\nimport future.keywords", 2),
        ("r := 1", 1),
    ],
)
def test_refusal_names_the_line(text: str, line: int) -> None:
    """A refusal points at the line of the fault."""
    with pytest.raises(RegoError) as refusal:
        Program(text, {}, package="t")

    assert refusal.value.line == line


NASTY = [
    "'); import os  #", '"""', "\\", "\n", "{0}", "%s", "\0", "\u2028", "__import__('os')", "é'\"",
]  # fmt: skip


@pytest.mark.parametrize("text", NASTY)
def test_texts_stay_texts(text: str) -> None:
    """A text in a rule, in the data or in a dossier is never read as Python."""
    written = exact(text)
    parts = ("{0}", "{{{0}: input[{0}]}}", "data.x[{0}]", "input.v == {0}")
    body = f"r := [{', '.join(part.format(written) for part in parts)}]"
    got = Program(HEAD + body, {"x": {text: 1}}, package="t").run("r", {text: text, "v": text})

    assert got == [text, {text: text}, 1, True]


def test_names_never_reach_the_python() -> None:
    """No name of a rule stands in the Python text, and the text has no built-ins to call."""
    body = (
        "__import__ := x if { exec := input.a; x := [eval, exec] }\neval := compile(input.a)\n"
        "compile(memo) := {result | some result in [memo]}\n"
    )
    program = Program(HEAD + body, {}, package="t")

    assert program.run("__import__", {"a": "os"}) == [["os"], "os"]
    assert not re.search(r"__import__|exec|eval|compile|__builtins__|import", program.source)


def test_inputs_are_left_as_they_are() -> None:
    """The facts and the data are not changed, and a result shares nothing with them."""
    data: dict[str, Any] = {"x": {"b": [1], "a": 2}}
    facts: dict[str, Any] = {"z": [3], "a": {"y": 1, "x": 2}}
    program = Program(HEAD + "r := [data.x, input.z, input.a, [4]]", data, package="t")
    first: Any = program.run("r", facts)
    for part in first:
        part.clear()

    assert program.run("r", facts) == [{"a": 2, "b": [1]}, [3], {"x": 2, "y": 1}, [4]]
    assert (data, list(facts["a"])) == ({"x": {"b": [1], "a": 2}}, ["y", "x"])


class Text(str):
    """A text that is not of the class that the rules look for."""

    __slots__ = ()


@pytest.mark.parametrize(
    "facts",
    [{"a": {1, 2}}, {1: 2}, {"a": 2**70}, {"a": "\ud800"}, {"a": dt.date.min}, {"a": Text("b")}],
)
def test_what_is_no_json_has_no_value(facts: dict[str, Any]) -> None:
    """Facts that are no JSON are an error, never a value."""
    with pytest.raises(TypeError):
        Program(HEAD + "r := 1", {}, package="t").run("r", facts)


def test_order_of_keys_is_nothing() -> None:
    """Rego goes through an object by its keys in order, whatever order the facts have."""
    body = (
        "r := [[v | some v in input.o], [[k, v] | some k, v in input.o], {x | some x in input.xs}]"
    )
    program = Program(HEAD + body, {}, package="t")
    facts = {"o": {"z": 1, "é": 2, "a": 3}, "xs": [{"b": 1, "a": 2}, {"a": 2, "b": 0}]}

    assert program.run("r", facts) == [
        [3, 1, 2],
        [["a", 3], ["z", 1], ["é", 2]],
        [{"a": 2, "b": 0}, {"a": 2, "b": 1}],
    ]


def test_opa_is_looked_for() -> None:
    """The comparisons are skipped only where OPA is absent."""
    assert needs_opa.args == (OPA is None,)
