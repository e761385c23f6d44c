"""The migrations make exactly the tables of the models."""

import asyncio
import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, make_url, text
from sqlalchemy.util import greenlet_spawn

from broker.errors import InvalidInputError, RecordError
from broker.store import Store, migrate, revert
from broker.store.engine import _write_ahead, open_engine
from broker.store.failures import translated
from broker.store.migrate import _config, _run, head
from broker.store.models import INSERT_ONLY, METADATA

T = TypeVar("T")
OLD = """
INSERT INTO organisaties (id, naam, bron_soort) VALUES ('nla', 'NLA', 'geen');
INSERT INTO zaken (id, soort, titel, status, verschijnselen, versie)
VALUES ('hhk-1', 'hhk', 'Z', 'vastgesteld', '["witwassen"]', 1);
INSERT INTO signalen (id, zaak, status, melder, omschrijving, gemeld_op)
VALUES ('s-1', 'hhk-1', 'aanvaard', 'nla', 'x', '2026-01-01');
UPDATE zaken SET signaal_id = 's-1';
INSERT INTO verlengingen (zaak, nummer, besluit_op) VALUES ('hhk-1', 1, '2026-05-01')
"""


async def on(url: str, work: Callable[[Connection], T]) -> T:
    """Do synchronous work on a database."""
    engine = open_engine(url, wait=5.0)
    async with engine.begin() as connection:
        done = await connection.run_sync(work)
    await engine.dispose()
    return done


def differences(connection: Connection) -> list[Any]:
    """Compare the tables with the models."""
    options = {"compare_type": True, "compare_server_default": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA))


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def checks(connection: Connection) -> dict[str, list[tuple[Any, Any]]]:
    """Read the check constraints, which the comparison of Alembic leaves out."""
    there = inspect(connection)
    return {
        table: sorted(
            (each["name"], each["sqltext"]) for each in there.get_check_constraints(table)
        )
        for table in METADATA.tables
    }


async def test_migrations_make_the_models(empty_url: str) -> None:
    """Up from nothing, down to nothing and up again gives exactly the tables of the models."""
    await migrate(empty_url)
    assert await on(empty_url, differences) == []

    await revert(empty_url)
    assert await on(empty_url, tables) <= {"alembic_version"}

    await migrate(empty_url)
    await migrate(empty_url)
    assert await on(empty_url, differences) == []


async def test_migrations_make_the_checks(empty_url: str) -> None:
    """The lists of codes in the migrated tables are those of the models."""
    await migrate(empty_url)
    migrated = await on(empty_url, checks)
    if empty_url.startswith("sqlite"):
        plain = create_engine("sqlite://")
        METADATA.create_all(plain)
        with plain.connect() as connection:
            expected = checks(connection)
        plain.dispose()
    else:
        await revert(empty_url)
        await on(empty_url, METADATA.create_all)
        expected = await on(empty_url, checks)

    assert migrated == expected


async def test_filled_database_can_be_reverted(store: Store, url: str) -> None:
    """Going down also works when zaak and signaal point at each other."""
    await store.close()
    await revert(url)

    assert await on(url, tables) <= {"alembic_version"}


async def old_store(url: str) -> None:
    """Fill a database that knows only the zaken of a RIEC, with a zaak and what points at it."""
    await _run(url, lambda config: command.upgrade(config, "20261120"))
    await on(url, lambda connection: [connection.execute(text(each)) for each in OLD.split(";")])


async def test_older_zaken_stay_as_they_were(empty_url: str) -> None:
    """What stood there before is of a RIEC, and one of another can stand beside it."""
    await old_store(empty_url)

    await migrate(empty_url)

    opened = await Store.open(empty_url)
    async with opened.begin() as tx:
        await tx.zaken.insert(
            {
                "id": "p-1",
                "soort": "priolijst",
                "verband": "zvh",
                "titel": "P",
                "status": "voorgesteld",
            }
        )
        found, other = await tx.zaken.get("hhk-1"), await tx.zaken.get("p-1")
    await opened.close()
    assert "verband" not in found
    assert (found["soort"], found["verschijnselen"]) == ("hhk", ["witwassen"])
    assert found["verlengingen"] == [{"besluit_op": "2026-05-01"}]
    assert found["signaal"] == {"id": "s-1", "status": "aanvaard"}
    assert (other["soort"], other["verband"]) == ("priolijst", "zvh")
    assert await on(empty_url, differences) == []


async def test_zaak_of_another_verband_ends_where_nobody_knows_it(empty_url: str) -> None:
    """One step back a zaak of another samenwerkingsverband is ended, and so opens nothing."""
    await migrate(empty_url)
    opened = await Store.open(empty_url)
    async with opened.begin() as tx:
        for soort, verband in (("hhk", None), ("casus", "zvh"), ("priolijst", "zvh")):
            facts = {"id": soort, "soort": soort, "verband": verband, "titel": "X"}
            await tx.zaken.insert({**facts, "status": "vastgesteld"})
    await opened.close()

    await _run(empty_url, lambda config: command.downgrade(config, "20261120"))

    wanted = text("SELECT id, soort, status FROM zaken ORDER BY id")
    rows = await on(empty_url, lambda connection: connection.execute(wanted).all())
    assert [tuple(row) for row in rows] == [
        ("casus", "casus", "beeindigd"),
        ("hhk", "hhk", "vastgesteld"),
        ("priolijst", "casus", "beeindigd"),
    ]
    await migrate(empty_url)
    assert await on(empty_url, differences) == []


def test_there_is_one_head() -> None:
    """There is one newest migration, and every file is named after its date."""
    script = ScriptDirectory.from_config(_config())

    assert script.get_heads() == [head()]
    for revision in script.walk_revisions():
        assert Path(revision.path).name.startswith(revision.revision)


async def test_two_nodes_migrate_at_once(empty_url: str) -> None:
    """Nodes that start together wait for each other, and none fails."""
    await asyncio.gather(migrate(empty_url), migrate(empty_url))

    assert await on(empty_url, differences) == []


async def test_new_file_waits_for_the_node_that_makes_it(tmp_path: Path) -> None:
    """SQLite itself refuses at once to set WAL beside a lock; a node that starts waits."""
    other = sqlite3.connect(tmp_path / "nieuw.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    started = asyncio.create_task(migrate(f"sqlite:///{tmp_path}/nieuw.db"))
    done, _ = await asyncio.wait([started], timeout=0.3)
    assert not done
    other.execute("ROLLBACK")
    other.close()

    await started


async def test_node_does_not_wait_forever(tmp_path: Path) -> None:
    """A lock on a new file that stays is told."""
    engine = open_engine(f"sqlite:///{tmp_path}/nieuw.db", wait=0.1)
    with closing(sqlite3.connect(tmp_path / "nieuw.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(RecordError, match="bezet"), translated():
            await engine.connect()
    await engine.dispose()


class Refusing:
    """A cursor that fails with each of these codes in turn, and then does what is asked."""

    def __init__(self, *codes: int) -> None:
        self.codes = list(codes)

    def execute(self, sql: str) -> None:
        """Fail, as long as there is a code."""
        assert sql == "PRAGMA journal_mode = WAL"
        if self.codes:
            error = sqlite3.OperationalError("no")
            error.sqlite_errorcode = self.codes.pop(0)
            raise error


async def test_only_a_lock_is_waited_for() -> None:
    """Whatever sort of lock it is; a disk that is full is told at once."""
    busy = Refusing(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY)
    await greenlet_spawn(_write_ahead, busy, 5.0)
    assert busy.codes == []

    full = Refusing(sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY)
    with pytest.raises(sqlite3.OperationalError):
        await greenlet_spawn(_write_ahead, full, 5.0)
    assert full.codes == [sqlite3.SQLITE_BUSY]


async def test_database_without_tables_is_not_opened(empty_url: str) -> None:
    """A store on tables that are not there says at once what must be done."""
    with pytest.raises(RecordError, match="migraties"):
        await Store.open(empty_url)


def test_evidence_is_in_the_list() -> None:
    """The triggers guard questions, besluiten, rules, requests of subjects and review samples."""
    assert set(INSERT_ONLY) == {
        "verzoeken",
        "besluiten",
        "beslislogregels",
        "regelversies",
        "regelstappen",
        "inzageverzoeken",
        "uitstellen",
        "uitstelstappen",
        "afschriften",
        "steekproeven",
        "steekproefeenheden",
        "steekproefoordelen",
    }


async def test_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    """Nobody else on the machine can read a new database."""
    old = os.umask(0o022)
    await migrate(f"sqlite:///{tmp_path}/nieuw.db")
    os.umask(old)

    assert stat.S_IMODE((tmp_path / "nieuw.db").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "url", ["", "geen adres", "mysql://localhost/x", "sqlite://", "sqlite:///:memory:"]
)
async def test_other_address_is_refused(url: str) -> None:
    """An address that is no file of SQLite and no PostgreSQL is told in a plain sentence."""
    with pytest.raises(InvalidInputError, match="Geef"):
        await migrate(url)


async def test_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A file in a folder that does not exist is a database that cannot be reached."""
    with pytest.raises(RecordError, match="niet bereikbaar"):
        await migrate(f"sqlite:///{tmp_path}/weg/sluis.db")


def test_driver_is_ours(sqlite_url: str) -> None:
    """An address without a driver gets the asynchronous one."""
    assert open_engine(sqlite_url, wait=1.0).url.drivername == "sqlite+aiosqlite"
    assert make_url(sqlite_url).drivername == "sqlite"
