"""What exactly is signed, for each kind of signature that we know.

- 0x01 Ed25519 over the text of a note (C2SP signed-note 1.0.0).
- 0x04 Ed25519 with a moment before it, over any text: the cosignature of a witness
  (C2SP tlog-cosignature 1.1.0, `cosignature/v1`).
- 0x06 ML-DSA-44 with a moment, over what a checkpoint says (`subtree/v1`). Also how a log
  signs for the time in which quantum computers break Ed25519.

A moment is in whole seconds since 1970. Zero is no moment: then a 0x06 signature does not
say that nothing larger was seen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from audit.checkpoint import Checkpoint
from audit.errors import NoteError

MAX_MOMENT = (1 << 63) - 1
MAX_NAME = 255
"""Bytes in the name of a cosigner or of a log, where ML-DSA-44 signs."""
MOMENT_SIZE = 8

_LABEL = b"subtree/v1\n\x00"


class Kind(IntEnum):
    """The type byte of a key."""

    ED25519 = 0x01
    COSIGNATURE = 0x04
    MLDSA44 = 0x06

    @property
    def timed(self) -> bool:
        """Whether a moment stands in the signature."""
        return self is not Kind.ED25519


PUBLIC_SIZES = {Kind.ED25519: 32, Kind.COSIGNATURE: 32, Kind.MLDSA44: 1312}
SIGNATURE_SIZES = {Kind.ED25519: 64, Kind.COSIGNATURE: 8 + 64, Kind.MLDSA44: 8 + 2420}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subtree:
    """What a 0x06 signature is about: the lines start..end-1 of a log, with their root."""

    origin: str
    start: int
    end: int
    root: bytes

    @classmethod
    def of(cls, text: str) -> "Subtree":
        """Return the whole tree of a checkpoint.

        Raises:
            NoteError: The text is no checkpoint, or says more than such a signature covers.
        """
        checkpoint = Checkpoint.parse(text)
        if checkpoint.text() != text:
            raise NoteError("Het controlepunt heeft regels die ML-DSA-44 niet ondertekent.")
        return cls(origin=checkpoint.origin, start=0, end=checkpoint.size, root=checkpoint.root)

    def message(self, cosigner: str, moment: int) -> bytes:
        """Return the bytes that are signed.

        Raises:
            NoteError: A name is too long.
        """
        return b"".join(
            (
                _LABEL,
                _counted(cosigner),
                moment.to_bytes(MOMENT_SIZE, "big"),
                _counted(self.origin),
                self.start.to_bytes(8, "big"),
                self.end.to_bytes(8, "big"),
                self.root,
            )
        )


def _counted(name: str) -> bytes:
    data = name.encode()
    if not 1 <= len(data) <= MAX_NAME:
        raise NoteError("De naam is te lang voor ML-DSA-44: 255 bytes is het meeste.")
    return bytes([len(data)]) + data


def message_of(kind: Kind, name: str, text: str, moment: int) -> bytes:
    """Return the bytes that a key of this kind and name signs for a text.

    Raises:
        NoteError: This kind of key cannot sign this text.
    """
    if kind is Kind.MLDSA44:
        return Subtree.of(text).message(name, moment)
    if kind is Kind.COSIGNATURE:
        return f"cosignature/v1\ntime {moment}\n{text}".encode()
    return text.encode()


def split_signature(kind: Kind, data: bytes) -> tuple[int, bytes]:
    """Return the moment (zero where the kind has none) and the signature proper.

    Raises:
        NoteError: It has not the length of such a signature, or its moment cannot be.
    """
    if len(data) != SIGNATURE_SIZES[kind]:
        raise NoteError("De handtekening heeft niet de juiste lengte.")
    if not kind.timed:
        return 0, data
    moment = int.from_bytes(data[:MOMENT_SIZE], "big")
    if moment > MAX_MOMENT:
        raise NoteError("Het tijdstip van de handtekening kan niet.")
    return moment, data[MOMENT_SIZE:]


def _verify_ed25519(public: bytes, signature: bytes, message: bytes) -> None:
    Ed25519PublicKey.from_public_bytes(public).verify(signature, message)


def _verify_mldsa44(public: bytes, signature: bytes, message: bytes) -> None:
    MLDSA44PublicKey.from_public_bytes(public).verify(signature, message)


_VERIFY: dict[Kind, Callable[[bytes, bytes, bytes], None]] = {
    Kind.ED25519: _verify_ed25519,
    Kind.COSIGNATURE: _verify_ed25519,
    Kind.MLDSA44: _verify_mldsa44,
}


def holds(kind: Kind, public: bytes, signature: bytes, message: bytes) -> bool:
    """Tell whether a signature (without its moment) of this key over these bytes is true."""
    try:
        _VERIFY[kind](public, signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
