"""The anchors of a log: what others confirmed of it, as files in its folder `anker`.

- `anker/<size>`: a checkpoint, with the cosignatures of the witnesses under it.
- `anker/<size>.<name>.tsr`: the time stamp of one authority (RFC 3161), over the text of that
  checkpoint: all up to the empty line. So signatures may be added without breaking it.

A checkpoint comes before its stamps, and each file is there whole or not at all: whatever moment
a crash takes, what is left can be used. Nothing is ever removed or replaced by something else.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from audit.disk import Disk
from audit.errors import AnchorError, NoteError, ProofError, describe
from audit.merkle import check_consistency
from audit.note import MAX_NOTE, Checkpoint, Note
from audit.stamp import MAX_STAMP

FOLDER: Final = "anker"
NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
"""How an authority may be called."""
_FILE: Final = re.compile(r"(0|[1-9][0-9]{0,18})(?:\.([a-z0-9][a-z0-9-]{0,39})\.tsr)?")
HERSTEL: Final = "docs/logboek-herstellen.md zegt hoe u dit herstelt"
"""Where whoever runs the log is sent when it lies behind what others saw of it."""


def text_of(note: str) -> bytes:
    """Return what a stamp stands over: the text of a note, without its signatures.

    Raises:
        NoteError: It is no note.
    """
    return Note.parse(note).text.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ankers:
    """The anchors in the folder of one log. May be used from several threads."""

    log: Path
    """The folder of the log itself."""
    disk: Disk

    @property
    def folder(self) -> Path:
        """Where the anchors lie."""
        return self.log / FOLDER

    def found(self) -> Mapping[int, frozenset[str]]:
        """Return the size of each anchor, with the names of who stamped it; sizes go down.

        A stamp without its checkpoint is left out: nobody made that here.

        Raises:
            AnchorError: The folder cannot be read.
        """
        sizes: set[int] = set()
        names: dict[int, set[str]] = {}
        for name in self._names():
            match = _FILE.fullmatch(name)
            if match is None:
                continue
            if match[2] is None:
                sizes.add(int(match[1]))
            else:
                names.setdefault(int(match[1]), set()).add(match[2])
        return {size: frozenset(names.get(size, ())) for size in sorted(sizes, reverse=True)}

    def has(self, size: int) -> bool:
        """Tell whether there is an anchor of this size."""
        return (self.folder / f"{size}").is_file()

    def note(self, size: int) -> str:
        """Return the checkpoint of an anchor; no signature is checked yet.

        Raises:
            AnchorError: It cannot be read, or is no checkpoint of this size.
        """
        try:
            note = self._read(f"{size}", MAX_NOTE).decode()
            checkpoint = Checkpoint.parse(text_of(note).decode())
        except (NoteError, UnicodeDecodeError):
            raise AnchorError(f"Het bestand {FOLDER}/{size} is geen controlepunt.") from None
        if checkpoint.size != size:
            raise AnchorError(f"Het bestand {FOLDER}/{size} gaat over een andere grootte.")
        return note

    def stamp(self, size: int, name: str) -> bytes:
        """Return the stamp of one authority over an anchor, which is not checked yet.

        Raises:
            AnchorError: It cannot be read.
        """
        return self._read(_stamp(size, name), MAX_STAMP)

    def keep_note(self, size: int, note: str) -> None:
        """Keep a checkpoint; it is on the platter when this returns.

        Raises:
            AnchorError: It could not be kept.
        """
        self._keep(f"{size}", note.encode())

    def keep_stamp(self, size: int, name: str, data: bytes) -> None:
        """Keep a stamp; it is on the platter when this returns.

        Raises:
            AnchorError: It could not be kept.
        """
        self._keep(_stamp(size, name), data)

    def _names(self) -> Iterator[str]:
        try:
            for entry in self.folder.iterdir():
                yield entry.name
        except FileNotFoundError:
            return
        except OSError as error:
            raise AnchorError(f"De map {FOLDER} is niet te lezen: {describe(error)}.") from error

    def _read(self, name: str, limit: int) -> bytes:
        try:
            with (self.folder / name).open("rb") as file:
                data = file.read(limit + 1)
        except OSError as error:
            raise AnchorError(f"{FOLDER}/{name} is niet te lezen: {describe(error)}.") from error
        if len(data) > limit:
            raise AnchorError(f"Het bestand {FOLDER}/{name} is te groot.")
        return data

    def _keep(self, name: str, data: bytes) -> None:
        fresh, target = self.folder / f".{name}.new", self.folder / name
        try:
            if not self.folder.is_dir():
                self.folder.mkdir(mode=0o700)
                self.disk.sync_directory(self.log)
            self.disk.write(fresh, data)
            self.disk.replace(fresh, target)
            self.disk.sync_directory(self.folder)
        except OSError as error:
            raise AnchorError(
                f"{FOLDER}/{name} kan niet worden bewaard: {describe(error)}."
            ) from error


def _stamp(size: int, name: str) -> str:
    if not NAME.fullmatch(name):
        raise AnchorError("De naam van een tijdstempeldienst mag alleen a-z, 0-9 en - bevatten.")
    return f"{size}.{name}.tsr"


class Grown(Protocol):
    """What is asked of a log to see whether it continues something."""

    def newest(self) -> str:
        """Return the newest signed checkpoint where the log is kept, of whichever node."""

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """Return the proof that the log at size `new` continues the log at size `old`."""


def check_continues(log: Grown, seen: Checkpoint, who: str) -> None:
    """Check that a log continues a checkpoint of it that somebody outside holds.

    Args:
        log: The log as it is now.
        seen: The checkpoint; that this log signed it was checked already.
        who: Who holds it, in Dutch, to begin a sentence with.

    Raises:
        AnchorError: The log lies behind it, or has another history.
        AuditError: The log cannot be read.
    """
    now = Checkpoint.parse(text_of(log.newest()).decode())
    if seen.size > now.size:
        raise AnchorError(
            f"{who} zag al {seen.size} regels, en het logboek heeft er {now.size}:"
            f" er is een oude kopie teruggezet of er zijn regels verwijderd; {HERSTEL}."
        )
    if seen.size == 0:
        return
    proof = log.consistency(seen.size, now.size)
    try:
        check_consistency(seen.size, now.size, seen.root, now.root, proof)
    except ProofError:
        raise AnchorError(
            f"{who} zag andere regels dan er nu in het logboek staan:"
            f" er zijn twee geschiedenissen ondertekend; {HERSTEL}."
        ) from None
