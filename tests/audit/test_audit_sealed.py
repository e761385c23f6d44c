"""What is sealed, with the keys of the vault: payloads, marks, search words, and shredding."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from audit.entry import Entry, Soort
from audit.errors import ShredError, UnusableError
from audit.findings import Code
from audit.shred import Shredding
from audit.verify import Demands, verify
from tests.audit.attacks import copied
from tests.audit.logs import (
    SIGNER,
    START,
    an_entry,
    open_log,
    run_sql,
    salt_of,
    short,
    vault_of,
    with_database,
)

MOVE = (
    "UPDATE trefwoord SET seq = 11 WHERE (token, seq) IN"
    " (SELECT token, seq FROM trefwoord WHERE seq = 10"
    " AND token NOT IN (SELECT token FROM trefwoord WHERE seq = 11) LIMIT 1)"
)


@pytest.fixture(name="template", scope="module")
def make_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a log about three subjects and nobody, once."""
    directory = tmp_path_factory.mktemp("sealed") / "log"
    with open_log(directory) as log:
        log.append_many(
            [
                an_entry(
                    n, subject=None if n % 4 == 3 else f"pseudoniem-{n % 4}", zaak=f"z-{n % 5}"
                )
                for n in range(40)
            ]
        ).result()
    return directory


@pytest.fixture(name="directory")
def copy_template(template: Path, tmp_path: Path) -> Path:
    """Give a fresh copy of the log."""
    return copied(template, tmp_path / "log")


def told(directory: Path) -> list[tuple[Code, int, int]]:
    """Return what is found with the keys of the vault."""
    found = verify(directory, SIGNER.vkey, None, Demands(vault=vault_of(directory)))
    return [short(one) for one in found if one.code is not Code.NIET_NAGEKEKEN]


def shred(directory: Path, subject: str) -> None:
    """Destroy what is sealed about a subject."""
    entry = Entry(
        soort=Soort.VERNIETIGING,
        at=START.replace(hour=10),
        kenmerk=f"w-{subject[-1]}/vernietiging",
        payload={"regel": "bewaartermijn"},
    )
    with open_log(directory) as log:
        log.shred(Shredding(entry=entry, salt=salt_of(99), subject=subject)).result()


def test_sealed_log_is_intact(directory: Path) -> None:
    """Whatever was sealed by the log is in order, and checking changes no key."""
    before = {path: path.read_bytes() for path in vault_of(directory).iterdir()}

    assert told(directory) == []
    assert {path: path.read_bytes() for path in vault_of(directory).iterdir()} == before


def test_changed_seal(directory: Path) -> None:
    """A seal that was changed, or taken from another line, is named; so are its words."""
    run_sql(
        directory,
        "UPDATE regel SET zegel = (SELECT zegel FROM regel WHERE seq = 8) WHERE seq = 4",
        "UPDATE regel SET zegel = zeroblob(100) WHERE seq = 9",
    )

    assert told(directory) == [
        (Code.TREFWOORD, 4, 4),
        (Code.ZEGEL, 4, 4),
        (Code.TREFWOORD, 9, 9),
        (Code.ZEGEL, 9, 9),
    ]


@pytest.mark.parametrize(
    ("statement", "first", "last"),
    [
        ("DELETE FROM trefwoord WHERE seq = 7", 7, 7),
        ("INSERT INTO trefwoord VALUES (12345, 6)", 6, 6),
        ("INSERT INTO trefwoord VALUES (12345, 60)", 60, 60),
        # A search for the one gives the other.
        (MOVE, 10, 11),
    ],
)
def test_search_omission(directory: Path, statement: str, first: int, last: int) -> None:
    """A word that is missing, and one too many, are found by the line that they hide or betray."""
    run_sql(directory, statement)

    assert told(directory) == [(Code.TREFWOORD, first, last)]


def test_shredded_subject(directory: Path) -> None:
    """After shredding everything that is left is in order; words that stayed behind are named."""
    words: list[tuple[int, int]] = []

    def read(connection: sqlite3.Connection) -> None:
        words.extend(connection.execute("SELECT token, seq FROM trefwoord WHERE seq = 1"))

    with_database(directory, read)
    shred(directory, "pseudoniem-1")
    assert told(directory) == []

    with_database(
        directory,
        lambda connection: connection.execute("INSERT INTO trefwoord VALUES (?, ?)", words[0]),
    )
    assert told(directory) == [(Code.TREFWOORD, 1, 1)]


def test_keys_that_were_swapped(directory: Path) -> None:
    """A line that was sealed with the key of another subject is named."""
    run_sql(
        directory,
        "UPDATE regel SET sleutel = (SELECT sleutel FROM regel WHERE seq = 1) WHERE seq = 4",
    )

    assert (Code.ZEGEL, 4, 4) in told(directory)


def test_vault_that_does_not_fit(directory: Path, tmp_path: Path) -> None:
    """No vault, an empty one and that of another log give one sentence, and nothing is made."""
    nowhere, empty, other = (tmp_path / name for name in ("nergens", "leeg", "ander"))
    empty.mkdir()
    with open_log(other) as log:
        log.append(*an_entry(0)).result()
    for vault in (nowhere, empty, vault_of(other)):
        with pytest.raises(UnusableError):
            verify(directory, SIGNER.vkey, None, Demands(vault=vault))
    assert not nowhere.exists()
    assert list(empty.iterdir()) == []


def test_keys_that_are_no_keys(directory: Path) -> None:
    """A wrapped key that was changed makes every seal under it unreadable, and that is told."""
    run_sql(
        directory,
        "UPDATE sleutel SET verpakt = zeroblob(60) WHERE id ="
        " (SELECT sleutel FROM regel WHERE seq = 1)",
    )

    assert (Code.ZEGEL, 1, 1) in told(directory)


def test_damaged_tables(directory: Path, tmp_path: Path) -> None:
    """A table of keys or words that is damaged is a finding, not a crash."""
    shutil.copy(directory / "log.sqlite", tmp_path / "heel")
    for table in ("sleutel", "trefwoord"):
        shutil.copy(tmp_path / "heel", directory / "log.sqlite")
        with sqlite3.connect(directory / "log.sqlite") as connection:
            row = connection.execute(
                "SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)
            ).fetchone()
        connection.close()
        data = bytearray((directory / "log.sqlite").read_bytes())
        start = (row[0] - 1) * 4096
        data[start : start + 4096] = b"\xa5" * 4096
        (directory / "log.sqlite").write_bytes(data)

        assert Code.BESCHADIGD in {code for code, _, _ in told(directory)}


def test_erased_without_a_vernietiging(directory: Path) -> None:
    """Content that went without a vernietiging is told, before and after one that is recorded."""
    erase = "UPDATE regel SET zegel = NULL, sleutel = NULL WHERE seq = {0}"
    words = "DELETE FROM trefwoord WHERE seq = {0}"
    run_sql(directory, erase.format(5), words.format(5))
    assert told(directory) == [(Code.GEWIST, 5, 5)]

    shred(directory, "pseudoniem-0")
    run_sql(directory, erase.format(39), words.format(39))

    assert told(directory) == [(Code.GEWIST, 0, 39)]


def test_erased_key_without_a_vernietiging(directory: Path) -> None:
    """It is the same when the key was taken away, and the sealed content left."""
    run_sql(
        directory,
        "DELETE FROM sleutel WHERE id = (SELECT sleutel FROM regel WHERE seq = 1)",
        "DELETE FROM trefwoord WHERE seq IN"
        " (SELECT seq FROM regel WHERE sleutel NOT IN (SELECT id FROM sleutel))",
    )

    assert told(directory) == [(Code.GEWIST, 1, 37)]


def test_erased_vernietiging(directory: Path) -> None:
    """A vernietiging whose own content was erased hides nothing, and no other may follow it."""
    shred(directory, "pseudoniem-0")
    assert told(directory) == []
    run_sql(
        directory,
        "UPDATE regel SET zegel = NULL WHERE seq = 40",
        "DELETE FROM trefwoord WHERE seq = 40",
    )

    assert told(directory) == [(Code.GEWIST, 0, 40)]
    with pytest.raises(ShredError, match="niet te lezen"):
        shred(directory, "pseudoniem-1")
