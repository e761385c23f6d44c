"""The attacks: each deed is done on a real database, and named by its own finding."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.disk import CHECKPOINT
from audit.entry import Entry, Leaf, Soort, prepare
from audit.findings import Code
from audit.merkle import leaf_hash
from audit.note import Checkpoint
from audit.verify import verify
from tests.audit.logs import (
    ORIGIN,
    OTHER_SIGNER,
    SIGNER,
    START,
    a_log,
    an_entry,
    findings,
    open_log,
    run_sql,
    salt_of,
    with_database,
)

SIZES = [100, 300, 550, 600]
"""Ends of the batches in the log that is attacked: two full tiles and a tail of 88."""
Attack = Callable[[Path], object]
Expected = list[tuple[Code, int, int]]


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


def rewrite(seq: int, *, mend_hash: bool = False, mend_tile: bool = False) -> Attack:
    """Replace a line by another of the same form, payload and all; mend what betrays it."""

    def change(connection: sqlite3.Connection) -> None:
        made = prepare(an_entry(seq, vals=True)[0], salt_of(seq))
        connection.execute(
            "UPDATE regel SET leaf = ?, payload = ? WHERE seq = ?", (made.data, made.payload, seq)
        )
        if mend_hash:
            connection.execute("UPDATE regel SET hash = ? WHERE seq = ?", (made.hash, seq))
        if mend_tile:
            row = connection.execute("SELECT hashes FROM tegel WHERE number = ?", (seq // 256,))
            hashes = bytearray(row.fetchone()[0])
            hashes[seq % 256 * 32 : seq % 256 * 32 + 32] = made.hash
            connection.execute(
                "UPDATE tegel SET hashes = ? WHERE number = ?", (bytes(hashes), seq // 256)
            )

    return lambda directory: with_database(directory, change)


def delete_and_renumber(seq: int) -> Attack:
    """Take a line out and close the gap."""
    return sql(
        f"DELETE FROM regel WHERE seq = {seq}",  # noqa: S608
        f"UPDATE regel SET seq = -seq WHERE seq > {seq}",  # noqa: S608
        f"UPDATE regel SET seq = -seq - 1 WHERE seq < -{seq}",  # noqa: S608
    )


def swap(one: int, two: int) -> Attack:
    """Let two lines change places."""
    return sql(
        f"UPDATE regel SET seq = -1 WHERE seq = {one}",  # noqa: S608
        f"UPDATE regel SET seq = {one} WHERE seq = {two}",  # noqa: S608
        f"UPDATE regel SET seq = {two} WHERE seq = -1",  # noqa: S608
    )


def swap_checkpoint(note: str) -> Attack:
    """Put another checkpoint in the place of the published one."""

    def change(directory: Path) -> None:
        (directory / CHECKPOINT).write_text(note)

    return change


def old_database(directory: Path) -> None:
    """Put an older copy of the database back; the published checkpoint stays."""
    old = a_log(directory.parent / "oud", [100, 300])
    (directory / "log.sqlite").write_bytes((old / "log.sqlite").read_bytes())


def rewrite_all(directory: Path) -> None:
    """Make another history and sign it with the true key, but forget the published file."""
    kept = (directory / CHECKPOINT).read_bytes()
    other = directory.parent / "anders"
    with open_log(other) as log:
        log.append_many([an_entry(number, vals=number == 40) for number in range(100)]).result()
        log.append_many([an_entry(number) for number in range(100, 600)]).result()
    for path in other.iterdir():
        (directory / path.name).write_bytes(path.read_bytes())
    (directory / CHECKPOINT).write_bytes(kept)


def checkpoint(size: int, root: bytes = bytes(32)) -> str:
    """Return a checkpoint that is truly signed."""
    return SIGNER.sign(Checkpoint(origin=ORIGIN, size=size, root=root).text())


def insert_checkpoint(size: int, note: str) -> Attack:
    """Put a checkpoint into the database."""

    def change(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT OR REPLACE INTO controlepunt VALUES (?, ?)", (size, note))

    return lambda directory: with_database(directory, change)


def insert_line(seq: int, entry: Entry) -> Attack:
    """Put a line into the database that was never recorded."""

    def change(connection: sqlite3.Connection) -> None:
        made = prepare(entry, salt_of(0))
        connection.execute(
            "INSERT INTO regel VALUES (?, ?, ?, ?, ?, ?, ?)",
            (seq, entry.soort, entry.kenmerk, made.data, made.hash, made.salt, made.payload),
        )

    return lambda directory: with_database(directory, change)


def set_leaf(seq: int, data: bytes) -> Attack:
    """Replace the bytes of a leaf and mend its hash."""

    def change(connection: sqlite3.Connection) -> None:
        connection.execute(
            "UPDATE regel SET leaf = ?, hash = ? WHERE seq = ?", (data, leaf_hash(data), seq)
        )

    return lambda directory: with_database(directory, change)


ATTACKS: dict[str, tuple[Attack, Expected]] = {
    "edit a line": (rewrite(17), [(Code.HASH, 17, 17)]),
    "edit a line, mend its hash": (
        rewrite(17, mend_hash=True),
        [(Code.TEGEL, 17, 17)],
    ),
    "edit a line, mend hash and tile": (
        rewrite(317, mend_hash=True, mend_tile=True),
        [(Code.BOOM, 300, 549), (Code.ONGEDEKT, 550, 599)],
    ),
    "edit a line in the tail, mend its hash": (
        rewrite(560, mend_hash=True),
        [(Code.BOOM, 550, 599)],
    ),
    "edit a moment": (
        sql(
            "UPDATE regel SET leaf = CAST(replace(CAST(leaf AS TEXT), '2026-', '2027-') AS BLOB)"
            " WHERE seq = 40"
        ),
        [(Code.HASH, 40, 40)],
    ),
    "edit a payload": (
        sql("UPDATE regel SET payload = x'7b7d' WHERE seq = 40"),
        [(Code.TOEZEGGING, 40, 40)],
    ),
    "edit a salt": (
        sql("UPDATE regel SET salt = zeroblob(16) WHERE seq BETWEEN 40 AND 42"),
        [(Code.TOEZEGGING, 40, 42)],
    ),
    "destroy a salt, keep the payload": (
        sql("UPDATE regel SET salt = NULL WHERE seq = 40"),
        [(Code.TOEZEGGING, 40, 40)],
    ),
    "edit a hash": (
        sql("UPDATE regel SET hash = zeroblob(32) WHERE seq = 400"),
        [(Code.HASH, 400, 400), (Code.TEGEL, 400, 400)],
    ),
    "edit a column": (
        sql("UPDATE regel SET soort = 'wijziging' WHERE seq = 8"),
        [(Code.KOLOM, 8, 8)],
    ),
    "delete a line": (sql("DELETE FROM regel WHERE seq = 120"), [(Code.GAT, 120, 120)]),
    "delete lines": (
        sql("DELETE FROM regel WHERE seq BETWEEN 250 AND 530"),
        [(Code.GAT, 250, 530), (Code.ONGEDEKT, 300, 599)],
    ),
    "delete the first line": (sql("DELETE FROM regel WHERE seq = 0"), [(Code.GAT, 0, 0)]),
    "delete a line and renumber": (
        delete_and_renumber(560),
        [(Code.ONGEDEKT, 550, 598), (Code.AFGEKAPT, 599, 599)],
    ),
    "delete an early line and renumber": (
        delete_and_renumber(98),
        [
            (Code.TEGEL, 98, 511),
            (Code.BOOM, 300, 549),
            (Code.ONGEDEKT, 550, 598),
            (Code.AFGEKAPT, 599, 599),
        ],
    ),
    "reorder": (
        swap(570, 580),
        [(Code.BOOM, 550, 599), (Code.KLOK, 571, 580)],
    ),
    "truncate the tail": (
        sql("DELETE FROM regel WHERE seq >= 590"),
        [(Code.ONGEDEKT, 550, 589), (Code.AFGEKAPT, 590, 599)],
    ),
    "truncate to an older checkpoint": (
        sql("DELETE FROM regel WHERE seq >= 550", "DELETE FROM controlepunt WHERE size > 550"),
        [(Code.AFGEKAPT, 550, 599)],
    ),
    "empty the log": (
        sql("DELETE FROM regel", "DELETE FROM controlepunt", "DELETE FROM tegel"),
        [(Code.AFGEKAPT, 0, 599)],
    ),
    "put an old database back": (old_database, [(Code.AFGEKAPT, 300, 599)]),
    "another history under the true key": (rewrite_all, [(Code.SPLITSING, 100, 599)]),
    "add a line": (
        insert_line(
            600, Entry(soort=Soort.FOUT, at=an_entry(700)[0].at, kenmerk="x/fout", payload={})
        ),
        [(Code.ONGEDEKT, 600, 600)],
    ),
    "add a line of the past before all": (
        insert_line(-5, Entry(soort=Soort.FOUT, at=START, kenmerk="x/fout", payload={})),
        [(Code.GAT, -5, -5)],
    ),
    "add a line far away": (
        insert_line(
            2**62, Entry(soort=Soort.FOUT, at=an_entry(700)[0].at, kenmerk="x/fout", payload={})
        ),
        [
            (Code.TEGEL, 512, 767),
            (Code.GAT, 600, 2**62 - 1),
            (Code.ONGEDEKT, 600, 2**62),
        ],
    ),
    "swap the checkpoint for that of another size": (
        swap_checkpoint(checkpoint(320)),
        [(Code.SPLITSING, 300, 319)],
    ),
    "swap the checkpoint for one of the future": (
        swap_checkpoint(checkpoint(1000)),
        [(Code.AFGEKAPT, 600, 999)],
    ),
    "swap the checkpoint for that of another log": (
        swap_checkpoint(OTHER_SIGNER.sign(checkpoint(600).split("\n\n")[0] + "\n")),
        [(Code.CONTROLEPUNT, 0, 599)],
    ),
    "remove the checkpoint": (
        lambda directory: (directory / CHECKPOINT).unlink(),
        [(Code.CONTROLEPUNT, 0, 599)],
    ),
    "rubbish in the checkpoint": (
        swap_checkpoint("rommel"),
        [(Code.CONTROLEPUNT, 0, 599)],
    ),
    "forge a stored checkpoint": (
        insert_checkpoint(300, checkpoint(300).replace("\n300\n", "\n0300\n")),
        [(Code.HANDTEKENING, 100, 299)],
    ),
    "move a stored checkpoint": (
        sql("UPDATE controlepunt SET size = 200 WHERE size = 300"),
        [(Code.HANDTEKENING, 100, 199)],
    ),
    "sign a second history": (
        insert_checkpoint(400, checkpoint(400)),
        [(Code.SPLITSING, 300, 399)],
    ),
    "sign a false beginning": (insert_checkpoint(0, checkpoint(0)), [(Code.SPLITSING, 0, 0)]),
    "remove a tile": (
        sql("DELETE FROM tegel WHERE number = 1"),
        [(Code.TEGEL, 256, 511)],
    ),
    "cut a tile": (
        sql("UPDATE tegel SET hashes = x'00' WHERE number = 0"),
        [(Code.TEGEL, 0, 255)],
    ),
    "add a tile": (
        sql("INSERT INTO tegel VALUES (1, 0, zeroblob(8192))"),
        [(Code.TEGEL, 600, 600)],
    ),
    "poison the table of open voornemens": (
        sql("INSERT INTO open_voornemen VALUES ('v-3', 3)"),
        [(Code.HULPTABEL, 3, 3)],
    ),
    "text that is no text": (
        sql("UPDATE regel SET kenmerk = CAST(x'ff' AS TEXT) WHERE seq = 9"),
        [(Code.KOLOM, 9, 9)],
    ),
    "a note that is no text": (
        sql("UPDATE controlepunt SET note = CAST(x'ff' AS TEXT) WHERE size = 100"),
        [(Code.HANDTEKENING, 0, 99)],
    ),
    "a kenmerk without its soort": (
        set_leaf(
            590,
            Leaf(
                kenmerk="x", op="2026-11-20T09:09:50.000000Z", soort=Soort.FOUT, toezegging="A" * 43
            ).encode(),
        ),
        [
            (Code.BOOM, 550, 599),
            (Code.KOLOM, 590, 590),
            (Code.TOEZEGGING, 590, 590),
            (Code.VORM, 590, 590),
        ],
    ),
    "a leaf of another form": (
        set_leaf(590, b'{"v":2}'),
        [(Code.BOOM, 550, 599), (Code.VORM, 590, 590)],
    ),
}


def test_whole_log_is_intact(directory: Path) -> None:
    """A log with which nobody meddled has no findings, and checking changes no file."""
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    told: list[tuple[int, int]] = []

    found = verify(directory, SIGNER.vkey, lambda done, total: told.append((done, total)))

    assert found == []
    assert told == [(600, 600)]
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack_is_named(directory: Path, attack: str) -> None:
    """Each attack is found, with its own code, at its own lines."""
    deed, expected = ATTACKS[attack]
    deed(directory)

    assert findings(directory) == expected
