"""Tiles and bundles: their paths, their bytes, and the proofs that come from the files."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.bundles import MAX_ENTRY, encode_bundle, parse_bundle
from audit.errors import LogRangeError, TileError
from audit.merkle import check_consistency, check_inclusion
from audit.tiles import (
    ENTRIES,
    MAX_NUMBER,
    GrownTiles,
    TilePath,
    TileReader,
    partials,
    prove_consistency,
    prove_inclusion,
    root_at,
    split_tile,
    width_at,
)
from tests.audit.logs import tree_hash
from tests.audit.tiles import Lines, file_names, published


@pytest.fixture(name="many", scope="module")
def make_many() -> Lines:
    """Give enough lines for tiles of tiles."""
    return Lines(66_100)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (TilePath(0, 0), "tile/0/000"),
        (TilePath(3, 1_234_067), "tile/3/x001/x234/067"),
        (TilePath(0, 1_234_067, 1), "tile/0/x001/x234/067.p/1"),
        (TilePath(ENTRIES, 999, 255), "tile/entries/999.p/255"),
        (TilePath(ENTRIES, 1000), "tile/entries/x001/000"),
        (TilePath(63, 5), "tile/63/005"),
    ],
)
def test_path_of_a_tile(path: TilePath, text: str) -> None:
    """A tile has the path that C2SP tlog-tiles gives it."""
    assert str(path) == text
    assert TilePath.parse(text) == path


@given(
    st.builds(TilePath, st.integers(ENTRIES, 63), st.integers(0, MAX_NUMBER), st.integers(1, 256))
)
def test_path_is_read_back(path: TilePath) -> None:
    """Every path is read back as what it was made of."""
    assert TilePath.parse(str(path)) == path


@pytest.mark.parametrize(
    "text",
    [
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001/x002",
        "tile/00/001",
        "tile/64/001",
        "tile/-1/001",
        "tile/0/001.p/0",
        "tile/0/001.p/01",
        "tile/0/001.p/256",
        "tile/0/001.p/",
        "tile/0/001\n",
        "/tile/0/001",
        "tile/entries/x1/000",
        "tile/data/000",
        "tile/0/\u0661\u0661\u0661",
        "tile/0/x036/x028/x797/x018/x963/968",
    ],
)
def test_strange_path_is_refused(text: str) -> None:
    """A path that is written in another way, or cannot exist, is refused."""
    with pytest.raises(TileError, match="geen plaats"):
        TilePath.parse(text)


def test_widths_of_the_example() -> None:
    """A log of 70,000 lines has the tiles that the specification counts."""
    assert partials(70_000) == [
        TilePath(ENTRIES, 273, 112),
        TilePath(0, 273, 112),
        TilePath(1, 1, 17),
        TilePath(2, 0, 1),
    ]
    assert partials(256) == [TilePath(1, 0, 1)]
    assert partials(0) == []
    assert [width_at(70_000, 0, n) for n in (0, 272, 273, 274)] == [256, 256, 112, 0]


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_bundle_is_read_back(entries: list[bytes]) -> None:
    """A bundle gives back the entries that were put in."""
    assert parse_bundle(encode_bundle(entries), len(entries), "x") == entries


def test_bundle_has_length_and_bytes() -> None:
    """An entry stands in a bundle after its length in two bytes, the highest first."""
    assert encode_bundle([b"ab", b"", b"c" * 258])[:9] == b"\0\2ab\0\0\1\2c"
    with pytest.raises(TileError, match="langer dan 65535 bytes"):
        encode_bundle([bytes(MAX_ENTRY + 1)])


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "Het bestand tile/entries/000 is leeg: er staat niets op byte 0."),
        (b"\0", "Het bestand tile/entries/000 is afgekapt bij byte 1."),
        (b"\0\2a", "Het bestand tile/entries/000 is afgekapt bij byte 3."),
        (b"\0\2ab", "Het bestand tile/entries/000 is afgekapt bij byte 4."),
        (b"\0\2ab\0", "Het bestand tile/entries/000 is afgekapt bij byte 5."),
        (b"\0\2ab\0\3cd", "Het bestand tile/entries/000 is afgekapt bij byte 8."),
        (b"\0\2ab\0\1cX", "Het bestand tile/entries/000 heeft bytes te veel, vanaf byte 7."),
    ],
)
def test_torn_bundle_is_refused(data: bytes, sentence: str) -> None:
    """A bundle that is empty, cut off or too long is refused, with the file and the byte."""
    with pytest.raises(TileError) as caught:
        parse_bundle(data, 2, "tile/entries/000")
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("size", "sentence"),
    [(0, "niets op byte 0"), (63, "afgekapt bij byte 63"), (65, "te veel, vanaf byte 64")],
)
def test_torn_tile_is_refused(size: int, sentence: str) -> None:
    """A tile of another length is refused, with the file and the byte."""
    with pytest.raises(TileError, match=sentence):
        split_tile(bytes(size), 2, "tile/0/000.p/2")


@settings(max_examples=40)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=5), st.data())
def test_published_files_are_the_tree(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int], data: st.DataObject
) -> None:
    """However a log grows, its files hold its lines, its tree, and no tile of before."""
    directory = tmp_path_factory.mktemp("log")
    lines = Lines(sum(steps))
    size = len(lines.leaves)
    reader = published(directory, lines, *(sum(steps[: i + 1]) for i in range(len(steps))))

    assert root_at(size, reader.tile) == lines.checkpoint(size).root
    numbers = range(-(-size // 256))
    assert [leaf for n in numbers for leaf in reader.bundle(n)] == lines.leaves
    assert [hash_ for n in numbers for hash_ in reader.tile(0, n)] == lines.hashes
    full = {str(TilePath(level, n)) for level in (ENTRIES, 0) for n in range(size // 256)}
    assert file_names(directory) == full | {str(path) for path in partials(size)}
    old = data.draw(st.integers(1, size))
    root = root_at(old, reader.tile)
    assert root == tree_hash(lines.hashes[:old])
    check_consistency(
        old, size, root, tree_hash(lines.hashes), prove_consistency(old, size, reader.tile)
    )
    index = data.draw(st.integers(0, old - 1))
    proof = prove_inclusion(index, old, reader.tile)
    check_inclusion(index, old, lines.hashes[index], proof, root)


def test_large_tree_is_published(tmp_path: Path, many: Lines) -> None:
    """A log with tiles of tiles is published in one go, and goes on after that."""
    reader = published(tmp_path, many, 65_800, 66_100)

    assert len(reader.tile(1, 0)) == 256
    assert reader.tile(2, 0) == (many.root(65_536),)
    assert root_at(66_100, reader.tile) == many.root(66_100)
    assert root_at(300, reader.tile) == many.root(300)


@pytest.mark.parametrize("first", [0, 3, 256, 700, 65_536])
def test_lines_that_are_not_published_yet_can_be_proven(
    tmp_path: Path, many: Lines, first: int
) -> None:
    """What came after the last published checkpoint is proven from the lines themselves."""
    reader = published(tmp_path, many, first)
    grown = GrownTiles(reader, 66_000, lambda low, high: many.hashes[low:high])

    for index in (0, 699, 65_600, 65_999):
        proof = prove_inclusion(index, 66_000, grown.tile)
        check_inclusion(index, 66_000, many.hashes[index], proof, many.root(66_000))


def test_partial_tile_that_is_gone_is_found_in_a_wider_one(tmp_path: Path) -> None:
    """Who knows an older checkpoint reads its partial tiles from what took their place."""
    lines = Lines(600)
    published(tmp_path, lines, 10, 200)
    assert root_at(10, TileReader(tmp_path, 10).tile) == tree_hash(lines.hashes[:10])
    published(tmp_path, lines, 200, 600)
    reader = TileReader(tmp_path, 200)

    assert reader.bundle(0) == lines.leaves[:200]
    assert root_at(200, reader.tile) == tree_hash(lines.hashes[:200])


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    """A tile outside the log and a file that is gone are refused, each in its own way."""
    lines = Lines(300)
    reader = published(tmp_path, lines, 300)
    (tmp_path / "tile/0/000").unlink()
    (tmp_path / "tile/entries/000").unlink()
    (tmp_path / "tile/entries/000").mkdir()

    for level, number in ((0, 2), (2, 0), (-1, 0), (64, 0), (0, -1)):
        with pytest.raises(LogRangeError):
            reader.tile(level, number)
    for number in (-1, 2):
        with pytest.raises(LogRangeError):
            reader.bundle(number)
    with pytest.raises(TileError, match="tile/0/000 ontbreekt"):
        reader.tile(0, 0)
    with pytest.raises(TileError, match="tile/entries/000 is niet te lezen"):
        reader.bundle(0)
    for index, size in ((-1, 3), (3, 3)):
        with pytest.raises(LogRangeError):
            prove_inclusion(index, size, reader.tile)
    for old, new in ((0, 3), (3, 2)):
        with pytest.raises(LogRangeError):
            prove_consistency(old, new, reader.tile)
