"""HTTP to a source: every failure is a `BronError` in plain Dutch that names nobody."""

import asyncio
import socket
import ssl
import time
import traceback
from dataclasses import replace

import httpx2
import pytest
from typing_extensions import override

from adapters.http import Verbinding
from broker.domain.ports import BronError, BronFout
from tests.adapters.ruwe_bron import Gezien, http_antwoord, ruwe_bron

BSN = "999993653"
VRAAG = {"betrokkene": {"bsn": BSN}}
GEHEIM = f'{{"detail": "bsn {BSN} van Moulin"}}'.encode()


async def stel(
    verbinding: Verbinding, *, kenmerk: str = "b-1", herhaalbaar: bool = False
) -> object:
    """Ask, with the test person in the body."""
    return await verbinding.post("/bevragingen", VRAAG, kenmerk=kenmerk, herhaalbaar=herhaalbaar)


async def fout_van(verbinding: Verbinding, *, herhaalbaar: bool = False) -> BronFout:
    """Ask, and check that the error tells nothing and carries no other exception."""
    with pytest.raises(BronError) as info:
        await stel(verbinding, herhaalbaar=herhaalbaar)
    alles = "".join(traceback.format_exception(info.value)) + repr(info.value.__dict__)
    assert BSN not in alles
    assert "Moulin" not in alles
    assert info.value.__cause__ is None
    assert info.value.__context__ is None
    assert info.value.melding.endswith(".")
    return info.value.fout


@pytest.mark.parametrize(
    ("status", "fout"),
    [
        (204, BronFout.ONBEGRIJPELIJK),
        (302, BronFout.ONBEGRIJPELIJK),
        (400, BronFout.WEIGERT),
        (401, BronFout.GEEN_TOEGANG),
        (403, BronFout.GEEN_TOEGANG),
        (404, BronFout.ONBEREIKBAAR),
        (405, BronFout.WEIGERT),
        (406, BronFout.WEIGERT),
        (413, BronFout.WEIGERT),
        (415, BronFout.WEIGERT),
        (418, BronFout.WEIGERT),
        (422, BronFout.WEIGERT),
        (429, BronFout.WEIGERT),
        (500, BronFout.ONBEREIKBAAR),
        (502, BronFout.ONBEREIKBAAR),
        (503, BronFout.ONBEREIKBAAR),
        (504, BronFout.TE_LAAT),
        (599, BronFout.ONBEREIKBAAR),
    ],
)
async def test_every_status_has_its_own_meaning_and_is_asked_once(
    client: httpx2.AsyncClient, status: int, fout: BronFout
) -> None:
    """A status other than 200 becomes a BronFout, is not repeated, and its body is not echoed."""
    body = b"" if status == 204 else GEHEIM
    async with ruwe_bron(http_antwoord(body, status, "application/problem+json")) as bron:
        assert await fout_van(replace(bron.verbinding(client), idempotent=True)) == fout

    assert len(bron.gezien) == 1


@pytest.mark.parametrize(
    ("body", "soort"),
    [
        (b"<html><body>Onderhoud</body></html>", "text/html"),
        (b"<html><body>Onderhoud</body></html>", "application/json"),
        (b'{"gegevens": [{"id": "999993653"', "application/json"),
        (b"", "application/json"),
        (b'{"a": NaN}', "application/json"),
        (b'{"a": "\xff\xfe"}', "application/json"),
        (b"[" * 40 + b"]" * 40, "application/json"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "application/json"),
        (b'{"gegevens": []}', "text/plain"),
        (b'{"gegevens": []}', ""),
    ],
    ids=["html", "html-as-json", "cut", "empty", "nan", "utf8", "deep", "deeper", "text", "none"],
)
async def test_an_answer_that_is_no_json_is_unintelligible(
    client: httpx2.AsyncClient, body: bytes, soort: str
) -> None:
    """HTML, cut or too deeply nested text never gets past the parser."""
    async with ruwe_bron(http_antwoord(body, 200, soort)) as bron:
        assert await fout_van(bron.verbinding(client)) == BronFout.ONBEGRIJPELIJK


async def test_a_compressed_answer_is_refused_unread(client: httpx2.AsyncClient) -> None:
    """Compression was not asked for, so an answer that may unpack to gigabytes is not unpacked."""
    antwoord = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"
    )
    async with ruwe_bron(antwoord) as bron:
        assert await fout_van(bron.verbinding(client)) == BronFout.ONBEGRIJPELIJK

    assert bron.gezien[0].headers["accept-encoding"] == "identity"


async def test_something_other_than_http_is_unintelligible(client: httpx2.AsyncClient) -> None:
    """A port where another protocol speaks gives a clear error."""
    async with ruwe_bron(b"SSH-2.0-OpenSSH_9.2\r\n") as bron:
        assert await fout_van(bron.verbinding(client)) == BronFout.ONBEGRIJPELIJK


async def test_an_endless_answer_is_cut_at_the_limit(client: httpx2.AsyncClient) -> None:
    """Bytes are counted as they stream in, so an answer without an end stops at the limit."""
    verzonden = 0

    async def eindeloos(_: object, writer: asyncio.StreamWriter) -> None:
        nonlocal verzonden
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while True:
            writer.write(b" " * 65536)
            await writer.drain()
            verzonden += 65536

    async with ruwe_bron(eindeloos) as bron:
        fout = await fout_van(replace(bron.verbinding(client), max_bytes=100_000, seconden=10.0))

    assert fout == BronFout.TE_GROOT
    assert verzonden < 20_000_000


async def test_the_limit_itself_is_allowed(client: httpx2.AsyncClient) -> None:
    """An answer of exactly the limit passes, and one byte more does not."""
    async with ruwe_bron(http_antwoord(b'"' + b"x" * 98 + b'"')) as bron:
        assert await stel(replace(bron.verbinding(client), max_bytes=100)) == "x" * 98
        assert await fout_van(replace(bron.verbinding(client), max_bytes=99)) == BronFout.TE_GROOT


async def test_the_deadline_covers_silence_and_dripping(client: httpx2.AsyncClient) -> None:
    """A source that says nothing, or one byte at a time, is late at the deadline and not later."""

    async def druppel(_: object, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    async def stil(_: object, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    for gedrag in (druppel, stil):
        async with ruwe_bron(gedrag) as bron:
            begin = time.monotonic()
            fout = await fout_van(replace(bron.verbinding(client), seconden=0.4), herhaalbaar=True)

        assert fout == BronFout.TE_LAAT
        assert time.monotonic() - begin < 15
        assert len(bron.gezien) == 1


class Teller(httpx2.AsyncHTTPTransport):
    """The real transport, counting attempts."""

    def __init__(self) -> None:
        super().__init__(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False)
        self.pogingen = 0

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Count, then send."""
        self.pogingen += 1
        return await super().handle_async_request(request)


async def test_a_source_that_is_down_is_tried_twice() -> None:
    """A question that cannot have arrived is repeated once, also when it is a bevraging."""
    teller = Teller()
    with socket.socket() as dicht:
        dicht.bind(("127.0.0.1", 0))
        basis = f"http://127.0.0.1:{dicht.getsockname()[1]}/v1"
        async with httpx2.AsyncClient(transport=teller) as client:
            fout = await fout_van(Verbinding(client=client, basis=basis))

    assert fout == BronFout.ONBEREIKBAAR
    assert teller.pogingen == 2


async def test_a_source_that_comes_up_between_is_reached(client: httpx2.AsyncClient) -> None:
    """The one repeat bridges a source that is just starting."""
    poort = socket.socket()
    poort.bind(("127.0.0.1", 0))
    basis = f"http://127.0.0.1:{poort.getsockname()[1]}/v1"
    taak = asyncio.create_task(stel(Verbinding(client=client, basis=basis)))
    await asyncio.sleep(0.05)

    async def bedien(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}}")
        writer.write(http_antwoord(b"[1]"))
        writer.close()

    server = await asyncio.start_server(bedien, sock=poort)
    try:
        assert await taak == [1]
    finally:
        server.close()


@pytest.mark.parametrize(
    ("idempotent", "herhaalbaar", "keren"),
    [(False, False, 1), (False, True, 2), (True, False, 2), (True, True, 2)],
)
async def test_a_broken_answer_is_repeated_only_where_that_is_safe(
    client: httpx2.AsyncClient,
    *,
    idempotent: bool,
    herhaalbaar: bool,
    keren: int,
) -> None:
    """A bevraging that may have arrived is asked again only where it then counts once."""
    async with ruwe_bron(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n") as bron:
        verbinding = replace(bron.verbinding(client), idempotent=idempotent)
        assert await fout_van(verbinding, herhaalbaar=herhaalbaar) == BronFout.ONBEGRIJPELIJK

    assert len(bron.gezien) == keren


async def test_an_answer_cut_halfway_is_told_and_not_used(client: httpx2.AsyncClient) -> None:
    """A body shorter than its Content-Length is not taken as an answer, even when it parses."""
    antwoord = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n[]"
    async with ruwe_bron(antwoord) as bron:
        assert await fout_van(bron.verbinding(client)) == BronFout.ONBEGRIJPELIJK


async def test_a_redirect_is_not_followed(client: httpx2.AsyncClient) -> None:
    """The question never goes to another address than the agreed one."""
    async with ruwe_bron(http_antwoord(b"[]")) as elders:
        kop = f"HTTP/1.1 307 X\r\nLocation: {elders.adres}/x\r\nContent-Length: 0\r\n\r\n"
        async with ruwe_bron(kop.encode()) as bron:
            assert await fout_van(bron.verbinding(client)) == BronFout.ONBEGRIJPELIJK

    assert elders.gezien == []


async def test_what_goes_over_the_wire(client: httpx2.AsyncClient) -> None:
    """The subject stands in the body alone; token, kenmerk and traceparent are headers."""
    spoor = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with ruwe_bron(http_antwoord(b"[]")) as bron:
        await stel(bron.verbinding(client))
        await stel(replace(bron.verbinding(client), token="t0ken", traceparent=lambda: spoor))

    zonder, met = bron.gezien
    assert zonder.regel == "POST /v1/bevragingen HTTP/1.1"
    assert zonder.headers.keys() & {"authorization", "traceparent", "cookie"} == set()
    assert zonder.headers["kenmerk"] == "b-1"
    assert zonder.headers["content-type"] == "application/json; charset=utf-8"
    assert zonder.body == VRAAG
    assert met.headers["authorization"] == "Bearer t0ken"
    assert met.headers["traceparent"] == spoor
    assert not any(BSN in regel for gezien in bron.gezien for regel in gezien.headers.values())


async def test_the_token_is_not_shown(client: httpx2.AsyncClient) -> None:
    """Printing a connection does not print its token."""
    verbinding = Verbinding(client=client, basis="https://partner.example/v1", token="t0ken")

    assert "t0ken" not in repr(verbinding)


async def test_questions_run_side_by_side(client: httpx2.AsyncClient) -> None:
    """Twenty slow questions take the time of one, and each gets its own answer."""

    async def echo(gezien: Gezien, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1.0)
        body = f'"{gezien.headers["kenmerk"]}"'.encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            % len(body)
            + body
        )

    async with ruwe_bron(echo) as bron:
        verbinding = replace(bron.verbinding(client), seconden=15.0)
        begin = time.monotonic()
        antwoorden = await asyncio.gather(*(stel(verbinding, kenmerk=f"b-{n}") for n in range(20)))

    assert antwoorden == [f"b-{n}" for n in range(20)]
    assert time.monotonic() - begin < 15


async def test_the_caller_can_still_cancel(client: httpx2.AsyncClient) -> None:
    """A cancelled request ends as cancelled, not as a source that is late."""

    async def stil(_: object, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async with ruwe_bron(stil) as bron:
        taak = asyncio.create_task(stel(replace(bron.verbinding(client), seconden=20.0)))
        await asyncio.sleep(0.1)
        taak.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taak


async def test_a_full_pool_is_late_and_not_down() -> None:
    """A question that waits for a free connection until the deadline is told as late."""

    async def stil(_: object, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    limiet = httpx2.Limits(max_connections=1)
    async with ruwe_bron(stil) as bron, httpx2.AsyncClient(limits=limiet) as krap:
        verbinding = replace(bron.verbinding(krap), seconden=0.3)
        fouten = await asyncio.gather(*(fout_van(verbinding) for _ in range(3)))

    assert set(fouten) == {BronFout.TE_LAAT}
