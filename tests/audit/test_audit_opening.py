"""Opening: a log that is not whole, not safe or not ours does not start."""

import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typing_extensions import override

from audit.disk import Disk
from audit.errors import (
    LogBehindError,
    LogInUseError,
    LogKeyError,
    LogOpenError,
)
from audit.log import Log
from audit.merkle import EMPTY_ROOT
from audit.note import Checkpoint, Signer, open_checkpoint
from audit.writer import Options
from tests.audit.logs import (
    ORIGIN,
    OTHER_SIGNER,
    SIGNER,
    a_log,
    an_entry,
    copy_log,
    files,
    findings,
    open_log,
    run_sql,
    vault_of,
)

PROJECT = Path(__file__).parents[2]


class Careless(sqlite3.Connection):
    """A connection to a database that will not wait for the disk."""

    @override
    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
        return super().execute(sql.replace("synchronous = FULL", "synchronous = NORMAL"), *args)


class CarelessDisk(Disk):
    """Gives careless connections."""

    @override
    def connect(self, path: Path, *, read_only: bool = False) -> sqlite3.Connection:
        del read_only
        return sqlite3.connect(path, factory=Careless, isolation_level=None)


def test_new_log_is_whole(tmp_path: Path) -> None:
    """A new log has its key and a signed checkpoint of nothing before its first line."""
    directory = tmp_path / "diep" / "log"
    with open_log(directory) as log:
        checkpoint = open_checkpoint(log.checkpoint(), SIGNER.vkey)

        assert checkpoint == Checkpoint(origin=ORIGIN, size=0, root=EMPTY_ROOT)
        assert (directory / "checkpoint").read_text() == log.checkpoint()
        assert (directory / "vkey").read_text() == f"{SIGNER.vkey}\n"
    assert directory.stat().st_mode & 0o077 == 0
    assert findings(directory) == []


def test_second_opening_is_refused(tmp_path: Path) -> None:
    """While a log is open, nobody else opens it: not this process, not another."""
    directory = tmp_path / "log"
    code = (
        "import sys; from pathlib import Path; from tests.audit.logs import open_log\n"
        "try: open_log(Path(sys.argv[1]))\n"
        "except Exception as e: print(type(e).__name__, e)"
    )
    with open_log(directory) as log:
        with pytest.raises(LogInUseError):
            open_log(directory)
        other = subprocess.run(
            [sys.executable, "-B", "-c", code, str(directory)],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert log.append(*an_entry(0)).result().index == 0

    told = "Een ander proces heeft dit logboek al geopend. Stop dat eerst."
    assert other.stdout == f"LogInUseError {told}\n"
    open_log(directory).close()


def test_name_of_key_and_log_are_one(tmp_path: Path) -> None:
    """A key with another name than the log is refused before anything is made."""
    signer = Signer.of("elders.example", Ed25519PrivateKey.generate())

    with pytest.raises(LogKeyError, match="andere naam"):
        Log.open(tmp_path / "log", signer=signer, origin=ORIGIN, kluis=vault_of(tmp_path / "log"))
    assert not (tmp_path / "log").exists()


def test_other_key_is_refused(tmp_path: Path) -> None:
    """A log is never signed with another key, whether or not the vkey file is there."""
    directory = a_log(tmp_path / "log", [3])

    with pytest.raises(LogKeyError, match="past niet"):
        open_log(directory, signer=OTHER_SIGNER)
    (directory / "vkey").unlink()
    with pytest.raises(LogKeyError, match="past niet"):
        open_log(directory, signer=OTHER_SIGNER)
    open_log(directory).close()
    assert (directory / "vkey").read_text() == f"{SIGNER.vkey}\n"


def test_unsafe_database_is_refused(tmp_path: Path) -> None:
    """A database that acknowledges before the disk does is not used."""
    with pytest.raises(LogOpenError, match="synchronous FULL"):
        open_log(tmp_path / "log", Options(disk=CarelessDisk()))


@pytest.mark.parametrize("content", [b"rommel" * 1000, b"SQLite format 3\0" + bytes(5000)])
def test_rubbish_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file that is no database is left as it is."""
    directory = tmp_path / "log"
    directory.mkdir()
    (directory / "log.sqlite").write_bytes(content)

    with pytest.raises(LogOpenError, match="kan niet worden geopend"):
        open_log(directory)
    assert (directory / "log.sqlite").read_bytes() == content


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE klanten (naam TEXT)",
        "CREATE TABLE regel (seq INTEGER PRIMARY KEY)",
    ],
)
def test_foreign_database_is_refused(tmp_path: Path, statement: str) -> None:
    """A database of something else is left as it is."""
    directory = tmp_path / "log"
    directory.mkdir()
    run_sql(directory, statement)
    before = (directory / "log.sqlite").read_bytes()

    with pytest.raises(LogOpenError, match="geen logboek van Sluis"):
        open_log(directory)
    assert (directory / "log.sqlite").read_bytes() == before


def test_log_with_a_trigger_is_refused(tmp_path: Path) -> None:
    """Whatever was added to the database could change lines on their way in."""
    directory = a_log(tmp_path / "log", [1])
    run_sql(
        directory,
        "CREATE TRIGGER t AFTER INSERT ON regel BEGIN DELETE FROM regel WHERE seq = 0; END",
    )

    with pytest.raises(LogOpenError, match="geen logboek van Sluis"):
        open_log(directory)


def put_old_database_back(directory: Path) -> None:
    """Restore the database as it was before the last lines."""
    old = a_log(directory.parent / "oud", [3])
    (directory / "log.sqlite").write_bytes((old / "log.sqlite").read_bytes())


def remove(name: str) -> Callable[[Path], None]:
    """Remove a file of the log."""
    return lambda directory: (directory / name).unlink()


def write(name: str, content: str) -> Callable[[Path], None]:
    """Replace a file of the log."""

    def change(directory: Path) -> None:
        (directory / name).write_text(content)

    return change


def sql(*statements: str) -> Callable[[Path], None]:
    """Meddle with the database of the log."""
    return lambda directory: run_sql(directory, *statements)


OTHER_HISTORY = SIGNER.sign(Checkpoint(origin=ORIGIN, size=300, root=bytes(32)).text())


# Name of the damage: how it is done, what is raised, and what is said.
DAMAGE: dict[str, tuple[Callable[[Path], object], type[LogOpenError], str]] = {
    "old database": (
        put_old_database_back,
        LogBehindError,
        "De database heeft 3 regels, het bestand checkpoint 600",
    ),
    "no database": (remove("log.sqlite"), LogBehindError, "database met regels is weg"),
    "no checkpoint": (remove("checkpoint"), LogBehindError, "checkpoint ontbreekt"),
    "rubbish checkpoint": (write("checkpoint", "rommel"), LogKeyError, "niet te vertrouwen"),
    "other history": (
        write("checkpoint", OTHER_HISTORY),
        LogBehindError,
        "passen niet bij het bestand",
    ),
    "rubbish vkey": (write("vkey", "rommel"), LogKeyError, "past niet"),
    "last line deleted": (
        sql("DELETE FROM regel WHERE seq = 599"),
        LogBehindError,
        "te veel of te weinig",
    ),
    "line in the tail deleted": (
        sql("DELETE FROM regel WHERE seq = 550"),
        LogBehindError,
        "ontbreken regels",
    ),
    "all lines deleted": (sql("DELETE FROM regel"), LogBehindError, "te veel of te weinig"),
    "no stored checkpoints": (
        sql("DELETE FROM controlepunt"),
        LogBehindError,
        "passen niet bij hun controlepunt",
    ),
    "stored checkpoint changed": (
        sql("UPDATE controlepunt SET note = 'rommel' WHERE size = 600"),
        LogBehindError,
        "passen niet bij hun controlepunt",
    ),
    "tile of another history": (
        lambda directory: (directory / "tile/1/000.p/2").write_bytes(bytes(64)),
        LogBehindError,
        "passen niet bij het bestand",
    ),
    "tiles of another history": (
        lambda directory: [
            path.write_bytes(bytes(path.stat().st_size))
            for path in (directory / "tile").rglob("*")
            if path.is_file()
        ],
        LogBehindError,
        "passen niet bij het bestand",
    ),
    "head changed": (
        sql("UPDATE kop SET size = 550"),
        LogBehindError,
        "te veel of te weinig",
    ),
    "frontier changed": (
        sql("UPDATE kop SET peaks = zeroblob(length(peaks))"),
        LogBehindError,
        "passen niet bij hun controlepunt",
    ),
    "frontier cut": (
        sql("UPDATE kop SET peaks = x'00'"),
        LogOpenError,
        "past niet bij de grootte",
    ),
    "moment of the head changed": (
        sql("UPDATE kop SET op = ''"),
        LogBehindError,
        "passen niet bij hun controlepunt",
    ),
    "head gone": (sql("DELETE FROM kop"), LogBehindError, "database met regels is weg"),
    "vault gone": (
        lambda directory: shutil.rmtree(vault_of(directory)),
        LogOpenError,
        "sleutel van de kluis",
    ),
    "search key gone": (
        sql("DELETE FROM sleutel WHERE maand = 'index'"),
        LogOpenError,
        "zoeksleutel",
    ),
    "hash changed": (
        sql("UPDATE regel SET hash = zeroblob(32) WHERE seq = 550"),
        LogBehindError,
        "passen niet bij hun controlepunt",
    ),
    "checkpoint of the head changed": (
        sql("UPDATE kop SET note = 'rommel'"),
        LogOpenError,
        "geen handtekening",
    ),
    "last leaf changed": (
        sql("UPDATE regel SET leaf = x'00' WHERE seq = 599"),
        LogOpenError,
        "vaste vorm",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_log_that_is_not_whole_is_refused(tmp_path: Path, damage: str) -> None:
    """A log that is behind or contradicts itself does not start, and nothing is signed."""
    change, kind, match = DAMAGE[damage]
    directory = a_log(tmp_path / "log", [10, 300, 600])
    change(directory)
    before = (directory / "checkpoint").exists() and (directory / "checkpoint").read_bytes()
    running = {*threading.enumerate()}

    with pytest.raises(kind, match=re.escape(match)):
        open_log(directory)

    after = (directory / "checkpoint").exists() and (directory / "checkpoint").read_bytes()
    assert before == after
    assert {*threading.enumerate()} <= running


def test_checkpoint_of_after_a_crash_may_be_behind(tmp_path: Path) -> None:
    """A checkpoint file that is older than the database is brought up to date at opening."""
    directory = a_log(tmp_path / "log", [300])
    old = (directory / "checkpoint").read_bytes()
    with open_log(directory) as log:
        log.append(*an_entry(301)).result()
    (directory / "checkpoint").write_bytes(old)

    with open_log(directory) as log:
        assert (directory / "checkpoint").read_text() == log.checkpoint()
        assert open_checkpoint(log.checkpoint(), SIGNER.vkey).size == 301


def test_crash_while_making_the_log_is_recovered(tmp_path: Path) -> None:
    """A log whose making stopped halfway, before any line, is simply made."""
    directory = a_log(tmp_path / "log", [])
    whole = files(directory)
    for missing in (
        ["checkpoint"],
        ["checkpoint", "vkey"],
        ["checkpoint", "vkey", "log.sqlite"],
        ["checkpoint", "vkey", "log.sqlite", "../log-kluis/1.key"],
    ):
        for name in missing:
            (directory / name).unlink()
        open_log(directory).close()
        assert files(directory).keys() == whole.keys()
        assert findings(directory) == []


def test_directory_that_cannot_be_made(tmp_path: Path) -> None:
    """A place where no directory can be is told plainly."""
    (tmp_path / "bestand").write_text("")

    with pytest.raises(LogOpenError, match="een bestand kan niet worden gelezen of geschreven"):
        open_log(tmp_path / "bestand" / "log")


def test_old_copy_of_everything_is_seen_by_who_kept_a_checkpoint(tmp_path: Path) -> None:
    """A whole older copy opens, but its log does not continue what somebody else kept."""
    directory = a_log(tmp_path / "log", [3])
    copy = tmp_path / "kopie"
    copy_log(directory, copy)
    with open_log(directory) as log:
        log.append(*an_entry(4)).result()
        kept = open_checkpoint(log.checkpoint(), SIGNER.vkey)

    with open_log(copy) as log:
        assert open_checkpoint(log.checkpoint(), SIGNER.vkey).size < kept.size
