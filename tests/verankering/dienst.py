"""A time-stamping authority on loopback: real HTTP around whatever answers the bytes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from adapters.tsa import REPLY

Antwoorder: TypeAlias = Callable[["Gevraagd", asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Gevraagd:
    """One request as it came in on the wire."""

    regel: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Dienst:
    """Where the authority answers, and what it was asked."""

    adres: str
    gevraagd: list[Gevraagd] = field(default_factory=list)


def http_antwoord(body: bytes, status: int = 200, soort: str = REPLY) -> bytes:
    """Write a whole HTTP/1.1 answer."""
    kop = (
        f"HTTP/1.1 {status} X\r\nContent-Type: {soort}\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return kop.encode() + body


def stempelend(reply: Callable[[bytes], bytes]) -> Antwoorder:
    """Answer each request with what an authority makes of it, in a thread of its own."""

    async def answer(gevraagd: Gevraagd, writer: asyncio.StreamWriter) -> None:
        writer.write(http_antwoord(await asyncio.to_thread(reply, gevraagd.body)))

    return answer


async def _lees(reader: asyncio.StreamReader) -> Gevraagd:
    kop = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {n.lower(): w.strip() for n, _, w in (r.partition(":") for r in kop[1:] if r)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Gevraagd(kop[0], headers, body)


@asynccontextmanager
async def dienst(antwoord: bytes | Antwoorder) -> AsyncIterator[Dienst]:
    """Run an authority that answers fixed bytes, or does what a coroutine says."""
    taken: set[asyncio.Task[None]] = set()

    async def bedien(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taak = asyncio.current_task()
        assert taak is not None
        taken.add(taak)
        try:
            gevraagd = await _lees(reader)
            found.gevraagd.append(gevraagd)
            if isinstance(antwoord, bytes):
                writer.write(antwoord)
            else:
                await antwoord(gevraagd, writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(bedien, "127.0.0.1", 0)
    found = Dienst(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/tsa")
    try:
        yield found
    finally:
        server.close()
        for taak in taken:
            taak.cancel()
        await asyncio.gather(*taken, return_exceptions=True)
