"""The signature under a rule set: who may bring rules in is told by a key, beside by a person.

It is a JWT in compact form (RFC 7519), ES256 or RS256 as with the bundles for OPA, whose payload
names the digest: `{"regelset": "sha256:…"}`.
"""

import base64
import binascii
from typing import Any, Final, TypeAlias

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from broker.errors import Fout, InvalidInputError

PublicKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
SIGNED: Final = "regelset"
"""The member of the payload that names the digest; other JWTs of the same key have none."""
_PARTS: Final = 3
_P256_BYTES: Final = 32


def read_key(pem: bytes) -> PublicKey | None:
    """Return the public key in this PEM: EC on P-256, or RSA; None when it is no such key."""
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, TypeError):
        return None
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key if isinstance(key.curve, ec.SECP256R1) else None
    return key if isinstance(key, rsa.RSAPublicKey) else None


class Handtekening:
    """Checks signatures with one public key; without a key none is asked."""

    def __init__(self, key: PublicKey | None) -> None:
        self._key = key

    def check(self, digest: str, handtekening: str | None) -> None:
        """Accept the signature under the rule set with this digest.

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
            payload = _verified(handtekening, self._key)
        except (binascii.Error, ValueError, InvalidSignature):
            payload = None
        if not isinstance(payload, dict) or payload.get(SIGNED) != digest:
            raise _wrong("De handtekening past niet bij deze regelversie.")


def _verified(token: str, key: PublicKey) -> Any:  # noqa: ANN401 - what was signed
    """Return the payload of a JWT.

    Raises:
        ValueError: It is no JWT for this kind of key.
        InvalidSignature: It was not signed with it.
    """
    parts = token.split(".")
    if len(parts) != _PARTS:
        raise ValueError
    header, payload, signature = (base64.b64decode(f"{p}==", altchars=b"-_") for p in parts)
    signed = f"{parts[0]}.{parts[1]}".encode()
    wanted = "RS256" if isinstance(key, rsa.RSAPublicKey) else "ES256"
    told = orjson.loads(header)
    if not isinstance(told, dict) or told.get("alg") != wanted:
        raise ValueError
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    else:
        key.verify(_der(signature), signed, ec.ECDSA(hashes.SHA256()))
    return orjson.loads(payload)


def _der(signature: bytes) -> bytes:
    """Return an ECDSA signature as DER; a JWT has its two numbers side by side (RFC 7518 3.4)."""
    if len(signature) != 2 * _P256_BYTES:
        raise ValueError
    r, s = signature[:_P256_BYTES], signature[_P256_BYTES:]
    return utils.encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))


def _wrong(melding: str) -> InvalidInputError:
    return InvalidInputError(melding, [Fout(pointer="/handtekening", melding=melding)])
