"""The log on PostgreSQL does what the embedded log does: the same tests, on a real server."""

from contextlib import closing
from itertools import count
from pathlib import Path

import psycopg
import pytest

from audit.errors import (
    LogBehindError,
    LogFullError,
    LogKeyError,
    LogOpenError,
    LogReadError,
)
from audit.findings import Code
from audit.ledger.pg_connection import Address
from audit.ledger.pg_export import export_log
from audit.ledger.pg_reader import PostgresReader
from audit.log import Log
from audit.note import Checkpoint, Signer, open_checkpoint
from audit.reader import Reader
from audit.shared import open_shared
from audit.writer import Options
from tests.audit import logs, test_audit_log
from tests.audit.logs import OTHER_SIGNER, SIGNER, an_entry, vault_of
from tests.audit.test_audit_log import (  # noqa: F401 - they run here too
    open_empty_log,
    test_checkpoint_file_follows,
    test_clock_is_held_over_reopening,
    test_clock_that_was_set_back_is_refused,
    test_closed_log_is_closed,
    test_closing_records_what_waits,
    test_end_before_its_voornemen_does_not_count,
    test_group_larger_than_a_batch_is_refused,
    test_line_reads_back,
    test_lines_are_read_by_soort,
    test_many_are_recorded_together,
    test_nothing_outside_the_log,
    test_open_intents,
    test_other_entry_with_the_same_kenmerk_is_refused,
    test_overtaken_entry_gets_the_moment_of_the_line_before,
    test_receipt_proves_the_line,
    test_repeated_entry_gets_its_earlier_receipt,
    test_several_producers,
    test_strict_clock,
    test_unfit_entry_never_reaches_the_log,
)
from tests.postgres_server import Server

_NUMBERS = count(1)


class Place:
    """Opens logs of one database, and looks at them as the verifier does."""

    def __init__(self, address: Address) -> None:
        self.address = address

    def open(self, directory: Path, options: Options | None = None, signer: Signer = SIGNER) -> Log:
        """Open the log as the node of this directory."""
        return open_shared(
            directory,
            self.address,
            node=directory.name,
            signer=signer,
            kluis=vault_of(directory),
            options=options,
        )

    def findings(self, directory: Path) -> list[tuple[Code, int, int]]:
        """Export the log, and return what the verifier finds."""
        target = directory.with_name(f"uit-{next(_NUMBERS)}")
        export_log(self.address, target, node=directory)
        return logs.findings(target)

    def meddle(self, *statements: str) -> None:
        """Change the database as its owner can: without the triggers, and they are put back."""
        with psycopg.connect(self.address.url) as owner:
            triggers = owner.execute(
                "SELECT tgrelid::regclass::text, tgname FROM pg_trigger JOIN pg_class c"
                " ON c.oid = tgrelid WHERE relnamespace = 'logboek'::regnamespace"
                " AND NOT tgisinternal"
            ).fetchall()
            for table, name in triggers:
                owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}".encode())
            for statement in statements:
                owner.execute(statement.encode())
            for table, name in triggers:
                owner.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}".encode())


@pytest.fixture(name="place", autouse=True)
def on_postgresql(address: Address, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Let the tests of the embedded log run on PostgreSQL."""
    place = Place(address)
    for module in (logs, test_audit_log):
        monkeypatch.setattr(module, "open_log", place.open)
    monkeypatch.setattr(test_audit_log, "findings", place.findings)
    return place


@pytest.fixture(name="directory")
def make_directory(tmp_path: Path, place: Place) -> Path:
    """Make a closed log of 300 lines in two batches; give the directory of its node."""
    directory = tmp_path / "log"
    with place.open(directory) as log:
        for first, size in ((0, 10), (10, 300)):
            log.append_many([an_entry(number) for number in range(first, size)]).result()
    return directory


def test_log_goes_on_after_reopening(place: Place, directory: Path) -> None:
    """A log that is opened again goes on in the same tree, and the export is found intact."""
    with place.open(directory) as log:
        assert log.append(*an_entry(300)).result().index == 300
        assert log.append(*an_entry(3)).result() == log.receipt(3)

    assert place.findings(directory) == []


def test_full_queue_is_refused_while_another_node_holds_the_head(
    place: Place, directory: Path
) -> None:
    """When too much waits, an append fails at once, and what waits is still recorded."""
    with (
        place.open(directory, Options(capacity=3)) as log,
        psycopg.connect(place.address.url) as other,
    ):
        other.execute("SELECT * FROM logboek.kop FOR UPDATE")
        first = log.append(*an_entry(300))
        # It is taken from the queue, and waits for its turn.
        while log._writer._waiting:
            pass
        waiting = [log.append(*an_entry(number)) for number in (301, 302, 303)]
        with pytest.raises(LogFullError, match="te druk"):
            log.append(*an_entry(304))
        other.rollback()

        assert [one.result().index for one in (first, *waiting)] == [300, 301, 302, 303]


def test_other_key_is_refused(place: Place, directory: Path) -> None:
    """The log is never signed with another key, also not by a node that is new to it."""
    for name in (directory.name, "nieuw"):
        with pytest.raises(LogKeyError, match="past niet"):
            place.open(directory.with_name(name), signer=OTHER_SIGNER)


def test_new_node_joins_without_a_checkpoint(
    place: Place, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node of a new name gets the whole log; one that took part and lost its files does not."""
    vault = vault_of(directory)
    monkeypatch.setattr("tests.audit.postgres.test_pg_log.vault_of", lambda _: vault)
    other = directory.with_name("nieuw")
    with place.open(other) as log:
        assert open_checkpoint((other / "checkpoint").read_text(), SIGNER.vkey).size == 300
        assert log.append(*an_entry(300)).result().index == 300
    assert logs.findings(other) == []

    (other / "checkpoint").unlink()
    with pytest.raises(LogBehindError, match="checkpoint ontbreekt"):
        place.open(other)


def test_embedded_log_is_not_taken_for_a_node(place: Place, tmp_path: Path) -> None:
    """A directory with an embedded log never becomes the directory of a node."""
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "log.sqlite").write_bytes(b"")

    with pytest.raises(LogOpenError, match="ingebouwd logboek"):
        place.open(tmp_path / "log")


OTHER_HISTORY = SIGNER.sign(Checkpoint(origin=SIGNER.vkey.name, size=200, root=bytes(32)).text())
DAMAGE = {
    "all gone": (["DROP SCHEMA logboek CASCADE"], "database met regels is weg"),
    "older": (
        [
            "DELETE FROM logboek.regel WHERE seq >= 10",
            "DELETE FROM logboek.controlepunt WHERE size > 10",
            """UPDATE logboek.kop SET size = 10, note = c.note, peaks = '{peaks}', op = '{op}'
            FROM logboek.controlepunt c WHERE c.size = 10""",
        ],
        "De database heeft 10 regels, het bestand checkpoint 300",
    ),
    "last line gone": (["DELETE FROM logboek.regel WHERE seq = 299"], "te veel of te weinig"),
    "line gone": (["DELETE FROM logboek.regel WHERE seq = 290"], "ontbreken regels"),
    "hash changed": (
        ["UPDATE logboek.regel SET hash = decode(repeat('00', 32), 'hex') WHERE seq = 290"],
        "passen niet bij hun controlepunt",
    ),
    "checkpoint changed": (
        ["UPDATE logboek.kop SET note = 'rommel'"],
        "geen handtekening",
    ),
    "frontier changed": (
        ["UPDATE logboek.kop SET peaks = decode(repeat('00', 128), 'hex')"],
        "passen niet bij hun controlepunt",
    ),
}


def test_payloads_are_read_beside_a_node(place: Place, directory: Path) -> None:
    """Who only reads, with the vault, gets payloads by kenmerk; without the vault nothing."""
    kluis = vault_of(directory)
    with closing(Reader.over(PostgresReader(place.address), kluis)) as reader:
        found = reader.payloads(["v-3/toetsing", "weg"])
    assert found == {"v-3/toetsing": {"nummer": 3}}

    with pytest.raises(LogReadError, match="niet te lezen"):
        Reader.over(PostgresReader(place.address), directory)


@pytest.mark.parametrize("damage", DAMAGE)
def test_log_that_is_not_whole_is_refused(place: Place, directory: Path, damage: str) -> None:
    """A log that is behind or contradicts itself does not start, and nothing is signed."""
    statements, told = DAMAGE[damage]
    if damage == "all gone":
        with psycopg.connect(place.address.url) as owner:
            owner.execute(statements[0].encode())
    else:
        place.meddle(*(_filled(directory, one) for one in statements))
    before = (directory / "checkpoint").read_bytes()

    with pytest.raises(LogOpenError, match=told):
        place.open(directory)
    assert (directory / "checkpoint").read_bytes() == before


def _filled(directory: Path, statement: str) -> str:
    if "{peaks}" not in statement:
        return statement
    from audit.merkle import grow, leaf_hash, pack_peaks  # noqa: PLC0415 - for this case only
    from audit.tiles import TileReader  # noqa: PLC0415

    leaves = TileReader(directory, 300).bundle(0)[:10]
    peaks = pack_peaks(grow({}, 0, [leaf_hash(leaf) for leaf in leaves]).peaks)
    op = an_entry(9)[0].at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return statement.replace("{peaks}", f"\\x{peaks.hex()}").replace("{op}", op)


def test_other_history_is_refused(place: Place, directory: Path) -> None:
    """A database that does not continue what this node published is not written to."""
    (directory / "checkpoint").write_text(OTHER_HISTORY)

    with pytest.raises(LogBehindError, match="passen niet bij het bestand checkpoint"):
        place.open(directory)


def test_server_that_is_not_there_is_told(tmp_path: Path, server: Server) -> None:
    """A server that cannot be reached gives one sentence, without its address."""
    away = Address(url=server.at("postgres", host=str(tmp_path)))

    with pytest.raises(LogOpenError, match=r"^Het logboek kan niet worden geopend: de verbinding"):
        Place(away).open(tmp_path / "log")
