"""What a witness remembers: the last checkpoint it cosigned of each log, one file for each.

The file is the cosigned checkpoint itself, so it can be served and checked as it is. It is
replaced at once, and brought to the platter before anybody gets the cosignature.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from audit.checkpoint import Checkpoint
from audit.disk import Disk, publish
from audit.errors import NoteError, WitnessError, describe
from audit.note import MAX_NOTE, Note
from audit.vkey import Vkey

SUFFIX = ".checkpoint"
FORK = ".splitsing.json"


def origin_hash(origin: str) -> str:
    """Return the name under which a log is asked for: hex SHA-256 of its origin."""
    return hashlib.sha256(origin.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The last checkpoint that was cosigned of one log."""

    checkpoint: Checkpoint
    moment: int
    note: str


class Store:
    """The files of a witness. One process at a time; see `command`."""

    def __init__(self, folder: Path, vkey: Vkey, disk: Disk) -> None:
        """Read what is there.

        Args:
            folder: Where the files lie.
            vkey: The 0x04 key of this witness; it must have signed every file.
            disk: What writes.

        Raises:
            WitnessError: A file cannot be read, or is not as this witness left it.
        """
        self._folder = folder
        self._disk = disk
        self._seen: dict[str, Seen] = {}
        try:
            for path in sorted(folder.glob(f"*{SUFFIX}")):
                if not path.name.startswith("."):
                    self._seen[path.name.removesuffix(SUFFIX)] = _read(path, vkey)
        except OSError as error:
            raise WitnessError(
                f"De map van de getuige is niet te lezen: {describe(error)}."
            ) from error

    @property
    def seen(self) -> Mapping[str, Seen]:
        """What was cosigned last, by the hash of the origin."""
        return self._seen

    def save(self, seen: Seen) -> None:
        """Remember a cosigned checkpoint; when this returns, a crash cannot undo it.

        Raises:
            OSError: It is not known whether the disk has it.
        """
        name = origin_hash(seen.checkpoint.origin)
        publish(self._disk, self._folder / f"{name}{SUFFIX}", seen.note)
        self._seen[name] = seen

    def keep_fork(self, seen: Seen, other: str) -> None:
        """Keep the proof that a log signed two histories; the first one is enough.

        Raises:
            OSError: The disk failed.
        """
        path = self._folder / f"{origin_hash(seen.checkpoint.origin)}{FORK}"
        if not path.exists():
            text = json.dumps({"gezien": seen.note, "gekregen": other}, ensure_ascii=False)
            publish(self._disk, path, f"{text}\n")


def _read(path: Path, vkey: Vkey) -> Seen:
    with path.open("rb") as file:
        data = file.read(MAX_NOTE + 1)
    try:
        text = data.decode()
        note = Note.parse(text)
        note.check([vkey])
        checkpoint = Checkpoint.parse(note.text)
        moment = note.moments([vkey])[vkey]
        own = path.name == f"{origin_hash(checkpoint.origin)}{SUFFIX}"
    except (NoteError, UnicodeDecodeError):
        raise _strange(path) from None
    if not own:
        raise _strange(path)
    return Seen(checkpoint=checkpoint, moment=moment, note=text)


def _strange(path: Path) -> WitnessError:
    return WitnessError(
        f"Het bestand {path.name} is niet zoals deze getuige het achterliet."
        " De getuige start niet, want dan zou hij een tweede verleden kunnen ondertekenen."
    )
