"""Merkle tree hashing and proofs of RFC 6962 section 2.1, on SHA-256. Pure.

The checking algorithms are those of RFC 9162 sections 2.1.3.2 and 2.1.4.2. A *node* is
addressed by its height (0 = leaf) and its number at that height; it is *complete* when all
`2**height` leaves below it exist. A *span* `(low, high)` stands for the leaves low..high-1.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from audit.errors import ProofError

HASH_SIZE = 32
"""Bytes in a hash."""
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of the tree without leaves."""

Span = tuple[int, int]
NodeLookup = Callable[[int, int], bytes]
"""Gives the hash of the complete node at (height, number)."""

_sha256 = hashlib.sha256


def leaf_hash(data: bytes) -> bytes:
    """Hash the bytes of one entry (RFC 6962: 0x00 before the data)."""
    return _sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two children (RFC 6962: 0x01 before them, so that no leaf can pass for a node)."""
    return _sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Return the root over these leaf hashes (32 bytes each)."""
    level = list(hashes)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        level = parents(level)
    return level[0]


def parents(level: Sequence[bytes]) -> list[bytes]:
    """Return the nodes one height up; the last may stand for an incomplete subtree."""
    # The last node of an odd level moves up as it is; that equals the RFC's split at the
    # largest power of two.
    parents = [
        _sha256(b"\x01" + left + right).digest()
        for left, right in zip(level[::2], level[1::2], strict=False)
    ]
    if len(level) % 2:
        parents.append(level[-1])
    return parents


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What a batch of leaves adds to a tree: the new right edge, height by height.

    `levels[h]` is `(first, nodes)`: the nodes at height h from number `first` to the right
    end. The last node of a level may stand for an incomplete subtree.
    """

    size: int
    """Leaves in the tree after the batch."""
    levels: tuple[tuple[int, Sequence[bytes]], ...]
    peaks: Mapping[int, bytes]
    """The new frontier."""

    @property
    def root(self) -> bytes:
        """The root after the batch."""
        return self.levels[-1][1][0]

    def path(self, index: int) -> tuple[bytes, ...]:
        """Return the inclusion proof of a leaf of this batch, from its sibling to the root."""
        proof = []
        number = index
        for first, nodes in self.levels[:-1]:
            sibling = (number ^ 1) - first
            if sibling < len(nodes):
                proof.append(nodes[sibling])
            number >>= 1
        return tuple(proof)

    def nodes(self, height: int, low: int, high: int) -> Sequence[bytes]:
        """Return the complete nodes low..high-1 at this height; they must be new ones."""
        if low >= high:
            return ()
        first, nodes = self.levels[height]
        return nodes[low - first : high - first]


def grow(peaks: Mapping[int, bytes], size: int, leaves: Sequence[bytes]) -> Growth:
    """Append leaf hashes to a tree that is known by its frontier only.

    Args:
        peaks: The frontier: for each bit h that is set in `size`, the hash of the complete
            node of height h. Left unchanged.
        size: Leaves in the tree before the batch.
        leaves: At least one leaf hash.
    """
    levels: list[tuple[int, Sequence[bytes]]] = []
    first, nodes = size, list(leaves)
    while True:
        if first % 2:
            # The left sibling lies wholly in the old tree, so it is a frontier peak.
            nodes = [peaks[len(levels)], *nodes]
            first -= 1
        levels.append((first, nodes))
        if len(nodes) == 1:
            if first == 0:
                break
            # Incomplete, so it moves up as it is: most levels of a large tree.
            first //= 2
        else:
            first, nodes = first // 2, parents(nodes)
    total = size + len(leaves)
    return Growth(size=total, levels=tuple(levels), peaks=_new_peaks(peaks, total, levels))


def _new_peaks(
    peaks: Mapping[int, bytes], size: int, levels: Sequence[tuple[int, Sequence[bytes]]]
) -> dict[int, bytes]:
    found = {}
    for height in range(size.bit_length()):
        if not size >> height & 1:
            continue
        number = (size >> height) - 1
        first, nodes = levels[height]
        found[height] = nodes[number - first] if number >= first else peaks[height]
    return found


def frontier_root(peaks: Mapping[int, bytes]) -> bytes:
    """Return the root of the tree with this frontier."""
    root = None
    for height in sorted(peaks):
        root = peaks[height] if root is None else node_hash(peaks[height], root)
    return EMPTY_ROOT if root is None else root


def pack_peaks(peaks: Mapping[int, bytes]) -> bytes:
    """Write a frontier as bytes: its hashes, the highest first."""
    return b"".join([peaks[height] for height in sorted(peaks, reverse=True)])


def unpack_peaks(size: int, data: bytes) -> dict[int, bytes]:
    """Read the frontier of a tree of this size.

    Raises:
        ProofError: It has not one hash for each bit that is set in `size`.
    """
    heights = [height for height in reversed(range(size.bit_length())) if size >> height & 1]
    if len(data) != HASH_SIZE * len(heights):
        raise ProofError("De stand van de boom past niet bij de grootte van het logboek.")
    return {
        height: data[place : place + HASH_SIZE]
        for height, place in zip(heights, range(0, len(data), HASH_SIZE), strict=True)
    }


def inclusion_spans(index: int, size: int) -> list[Span]:
    """Return the spans whose roots prove leaf `index` in a tree of `size`, leaf to root.

    RFC 6962 section 2.1.1, PATH(m, D[n]). Needs 0 <= index < size.
    """
    spans: list[Span] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            spans.append((middle, high))
            high = middle
        else:
            spans.append((low, middle))
            low = middle
    spans.reverse()
    return spans


def consistency_spans(old: int, new: int) -> list[Span]:
    """Return the spans whose roots prove that tree `old` is a prefix of tree `new`.

    RFC 6962 section 2.1.2, PROOF(m, D[n]). Needs 1 <= old <= new.
    """
    spans: list[Span] = []
    low, high = 0, new
    while high != old:
        middle = low + _split(high - low)
        if old <= middle:
            spans.append((middle, high))
            high = middle
        else:
            spans.append((low, middle))
            low = middle
    if low > 0:
        spans.append((low, high))
    spans.reverse()
    return spans


def _split(count: int) -> int:
    return 1 << ((count - 1).bit_length() - 1)


def span_root(low: int, high: int, node: NodeLookup) -> bytes:
    """Return the root over the leaves low..high-1 from complete nodes.

    `low` must be a multiple of the smallest power of two >= high - low, as in every span of
    a proof.
    """
    peaks = {}
    count = high - low
    for height in reversed(range(count.bit_length())):
        if count >> height & 1:
            peaks[height] = node(height, low >> height)
            low += 1 << height
    return frontier_root(peaks)


def check_inclusion(
    index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that the leaf hash stands at `index` in the tree with this size and root.

    Raises:
        ProofError: It is not proven (RFC 9162 section 2.1.3.2).
    """
    _check_hashes((leaf, root, *proof))
    if not 0 <= index < size:
        raise ProofError("Het regelnummer valt buiten het logboek.")
    number, last, result = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise ProofError("Het bewijs is te lang.")
        if number % 2 or number == last:
            result = node_hash(step, result)
            number, last = _climb(number, last)
        else:
            result = node_hash(result, step)
        number >>= 1
        last >>= 1
    if last != 0:
        raise ProofError("Het bewijs is te kort.")
    if result != root:
        raise ProofError("Het bewijs komt niet uit bij de wortel van het logboek.")


def check_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree (old, old_root) is the beginning of the tree (new, new_root).

    Raises:
        ProofError: It is not proven (RFC 9162 section 2.1.4.2). Nothing follows from an
            empty tree, so `old` must be at least 1.
    """
    _check_hashes(proof)
    if not 1 <= old <= new:
        raise ProofError("Deze twee groottes kunnen niet worden vergeleken.")
    if old == new:
        if proof or old_root != new_root:
            raise ProofError("Twee wortels van dezelfde grootte zijn niet gelijk.")
        return
    # A complete old tree is itself the first node, which the proof then leaves out.
    steps = [*((old_root,) if old & (old - 1) == 0 else ()), *proof]
    if not steps:
        raise ProofError("Het bewijs is te kort.")
    _walk_consistency(old, new, old_root, new_root, steps)


def _walk_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, steps: Sequence[bytes]
) -> None:
    number, last = old - 1, new - 1
    while number % 2:
        number >>= 1
        last >>= 1
    old_result = new_result = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise ProofError("Het bewijs is te lang.")
        if number % 2 or number == last:
            old_result = node_hash(step, old_result)
            new_result = node_hash(step, new_result)
            number, last = _climb(number, last)
        else:
            new_result = node_hash(new_result, step)
        number >>= 1
        last >>= 1
    if (old_result, new_result, last) != (old_root, new_root, 0):
        raise ProofError("Het nieuwe logboek is geen voortzetting van het oude.")


def _climb(number: int, last: int) -> tuple[int, int]:
    # At the ragged right edge a node moves up without a sibling: skip those heights.
    while number and not number % 2:
        number >>= 1
        last >>= 1
    return number, last


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(value) != HASH_SIZE for value in hashes):
        raise ProofError("Een hash in het bewijs is niet 32 bytes lang.")
