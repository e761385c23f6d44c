"""Whoever asked is gone: the client hangs up, or the task is cancelled, between its two records."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn

from audit.entry import Soort
from audit.log import Log
from audit.verify import verify
from broker.app import open_services
from broker.domain.ports import Gegeven
from broker.settings import Settings
from tests.api.conftest import World, running

Vraag = dict[str, Any]
HIDDEN = "geheim-van-de-inhoud"


def ends(log: Log) -> dict[str, list[Soort]]:
    """Return the soorten of each question at a source, in the order of the log."""
    found: dict[str, list[Soort]] = {}
    for line in log.entries(0, 100_000):
        if line.kenmerk.startswith("v-"):
            found.setdefault(line.kenmerk.rsplit("/", 1)[0], []).append(line.soort)
    return found


def intended(log: Log) -> set[str]:
    """Return the references with which a source may have been asked."""
    lines = log.entries(0, 100_000, Soort.VOORNEMEN)
    return {line.payload["besluit"] for line in lines if line.payload is not None}


async def restarted(folder: Path) -> dict[str, list[Soort]]:
    """Start anew after everything; check the log, and return what it says of each question."""
    settings = Settings(data=folder / "var")
    async with open_services(settings) as services:
        assert services.log.open_intents() == []
        told = ends(services.log)
    found = verify(settings.log_folder, settings.log_signer().vkey)
    assert [finding.melding for finding in found if not finding.is_note] == []
    return told


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - neither the server nor the log tells by an event
            await asyncio.sleep(0.01)


@asynccontextmanager
async def listening(world: World) -> AsyncIterator[int]:
    """Serve the app on a real socket; give its port."""
    transport = world.client._transport
    assert isinstance(transport, httpx2.ASGITransport)
    config = uvicorn.Config(transport.app, port=0, lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def test_cancelled_while_the_source_is_asked(
    tmp_path: Path, vraag: Vraag, boete: Gegeven
) -> None:
    """Nothing leaves, the voornemen stays open, and the next start closes it as onbepaald."""
    reached = asyncio.Event()

    async def wait() -> None:
        reached.set()
        await asyncio.Event().wait()

    async with running(tmp_path) as world:
        world.bronnen["nla"].gegevens = (boete,)
        world.bronnen["nla"].during = wait
        asking = asyncio.create_task(world.ask(vraag))
        await reached.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        (told,) = ends(world.services.log).values()
        assert told == [Soort.VOORNEMEN]
        assert len(world.services.log.open_intents()) == 1

        world.bronnen["nla"].during = None
        assert (await world.ask(vraag)).status_code == 201

    first, second = (await restarted(tmp_path)).values()
    assert first == [Soort.VOORNEMEN, Soort.ONBEPAALD]
    assert second == [Soort.VOORNEMEN, Soort.VERSTREKKING]


async def test_cancelled_at_any_moment(tmp_path: Path, vraag: Vraag, boete: Gegeven) -> None:
    """After whatever number of steps the task ends: asked is recorded, and left is recorded."""
    async with running(tmp_path) as world:
        bron = world.bronnen["nla"]
        bron.gegevens = (boete,)
        steps, answers = 0, 0
        while answers < 3:
            asked = len(bron.asked)
            asking = asyncio.create_task(world.ask(vraag))
            for _ in range(steps):
                await asyncio.sleep(0)
            asking.cancel()
            answer = (await asyncio.gather(asking, return_exceptions=True))[0]
            told = ends(world.services.log)
            assert {relay.kenmerk for relay in bron.asked[asked:]} <= intended(world.services.log)
            if isinstance(answer, httpx2.Response):
                assert answer.status_code == 201
                stem = f"{answer.json()['id']}/1"
                assert told[stem] == [Soort.VOORNEMEN, Soort.VERSTREKKING]
                answers += 1
            steps += max(1, steps // 12)
        assert world.services.log.trouble is None
        assert (await world.ask(vraag)).status_code == 201

    for pair in (await restarted(tmp_path)).values():
        assert pair[0] is Soort.VOORNEMEN
        assert pair[1:] in ([Soort.VERSTREKKING], [Soort.ONBEPAALD])


@pytest.mark.parametrize("fails", [False, True])
async def test_client_that_hangs_up(
    tmp_path: Path, vraag: Vraag, boete: Gegeven, *, fails: bool
) -> None:
    """When the client hangs up while its source is asked, the question still gets its end."""
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        reached.set()
        await go_on.wait()

    async with running(tmp_path) as world, listening(world) as port:
        bron = world.bronnen["nla"]
        bron.gegevens, bron.during = (boete,), wait
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        body = json.dumps(vraag).encode()
        head = (
            "POST /v1/verzoeken HTTP/1.1\r\nHost: sluis\r\nAuthorization: Bearer token-g-017\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        await reached.wait()
        writer.transport.abort()
        await asyncio.sleep(0.1)
        assert list(ends(world.services.log).values()) == [[Soort.VOORNEMEN]]
        if fails:
            bron.fout = RuntimeError("onverwacht")
        go_on.set()
        await until(lambda: not world.services.log.open_intents())
        assert HIDDEN.encode() not in await reader.read()

    (told,) = (await restarted(tmp_path)).values()
    assert told == [Soort.VOORNEMEN, Soort.FOUT if fails else Soort.VERSTREKKING]
