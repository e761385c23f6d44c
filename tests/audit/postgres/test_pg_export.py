"""From PostgreSQL to a directory: the one verifier accepts it, and sees what was meddled with."""

from pathlib import Path

import psycopg
import pytest

from audit.entry import Entry, Soort
from audit.errors import LogOpenError, TileError
from audit.findings import Code
from audit.ledger.pg_connection import Address
from audit.ledger.pg_export import export_log
from audit.log import Log
from audit.shared import open_shared
from audit.shred import Shredding
from audit.verify import Demands, verify
from tests.audit.logs import SIGNER, an_entry, findings, salt_of


@pytest.fixture(name="log")
def make_log(address: Address, tmp_path: Path) -> Log:
    """Make a log of 600 lines by two nodes, one of whose subjects was shredded; give a node."""
    first = open_node(tmp_path, address, "een")
    with first, open_node(tmp_path, address, "twee") as second:
        for number in range(0, 600, 50):
            group = [
                an_entry(n, subject=f"s-{n % 7}", zaak=f"z-{n % 3}")
                for n in range(number, number + 50)
            ]
            (first, second)[number // 50 % 2].append_many(group).result()
        entry = Entry(
            soort=Soort.VERNIETIGING,
            at=an_entry(700)[0].at,
            kenmerk="x-1/vernietiging",
            payload={"regel": "bewaartermijn"},
        )
        second.shred(Shredding(entry=entry, salt=salt_of(700), subject="s-3")).result()
    return first


def open_node(folder: Path, address: Address, name: str) -> Log:
    """Open a node of the log."""
    return open_shared(folder / name, address, node=name, signer=SIGNER, kluis=folder / "kluis")


def test_export_is_accepted_by_the_verifier(address: Address, tmp_path: Path, log: Log) -> None:
    """What two nodes wrote and shredded is exported whole, and found intact, also by its words."""
    del log
    seen: list[tuple[int, int]] = []
    checkpoint = export_log(
        address,
        tmp_path / "uit",
        node=tmp_path / "een",
        progress=lambda done, total: seen.append((done, total)),
    )

    assert (checkpoint.size, seen[-1]) == (601, (601, 601))
    demands = Demands(vault=tmp_path / "kluis")
    found = verify(tmp_path / "uit", SIGNER.vkey, demands=demands)
    assert [one for one in found if one.code is not Code.NIET_NAGEKEKEN] == []
    assert (tmp_path / "uit" / "log.sqlite").stat().st_mode & 0o077 == 0


def test_directory_of_a_node_is_accepted_without_database(tmp_path: Path, log: Log) -> None:
    """What a node publishes can be checked on its own: tiles, bundles and checkpoint."""
    del log

    assert findings(tmp_path / "een") == findings(tmp_path / "twee") == []


def test_meddling_in_the_database_is_found_in_the_export(
    address: Address, tmp_path: Path, log: Log
) -> None:
    """A payload that an owner changed in PostgreSQL is found at its line in the export."""
    del log
    with psycopg.connect(address.url, autocommit=True) as owner:
        owner.execute("ALTER TABLE logboek.regel DISABLE TRIGGER ALL")
        owner.execute("UPDATE logboek.regel SET zegel = '\\x00' WHERE seq = 5")
        owner.execute("DELETE FROM logboek.trefwoord WHERE seq = 9")
    export_log(address, tmp_path / "uit", node=tmp_path / "een")

    found = verify(tmp_path / "uit", SIGNER.vkey, demands=Demands(vault=tmp_path / "kluis"))
    lines = {one.first for one in found if one.code is not Code.NIET_NAGEKEKEN}
    assert {5, 9} <= lines


def test_lines_that_do_not_fit_are_not_exported(address: Address, tmp_path: Path, log: Log) -> None:
    """When leaves do not lead to the signed root, there is no export, and nothing is left."""
    del log
    with psycopg.connect(address.url, autocommit=True) as owner:
        owner.execute("ALTER TABLE logboek.regel DISABLE TRIGGER ALL")
        owner.execute("UPDATE logboek.regel SET leaf = 'anders' WHERE seq = 5")

    with pytest.raises(TileError, match="Regel 5 is veranderd"):
        export_log(address, tmp_path / "uit", node=tmp_path / "een")
    assert {path.name for path in tmp_path.iterdir()} == {"een", "twee", "kluis"}


def test_no_log_to_export(address: Address, tmp_path: Path) -> None:
    """A database without a log, or a directory that is there already, is told plainly."""
    with pytest.raises(LogOpenError, match="geen logboek"):
        export_log(address, tmp_path / "uit", node=tmp_path)
    with pytest.raises(LogOpenError, match="bestaat al"):
        export_log(address, tmp_path, node=tmp_path)
    assert list(tmp_path.iterdir()) == []
