"""Where a call comes from: its trace (W3C Trace Context), and its transaction of FSC.

Both are told by the hop before us. Anybody can write a header, so what it tells is worth as much
as that hop: where Sluis stands behind an inway, the inway sets `Fsc-Transaction-Id` and drops that
of others; where it does not, whatever stands before Sluis must drop it.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

# Version, trace, parent and flags; a later version may put more behind them (section 3.2.2).
_TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?",
    re.ASCII,
)
# RFC 9562 5.7; an inway makes one for each request (FSC Core).
_UUID_7: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII
)
_TRACE_BYTES: Final = 16
_SPAN_BYTES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """What the hop before us told with a call."""

    traceparent: str | None = None
    fsc: str | None = None
    """The transaction of FSC, when the call crossed an inway or outway (`fsc_transaction`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A trace (32 hex) and the span (16 hex) of the caller within it; None: it began here."""

    trace_id: str
    parent_span_id: str | None
    fsc: str | None = None
    """The transaction of FSC that the call belongs to."""


def fsc_transaction(given: Sequence[str]) -> str | None:
    """Return the transaction that these headers name: exactly one, a UUID of version 7, or none."""
    named = given[0].lower() if len(given) == 1 else ""
    return named if _UUID_7.fullmatch(named) else None


def follow(given: str | None, random_bytes: Callable[[int], bytes]) -> Trace:
    """Return the trace that a caller named, or a new one when it named none that can be read.

    The sampled flag is not looked at: every decision is recorded.

    Args:
        given: The `traceparent` of the caller.
        random_bytes: Gives this many bytes of chance.
    """
    found = _TRACEPARENT.fullmatch(given or "")
    if found is None:
        return Trace(trace_id=random_bytes(_TRACE_BYTES).hex(), parent_span_id=None)
    return Trace(trace_id=found[1], parent_span_id=found[2])


def new_span(random_bytes: Callable[[int], bytes]) -> str:
    """Return the id of a new span."""
    return random_bytes(_SPAN_BYTES).hex()
