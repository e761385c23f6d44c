"""What the tests of the record share: a key, entries, a log, and ways to meddle with it."""

import datetime as dt
import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.entry import Entry, Soort
from audit.findings import Code, Finding
from audit.log import Log
from audit.merkle import EMPTY_ROOT, node_hash
from audit.note import Signer
from audit.verify import verify
from audit.writer import Options

ORIGIN = "sluis.example/log"
START = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
SIGNER = Signer.of(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER_SIGNER = Signer.of(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)))


def salt_of(number: int) -> bytes:
    """Return a salt that is always the same for this number."""
    return hashlib.sha256(b"zout %d" % number).digest()[:16]


def an_entry(
    number: int, soort: Soort = Soort.TOETSING, subject: str | None = None, **payload: object
) -> tuple[Entry, bytes]:
    """Return entry `number` with its salt; it happens `number` seconds after START."""
    entry = Entry(
        soort=soort,
        at=START + dt.timedelta(seconds=number),
        kenmerk=f"v-{number}/{soort}",
        payload={"nummer": number, **payload},
        subject=subject,
    )
    return entry, salt_of(number)


def open_log(directory: Path, options: Options | None = None, signer: Signer = SIGNER) -> Log:
    """Open the log of these tests."""
    return Log.open(
        directory, signer=signer, origin=ORIGIN, kluis=vault_of(directory), options=options
    )


def vault_of(directory: Path) -> Path:
    """Return where the keys of the vault of this log lie."""
    return directory.with_name(f"{directory.name}-kluis")


def copy_log(directory: Path, target: Path) -> Path:
    """Copy a log with its vault."""
    shutil.copytree(directory, target)
    shutil.copytree(vault_of(directory), vault_of(target))
    return target


def a_log(directory: Path, sizes: Sequence[int], *, done: int = 0) -> Path:
    """Make a closed log, or go on after `done` lines; each size is the end of one batch."""
    with open_log(directory) as log:
        for size in sizes:
            log.append_many([an_entry(number) for number in range(done, size)]).result()
            done = size
    return directory


def run_sql(directory: Path, *statements: str) -> None:
    """Meddle with the database."""
    with closing(sqlite3.connect(directory / "log.sqlite")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def with_database(directory: Path, change: Callable[[sqlite3.Connection], object]) -> None:
    """Meddle with the database in a way that needs more than SQL."""
    with closing(sqlite3.connect(directory / "log.sqlite")) as connection:
        change(connection)
        connection.commit()


def files(directory: Path) -> dict[str, bytes]:
    """Return every file of a log with its content, from its directory on."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


def findings(directory: Path) -> list[tuple[Code, int, int]]:
    """Return what the verifier finds, in short; what it says it did not check is left out."""
    found = verify(directory, SIGNER.vkey)
    return [short(finding) for finding in found if finding.code is not Code.NIET_NAGEKEKEN]


def short(finding: Finding) -> tuple[Code, int, int]:
    """Return code, first and last line."""
    return finding.code, finding.first, finding.last


def tree_hash(hashes: Sequence[bytes]) -> bytes:
    """Return MTH(D[n]) by the letter of RFC 6962 section 2.1."""
    if not hashes:
        return EMPTY_ROOT
    if len(hashes) == 1:
        return hashes[0]
    middle = 1
    while middle * 2 < len(hashes):
        middle *= 2
    return node_hash(tree_hash(hashes[:middle]), tree_hash(hashes[middle:]))
