"""Bringing a request to a time-stamping authority: each failure is one sentence, no address."""

import asyncio
import shutil
import socket
import traceback
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from adapters.tsa import QUERY, REPLY, Stempeldienst
from audit.stamp import make_request, verify_stamp
from broker.domain.ports import AnkerError
from tests.audit.autoriteit import NOW, STAMPING, TEXT, YEAR, Openssl, authority, issue
from tests.verankering.dienst import Gevraagd, dienst, http_antwoord, stempelend

AANVRAAG = make_request(TEXT, 7)


def naar(client: httpx2.AsyncClient, adres: str) -> Stempeldienst:
    """Build a connection; its deadline is for a machine that is busy."""
    return Stempeldienst(client=client, adres=adres, seconden=10.0)


async def fout_van(tsa: Stempeldienst) -> str:
    """Ask, and check that the error tells no address and carries no other exception."""
    with pytest.raises(AnkerError) as info:
        await tsa.stempel(AANVRAAG)
    alles = "".join(traceback.format_exception(info.value)) + repr(info.value.__dict__)
    assert tsa.adres not in alles
    assert "geheim" not in alles
    assert tsa.adres not in repr(tsa)
    assert info.value.__cause__ is None
    assert info.value.__context__ is None
    return str(info.value)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl staat niet op deze machine")
@pytest.mark.parametrize("name", ["een", "twee"])
async def test_real_authority_stamps_over_http(
    client: httpx2.AsyncClient, tmp_path: Path, name: str
) -> None:
    """A request goes out and the stamp of openssl comes back, with the types of RFC 3161."""
    root = issue(f"Wortel {name}", None, authority(), valid=(NOW - YEAR, NOW + YEAR))
    signer = issue(f"Dienst {name}", root, STAMPING, valid=(NOW - YEAR, NOW + YEAR))
    tsa = Openssl.make(tmp_path / name, root, signer)
    async with dienst(stempelend(tsa.reply)) as found:
        data = await naar(client, found.adres).stempel(AANVRAAG)

    assert verify_stamp(data, TEXT, trusted=[root.certificate], nonce=7).nonce == 7
    asked = found.gevraagd[0]
    assert asked.regel == "POST /tsa HTTP/1.1"
    assert (asked.headers["content-type"], asked.headers["accept"]) == (QUERY, REPLY)
    assert asked.headers["accept-encoding"] == "identity"
    assert asked.body == AANVRAAG


@pytest.mark.parametrize("status", [201, 204, 302, 400, 401, 403, 404, 429, 500, 503])
async def test_other_status_than_ok_is_refused(client: httpx2.AsyncClient, status: int) -> None:
    """Only 200 brings a stamp; a redirect is not followed."""
    async with dienst(http_antwoord(b"" if status == 204 else b"geheim", status)) as found:
        told = await fout_van(naar(client, found.adres))

    assert told == "De tijdstempeldienst neemt de aanvraag niet aan."
    assert len(found.gevraagd) == 1


@pytest.mark.parametrize("soort", ["text/html", "application/json", "", QUERY])
async def test_other_content_type_is_refused(client: httpx2.AsyncClient, soort: str) -> None:
    """What does not say that it is a stamp is not read."""
    async with dienst(http_antwoord(b"geheim", soort=soort)) as found:
        assert "iets anders" in await fout_van(naar(client, found.adres))


async def test_compressed_answer_is_refused_unread(client: httpx2.AsyncClient) -> None:
    """Compression was not asked for, so it is not unpacked."""
    antwoord = http_antwoord(b"abc").replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
    async with dienst(antwoord) as found:
        assert "iets anders" in await fout_van(naar(client, found.adres))


async def test_endless_answer_is_cut_at_the_limit(client: httpx2.AsyncClient) -> None:
    """Bytes are counted as they stream in, and the limit itself is allowed."""

    async def endless(_: Gevraagd, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {REPLY}\r\n\r\n".encode())
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async with dienst(endless) as found:
        assert "te groot" in await fout_van(naar(client, found.adres))
    async with dienst(http_antwoord(b"x" * 100)) as found:
        limited = replace(naar(client, found.adres), max_bytes=100)
        assert await limited.stempel(AANVRAAG) == b"x" * 100
        assert "te groot" in await fout_van(replace(limited, max_bytes=99))


async def test_silence_ends_at_the_deadline(client: httpx2.AsyncClient) -> None:
    """An authority that says nothing, or drips, keeps nobody longer than the deadline."""

    async def drip(_: Gevraagd, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {REPLY}\r\n\r\n".encode())
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with dienst(drip) as found:
        told = await fout_van(replace(naar(client, found.adres), seconden=0.2))

    assert told == "De tijdstempeldienst antwoordde niet op tijd."


async def test_nobody_there_is_told_without_the_address(client: httpx2.AsyncClient) -> None:
    """A closed port, another protocol and an address that is none are all unreachable."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        closed = f"http://naam:geheim@127.0.0.1:{bound.getsockname()[1]}/tsa"
    async with dienst(b"SSH-2.0-OpenSSH_9.2\r\n") as found:
        for adres in (closed, found.adres, "http://[::1", "gopher://geheim.example.nl"):
            told = await fout_van(naar(client, adres))
            assert told == "De tijdstempeldienst is niet bereikbaar."
