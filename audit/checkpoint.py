"""The text of a checkpoint (C2SP tlog-checkpoint 1.0.0), and the encodings that notes share."""

import base64
import binascii
import re
from dataclasses import dataclass

from audit.errors import NoteError
from audit.merkle import HASH_SIZE

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_CHECKPOINT = re.compile(r"([^\n]+)\n([^\n]+)\n([^\n]+)\n(?:[^\n]+\n)*")


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


def is_plain(text: str) -> bool:
    """Tell whether a text holds no other ASCII control characters than newlines."""
    return not any(c < " " and c != "\n" for c in text)


def parse_decimal(text: str) -> int:
    """Read a decimal number without leading zeros, below 2**63.

    Raises:
        NoteError: It is no such number.
    """
    if not _DECIMAL.fullmatch(text) or int(text) >= 1 << 63:
        raise NoteError("De tekst bevat een ongeldig getal.")
    return int(text)


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
