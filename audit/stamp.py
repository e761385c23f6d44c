"""Time stamps (RFC 3161): asking for one, and checking one without a network.

A stamp says that an authority saw a digest at a moment. Ours stand over the text of a signed
checkpoint, so they bind every line that it covers. They are checked with what the reader holds:
the text, the stamp, and the certificates that the reader trusts.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from audit import cms, der
from audit.chain import check_chain
from audit.der import Element, Fields, context, malformed
from audit.errors import StampError

MAX_STAMP: Final = 65_536
"""Bytes of a stamp; with its certificates it has some thousands."""
_GRANTED: Final = (0, 1)
"""PKIStatus granted, and granted with changes; which changes, the checks below tell."""
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What `cryptography` raises on a certificate that is none, often only when a part is read."""
_MAX_PART: Final = 999
_MAX_ACCURACY: Final = 86_400
"""Seconds: who is less precise than a day tells nothing."""
_SHA256_OID: Final = bytes.fromhex("0609608648016503040201")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What a stamp that holds says."""

    at: dt.datetime
    """The moment of the authority, in UTC."""
    accuracy: dt.timedelta
    """How far that may be off, either way; zero when the authority does not say."""
    serial: int
    policy: str
    nonce: int | None

    @property
    def earliest(self) -> dt.datetime:
        """The first moment that it can have been."""
        return self.at - self.accuracy

    @property
    def latest(self) -> dt.datetime:
        """The last moment that it can have been."""
        return self.at + self.accuracy


def make_request(text: bytes, nonce: int) -> bytes:
    """Return a TimeStampReq for SHA-256 of this text, which asks for the certificate too.

    Args:
        text: What to stamp; only its digest is in the request.
        nonce: A fresh random number above zero, which the answer must repeat.
    """
    algorithm = der.write(der.SEQUENCE, _SHA256_OID, der.write(der.NULL))
    digest = der.write(der.OCTET_STRING, hashlib.sha256(text).digest())
    return der.write(
        der.SEQUENCE,
        der.write_integer(1),
        der.write(der.SEQUENCE, algorithm, digest),
        der.write_integer(nonce),
        der.write(der.BOOLEAN, b"\xff"),
    )


def verify_stamp(
    data: bytes,
    text: bytes,
    *,
    trusted: Sequence[x509.Certificate],
    nonce: int | None = None,
) -> Stamp:
    """Check a TimeStampResp over this text.

    Args:
        data: The answer of the authority, to the byte.
        text: What should have been stamped.
        trusted: The certificates of authorities that are trusted by agreement.
        nonce: The number that was asked with; None: not known any more.

    Raises:
        StampError: It does not prove that this text was there at its moment; tells why.
    """
    try:
        signed = cms.parse(_token(data))
        info = _info(signed.content)
        certificate = signed.signing_certificate(trusted)
        signed.check(certificate)
        check_chain(certificate, others=signed.certificates, trusted=trusted, moment=info.stamp.at)
    except _UNREADABLE:
        raise StampError("Een certificaat bij het tijdstempel is niet te lezen.") from None
    if info.imprint != hashlib.sha256(text).digest():
        raise StampError("Het tijdstempel hoort bij een andere tekst.")
    if nonce is not None and info.stamp.nonce != nonce:
        raise StampError("Het tijdstempel hoort niet bij deze aanvraag: het nummer is anders.")
    return info.stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class _Info:
    """The TSTInfo."""

    imprint: bytes
    stamp: Stamp


def _token(data: bytes) -> Element:
    if len(data) > MAX_STAMP:
        raise StampError("Het tijdstempel is te groot.")
    fields = der.read(data).fields()
    status = fields.take().fields().take().integer()
    if status not in _GRANTED:
        raise StampError("De tijdstempeldienst heeft de aanvraag geweigerd.")
    token = fields.take(der.SEQUENCE)
    fields.end()
    return token


def _info(content: bytes) -> _Info:
    fields = der.read(content).fields()
    if fields.take().integer() != 1:
        raise StampError("Het tijdstempel heeft een versie die wij niet kennen.")
    policy = fields.take().oid()
    imprint = _imprint(fields.take().fields())
    serial, at = fields.take().integer(), fields.take().time()
    accuracy = _accuracy(fields.maybe(der.SEQUENCE))
    ordering = fields.maybe(der.BOOLEAN)
    if ordering is not None and not ordering.boolean():
        raise malformed()  # DER leaves out what is the default
    nonce = fields.maybe(der.INTEGER)
    fields.maybe(context(0))  # the name of the authority: its certificate says it better
    _refuse_critical(fields.maybe(context(1)))
    fields.end()
    number = None if nonce is None else nonce.integer()
    stamp = Stamp(at=at, accuracy=accuracy, serial=serial, policy=policy, nonce=number)
    return _Info(imprint=imprint, stamp=stamp)


def _imprint(fields: Fields) -> bytes:
    digest = cms.read_digest(fields.take())
    imprint = fields.take(der.OCTET_STRING).body
    fields.end()
    if digest.name != "sha256":
        raise StampError("Het tijdstempel gaat niet over een SHA-256 van de tekst.")
    return imprint


def _accuracy(found: Element | None) -> dt.timedelta:
    if found is None:
        return dt.timedelta()
    fields = found.fields()
    seconds = fields.maybe(der.INTEGER)
    parts = [fields.maybe(context(number, constructed=False)) for number in (0, 1)]
    fields.end()
    whole = 0 if seconds is None else seconds.integer()
    millis, micros = (0 if part is None else part.integer(part.tag) for part in parts)
    if not 0 <= whole <= _MAX_ACCURACY or not all(0 <= n <= _MAX_PART for n in (millis, micros)):
        raise StampError("Het tijdstempel zegt niet hoe precies het is.")
    return dt.timedelta(seconds=whole, milliseconds=millis, microseconds=micros)


def _refuse_critical(found: Element | None) -> None:
    for extension in [] if found is None else found.children():
        fields = extension.fields()
        fields.take(der.OID)
        if fields.maybe(der.BOOLEAN) is not None:
            raise StampError("In het tijdstempel staat een voorwaarde die wij niet kennen.")
