"""Time stamps: what is accepted, with openssl as authority and as second opinion."""

import datetime as dt
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from audit import der
from audit.chain import load_certificates
from audit.der import context, write
from audit.errors import StampError
from audit.stamp import make_request, verify_stamp
from tests.audit.autoriteit import (
    AT,
    NOW,
    STAMPING,
    TEXT,
    YEAR,
    Holder,
    Maker,
    Openssl,
    accepted,
    authority,
    issue,
    run_openssl,
    taken_as_cms,
)

LATELY = (NOW - YEAR, NOW + YEAR)
ROOT = issue("Wortel", None, authority())
SIGNER = issue("Dienst", ROOT, STAMPING)


@pytest.fixture(scope="module")
def _openssl() -> None:
    """Skip where openssl is absent; in CI that is a failure."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl staat niet op deze machine")


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """Make an RSA key."""
    return rsa.generate_private_key(65537, bits)


RSA_SIGNER = issue("Dienst RSA", ROOT, STAMPING, key=rsa_key())
P384_SIGNER = issue("Dienst P-384", ROOT, STAMPING, key=ec.generate_private_key(ec.SECP384R1()))
GOOD = {
    "ecdsa p-256": Maker(signer=SIGNER),
    "ecdsa p-256 sha-512": Maker(signer=SIGNER, digest="sha512", scheme="ecdsa-sha512"),
    "ecdsa p-384": Maker(signer=P384_SIGNER, digest="sha384", scheme="ecdsa-sha384"),
    "rsa pkcs1": Maker(signer=RSA_SIGNER, scheme="rsa"),
    "rsa pkcs1 sha-512": Maker(signer=RSA_SIGNER, digest="sha512", scheme="rsa"),
    "rsa with sha-256": Maker(signer=RSA_SIGNER, scheme="rsa-sha256"),
    "rsa pss": Maker(signer=RSA_SIGNER, scheme="pss"),
    "rsa pss sha-384": Maker(signer=RSA_SIGNER, digest="sha384", scheme="pss"),
    "ess certificate id": Maker(signer=SIGNER, ess="ess"),
    "named by key": Maker(signer=SIGNER, by_key_id=True),
    "granted with changes": Maker(signer=SIGNER, status=1),
    "another attribute": Maker(
        signer=SIGNER,
        extra_attributes=[
            write(
                der.SEQUENCE,
                bytes.fromhex("06092a864886f70d010905"),
                write(der.SET, write(0x17, b"261120090000Z")),
            )
        ],
    ),
}


@pytest.mark.usefixtures("_openssl")
@pytest.mark.parametrize("maker", GOOD.values(), ids=GOOD.keys())
def test_what_the_standard_allows_is_accepted(maker: Maker, tmp_path: Path) -> None:
    """Each key, digest and way of naming that we take is accepted, by openssl too."""
    data = maker.response()

    stamp = verify_stamp(data, TEXT, trusted=[ROOT.certificate], nonce=7)

    assert (stamp.at, stamp.nonce, stamp.serial, stamp.policy) == (AT, 7, 42, "1.2.3.4.1")
    if maker.scheme == "pss" or maker.by_key_id:  # of which `openssl ts` knows nothing
        assert taken_as_cms(tmp_path, maker.token(), ROOT, AT)
    else:
        assert accepted(tmp_path, data, TEXT, ROOT, AT)


@pytest.mark.usefixtures("_openssl")
@pytest.mark.parametrize("ess", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_stamp_of_openssl_is_accepted(kind: str, digest: str, ess: str, tmp_path: Path) -> None:
    """A request of ours is answered by openssl, and its answer is accepted, also by openssl."""
    root = issue("Wortel", None, authority(), valid=LATELY)
    key = rsa_key() if kind == "rsa" else None
    signer = issue("Dienst", root, STAMPING, key=key, valid=LATELY)
    tsa = Openssl.make(tmp_path / "tsa", root, signer, digest=digest, ess=ess)
    nonce = 2**127 + 1

    data = tsa.reply(make_request(TEXT, nonce))
    stamp = verify_stamp(data, TEXT, trusted=[root.certificate], nonce=nonce)

    assert abs(stamp.at - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)
    assert stamp.accuracy == dt.timedelta(seconds=1, milliseconds=500, microseconds=100)
    assert stamp.latest - stamp.earliest == 2 * stamp.accuracy
    assert (stamp.nonce, stamp.serial, stamp.policy) == (nonce, 2, "1.2.3.4.1")
    assert accepted(tmp_path, data, TEXT, root, None)


@pytest.mark.usefixtures("_openssl")
def test_request_is_what_openssl_makes(tmp_path: Path) -> None:
    """Our request is to the byte that of openssl for the same text, but for the nonce."""
    (tmp_path / "tekst").write_bytes(TEXT)
    made = tmp_path / "vraag.tsq"
    run_openssl(
        *("ts", "-query", "-data", str(tmp_path / "tekst"), "-sha256", "-cert"),
        *("-out", str(made)),
    )
    theirs = made.read_bytes()
    fields = der.read(theirs).fields()
    fields.take()
    fields.take()
    nonce = fields.take().integer()

    assert make_request(TEXT, nonce) == theirs


@given(st.integers(min_value=0, max_value=2**159))
def test_numbers_are_written_as_they_are_read(number: int) -> None:
    """A number survives writing and reading."""
    assert der.read(der.write_integer(number)).integer() == number


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20261120090000.5Z", AT + dt.timedelta(milliseconds=500)),
        ("20261120090000.123456789Z", AT + dt.timedelta(microseconds=123456)),
        ("20261120090000Z", AT),
    ],
)
def test_fraction_of_a_second_is_read(text: str, moment: dt.datetime) -> None:
    """A fraction is read to the microsecond."""
    data = Maker(signer=SIGNER, at=text).response()

    assert verify_stamp(data, TEXT, trusted=[ROOT.certificate]).at == moment


def test_no_accuracy_is_none() -> None:
    """A stamp that tells no accuracy has none, and a nonce that is not known is not compared."""
    stamp = verify_stamp(Maker(signer=SIGNER).response(), TEXT, trusted=[ROOT.certificate])

    assert stamp.earliest == stamp.at == stamp.latest


def test_certificate_may_come_from_the_caller() -> None:
    """A signer whose certificate does not come along is found among what the caller has."""
    data = Maker(signer=SIGNER, certificates=[]).response()

    stamp = verify_stamp(data, TEXT, trusted=[ROOT.certificate, SIGNER.certificate])

    assert stamp.at == AT


def chain_of(length: int, **more: int | None) -> tuple[list[Holder], Holder]:
    """Return a root with this many authorities below it, and a signer at the end."""
    holders = [issue("Wortel", None, authority(**more))]
    for number in range(length):
        holders.append(issue(f"Tussen {number}", holders[-1], authority()))
    return holders, issue("Dienst", holders[-1], STAMPING)


@pytest.mark.usefixtures("_openssl")
@pytest.mark.parametrize("length", [1, 3, 4])
def test_authorities_in_between_are_followed(length: int, tmp_path: Path) -> None:
    """A signer below other authorities is accepted when those come along."""
    holders, signer = chain_of(length)
    along = [holder.certificate for holder in (signer, *holders[1:])]
    data = Maker(signer=signer, certificates=along).response()

    assert verify_stamp(data, TEXT, trusted=[holders[0].certificate]).at == AT
    assert accepted(tmp_path, data, TEXT, holders[0], AT)


@pytest.mark.usefixtures("_openssl")
def test_expired_since_is_accepted(tmp_path: Path) -> None:
    """A certificate that was valid at the moment of the stamp still proves it, long after."""
    then = dt.datetime(2001, 5, 5, tzinfo=dt.UTC)
    valid = (then - YEAR, then + YEAR)
    root = issue("Wortel", None, authority(), valid=valid)
    signer = issue("Dienst", root, STAMPING, valid=valid)
    data = Maker(signer=signer, at="20010505000000Z").response()

    assert verify_stamp(data, TEXT, trusted=[root.certificate]).at == then
    assert not accepted(tmp_path, data, TEXT, root, None)
    assert accepted(tmp_path, data, TEXT, root, then)


def test_certificates_are_read_from_pem_with_text_between() -> None:
    """Every certificate of a bundle is read, whatever stands between."""
    bundle = b"Wortel:\n" + ROOT.pem() + b"\n# en de dienst\n" + SIGNER.pem()

    assert load_certificates(bundle) == (ROOT.certificate, SIGNER.certificate)


@pytest.mark.parametrize(
    "pem", [b"", b"geen", SIGNER.pem().replace(b"MII", b"MIJ"), SIGNER.pem()[:200]]
)
def test_bundle_without_certificates_is_refused(pem: bytes) -> None:
    """A bundle that holds nothing readable is refused in one sentence."""
    with pytest.raises(StampError, match=r"certificaat .*\.$"):
        load_certificates(pem)


def test_accuracy_is_the_sum_of_its_parts() -> None:
    """An accuracy with all its parts is read."""
    parts = write(
        der.SEQUENCE,
        der.write_integer(2),
        write(context(0, constructed=False), b"\x03"),
        write(context(1, constructed=False), b"\x04"),
    )
    data = Maker(signer=SIGNER, accuracy=parts).response()

    stamp = verify_stamp(data, TEXT, trusted=[ROOT.certificate])

    assert stamp.accuracy == dt.timedelta(seconds=2, milliseconds=3, microseconds=4)


def test_issuer_of_the_signer_may_be_trusted_itself() -> None:
    """Trusting an authority in between is enough; its root is not needed."""
    holders, signer = chain_of(1)
    data = Maker(signer=signer).response()

    assert verify_stamp(data, TEXT, trusted=[holders[1].certificate]).at == AT
