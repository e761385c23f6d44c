"""The signature around a time stamp: CMS SignedData (RFC 5652) with one signer.

What is signed is the DER of the signed attributes; those name the kind and the digest of the
content, and (RFC 2634, RFC 5035) the one certificate that may be used to check it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from audit import der
from audit.der import Element, Fields, context, malformed
from audit.errors import StampError

SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE: Final = "1.2.840.113549.1.9.16.2.12"
_SIGNING_CERTIFICATE_V2: Final = "1.2.840.113549.1.9.16.2.47"
_SINGLE: Final = frozenset(
    {_CONTENT_TYPE, _MESSAGE_DIGEST, _SIGNING_CERTIFICATE, _SIGNING_CERTIFICATE_V2}
)
_UNKNOWN: Final = "Het tijdstempel gebruikt een sleutel of methode die wij niet aannemen."
_VERSION: Final = 3
"""Of SignedData with content that is not plain data (RFC 5652 section 5.1)."""
_BY_ISSUER: Final = 1
_BY_KEY_ID: Final = 3
_MAX_CERTIFICATES: Final = 16
_MIN_RSA: Final = 2048
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1)

_SHA1: Final = hashes.SHA1()  # noqa: S303 - names a certificate in RFC 2634; signs nothing
_DIGESTS: Final[Mapping[str, hashes.HashAlgorithm]] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
_RSA: Final = "1.2.840.113549.1.1.1"
_PSS: Final = "1.2.840.113549.1.1.10"
_MGF1: Final = "1.2.840.113549.1.1.8"
_RSA_WITH: Final = {
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
}
_ECDSA_WITH: Final = {
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Signed content, read but not checked."""

    content: bytes
    certificates: tuple[x509.Certificate, ...]
    """As they came along; nothing makes them trustworthy yet."""
    _signer: "_Signer"

    def signing_certificate(self, others: Sequence[x509.Certificate]) -> x509.Certificate:
        """Return the certificate that signed this, from those that came along or from others.

        Raises:
            StampError: It is among neither, or is not the one that the signer vouched for.
        """
        for certificate in (*self.certificates, *others):
            if self._signer.is_named(certificate):
                self._signer.check_vouched(certificate)
                return certificate
        raise StampError("Het certificaat waarmee het tijdstempel is gezet, ontbreekt.")

    def check(self, certificate: x509.Certificate) -> None:
        """Check that this certificate signed exactly this content.

        Raises:
            StampError: It did not.
        """
        self._signer.check(self.content, certificate)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signer:
    """The SignerInfo."""

    issuer: bytes | None
    """DER of the name of the issuer; None: the certificate is named by its key."""
    serial: int
    key_id: bytes
    digest: hashes.HashAlgorithm
    attributes: Mapping[str, Element]
    """The one value of each signed attribute."""
    message: bytes
    """What was signed: the attributes, as DER has them."""
    algorithm: Element
    signature: bytes

    def is_named(self, certificate: x509.Certificate) -> bool:
        if self.issuer is not None:
            named = (certificate.issuer.public_bytes(), certificate.serial_number)
            return named == (self.issuer, self.serial)
        try:
            found = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        except x509.ExtensionNotFound:
            return False
        return found.value.digest == self.key_id

    def check_vouched(self, certificate: x509.Certificate) -> None:
        """Check what the signer says of its own certificate: else another could be slipped in."""
        data = certificate.public_bytes(serialization.Encoding.DER)
        vouched = []
        for oid in (_SIGNING_CERTIFICATE, _SIGNING_CERTIFICATE_V2):
            if oid in self.attributes:
                named = _ess_certificate(self.attributes[oid], second=oid != _SIGNING_CERTIFICATE)
                vouched.append(named.fits(certificate, data))
        if not vouched or not all(vouched):
            raise StampError(
                "Het tijdstempel noemt een ander certificaat dan waarmee het is gezet."
            )

    def check(self, content: bytes, certificate: x509.Certificate) -> None:
        kind = self.attributes.get(_CONTENT_TYPE)
        told = self.attributes.get(_MESSAGE_DIGEST)
        if kind is None or told is None or kind.oid() != TST_INFO:
            raise StampError("In het tijdstempel is niet vastgelegd wat er is ondertekend.")
        if told.expect(der.OCTET_STRING).body != _hash(self.digest, content):
            raise StampError(
                "Het tijdstempel is veranderd: de inhoud past niet bij de handtekening."
            )
        if not self._holds(certificate.public_key()):
            raise StampError("De handtekening onder het tijdstempel klopt niet.")

    def _holds(self, key: object) -> bool:
        fields = self.algorithm.fields()
        oid, parameters = fields.take().oid(), fields
        try:
            if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _MIN_RSA:
                scheme = self._rsa_padding(oid, parameters)
                key.verify(self.signature, self.message, scheme, self.digest)
            elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES):
                parameters.end()
                self._same_digest(_ECDSA_WITH.get(oid))
                key.verify(self.signature, self.message, ec.ECDSA(self.digest))
            else:
                raise StampError(_UNKNOWN)
        except InvalidSignature:
            return False
        return True

    def _rsa_padding(self, oid: str, parameters: Fields) -> padding.AsymmetricPadding:
        if oid == _PSS:
            return self._pss(parameters)
        if oid != _RSA:
            self._same_digest(_RSA_WITH.get(oid))
        _no_parameters(parameters)
        return padding.PKCS1v15()

    def _pss(self, parameters: Fields) -> padding.AsymmetricPadding:
        # The defaults are those of SHA-1, so nothing may be left to them but the trailer.
        fields = parameters.take(der.SEQUENCE).fields()
        parameters.end()
        digest = fields.take(context(0)).only(context(0))
        mask = fields.take(context(1)).only(context(1)).fields()
        salt = fields.take(context(2)).only(context(2)).integer()
        fields.end()
        if mask.take().oid() != _MGF1:
            raise StampError(_UNKNOWN)
        for named in (digest, mask.take()):
            self._same_digest(read_digest(named).name)
        mask.end()
        if salt < 0:
            raise malformed()
        return padding.PSS(mgf=padding.MGF1(self.digest), salt_length=salt)

    def _same_digest(self, name: str | None) -> None:
        if name != self.digest.name:
            raise StampError(_UNKNOWN)


def parse(token: Element) -> Signed:
    """Read a ContentInfo that holds SignedData with a TSTInfo.

    Raises:
        StampError: It is something else.
    """
    outer = token.fields()
    if outer.take().oid() != SIGNED_DATA:
        raise StampError("Het bestand is geen tijdstempel: er is niets ondertekend.")
    data = outer.take().only(context(0)).fields()
    outer.end()
    if data.take().integer() != _VERSION:
        raise StampError("Het tijdstempel heeft een versie die wij niet kennen.")
    digests = {read_digest(each).name for each in data.take(der.SET).children()}
    content = _content(data.take())
    certificates = _certificates(data.maybe(context(0)))
    data.maybe(context(1))  # revocation lists: not what we rest on
    signers = data.take(der.SET).children()
    data.end()
    if len(signers) != 1:
        raise StampError("Onder het tijdstempel hoort precies één handtekening te staan.")
    signer = _signer(signers[0].fields())
    if signer.digest.name not in digests:
        raise malformed()
    return Signed(content=content, certificates=certificates, _signer=signer)


def read_digest(algorithm: Element) -> hashes.HashAlgorithm:
    """Return the digest that an AlgorithmIdentifier names.

    Raises:
        StampError: It is none of SHA-256, SHA-384 and SHA-512.
    """
    fields = algorithm.fields()
    found = _DIGESTS.get(fields.take().oid())
    _no_parameters(fields)
    if found is None:
        raise StampError(_UNKNOWN)
    return found


def _no_parameters(fields: Fields) -> None:
    """Take the parameters that may be there and say nothing: absent, or NULL."""
    empty = fields.maybe(der.NULL)
    if empty is not None and empty.body:
        raise malformed()
    fields.end()


def _content(encapsulated: Element) -> bytes:
    fields = encapsulated.fields()
    if fields.take().oid() != TST_INFO:
        raise StampError("Het bestand is geen tijdstempel: er is iets anders ondertekend.")
    content = fields.take().only(context(0)).expect(der.OCTET_STRING).body
    fields.end()
    return content


def _certificates(found: Element | None) -> tuple[x509.Certificate, ...]:
    elements = [] if found is None else found.children()
    if len(elements) > _MAX_CERTIFICATES:
        raise StampError("Bij het tijdstempel zitten te veel certificaten.")
    return tuple(_certificate(element) for element in elements)


def _certificate(element: Element) -> x509.Certificate:
    # The library takes serial numbers that cannot be, and warns of it on stderr.
    body = element.fields().take(der.SEQUENCE).fields()
    body.maybe(context(0))
    if body.take().integer() <= 0:
        raise StampError("Bij het tijdstempel zit een certificaat zonder geldig nummer.")
    return x509.load_der_x509_certificate(element.raw)


def _signer(fields: Fields) -> _Signer:
    version = fields.take().integer()
    named = fields.take(der.SEQUENCE, context(0, constructed=False))
    issuer, serial, key_id = None, 0, named.body
    if named.tag == der.SEQUENCE:
        parts = named.fields()
        issuer, serial = parts.take(der.SEQUENCE).raw, parts.take().integer()
        parts.end()
    if version != (_BY_KEY_ID if issuer is None else _BY_ISSUER):
        raise malformed()
    digest = read_digest(fields.take())
    attributes = fields.take(context(0)).children()
    algorithm = fields.take(der.SEQUENCE)
    signature = fields.take(der.OCTET_STRING).body
    fields.maybe(context(1))  # unsigned attributes: anybody can add those
    fields.end()
    return _Signer(
        issuer=issuer,
        serial=serial,
        key_id=key_id,
        digest=digest,
        attributes=_attributes(attributes),
        message=der.write_set(attributes),
        algorithm=algorithm,
        signature=signature,
    )


def _attributes(elements: Sequence[Element]) -> dict[str, Element]:
    found: dict[str, Element] = {}
    for element in elements:
        fields = element.fields()
        oid = fields.take().oid()
        values = fields.take(der.SET).children()
        fields.end()
        if oid in found or (oid in _SINGLE and len(values) != 1):
            raise StampError("In het tijdstempel staat twee keer wat er maar één keer mag staan.")
        if values:
            found[oid] = values[0]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _EssCertificate:
    """ESSCertID or ESSCertIDv2: a certificate by its digest, and maybe by issuer and serial."""

    algorithm: hashes.HashAlgorithm
    digest: bytes
    issuer: bytes | None
    serial: int

    def fits(self, certificate: x509.Certificate, data: bytes) -> bool:
        if _hash(self.algorithm, data) != self.digest:
            return False
        named = (certificate.issuer.public_bytes(), certificate.serial_number)
        return self.issuer is None or named == (self.issuer, self.serial)


def _ess_certificate(value: Element, *, second: bool) -> _EssCertificate:
    # The first is that of the signer; others may follow, and then policies, which we do not use.
    fields = Fields(value.fields().take(der.SEQUENCE).children()).take().fields()
    algorithm: hashes.HashAlgorithm = hashes.SHA256() if second else _SHA1
    named = fields.maybe(der.SEQUENCE) if second else None
    if named is not None:
        algorithm = read_digest(named)
    digest = fields.take(der.OCTET_STRING).body
    issuer, serial = None, 0
    place = fields.maybe(der.SEQUENCE)
    fields.end()
    if place is not None:
        parts = place.fields()
        names = parts.take(der.SEQUENCE)
        issuer, serial = names.only(der.SEQUENCE).only(context(4)).raw, parts.take().integer()
        parts.end()
    return _EssCertificate(algorithm=algorithm, digest=digest, issuer=issuer, serial=serial)


def _hash(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    return hashlib.new(algorithm.name, data, usedforsecurity=False).digest()
