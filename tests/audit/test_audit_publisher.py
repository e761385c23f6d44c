"""Publishing: what stands in the way, what fails, and what is left after a crash."""

import contextlib
import errno
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typing_extensions import override

from audit.disk import Disk
from audit.errors import LogRangeError, TileError
from audit.note import Checkpoint
from audit.publisher import Publisher
from audit.tiles import ENTRIES, TilePath, TileReader, partials, root_at
from tests.audit.tiles import Lines, file_names

SIZES = (200, 700, 1100)
"""Checkpoints of the log that is published here: each fills a tile and leaves a partial one."""


class PowerLossError(Exception):
    """The power went out."""


class FragileDisk(Disk):
    """Counts its operations, and lets one fail: with an error, or by a loss of power.

    What was not brought to the platter is lost with the power: names that were not synced are
    gone, data that was not synced is cut in half.
    """

    def __init__(self, number: int = -1, *, after: bool = False, power: bool = False) -> None:
        self.number = number
        self.after = after
        self.power = power
        self.names: list[str] = []
        self._loose_data: set[Path] = set()
        self._loose_names: dict[Path, Path | None] = {}

    @property
    def hit(self) -> bool:
        """Tell whether the operation came."""
        return len(self.names) > self.number >= 0

    @contextlib.contextmanager
    def _around(self, name: str) -> Iterator[None]:
        mine = len(self.names) == self.number
        self.names.append(name)
        failure: Exception = PowerLossError() if self.power else OSError(errno.EIO, "EIO")
        if mine and not self.after:
            raise failure
        yield
        if mine:
            raise failure

    @override
    def create(self, path: Path, data: bytes) -> None:
        with self._around("create"):
            super().create(path, data)
            self._loose_data.add(path)
            self._loose_names.setdefault(path, None)

    @override
    def sync_file(self, path: Path) -> None:
        with self._around("sync file"):
            super().sync_file(path)
            self._loose_data.discard(path)

    @override
    def make_directory(self, path: Path) -> None:
        with self._around("make directory"):
            fresh = [one for one in (path, *path.parents) if not one.exists()]
            super().make_directory(path)
            self._loose_names |= dict.fromkeys(fresh)

    @override
    def replace(self, source: Path, target: Path) -> None:
        with self._around("replace"):
            super().replace(source, target)
            self._loose_names.pop(source, None)
            self._loose_names[target] = source

    @override
    def sync_directory(self, directory: Path) -> None:
        with self._around("sync directory"):
            super().sync_directory(directory)
            for path in [path for path in self._loose_names if path.parent == directory]:
                del self._loose_names[path]

    @override
    def remove(self, path: Path) -> None:
        with self._around("remove"):
            super().remove(path)

    @override
    def remove_directory(self, path: Path) -> None:
        with self._around("remove directory"):
            super().remove_directory(path)

    def lose_power(self) -> None:
        """Leave on the disk only what is certain to be there."""
        for path in self._loose_data:
            if path.exists():
                path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        for path in sorted(self._loose_names, reverse=True):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def publish_all(directory: Path, lines: Lines, disk: Disk, told: list[Checkpoint]) -> None:
    """Publish each size, going on after the last checkpoint that was told to the world."""
    publisher = lines.publisher(directory, disk)
    if told:
        publisher.resume(told[-1])
    for size in SIZES[len(told) :]:
        checkpoint = lines.checkpoint(size)
        publisher.prepare(checkpoint)
        told.append(checkpoint)
        publisher.settle()
    publisher.settle()


def covers(directory: Path, lines: Lines, checkpoint: Checkpoint) -> bool:
    """Tell whether the files hold all that this checkpoint covers."""
    reader = TileReader(directory, checkpoint.size)
    numbers = range(-(-checkpoint.size // 256))
    leaves = [leaf for number in numbers for leaf in reader.bundle(number)]
    hashes = [hash_ for number in numbers for hash_ in reader.tile(0, number)]
    same = (leaves, hashes) == (
        lines.leaves[: checkpoint.size],
        lines.hashes[: checkpoint.size],
    )
    return same and root_at(checkpoint.size, reader.tile) == checkpoint.root


@pytest.fixture(name="lines", scope="module")
def make_lines() -> Lines:
    """Give the lines that are published."""
    return Lines(SIZES[-1])


def whole(size: int) -> set[str]:
    """Return the names of the files of a log of this size, and of no other."""
    full = {str(TilePath(level, n)) for level in (ENTRIES, 0) for n in range(size // 256)}
    return full | {str(path) for path in partials(size)}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("power", [False, True])
def test_failure_at_any_step_loses_nothing(
    tmp_path: Path, lines: Lines, *, after: bool, power: bool
) -> None:
    """Whatever fails, before or after it took effect: each told checkpoint has its files."""
    seen: set[str] = set()
    number = 0
    while True:
        directory = tmp_path / str(number)
        directory.mkdir()
        disk = FragileDisk(number, after=after, power=power)
        told: list[Checkpoint] = []
        failure = PowerLossError if power else OSError
        with contextlib.suppress(failure):
            publish_all(directory, lines, disk, told)
        if power:
            disk.lose_power()
        if not disk.hit:
            break
        seen.add(disk.names[number])
        for checkpoint in told[-1:]:
            assert covers(directory, lines, checkpoint), (number, disk.names[number])

        publish_all(directory, lines, Disk(), told)

        assert covers(directory, lines, lines.checkpoint(SIZES[-1]))
        assert {name for name in file_names(directory) if ".new" not in name} == whole(SIZES[-1])
        number += 1
    assert len(seen) == 7
    assert number > 60


@pytest.mark.parametrize("number", range(0, 60, 7))
def test_failed_publishing_can_be_tried_again(tmp_path: Path, lines: Lines, number: int) -> None:
    """When the disk fails once, the same publisher can prepare the same checkpoint again."""
    disk = FragileDisk(number)
    publisher = lines.publisher(tmp_path, disk)
    for size in SIZES:
        try:
            publisher.prepare(lines.checkpoint(size))
            publisher.settle()
        except OSError:
            publisher.prepare(lines.checkpoint(size))
            publisher.settle()

    assert disk.hit
    assert covers(tmp_path, lines, lines.checkpoint(SIZES[-1]))
    assert {name for name in file_names(tmp_path) if ".new" not in name} == whole(SIZES[-1])


def test_nothing_is_written_twice(tmp_path: Path, lines: Lines) -> None:
    """What stands there already is left alone; the same size again is no work at all."""
    publish_all(tmp_path, lines, Disk(), [])
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    disk = FragileDisk()

    # Without a checkpoint to go on from, all is compared.
    publisher = lines.publisher(tmp_path, disk)
    publisher.prepare(lines.checkpoint(SIZES[-1]))
    publisher.settle()
    assert set(disk.names) == {"sync directory"}
    disk.names.clear()
    publisher.prepare(lines.checkpoint(SIZES[-1]))
    publisher.settle()

    assert disk.names == []
    assert {path: path.stat().st_mtime_ns for path in before} == before


def flip(place: int) -> Callable[[Path], None]:
    """Return what flips a bit in a file."""

    def change(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[place] ^= 1
        path.write_bytes(data)

    return change


@pytest.mark.parametrize(
    ("name", "change", "place"),
    [
        ("tile/0/001", flip(40), 40),
        ("tile/entries/000", flip(3), 3),
        ("tile/0/002.p/188", flip(6015), 6015),
        ("tile/0/002.p/188", lambda path: path.write_bytes(b""), 0),
        ("tile/1/000.p/2", lambda path: path.write_bytes(path.read_bytes()[:10]), 10),
    ],
)
def test_other_file_in_the_way_stops_publishing(
    tmp_path: Path, lines: Lines, name: str, change: Callable[[Path], None], place: int
) -> None:
    """A file with other bytes is never replaced: publishing stops, and the sentence names it."""
    # Published, but the checkpoint did not come out.
    lines.publisher(tmp_path).prepare(lines.checkpoint(700))
    change(tmp_path / name)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    with pytest.raises(TileError) as caught:
        lines.publisher(tmp_path).prepare(lines.checkpoint(700))

    assert str(caught.value) == (
        f"Het bestand {name} bestaat al met een andere inhoud, vanaf byte {place}."
        " Er wordt niets meer gepubliceerd."
    )
    assert {path: path.read_bytes() for path in before} == before


def test_partial_tiles_that_are_gone_are_made_again(tmp_path: Path, lines: Lines) -> None:
    """When tiles are lost or broken, the publisher makes all again from the lines."""
    lines.publisher(tmp_path).prepare(lines.checkpoint(700))
    for level in (0, 1):
        shutil.rmtree(tmp_path / "tile" / str(level))
        publisher = lines.publisher(tmp_path)
        publisher.resume(lines.checkpoint(700))
        publisher.prepare(lines.checkpoint(700))

        assert covers(tmp_path, lines, lines.checkpoint(700))


def test_lines_of_another_history_are_not_published(tmp_path: Path, lines: Lines) -> None:
    """Lines that do not lead to the signed root are refused before a partial tile is written."""
    wrong = Checkpoint(origin="x", size=200, root=bytes(32))

    with pytest.raises(TileError, match="passen niet bij het controlepunt"):
        lines.publisher(tmp_path).prepare(wrong)

    assert file_names(tmp_path) == set()


def test_changed_or_missing_lines_are_not_published(tmp_path: Path, lines: Lines) -> None:
    """A leaf that does not fit its hash is named, and a gap is refused."""

    def publisher(leaves: list[bytes]) -> Publisher:
        return Publisher(
            tmp_path,
            Disk(),
            hashes=lambda low, high: lines.hashes[low:high],
            leaves=lambda low, high: leaves[low:high],
        )

    other = [*lines.leaves[:40], b"anders", *lines.leaves[41:]]
    with pytest.raises(TileError, match="Regel 40 is veranderd"):
        publisher(other).prepare(lines.checkpoint(200))
    with pytest.raises(TileError, match="Tussen regel 0 en regel 200 ontbreken regels"):
        publisher(lines.leaves[:150]).prepare(lines.checkpoint(200))
    assert file_names(tmp_path) == set()


def test_earlier_checkpoint_is_refused(tmp_path: Path, lines: Lines) -> None:
    """Publishing never goes back."""
    publisher = lines.publisher(tmp_path)
    publisher.prepare(lines.checkpoint(700))

    with pytest.raises(LogRangeError):
        publisher.prepare(lines.checkpoint(200))
