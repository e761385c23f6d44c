"""Ways to meddle with a closed log: its rows, its bundles, its tiles and its checkpoints."""

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from audit.bundles import encode_bundle, parse_bundle
from audit.disk import CHECKPOINT
from audit.entry import Leaf
from audit.merkle import leaf_hash
from audit.note import Checkpoint
from audit.tiles import ENTRIES, TilePath
from tests.audit.logs import ORIGIN, SIGNER, run_sql, vault_of, with_database

Attack = Callable[[Path], object]
SIZES = [100, 300, 550, 600]
"""Ends of the batches in the log that is attacked: two full tiles and a tail of 88."""


def copied(template: Path, directory: Path) -> Path:
    """Return a fresh copy of a log."""
    shutil.copytree(vault_of(template), vault_of(directory))
    return Path(shutil.copytree(template, directory))


def sql(*statements: str) -> Attack:
    """Attack with SQL."""
    return lambda directory: run_sql(directory, *statements)


def together(*attacks: Attack) -> Attack:
    """Do several things."""

    def change(directory: Path) -> None:
        for attack in attacks:
            attack(directory)

    return change


def width(number: int) -> int:
    """Return how many lines a bundle of the attacked log has."""
    return min(SIZES[-1] - number * 256, 256)


def path_of(level: int, number: int) -> str:
    """Return where a tile or bundle of the attacked log lies."""
    return str(TilePath(level, number, width(number) if level <= 0 else 2))


def other(data: bytes) -> bytes:
    """Return another leaf of the same form, at the same moment."""
    return replace(Leaf.parse(data), toezegging="A" * 43).encode()


def read_leaf(directory: Path, seq: int) -> bytes:
    """Return a leaf from its bundle."""
    number = seq // 256
    data = (directory / path_of(ENTRIES, number)).read_bytes()
    return parse_bundle(data, width(number), "x")[seq % 256]


def in_row(seq: int, make: Callable[[bytes], bytes] = other, *, mend: bool = False) -> Attack:
    """Replace the leaf in a row, and its hash too when that is to be mended."""

    def change(connection: sqlite3.Connection) -> None:
        row = connection.execute("SELECT leaf, hash FROM regel WHERE seq = ?", (seq,)).fetchone()
        data = make(row[0])
        values = (data, leaf_hash(data) if mend else row[1], seq)
        connection.execute("UPDATE regel SET leaf = ?, hash = ? WHERE seq = ?", values)

    return lambda directory: with_database(directory, change)


def in_bundle(seq: int, make: Callable[[bytes], bytes] = other) -> Attack:
    """Replace a leaf in its bundle."""

    def change(directory: Path) -> None:
        path = directory / path_of(ENTRIES, seq // 256)
        leaves = parse_bundle(path.read_bytes(), width(seq // 256), "x")
        leaves[seq % 256] = make(leaves[seq % 256])
        path.write_bytes(encode_bundle(leaves))

    return change


def in_tile(seq: int, make: Callable[[bytes], bytes] = other) -> Attack:
    """Replace the hash of a line in its tile by that of another leaf; do this before the bundle."""

    def change(directory: Path) -> None:
        path = directory / path_of(0, seq // 256)
        data = bytearray(path.read_bytes())
        place = seq % 256 * 32
        data[place : place + 32] = leaf_hash(make(read_leaf(directory, seq)))
        path.write_bytes(data)

    return change


def in_all(seq: int, make: Callable[[bytes], bytes] = other) -> Attack:
    """Replace a line wherever it stands, with its hash; the tree above stays as it was."""
    return together(in_tile(seq, make), in_bundle(seq, make), in_row(seq, make, mend=True))


def change_file(name: str, make: Callable[[bytes], bytes]) -> Attack:
    """Change the bytes of a file."""

    def change(directory: Path) -> None:
        path = directory / name
        path.write_bytes(make(path.read_bytes()))

    return change


def remove(name: str) -> Attack:
    """Remove a file."""
    return lambda directory: (directory / name).unlink()


def swap_checkpoint(note: str) -> Attack:
    """Put another checkpoint in the place of the published one."""
    return lambda directory: (directory / CHECKPOINT).write_text(note)


def checkpoint(size: int, root: bytes = bytes(32)) -> str:
    """Return a checkpoint that is truly signed."""
    return SIGNER.sign(Checkpoint(origin=ORIGIN, size=size, root=root).text())


def insert_checkpoint(size: int, note: str) -> Attack:
    """Put a checkpoint into the database."""

    def change(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT OR REPLACE INTO controlepunt VALUES (?, ?)", (size, note))

    return lambda directory: with_database(directory, change)


def delete_and_renumber(seq: int) -> Attack:
    """Take a row out and close the gap."""
    return sql(
        f"DELETE FROM regel WHERE seq = {seq}",  # noqa: S608
        f"UPDATE regel SET seq = -seq WHERE seq > {seq}",  # noqa: S608
        f"UPDATE regel SET seq = -seq - 1 WHERE seq < -{seq}",  # noqa: S608
    )


def swap(one: int, two: int) -> Attack:
    """Let two rows change places."""
    return sql(
        f"UPDATE regel SET seq = -1 WHERE seq = {one}",  # noqa: S608
        f"UPDATE regel SET seq = {one} WHERE seq = {two}",  # noqa: S608
        f"UPDATE regel SET seq = {two} WHERE seq = -1",  # noqa: S608
    )


def poison_index(name: str, *statements: str) -> Attack:
    """Change rows so that one index does not notice: it keeps telling what was there before."""

    def change(connection: sqlite3.Connection) -> None:
        row = connection.execute(
            "SELECT rowid, type, name, tbl_name, rootpage, sql FROM sqlite_master WHERE name = ?",
            (name,),
        ).fetchone()
        table = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'regel'").fetchone()
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_master WHERE name = ?", (name,))
        loose = table[0].replace(" UNIQUE", "") if row[5] is None else table[0]
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'regel'", (loose,))
        connection.commit()
        path = connection.execute("PRAGMA database_list").fetchone()[2]
        with sqlite3.connect(path) as second:
            for statement in statements:
                second.execute(statement)
        second.close()
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'regel'", table)
        connection.execute(
            "INSERT INTO sqlite_master (rowid, type, name, tbl_name, rootpage, sql)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            row,
        )

    return lambda directory: with_database(directory, change)
