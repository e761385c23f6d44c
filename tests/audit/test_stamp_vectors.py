"""Time stamps of real authorities, good and spoiled: each comes out as published."""

import datetime as dt
from typing import NamedTuple

import pytest
from cryptography import x509

from audit import cms
from audit.chain import check_chain
from audit.checkpoint import decode_base64
from audit.errors import StampError
from audit.stamp import _token, verify_stamp
from tests.audit.published import load

DATA = load("stempels.yaml")
OTHER_DIGEST = "gaat niet over een SHA-256"


class Authority(NamedTuple):
    """Who set stamps, and over what."""

    text: bytes
    chain: tuple[x509.Certificate, ...]
    """From the signer to the root."""


class Published(NamedTuple):
    """A stamp, and what must come of it."""

    name: str
    file: str
    at: dt.datetime
    wrong: str
    """What our sentence must say when the whole chain is trusted; empty: nothing is wrong."""
    wrong_at_root: str
    """The same when only the root is."""
    data: bytes

    @property
    def authority(self) -> Authority:
        """Who set it."""
        return AUTHORITIES[self.name]


AUTHORITIES = {
    name: Authority(
        text=decode_base64(each["text"]),
        chain=tuple(map(x509.load_der_x509_certificate, map(decode_base64, each["chain"]))),
    )
    for name, each in DATA["authorities"].items()
}
STAMPS = [
    Published(
        name, file, dt.datetime.fromisoformat(f"{at}+00:00"), whole, root, decode_base64(data)
    )
    for name, file, at, whole, root, data in DATA["stamps"]
]
GOOD = [stamp for stamp in STAMPS if not stamp.wrong]
NAMESAKE = next(stamp for stamp in STAMPS if stamp.file == "other_response")
"""Set by another authority that has the same names."""
WITH_CHAIN = [stamp for stamp in STAMPS if stamp is not NAMESAKE]
each_stamp = pytest.mark.parametrize("stamp", STAMPS, ids=lambda stamp: stamp.file)
each_good = pytest.mark.parametrize("stamp", GOOD, ids=lambda stamp: stamp.file)


def refused(stamp: Published, why: str, *, text: bytes = b"", nonce: int | None = None) -> None:
    """Check that a stamp is refused for this reason."""
    authority = stamp.authority
    with pytest.raises(StampError, match=why):
        verify_stamp(stamp.data, text or authority.text, trusted=authority.chain, nonce=nonce)


@each_stamp
@pytest.mark.parametrize("root_only", [False, True])
def test_stamp_comes_out_as_published(stamp: Published, root_only: bool) -> None:  # noqa: FBT001
    """A good stamp tells its moment, also long after its certificate; each other is refused."""
    text, chain = stamp.authority
    trusted = chain[-1:] if root_only else chain
    wrong = stamp.wrong_at_root if root_only else stamp.wrong

    if wrong:
        with pytest.raises(StampError, match=wrong):
            verify_stamp(stamp.data, text, trusted=trusted)
    else:
        assert verify_stamp(stamp.data, text, trusted=trusted).at == stamp.at


@pytest.mark.parametrize("stamp", WITH_CHAIN, ids=lambda stamp: stamp.file)
def test_signature_and_chain_of_every_digest(stamp: Published) -> None:
    """Signature and chain hold whatever digest was stamped; only the spoiled signature fails."""
    chain = stamp.authority.chain
    signed = cms.parse(_token(stamp.data))
    certificate = signed.signing_certificate(chain)

    others = (*signed.certificates, *chain)
    check_chain(certificate, others=others, trusted=chain[-1:], moment=stamp.at)
    if stamp.wrong in ("", OTHER_DIGEST):
        signed.check(certificate)
    else:
        with pytest.raises(StampError, match=stamp.wrong):
            signed.check(certificate)


def test_names_of_authorities_prove_nothing() -> None:
    """A signer whose issuer has the name of a trusted one, but another key, is refused."""
    chain = NAMESAKE.authority.chain
    signed = cms.parse(_token(NAMESAKE.data))
    certificate = signed.signing_certificate(())
    signed.check(certificate)

    assert certificate.issuer == chain[1].subject
    with pytest.raises(StampError, match="wordt vertrouwd"):
        check_chain(certificate, others=chain, trusted=chain, moment=NAMESAKE.at)


def test_injected_certificate_is_passed_over() -> None:
    """A certificate that was put in front of that of the signer is not taken for it."""
    (stamp,) = (stamp for stamp in STAMPS if stamp.file == "response-injected-certs")
    signed = cms.parse(_token(stamp.data))
    names = [each.subject.rfc4514_string() for each in signed.certificates]

    assert names[0] == "CN=Spoofed TSA"
    assert signed.signing_certificate(()) == stamp.authority.chain[0]


@each_good
def test_other_text_and_other_nonce_are_refused(stamp: Published) -> None:
    """A good stamp proves nothing of another text, or for another request."""
    refused(stamp, "andere tekst", text=b"not-the-correct-message")
    refused(stamp, "nummer is anders", nonce=0xABCD)


@each_good
def test_stamp_under_other_authorities_is_refused(stamp: Published) -> None:
    """A good stamp is refused by whoever trusts the other authorities only."""
    chains = [each.chain for name, each in AUTHORITIES.items() if name != stamp.name]

    with pytest.raises(StampError, match=r"wordt vertrouwd|ontbreekt"):
        verify_stamp(stamp.data, stamp.authority.text, trusted=[c for each in chains for c in each])


def test_moment_after_the_certificate_expired_is_refused() -> None:
    """What was signed when the certificate had expired does not count."""
    signer, *others = AUTHORITIES["sigstore.mock"].chain
    moment = dt.datetime(2025, 7, 21, tzinfo=dt.UTC)

    with pytest.raises(StampError, match="toen niet geldig"):
        check_chain(signer, others=others, trusted=others, moment=moment)
