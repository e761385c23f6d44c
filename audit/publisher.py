"""Publishing the tree: tiles and bundles as files, before the checkpoint that covers them.

For each checkpoint: `prepare` writes the new full tiles and bundles, then the partial ones,
and brings all to the platter; the caller publishes the checkpoint; `settle` removes the
partial ones of before. A crash anywhere leaves files that no checkpoint covers yet; the next
`prepare` writes them again. A file that is there already must hold the same bytes: who meets
other bytes would make a second history, so publishing stops.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.bundles import encode_bundle
from audit.disk import Disk
from audit.errors import LogRangeError, TileError
from audit.merkle import leaf_hash, root_of
from audit.note import Checkpoint
from audit.tiles import ENTRIES, HashReader, TilePath, TileReader, edges_root, partials
from audit.tree import TILE_HEIGHT, TILE_WIDTH

CHUNK = 64 * TILE_WIDTH
"""Lines that are written together, so that a long backlog does not fill the memory."""

LeafReader = Callable[[int, int], Sequence[bytes]]
"""Gives the leaves of the lines low..high-1."""
Edges = list[list[bytes]]
"""Per level the hashes right of the last full tile: what the partial tiles hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    path: TilePath
    data: bytes


class Publisher:
    """Writes the tiles of one log. Not safe to use from several threads."""

    def __init__(
        self, directory: Path, disk: Disk, *, hashes: HashReader, leaves: LeafReader
    ) -> None:
        """Start with nothing published; see `resume`.

        Args:
            directory: The directory of the log.
            disk: What does the writing.
            hashes: Gives leaf hashes of lines that are durable.
            leaves: Gives the leaves of the same lines.
        """
        self._directory = directory
        self._disk = disk
        self._hashes = hashes
        self._leaves = leaves
        self._size = 0
        self._edges: Edges = []
        self._partials = set(_found_partials(directory))
        self._synced: set[Path] = set()

    def resume(self, published: Checkpoint) -> None:
        """Go on after the checkpoint that was published last.

        When its partial tiles are not there, or do not lead to its root, everything is
        written again, and so compared with what is there.
        """
        reader = TileReader(self._directory, published.size)
        edges: Edges = []
        try:
            while nodes := published.size >> (TILE_HEIGHT * len(edges)):
                row = reader.tile(len(edges), nodes // TILE_WIDTH) if nodes % TILE_WIDTH else ()
                edges.append(list(row))
        except TileError:
            return
        if edges_root(edges) == published.root:
            self._size, self._edges = published.size, edges

    def prepare(self, checkpoint: Checkpoint) -> None:
        """Make durable every tile and bundle of a log of this size; then publish it.

        Raises:
            TileError: The lines are not those of the checkpoint, or a file that is there
                already holds something else. Publish no more.
            LogRangeError: A later checkpoint was prepared before.
            OSError: The disk fails.
        """
        if checkpoint.size < self._size:
            raise LogRangeError("Er is al een later controlepunt gepubliceerd.")
        edges = [list(row) for row in self._edges]
        done = self._size
        while done < checkpoint.size:
            # In whole chunks, so that all but the last end at a full bundle.
            end = min(done - done % CHUNK + CHUNK, checkpoint.size)
            files = list(self._chunk(edges, done, end))
            if end == checkpoint.size:
                _check_root(edges, checkpoint)
                files += self._partial_files(edges, end)
            self._write(files)
            done = end
        _check_root(edges, checkpoint)
        self._size, self._edges = done, edges

    def settle(self) -> None:
        """Remove the partial tiles that the published checkpoint does not need.

        Raises:
            OSError: The disk fails.
        """
        needed = {self._directory / str(path) for path in partials(self._size)}
        for file in sorted(self._partials - needed):
            self._disk.remove(file)
        for folder in sorted({file.parent for file in self._partials - needed}):
            self._disk.remove_directory(folder)
            self._synced.discard(folder)
        self._partials &= needed

    def _chunk(self, edges: Edges, low: int, high: int) -> Iterator[_File]:
        # The full bundles and tiles that the lines low..high-1 complete.
        first = low - low % TILE_WIDTH
        leaves = self._read(self._leaves, first, high)
        hashes = self._read(self._hashes, low, high)
        for index, (leaf, stored) in enumerate(
            zip(leaves[low - first :], hashes, strict=True), low
        ):
            if leaf_hash(leaf) != stored:
                raise TileError(f"Regel {index} is veranderd nadat hij werd vastgelegd.")
        for start in range(0, (high - first) // TILE_WIDTH * TILE_WIDTH, TILE_WIDTH):
            yield _File(
                path=TilePath(ENTRIES, (first + start) // TILE_WIDTH),
                data=encode_bundle(leaves[start : start + TILE_WIDTH]),
            )
        yield from _add(edges, 0, low, hashes)

    def _partial_files(self, edges: Edges, size: int) -> list[_File]:
        files = []
        for path in partials(size):
            if path.level == ENTRIES:
                data = encode_bundle(self._read(self._leaves, size - path.width, size))
            else:
                data = b"".join(edges[path.level])
            files.append(_File(path=path, data=data))
        return files

    def _read(self, reader: HashReader, low: int, high: int) -> Sequence[bytes]:
        found = reader(low, high)
        if len(found) != high - low:
            raise TileError(f"Tussen regel {low} en regel {high} ontbreken regels.")
        return found

    def _write(self, files: Sequence[_File]) -> None:
        # All data first and then the syncs: the disk can take them together.
        fresh: list[tuple[Path, Path]] = []
        folders: set[Path] = set()
        for file in files:
            target = self._directory / str(file.path)
            folders.add(target.parent)
            if file.path.width < TILE_WIDTH:
                self._partials.add(target)
            if not _stands(target, file):
                temporary = target.with_name(f".{target.name}.new")
                self._disk.make_directory(target.parent)
                self._disk.create(temporary, file.data)
                fresh.append((temporary, target))
        for temporary, _ in fresh:
            self._disk.sync_file(temporary)
        for temporary, target in fresh:
            self._disk.replace(temporary, target)
        self._sync(folders)

    def _sync(self, folders: set[Path]) -> None:
        # A new folder is only as durable as its name in the one above it.
        above = {
            parent
            for folder in folders - self._synced
            for parent in folder.parents
            if parent.is_relative_to(self._directory)
        }
        for folder in sorted(folders | above, reverse=True):
            self._disk.sync_directory(folder)
        self._synced |= folders


def _add(edges: Edges, level: int, first: int, nodes: Sequence[bytes]) -> Iterator[_File]:
    # Append nodes to a level from number `first` on; full tiles become nodes one level up.
    if level == len(edges):
        edges.append([])
    row = edges[level]
    row += nodes
    number = first // TILE_WIDTH
    full = [row[i : i + TILE_WIDTH] for i in range(0, len(row) - TILE_WIDTH + 1, TILE_WIDTH)]
    for offset, tile in enumerate(full):
        yield _File(path=TilePath(level, number + offset), data=b"".join(tile))
    if full:
        del row[: len(full) * TILE_WIDTH]
        yield from _add(edges, level + 1, number, [root_of(tile) for tile in full])


def _check_root(edges: Edges, checkpoint: Checkpoint) -> None:
    if edges_root(edges) != checkpoint.root:
        raise TileError("De regels passen niet bij het controlepunt dat ze moet dekken.")


def _stands(target: Path, file: _File) -> bool:
    try:
        old = target.read_bytes()
    except FileNotFoundError:
        return False
    if old == file.data:
        return True
    pairs = enumerate(zip(old, file.data, strict=False))
    place = next((i for i, (is_, to_be) in pairs if is_ != to_be), min(len(old), len(file.data)))
    raise TileError(
        f"Het bestand {file.path} bestaat al met een andere inhoud, vanaf byte {place}."
        " Er wordt niets meer gepubliceerd."
    )


def _found_partials(directory: Path) -> Iterator[Path]:
    # Also what a crash left half written in their folders.
    for folder, _, names in os.walk(directory / "tile"):
        if folder.endswith(".p"):
            yield from (Path(folder, name) for name in names)
