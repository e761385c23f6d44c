"""The one place where the broker speaks HTTP to a source.

1. One deadline over everything: connecting, waiting, reading and the one repeat.
2. A question is repeated only when that is safe (docs/besluiten/0007-herhalen.md).
3. The answer is counted while it streams in, and refused before it is parsed.
4. Every failure becomes a `BronError` with a fixed Dutch sentence. Nothing that the source or the
   requester wrote is echoed, and the error has no cause attached: third-party exceptions hold the
   request, and so personal data.
5. What a way through an Outway of FSC adds to this stands in `adapters/fsc.py`.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx2
import orjson

from adapters import fsc
from broker.domain.fsc import Doorgang
from broker.domain.ports import BronError, BronFout

MIB: Final = 1_048_576
MAX_DIEPTE: Final = 32
"""Nesting that no honest answer needs; more is refused before anything walks over it."""
PAUZE: Final = 0.1
"""Seconds between a failed attempt and its one repeat."""

NIET_BEREIKT: Final = (httpx2.ConnectError, httpx2.ConnectTimeout)
"""Failures before a connection stood: the source cannot have seen the question."""

_VRAAG_NIET_AANGENOMEN: Final = (
    BronFout.WEIGERT,
    "De bron neemt de vraag in deze vorm niet aan. Meld dit bij de beheerder.",
)
_GEEN_TOEGANG: Final = (
    BronFout.GEEN_TOEGANG,
    "De bron geeft Sluis geen toegang. Meld dit bij de beheerder.",
)
_STORING: Final = (
    BronFout.ONBEREIKBAAR,
    "De bron heeft een storing. Probeer het later opnieuw.",
)
_TE_LAAT: Final = (BronFout.TE_LAAT, "De bron antwoordde niet op tijd. Probeer het later opnieuw.")
_OP_STATUS: Final[Mapping[int, tuple[BronFout, str]]] = {
    400: _VRAAG_NIET_AANGENOMEN,
    401: _GEEN_TOEGANG,
    403: _GEEN_TOEGANG,
    404: (
        BronFout.ONBEREIKBAAR,
        "Op het adres van de bron staat deze dienst niet. Meld dit bij de beheerder.",
    ),
    405: _VRAAG_NIET_AANGENOMEN,
    406: _VRAAG_NIET_AANGENOMEN,
    413: _VRAAG_NIET_AANGENOMEN,
    415: _VRAAG_NIET_AANGENOMEN,
    422: _VRAAG_NIET_AANGENOMEN,
    429: (
        BronFout.WEIGERT,
        "De bron krijgt nu te veel vragen. Probeer het over een paar minuten opnieuw.",
    ),
    503: (BronFout.ONBEREIKBAAR, "De bron is even niet beschikbaar. Probeer het later opnieuw."),
    504: _TE_LAAT,
}


def onbegrijpelijk(wat: str) -> BronError:
    """Make the error for an answer that breaks the agreed form.

    Args:
        wat: A fixed Dutch sentence about the form; never a value from the answer.
    """
    return BronError(BronFout.ONBEGRIJPELIJK, wat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verbinding:
    """How one source is reached. The client is shared, and is opened and closed elsewhere."""

    client: httpx2.AsyncClient
    basis: str
    """Base address without a slash at the end, such as `https://api.voorbeeld.nl/v1`."""
    token: str | None = field(default=None, repr=False)
    """Bearer token, or none."""
    seconden: float = 5.0
    """Deadline for a whole question: connecting, answering, reading and the one repeat."""
    max_bytes: int = MIB
    idempotent: bool = False
    """The source promises that a repeated `kenmerk` counts as one question."""
    traceparent: Callable[[], str | None] = field(default=lambda: None, repr=False)
    """Gives the W3C Trace Context header of the present request, or none."""

    async def post(
        self,
        pad: str,
        bericht: Mapping[str, object],
        *,
        kenmerk: str,
        doorgang: Doorgang | None = None,
        herhaalbaar: bool = False,
    ) -> object:
        """Send one question and return the parsed JSON of its answer.

        Args:
            pad: Path below `basis`. It never holds anything about the subject.
            bericht: Body of the question.
            kenmerk: Reference of this relay, sent as header so that both records can be matched.
            doorgang: The way through an Outway of FSC, which stands at `basis`; None: no such way.
            herhaalbaar: Asking twice has no more effect than asking once.

        Raises:
            BronError: No usable answer, for whatever reason.
        """
        request = self.client.build_request(
            "POST",
            self.basis + pad,
            content=orjson.dumps(bericht),
            headers=self._headers(kenmerk) | fsc.headers(doorgang),
            # Two attempts and the pause between them must fit before the deadline, so that a
            # source that cannot be reached is told as such, and not as late.
            timeout=httpx2.Timeout(None, connect=self.seconden * 0.4),
        )
        # A transaction of FSC is one call: what may have passed the Outway does not pass it again.
        herhaalbaar = (herhaalbaar or self.idempotent) and doorgang is None
        uitkomst: bytes | BronError
        try:
            async with asyncio.timeout(self.seconden):
                uitkomst = await self._ontvang(request, doorgang, herhaalbaar=herhaalbaar)
        except TimeoutError:
            uitkomst = BronError(*_TE_LAAT)
        except httpx2.HTTPError as err:
            uitkomst = _bij_breuk(err)
        # Raised outside the handlers: inside, Python would attach the exception and its request.
        if isinstance(uitkomst, BronError):
            raise uitkomst
        return _ontleed(uitkomst)

    def _headers(self, kenmerk: str) -> dict[str, str]:
        headers = {
            "Accept": "application/json",
            # A small compressed answer can unpack to gigabytes before it can be counted.
            "Accept-Encoding": "identity",
            "Content-Type": "application/json; charset=utf-8",
            "Kenmerk": kenmerk,
        }
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        traceparent = self.traceparent()
        if traceparent is not None:
            headers["traceparent"] = traceparent
        return headers

    async def _ontvang(
        self, request: httpx2.Request, doorgang: Doorgang | None, *, herhaalbaar: bool
    ) -> bytes | BronError:
        try:
            return await self._een_keer(request, doorgang)
        except httpx2.TransportError as err:
            if not herhaalbaar and not isinstance(err, NIET_BEREIKT):
                raise
        await asyncio.sleep(PAUZE)
        return await self._een_keer(request, doorgang)

    async def _een_keer(
        self, request: httpx2.Request, doorgang: Doorgang | None
    ) -> bytes | BronError:
        response = await self.client.send(request, stream=True, follow_redirects=False)
        try:
            fout = _bezwaar(response)
            if doorgang is not None:
                fout = await fsc.judge(response, doorgang, fout)
            return fout or await self._lees(response)
        finally:
            await response.aclose()

    async def _lees(self, response: httpx2.Response) -> bytes | BronError:
        gelezen = bytearray()
        async for stuk in response.aiter_raw():
            gelezen += stuk
            if len(gelezen) > self.max_bytes:
                return BronError(
                    BronFout.TE_GROOT,
                    "Het antwoord van de bron is te groot. Stel een vraag die minder omvat.",
                )
        return bytes(gelezen)


def _bezwaar(response: httpx2.Response) -> BronError | None:
    """Judge an answer on its status and headers alone; an error body is not even read."""
    status = response.status_code
    if status >= httpx2.codes.BAD_REQUEST:
        other = status >= httpx2.codes.INTERNAL_SERVER_ERROR
        return BronError(*_OP_STATUS.get(status, _STORING if other else _VRAAG_NIET_AANGENOMEN))
    soort = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    codering = response.headers.get("Content-Encoding", "identity").strip().lower()
    if status != httpx2.codes.OK or soort != "application/json" or codering != "identity":
        return onbegrijpelijk("De bron gaf iets anders dan een antwoord in JSON.")
    return None


def _bij_breuk(err: httpx2.HTTPError) -> BronError:
    """Tell what a broken exchange means for the requester."""
    if isinstance(err, httpx2.RemoteProtocolError):
        return onbegrijpelijk("De bron brak het antwoord af of antwoordde onleesbaar.")
    not_sent = isinstance(err, NIET_BEREIKT)
    if isinstance(err, httpx2.TimeoutException) and not not_sent:
        return BronError(*_TE_LAAT)
    melding = "De bron is niet bereikbaar. Probeer het later opnieuw."
    return BronError(BronFout.ONBEREIKBAAR, melding, sent=not not_sent)


def _ontleed(tekst: bytes) -> object:
    document: object = None
    leesbaar = True
    try:
        document = orjson.loads(tekst)
    except orjson.JSONDecodeError:
        leesbaar = False  # its exception holds the whole text
    if not leesbaar or not _ondiep(document):
        raise onbegrijpelijk("Het antwoord van de bron is geen leesbare JSON.")
    return document


def _ondiep(document: object) -> bool:
    """Tell whether nothing lies deeper than `MAX_DIEPTE`; level by level, so without recursion."""
    laag: list[object] = [document]
    for _ in range(MAX_DIEPTE):
        laag = [kind for knoop in laag for kind in _kinderen(knoop)]
        if not laag:
            return True
    return False


def _kinderen(knoop: object) -> Iterable[object]:
    if isinstance(knoop, dict):
        return knoop.values()
    return knoop if isinstance(knoop, list) else ()
