"""A database that is locked, full, gone or busy gives one plain sentence, and nothing half done."""

import asyncio
import sqlite3

import psycopg
import pytest
from sqlalchemy import event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection

from broker.errors import ConflictError, InvalidInputError, RecordError
from broker.store import Store
from broker.store.failures import BROKEN, BUSY, FULL, UNREACHABLE
from tests.store.store_world import a_verzoek, an_instemming, fill, versie


async def extend(store: Store, besluit_op: str) -> None:
    async with store.begin() as tx:
        await tx.zaken.extend("hhk-2026", besluit_op=besluit_op)


async def extensions(store: Store) -> tuple[list[str], int]:
    async with store.read() as tx:
        zaak = await tx.zaken.get("hhk-2026")
        return [each["besluit_op"] for each in zaak["verlengingen"]], await versie(tx)


async def test_two_extensions_at_once_both_stand(store: Store, url: str) -> None:
    """Two nodes that extend one zaak at the same time lose nothing of each other."""
    other = await Store.open(url)
    days = [f"2027-02-{day:02}" for day in range(1, 9)]
    await asyncio.gather(
        *(extend((store, other)[place % 2], day) for place, day in enumerate(days))
    )
    await other.close()

    found, number = await extensions(store)
    assert (sorted(found), number) == (days, 9)


async def test_same_extension_at_once_stands_once(store: Store, url: str) -> None:
    """Of two nodes that record the same decision, one is told that it is there already."""
    other = await Store.open(url)
    outcomes = await asyncio.gather(
        extend(store, "2027-02-01"), extend(other, "2027-02-01"), return_exceptions=True
    )
    await other.close()

    assert [type(each) for each in outcomes if each] == [ConflictError]
    assert await extensions(store) == (["2027-02-01"], 2)


async def test_unit_that_is_cut_off_leaves_nothing(store: Store) -> None:
    """A unit of work whose task is cancelled is undone, and the store goes on."""
    inside = asyncio.Event()

    async def hang() -> None:
        async with store.begin() as tx:
            await tx.zaken.end("hhk-2026", op="2026-11-20")
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await extend(store, "2027-02-01")

    assert await extensions(store) == (["2027-02-01"], 2)


async def test_locked_zaak_is_told(store: Store, url: str) -> None:
    """A change that has to wait too long for another fails in time, with a sentence."""
    hasty = await Store.open(url, wait=0.1)
    async with store.begin() as tx:
        await tx.zaken.end("hhk-2026", op="2026-11-20")
        with pytest.raises(RecordError) as caught:
            await extend(hasty, "2027-02-01")
    await hasty.close()

    assert caught.value.detail == BUSY


@pytest.mark.usefixtures("store")
async def test_too_many_at_once_is_told(url: str) -> None:
    """When all connections are taken, the next one fails in time, with a sentence."""
    hasty = await Store.open(url, wait=0.1)

    async def hold(release: asyncio.Event) -> None:
        async with hasty.read() as tx:
            await versie(tx)
            await release.wait()

    release = asyncio.Event()
    outcomes = [asyncio.create_task(hold(release)) for _ in range(40)]
    done, waiting = await asyncio.wait(outcomes, timeout=5.0)
    release.set()
    await asyncio.gather(*waiting)
    await hasty.close()

    assert waiting
    assert {str(task.exception()) for task in done} == {BUSY}


async def test_value_that_does_not_fit_is_told(store: Store) -> None:
    """A code outside its list is refused by the database, without showing the value."""

    async def put() -> None:
        async with store.begin() as tx:
            await tx.instemmingen.give(an_instemming(soort="geheim-999993653"))

    with pytest.raises(InvalidInputError) as caught:
        await put()

    assert "geheim" not in str(caught.value)


async def test_locked_file_is_told(sqlite_url: str) -> None:
    """A file that another program keeps locked gives a sentence, for writing only."""
    store = await Store.open(sqlite_url, wait=0.1)
    await fill(store)
    holder = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(RecordError) as caught:
        await extend(store, "2027-02-01")
    assert await extensions(store) == ([], 1)
    holder.rollback()
    holder.close()
    await extend(store, "2027-02-01")
    await store.close()

    assert caught.value.detail == BUSY


async def test_unit_inside_a_unit_is_told(sqlite_url: str) -> None:
    """SQLite has one writer: a second unit of work inside the first fails in time, not never."""
    store = await Store.open(sqlite_url, wait=0.1)
    await fill(store)
    async with store.begin() as tx:
        await tx.zaken.extend("hhk-2026", besluit_op="2027-02-01")
        with pytest.raises(RecordError) as caught:
            await extend(store, "2027-02-02")
    found = await extensions(store)
    await store.close()

    assert caught.value.detail == BUSY
    assert found == (["2027-02-01"], 2)


async def test_full_file_is_told(sqlite_url: str) -> None:
    """A disk without room gives a sentence; what was there stays, and nothing is half done."""
    store = await Store.open(sqlite_url)
    await fill(store)

    def no_more_pages(connection: DBAPIConnection, _entry: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA max_page_count = 1")
        cursor.close()

    await store._engine.dispose()
    event.listen(store._engine.sync_engine, "connect", no_more_pages)

    async def put() -> None:
        async with store.begin() as tx:
            for number in range(100):
                body = {"vraagstelling": "Waar? " * 1000}
                await tx.verzoeken.insert(
                    a_verzoek(id=f"v-{number}", kenmerk=f"k-{number}", body=body)
                )

    with pytest.raises(RecordError) as caught:
        await put()
    async with store.read() as tx:
        assert await tx.verzoeken.list("zaanstad-college") == []
    await store.close()

    assert caught.value.detail == FULL


async def test_broken_file_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A file that is no database gives a sentence and no trace of its content."""
    path = tmp_path_factory.mktemp("kapot") / "sluis.db"
    path.write_bytes(b"kapot" * 4096)
    with pytest.raises(RecordError) as caught:
        await Store.open(f"sqlite:///{path}")

    assert caught.value.detail == BROKEN


async def test_server_that_is_not_there_is_told() -> None:
    """A PostgreSQL that does not answer gives a sentence."""
    with pytest.raises(RecordError) as caught:
        await Store.open("postgresql://sluis@127.0.0.1:9/sluis", wait=0.5)

    assert caught.value.detail == UNREACHABLE


async def test_server_that_went_away_is_told(
    postgresql_server: str, request: pytest.FixtureRequest
) -> None:
    """Connections that the server closed give a sentence; the next unit of work works again."""
    template = request.getfixturevalue("postgresql_template")
    name = f"{template}_weg"
    with psycopg.connect(postgresql_server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        url = make_url(postgresql_server).set(database=name).render_as_string(hide_password=False)
        store = await Store.open(url)
        await fill(store)
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        with pytest.raises(RecordError) as caught:
            await extensions(store)
        assert await extensions(store) == ([], 1)
        await store.close()
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    assert caught.value.detail == UNREACHABLE
