"""Opening on PostgreSQL: a server, schema or role that is not as it must be is refused."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from audit.errors import LogOpenError, describe
from audit.ledger import pg_schema
from audit.ledger.pg_connection import Address
from audit.ledger.pg_schema import FINGERPRINT, fingerprint, grant
from audit.ledger.postgres import PostgresLedger
from tests.audit.postgres.ledgers import a_ledger, a_role, write
from tests.postgres_server import Server

PROJECT = Path(__file__).parents[3]


def test_schema_is_the_one_that_is_known(server: Server, database: str, address: Address) -> None:
    """The fingerprint in the code is that of the schema that the code makes."""
    a_ledger(address).close()

    with psycopg.connect(server.at(database), autocommit=True) as connection:
        assert fingerprint(connection) == FINGERPRINT


def test_nodes_may_start_at_once(address: Address) -> None:
    """Nodes that all start on an empty database make one schema between them."""
    failures: list[BaseException] = []

    def start(name: str) -> None:
        try:
            PostgresLedger.open(address, node=name).close()
        except (LogOpenError, psycopg.Error) as error:
            failures.append(error)

    threads = [threading.Thread(target=start, args=(f"knoop-{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []


@pytest.mark.parametrize(
    "meddling",
    [
        "DROP SCHEMA logboek CASCADE; CREATE SCHEMA logboek",
        "DROP SCHEMA logboek CASCADE; CREATE SCHEMA logboek; CREATE TABLE logboek.regel (a int)",
        """CREATE FUNCTION logboek.x() RETURNS trigger LANGUAGE plpgsql
            AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER x BEFORE INSERT ON logboek.regel FOR EACH ROW
            EXECUTE FUNCTION logboek.x()""",
        "CREATE RULE x AS ON INSERT TO logboek.regel DO INSTEAD NOTHING",
        "ALTER TABLE logboek.regel SET UNLOGGED",
        "ALTER TABLE logboek.regel DISABLE TRIGGER keep_rows",
        "ALTER TABLE logboek.regel DROP CONSTRAINT regel_kenmerk_key",
        "ALTER TABLE logboek.regel ADD COLUMN naam text",
        "ALTER TABLE logboek.kop ENABLE ROW LEVEL SECURITY",
        "DROP TABLE logboek.open_voornemen",
        "CREATE OR REPLACE FUNCTION logboek.confirm() RETURNS void LANGUAGE sql AS ''",
        "ALTER FUNCTION logboek.confirm() SET synchronous_commit = off",
    ],
)
def test_foreign_schema_is_refused(
    server: Server, database: str, address: Address, meddling: str
) -> None:
    """A schema that is not exactly ours is left as it is: what was added could change lines."""
    a_ledger(address).close()
    with psycopg.connect(server.at(database)) as connection:
        connection.execute(meddling.encode())

    with pytest.raises(LogOpenError, match="geen logboek van Sluis"):
        PostgresLedger.open(address, node="een")


def test_other_version_is_refused(server: Server, database: str, address: Address) -> None:
    """Tables of a later version are not touched by this one."""
    a_ledger(address).close()
    server.admin("UPDATE logboek.schema_version SET version = 2", database)

    with pytest.raises(LogOpenError, match="van versie 2, niet van 1"):
        PostgresLedger.open(address, node="een")


@pytest.fixture
def settled(server: Server) -> Iterator[Server]:
    """Give the server; what a test sets on it is undone."""
    yield server
    server.admin("ALTER SYSTEM RESET ALL")
    server.admin("SELECT pg_reload_conf()")
    while server.admin("SHOW fsync") != [("on",)]:
        pass


UNSAFE = {
    "fsync = off": "fsync niet op on",
    "full_page_writes = off": "full_page_writes niet op on",
    "synchronous_commit = off": "synchronous_commit op off",
    "synchronous_standby_names = 'x', synchronous_commit = local": "synchronous_commit op local",
    "synchronous_standby_names = 'x', synchronous_commit = remote_write": "op remote_write",
}


@pytest.mark.parametrize("settings", UNSAFE)
def test_careless_server_is_refused(
    settled: Server, database: str, address: Address, settings: str
) -> None:
    """A server that acknowledges before the disk, or the standby, does is not used."""
    for setting in settings.split(", "):
        settled.admin(f"ALTER SYSTEM SET {setting}")
    settled.admin("SELECT pg_reload_conf()")
    name, value = settings.rsplit(", ", maxsplit=1)[-1].split(" = ")
    while settled.admin(f"SHOW {name}") != [(value,)]:
        pass

    with pytest.raises(LogOpenError, match=UNSAFE[settings]):
        PostgresLedger.open(address, node="een")
    assert settled.admin("SELECT 1 FROM pg_namespace WHERE nspname = 'logboek'", database) == []


@pytest.mark.parametrize("setting", ["fsync = off", "full_page_writes = off"])
def test_server_that_becomes_careless_is_refused(
    settled: Server, address: Address, setting: str
) -> None:
    """A server that is told to be careless while the log runs gets no more lines."""
    ledger = a_ledger(address)
    write(ledger, "een")
    settled.admin(f"ALTER SYSTEM SET {setting}")
    settled.admin("SELECT pg_reload_conf()")
    while settled.admin(f"SHOW {setting.removesuffix(' = off')}") != [("off",)]:
        pass

    with pytest.raises(psycopg.Error) as failure:
        write(ledger, "twee")
    assert failure.value.sqlstate == "SL003"
    assert describe(failure.value) == "de database wacht niet meer op de schijf"
    assert len(ledger.lines(0, 9, None)) == 1
    ledger.close()


def test_other_encoding_is_refused(server: Server) -> None:
    """A database that is not in UTF-8 is not used."""
    name = server.new_database("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")

    with pytest.raises(LogOpenError, match="niet in UTF8"):
        PostgresLedger.open(Address(url=server.at(name)), node="een")


def test_old_server_is_refused(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server of before the oldest version that we know is not used."""
    monkeypatch.setattr(pg_schema, "OLDEST_SERVER", 999_999)

    with pytest.raises(LogOpenError, match="ouder dan PostgreSQL 14"):
        PostgresLedger.open(address, node="een")


def test_role_of_the_api_can_only_add(server: Server, database: str, address: Address) -> None:
    """With the role set-up of the documentation Sluis reads and adds, and can do nothing else."""
    a_ledger(address).close()
    narrow = a_role(server, database, "sluis_api")
    with psycopg.connect(server.at(database), autocommit=True) as owner:
        grant(owner, "sluis_api")

    ledger = a_ledger(narrow, "api")
    write(ledger, "een")
    with psycopg.connect(narrow.url, autocommit=True) as connection:
        for statement in (
            "INSERT INTO logboek.trefwoord VALUES (1, 1)",
            "UPDATE logboek.kop SET size = 9",
            "UPDATE logboek.regel SET zegel = NULL",
            "DELETE FROM logboek.open_voornemen",
            "DELETE FROM logboek.sleutel",
            "TRUNCATE logboek.trefwoord",
            "ALTER TABLE logboek.regel DISABLE TRIGGER ALL",
            "SELECT * FROM logboek.kop FOR UPDATE",
            "SELECT logboek.remove_node('api')",
            "CREATE TABLE logboek.x (a int)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
    assert write(ledger, "twee").size == 2
    ledger.close()


def test_role_that_could_change_the_log_is_refused(
    server: Server, database: str, address: Address
) -> None:
    """Where it is strict, a role that owns the tables, or is superuser, is not used."""
    a_ledger(address).close()

    with pytest.raises(LogOpenError, match="sluis logboek inrichten"):
        PostgresLedger.open(Address(url=server.at(database), strict=True), node="een")


def test_role_without_rights_is_told_plainly(
    server: Server, database: str, address: Address
) -> None:
    """A role that may not make or read the schema gets a sentence without names."""
    narrow = a_role(server, database, "sluis_niemand")
    with pytest.raises(psycopg.Error) as making:
        PostgresLedger.open(narrow, node="een")
    a_ledger(address).close()
    with pytest.raises(psycopg.Error) as reading:
        PostgresLedger.open(narrow, node="een")

    for failure in (making, reading):
        assert describe(failure.value) == "de database staat dit niet toe aan de rol van Sluis"


def test_verifier_needs_no_driver() -> None:
    """Neither the verifier nor the log itself imports psycopg; only this ledger does."""
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "import audit.__main__, audit.verify, audit.log\n"
    )

    subprocess.run([sys.executable, "-B", "-c", code], cwd=PROJECT, check=True)


def test_address_shows_no_password() -> None:
    """What is printed of an address holds nothing of it."""
    assert repr(Address(url="postgresql://sluis:geheim@db.example.nl/sluis")) == "Address(…)"
