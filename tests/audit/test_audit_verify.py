"""Checking: what is broken, foreign, large or in use, and how it is told."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from audit.disk import CHECKPOINT
from audit.errors import LogOpenError, UnusableError
from audit.findings import MAX_FINDINGS, Code, Findings
from audit.merkle import check_inclusion, leaf_hash
from audit.note import open_checkpoint
from audit.receipt import verify_receipt
from audit.storage import SCHEMA
from audit.verify import verify
from tests.audit.logs import (
    OTHER_SIGNER,
    SIGNER,
    a_log,
    an_entry,
    findings,
    open_log,
    run_sql,
    with_database,
)

SIZES = [100, 300, 550, 600]
"""Ends of the batches in the log that is broken: two full tiles and a tail of 88."""
Attack = Callable[[Path], object]


@pytest.fixture(name="template", scope="module")
def make_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the log that is attacked, once."""
    return a_log(tmp_path_factory.mktemp("verify") / "log", SIZES)


@pytest.fixture(name="directory")
def copy_template(template: Path, tmp_path: Path) -> Path:
    """Give a fresh copy of the log."""
    directory = tmp_path / "log"
    directory.mkdir()
    for path in template.iterdir():
        (directory / path.name).write_bytes(path.read_bytes())
    return directory


def sql(*statements: str) -> Attack:
    """Attack with SQL."""
    return lambda directory: run_sql(directory, *statements)


def flip(column: str, seq: int, place: int) -> Attack:
    """Flip one bit of what stands in a column."""

    def change(connection: sqlite3.Connection) -> None:
        row = connection.execute(
            f"SELECT CAST({column} AS BLOB), typeof({column}) FROM regel WHERE seq = ?",  # noqa: S608
            (seq,),
        ).fetchone()
        data = bytearray(row[0])
        data[place % len(data)] ^= 1
        cast = "TEXT" if row[1] == "text" else "BLOB"
        try:
            connection.execute(
                f"UPDATE regel SET {column} = CAST(? AS {cast}) WHERE seq = ?",  # noqa: S608
                (bytes(data), seq),
            )
        except sqlite3.IntegrityError:
            # The kenmerk of another line came out.
            reject()

    return lambda directory: with_database(directory, change)


COLUMNS = ["soort", "kenmerk", "leaf", "hash", "salt", "payload"]


@settings(max_examples=60)
@given(column=st.sampled_from(COLUMNS), seq=st.integers(0, 599), place=st.integers(0, 500))
def test_any_flipped_byte_is_found(
    template: Path, tmp_path_factory: pytest.TempPathFactory, column: str, seq: int, place: int
) -> None:
    """Flipping any byte of any column of any line is found, and that line is named first."""
    directory = tmp_path_factory.mktemp("flip")
    (directory / "log.sqlite").write_bytes((template / "log.sqlite").read_bytes())
    (directory / CHECKPOINT).write_bytes((template / CHECKPOINT).read_bytes())
    flip(column, seq, place)(directory)

    found = findings(directory)

    # In the tail a changed hash also denies the root over its batch.
    exact = [one for one in found if one[0] not in (Code.BOOM, Code.ONGEDEKT)]
    assert exact[0][1] == exact[0][2] == seq
    assert {code for code, _, _ in found} <= {
        Code.HASH, Code.VORM, Code.TOEZEGGING, Code.KOLOM, Code.TEGEL, Code.BOOM, Code.ONGEDEKT,
    }  # fmt: skip


def test_log_in_use_is_checked(tmp_path: Path) -> None:
    """A log can be checked while it is written; what comes later is left out of account."""
    directory = tmp_path / "log"
    with open_log(directory) as log:
        for first in range(0, 5000, 500):
            log.append_many([an_entry(n) for n in range(first, first + 500)]).result()
        told: list[tuple[int, int]] = []

        def progress(done: int, total: int) -> None:
            told.append((done, total))
            log.append(*an_entry(5000 + len(told))).result()

        assert verify(directory, SIGNER.vkey, progress) == []
    assert told == [(4096, 5000), (5000, 5000)]
    assert findings(directory) == []


def test_log_that_is_opened_meanwhile_is_told(directory: Path) -> None:
    """When a quiet log is opened during the check, the check says so and promises nothing."""
    with ExitStack() as stack:

        def progress(_done: int, _total: int) -> None:
            stack.enter_context(open_log(directory)).append(*an_entry(700)).result()

        with pytest.raises(UnusableError, match="tijdens de controle geopend"):
            verify(directory, SIGNER.vkey, progress)


def test_large_log(tmp_path: Path) -> None:
    """A log with tiles of tiles is checked, proves its oldest line, and betrays a false tile."""
    directory = tmp_path / "log"
    with open_log(directory) as log:
        for first in range(0, 66_048, 512):
            log.append_many([an_entry(n) for n in range(first, first + 512)]).result()
        receipt = log.receipt(0)
        proof = log.proof(0)
        latest = open_checkpoint(log.checkpoint(), SIGNER.vkey)
    assert verify_receipt(receipt.text(), SIGNER.vkey) == receipt
    check_inclusion(0, latest.size, leaf_hash(receipt.leaf), proof, latest.root)
    assert findings(directory) == []

    run_sql(directory, "UPDATE tegel SET hashes = zeroblob(8192) WHERE level = 1")

    assert findings(directory) == [(Code.TEGEL, 0, 65_535)]
    with pytest.raises(LogOpenError, match="passen niet"):
        open_log(directory)


def test_values_that_the_schema_forbids(directory: Path) -> None:
    """Values of a wrong kind, got in by a trick, are findings and no crash."""

    def loosen(connection: sqlite3.Connection) -> None:
        loose = SCHEMA["regel"].replace(" STRICT", "").replace("BLOB NOT NULL", "BLOB")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'regel'", (loose,))

    def fill(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE regel SET leaf = NULL, hash = 1.5, salt = 3 WHERE seq = 590")
        connection.execute("UPDATE regel SET payload = 7 WHERE seq = 591")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = ? WHERE name = 'regel'", (SCHEMA["regel"],)
        )

    with_database(directory, loosen)
    with_database(directory, fill)

    assert set(findings(directory)) >= {
        (Code.HASH, 590, 590),
        (Code.VORM, 590, 590),
        (Code.TOEZEGGING, 591, 591),
        (Code.BOOM, 550, 599),
        (Code.BESCHADIGD, 0, 599),
    }


def test_kenmerk_that_stands_twice(directory: Path) -> None:
    """Two lines with one kenmerk, got in by a trick, are named."""
    automatic = "sqlite_autoindex_regel_1"

    def set_index(name: str, old: str, sql: str | None) -> Callable[[sqlite3.Connection], None]:
        def change(connection: sqlite3.Connection) -> None:
            table = SCHEMA["regel"] if sql is None else SCHEMA["regel"].replace(" UNIQUE", "")
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'regel'", (table,))
            connection.execute(
                "UPDATE sqlite_master SET name = ?, sql = ? WHERE name = ?", (name, sql, old)
            )

        return change

    with_database(directory, set_index("k", automatic, "CREATE INDEX k ON regel (kenmerk)"))
    run_sql(directory, "UPDATE regel SET kenmerk = 'v-1/toetsing' WHERE seq = 599")
    with_database(directory, set_index(automatic, "k", None))

    assert set(findings(directory)) == {
        (Code.KOLOM, 599, 599),
        (Code.DUBBEL, 599, 599),
        (Code.BESCHADIGD, 0, 599),
    }


def outcome(directory: Path) -> str:
    """Return what the verifier says of a file that may be too broken to check."""
    try:
        found = verify(directory, SIGNER.vkey)
    except UnusableError as error:
        return str(error)
    return " ".join(sorted({finding.code for finding in found}))


@pytest.mark.parametrize("page", [1, 2, 5, 30, -2])
def test_torn_database_is_told(directory: Path, page: int) -> None:
    """A page of rubbish in the database gives findings, or one sentence, and no crash."""
    path = directory / "log.sqlite"
    data = path.read_bytes()
    pages = [data[place : place + 4096] for place in range(0, len(data), 4096)]
    pages[page] = b"\xa5" * 4096
    path.write_bytes(b"".join(pages))

    assert re.search("beschadigd|niet te lezen", outcome(directory))


@pytest.mark.parametrize("size", [3000, 5000, 100_000])
def test_cut_database_is_told(directory: Path, size: int) -> None:
    """A database that was cut off in the middle is damaged, or cannot be read at all."""
    path = directory / "log.sqlite"
    path.write_bytes(path.read_bytes()[:size])

    assert re.search("beschadigd|niet te lezen", outcome(directory))


def foreign_database(directory: Path) -> None:
    """Put a database of something else in the place of the log."""
    (directory / "log.sqlite").unlink()
    run_sql(directory, "CREATE TABLE klanten (naam TEXT)")


UNUSABLE: dict[str, tuple[Attack, str]] = {
    "nothing": (lambda directory: (directory / "log.sqlite").unlink(), "geen logboek"),
    "rubbish": (
        lambda directory: (directory / "log.sqlite").write_bytes(b"rommel" * 999),
        "niet te lezen: het bestand is geen database",
    ),
    "nothing in it": (
        lambda directory: (directory / "log.sqlite").write_bytes(b""),
        "geen logboek van Sluis",
    ),
    "foreign": (foreign_database, "geen logboek van Sluis"),
    "trigger": (
        sql("CREATE TRIGGER t AFTER INSERT ON regel BEGIN SELECT 1; END"),
        "geen logboek van Sluis",
    ),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_what_is_no_log_is_told(directory: Path, case: str) -> None:
    """What is no log at all gives one plain sentence."""
    deed, match = UNUSABLE[case]
    deed(directory)

    with pytest.raises(UnusableError, match=match):
        verify(directory, SIGNER.vkey)


def test_wrong_key_is_told(directory: Path) -> None:
    """With the key of another log nothing is checked."""
    with pytest.raises(UnusableError, match="sleutel past niet"):
        verify(directory, OTHER_SIGNER.vkey)


def test_many_findings_have_an_end() -> None:
    """A file full of rubbish gives a list that stops, and says so."""
    found = Findings()
    for number in range(0, 4 * MAX_FINDINGS, 2):
        found.add(Code.HASH, number)

    listed = found.sorted()

    assert len(listed) == MAX_FINDINGS + 1
    assert listed[-1].code is Code.MEER
    assert "nog meer" in listed[-1].melding


def test_finding_names_its_lines() -> None:
    """A finding is one sentence that names a line, or the first and the last."""
    found = Findings()
    for number in (3, 4, 5, 9):
        found.add(Code.HASH, number)
    found.add(Code.OPEN_VOORNEMEN, 1)

    assert [finding.melding for finding in found.sorted()] == [
        "Regels 3 tot en met 5: de regel is veranderd nadat hij werd vastgelegd.",
        "Regel 9: de regel is veranderd nadat hij werd vastgelegd.",
        "Regel 1: het voornemen heeft nog geen afloop (geen fout, wel opvolgen).",
    ]
    assert [finding.is_note for finding in found.sorted()] == [False, False, True]
