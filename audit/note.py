"""Signed notes of C2SP (signed-note 1.0.0), and the signed checkpoints among them.

A note is a text, an empty line, and signature lines. Signatures of unknown keys are left
out of account, so that witnesses and other algorithms may sign beside us; a signature of a
known key must hold. Which kinds of key we know stands in `cosignature`.

What readers and writers of notes need of the modules around it can be had from here.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from audit.checkpoint import Checkpoint, decode_base64, encode_base64, is_plain, parse_decimal
from audit.cosignature import Kind
from audit.errors import NoteError
from audit.keyfile import load_second_signer, load_signer, write_key
from audit.signer import Signer, SignerSet
from audit.vkey import KEY_ID_SIZE, Vkey, check_name

__all__ = [
    "MAX_NOTE",
    "MAX_SIGNATURES",
    "Checkpoint",
    "Kind",
    "Note",
    "Signature",
    "Signer",
    "SignerSet",
    "Vkey",
    "decode_base64",
    "encode_base64",
    "load_second_signer",
    "load_signer",
    "open_checkpoint",
    "parse_decimal",
    "write_key",
]

MAX_NOTE = 1_000_000
"""Characters in a note, and MAX_SIGNATURES lines: more is refused before any work is done."""
MAX_SIGNATURES = 100

_SIGNATURE_LINE = re.compile(r"\u2014 ([^ \n]+) ([A-Za-z0-9+/]+={0,2})\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature line."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """Return the line, with its newline."""
        return f"\u2014 {self.name} {encode_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note, read but not checked."""

    text: str
    """What was signed, with its last newline."""
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, note: str) -> "Note":
        """Read a note strictly.

        Raises:
            NoteError: It is not the form of C2SP signed-note.
        """
        if len(note) > MAX_NOTE or not is_plain(note):
            raise NoteError("De ondertekende tekst is te lang of bevat vreemde tekens.")
        # The text itself may hold empty lines, so the last one counts.
        end = note.rfind("\n\n")
        lines = note[end + 2 :]
        if end < 0 or not lines or not lines.endswith("\n"):
            raise NoteError("Onder de tekst staat geen handtekening.")
        if lines.count("\n") > MAX_SIGNATURES:
            raise NoteError("Onder de tekst staan te veel handtekeningen.")
        return cls(
            text=note[: end + 1],
            signatures=tuple(_parse_signature(line + "\n") for line in lines[:-1].split("\n")),
        )

    def check(self, known: Collection[Vkey]) -> frozenset[Vkey]:
        """Return which of the known keys signed this text. Who signs twice counts once.

        Raises:
            NoteError: A signature of a known key does not hold, or none of them signed.
        """
        signed = frozenset(self.moments(known))
        if not signed:
            raise NoteError("De tekst is niet met deze sleutel ondertekend.")
        return signed

    def moments(self, known: Collection[Vkey]) -> dict[Vkey, int]:
        """Return which of the known keys signed this text, maybe none, and when.

        Zero stands for a signature that tells no moment; of two by one key the last counts.

        Raises:
            NoteError: A signature of a known key does not hold.
        """
        keys = _by_line(known)
        found: dict[Vkey, int] = {}
        for line in self.signatures:
            vkey = keys.get((line.name, line.key_id))
            if vkey is None:
                continue
            moment = vkey.moment(self.text, line.signature)
            if moment is None:
                raise NoteError("De handtekening klopt niet.")
            found[vkey] = max(moment, found.get(vkey, 0))
        return found

    def names(self, vkey: Vkey) -> bool:
        """Tell whether a line claims to be of this key, true or not."""
        return any((s.name, s.key_id) == (vkey.name, vkey.key_id) for s in self.signatures)

    def whole(self) -> str:
        """Return the note as it was read."""
        return f"{self.text}\n{''.join(signature.line() for signature in self.signatures)}"


def _by_line(known: Collection[Vkey]) -> dict[tuple[str, bytes], Vkey]:
    keys: dict[tuple[str, bytes], Vkey] = {}
    for vkey in known:
        # The id is short, so two keys may be made to share it; then no line tells whose it is.
        if keys.setdefault((vkey.name, vkey.key_id), vkey) != vkey:
            raise NoteError("Twee bekende sleutels hebben dezelfde naam en hetzelfde nummer.")
    return keys


def _parse_signature(line: str) -> Signature:
    match = _SIGNATURE_LINE.fullmatch(line)
    if match is None:
        raise NoteError("Een regel met een handtekening heeft niet de juiste vorm.")
    name, encoded = match.groups()
    check_name(name)
    data = decode_base64(encoded)
    key_id, signature = data[:KEY_ID_SIZE], data[KEY_ID_SIZE:]
    if not signature:
        raise NoteError("Een handtekening is te kort.")
    return Signature(name=name, key_id=key_id, signature=signature)


def open_checkpoint(note: str, vkey: Vkey) -> Checkpoint:
    """Read a signed checkpoint of the log that has this key.

    Raises:
        NoteError: It is malformed, not signed by this key, or of a log with another name.
    """
    parsed = Note.parse(note)
    parsed.check([vkey])
    checkpoint = Checkpoint.parse(parsed.text)
    if checkpoint.origin != vkey.name:
        raise NoteError("Het controlepunt is van een ander logboek.")
    return checkpoint
