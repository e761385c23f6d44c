"""Private keys that sign notes: those of a log, and those of a witness."""

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from audit.checkpoint import encode_base64, is_plain
from audit.cosignature import MAX_MOMENT, MOMENT_SIZE, Kind, Subtree, message_of
from audit.errors import NoteError
from audit.vkey import Vkey

PrivateKey = Ed25519PrivateKey | MLDSA44PrivateKey


def _raw(key: PrivateKey) -> tuple[bytes, Callable[[bytes], bytes]]:
    # One branch for each type: the two share no base class.
    if isinstance(key, MLDSA44PrivateKey):
        return key.public_key().public_bytes_raw(), key.sign
    return key.public_key().public_bytes_raw(), key.sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A private key with the name under which it signs."""

    vkey: Vkey
    _sign: Callable[[bytes], bytes] = field(repr=False)

    @classmethod
    def of(cls, name: str, key: PrivateKey) -> "Signer":
        """Make a signer of a log: 0x01 with an Ed25519 key, 0x06 with an ML-DSA-44 key.

        Raises:
            NoteError: The name cannot be used.
        """
        mldsa = isinstance(key, MLDSA44PrivateKey)
        return cls._of(name, key, Kind.MLDSA44 if mldsa else Kind.ED25519)

    @classmethod
    def cosigner(cls, name: str, key: PrivateKey) -> "Signer":
        """Make a signer of a witness: 0x04 with an Ed25519 key, 0x06 with an ML-DSA-44 key.

        Raises:
            NoteError: The name cannot be used.
        """
        mldsa = isinstance(key, MLDSA44PrivateKey)
        return cls._of(name, key, Kind.MLDSA44 if mldsa else Kind.COSIGNATURE)

    @classmethod
    def _of(cls, name: str, key: PrivateKey, kind: Kind) -> "Signer":
        public, sign = _raw(key)
        return cls(vkey=Vkey.of(name, public, kind), _sign=sign)

    def line(self, text: str, moment: int = 0) -> str:
        """Return the signature line under this text (which ends in a newline).

        Args:
            text: What to sign.
            moment: Seconds since 1970, where the kind of key has room for it; zero tells no
                moment, as is right for a log that signs its own checkpoint.

        Raises:
            NoteError: This kind of key cannot sign this text, or not at this moment.
        """
        if not text.endswith("\n") or not is_plain(text):
            raise NoteError("Dit is geen tekst om te ondertekenen.")
        kind = self.vkey.kind
        _check_moment(kind, moment)
        return self._line(message_of(kind, self.vkey.name, text, moment), moment)

    def subtree_line(self, subtree: Subtree) -> str:
        """Return the signature line for a part of a log.

        Raises:
            NoteError: Only ML-DSA-44 keys can do this.
        """
        if self.vkey.kind is not Kind.MLDSA44:
            raise NoteError("Alleen een ML-DSA-44-sleutel ondertekent een deel van een logboek.")
        return self._line(subtree.message(self.vkey.name, 0), 0)

    def sign(self, text: str, moment: int = 0) -> str:
        """Return the note of this text, signed.

        Raises:
            NoteError: As `line`.
        """
        return f"{text}\n{self.line(text, moment)}"

    def _line(self, message: bytes, moment: int) -> str:
        prefix = moment.to_bytes(MOMENT_SIZE, "big") if self.vkey.kind.timed else b""
        data = self.vkey.key_id + prefix + self._sign(message)
        return f"\u2014 {self.vkey.name} {encode_base64(data)}\n"


def _check_moment(kind: Kind, moment: int) -> None:
    lowest = 1 if kind is Kind.COSIGNATURE else 0
    highest = MAX_MOMENT if kind.timed else 0
    if not lowest <= moment <= highest:
        raise NoteError("Op dit tijdstip kan deze sleutel niet ondertekenen.")


@dataclass(frozen=True, slots=True)
class SignerSet:
    """The keys of one log, that sign each checkpoint together: Ed25519 first, then ML-DSA-44.

    Can stand wherever a Signer can.
    """

    signers: tuple[Signer, ...]

    @classmethod
    def of(cls, first: Signer, *others: Signer) -> "SignerSet":
        """Put the keys of a log together.

        Raises:
            NoteError: The names differ, a kind comes twice, or the first is not Ed25519, which
                every reader of the witness network must find.
        """
        signers = (first, *others)
        if len({signer.vkey.name for signer in signers}) > 1:
            raise NoteError("De sleutels van een logboek hebben niet dezelfde naam.")
        kinds = [signer.vkey.kind for signer in signers]
        if len(set(kinds)) < len(kinds) or kinds[0] is not Kind.ED25519:
            raise NoteError("Een logboek tekent met Ed25519 en hoogstens een ML-DSA-44-sleutel.")
        if Kind.COSIGNATURE in kinds:
            raise NoteError("Een logboek tekent niet als getuige.")
        return cls(signers)

    @property
    def vkey(self) -> Vkey:
        """The Ed25519 key, by which the log is known."""
        return self.signers[0].vkey

    @property
    def vkeys(self) -> tuple[Vkey, ...]:
        """All keys."""
        return tuple(signer.vkey for signer in self.signers)

    def sign(self, text: str) -> str:
        """Return the note of this text, signed by all keys.

        Raises:
            NoteError: A key cannot sign this text.
        """
        return text + "\n" + "".join(signer.line(text) for signer in self.signers)

    def complete(self, note: str) -> str:
        """Return a note that the first key signed, with the lines of the other keys under it.

        So a writer can sign every batch with Ed25519, which is quick, and only what is
        published with ML-DSA-44 as well.

        Raises:
            NoteError: A key cannot sign this text.
        """
        text = note[: note.rfind("\n\n") + 1]
        return note + "".join(signer.line(text) for signer in self.signers[1:])
