"""The signature under a rule set: who may bring rules in is told by a key, beside by a person."""

import base64
import binascii
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from broker.errors import Fout, InvalidInputError

_CONTEXT: Final = "sluis-regelset"
"""Signed with the digest, so that a signature for another purpose is none for this."""


def signed_text(digest: str) -> bytes:
    """Return what is signed for the rule set with this digest."""
    return f"{_CONTEXT}\n{digest}\n".encode()


class Handtekening:
    """Checks signatures (Ed25519) with one public key; without a key none is asked."""

    def __init__(self, key: Ed25519PublicKey | None) -> None:
        self._key = key

    def check(self, digest: str, handtekening: str | None) -> None:
        """Accept the signature under the rule set with this digest.

        Args:
            digest: Of the rule set.
            handtekening: The signature in base64, or None.

        Raises:
            InvalidInputError: It is wrong, is missing, or cannot be checked for want of a key.
        """
        if self._key is None:
            if handtekening is not None:
                raise _wrong("Deze Sluis heeft geen sleutel om handtekeningen te controleren.")
            return
        if handtekening is None:
            raise _wrong("Een regelversie moet hier ondertekend zijn.")
        try:
            signature = base64.b64decode(handtekening, validate=True)
            self._key.verify(signature, signed_text(digest))
        except (binascii.Error, ValueError, InvalidSignature):
            raise _wrong("De handtekening past niet bij deze regelversie.") from None


def _wrong(melding: str) -> InvalidInputError:
    return InvalidInputError(melding, [Fout(pointer="/handtekening", melding=melding)])
