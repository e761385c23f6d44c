"""Checking: what is broken, foreign, large or in use, and how it is told."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from audit.errors import ForeignLogError, UnusableError
from audit.findings import MAX_FINDINGS, Code, Findings
from audit.ledger.sqlite import SCHEMA
from audit.verify import verify
from tests.audit.attacks import SIZES, Attack, copied, remove, sql, together
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


@pytest.fixture(name="template", scope="module")
def make_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the log that is broken, once."""
    return a_log(tmp_path_factory.mktemp("verify") / "log", SIZES)


@pytest.fixture(name="directory")
def copy_template(template: Path, tmp_path: Path) -> Path:
    """Give a fresh copy of the log."""
    return copied(template, tmp_path / "log")


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


COLUMNS = ["soort", "kenmerk", "leaf", "hash"]


@settings(max_examples=60)
@given(column=st.sampled_from(COLUMNS), seq=st.integers(0, 599), place=st.integers(0, 500))
def test_any_flipped_byte_is_found(
    template: Path, tmp_path_factory: pytest.TempPathFactory, column: str, seq: int, place: int
) -> None:
    """Flipping any byte of any column of any line is found, and that line is named first."""
    directory = copied(template, tmp_path_factory.mktemp("flip") / "log")
    flip(column, seq, place)(directory)

    assert findings(directory) == [
        (Code.HASH if column in ("leaf", "hash") else Code.KOLOM, seq, seq)
    ]


@settings(max_examples=60)
@given(data=st.data())
def test_any_flipped_byte_of_a_file_is_found(
    template: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Flipping any bit of any tile or bundle is found, and nothing else is blamed."""
    directory = copied(template, tmp_path_factory.mktemp("flip") / "log")
    path = data.draw(
        st.sampled_from(sorted(p for p in directory.rglob("tile/**/*") if p.is_file()))
    )
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)

    kind = Code.BUNDEL if "entries" in path.parts else Code.TEGEL
    assert {code for code, _, _ in findings(directory)} == {kind}


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

        found = verify(directory, SIGNER.vkey, progress)
        assert {finding.code for finding in found} == {Code.NIET_NAGEKEKEN}
    assert told == [(5000, 5000)]
    assert findings(directory) == []


def test_log_that_is_opened_meanwhile_is_told(directory: Path) -> None:
    """When a quiet log is opened during the check, the check says so and promises nothing."""
    with ExitStack() as stack:

        def progress(_done: int, _total: int) -> None:
            stack.enter_context(open_log(directory)).append(*an_entry(700)).result()

        with pytest.raises(UnusableError, match="tijdens de controle geopend"):
            verify(directory, SIGNER.vkey, progress)


def test_values_that_the_schema_forbids(directory: Path) -> None:
    """Values of a wrong kind, got in by a trick, are findings and no crash."""

    def loosen(connection: sqlite3.Connection) -> None:
        loose = SCHEMA["regel"].replace(" STRICT", "").replace("BLOB NOT NULL", "BLOB")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'regel'", (loose,))

    def fill(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE regel SET leaf = NULL, hash = 1.5 WHERE seq = 590")
        connection.execute("UPDATE regel SET kenmerk = 7, soort = 3.5 WHERE seq = 591")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = ? WHERE name = 'regel'", (SCHEMA["regel"],)
        )

    with_database(directory, loosen)
    with_database(directory, fill)

    assert findings(directory) == [(Code.HASH, 590, 590), (Code.KOLOM, 591, 591)]


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

    assert findings(directory) == [(Code.DUBBEL, 599, 599), (Code.KOLOM, 599, 599)]


def outcome(directory: Path) -> str:
    """Return what the verifier says of a file that may be too broken to check."""
    try:
        found = verify(directory, SIGNER.vkey)
    except UnusableError as error:
        return str(error)
    return " ".join(finding.melding for finding in found)


@pytest.mark.parametrize("page", [1, 2, 5, 30, -2])
def test_torn_database_is_told(directory: Path, page: int) -> None:
    """A page of rubbish in the database gives findings, or one sentence, and no crash."""
    path = directory / "log.sqlite"
    data = path.read_bytes()
    pages = [data[place : place + 4096] for place in range(0, len(data), 4096)]
    pages[page] = b"\xa5" * 4096
    path.write_bytes(b"".join(pages))

    assert re.search("beschadigd|niet te lezen|past niet|passen niet", outcome(directory))


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
    "nothing": (together(remove("log.sqlite"), remove("checkpoint")), "geen logboek"),
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
    with pytest.raises(ForeignLogError, match="sleutel past niet"):
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
