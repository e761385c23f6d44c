"""No record, no data: a failure at each write stops the answer, and its verdict."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import httpx2
import pytest

from audit.errors import LogFullError
from broker.domain.ports import Gegeven
from broker.errors import RecordError
from tests.api.conftest import World

Vraag = dict[str, Any]


P = ParamSpec("P")
T = TypeVar("T")


def nth(number: int, real: Callable[P, T], error: Exception) -> Callable[P, T]:
    """Return the same function, which fails the nth time."""
    calls = 0

    def call(*args: P.args, **more: P.kwargs) -> T:
        nonlocal calls
        calls += 1
        if calls == number:
            raise error
        return real(*args, **more)

    return call


def assert_nothing_left(answer: httpx2.Response) -> None:
    """The answer is a 503 with neither data nor verdict."""
    assert answer.status_code == 503
    assert answer.json()["type"].endswith("/geen-vastlegging")
    for word in ("geheim-van-de-inhoud", "toegewezen", "geweigerd", "uitkomst", "nla-1"):
        assert word not in answer.text


@pytest.mark.parametrize("number", [1, 2])
async def test_log_that_refuses_stops_the_answer(
    world: World, vraag: Vraag, boete: Gegeven, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """When the voornemen (1) or the verstrekking (2) cannot be logged, nothing leaves."""
    world.bronnen["nla"].gegevens = (boete,)
    log = world.services.log
    full = LogFullError("Er wacht te veel.")
    monkeypatch.setattr(log, "append", nth(number, log.append, full))
    monkeypatch.setattr(log, "record", nth(number, log.record, full))

    answer = await world.ask(vraag)

    assert_nothing_left(answer)
    assert len(world.bronnen["nla"].asked) == number - 1


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("commit", [False, True])
async def test_store_that_refuses_stops_the_answer(
    world: World,
    vraag: Vraag,
    boete: Gegeven,
    monkeypatch: pytest.MonkeyPatch,
    *,
    number: int,
    commit: bool,
) -> None:
    """When a besluit cannot be stored, at its begin or at its commit, nothing leaves."""
    world.bronnen["nla"].gegevens = (boete,)
    real, calls = world.services.store.begin, 0

    @asynccontextmanager
    async def begin() -> AsyncIterator[Any]:
        nonlocal calls
        calls += 1
        if calls == number and not commit:
            raise RecordError("De database is vol.")
        async with real() as tx:
            yield tx
            if calls == number:
                raise RecordError("De database is vol.")

    monkeypatch.setattr(type(world.services.store), "begin", lambda _self: begin())

    answer = await world.ask(vraag)

    assert_nothing_left(answer)
    assert len(world.bronnen["nla"].asked) == number - 1


async def test_refusal_that_cannot_be_logged_does_not_leave(
    world: World, vraag: Vraag, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal without its record is no answer either."""
    log = world.services.log
    full = LogFullError("Er wacht te veel.")
    monkeypatch.setattr(log, "append", nth(1, log.append, full))
    monkeypatch.setattr(log, "record", nth(1, log.record, full))

    assert_nothing_left(await world.ask({**vraag, "betrokkene": {"bsn": "999992971"}}))


async def test_locked_database_stops_the_answer(world: World, vraag: Vraag, tmp_path: Path) -> None:
    """A database that another program holds is a 503 in plain Dutch."""
    other = sqlite3.connect(tmp_path / "var" / "sluis.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        answer = await world.ask(vraag)
    finally:
        other.close()

    assert_nothing_left(answer)
    assert answer.json()["detail"] == "De database is bezet. Probeer het zo opnieuw."


async def test_exhausted_pool_stops_the_answer(world: World, vraag: Vraag, boete: Gegeven) -> None:
    """When every connection is taken, at the begin or while the source is asked: nothing leaves."""
    bron = world.bronnen["nla"]
    bron.gegevens = (boete,)
    release, holding = asyncio.Event(), list[asyncio.Task[None]]()

    async def hold() -> None:
        with contextlib.suppress(RecordError):
            async with world.services.store.read() as tx:
                await tx.organisaties.get("nla")
                await release.wait()

    async def take_all() -> None:
        holding.extend(asyncio.create_task(hold()) for _ in range(40))
        await asyncio.sleep(0.1)

    bron.during = take_all
    late = await world.ask(vraag)
    early = await world.ask(vraag)
    release.set()
    await asyncio.gather(*holding)

    assert_nothing_left(late)
    assert_nothing_left(early)
    assert len(bron.asked) == 1
    bron.during = None
    assert (await world.ask(vraag)).status_code == 201


async def test_locked_log_stops_everything_from_then_on(
    world: World, vraag: Vraag, tmp_path: Path
) -> None:
    """A log that cannot be written stops this answer and all after it, and readiness says so."""
    other = sqlite3.connect(tmp_path / "var" / "logboek" / "log.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        answer = await world.ask(vraag)
    finally:
        other.close()
    ready = await world.client.get("/readyz")

    assert_nothing_left(answer)
    assert ready.status_code == 503
    assert world.bronnen["nla"].asked == []


async def test_change_that_cannot_be_logged_is_not_made(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its line in the log a zaak is not ended."""
    log = world.services.log
    path = "/handhavingsknelpunten/hhk-zaandam-oost-2026"
    full = LogFullError("Er wacht te veel.")
    with monkeypatch.context() as patch:
        patch.setattr(log, "append", nth(1, log.append, full))
        patch.setattr(log, "record", nth(1, log.record, full))
        answer = await world.call("POST", f"{path}/beeindiging", "am-riec-1", {})

    after = await world.call("GET", path, "am-riec-1")

    assert answer.status_code == 503
    assert after.json()["status"] == "vastgesteld"


async def test_many_questions_at_once_each_have_their_two_records(
    world: World, vraag: Vraag, boete: Gegeven
) -> None:
    """Side by side, each answer has its voornemen before its verstrekking."""
    world.bronnen["nla"].gegevens = (boete,)

    answers = await asyncio.gather(*(world.ask(vraag) for _ in range(8)))

    lines = await world.call("GET", "/logboek/inschrijvingen?limiet=200", "fg-1")
    kenmerken = [line["kenmerk"] for line in lines.json()]
    for answer in answers:
        assert answer.status_code == 201
        stem = f"{answer.json()['id']}/1"
        assert kenmerken.index(f"{stem}/voornemen") < kenmerken.index(f"{stem}/verstrekking")
