"""The attacks: each deed is done on a real log, and named by its own finding."""

import re
import shutil
from pathlib import Path

import pytest

from audit.entry import Leaf, Soort
from audit.findings import Code
from audit.merkle import leaf_hash, node_hash
from audit.tiles import ENTRIES
from tests.audit.attacks import (
    SIZES,
    Attack,
    change_file,
    checkpoint,
    copied,
    delete_and_renumber,
    in_all,
    in_bundle,
    in_row,
    in_tile,
    insert_checkpoint,
    path_of,
    poison_index,
    remove,
    sql,
    swap,
    swap_checkpoint,
    together,
)
from tests.audit.logs import OTHER_SIGNER, a_log, an_entry, findings, open_log

Expected = list[tuple[Code, int, int]]


@pytest.fixture(name="template", scope="module")
def make_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the log that is attacked, once; an old copy of its database lies beside it."""
    directory = a_log(tmp_path_factory.mktemp("verify") / "log", SIZES[:2])
    shutil.copy(directory / "log.sqlite", directory.with_name("oud.sqlite"))
    return a_log(directory, SIZES[2:], done=SIZES[1])


@pytest.fixture(name="directory")
def copy_template(template: Path, tmp_path: Path) -> Path:
    """Give a fresh copy of the log."""
    shutil.copy(template.with_name("oud.sqlite"), tmp_path)
    return copied(template, tmp_path / "log")


def old_database(directory: Path) -> None:
    """Put an older copy of the database back; the files stay."""
    shutil.copy(directory.with_name("oud.sqlite"), directory / "log.sqlite")


def other_history(directory: Path) -> None:
    """Make another history and sign it with the true key, but forget the published checkpoint."""
    kept = (directory / "checkpoint").read_bytes()
    second = directory.parent / "anders"
    with open_log(second) as log:
        log.append_many([an_entry(number, vals=number == 40) for number in range(100)]).result()
        log.append_many([an_entry(number) for number in range(100, 600)]).result()
    (directory / "log.sqlite").write_bytes((second / "log.sqlite").read_bytes())
    for path in second.rglob("tile/**/*"):
        if path.is_file():
            (directory / path.relative_to(second)).write_bytes(path.read_bytes())
    (directory / "checkpoint").write_bytes(kept)


def insert_line(seq: int) -> Attack:
    """Put a row into the database that was never recorded."""
    data = Leaf(
        kenmerk="x/fout",
        merk="A" * 22,
        op="2026-11-20T09:11:40.000000Z",
        soort=Soort.FOUT,
        toezegging="A" * 43,
    ).encode()
    values = f"{seq}, 'fout', 'x/fout', x'{data.hex()}', x'{leaf_hash(data).hex()}', NULL, NULL"
    return sql(f"INSERT INTO regel VALUES ({values})")  # noqa: S608


def second_preimage(directory: Path) -> None:
    """Put two child hashes in the place of a line, which has another hash than their parent."""
    left, right = leaf_hash(b"een"), leaf_hash(b"twee")
    in_all(590, lambda _: left + right)(directory)
    assert leaf_hash(left + right) != node_hash(left, right)


JSON = {
    "double key": lambda d: d.replace(b'{"kenmerk"', b'{"kenmerk":"a","kenmerk"'),
    "other order": lambda d: d.replace(b'"v":2}', b'"a":1}'),
    "space": lambda d: d.replace(b'":"', b'": "', 1),
    "NaN": lambda d: d.replace(b'"v":2', b'"v":NaN'),
    "large number": lambda d: d.replace(b'"v":2', b'"v":9007199254740992'),
    "lone surrogate": lambda d: d.replace(b'{"kenmerk":"v', b'{"kenmerk":"\\ud800'),
    "not ASCII": lambda d: d.replace(b'{"kenmerk":"v', '{"kenmerk":"e\u0301'.encode()),
    "no such day": lambda d: d.replace(b"2026-11-20", b"2026-11-31"),
    "no such second": lambda d: re.sub(rb":[0-9]{2}\.", b":61.", d),
    "loose bits": lambda d: d[:-9] + b"B" + d[-8:],
    "empty": lambda _: b"",
}
ATTACKS: dict[str, tuple[Attack, Expected]] = {
    # 2: edit
    "edit a row": (in_row(17), [(Code.HASH, 17, 17)]),
    "edit a row, mend its hash": (in_row(17, mend=True), [(Code.HASH, 17, 17)]),
    "edit a row in the tail, mend its hash": (in_row(560, mend=True), [(Code.HASH, 560, 560)]),
    "edit a bundle": (in_bundle(317), [(Code.BUNDEL, 317, 317)]),
    "edit a bundle in the tail": (in_bundle(560), [(Code.BUNDEL, 560, 560)]),
    "edit row and bundle": (
        together(in_bundle(317), in_row(317, mend=True)),
        [(Code.BUNDEL, 317, 317), (Code.HASH, 317, 317)],
    ),
    "edit row, bundle and tile": (
        in_all(317),
        [
            (Code.TEGEL, 256, 511),
            (Code.BOOM, 300, 549),
            (Code.ONGEDEKT, 550, 599),
            (Code.KOP, 599, 599),
        ],
    ),
    "edit row, bundle and tile in the tail": (
        in_all(560),
        [(Code.BOOM, 550, 599), (Code.KOP, 599, 599)],
    ),
    "edit a moment": (
        in_row(40, lambda data: data.replace(b"2026-", b"2027-")),
        [(Code.HASH, 40, 40)],
    ),
    "edit hashes": (
        sql("UPDATE regel SET hash = zeroblob(32) WHERE seq BETWEEN 400 AND 402"),
        [(Code.HASH, 400, 402)],
    ),
    "edit a column": (
        sql("UPDATE regel SET soort = 'wijziging' WHERE seq = 8"),
        [(Code.KOLOM, 8, 8)],
    ),
    "text that is no text": (
        sql("UPDATE regel SET kenmerk = CAST(x'ff' AS TEXT) WHERE seq = 9"),
        [(Code.KOLOM, 9, 9)],
    ),
    "move a border between columns": (
        sql(
            "DELETE FROM regel WHERE seq = 6",
            "UPDATE regel SET kenmerk = 'v-5/toetsing,v-6/toetsing' WHERE seq = 5",
        ),
        [(Code.KOLOM, 5, 5), (Code.GAT, 6, 6)],
    ),
    # 1: delete
    "delete a row": (sql("DELETE FROM regel WHERE seq = 120"), [(Code.GAT, 120, 120)]),
    "delete rows": (
        sql("DELETE FROM regel WHERE seq BETWEEN 250 AND 530"),
        [(Code.GAT, 250, 530)],
    ),
    "delete the first row": (sql("DELETE FROM regel WHERE seq = 0"), [(Code.GAT, 0, 0)]),
    "delete a row and renumber": (
        delete_and_renumber(560),
        [
            (Code.HASH, 560, 598),
            (Code.KOLOM, 560, 598),
            (Code.KOP, 598, 598),
            (Code.AFGEKAPT, 599, 599),
        ],
    ),
    "delete a bundle": (remove(path_of(ENTRIES, 1)), [(Code.BUNDEL, 256, 511)]),
    "delete row and bundle": (
        together(remove(path_of(ENTRIES, 1)), sql("DELETE FROM regel WHERE seq = 300")),
        [(Code.BUNDEL, 256, 511), (Code.GAT, 300, 300)],
    ),
    # 3: reorder
    "reorder rows": (
        swap(570, 580),
        [
            (Code.HASH, 570, 570),
            (Code.KOLOM, 570, 570),
            (Code.HASH, 580, 580),
            (Code.KOLOM, 580, 580),
        ],
    ),
    # 4: truncate
    "truncate the rows": (
        sql("DELETE FROM regel WHERE seq >= 590"),
        [(Code.KOP, 589, 589), (Code.AFGEKAPT, 590, 599)],
    ),
    "truncate to an older checkpoint": (
        sql("DELETE FROM regel WHERE seq >= 550", "DELETE FROM controlepunt WHERE size > 550"),
        [(Code.KOP, 549, 549), (Code.AFGEKAPT, 550, 599)],
    ),
    "empty the database": (
        sql("DELETE FROM regel", "DELETE FROM controlepunt"),
        [(Code.AFGEKAPT, 0, 599), (Code.KOP, 0, 0)],
    ),
    "put an old database back": (old_database, [(Code.AFGEKAPT, 300, 599)]),
    # 5: fork
    "another history under the true key": (other_history, [(Code.SPLITSING, 100, 599)]),
    "sign a second history": (
        insert_checkpoint(400, checkpoint(400)),
        [(Code.SPLITSING, 300, 399)],
    ),
    "sign a second history of the size that is published": (
        swap_checkpoint(checkpoint(600)),
        [(Code.SPLITSING, 550, 599)],
    ),
    "sign a false beginning": (insert_checkpoint(0, checkpoint(0)), [(Code.SPLITSING, 0, 0)]),
    "swap the checkpoint for that of another size": (
        swap_checkpoint(checkpoint(320)),
        [(Code.SPLITSING, 300, 319)],
    ),
    "swap the checkpoint for one of the future": (
        swap_checkpoint(checkpoint(1000)),
        [(Code.AFGEKAPT, 600, 999)],
    ),
    "a checkpoint of the far future": (
        swap_checkpoint(checkpoint(2**62)),
        [(Code.AFGEKAPT, 600, 2**62 - 1)],
    ),
    "swap the checkpoint for that of another log": (
        swap_checkpoint(OTHER_SIGNER.sign(checkpoint(600).split("\n\n")[0] + "\n")),
        [(Code.CONTROLEPUNT, 0, 599)],
    ),
    "remove the checkpoint": (remove("checkpoint"), [(Code.CONTROLEPUNT, 0, 599)]),
    "rubbish in the checkpoint": (swap_checkpoint("rommel"), [(Code.CONTROLEPUNT, 0, 599)]),
    "forge a stored checkpoint": (
        insert_checkpoint(300, checkpoint(300).replace("\n300\n", "\n0300\n")),
        [(Code.HANDTEKENING, 100, 299)],
    ),
    "move a stored checkpoint": (
        sql("UPDATE controlepunt SET size = 200 WHERE size = 300"),
        [(Code.HANDTEKENING, 100, 199)],
    ),
    "a note that is no text": (
        sql("UPDATE controlepunt SET note = CAST(x'ff' AS TEXT) WHERE size = 100"),
        [(Code.HANDTEKENING, 0, 99)],
    ),
    # Lines that were never recorded.
    "add a row": (insert_line(600), [(Code.KOP, 600, 600), (Code.ONGEDEKT, 600, 600)]),
    "add a row before all": (insert_line(-5), [(Code.GAT, -5, -5)]),
    "add a row far away": (insert_line(2**62), [(Code.GAT, 2**62, 2**62)]),
    # 12: second preimage
    "a line of two hashes": (
        second_preimage,
        [(Code.BOOM, 550, 599), (Code.VORM, 590, 590), (Code.KOP, 599, 599)],
    ),
    # 13: tiles that lie
    "edit a tile": (in_tile(317), [(Code.TEGEL, 317, 317)]),
    "edit a tile in the tail": (in_tile(560), [(Code.TEGEL, 560, 560)]),
    "edit a tile of level 1": (
        change_file(path_of(1, 0), lambda data: bytes(32) + data[32:]),
        [(Code.TEGEL, 0, 255)],
    ),
    "remove a tile": (remove(path_of(0, 1)), [(Code.TEGEL, 256, 511)]),
    "remove the tile of level 1": (remove(path_of(1, 0)), [(Code.TEGEL, 0, 511)]),
    "a tile that is too short": (
        change_file(path_of(0, 2), lambda data: data[:-32]),
        [(Code.TEGEL, 512, 599)],
    ),
    "a tile of another size": (
        change_file(path_of(0, 2), lambda data: data + bytes(32)),
        [(Code.TEGEL, 512, 599)],
    ),
    "an empty tile": (change_file(path_of(0, 0), lambda _: b""), [(Code.TEGEL, 0, 255)]),
    "a bundle with bytes too many": (
        change_file(path_of(ENTRIES, 0), lambda data: data + b"x"),
        [(Code.BUNDEL, 0, 255)],
    ),
    "a torn bundle": (
        change_file(path_of(ENTRIES, 2), lambda data: data[:1000]),
        [(Code.BUNDEL, 512, 599)],
    ),
    # 15: indexes
    "an index that forgets a kenmerk": (
        poison_index(
            "sqlite_autoindex_regel_1", "UPDATE regel SET kenmerk = 'x' || kenmerk WHERE seq = 5"
        ),
        [(Code.INDEX, 0, 599), (Code.KOLOM, 5, 5)],
    ),
    "an index that tells another soort": (
        poison_index("regel_soort", "UPDATE regel SET soort = 'fout' WHERE seq = 5"),
        [(Code.INDEX, 0, 599), (Code.KOLOM, 5, 5)],
    ),
    "poison the table of open voornemens": (
        sql("INSERT INTO open_voornemen VALUES ('v-3', 3)"),
        [(Code.HULPTABEL, 3, 3)],
    ),
    "a head of another size": (sql("UPDATE kop SET size = 599"), [(Code.KOP, 599, 599)]),
    "a head with another frontier": (
        sql("UPDATE kop SET peaks = zeroblob(length(peaks))"),
        [(Code.KOP, 599, 599)],
    ),
    "a head with another moment": (
        sql("UPDATE kop SET op = '2026-11-20T09:00:00.000000Z'"),
        [(Code.KOP, 599, 599)],
    ),
    "a head that is gone": (sql("DELETE FROM kop"), [(Code.KOP, 599, 599)]),
}


def test_whole_log_is_intact(directory: Path) -> None:
    """A log with which nobody meddled has no findings, and checking changes no file."""
    before = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}

    assert findings(directory) == []
    assert {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack_is_named(directory: Path, attack: str) -> None:
    """Each attack is found, with its own code, at its own lines."""
    deed, expected = ATTACKS[attack]
    deed(directory)

    assert findings(directory) == expected


@pytest.mark.parametrize("form", JSON)
def test_line_of_another_form_is_named(directory: Path, form: str) -> None:
    """A line that is no canonical JSON is named, wherever it stands."""
    in_all(560, JSON[form])(directory)

    assert (Code.VORM, 560, 560) in findings(directory)
