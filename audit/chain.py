"""Whether a certificate was fit to sign time stamps at a moment, up to a trusted certificate.

By RFC 5280 section 6 at one moment, without revocation: what the record keeps must be checkable
without a network. What is not known is refused: a critical extension that is not read here, and
limits on names or policies.

The verifier of `cryptography` is made for servers and clients of TLS, whose names it demands.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from audit.errors import StampError

_E = TypeVar("_E", bound=x509.ExtensionType)
_MAX_DEPTH: Final = 6
"""Certificates from the signer up to the trusted one, both included."""
_READ: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,  # any policy is accepted, so its list limits nothing
    }
)
_LIMITS: Final = frozenset(
    {
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.INHIBIT_ANY_POLICY,
    }
)
_DIGESTS: Final = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_PEM: Final = re.compile(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


def load_certificates(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Read certificates from PEM; text between them is left out of account.

    Raises:
        StampError: There is none, or one of them cannot be read.
    """
    try:
        found = tuple(x509.load_pem_x509_certificate(each) for each in _PEM.findall(pem))
    except (ValueError, UnsupportedAlgorithm):
        raise StampError("Een vertrouwd certificaat is niet te lezen.") from None
    if not found:
        raise StampError("Er is geen vertrouwd certificaat om het tijdstempel mee te controleren.")
    return found


def check_chain(
    certificate: x509.Certificate,
    *,
    others: Sequence[x509.Certificate],
    trusted: Sequence[x509.Certificate],
    moment: dt.datetime,
) -> None:
    """Check that a certificate was fit to sign time stamps at a moment.

    Args:
        certificate: Of the signer. It is never taken on its own word, not even when trusted.
        others: What may stand between it and the trusted one.
        trusted: Certificates of authorities that are trusted by agreement.
        moment: When it signed; what expired since, still counts.

    Raises:
        StampError: It was not.
    """
    _check_signer(certificate, moment)
    if not _leads(certificate, (*trusted, *others), frozenset(trusted), moment, depth=1):
        raise StampError("Het tijdstempel is niet gezet door een dienst die wordt vertrouwd.")


def _leads(
    certificate: x509.Certificate,
    candidates: Sequence[x509.Certificate],
    trusted: frozenset[x509.Certificate],
    moment: dt.datetime,
    *,
    depth: int,
) -> bool:
    """Tell whether a way leads up from here; `depth` certificates stand below the issuer."""
    if depth >= _MAX_DEPTH:
        return False
    for issuer in _issuers(certificate, candidates):
        if not _is_authority(issuer, moment, below=depth - 1):
            continue
        if issuer in trusted or _leads(issuer, candidates, trusted, moment, depth=depth + 1):
            return True
    return False


def _issuers(
    certificate: x509.Certificate, candidates: Sequence[x509.Certificate]
) -> Iterator[x509.Certificate]:
    """Give who truly issued this, but never itself."""
    if not isinstance(certificate.signature_hash_algorithm, _DIGESTS):
        return
    for candidate in candidates:
        if candidate == certificate:
            continue
        try:
            certificate.verify_directly_issued_by(candidate)
        except (InvalidSignature, ValueError, TypeError):
            continue
        yield candidate


def _check_signer(certificate: x509.Certificate, moment: dt.datetime) -> None:
    if not _valid(certificate, moment):
        raise StampError("Het certificaat van de tijdstempeldienst was toen niet geldig.")
    usage = _find(certificate, x509.ExtendedKeyUsage)
    if (
        usage is None
        or not usage.critical
        or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]
    ):
        raise StampError("Het certificaat is niet bedoeld voor tijdstempels, en alleen daarvoor.")
    key = _find(certificate, x509.KeyUsage)
    signs = key is None or key.value.digital_signature or key.value.content_commitment
    constraints = _find(certificate, x509.BasicConstraints)
    is_authority = constraints is not None and constraints.value.ca
    if not signs or is_authority or not _understood(certificate):
        raise StampError("Het certificaat van de tijdstempeldienst mag hiervoor niet dienen.")


def _is_authority(certificate: x509.Certificate, moment: dt.datetime, *, below: int) -> bool:
    """Tell whether this may issue certificates, with so many others below it."""
    constraints = _find(certificate, x509.BasicConstraints)
    key = _find(certificate, x509.KeyUsage)
    if (
        constraints is None
        or not constraints.value.ca
        or key is None
        or not key.value.key_cert_sign
    ):
        return False
    length = constraints.value.path_length
    usage = _find(certificate, x509.ExtendedKeyUsage)
    meant = usage is None or bool(
        {ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
        & set(usage.value)
    )
    long_enough = length is None or below <= length
    return long_enough and meant and _valid(certificate, moment) and _understood(certificate)


def _valid(certificate: x509.Certificate, moment: dt.datetime) -> bool:
    return certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc


def _understood(certificate: x509.Certificate) -> bool:
    """Tell whether nothing critical is unknown, and nothing limits names or policies."""
    return all(
        each.oid not in _LIMITS and (not each.critical or each.oid in _READ)
        for each in certificate.extensions
    )


def _find(certificate: x509.Certificate, kind: type[_E]) -> x509.Extension[_E] | None:
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None
