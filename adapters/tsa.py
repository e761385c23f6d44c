"""A time-stamping authority over HTTP (RFC 3161 section 3.4): bytes out, bytes back.

What the bytes prove is for `audit.stamp`; here they are only brought over. Every failure becomes
an `AnkerError` with a fixed Dutch sentence. The address may hold a password, so neither the
address nor what the library tells of a failure goes any further.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Final

import httpx2

from audit.stamp import MAX_STAMP
from broker.domain.ports import AnkerError

QUERY: Final = "application/timestamp-query"
REPLY: Final = "application/timestamp-reply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stempeldienst:
    """How one authority is reached. The client is shared, and is opened and closed elsewhere."""

    client: httpx2.AsyncClient
    adres: str = field(repr=False)
    seconden: float = 5.0
    """Deadline for connecting, answering and reading together."""
    max_bytes: int = MAX_STAMP

    async def stempel(self, request: bytes) -> bytes:
        """Send one request and return the answer, which is not checked yet.

        Raises:
            AnkerError: No answer, or one that is no stamp or too large.
        """
        outcome: bytes | str
        try:
            async with asyncio.timeout(self.seconden):
                outcome = await self._ask(request)
        except TimeoutError:
            outcome = "De tijdstempeldienst antwoordde niet op tijd."
        except (httpx2.HTTPError, httpx2.InvalidURL):
            outcome = "De tijdstempeldienst is niet bereikbaar."
        # Raised outside the handlers: inside, Python would attach the exception and its address.
        if isinstance(outcome, str):
            raise AnkerError(outcome)
        return outcome

    async def _ask(self, request: bytes) -> bytes | str:
        question = self.client.build_request(
            "POST",
            self.adres,
            content=request,
            headers={
                "Accept": REPLY,
                # A small compressed answer can unpack to gigabytes before it can be counted.
                "Accept-Encoding": "identity",
                "Content-Type": QUERY,
            },
            timeout=httpx2.Timeout(None),
        )
        response = await self.client.send(question, stream=True, follow_redirects=False)
        try:
            return _objection(response) or await self._read(response)
        finally:
            await response.aclose()

    async def _read(self, response: httpx2.Response) -> bytes | str:
        read = bytearray()
        async for chunk in response.aiter_raw():
            read += chunk
            if len(read) > self.max_bytes:
                return "Het antwoord van de tijdstempeldienst is te groot."
        return bytes(read)


def _objection(response: httpx2.Response) -> str | None:
    """Judge an answer on its status and headers alone."""
    if response.status_code != httpx2.codes.OK:
        return "De tijdstempeldienst neemt de aanvraag niet aan."
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if kind != REPLY or encoding != "identity":
        return "De tijdstempeldienst gaf iets anders dan een tijdstempel."
    return None
