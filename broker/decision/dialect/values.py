"""Values of Rego in Python: their order, their equality and the built-in functions.

JSON values are the Python ones (None, bool, int, float, str, list, dict). Rego goes through an
object by its keys in order; the dicts of a dossier have another, so whoever goes through one sorts.
Python finds `True == 1` and lets `-1` count from the end of a list; Rego does not, so nothing here
trusts `==` or `[]` before it has seen the classes. Source: OPA 1.9, `ast/compare.go`, `topdown/`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cmp_to_key
from typing import Any, Final, TypeAlias

from typing_extensions import override

# A JSON value, a RegoSet or a mark. Its class is looked at where it matters, at run time.
Value: TypeAlias = Any


class _Mark:
    """A value that no dossier can hold. It has no members, so that a ref into it is undefined."""

    __slots__ = ()


UNDEFINED: Final = _Mark()
NOT_YET: Final = _Mark()


class ConflictError(Exception):
    """There is no one value: two clauses differ, or OPA itself is of two minds.

    OPA tells 1 and 1.0 apart in a set, and finds them equal elsewhere; here neither is guessed.
    """


class RegoSet:
    """A set: its members once each, in the order of Rego."""

    __slots__ = ("members",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, values: Iterable[Value]) -> None:
        values = list(values)
        if any(map(_doubtful, values)):
            raise ConflictError
        self.members: list[Value] = []
        for value in sorted(values, key=cmp_to_key(compare)):
            if not self.members or compare(self.members[-1], value):
                self.members.append(value)

    def __len__(self) -> int:
        return len(self.members)

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, RegoSet) and equal(self.members, other.members)

    def __getitem__(self, key: Value) -> Value:
        if not member(key, self):
            raise KeyError
        return key


_ORDER: Final = {type(None): 0, bool: 1, int: 2, float: 2, str: 3, list: 4, dict: 5, RegoSet: 6}
NUMBERS: Final = (int, float)
COLLECTIONS: Final = (list, dict, RegoSet)


def compare(a: Value, b: Value) -> int:
    """Return -1, 0 or 1: null < boolean < number < string < array < object < set."""
    left, right = _ORDER[a.__class__], _ORDER[b.__class__]
    if left != right:
        return -1 if left < right else 1
    if left == 0:
        return 0
    if left < _ORDER[list]:
        return int(a > b) - int(a < b)
    return _compare_members(_sequence(a), _sequence(b))


def _sequence(value: Value) -> Sequence[Value]:
    """Return what a collection is ordered by: an object by its keys, each with its value."""
    if value.__class__ is dict:
        return [part for pair in pairs(value) for part in pair]
    return value.members if value.__class__ is RegoSet else value


def _doubtful(value: Value) -> bool:
    """Tell whether a whole number is written as a fraction somewhere in this."""
    if value.__class__ is float:
        return bool(value.is_integer())
    return value.__class__ in COLLECTIONS and any(map(_doubtful, _sequence(value)))


def _compare_members(a: Sequence[Value], b: Sequence[Value]) -> int:
    for x, y in zip(a, b, strict=False):
        if order := compare(x, y):
            return order
    return int(len(a) > len(b)) - int(len(a) < len(b))


def equal(a: Value, b: Value) -> bool:
    """Tell whether two values are the same; true is not 1, and 1 is 1.0."""
    if a.__class__ is not b.__class__:
        return a.__class__ in NUMBERS and b.__class__ in NUMBERS and bool(a == b)
    if a.__class__ is list:
        return len(a) == len(b) and all(map(equal, a, b))
    if a.__class__ is dict:
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    return bool(a == b)


def values(xs: Value) -> Iterable[Value]:
    """Return what `some x in xs` goes through; of what is no collection nothing."""
    if xs.__class__ is list:
        return xs
    if xs.__class__ is dict:
        return [xs[key] for key in sorted(xs)]
    return xs.members if xs.__class__ is RegoSet else ()


def pairs(xs: Value) -> Iterable[tuple[Value, Value]]:
    """Return what `some k, v in xs` goes through."""
    if xs.__class__ is dict:
        return sorted(xs.items())
    if xs.__class__ is list:
        return enumerate(xs)
    return ((x, x) for x in values(xs))


def member(x: Value, xs: Value) -> bool:
    """Tell whether `x in xs`; in an object it is the values that count."""
    held = values(xs)
    if x.__class__ is str:
        return x in held
    for y in held:  # noqa: SIM110 - a loop takes half the time of any() here
        if equal(x, y):
            return True
    return False


def at(xs: Value, key: Value) -> Value:
    """Return `xs[key]`.

    Raises:
        KeyError: It is undefined.
    """
    if xs.__class__ is dict and key.__class__ is str:
        return xs[key]
    if xs.__class__ is list:
        if key.__class__ is int and 0 <= key < len(xs):
            return xs[key]
    elif xs.__class__ is RegoSet:
        return xs[key]
    raise KeyError


def merge(a: Value, b: Value) -> Value:
    """Return the one value that two clauses give; one that is undefined gives none.

    Raises:
        ConflictError: They differ.
    """
    if b is UNDEFINED or a is UNDEFINED:
        return a if b is UNDEFINED else b
    if not equal(a, b):
        raise ConflictError
    return a


def new_object(members: Iterable[tuple[Value, Value]]) -> dict[str, Value]:
    """Return an object with its keys in order.

    Raises:
        ConflictError: A key has two values, or is no string (outside the dialect).
    """
    made: dict[str, Value] = {}
    for key, value in members:
        if key.__class__ is not str:
            raise ConflictError
        made[key] = merge(made.get(key, UNDEFINED), value)
    return dict(sorted(made.items()))


def _count(xs: Value) -> Value:
    return len(xs) if xs.__class__ is str or xs.__class__ in COLLECTIONS else UNDEFINED


def _concat(a: Value, b: Value) -> Value:
    return a + b if a.__class__ is list and b.__class__ is list else UNDEFINED


def _startswith(text: Value, start: Value) -> Value:
    both = text.__class__ is str and start.__class__ is str
    return text.startswith(start) if both else UNDEFINED


def _endswith(text: Value, end: Value) -> Value:
    both = text.__class__ is str and end.__class__ is str
    return text.endswith(end) if both else UNDEFINED


def _substring(text: Value, offset: Value, length: Value) -> Value:
    """Return so many characters from there; a negative length means all the rest."""
    if (text.__class__, offset.__class__, length.__class__) != (str, int, int) or offset < 0:
        return UNDEFINED
    return text[offset:] if length < 0 else text[offset : offset + length]


def _get(xs: Value, key: Value, default: Value) -> Value:
    """Return the member of an object, or of what lies along a path, else the default."""
    if xs.__class__ is not dict:
        return UNDEFINED
    try:
        for part in key if key.__class__ is list else (key,):
            xs = at(xs, part)
    except KeyError:
        return default
    return xs


# Each built-in: the number of its arguments and what it is. A type error is undefined.
BUILTINS: Final[Mapping[str, tuple[int, Callable[..., Value]]]] = {
    "count": (1, _count),
    "array.concat": (2, _concat),
    "startswith": (2, _startswith),
    "endswith": (2, _endswith),
    "substring": (3, _substring),
    "object.get": (3, _get),
}
# Type tests never fail, so they become a comparison of classes in the text.
TYPE_TESTS: Final = {
    "is_string": "{0}.__class__ is str",
    "is_array": "{0}.__class__ is list",
    "is_object": "{0}.__class__ is dict",
    "is_boolean": "{0}.__class__ is bool",
    "is_null": "{0} is None",
    "is_set": "{0}.__class__ is RegoSet",
    "is_number": "{0}.__class__ in NUMBERS",
}
