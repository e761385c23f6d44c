"""The files of a bundle, in a directory or in a zip, read without trusting their sizes or names."""

import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from audit.errors import BundleError, UnusableError, describe

MAX_FILE = 256 * 65_537
"""Bytes of a file that is read whole; what a bundle of 256 entries can have."""
MAX_LINE = 1024 * 1024
"""Bytes of a line with one disclosure."""
_STRANGE = "is geen gewoon bestand."


class Files(Protocol):
    """What the verifier reads from."""

    def names(self) -> list[str]:
        """Return the names of all files, with slashes."""

    def stream(self, name: str) -> BinaryIO | None:
        """Open a file; None when it is not there.

        Raises:
            BundleError: It cannot be read; the sentence names it.
        """


class Folder:
    """The files in a directory."""

    def __init__(self, root: Path) -> None:
        """Read below this directory."""
        self._root = root

    def names(self) -> list[str]:
        """Return the names of all files, links too."""
        found = []
        for folder, _, names in os.walk(self._root):
            found += [(Path(folder) / name).relative_to(self._root).as_posix() for name in names]
        return sorted(found)

    def stream(self, name: str) -> BinaryIO | None:
        """Open a file; None when it is not there.

        Raises:
            BundleError: It is a link, or cannot be read.
        """
        path = self._root / name
        try:
            if path.is_symlink() or (path.exists() and not path.is_file()):
                raise BundleError(f"Het bestand {name} {_STRANGE}")
            return path.open("rb")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise BundleError(f"Het bestand {name} is niet te lezen: {describe(error)}.") from None


class Zip:
    """The files in a zip."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """Read from this archive."""
        self._archive = archive

    def names(self) -> list[str]:
        """Return the names of all files; one that is there twice is named twice."""
        return sorted(info.filename for info in self._archive.infolist() if not info.is_dir())

    def stream(self, name: str) -> BinaryIO | None:
        """Open a file; None when it is not there.

        Raises:
            BundleError: It cannot be read.
        """
        try:
            stream: BinaryIO = self._archive.open(name)  # type: ignore[assignment]
        except KeyError:
            return None
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError):
            raise BundleError(f"Het bestand {name} in de zip is beschadigd.") from None
        return stream


@contextmanager
def open_files(place: Path) -> Iterator[Files]:
    """Open a bundle: a directory or a zip.

    Raises:
        UnusableError: There is nothing.
        BundleError: It is a file, and no zip or not a whole one.
    """
    if place.is_dir():
        yield Folder(place)
        return
    try:
        archive = zipfile.ZipFile(place)
    except (zipfile.BadZipFile, NotImplementedError):
        raise BundleError(f"Het bestand {place.name} is geen zip, of niet heel.") from None
    except OSError:
        raise UnusableError("Hier staat geen bundel: geef een map of een zip.") from None
    with archive:
        yield Zip(archive)


def read(files: Files, name: str, limit: int = MAX_FILE) -> bytes | None:
    """Return the bytes of a file; None when it is not there.

    Raises:
        BundleError: It cannot be read, or is too large; the sentence names it.
    """
    stream = files.stream(name)
    if stream is None:
        return None
    with stream, _readable(name):
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise BundleError(f"Het bestand {name} is te groot: meer dan {limit} bytes.")
    return data


def lines(files: Files, name: str) -> Iterator[bytes]:
    """Yield the lines of a file, without their newline; none when it is not there.

    Raises:
        BundleError: It cannot be read, a line is too long, or the last one is cut off.
    """
    stream = files.stream(name)
    if stream is None:
        return
    with stream, _readable(name):
        number = 0
        while line := stream.readline(MAX_LINE + 1):
            number += 1
            if not line.endswith(b"\n"):
                raise BundleError(f"Het bestand {name} is afgekapt of te lang bij regel {number}.")
            yield line[:-1]


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile):
        raise BundleError(f"Het bestand {name} is beschadigd of niet te lezen.") from None
