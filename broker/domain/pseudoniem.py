"""Keyed pseudonyms: what stands at rest and in the dossier instead of a BSN or KVK number."""

import base64
import hmac
import re
import unicodedata
from typing import Final

from broker.domain.ports import Identiteit
from broker.errors import Fout, InvalidInputError

KEY_BYTES: Final = 32
_SLEUTEL: Final = re.compile(r"[pr]-[a-z2-7]{52}", re.ASCII)
_BSN: Final = re.compile(r"[0-9]{9}", re.ASCII)
_KVK: Final = re.compile(r"[0-9]{8}", re.ASCII)
# People write a BSN as 999993653, 9999.93.653, 9999 93 653 or 9999-93-653; machines put a zero
# before it. NFKC has turned the narrow and the fixed spaces into the plain one, and full-width
# digits into these; a hyphen may be any of the dashes of Unicode.
_BETWEEN: Final = r"[\s./\-\u2010-\u2015\u2212]{0,3}"
_WRITTEN_BSN: Final = re.compile(
    rf"(?<![0-9])(?:0{_BETWEEN})?([0-9](?:{_BETWEEN}[0-9]){{8}})(?![0-9])"
)


class Pseudonimiseerder:
    """Turns an identity into its pseudonym, with one secret key. `repr` shows nothing.

    Who has the key can find the person back by trying all numbers: it is as secret as the data.
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if len(key) < KEY_BYTES:
            raise InvalidInputError(
                f"De sleutel voor pseudoniemen is te kort: {KEY_BYTES} bytes zijn het minste."
            )
        self._key = key

    def sleutel(self, identiteit: Identiteit, *, pointer: str = "") -> str:
        """Return `p-…` for a natural or `r-…` for a legal person: 52 characters of base32.

        The number is put behind its own word before it is hashed, so that a BSN and a KVK number
        never meet. HMAC-SHA-256 (RFC 2104), base32 (RFC 4648) in lower case without padding.

        Args:
            identiteit: Exactly one of its members is given.
            pointer: JSON Pointer of the identity in the caller's own input.

        Raises:
            InvalidInputError: No number, two numbers, or a number that cannot exist.
        """
        bsn, kvk = identiteit.bsn, identiteit.kvk_nummer
        if (bsn is None) == (kvk is None):
            raise _invalid(pointer, "Geef een BSN of een KVK-nummer, en niet allebei.")
        if bsn is not None:
            if not is_bsn(bsn):
                raise _invalid(f"{pointer}/bsn", "Dit is geen geldig BSN (9 cijfers, elfproef).")
            return f"p-{self._digest(f'bsn:{bsn}')}"
        if _KVK.fullmatch(kvk or "") is None:
            raise _invalid(f"{pointer}/kvk_nummer", "Een KVK-nummer bestaat uit 8 cijfers.")
        return f"r-{self._digest(f'kvk:{kvk}')}"

    def _digest(self, text: str) -> str:
        """Return the keyed digest of a labelled number."""
        digest = hmac.digest(self._key, text.encode("ascii"), "sha256")
        return base64.b32encode(digest).decode("ascii").rstrip("=").lower()


def is_sleutel(text: str) -> bool:
    """Tell whether this has the form of a pseudonym."""
    return _SLEUTEL.fullmatch(text) is not None


def is_bsn(text: str) -> bool:
    """Tell whether nine digits pass the eleven-test (weights 9 … 2 and -1; not all zero)."""
    if _BSN.fullmatch(text) is None or not int(text):
        return False
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return sum(w * int(d) for w, d in zip(weights, text, strict=True)) % 11 == 0


def holds_bsn(text: str) -> bool:
    """Tell whether a BSN stands somewhere in free text, also when separated or after a zero."""
    plain = unicodedata.normalize("NFKC", text)
    return any(is_bsn(re.sub(r"[^0-9]", "", found)) for found in _WRITTEN_BSN.findall(plain))


def _invalid(pointer: str, melding: str) -> InvalidInputError:
    """Make the error; its sentence never repeats the number."""
    return InvalidInputError(melding, [Fout(pointer=pointer, melding=melding)])
