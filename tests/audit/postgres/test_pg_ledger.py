"""The ledger on PostgreSQL in use: several nodes, one log."""

import contextlib
import threading
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.entry import KeyRow, Soort
from audit.errors import LogFencedError, LogOpenError, LogReadError, LogUnavailableError
from audit.ledger import Head, TakenError
from audit.ledger.pg_arrays import Bytes, Ints, Texts
from audit.ledger.pg_connection import Address
from audit.ledger.postgres import PostgresLedger
from tests.audit.postgres.ledgers import (
    EMPTY,
    INDEX,
    KEY,
    a_batch,
    a_ledger,
    an_item,
    is_whole,
    write,
)
from tests.postgres_server import Server


@pytest.fixture(name="ledger")
def open_ledger(address: Address) -> Iterator[PostgresLedger]:
    """Give the ledger of node een, with an empty log."""
    ledger = a_ledger(address)
    yield ledger
    ledger.close()


@pytest.fixture(name="other")
def open_other(address: Address, ledger: PostgresLedger) -> Iterator[PostgresLedger]:
    """Give the ledger of node twee, on the same log."""
    assert ledger.head() is not None
    other = a_ledger(address, "twee")
    yield other
    other.close()


def test_empty_log_is_made_once(address: Address, ledger: PostgresLedger) -> None:
    """A log is made by one node; another that tries at the same moment is told to start again."""
    late = PostgresLedger.open(address, node="twee")

    with pytest.raises(LogOpenError, match="net gemaakt"):
        late.create(EMPTY, [INDEX])
    assert ledger.keys(None, None) == [INDEX]
    late.close()


def test_nodes_take_turns_in_one_tree(ledger: PostgresLedger, other: PostgresLedger) -> None:
    """What two nodes write by turns stands in one tree without a gap."""
    for number in range(20):
        for name, node in (("een", ledger), ("twee", other)):
            write(node, *(f"{name}-{number}-{i}" for i in range(number % 3 + 1)))

    assert is_whole(ledger)
    assert ledger.lines(0, 100, None) == other.lines(0, 100, None)


def test_turn_is_exclusive(ledger: PostgresLedger, other: PostgresLedger) -> None:
    """While one node has the turn another waits, and then begins where the first ended."""
    begun = threading.Event()
    seen: list[int] = []

    def second() -> None:
        begun.wait()
        with other.turn() as turn:
            seen.append(turn.head.size)
            turn.write(a_batch(turn.head, [an_item("twee")]))

    thread = threading.Thread(target=second)
    thread.start()
    with ledger.turn() as turn:
        begun.set()
        thread.join(timeout=0.3)
        assert thread.is_alive()
        turn.write(a_batch(turn.head, [an_item("een")]))
    thread.join(timeout=10)

    assert seen == [1]
    assert is_whole(ledger)


def test_stale_head_never_commits(ledger: PostgresLedger, other: PostgresLedger) -> None:
    """Of two batches on the same head exactly one is written, whoever computed the other."""
    stale = ledger.head()
    assert stale is not None
    write(other, "een")

    with pytest.raises(psycopg.Error) as failure, ledger.turn() as turn:
        turn.write(a_batch(stale, [an_item("twee")]))

    assert failure.value.sqlstate == "SL002"
    assert [line.leaf for line in ledger.lines(0, 9, None)] == [an_item("een").data]
    assert is_whole(ledger)


def test_batch_that_leaves_a_gap_is_refused(ledger: PostgresLedger) -> None:
    """A head that counts more lines than there come is refused by the database itself."""
    batch = a_batch(EMPTY_AFTER_JOIN, [an_item("een"), an_item("twee")])
    batch.entries = batch.entries[:1]

    with pytest.raises(psycopg.Error) as failure, ledger.turn() as turn:
        turn.write(batch)

    assert failure.value.sqlstate == "SL002"
    assert ledger.head() == EMPTY_AFTER_JOIN


EMPTY_AFTER_JOIN = Head(size=0, peaks=b"", op="", note="leeg", epoch=1, kek=1)


def test_exception_undoes_the_turn(ledger: PostgresLedger) -> None:
    """Whoever stops halfway leaves nothing behind, and the next turn works."""
    with contextlib.suppress(KeyError), ledger.turn() as turn:
        turn.write(a_batch(turn.head, [an_item("een")]))
        raise KeyError

    assert ledger.head() == EMPTY_AFTER_JOIN
    assert write(ledger, "twee").size == 1


def test_taken_kenmerk_is_told(ledger: PostgresLedger, other: PostgresLedger) -> None:
    """A kenmerk that any node used before voids the turn, and `known` tells what it stands for."""
    write(ledger, "een", "twee")

    with pytest.raises(TakenError), other.turn() as turn:
        turn.write(a_batch(turn.head, [an_item("drie"), an_item("twee")]))
    with other.turn() as turn:
        known = turn.known(["twee", "drie"])

    assert {kenmerk: found.seq for kenmerk, found in known.items()} == {"twee": 1}
    assert known == other.known(["twee", "drie"])
    assert known["twee"].key == KEY
    assert is_whole(other)


def test_removed_node_is_refused(
    server: Server, database: str, ledger: PostgresLedger, other: PostgresLedger
) -> None:
    """A node that an operator removed writes nothing more; the others go on."""
    write(other, "een")
    server.admin("SELECT logboek.remove_node('twee')", database)

    with pytest.raises(LogFencedError, match="doet niet meer mee"):
        write(other, "twee")
    assert write(ledger, "drie").size == 2


def test_second_of_the_same_name_shuts_out_the_first(address: Address) -> None:
    """When another process takes over the name of a node, the first can no longer write."""
    first = a_ledger(address)
    write(first, "een")
    second = a_ledger(address)

    with pytest.raises(LogFencedError):
        write(first, "twee")
    assert write(second, "drie").size == 2
    assert (first.newcomer, second.newcomer) == (True, False)
    first.close()
    second.close()


def test_node_that_hangs_does_not_hold_up_the_others(
    server: Server, database: str, ledger: PostgresLedger, other: PostgresLedger
) -> None:
    """Who waits too long for the head is refused, and not poisoned; the bound is the server's."""
    with psycopg.connect(server.at(database)) as hanging:
        hanging.execute("SELECT * FROM logboek.kop FOR UPDATE")

        with pytest.raises(LogUnavailableError, match="te lang bezet"):
            write(ledger, "een")
    assert write(other, "twee").size == 1


def test_lines_are_found(ledger: PostgresLedger) -> None:
    """Lines are found by index, by soort, and by every one of some words."""
    soorten = [Soort.TOETSING, Soort.WIJZIGING]
    items = [
        an_item(f"v-{n}", soorten[n % 2], words=(n % 3, 100 + n % 5, (1 << 63) - 1))
        for n in range(30)
    ]
    with ledger.turn() as turn:
        batch = a_batch(turn.head, items)
        turn.write(batch)

    def indexes(
        *words: int, span: tuple[int, int] = (0, 30), soort: Soort | None = None
    ) -> list[int]:
        return [line.seq for line in ledger.search(words, span, 5, soort)]

    assert indexes(1, 101) == [1, 16]
    assert indexes(1) == [1, 4, 7, 10, 13]
    assert indexes(1, 1) == [1, 4, 7, 10, 13]
    assert indexes((1 << 63) - 1, 2, span=(3, 9)) == [5, 8]
    assert indexes(1, soort=Soort.WIJZIGING) == [1, 7, 13, 19, 25]
    assert indexes(7) == []
    assert [line.seq for line in ledger.lines(3, 3, Soort.WIJZIGING)] == [3, 5, 7]
    assert ledger.rows(2, 4) == [items[2].data, items[3].data]
    assert (ledger.note_after(29), ledger.note_after(30)) == (batch.head.note, None)


def test_open_voornemens_follow(ledger: PostgresLedger) -> None:
    """A voornemen is open until its end comes, in the same batch or a later one."""
    for group in (
        [("a/voornemen", Soort.VOORNEMEN), ("b/voornemen", Soort.VOORNEMEN)],
        [("c/voornemen", Soort.VOORNEMEN), ("c/fout", Soort.FOUT), ("a/fout", Soort.FOUT)],
    ):
        with ledger.turn() as turn:
            turn.write(a_batch(turn.head, [an_item(*pair) for pair in group]))

    assert [line.seq for line in ledger.open_intents(9)] == [1]


def test_shredding_empties_and_rewraps(ledger: PostgresLedger) -> None:
    """In one turn keys and words go, a zegel is emptied, and the other keys are wrapped anew."""
    with ledger.turn() as turn:
        turn.write(a_batch(turn.head, [an_item("a", words=[5]), an_item("b", words=[5])]))
    with ledger.turn() as turn:
        turn.erase([KEY.id], [0], [(5, 0)])
        turn.rewrap(iter([INDEX._replace(epoch=2, verpakt=b"anders")]))
        batch = a_batch(turn.head, [an_item("c")])
        batch.keys = ()
        turn.write(batch)

    lines = ledger.lines(0, 9, None)
    assert [(line.key, line.zegel) for line in lines] == [
        (None, None),
        (None, b"zegel"),
        (None, b"zegel"),
    ]
    assert [line.seq for line in ledger.search([5], (0, 9), 9, None)] == [1]
    assert ledger.keys(None, None) == [KeyRow(INDEX.id, bytes(16), "index", 2, b"anders")]
    assert is_whole(ledger)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE logboek.regel SET leaf = 'anders' WHERE seq = 0",
        "UPDATE logboek.regel SET zegel = 'anders' WHERE seq = 0",
        "UPDATE logboek.regel SET seq = 7 WHERE seq = 0",
        "DELETE FROM logboek.regel WHERE seq = 0",
        "TRUNCATE logboek.regel",
        "UPDATE logboek.controlepunt SET note = 'anders'",
        "DELETE FROM logboek.controlepunt WHERE size = 1",
        "TRUNCATE logboek.controlepunt",
        "UPDATE logboek.kop SET size = 0",
        "UPDATE logboek.kop SET note = 'anders'",
        "UPDATE logboek.kop SET epoch = 0",
        "DELETE FROM logboek.kop",
        "TRUNCATE logboek.kop",
        "UPDATE logboek.sleutel SET onderwerp = 'anders', epoch = 9",
        "UPDATE logboek.sleutel SET verpakt = 'anders'",
        "TRUNCATE logboek.sleutel",
    ],
)
def test_evidence_is_not_changed_by_mistake(
    server: Server, database: str, ledger: PostgresLedger, statement: str
) -> None:
    """Also the owner is stopped by a trigger when a statement would change evidence."""
    write(ledger, "een")

    for prefix in ("", "SET session_replication_role = replica; "):
        with pytest.raises(psycopg.Error) as failure:
            server.admin(prefix + statement, database)
        assert failure.value.sqlstate == "SL004"


def test_readers_are_bounded(ledger: PostgresLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """When every connection for reading stays taken, who comes is refused."""
    monkeypatch.setattr("audit.ledger.pg_connection._BUSY_AFTER", 0.05)
    taken = [ledger._readers.take() for _ in range(4)]
    for one in taken:
        one.__enter__()

    with pytest.raises(LogReadError, match="te druk"):
        ledger.head()
    for one in taken:
        one.__exit__(None, None, None)
    assert ledger.head() == EMPTY_AFTER_JOIN


@settings(max_examples=60)
@given(
    texts=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))),
    blobs=st.lists(st.binary(max_size=300)) | st.lists(st.binary(min_size=32, max_size=32)),
    numbers=st.lists(st.integers(-(1 << 63), (1 << 63) - 1)),
)
def test_packed_columns_are_what_the_server_reads(
    server: Server, texts: list[str], blobs: list[bytes], numbers: list[int]
) -> None:
    """Arrays that are packed by us arrive as the same values, also when they are empty."""
    with psycopg.connect(server.uri) as connection:
        row = connection.execute(
            "SELECT %b::text[], %b::bytea[], %b::bigint[]",
            (Texts.of(texts), Bytes.of(blobs), Ints.of(numbers)),
        ).fetchone()

    assert row == (texts, blobs, numbers)
