"""Versions of the rules: kept as they are, changed in force by one row, read with every dossier."""

import asyncio
import datetime as dt

import pytest
from sqlalchemy import text

from broker.domain.regelversie import Stap, Status
from broker.errors import ConflictError, NotFoundError
from broker.store import Store, Tx

NOW = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64


async def step(tx: Tx, digest: str, stap: Stap) -> None:
    """Add a step."""
    await tx.regelversies.add(
        digest, stap, door="beheer-1", organisatie="riec-nh", op=NOW, inhoud={"reden": "proef"}
    )


async def use(store: Store, *digests: str) -> None:
    """Keep these versions, and take each into use."""
    for digest in digests:
        async with store.begin() as tx:
            if await tx.regelversies.archief(digest) is None:
                await tx.regelversies.insert(digest, digest.encode())
            await step(tx, digest, Stap.IN_WERKING)


async def in_force(store: Store) -> str | None:
    """Read the digest in force as the doors do."""
    async with store.read() as tx:
        facts = await tx.dossierfeiten(gebruiker="g-017", zaak="hhk-2026", sleutel="p-7f3a")
        assert facts.regels == await tx.regelversies.in_werking()
        return facts.regels


async def test_newest_step_is_in_force(store: Store) -> None:
    """One new row changes what is in force, also back to an earlier version."""
    told = [await in_force(store)]
    for digest in (A, B, A):
        await use(store, digest)
        told.append(await in_force(store))

    assert told == [None, A, B, A]
    async with store.read() as tx:
        versions = await tx.regelversies.list()
    assert [(v.digest, v.status) for v in versions] == [
        (A, Status.IN_WERKING),
        (B, Status.VERVANGEN),
    ]
    assert [s.nummer for v in versions for s in v.stappen] == [1, 3, 2]


async def test_content_comes_back_to_the_byte(store: Store) -> None:
    """The archive of a version is what was put in; an unknown version has none."""
    await use(store, A)

    async with store.read() as tx:
        assert await tx.regelversies.archief(A) == A.encode()
        assert await tx.regelversies.archief(B) is None
        assert await tx.regelversies.find(B) is None
        with pytest.raises(NotFoundError, match="bestaat niet"):
            await tx.regelversies.get(B)


@pytest.mark.parametrize("table", ["regelversies", "regelstappen"])
@pytest.mark.parametrize("verb", ["UPDATE", "DELETE", "REPLACE"])
async def test_versions_and_steps_cannot_be_changed(store: Store, table: str, verb: str) -> None:
    """The database itself refuses to change, remove or replace a version or a step of it."""
    await use(store, A)
    sqlite = store._engine.dialect.name == "sqlite"
    column = "archief" if table == "regelversies" else "door"
    replace = (
        f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"  # noqa: S608
        if sqlite
        else f"TRUNCATE {table} CASCADE"
    )
    statement = {
        "UPDATE": f"UPDATE {table} SET {column} = NULL",  # noqa: S608
        "DELETE": f"DELETE FROM {table}",  # noqa: S608
        "REPLACE": replace,
    }[verb]

    with pytest.raises(ConflictError):
        async with store.begin() as tx:
            await tx._conn.execute(text(statement))
    assert await in_force(store) == A


async def test_two_changes_at_once_are_one(store: Store) -> None:
    """Of two that change the rules at the same moment, each on its own view, one gets through.

    In SQLite they stand in line; in PostgreSQL the second gets the number of the first.
    """
    await use(store, A)
    async with store.begin() as tx:
        await tx.regelversies.insert(B, b"b")

    async def change() -> None:
        async with store.begin() as tx:
            if await tx.regelversies.in_werking() != A:
                raise ConflictError
            await step(tx, B, Stap.IN_WERKING)
            await asyncio.sleep(0.05)

    done = await asyncio.gather(change(), change(), return_exceptions=True)

    assert [type(each) for each in done if each is not None] == [ConflictError]
    async with store.read() as tx:
        assert len((await tx.regelversies.get(B)).stappen) == 1
