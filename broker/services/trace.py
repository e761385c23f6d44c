"""Where a call stands in a trace that crosses parties (W3C Trace Context, `traceparent`)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

# Version, trace, parent and flags; a later version may put more behind them (section 3.2.2).
_TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?",
    re.ASCII,
)
_TRACE_BYTES: Final = 16
_SPAN_BYTES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A trace (32 hex) and the span (16 hex) of the caller within it; None: it began here."""

    trace_id: str
    parent_span_id: str | None


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
