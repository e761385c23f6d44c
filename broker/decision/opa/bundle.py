"""The rule set as a signed OPA bundle: the same rules and law, for a real OPA server.

A bundle is a tar.gz of rules, `data.json` and `.manifest`. Its `.signatures.json` holds a JWT
(RFC 7519) over the SHA-256 of each of these files, as OPA prescribes for bundle signing.
Equal rule sets and keys give equal bytes.
"""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from broker.decision.regelset import Regelset, packed
from broker.decision.register import Register
from broker.decision.rules import Rules

KEY_ID: Final = "sluis"
"""Name of the key, as OPA must know its public half (`--verification-key-id sluis`)."""
ANTWOORD: Final = Path(__file__).with_name("antwoord.rego")
_ROOTS: Final = ("sluis", "standen")
_SIGNATURES: Final = ".signatures.json"
_P256_BYTES: Final = 32
_MIN_RSA_BITS: Final = 2048


class BundleError(Exception):
    """The bundle cannot be signed; `str()` is one plain Dutch sentence."""


class Ondertekenaar:
    """Signs bundles with a private key: ECDSA on P-256 (ES256) or RSA (RS256)."""

    def __init__(self, pem: bytes) -> None:
        """Read the key (PEM, no password).

        Raises:
            BundleError: It is no such key.
        """
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        self._key = _suited(key)
        self.algoritme = "RS256" if isinstance(self._key, rsa.RSAPrivateKey) else "ES256"

    def public_key(self) -> bytes:
        """Return the public half in PEM, for `opa run --verification-key`."""
        return self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def jwt(self, payload: Mapping[str, Any]) -> str:
        """Return the payload as a signed JWT (RFC 7519) in compact form."""
        header = {"alg": self.algoritme, "typ": "JWT", "kid": KEY_ID}
        signed = f"{_b64(orjson.dumps(header))}.{_b64(orjson.dumps(payload))}"
        return f"{signed}.{_b64(self._sign(signed.encode()))}"

    def _sign(self, text: bytes) -> bytes:
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(text, padding.PKCS1v15(), hashes.SHA256())
        der = self._key.sign(text, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        # JWS wants the two numbers behind each other (RFC 7518 3.4), not DER.
        return b"".join(n.to_bytes(_P256_BYTES, "big") for n in utils.decode_dss_signature(der))


def make_bundle(regelset: Regelset, ondertekenaar: Ondertekenaar | None = None) -> bytes:
    """Return the rule set as an OPA bundle, signed when there is a key.

    Raises:
        RegisterError: The rule set cannot be used.
    """
    files = bundle_files(regelset)
    if ondertekenaar is not None:
        files[_SIGNATURES] = _signatures(files, ondertekenaar)
    return packed(files)


def bundle_files(regelset: Regelset) -> dict[str, bytes]:
    """Return what stands in the bundle, by name, without signature.

    Raises:
        RegisterError: The rule set cannot be used.
    """
    data = Register.load(regelset).data | {"sluis": {"digest": regelset.digest}}
    manifest = {"revision": regelset.digest, "roots": _ROOTS, "rego_version": 1}
    rules = {name: text.encode() for name, text in Rules(regelset).files.items()}
    return {
        ".manifest": _canonical(manifest),
        "data.json": _canonical(data),
        ANTWOORD.name: ANTWOORD.read_bytes(),
        **rules,
    }


def _signatures(files: Mapping[str, bytes], ondertekenaar: Ondertekenaar) -> bytes:
    told = [
        # Of a document OPA hashes the canonical form, which is how it is written here.
        {"name": name, "hash": hashlib.sha256(content).hexdigest(), "algorithm": "SHA-256"}
        for name, content in files.items()
    ]
    return orjson.dumps({"signatures": [ondertekenaar.jwt({"files": told})]})


def _canonical(document: Mapping[str, Any]) -> bytes:
    """Return a document as OPA hashes it: no blanks, members in order of their names."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def _suited(key: object) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= _MIN_RSA_BITS:
        return key
    raise BundleError(
        "De sleutel voor het ondertekenen is geen EC-sleutel (P-256) of RSA-sleutel (2048 bits "
        "of meer) in PEM."
    )


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
