"""What the tests of tiles share: lines, and a publisher of them."""

from pathlib import Path

from audit.disk import Disk
from audit.merkle import leaf_hash, root_of
from audit.note import Checkpoint
from audit.publisher import Publisher
from audit.tiles import TileReader


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
