"""FSC (Federated Service Connectivity): how a source is reached through an Outway.

A koppeling is agreed beforehand, per organisatie. A doorgang is one call through it: its number is
made before the call, stands in the line of the voornemen and goes along with the call.

The names are those of FSC Logging 1.1, so that a line holds what its record will hold.
"""

import datetime as dt
import re
import uuid
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

OUTGOING: Final = "DIRECTION_OUTGOING"
CHANCE_BYTES: Final = 10
"""What `uuid7` takes of chance: 74 bits of it are used."""
WRONG: Final = "fsc"
"""The kind of an error that tells in its own words what is wrong."""


def uuid7(moment: dt.datetime, chance: bytes) -> str:
    """Return a UUID of version 7 (RFC 9562, 5.7): the milliseconds of a moment, then chance."""
    past = (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(milliseconds=1)
    drawn = int.from_bytes(chance) & ((1 << 80) - 1)
    version = (drawn & ~(0xF << 76)) | 0x7 << 76
    variant = (version & ~(0x3 << 62)) | 0x2 << 62
    return str(uuid.UUID(int=past << 80 | variant))


def _form(pattern: str, melding: str) -> AfterValidator:
    """Return what refuses text of another form, in these words."""
    form = re.compile(pattern, re.ASCII)

    def check(text: str) -> str:
        if not form.fullmatch(text):
            raise PydanticCustomError(WRONG, melding)
        return text

    return AfterValidator(check)


_GrantHash = Annotated[
    str,
    _form(
        # Type 1 is the hash of a contract, which an Outway does not know as a grant.
        r"\$[0-9]{1,3}\$[2-9]\$[A-Za-z0-9+/_-]{20,1000}={0,2}",
        "Dit is geen grant hash. Die begint zo: $1$3$. Een contract hash ($1$1$) is iets anders.",
    ),
]
_ServiceName = Annotated[
    str,
    _form(
        r"[A-Za-z0-9._-]{3,100}",
        "De naam van een dienst heeft 3 tot 100 letters, cijfers, streepjes of punten.",
    ),
]
_PeerId = Annotated[
    str,
    _form(
        r"[A-Za-z0-9._-]{1,20}",
        "Het nummer van een peer heeft hoogstens 20 letters of cijfers, zoals een OIN.",
    ),
]


class _Deel(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class _Side(_Deel):
    """One side of a koppeling; who acts for another names that other."""

    type: str
    delegator_peer_id: _PeerId | None = None

    @model_validator(mode="after")
    def _names_for_whom(self) -> Self:
        if ("DELEGATED" in self.type) != (self.delegator_peer_id is not None):
            raise PydanticCustomError(
                WRONG, "Met DELEGATED in type hoort hier delegator_peer_id, en anders niet."
            )
        return self


class _Source(_Side):
    type: Literal["SOURCE_TYPE_SOURCE", "SOURCE_TYPE_DELEGATED_SOURCE"]
    outway_peer_id: _PeerId


class _Destination(_Side):
    type: Literal["DESTINATION_TYPE_DESTINATION", "DESTINATION_TYPE_DELEGATED_DESTINATION"]
    service_peer_id: _PeerId


class Koppeling(_Deel):
    """What is agreed with one organisatie: by which grant its service is called, by whom."""

    grant_hash: _GrantHash
    service_name: _ServiceName
    source: _Source
    destination: _Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Doorgang:
    """One call through an Outway."""

    koppeling: Koppeling
    transactie: str
    """Its number: a UUID of version 7."""
    trace_id: str
    span_id: str
    """The span of the decision that it rests on."""

    @property
    def traceparent(self) -> str:
        """The W3C Trace Context of the call; sampled, for everything is recorded."""
        return f"00-{self.trace_id}-{self.span_id}-01"

    def inscription(self) -> dict[str, Any]:
        """Return what stands of it in the line of its voornemen, as `fsc`."""
        return {
            "transaction_id": self.transactie,
            "direction": OUTGOING,
            **self.koppeling.model_dump(exclude_none=True),
            "trace_id": self.trace_id,
            "span_id": self.span_id,
        }
