"""Records of the transaction log of FSC Logging 1.1, derived from the calls to sources.

FSC logs that a call passed an Outway or Inway, under ids that these two give. A call that did not
go through FSC has no such ids. Then there is no record: nothing here is made up.

What is known of the passage stands in the line of the voornemen, as the object `fsc` with
`transaction_id` (UUID version 7), `direction`, `grant_hash`, `service_name`, `source` and
`destination`; with `trace_id` and `span_id` only when the call itself carried a `traceparent`. The
voornemen is durable before the call, as FSC demands of its log. So a call that failed has its
record too, and so has one of which the end is not known; where the last line says that nothing was
sent, there is none.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from broker.services.uitvoer.regels import Line

INCOMING: Final = "DIRECTION_INCOMING"
OUTGOING: Final = "DIRECTION_OUTGOING"
_UUID7: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII
)
_TEXTS: Final = ("grant_hash", "service_name")
_PARTIES: Final = {"source": "outway_peer_id", "destination": "service_peer_id"}
_TRACE: Final = ("trace_id", "span_id")


def record(line: Line) -> dict[str, Any] | None:
    """Return the record of the call that a line tells of; None when it did not go through FSC.

    A passage of which something obligatory is not known gives no record either.
    """
    passage = (line.payload or {}).get("fsc")
    if not isinstance(passage, Mapping) or not is_whole(passage):
        return None
    found = {
        "transaction_id": passage["transaction_id"],
        "direction": passage["direction"],
        **{name: passage[name] for name in _TEXTS},
        **{party: dict(passage[party]) for party in _PARTIES},
        "created_at": int(line.at.timestamp()),
    }
    return found | {name: passage[name] for name in _TRACE if _is_text(passage.get(name))}


def was_sent(last: Line) -> bool:
    """Tell whether a call may have been made; False when its last line says that none was."""
    told = (last.payload or {}).get("fsc")
    return not isinstance(told, Mapping) or told.get("sent") is not False


def is_whole(passage: Mapping[str, Any]) -> bool:
    """Tell whether all that FSC obliges to is known, in the form that FSC gives it."""
    number = passage.get("transaction_id")
    return (
        isinstance(number, str)
        and _UUID7.fullmatch(number) is not None
        and passage.get("direction") in {INCOMING, OUTGOING}
        and all(_is_text(passage.get(name)) for name in _TEXTS)
        and all(_is_party(passage.get(party), peer) for party, peer in _PARTIES.items())
    )


def _is_party(party: object, peer: str) -> bool:
    return isinstance(party, Mapping) and _is_text(party.get("type")) and _is_text(party.get(peer))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
