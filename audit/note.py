"""Signed notes and checkpoints of C2SP (signed-note 1.0.0, tlog-checkpoint 1.0.0).

A note is a text, an empty line, and signature lines. Signatures of unknown keys are left
out of account, so that witnesses and other algorithms may sign beside us; a signature of a
known key must hold. We sign and check Ed25519 (type 0x01).
"""

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.errors import NoteError
from audit.merkle import HASH_SIZE

ED25519 = 1
"""Type byte of an Ed25519 key. Other types of the C2SP list may be added beside it."""
MAX_NOTE = 1_000_000
"""Characters in a note, and MAX_SIGNATURES lines: more is refused before any work is done."""
MAX_SIGNATURES = 100
PUBLIC_KEY_SIZE = 32
KEY_ID_SIZE = 4

_SIGNATURE_LINE = re.compile(r"\u2014 ([^ \n]+) ([A-Za-z0-9+/]+={0,2})\n")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_CHECKPOINT = re.compile(r"([^\n]+)\n([^\n]+)\n([^\n]+)\n(?:[^\n]+\n)*")
# The base64 may itself hold a plus sign.
_VKEY = re.compile(r"([^+\n]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")


def decode_base64(text: str) -> bytes:
    """Decode standard padded base64, and nothing that is merely like it.

    Raises:
        NoteError: Other characters, wrong padding, or unused bits that are not zero.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise NoteError("De tekst bevat ongeldige base64.") from None
    if base64.b64encode(data).decode() != text:
        raise NoteError("De tekst bevat ongeldige base64.")
    return data


def encode_base64(data: bytes) -> str:
    """Encode as standard padded base64."""
    return base64.b64encode(data).decode()


def parse_decimal(text: str) -> int:
    """Read a decimal number without leading zeros, below 2**63.

    Raises:
        NoteError: It is no such number.
    """
    if not _DECIMAL.fullmatch(text) or int(text) >= 1 << 63:
        raise NoteError("De tekst bevat een ongeldig getal.")
    return int(text)


def _check_name(name: str) -> None:
    if not name or "+" in name or not name.isprintable() or any(c.isspace() for c in name):
        raise NoteError("De naam van de sleutel is leeg of bevat een spatie of plusteken.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vkey:
    """A public key that checks signatures on notes, under the name of who signs."""

    name: str
    key_id: bytes
    public: bytes

    @classmethod
    def of(cls, name: str, public: bytes) -> "Vkey":
        """Make the Vkey of a raw Ed25519 public key (32 bytes).

        Raises:
            NoteError: The name or the key cannot be used.
        """
        _check_name(name)
        if len(public) != PUBLIC_KEY_SIZE:
            raise NoteError("De publieke sleutel is niet 32 bytes lang.")
        material = name.encode() + b"\n" + bytes([ED25519]) + public
        return cls(name=name, key_id=hashlib.sha256(material).digest()[:KEY_ID_SIZE], public=public)

    @classmethod
    def parse(cls, text: str) -> "Vkey":
        """Read `<name>+<hex key id>+<base64>`.

        Raises:
            NoteError: The text is no Ed25519 vkey, or its id does not fit the key.
        """
        match = _VKEY.fullmatch(text.strip())
        if match is None:
            raise NoteError("De publieke sleutel heeft niet de vorm naam+nummer+sleutel.")
        name, key_id, encoded = match.groups()
        material = decode_base64(encoded)
        if material[:1] != bytes([ED25519]):
            raise NoteError("De publieke sleutel is van een soort die wij niet kennen.")
        vkey = cls.of(name, material[1:])
        if vkey.key_id.hex() != key_id:
            raise NoteError("Het nummer in de publieke sleutel past niet bij de sleutel.")
        return vkey

    # `typing.override` came with Python 3.12.
    def __str__(self) -> str:  # type: ignore[explicit-override]
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([ED25519]) + self.public)}"

    def holds(self, text: str, signature: bytes) -> bool:
        """Tell whether this is a signature of this key over this text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A private key with the name under which it signs."""

    vkey: Vkey
    _key: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def of(cls, name: str, key: Ed25519PrivateKey) -> "Signer":
        """Make a signer.

        Raises:
            NoteError: The name cannot be used.
        """
        return cls(vkey=Vkey.of(name, key.public_key().public_bytes_raw()), _key=key)

    def sign(self, text: str) -> str:
        """Return the note of this text (which ends in a newline), signed."""
        signature = encode_base64(self.vkey.key_id + self._key.sign(text.encode()))
        return f"{text}\n\u2014 {self.vkey.name} {signature}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature line."""

    name: str
    key_id: bytes
    signature: bytes


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
        if len(note) > MAX_NOTE or any(c < " " and c != "\n" for c in note):
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
        """Return which of the known keys signed this text.

        Raises:
            NoteError: A signature of a known key does not hold, or none of them signed.
        """
        keys = {(vkey.name, vkey.key_id): vkey for vkey in known}
        signed = set()
        for line in self.signatures:
            vkey = keys.get((line.name, line.key_id))
            if vkey is None:
                continue
            if not vkey.holds(self.text, line.signature):
                raise NoteError("De handtekening klopt niet.")
            signed.add(vkey)
        if not signed:
            raise NoteError("De tekst is niet met deze sleutel ondertekend.")
        return frozenset(signed)

    def names(self, vkey: Vkey) -> bool:
        """Tell whether a line claims to be of this key, true or not."""
        return any((s.name, s.key_id) == (vkey.name, vkey.key_id) for s in self.signatures)


def _parse_signature(line: str) -> Signature:
    match = _SIGNATURE_LINE.fullmatch(line)
    if match is None:
        raise NoteError("Een regel met een handtekening heeft niet de juiste vorm.")
    name, encoded = match.groups()
    _check_name(name)
    data = decode_base64(encoded)
    key_id, signature = data[:KEY_ID_SIZE], data[KEY_ID_SIZE:]
    if not signature:
        raise NoteError("Een handtekening is te kort.")
    return Signature(name=name, key_id=key_id, signature=signature)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The state of a log: its name, how many lines it has, and the root over them.

    The text is signed. Lines may only ever be added at its end, and we add none: other kinds
    of signature do not cover them.
    """

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the text to sign."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read the text of a checkpoint; extension lines are allowed and skipped.

        Raises:
            NoteError: It is not the form of C2SP tlog-checkpoint.
        """
        match = _CHECKPOINT.fullmatch(text)
        if match is None:
            raise NoteError("De tekst is geen controlepunt van een logboek.")
        origin, size, encoded = match.groups()
        root = decode_base64(encoded)
        if len(root) != HASH_SIZE:
            raise NoteError("De wortel in het controlepunt is niet 32 bytes lang.")
        return cls(origin=origin, size=parse_decimal(size), root=root)


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


def write_key(path: Path, key: Ed25519PrivateKey) -> None:
    """Write a private key as PEM (PKCS8), readable for its owner only; never over a file.

    Raises:
        NoteError: The file exists already or cannot be written.
    """
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(handle)
    except FileExistsError:
        raise NoteError("Er staat al een sleutel; die wordt niet overschreven.") from None
    except OSError as error:
        raise NoteError("De sleutel kan niet worden weggeschreven.") from error


def load_signer(path: Path, name: str) -> Signer:
    """Load the private key of a log from a PEM file.

    Raises:
        NoteError: The file is absent, open to others, or holds no Ed25519 key.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise NoteError("De sleutel is voor anderen leesbaar; geef het bestand mode 600.")
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError:
        raise NoteError("De sleutel van het logboek ontbreekt.") from None
    except OSError as error:
        raise NoteError("De sleutel van het logboek kan niet worden gelezen.") from error
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise NoteError("Het bestand bevat geen bruikbare sleutel.") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise NoteError("De sleutel van het logboek is geen Ed25519-sleutel.")
    return Signer.of(name, key)
