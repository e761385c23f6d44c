"""What the tests of tiles share: lines, and a publisher of them."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from audit.disk import CHECKPOINT, Disk
from audit.entry import Leaf, Soort, format_moment
from audit.merkle import leaf_hash, root_of
from audit.note import Checkpoint
from audit.publisher import Publisher
from audit.tiles import TileReader
from tests.audit.logs import ORIGIN, SIGNER, START


class Lines:
    """Lines of a log, as the publisher reads them."""

    def __init__(self, count: int) -> None:
        self.leaves = [b"regel %d" % number for number in range(count)]
        self.hashes = [leaf_hash(leaf) for leaf in self.leaves]

    def publisher(self, directory: Path, disk: Disk | None = None) -> Publisher:
        """Return a publisher of these lines."""
        return Publisher(
            directory,
            disk or Disk(),
            hashes=lambda low, high: self.hashes[low:high],
            leaves=lambda low, high: self.leaves[low:high],
        )

    def root(self, size: int) -> bytes:
        """Return the root over the first lines."""
        return root_of(self.hashes[:size])

    def checkpoint(self, size: int) -> Checkpoint:
        """Return the checkpoint of the first lines."""
        return Checkpoint(origin="x", size=size, root=self.root(size))


def published(directory: Path, lines: Lines, *sizes: int) -> TileReader:
    """Publish these sizes one after the other, and return a reader of the last."""
    publisher = lines.publisher(directory)
    for size in sizes:
        publisher.prepare(lines.checkpoint(size))
        publisher.settle()
    return TileReader(directory, sizes[-1])


def file_names(directory: Path) -> set[str]:
    """Return the names of all files, from this directory on."""
    return {str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file()}


def a_leaf(number: int, soort: Soort = Soort.INZAGE, stem: str = "") -> bytes:
    """Return the leaf of line `number`, which happens so many milliseconds after START."""
    return Leaf(
        kenmerk=f"{stem or f'v-{number}'}/{soort}",
        merk="A" * 22,
        op=format_moment(START + dt.timedelta(milliseconds=number)),
        soort=soort,
        toezegging="A" * 43,
    ).encode()


def tile_log(directory: Path, leaves: Sequence[bytes]) -> Path:
    """Make a log of tiles only, signed."""
    lines = Lines(0)
    lines.leaves = list(leaves)
    lines.hashes = [leaf_hash(leaf) for leaf in leaves]
    directory.mkdir()
    published(directory, lines, len(leaves))
    text = Checkpoint(origin=ORIGIN, size=len(leaves), root=lines.root(len(leaves))).text()
    (directory / CHECKPOINT).write_text(SIGNER.sign(text))
    return directory
