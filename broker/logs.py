"""The log of operations: JSON lines, each event with only the fields that are listed for it.

This is not the record of `audit/`, which is evidence. Nothing of a body, a token, a subject or a
path stands here: a route is told by its template.
"""

from collections.abc import Mapping, MutableMapping
from enum import StrEnum
from typing import Any, Final, TextIO

import structlog


class Event(StrEnum):
    """What is told."""

    GESTART = "gestart"
    GESTOPT = "gestopt"
    AFGEHANDELD = "afgehandeld"
    ONVERWACHT = "onverwacht"
    VERANKERD = "verankerd"
    NIET_VERANKERD = "niet-verankerd"
    WEER_VERANKERD = "weer-verankerd"
    ANKER_MISLUKT = "anker-mislukt"


_ALWAYS: Final = frozenset({"event", "level", "timestamp"})
FIELDS: Final[Mapping[str, frozenset[str]]] = {
    Event.GESTART: frozenset({"omgeving", "onbepaald", "regels", "regels_geleverd"}),
    Event.GESTOPT: frozenset(),
    Event.AFGEHANDELD: frozenset({"instance", "methode", "route", "status", "ms"}),
    Event.ONVERWACHT: frozenset({"instance", "soort", "plaats"}),
    # `wie` is a witness or authority by its name in our own settings; `reden` a fixed sentence.
    Event.VERANKERD: frozenset({"wie"}),
    Event.NIET_VERANKERD: frozenset({"reden"}),
    Event.WEER_VERANKERD: frozenset(),
    Event.ANKER_MISLUKT: frozenset({"wie", "reden"}),
}


def make_logger(out: TextIO) -> structlog.typing.FilteringBoundLogger:
    """Return the logger that writes to this stream."""
    logger: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(out),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_listed,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(0),
    )
    return logger


def _only_listed(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> Mapping[str, Any]:
    """Drop every field that is not listed for its event, and tell the names of what was dropped."""
    listed = _ALWAYS | FIELDS.get(str(event["event"]), frozenset())
    kept = {name: fact for name, fact in event.items() if name in listed}
    dropped = sorted(event.keys() - listed)
    return kept | ({"weggelaten": dropped} if dropped else {})
