"""What FSC adds to a call: the headers for its Outway, and what it says when it refuses.

`Fsc-Grant-Hash` is no part of the standard, but what OpenFSC chooses the service by.
Whoever answers can write a header, so of an error only what is on the list below is told: anything
else could be about a person, and would go past door 2.
"""

import contextlib
from collections.abc import Mapping
from typing import Final

import httpx2
import orjson

from broker.domain.fsc import Doorgang
from broker.domain.ports import BronError, BronFout

_OTHER: Final = "anders"
"""Stands for a code that is not on the list."""
_MAX_BODY: Final = 8192
_PREFIX: Final = "ERROR_CODE_"
"""FSC Core writes it before its codes, FSC Logging does not."""
_DOMAINS: Final[Mapping[str, str]] = {
    "ERROR_DOMAIN_INWAY": "Inway",
    "ERROR_DOMAIN_OUTWAY": "Outway",
    "ERROR_DOMAIN_MANAGER": "Manager",
}
_NO_ACCESS: Final = (BronFout.GEEN_TOEGANG, "FSC geeft Sluis geen toegang tot deze bron")
_CONTRADICTION: Final = (
    BronFout.ONBEGRIJPELIJK,
    "FSC meldt een fout bij een antwoord dat goed lijkt. Meld dit bij de beheerder.",
)
_REFUSED: Final = (BronFout.WEIGERT, "FSC neemt de vraag in deze vorm niet aan")
_CODES: Final[Mapping[str, tuple[BronFout, str]]] = {
    # FSC Core, Inway and Outway
    "ACCESS_TOKEN_MISSING": _NO_ACCESS,
    "ACCESS_TOKEN_INVALID": _NO_ACCESS,
    "ACCESS_TOKEN_EXPIRED": _NO_ACCESS,
    "WRONG_GROUP_ID_IN_TOKEN": _NO_ACCESS,
    "SERVICE_NOT_FOUND": (BronFout.ONBEREIKBAAR, "FSC vindt de dienst van deze bron niet"),
    "SERVICE_UNREACHABLE": (BronFout.ONBEREIKBAAR, "FSC kan deze bron niet bereiken"),
    "METHOD_UNSUPPORTED": _REFUSED,
    # FSC Core, Manager
    "INCORRECT_GROUP_ID": _NO_ACCESS,
    "PEER_NOT_PART_OF_CONTRACT": _NO_ACCESS,
    "SUBMITTING_PEER_NOT_PART_OF_CONTRACT": _NO_ACCESS,
    "RECEIVING_PEER_NOT_PART_OF_CONTRACT": _NO_ACCESS,
    "PEER_CERTIFICATE_VERIFICATION_FAILED": _NO_ACCESS,
    # FSC Logging
    "TRANSACTION_LOG_WRITE_ERROR": (BronFout.ONBEREIKBAAR, "FSC kon de vraag niet vastleggen"),
    "MISSING_LOG_RECORD_ID": _REFUSED,
    "INVALID_LOG_RECORD_ID": _REFUSED,
    # OpenFSC: a grant that is not there, or not any more
    "UNKNOWN_GRANT_HASH_IN_HEADER": _NO_ACCESS,
}


def headers(doorgang: Doorgang | None) -> dict[str, str]:
    """Return the headers that a call has beside its own: none without a way through an Outway."""
    if doorgang is None:
        return {}
    return {
        "Fsc-Grant-Hash": doorgang.koppeling.grant_hash,
        "Fsc-Transaction-Id": doorgang.transactie,
        "traceparent": doorgang.traceparent,
    }


async def judge(
    response: httpx2.Response, doorgang: Doorgang, found: BronError | None
) -> BronError | None:
    """Return what is wrong with an answer that came through an Outway; None: nothing.

    Args:
        response: The answer; of its body only who refused is read, and only when FSC did.
        doorgang: The way it came.
        found: What is wrong with it as an answer of a source.
    """
    if "Fsc-Error-Code" in response.headers:
        # With a status that says all is well it is no answer either.
        return await _refusal(response, found or BronError(*_CONTRADICTION))
    given = response.headers.get_list("Fsc-Transaction-Id", split_commas=True)
    if found is None and any(each.lower() != doorgang.transactie for each in given):
        # Then our record would name a call that nobody else knows.
        melding = "De Outway van FSC gaf de vraag een ander nummer. Meld dit bij de beheerder."
        return BronError(BronFout.ONBEGRIJPELIJK, melding)
    return found


async def _refusal(response: httpx2.Response, found: BronError) -> BronError:
    """Return the error that FSC told of: its code, and where it arose when that is clear."""
    given = response.headers.get_list("Fsc-Error-Code")
    code = given[0].removeprefix(_PREFIX) if len(given) == 1 else _OTHER
    domain = await _domain(response)
    place = {"error_domain": domain} if domain else {}
    if code not in _CODES:
        return BronError(found.fout, found.melding, fsc={"error_code": _OTHER, **place})
    fout, reden = _CODES[code]
    where = f", {_DOMAINS[domain]}" if domain else ""
    melding = f"{reden} ({code}{where}). Meld dit bij de beheerder."
    return BronError(fout, melding, fsc={"error_code": code, **place})


async def _domain(response: httpx2.Response) -> str | None:
    """Return the `domain` in the body of an error of FSC, when that is one that FSC knows."""
    read = bytearray()
    with contextlib.suppress(httpx2.HTTPError, orjson.JSONDecodeError):
        async for part in response.aiter_raw():
            read += part
            if len(read) > _MAX_BODY:
                return None
        body = orjson.loads(read)
        domain = body.get("domain") if isinstance(body, dict) else None
        return domain if isinstance(domain, str) and domain in _DOMAINS else None
    return None
