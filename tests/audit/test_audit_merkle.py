"""The tree: published probes, and properties against the letter of RFC 6962."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import LogRangeError, LogReadError, ProofError
from audit.merkle import (
    EMPTY_ROOT,
    check_consistency,
    check_inclusion,
    frontier_root,
    grow,
    leaf_hash,
    node_hash,
    root_of,
)
from audit.tree import TILE_WIDTH, Tile, Tree, tree_from_tiles
from tests.audit.logs import tree_hash


def no_tile(level: int, number: int) -> tuple[bytes, ...]:
    """Refuse to give a tile."""
    raise LogReadError(f"{level}/{number}")


def probes(shared: Path, kind: str) -> list[dict[str, Any]]:
    """Load the published probes."""
    path = shared / "vectors" / "merkle" / f"{kind}.json"
    if not path.is_file():
        pytest.skip("de map met testvectoren (../shared/vectors/merkle) is er niet")
    found: list[dict[str, Any]] = json.loads(path.read_text())
    return found


def leaves(count: int, first: int = 0) -> list[bytes]:
    """Return leaf hashes."""
    return [leaf_hash(b"%d" % number) for number in range(first, first + count)]


def test_inclusion_probes(shared: Path) -> None:
    """Each published inclusion probe is accepted or rejected as it says."""
    wrong = []
    found = probes(shared, "inclusion")
    for probe in found:
        proof = [base64.b64decode(step) for step in probe["proof"] or ()]
        root, leaf = (base64.b64decode(probe[name]) for name in ("root", "leafHash"))
        rejected = False
        try:
            check_inclusion(probe["leafIdx"], probe["treeSize"], leaf, proof, root)
        except ProofError:
            rejected = True
        if rejected != probe["wantErr"]:
            wrong.append(probe["name"])

    assert (len(found), wrong) == (98, [])


def test_consistency_probes(shared: Path) -> None:
    """Each published consistency probe is accepted or rejected as it says."""
    wrong = []
    found = probes(shared, "consistency")
    for probe in found:
        proof = [base64.b64decode(step) for step in probe["proof"] or ()]
        roots = [base64.b64decode(probe[name]) for name in ("root1", "root2")]
        rejected = False
        try:
            check_consistency(probe["size1"], probe["size2"], roots[0], roots[1], proof)
        except ProofError:
            rejected = True
        if rejected != probe["wantErr"]:
            wrong.append(probe["name"])

    assert (len(found), wrong) == (98, [])


def test_nothing_has_the_hash_of_nothing() -> None:
    """The root of the empty tree is the SHA-256 of no bytes."""
    assert root_of([]) == frontier_root({}) == Tree().root == EMPTY_ROOT
    assert EMPTY_ROOT.hex().startswith("e3b0c44298fc1c14")


def test_leaf_never_passes_for_a_node() -> None:
    """An entry of two child hashes has another hash than their parent."""
    left, right = leaves(2)

    assert leaf_hash(left + right) != node_hash(left, right)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_growth_proves_its_leaves(batches: list[int]) -> None:
    """However a tree grows, root and proofs of each batch are those of the whole tree."""
    tree = Tree()
    hashes: list[bytes] = []
    for count in batches:
        first = len(hashes)
        hashes += leaves(count, first)
        tree, growth, tiles = tree.grown(hashes[first:])

        assert tiles == [] or sum(batches) >= TILE_WIDTH
        assert tree.root == growth.root == root_of(hashes) == tree_hash(hashes)
        for index in range(first, len(hashes)):
            check_inclusion(index, growth.size, hashes[index], growth.path(index), tree.root)


@given(st.integers(1, 250), st.data())
def test_proofs_of_a_grown_tree_hold(size: int, data: st.DataObject) -> None:
    """Every earlier state can be proven from a later tree, for lines and for sizes."""
    old = data.draw(st.integers(1, size))
    index = data.draw(st.integers(0, old - 1))
    hashes = leaves(size)
    tree, _, _ = Tree().grown(hashes)

    old_root = tree.root_at(old, no_tile)
    assert old_root == tree_hash(hashes[:old])
    proof = tree.inclusion(index, old, no_tile)
    check_inclusion(index, old, hashes[index], proof, old_root)
    check_consistency(old, size, old_root, tree.root, tree.consistency(old, size, no_tile))


@given(st.integers(2, 64), st.data())
def test_changed_proof_fails(size: int, data: st.DataObject) -> None:
    """A proof with one flipped bit, one step more or one step less proves nothing."""
    index = data.draw(st.integers(0, size - 1))
    hashes = leaves(size)
    tree, _, _ = Tree().grown(hashes)
    proof = list(tree.inclusion(index, size, no_tile))
    place = data.draw(st.integers(0, len(proof) - 1))
    flipped = bytes([proof[place][0] ^ 1]) + proof[place][1:]

    for bad in (
        [*proof[:place], flipped, *proof[place + 1 :]],
        [*proof, proof[place]],
        proof[:-1],
        [*proof[:-1], proof[-1][:31]],
    ):
        with pytest.raises(ProofError):
            check_inclusion(index, size, hashes[index], bad, tree.root)


def test_wrong_consistency_fails() -> None:
    """Too short, too long, other roots and impossible sizes prove no continuation."""
    tree, _, _ = Tree().grown(leaves(7))
    old, new = tree.root_at(6, no_tile), tree.root
    proof = tree.consistency(6, 7, no_tile)

    for size, first, last, bad in (
        (6, old, new, ()),
        (6, old, new, (*proof, *proof, *proof)),
        (6, new, new, proof),
        (6, old, old, proof),
        (0, EMPTY_ROOT, new, ()),
        (8, old, new, proof),
        (7, old, new, ()),
        (7, new, new, proof),
    ):
        with pytest.raises(ProofError):
            check_consistency(size, 7, first, last, bad)


def test_tiles_carry_the_tree() -> None:
    """A tree of 66,000 lines is rebuilt from its full tiles and its tail, and proves all."""
    stored: dict[tuple[int, int], tuple[bytes, ...]] = {}

    def lookup(level: int, number: int) -> tuple[bytes, ...]:
        return stored[level, number]

    tree = Tree()
    hashes: list[bytes] = []
    for count in (255, 1, 1, 255, 65_488):
        fresh = leaves(count, len(hashes))
        hashes += fresh
        tree, _, tiles = tree.grown(fresh)
        stored |= {(tile.level, tile.number): tile.hashes for tile in tiles}

    assert len(stored) == 66_000 // 256 + 1
    assert stored[1, 0][1] == tree_hash(hashes[256:512])
    assert tree_from_tiles(66_000, hashes[-(66_000 % 256) :], lookup) == tree
    for index, size in ((0, 66_000), (65_535, 65_536), (300, 5_000), (65_999, 66_000)):
        root = tree.root_at(size, lookup)
        assert root == root_of(hashes[:size])
        check_inclusion(index, size, hashes[index], tree.inclusion(index, size, lookup), root)
        proof = tree.consistency(size, 66_000, lookup)
        check_consistency(size, 66_000, root, tree.root, proof)


def test_full_tile_is_given_once() -> None:
    """A tile appears with the batch that fills it, and with no other."""
    tree, _, none = Tree().grown(leaves(255))
    tree, _, tiles = tree.grown(leaves(1, 255))
    _, _, after = tree.grown(leaves(1, 256))

    assert (none, tiles, after) == (
        [],
        [Tile(level=0, number=0, hashes=tuple(leaves(256)))],
        [],
    )


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 4), (0, 0)])
def test_no_proof_outside_the_tree(index: int, size: int) -> None:
    """What is not in the tree cannot be proven."""
    tree, _, _ = Tree().grown(leaves(3))

    with pytest.raises(LogRangeError):
        tree.inclusion(index, size, no_tile)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (2, 1), (2, 4)])
def test_no_consistency_outside_the_tree(old: int, new: int) -> None:
    """Only sizes that the tree has had can be compared."""
    tree, _, _ = Tree().grown(leaves(3))

    with pytest.raises(LogRangeError):
        tree.consistency(old, new, no_tile)


def test_old_tree_stays() -> None:
    """Growing leaves the old tree as it was, so a failed commit loses nothing."""
    tree, _, _ = Tree().grown(leaves(5))
    before = (tree.root, dict(tree.peaks), tree.edges)
    grow(tree.peaks, tree.size, leaves(3))
    tree.grown(leaves(300))

    assert (tree.root, dict(tree.peaks), tree.edges) == before
