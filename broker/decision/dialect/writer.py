"""Lines of Python under construction, and which names mean what in them.

A statement that fails ends its turn: with `continue` in a loop over values, and with `break` in the
`while True:` around a body that has one turn. That costs Python nothing; where nothing in the body
fails, it is taken out again. Names of the rules never reach the Python text: each variable becomes
`v<number>`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from broker.decision.dialect.syntax import RegoError

_VARIES: Final = object()
_ONE_TURN: Final = "while True:"


@dataclass(frozen=True, slots=True)
class Val:
    """A value in the Python text: its code, the class it surely has, and whether it is a name."""

    code: str
    kind: str = "any"
    atom: bool = True
    value: Any = _VARIES

    @property
    def constant(self) -> bool:
        """Whether the value is known while translating."""
        return self.value is not _VARIES


@dataclass(slots=True)
class _Line:
    """One line; `guard` is the condition when all it does is fail without it."""

    depth: int
    text: str
    guard: str = ""


@dataclass(slots=True)
class _Loop:
    """A loop around the lines being written: what ends its turn, and whether a line does so."""

    end: str
    fails: bool = False


@dataclass(slots=True)
class _Frame:
    """The variables of one body: bound, still to be bound, and those that must be used."""

    bound: dict[str, str]
    pending: set[str]
    unused: dict[str, int] = field(default_factory=dict)


class Writer:
    """The Python of one rule."""

    def __init__(self) -> None:
        self.lines: list[_Line] = []
        self._depth = 0
        self._number = 0
        self._loops: list[_Loop] = []
        self._known: list[dict[str, str]] = [{}]
        self.frames: list[_Frame] = []

    # --- lines ---

    def text(self) -> str:
        """Return the lines written."""
        return "\n".join("    " * line.depth + line.text for line in self.lines)

    def put(self, *texts: str) -> None:
        """Write lines at this depth."""
        self.lines += [_Line(self._depth, text) for text in texts]

    def new(self) -> str:
        """Return a name that is not in use."""
        self._number += 1
        return f"v{self._number}"

    def fail(self) -> str:
        """Return the statement that ends this turn."""
        self._loops[-1].fails = True
        return self._loops[-1].end

    def guard(self, condition: str) -> None:
        """Go on only when this holds."""
        fail = self.fail()
        self.lines.append(_Line(self._depth, f"if not ({condition}): {fail}", condition))

    @contextmanager
    def indented(self) -> Iterator[None]:
        """Write the lines one deeper; what they find is not known behind them."""
        self._depth += 1
        self._known.append({})
        yield
        self._known.pop()
        self._depth -= 1

    @contextmanager
    def loop(self) -> Iterator[None]:
        """Write the lines as the turn of a loop, the head of which was just put."""
        self._loops.append(_Loop("continue"))
        with self.indented():
            yield
        self._loops.pop()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Write the lines as one turn: what fails in it goes on behind it."""
        start, loop = len(self.lines), _Loop("break")
        self.put(_ONE_TURN)
        self._loops.append(loop)
        with self.indented():
            yield
            if loop.fails:
                self.put(loop.end)
        self._loops.pop()
        if not loop.fails:
            del self.lines[start]
            for line in self.lines[start:]:
                line.depth -= 1

    def guards(self, start: int) -> list[str] | None:
        """Return the conditions of a turn that does nothing else before its last line."""
        turn = self.lines[start:]
        if turn and turn[0].text == _ONE_TURN:
            turn = turn[1:-1]
        turn = turn[:-1]
        conditions = [line.guard for line in turn if line.guard]
        return conditions if len(conditions) == len(turn) else None

    # --- what is known here ---

    def known(self, code: str) -> str | None:
        """Return the name that surely holds this already."""
        return next((seen[code] for seen in self._known if code in seen), None)

    def keep(self, code: str, name: str) -> None:
        """Remember that the name holds this from here on."""
        self._known[-1][code] = name

    # --- variables ---

    @contextmanager
    def frame(self, pending: list[str], line: int) -> Iterator[None]:
        """Open the scope of a body that will bind these.

        Raises:
            RegoError: One is bound twice or is called as `input` and `data` are; one that `some`
                or `every` bound was never used.
        """
        if len(set(pending)) < len(pending) or {"input", "data", "_"} & set(pending):
            raise RegoError("een naam is twee keer gegeven, of is gereserveerd", line)
        self.frames.append(_Frame({}, set(pending)))
        yield
        for name, where in self.frames.pop().unused.items():
            raise RegoError(f"`{name}` wordt niet gebruikt", where)

    def bind(self, name: str, line: int, *, must_use: bool = False) -> str:
        """Give a variable of this body its name in Python."""
        frame = self.frames[-1]
        frame.pending.discard(name)
        if must_use:
            frame.unused[name] = line
        frame.bound[name] = code = self.new()
        return code

    def variable(self, name: str, line: int) -> str | None:
        """Return the name in Python of a variable, or None when no body binds it.

        Raises:
            RegoError: It is bound further on only.
        """
        for frame in reversed(self.frames):
            if name in frame.pending:
                raise RegoError(f"`{name}` wordt gebruikt voor het een waarde heeft", line)
            if name in frame.bound:
                frame.unused.pop(name, None)
                return frame.bound[name]
        return None
