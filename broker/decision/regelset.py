"""The rule set: every file that a besluit rests on, as one thing with one digest.

Law, bases, texts and rules belong together: they are tested, approved, taken into use and kept as
one. The seeds of zaken and the roles of users are no part of it.
"""

import gzip
import hashlib
import io
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from typing_extensions import override

MAX_ARCHIVE: Final = 5 * 1024 * 1024
MAX_BYTES: Final = 32 * 1024 * 1024
MAX_FILES: Final = 5000

_DATED: Final = r"(?:\d{4}-\d{2}-\d{2}|open)\.yaml"
_NAME: Final = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_SOORTEN: Final = "samenwerking|bilateraal|wet|amvb|regeling|verordening|convenant"
_MEMBER: Final = re.compile(
    rf"policies/besluit/{_NAME}\.rego|policies/gronden\.yaml|policies/golden/{_NAME}\.json"
    rf"|grondslagen/(?:{_SOORTEN})/{_NAME}/{_DATED}|grondslagen/redenen/{_DATED}",
    re.ASCII,
)
_FOLDERS: Final = (
    "policies/besluit",
    "policies/golden",
    "grondslagen/redenen",
    *(f"grondslagen/{soort}" for soort in _SOORTEN.split("|")),
)
_SUFFIXES: Final = (".yaml", ".rego", ".json")
# Tests of the rules lie beside them, and decide nothing.
_TEST: Final = "_test.rego"


@dataclass(frozen=True, slots=True, kw_only=True)
class Regelfout:
    """One thing that is wrong in a rule set; `regel` is None where no line is to blame."""

    bestand: str
    regel: int | None
    reden: str

    @override
    def __str__(self) -> str:
        """Return it as one line: file, line and reason."""
        place = self.bestand if self.regel is None else f"{self.bestand}:{self.regel}"
        return f"{place}: {self.reden}"


class RegisterError(Exception):
    """The rule set cannot be used; `fouten` tells everything that is wrong, at once."""

    def __init__(self, fouten: Sequence[Regelfout]) -> None:
        self.fouten = tuple(fouten)
        super().__init__("\n".join(map(str, self.fouten)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Regelset:
    """The files of one version of the rules, by their name with `/`; equal files, equal digest."""

    bestanden: Mapping[str, bytes] = field(hash=False)
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        """Fix the files in the order of their names, and compute the digest.

        Raises:
            RegisterError: A file has a name that no rule set holds.
        """
        foreign = [name for name in self.bestanden if not _MEMBER.fullmatch(name)]
        if foreign:
            raise RegisterError(
                [_fout(name, "Dit bestand hoort niet in een regelset.") for name in sorted(foreign)]
            )
        files = dict(sorted(self.bestanden.items()))
        total = hashlib.sha256()
        for name, content in files.items():
            total.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
        object.__setattr__(self, "bestanden", MappingProxyType(files))
        object.__setattr__(self, "digest", f"sha256:{total.hexdigest()}")

    def below(self, folder: str) -> dict[str, bytes]:
        """Return the files in this folder, in the order of their names."""
        return {n: c for n, c in self.bestanden.items() if n.startswith(f"{folder}/")}

    @classmethod
    def from_folder(cls, root: Path) -> "Regelset":
        """Read the rule set below this folder.

        Raises:
            RegisterError: A file cannot be read, or has a name that no rule set holds.
        """
        found: dict[str, bytes] = {}
        try:
            for path in _paths(root):
                found[path.relative_to(root).as_posix()] = path.read_bytes()
        except OSError as error:
            name = Path(error.filename or root).name
            raise RegisterError([_fout(name, "Dit bestand kan niet worden gelezen.")]) from None
        return cls(bestanden=found)

    @classmethod
    def from_path(cls, path: Path) -> "Regelset":
        """Read the rule set in this folder or archive; one of its own two folders names it too.

        Raises:
            RegisterError: It is not there, or holds no rule set.
        """
        if path.is_dir():
            folder = _whole(path.resolve())
            if not any((folder / name).is_dir() for name in _FOLDERS):
                raise RegisterError([_fout(path.name, "In deze map staan geen regels.")])
            return cls.from_folder(folder)
        try:
            return cls.from_archive(path.read_bytes())
        except FileNotFoundError:
            reden = "Dit bestand is er niet."
        except OSError:
            reden = "Dit bestand kan niet worden gelezen."
        raise RegisterError([_fout(path.name, reden)])

    @classmethod
    def from_archive(cls, data: bytes) -> "Regelset":
        """Read the rule set in this tar.gz, which comes from outside and is not trusted.

        Raises:
            RegisterError: It is no such archive, too large, or holds anything but plain files
                with the names of a rule set.
        """
        found: dict[str, bytes] = {}
        fouten: list[Regelfout] = []
        try:
            with tarfile.open(fileobj=io.BytesIO(_unpacked(data)), mode="r:") as archive:
                for member in archive:
                    fout = _objection(member, found)
                    if fout:
                        fouten.append(_fout(member.name, fout))
                    elif file := archive.extractfile(member):
                        found[member.name] = file.read()
        except (tarfile.TarError, zlib.error, OSError, EOFError, ValueError, OverflowError):
            raise _bad_archive("Dit is geen tar.gz met een regelset.") from None
        if fouten:
            raise RegisterError(fouten)
        return cls(bestanden=found)

    def to_archive(self) -> bytes:
        """Return the files as tar.gz; equal files give equal bytes."""
        return packed(self.bestanden)


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return files as tar.gz; the same files in the same order give the same bytes."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w:", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(tar.getvalue(), mtime=0)


def _whole(folder: Path) -> Path:
    half = folder.name in {"policies", "grondslagen"} and not (folder / "policies").is_dir()
    return folder.parent if half else folder


def _paths(root: Path) -> Iterator[Path]:
    yield root / "policies" / "gronden.yaml"
    for folder in _FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in _SUFFIXES and not path.name.endswith(_TEST):
                yield path


def _unpacked(data: bytes) -> bytes:
    """Return the tar in this gzip, reading no more than a rule set can hold."""
    if len(data) > MAX_ARCHIVE:
        raise _bad_archive("Dit archief is te groot.")
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
        tar = packed.read(MAX_BYTES + 1)
    if len(tar) > MAX_BYTES:
        raise _bad_archive("De inhoud van dit archief is te groot.")
    return tar


def _objection(member: tarfile.TarInfo, found: Mapping[str, bytes]) -> str | None:
    """Return why this member may not be in the archive; None: it may."""
    if len(found) >= MAX_FILES:
        raise _bad_archive("Er zitten te veel bestanden in dit archief.")
    # A sparse file says itself how large it is: a few bytes could fill the memory.
    if not member.isreg() or member.issparse():
        return "Dit is geen gewoon bestand."
    if not _MEMBER.fullmatch(member.name):
        return "Dit bestand hoort niet in een regelset."
    return "Dit bestand staat er twee keer in." if member.name in found else None


def _bad_archive(reden: str) -> RegisterError:
    return RegisterError([_fout("archief", reden)])


def _fout(bestand: str, reden: str) -> Regelfout:
    return Regelfout(bestand=bestand, regel=None, reden=reden)
