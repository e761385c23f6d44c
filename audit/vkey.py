"""Public keys under a name, as notes know them: `<name>+<hex key id>+<base64>`."""

import hashlib
import re
from dataclasses import dataclass, field

from audit.checkpoint import decode_base64, encode_base64
from audit.cosignature import (
    MAX_NAME,
    PUBLIC_SIZES,
    Kind,
    Subtree,
    holds,
    message_of,
    split_signature,
)
from audit.errors import NoteError

KEY_ID_SIZE = 4

# The base64 may itself hold a plus sign.
_VKEY = re.compile(r"([^+\n]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")


def check_name(name: str) -> None:
    """Refuse a name that would break a signature line.

    Raises:
        NoteError: It is empty, or holds a space or a plus sign.
    """
    if not name or "+" in name or any(c.isspace() for c in name):
        raise NoteError("De naam van de sleutel is leeg of bevat een spatie of plusteken.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vkey:
    """A public key that checks signatures on notes, under the name of who signs."""

    name: str
    key_id: bytes
    public: bytes = field(repr=False)
    kind: Kind = Kind.ED25519

    @classmethod
    def of(cls, name: str, public: bytes, kind: Kind = Kind.ED25519) -> "Vkey":
        """Make the Vkey of a raw public key.

        Raises:
            NoteError: The name or the key cannot be used.
        """
        check_name(name)
        # Whoever trusts a key must be able to see what its name is.
        if not name.isprintable():
            raise NoteError("De naam van de sleutel bevat een teken dat niet te zien is.")
        if kind is Kind.MLDSA44 and len(name.encode()) > MAX_NAME:
            raise NoteError("De naam is te lang voor ML-DSA-44: 255 bytes is het meeste.")
        if len(public) != PUBLIC_SIZES[kind]:
            raise NoteError(f"De publieke sleutel is niet {PUBLIC_SIZES[kind]} bytes lang.")
        material = name.encode() + b"\n" + bytes([kind]) + public
        key_id = hashlib.sha256(material).digest()[:KEY_ID_SIZE]
        return cls(name=name, key_id=key_id, public=public, kind=kind)

    @classmethod
    def parse(cls, text: str) -> "Vkey":
        """Read `<name>+<hex key id>+<base64>`.

        Raises:
            NoteError: The text is no vkey of a kind that we know, or its id does not fit.
        """
        match = _VKEY.fullmatch(text.strip())
        if match is None:
            raise NoteError("De publieke sleutel heeft niet de vorm naam+nummer+sleutel.")
        name, key_id, encoded = match.groups()
        material = decode_base64(encoded)
        try:
            kind = Kind(material[0])
        except ValueError:
            raise NoteError("De publieke sleutel is van een soort die wij niet kennen.") from None
        vkey = cls.of(name, material[1:], kind)
        if vkey.key_id.hex() != key_id:
            raise NoteError("Het nummer in de publieke sleutel past niet bij de sleutel.")
        return vkey

    # `typing.override` came with Python 3.12.
    def __str__(self) -> str:  # type: ignore[explicit-override]
        encoded = encode_base64(bytes([self.kind]) + self.public)
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    @property
    def cosigns(self) -> bool:
        """Whether a witness may sign with this kind of key."""
        return self.kind.timed

    def moment(self, text: str, signature: bytes) -> int | None:
        """Return when this key signed this text (zero: it does not say), or None: it did not."""
        try:
            moment, proper = split_signature(self.kind, signature)
            message = message_of(self.kind, self.name, text, moment)
        except (NoteError, UnicodeEncodeError):
            return None
        return moment if holds(self.kind, self.public, proper, message) else None

    def holds(self, text: str, signature: bytes) -> bool:
        """Tell whether this is a signature of this key over this text."""
        return self.moment(text, signature) is not None

    def holds_subtree(self, subtree: Subtree, signature: bytes) -> bool:
        """Tell whether this is a 0x06 signature of this key over a part of a log."""
        if self.kind is not Kind.MLDSA44:
            return False
        try:
            moment, proper = split_signature(self.kind, signature)
            message = subtree.message(self.name, moment)
        except (NoteError, UnicodeEncodeError):
            return False
        # Only who speaks of the whole tree can say that nothing larger was seen.
        if subtree.start and moment:
            return False
        return holds(self.kind, self.public, proper, message)
