"""A new log after one that was lost or fell behind: the ceremony of decision 0019.

The new log has another name, its own directory and its own vault. Its first line embeds the last
checkpoint of the old one that the witnesses signed, with all signatures, the reason, and the two
people who decided it. The old log is left as it is, and stays verifiable with its own key.

Beside the new log lies `herstel/`: the payload and salt of that first line, and its receipt, so
that whoever gets them can check it without the vault.
"""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audit.ankers import Ankers
from audit.checkpoint import Checkpoint, encode_base64
from audit.cosignature import Kind
from audit.disk import CHECKPOINT, VKEY, Disk
from audit.entry import Entry, Soort, unpadded
from audit.errors import LogOpenError, NoteError
from audit.log import Log
from audit.note import MAX_NOTE, Note, open_checkpoint
from audit.policy import Policy
from audit.receipt import Receipt
from audit.vkey import Vkey

FOLDER: Final = "herstel"
KENMERK: Final = "herstel/1/wijziging"
PEOPLE: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """The last that is known of the old log."""

    checkpoint: Checkpoint
    note: str
    witnessed: bool
    """Whether the witnesses signed it too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why there is a new log, and who decided so."""

    text: str
    people: Sequence[str]

    def check(self) -> None:
        """Check that it is told well enough.

        Raises:
            LogOpenError: The reason is empty, or there are not two different people.
        """
        if not self.text.strip():
            raise LogOpenError("Noem de reden van het herstel.")
        names = {" ".join(name.split()).casefold() for name in self.people}
        if len(self.people) != PEOPLE or len(names) != PEOPLE or "" in names:
            raise LogOpenError("Twee verschillende mensen moeten dit samen doen. Noem beide namen.")


def last_of(directory: Path, policy: Policy | None = None) -> Last:
    """Return the last checkpoint of the log in a directory that the witnesses signed.

    Args:
        directory: The directory of the old log, of whichever node saw most.
        policy: Which witnesses count. Without it, or when they signed nothing, it is the last
            checkpoint that the log itself signed.

    Raises:
        LogOpenError: There is no key, or no checkpoint that is signed with it.
        AnchorError: An anchor cannot be read.
    """
    vkey = _vkey(directory)
    ankers = Ankers(log=directory, disk=Disk())
    if policy is not None:
        for size in ankers.found():
            note = ankers.note(size)
            if policy.satisfied(note):
                return Last(checkpoint=_open(note, vkey), note=note, witnessed=True)
    try:
        with (directory / CHECKPOINT).open("rb") as file:
            note = file.read(MAX_NOTE).decode()
    except (OSError, UnicodeDecodeError):
        raise LogOpenError("In de map van het oude logboek staat geen controlepunt.") from None
    return Last(checkpoint=_open(note, vkey), note=note, witnessed=False)


def begin_anew(
    log: Log, directory: Path, last: Last, reason: Reason, *, at: dt.datetime, salt: bytes
) -> Receipt:
    """Record the first line of the new log, and lay beside it what proves its content.

    Args:
        log: The new log, which is empty.
        directory: Where it lies.
        last: The end of the old log.
        reason: Why, and who.
        at: Now.
        salt: 16 fresh random bytes.

    Raises:
        LogOpenError: The log is not a new one, or who decided is not told.
        AuditError: It cannot be recorded.
        OSError: The disk fails.
    """
    reason.check()
    own = Checkpoint.parse(Note.parse(log.checkpoint()).text)
    if own.size or own.origin == last.checkpoint.origin:
        raise LogOpenError("Het nieuwe logboek moet leeg zijn en een andere naam hebben.")
    payload = {
        "wat": "herstel",
        "oud": {
            "naam": last.checkpoint.origin,
            "grootte": last.checkpoint.size,
            "wortel": encode_base64(last.checkpoint.root),
            "controlepunt": last.note,
        },
        "getuigd": last.witnessed,
        "reden": reason.text.strip(),
        "door": [" ".join(name.split()) for name in reason.people],
    }
    entry = Entry(soort=Soort.WIJZIGING, at=at, kenmerk=KENMERK, payload=payload)
    receipt = log.append(entry, salt).result()
    if receipt.index:
        raise LogOpenError("Een ander schreef als eerste in het nieuwe logboek.")
    disk = Disk()
    folder = directory / FOLDER
    disk.make_directory(folder)
    told = {"inhoud": payload, "zout": unpadded(salt)}
    text = json.dumps(told, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    disk.write(folder / "verklaring.json", text.encode(), private=True)
    disk.write(folder / "bewijs.tlog-proof", receipt.text().encode())
    disk.sync_directory(folder)
    return receipt


def _vkey(directory: Path) -> Vkey:
    try:
        with (directory / VKEY).open("rb") as file:
            keys = [Vkey.parse(line) for line in file.read(MAX_NOTE).decode().splitlines()]
    except (OSError, NoteError, UnicodeDecodeError):
        keys = []
    for key in keys:
        if key.kind is Kind.ED25519:
            return key
    raise LogOpenError("In de map van het oude logboek staat geen bruikbare sleutel (vkey).")


def _open(note: str, vkey: Vkey) -> Checkpoint:
    try:
        return open_checkpoint(note, vkey)
    except NoteError as error:
        raise LogOpenError(
            f"Een controlepunt van het oude logboek is niet echt. {error}"
        ) from error
