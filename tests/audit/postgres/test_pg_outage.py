"""The server goes away, comes back, or comes back as another: nothing is lost, nothing twice."""

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from audit.errors import (
    LogBehindError,
    LogFencedError,
    LogInterruptedError,
    LogOpenError,
    LogUnavailableError,
)
from audit.ledger.pg_connection import Address
from audit.ledger.pg_schema import grant
from audit.ledger.postgres import PostgresLedger
from tests.audit.postgres.ledgers import a_batch, a_ledger, a_role, an_item, is_whole, write
from tests.audit.postgres.proxy import Cut, Wire
from tests.postgres_server import Server, wait_until


@pytest.fixture(name="wire")
def open_wire(server: Server) -> Iterator[Wire]:
    """Give a wire to the shared server that can be cut."""
    wire = Wire(server.folder / ".s.PGSQL.5432")
    yield wire
    wire.close()


@pytest.fixture(name="ledger")
def open_ledger(server: Server, database: str, wire: Wire) -> Iterator[PostgresLedger]:
    """Give a ledger at the end of the wire, with one line."""
    assert server.admin("SHOW port") == [("5432",)]
    url = f"postgresql://postgres@127.0.0.1:{wire.port}/{database}"
    ledger = a_ledger(Address(url=url, seconds=2.0))
    write(ledger, "begin")
    yield ledger
    ledger.close()


def write_over(ledger: PostgresLedger, wire: Wire, cut: Cut, kenmerk: str) -> None:
    """Write a line, and cut the wire while it is committed."""
    with ledger.turn() as turn:
        turn.write(a_batch(turn.head, [an_item(kenmerk)]))
        wire.cut = cut


def test_commit_that_never_arrived_is_told(ledger: PostgresLedger, wire: Wire) -> None:
    """When the wire is cut before the server hears of a commit, nothing is written, for certain."""
    with pytest.raises(LogInterruptedError, match="Er is niets vastgelegd"):
        write_over(ledger, wire, Cut.BEFORE, "een")

    assert len(ledger.lines(0, 9, None)) == 1
    write(ledger, "een")
    assert is_whole(ledger)


def test_commit_whose_answer_was_lost_counts(ledger: PostgresLedger, wire: Wire) -> None:
    """When the server committed and only its answer was lost, the lines count, once."""
    write_over(ledger, wire, Cut.AFTER, "een")

    assert [line.leaf for line in ledger.lines(1, 9, None)] == [an_item("een").data]
    write(ledger, "twee")
    assert is_whole(ledger)


def test_lost_answer_is_found_below_what_others_wrote(
    address: Address, ledger: PostgresLedger, wire: Wire
) -> None:
    """A commit whose answer was lost is recognised also when another node wrote after it."""
    other = a_ledger(address, "twee")
    wire.down = True

    def after_a_while() -> None:
        wait_until(lambda: len(other.lines(0, 9, None)) == 2)
        write(other, "van twee")
        wire.down = False

    thread = threading.Thread(target=after_a_while)
    thread.start()
    write_over(ledger, wire, Cut.AFTER, "een")
    thread.join()

    assert len(ledger.lines(0, 9, None)) == 3
    write(ledger, "drie")
    assert is_whole(ledger)
    other.close()


def test_wire_that_stays_down_is_told(ledger: PostgresLedger, wire: Wire) -> None:
    """While nobody can tell what came of a commit, it is not acknowledged; later it is found."""
    wire.down = True

    with pytest.raises(LogUnavailableError, match="niet bereikbaar") as failure:
        write_over(ledger, wire, Cut.AFTER, "een")
    assert not isinstance(failure.value, LogInterruptedError)
    before = time.monotonic()
    with pytest.raises(LogUnavailableError):
        write(ledger, "twee")
    # It was waited for long enough already, so who comes later is refused at once.
    assert time.monotonic() - before < 1

    wire.down = False
    with ledger.turn() as turn:
        assert turn.known(["een"]).keys() == {"een"}
    write(ledger, "twee")
    assert is_whole(ledger)


def test_idle_connection_that_was_cut_is_replaced(
    server: Server, database: str, ledger: PostgresLedger
) -> None:
    """When nothing was underway, the loss of every connection is not even noticed."""
    server.hang_up(database)

    assert write(ledger, "een").size == 2
    assert len(ledger.lines(0, 9, None)) == 2


def test_removed_while_away(server: Server, database: str, ledger: PostgresLedger) -> None:
    """A node that was removed while its connection was lost does not come back."""

    def lose() -> None:
        with ledger.turn() as turn:
            turn.write(a_batch(turn.head, [an_item("een")]))
            server.hang_up(database)
            server.admin("SELECT logboek.remove_node('een')", database)

    for attempt in (lose, lambda: write(ledger, "twee")):
        with pytest.raises(LogFencedError):
            attempt()
    assert len(ledger.lines(0, 9, None)) == 1


def test_no_connection_left(server: Server, database: str, address: Address) -> None:
    """When the server has no connection left for this node, it is refused, and later served."""
    narrow = a_role(server, database, "sluis_krap")
    with closing(a_ledger(address, "eigenaar")), closing(psycopg.connect(address.url)) as owner:
        grant(owner, "sluis_krap")
        owner.commit()
    with closing(a_ledger(replace(narrow, seconds=0.3))) as ledger:
        write(ledger, "een")
        server.admin("ALTER ROLE sluis_krap CONNECTION LIMIT 0")
        server.hang_up(database)

        with pytest.raises(LogUnavailableError, match="kwam niet tot stand"):
            write(ledger, "twee")
        server.admin("ALTER ROLE sluis_krap CONNECTION LIMIT -1")
        assert write(ledger, "twee").size == 2


def test_stopped_server_is_waited_for(own_server: Server) -> None:
    """A server that is restarted for maintenance costs time, and not a single line."""
    name = own_server.new_database()
    ledger = a_ledger(Address(url=own_server.at(name), seconds=20.0))
    write(ledger, "een")
    own_server.stop()
    starting = threading.Timer(0.5, own_server.start)
    starting.start()

    assert write(ledger, "twee").size == 2
    starting.join()
    assert is_whole(ledger)
    ledger.close()


def test_cancelled_wait_for_the_standby_is_no_acknowledgement(own_server: Server) -> None:
    """A commit that gave up waiting for its standby is refused, and no repeat passes for it."""
    name = own_server.new_database()
    ledger = a_ledger(Address(url=own_server.at(name), seconds=0.5))
    write(ledger, "een")
    own_server.admin("ALTER SYSTEM SET synchronous_standby_names = 'er_is_geen'")
    own_server.admin("SELECT pg_reload_conf()")

    def cancel() -> None:
        while not done.is_set():
            own_server.admin(
                "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
            )
            time.sleep(0.05)

    done = threading.Event()
    thread = threading.Thread(target=cancel)
    thread.start()
    try:
        with pytest.raises(LogUnavailableError, match="onzeker"):
            write(ledger, "twee")
        # It stands there, but nobody may be told so before a standby has it.
        assert ledger.known(["twee"]).keys() == {"twee"}
        with pytest.raises(LogUnavailableError), ledger.turn() as turn:
            turn.known(["twee"])
    finally:
        done.set()
        thread.join()
        own_server.admin("ALTER SYSTEM RESET ALL")
        own_server.admin("SELECT pg_reload_conf()")
    with ledger.turn() as turn:
        assert turn.known(["twee"]).keys() == {"twee"}
    assert is_whole(ledger)
    ledger.close()


def test_old_backup_put_back_is_refused(own_server: Server) -> None:
    """A node that saw more than the server has after a restore never writes to it again."""
    name = own_server.new_database()
    ledger = a_ledger(Address(url=own_server.at(name), seconds=20.0))
    write(ledger, "een")
    own_server.stop()
    backup = Path(tempfile.mkdtemp(prefix="sluis-pg-kopie-"))
    subprocess.run(["cp", "-a", f"{own_server.folder}/.", backup], check=True)
    own_server.start()
    write(ledger, "twee")
    own_server.stop()
    subprocess.run(["rm", "-rf", *own_server.folder.iterdir()], check=True)
    subprocess.run(["cp", "-a", f"{backup}/.", own_server.folder], check=True)
    own_server.start()

    with pytest.raises(
        LogBehindError, match="De database heeft 1 regels, en eerder waren het er 2"
    ):
        write(ledger, "drie")
    # Also when others have filled it up meanwhile.
    other = a_ledger(Address(url=own_server.at(name)), "twee")
    write(other, "anders", "en nog een")
    with pytest.raises(LogBehindError, match="niet meer die van eerder"):
        write(ledger, "drie")
    other.close()
    ledger.close()
    shutil.rmtree(backup)


@contextmanager
def a_standby(server: Server) -> Iterator[Server]:
    """Start a server that follows another one."""
    folder = Path(tempfile.mkdtemp(prefix="sluis-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "pgserver")
    server.run("pg_basebackup", "-c", "fast", "-D", str(folder), "-R", "-d", server.uri)
    for leftover in (".handle_pids.json", "log", ".s.PGSQL.5432.lock"):
        (folder / leftover).unlink(missing_ok=True)
    standby = Server(folder)
    try:
        yield standby
    finally:
        standby.close()


def test_standby_that_lags_is_refused(own_server: Server) -> None:
    """A standby is not written to, and one that lagged when it took over is found out."""
    name = own_server.new_database()
    with closing(a_ledger(Address(url=own_server.at(name)))) as first:
        write(first, "een")
    with a_standby(own_server) as standby:
        with pytest.raises(LogOpenError, match="reserve"):
            PostgresLedger.open(Address(url=standby.at(name)), node="een")
        both = f"{own_server.folder},{standby.folder}"
        url = own_server.at(name, host=both, target_session_attrs="read-write")
        with closing(a_ledger(Address(url=url, seconds=20.0))) as ledger:
            write(ledger, "twee")
            wait_until(lambda: _count(standby, name) == 2)
            standby.stop()
            write(ledger, "drie")
            own_server.kill()
            standby.start()
            standby.run("pg_ctl", "-w", "-D", str(standby.folder), "promote")

            with pytest.raises(LogBehindError, match="De database heeft 2 regels"):
                write(ledger, "vier")
    own_server.start()


def _count(server: Server, database: str) -> int:
    return int(server.admin("SELECT count(*) FROM logboek.regel", database)[0][0])
