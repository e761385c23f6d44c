"""Checking a whole log: order between stretches, tiles without a database, what others signed."""

import shutil
from pathlib import Path

import pytest

from audit.checkpoint import Checkpoint, decode_base64
from audit.entry import Soort
from audit.errors import ForeignLogError, UnusableError
from audit.findings import Code, Finding
from audit.merkle import check_consistency
from audit.note import Note, Vkey, open_checkpoint
from audit.stretch import STRETCH
from audit.tiles import TileReader, root_at
from audit.verify import Demands, verify
from tests.audit.attacks import SIZES, checkpoint, copied, insert_checkpoint, path_of
from tests.audit.logs import (
    SIGNER,
    a_log,
    an_entry,
    findings,
    open_log,
    run_sql,
    short,
    vault_of,
)
from tests.audit.tiles import Lines, a_leaf, tile_log

VOORNEMEN, VERSTREKKING, FOUT = Soort.VOORNEMEN, Soort.VERSTREKKING, Soort.FOUT
TESSERA = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
MANY = STRETCH + 700


def found_in(directory: Path, demands: Demands | None = None) -> list[Finding]:
    """Return all findings but what was not checked."""
    found = verify(directory, SIGNER.vkey, None, demands)
    return [finding for finding in found if finding.code is not Code.NIET_NAGEKEKEN]


@pytest.fixture(name="many", scope="module")
def make_many() -> list[bytes]:
    """Give lines for more than one stretch."""
    return [a_leaf(number) for number in range(MANY)]


def test_order_is_kept_between_stretches(tmp_path: Path, many: list[bytes]) -> None:
    """A voornemen is closed in a later stretch; what is not in order is named by its line."""
    leaves = [*many]
    last = STRETCH + 10
    leaves[5] = a_leaf(5, VOORNEMEN, "a")
    leaves[6] = a_leaf(6, VOORNEMEN, "b")
    leaves[7] = a_leaf(7, VOORNEMEN, "c")
    leaves[8] = a_leaf(8, VERSTREKKING, "c")
    leaves[300] = a_leaf(300, VERSTREKKING, "d")
    leaves[301] = a_leaf(301, VOORNEMEN, "d")
    leaves[400] = a_leaf(400, FOUT, "nooit-begonnen")
    leaves[last] = a_leaf(last, VERSTREKKING, "a")
    leaves[last + 1] = a_leaf(last + 1, VERSTREKKING, "e")
    # Closed already, but it did have its voornemen.
    leaves[last + 2] = a_leaf(last + 2, FOUT, "a")
    leaves[last + 3] = many[20]
    # A second time the same kenmerk, and a clock that was set back by a second.
    for number in range(last + 4, last + 7):
        leaves[number] = a_leaf(number - 1000, Soort.INZAGE, f"w-{number}")
    directory = tile_log(tmp_path / "log", leaves)
    expected = [
        (Code.ZONDER_VOORNEMEN, 300, 300),
        (Code.ZONDER_VOORNEMEN, last + 1, last + 1),
        (Code.DUBBEL, last + 3, last + 3),
        (Code.KLOK, last + 3, last + 6),
        (Code.OPEN_VOORNEMEN, 6, 6),
        (Code.OPEN_VOORNEMEN, 301, 301),
    ]

    for processes in (1, 2):
        assert [
            short(finding) for finding in found_in(directory, Demands(processes=processes))
        ] == expected


def test_clock_that_goes_back_at_a_stretch(tmp_path: Path, many: list[bytes]) -> None:
    """Each line of a later stretch that lies before the last moment of the earlier is named."""
    leaves = [*many]
    leaves[STRETCH - 1] = a_leaf(STRETCH + 2, Soort.INZAGE, "laat")
    directory = tile_log(tmp_path / "log", leaves)

    assert findings(directory) == [(Code.KLOK, STRETCH, STRETCH + 1)]


def test_tiles_alone_can_be_checked(tmp_path: Path, many: list[bytes]) -> None:
    """A log of tiles without a database is checked, with the tiles of all levels."""
    directory = tile_log(tmp_path / "log", many)
    told: list[tuple[int, int]] = []
    found = verify(directory, SIGNER.vkey, lambda done, total: told.append((done, total)))

    assert [finding.melding for finding in found] == [
        "Let op: er is geen database; alleen de bestanden zijn nagekeken.",
        "Let op: er zijn geen ankers; niemand anders bevestigt dit logboek.",
    ]
    assert told == [(STRETCH, MANY), (MANY, MANY)]
    for name, expected in (
        ("tile/2/000.p/1", (Code.TEGEL, 0, STRETCH - 1)),
        ("tile/1/001.p/2", (Code.TEGEL, STRETCH, STRETCH + 255)),
    ):
        path = directory / name
        kept = path.read_bytes()
        path.write_bytes(bytes(32) + kept[32:])
        assert findings(directory) == [expected]
        path.write_bytes(kept)
    (directory / "tile/2/000.p/1").unlink()
    assert [finding.melding for finding in found_in(directory)] == [
        f"Regels 0 tot en met {STRETCH - 1}: het bestand tile/2/000.p/1 ontbreekt."
    ]


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        ("tile/entries/000", lambda d: d + b"x", "heeft bytes te veel, vanaf byte {size}."),
        ("tile/entries/000", lambda d: d[:-1], "is afgekapt bij byte {less}."),
        ("tile/entries/000", lambda _: b"", "is leeg: er staat niets op byte 0."),
        ("tile/0/000", lambda d: d[:100], "is afgekapt bij byte 100."),
    ],
)
def test_torn_file_is_named_with_its_byte(
    tmp_path: Path, name: str, change: object, sentence: str
) -> None:
    """A torn file gives one sentence with the file and the byte; nothing is changed."""
    assert callable(change)
    directory = tile_log(tmp_path / "log", [a_leaf(number) for number in range(300)])
    path = directory / name
    size = path.stat().st_size
    path.write_bytes(change(path.read_bytes()))
    before = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}

    assert [finding.melding for finding in found_in(directory)] == [
        f"Regels 0 tot en met 255: het bestand {name} " + sentence.format(size=size, less=size - 1)
    ]
    assert {path: path.read_bytes() for path in before} == before


def test_published_log_of_others(shared: Path, tmp_path: Path) -> None:
    """The published log of Tessera: each of its 16 sizes has its signature, bundle, tile, root."""
    source = shared / "vectors" / "tessera-log"
    if not source.is_dir():
        pytest.skip("de map met testvectoren (../shared/vectors/tessera-log) is er niet")
    vkey = Vkey.parse(TESSERA)
    for size in range(16):
        signed = open_checkpoint((source / f"checkpoint.{size}").read_text(), vkey)
        assert signed.size == size
        reader = TileReader(source, size)
        assert root_at(size, reader.tile) == signed.root
        if size:
            lines = Lines(0)
            lines.leaves = reader.bundle(0)
            lines.hashes = list(reader.tile(0, 0))
            publisher = lines.publisher(tmp_path / str(size))
            publisher.prepare(Checkpoint(origin="x", size=size, root=signed.root))
            for kind in ("0", "entries"):
                name = f"tile/{kind}/000.p/{size}"
                assert (tmp_path / str(size) / name).read_bytes() == (source / name).read_bytes()

    # Its lines have another form than ours; all else is in order.
    found = [finding for finding in verify(source, vkey) if not finding.is_note]
    assert [short(finding) for finding in found] == [(Code.VORM, 0, 14)]


def test_pairs_in_a_database(tmp_path: Path) -> None:
    """With a database too: a verstrekking needs its voornemen, and an open one is told."""
    directory = tmp_path / "log"
    with open_log(directory) as log:
        log.append_many(
            [
                an_entry(0, VOORNEMEN),
                an_entry(1, VOORNEMEN),
                an_entry(2, VERSTREKKING),
            ]
        ).result()
        fout, salt = an_entry(3, FOUT)
        fout.kenmerk = "v-1/fout"
        verstrekking, other = an_entry(4, VERSTREKKING)
        verstrekking.kenmerk = "v-1/verstrekking"
        log.append_many([(fout, salt), (verstrekking, other)]).result()

    assert findings(directory) == [(Code.ZONDER_VOORNEMEN, 2, 2), (Code.OPEN_VOORNEMEN, 0, 0)]
    run_sql(directory, "DELETE FROM open_voornemen")
    assert (Code.HULPTABEL, 0, 0) in findings(directory)


def test_checkpoint_that_another_kept(tmp_path: Path) -> None:
    """A checkpoint that somebody else kept betrays what was cut off or rewritten."""
    directory = a_log(tmp_path / "log", [100, 300])
    kept = (directory / "checkpoint").read_text()
    shutil.rmtree(directory)
    shutil.rmtree(vault_of(directory))
    a_log(directory, [100])

    assert findings(directory) == []
    assert [short(f) for f in found_in(directory, Demands(kept=(kept,)))] == [
        (Code.AFGEKAPT, 100, 299)
    ]
    a_log(directory, [350], done=100)
    assert (Code.SPLITSING, 100, 299) in [
        short(f) for f in found_in(directory, Demands(kept=(kept,)))
    ]
    with pytest.raises(ForeignLogError, match="meegegeven controlepunt"):
        verify(directory, SIGNER.vkey, None, Demands(kept=(kept.replace("\n300\n", "\n301\n"),)))


@pytest.fixture(name="template", scope="module")
def make_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a log, once."""
    return a_log(tmp_path_factory.mktemp("whole") / "log", SIZES)


def test_evidence_of_two_checkpoints_of_one_size(template: Path, tmp_path: Path) -> None:
    """Two checkpoints of one size with other roots are written down, so that anyone can see."""
    directory = copied(template, tmp_path / "log")
    false = checkpoint(600)
    evidence = tmp_path / "bewijs"
    verify(directory, SIGNER.vkey, None, Demands(kept=(false,), evidence=evidence))

    header, one, two = evidence.read_text().split("sluis.example/log\n")
    assert header == "sluis.example/splitsing@v1\n\n"
    notes = {"sluis.example/log\n" + text for text in (one.removesuffix("\n"), two)}
    roots = {open_checkpoint(note, SIGNER.vkey).root for note in notes}
    assert len(roots) == 2
    with pytest.raises(UnusableError, match="bestaat al"):
        verify(directory, SIGNER.vkey, None, Demands(kept=(false,), evidence=evidence))


def test_evidence_of_checkpoints_of_two_sizes(template: Path, tmp_path: Path) -> None:
    """A false checkpoint of an older size is contradicted by a later one, with the proof."""
    directory = copied(template, tmp_path / "log")
    insert_checkpoint(400, checkpoint(400))(directory)
    evidence = tmp_path / "bewijs"
    found = found_in(directory, Demands(evidence=evidence))

    assert [short(finding) for finding in found] == [(Code.SPLITSING, 300, 399)]
    hashes, rest = evidence.read_text().split("\n\n", 1)
    root, *proof = [decode_base64(line) for line in hashes.split("\n")[1:]]
    true = Checkpoint.parse(Note.parse((directory / "checkpoint").read_text()).text)
    check_consistency(400, true.size, root, true.root, proof)
    assert checkpoint(400) in rest
    assert (directory / "checkpoint").read_text() in rest


def test_no_evidence_without_a_second_history(template: Path, tmp_path: Path) -> None:
    """Without two histories no file is written."""
    directory = copied(template, tmp_path / "log")
    (directory / path_of(0, 0)).unlink()
    verify(directory, SIGNER.vkey, None, Demands(evidence=tmp_path / "bewijs"))

    assert not (tmp_path / "bewijs").exists()
