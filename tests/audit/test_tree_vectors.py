"""The tree by published hashes: known leaves, known roots, and every proof up to 130 lines."""

import hashlib
import re
from collections.abc import Iterator

import pytest

from audit.errors import TileError
from audit.merkle import EMPTY_ROOT, check_inclusion, grow, leaf_hash, node_hash, root_of
from audit.tiles import TilePath
from audit.tree import TILE_WIDTH, Tree
from tests.audit.logs import tree_hash
from tests.audit.published import load

DATA = load("bomen.yaml")
HASHES, EIGHT, ACCUMULATED = DATA["hashes"], DATA["eight"], DATA["accumulated"]
LEAVES = [leaf_hash(bytes.fromhex(leaf)) for leaf in EIGHT["leaves"]]
MANY = [leaf_hash(bytes([number])) for number in range(ACCUMULATED["size"])]


def test_hashes_of_rfc6962() -> None:
    """Nothing, an empty leaf, a leaf and a node have the hashes that RFC 6962 gives them."""
    assert EMPTY_ROOT.hex() == HASHES["empty"]
    assert leaf_hash(b"").hex() == HASHES["empty_leaf"]
    assert leaf_hash(b"L123456").hex() == HASHES["leaf"]
    assert node_hash(b"N123", b"N456").hex() == HASHES["node"]


@pytest.mark.parametrize("size", range(9))
def test_roots_of_eight_leaves(size: int) -> None:
    """Each size of the classic tree has its root, however the tree is made."""
    leaves = LEAVES[:size]
    tree = Tree()
    for leaf in leaves:
        tree, _, _ = tree.grown([leaf])

    assert {root_of(leaves).hex(), tree.root.hex(), tree_hash(leaves).hex()} == {
        EIGHT["roots"][size]
    }


def test_nodes_of_eight_leaves() -> None:
    """Each node of the classic tree has its hash."""
    levels = grow({}, 0, LEAVES).levels

    assert [[node.hex() for node in nodes] for _, nodes in levels] == EIGHT["nodes"]


def subtrees() -> Iterator[tuple[int, int]]:
    """Give start and end of each subtree: its start is a multiple of its size, rounded up."""
    for end in range(ACCUMULATED["size"] + 1):
        for start in range(end + 1):
            size = end - start
            if not size or start % (1 << (size - 1).bit_length()) == 0:
                yield start, end


def test_roots_of_all_subtrees() -> None:
    """The roots of all parts of a log of up to 130 lines are those of the published digest."""
    told = hashlib.sha256()
    for start, end in subtrees():
        told.update(f"[{start}, {end}) {root_of(MANY[start:end]).hex()}\n".encode())

    assert told.hexdigest() == ACCUMULATED["roots"]


def test_proofs_in_all_subtrees() -> None:
    """All proofs in all parts of a log of up to 130 lines are those of the published digest."""
    told = hashlib.sha256()
    for start, end in subtrees():
        leaves = MANY[start:end]
        if not leaves:
            continue
        growth = grow({}, 0, leaves)
        for index, leaf in enumerate(leaves):
            proof = growth.path(index)
            steps = "".join(f" {step.hex()}" for step in proof)
            told.update(f"{start + index} [{start}, {end}){steps}\n".encode())
            check_inclusion(index, len(leaves), leaf, proof, growth.root)

    assert told.hexdigest() == ACCUMULATED["inclusion"]


def ours(path: str) -> str:
    """Return a path as C2SP has it: without the height, which is always 8."""
    return re.sub(r"^tile/\d+/", "tile/", path).replace("/data/", "/entries/")


@pytest.mark.parametrize(("path", "height", "level", "number", "width"), DATA["tiles"])
def test_paths_of_golang(path: str, height: int, level: int, number: int, width: int) -> None:
    """A tile has the path that golang.org/x/mod gives it, but for the height."""
    tile = TilePath(level, number, TILE_WIDTH if width == 1 << height else width)

    assert str(tile) == ours(path)
    assert TilePath.parse(ours(path)) == tile


@pytest.mark.parametrize("path", DATA["bad_tiles"])
def test_bad_paths_of_golang(path: str) -> None:
    """Each bad path is refused, with the height and without it."""
    for text in (path, ours(path)):
        with pytest.raises(TileError):
            TilePath.parse(text)
