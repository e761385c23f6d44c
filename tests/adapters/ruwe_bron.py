"""A question about a test person, and a source on a real socket that answers anything."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import httpx2

from adapters.http import Verbinding
from broker.domain.ports import Bevraging, Identiteit

PERSOON = Bevraging(
    kenmerk="b-0001",
    betrokkene=Identiteit(bsn="999993653"),
    categorieen=("identificatie", "toezicht-handhaving"),
    grondslag="wgs-riec",
    zaak="hhk-zaandam-oost-2026",
    vrager="zaanstad-college",
    doel=("bestuurlijk",),
    vraagstelling="Is betrokkene bekend als tewerkgestelde in de branche?",
)
"""A question about Suzanne Moulin, a published test person."""

Schema: TypeAlias = Callable[[str, object], list[str]]
"""Tells what is wrong with a value, by a named schema of an API document."""


@dataclass
class Gezien:
    """One request as it came in on the wire."""

    regel: str
    headers: dict[str, str]
    body: Any


Antwoorder: TypeAlias = Callable[[Gezien, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class RuweBron:
    """A source on a real socket that does what the test says, byte for byte."""

    adres: str
    gezien: list[Gezien] = field(default_factory=list)

    def verbinding(self, client: httpx2.AsyncClient) -> Verbinding:
        """Build a connection to this source; its deadline is for a machine that is busy."""
        return Verbinding(client=client, basis=self.adres, seconden=10.0)


def http_antwoord(body: bytes, status: int = 200, soort: str = "application/json") -> bytes:
    """Write a whole HTTP/1.1 answer."""
    kop = f"HTTP/1.1 {status} X\r\nContent-Type: {soort}\r\nContent-Length: {len(body)}\r\n\r\n"
    return kop.encode() + body


async def _lees(reader: asyncio.StreamReader) -> Gezien:
    kop = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {n.lower(): w.strip() for n, _, w in (r.partition(":") for r in kop[1:] if r)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Gezien(kop[0], headers, json.loads(body) if body else None)


@asynccontextmanager
async def ruwe_bron(antwoord: bytes | Antwoorder) -> AsyncIterator[RuweBron]:
    """Run a source on loopback that answers fixed bytes, or does what a coroutine says."""
    taken: set[asyncio.Task[None]] = set()

    async def bedien(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taak = asyncio.current_task()
        assert taak is not None
        taken.add(taak)
        try:
            gezien = await _lees(reader)
            bron.gezien.append(gezien)
            if isinstance(antwoord, bytes):
                writer.write(antwoord)
            else:
                await antwoord(gezien, writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(bedien, "127.0.0.1", 0)
    bron = RuweBron(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
    try:
        yield bron
    finally:
        server.close()
        for taak in taken:
            taak.cancel()
        await asyncio.gather(*taken, return_exceptions=True)
