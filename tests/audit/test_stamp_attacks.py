"""Time stamps that prove nothing: each is refused in one plain Dutch sentence, and nothing more."""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from audit import der
from audit.der import context, write
from audit.errors import StampError
from audit.stamp import MAX_STAMP, Stamp, verify_stamp
from tests.audit.autoriteit import (
    AT,
    STAMPING,
    TEXT,
    YEAR,
    Holder,
    Maker,
    algorithm,
    authority,
    issue,
    oid,
)

Extensions = Sequence[tuple[x509.ExtensionType, bool]]
ROOT = issue("Wortel", None, authority())
SIGNER = issue("Dienst", ROOT, STAMPING)
OTHER = issue("Andere dienst", ROOT, STAMPING)
GOOD = Maker(signer=SIGNER)
SENTENCE = re.compile(r"[A-Z][^\n]{10,110}[a-z]\.")
AFTER = (AT + dt.timedelta(seconds=1), AT + YEAR)
BEFORE = (AT - YEAR, AT - dt.timedelta(seconds=1))
NOT_TRUSTED = "niet gezet door een dienst die wordt vertrouwd"
NOT_MEANT = "niet bedoeld voor tijdstempels"
NOT_FOR_THIS = "mag hiervoor niet dienen"
UNKNOWN = "sleutel of methode die wij niet aannemen"
NO_DER = "niet de juiste vorm"


def check(
    data: bytes, *, root: Holder = ROOT, text: bytes = TEXT, nonce: int | None = None
) -> Stamp:
    """Check a stamp."""
    return verify_stamp(data, text, trusted=[root.certificate], nonce=nonce)


def refused(data: bytes, why: str, root: Holder = ROOT) -> None:
    """Check that a stamp is refused for this reason, told in one sentence."""
    with pytest.raises(StampError, match=why) as told:
        check(data, root=root)
    assert SENTENCE.fullmatch(str(told.value))


def test_stamp_for_other_data_is_refused() -> None:
    """A stamp over another text is refused, however good it is."""
    data = replace(GOOD, text=TEXT.replace(b"\n3\n", b"\n4\n")).response()

    refused(data, "hoort bij een andere tekst")


def test_swapped_stamps_are_refused() -> None:
    """Two good stamps that changed places are both refused."""
    older, newer = TEXT, TEXT.replace(b"\n3\n", b"\n4\n")
    first, second = (replace(GOOD, text=text).response() for text in (older, newer))

    assert check(first, text=older).at == check(second, text=newer).at
    for data, text in ((first, newer), (second, older)):
        with pytest.raises(StampError, match="hoort bij een andere tekst"):
            check(data, text=text)


def test_other_nonce_is_refused() -> None:
    """An answer to another request is refused, and so is one without a nonce."""
    for nonce in (8, None):
        with pytest.raises(StampError, match="hoort niet bij deze aanvraag"):
            check(replace(GOOD, nonce=nonce).response(), nonce=7)


@pytest.mark.parametrize("status", [2, 3, 4, 5, -1])
def test_status_that_is_no_grant_is_refused(status: int) -> None:
    """A rejection is refused, and also when a good token comes with it."""
    token = GOOD.token()
    number = write(der.INTEGER, status.to_bytes(1, signed=True))
    for tail in (b"", token):
        refused(write(der.SEQUENCE, write(der.SEQUENCE, number), tail), "heeft de aanvraag geweig")


def test_grant_without_a_token_is_refused() -> None:
    """An answer that grants and brings nothing is refused."""
    status = write(der.SEQUENCE, der.write_integer(0))

    refused(write(der.SEQUENCE, status), NO_DER)


EKU = ExtendedKeyUsageOID.TIME_STAMPING
NO_CA = (x509.BasicConstraints(ca=False, path_length=None), True)


def usage_of(*, signature: bool, agreement: bool = False) -> x509.KeyUsage:
    """Return a key usage."""
    return x509.KeyUsage(
        digital_signature=signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=agreement,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


WRONG_SIGNERS: dict[str, tuple[Extensions, str]] = {
    "no usage": ([NO_CA], NOT_MEANT),
    "usage that is not critical": ([(x509.ExtendedKeyUsage([EKU]), False)], NOT_MEANT),
    "another usage": (
        [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), True)],
        NOT_MEANT,
    ),
    "a second usage": (
        [(x509.ExtendedKeyUsage([EKU, ExtendedKeyUsageOID.SERVER_AUTH]), True)],
        NOT_MEANT,
    ),
    "any usage": (
        [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), True)],
        NOT_MEANT,
    ),
    "an authority": ([*authority(), (x509.ExtendedKeyUsage([EKU]), True)], NOT_FOR_THIS),
    "a key that may not sign": (
        [*STAMPING, (usage_of(signature=False, agreement=True), True)],
        NOT_FOR_THIS,
    ),
    "a critical extension that is unknown": (
        [
            *STAMPING,
            (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\0"), True),
        ],
        NOT_FOR_THIS,
    ),
}


@pytest.mark.parametrize(("extensions", "why"), WRONG_SIGNERS.values(), ids=WRONG_SIGNERS.keys())
def test_certificate_for_something_else_is_refused(extensions: Extensions, why: str) -> None:
    """A certificate that is not for time stamps, and only for those, is refused."""
    signer = issue("Dienst", ROOT, extensions)

    refused(Maker(signer=signer).response(), why)


def test_certificate_that_may_sign_is_accepted() -> None:
    """A key usage that allows signing is no obstacle."""
    signer = issue("Dienst", ROOT, [*STAMPING, (usage_of(signature=True), True)])

    assert check(Maker(signer=signer).response()).at == AT


def test_self_signed_authority_is_refused() -> None:
    """Who signs its own certificate is refused, even when that certificate itself is trusted."""
    own = issue("Dienst", None, STAMPING)
    data = Maker(signer=own).response()

    refused(data, NOT_TRUSTED)
    refused(data, NOT_TRUSTED, root=own)


def test_namesake_of_the_trusted_authority_is_refused() -> None:
    """Another root with the same name is not the one that is trusted."""
    namesake = issue("Wortel", None, authority())
    signer = issue("Dienst", namesake, STAMPING)
    along = [signer.certificate, namesake.certificate]

    refused(Maker(signer=signer, certificates=along).response(), NOT_TRUSTED)


def test_good_stamp_without_trust_is_refused() -> None:
    """Without any trusted certificate nothing is accepted."""
    with pytest.raises(StampError, match=NOT_TRUSTED):
        verify_stamp(GOOD.response(), TEXT, trusted=[])


@pytest.mark.parametrize("valid", [BEFORE, AFTER], ids=["expired", "not yet"])
def test_certificate_not_valid_at_the_moment_is_refused(
    valid: tuple[dt.datetime, dt.datetime],
) -> None:
    """A signer that had expired at the moment of the stamp, or had not begun, is refused."""
    signer = issue("Dienst", ROOT, STAMPING, valid=valid)

    refused(Maker(signer=signer).response(), "was toen niet geldig")


@pytest.mark.parametrize("valid", [BEFORE, AFTER], ids=["expired", "not yet"])
def test_authority_not_valid_at_the_moment_is_refused(
    valid: tuple[dt.datetime, dt.datetime],
) -> None:
    """The authorities above the signer must have been valid at the moment too."""
    root = issue("Wortel", None, authority(), valid=valid)
    signer = issue("Dienst", root, STAMPING)
    between = issue("Tussen", ROOT, authority(), valid=valid)
    below = issue("Dienst", between, STAMPING)
    along = [below.certificate, between.certificate]

    refused(Maker(signer=signer).response(), NOT_TRUSTED, root=root)
    refused(Maker(signer=below, certificates=along).response(), NOT_TRUSTED)


def constrained() -> x509.NameConstraints:
    """Return a limit on names."""
    return x509.NameConstraints(
        permitted_subtrees=[x509.DNSName("example.nl")], excluded_subtrees=None
    )


WRONG_AUTHORITIES: dict[str, Extensions] = {
    "no constraints": [authority()[1]],
    "no authority": [NO_CA, authority()[1]],
    "no key usage": [authority()[0]],
    "may not sign certificates": [authority()[0], (usage_of(signature=True), True)],
    "limits names": [*authority(), (constrained(), True)],
    "limits policies": [
        *authority(),
        (x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=None), True),
    ],
    "for something else": [
        *authority(),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
    ],
}


@pytest.mark.parametrize("extensions", WRONG_AUTHORITIES.values(), ids=WRONG_AUTHORITIES.keys())
def test_authority_that_may_not_issue_is_refused(extensions: Extensions) -> None:
    """Who may not issue certificates for time stamps vouches for nobody, trusted or not."""
    between = issue("Tussen", ROOT, extensions)
    signer = issue("Dienst", between, STAMPING)
    along = [signer.certificate, between.certificate]
    data = Maker(signer=signer, certificates=along).response()

    refused(data, NOT_TRUSTED)
    refused(data, NOT_TRUSTED, root=between)


def test_signer_cannot_issue_another_signer() -> None:
    """A certificate for time stamps does not make its holder an authority."""
    below = issue("Onder", SIGNER, STAMPING)
    along = [below.certificate, SIGNER.certificate]

    refused(Maker(signer=below, certificates=along).response(), NOT_TRUSTED)


def test_chain_longer_than_an_authority_allows_is_refused() -> None:
    """An authority that allows none below it cannot have another authority below it."""
    root = issue("Wortel", None, authority(length=0))
    between = issue("Tussen", root, authority())
    signer = issue("Dienst", between, STAMPING)
    along = [signer.certificate, between.certificate]

    refused(Maker(signer=signer, certificates=along).response(), NOT_TRUSTED, root=root)
    assert check(Maker(signer=issue("Dienst", root, STAMPING)).response(), root=root).at == AT


def test_endless_chain_is_refused() -> None:
    """A chain of more than six certificates is not followed."""
    holders = [ROOT]
    for number in range(5):
        holders.append(issue(f"Tussen {number}", holders[-1], authority()))
    signer = issue("Dienst", holders[-1], STAMPING)
    along = [signer.certificate, *(holder.certificate for holder in holders[1:])]

    refused(Maker(signer=signer, certificates=along).response(), NOT_TRUSTED)


def test_authorities_that_vouch_for_each_other_lead_nowhere() -> None:
    """Two authorities that issued each other are not followed round and round."""
    left, right = issue("Links", None, authority()), issue("Rechts", None, authority())
    crossed = [
        issue("Links", right, authority(), key=left.key),
        issue("Rechts", left, authority(), key=right.key),
    ]
    signer = issue("Dienst", left, STAMPING)
    along = [signer.certificate, *(holder.certificate for holder in crossed)]

    refused(Maker(signer=signer, certificates=along).response(), NOT_TRUSTED)


def test_certificate_with_a_weak_digest_is_refused() -> None:
    """A certificate that was signed with less than SHA-256 vouches for nothing."""
    signer = issue("Dienst", ROOT, STAMPING, digest=hashes.SHA224())

    refused(Maker(signer=signer).response(), NOT_TRUSTED)


WRONG_STAMPS: dict[str, tuple[Maker, str]] = {
    "signed by another key": (replace(GOOD, key=OTHER.key), "handtekening .* klopt niet"),
    "certificate of another": (
        replace(GOOD, certificates=[OTHER.certificate]),
        "certificaat .* ontbreekt",
    ),
    "vouches for another": (
        replace(GOOD, ess_of=OTHER.certificate),
        "noemt een ander certificaat",
    ),
    "vouches for none": (replace(GOOD, drop=["ess"]), "noemt een ander certificaat"),
    "no content type": (replace(GOOD, drop=["content-type"]), "niet vastgelegd wat"),
    "no message digest": (replace(GOOD, drop=["message-digest"]), "niet vastgelegd wat"),
    "other content type": (replace(GOOD, content_type="data"), "niet vastgelegd wat"),
    "other content": (replace(GOOD, inner_type="data"), "er is iets anders ondertekend"),
    "other version": (replace(GOOD, version=1), "versie die wij niet kennen"),
    "two signers": (replace(GOOD, signers=2), "precies één handtekening"),
    "no signer": (replace(GOOD, signers=0), "precies één handtekening"),
    "digest of the text is sha-512": (replace(GOOD, imprint="sha512"), "niet over een SHA-256"),
    "algorithm of another digest": (replace(GOOD, scheme="ecdsa-sha512"), UNKNOWN),
    "algorithm of another key": (replace(GOOD, scheme="rsa-sha256"), UNKNOWN),
    "attribute twice": (
        replace(
            GOOD,
            extra_attributes=[
                write(der.SEQUENCE, oid("content-type"), write(der.SET, oid("tst-info")))
            ],
        ),
        "twee keer",
    ),
    "too many certificates": (
        replace(GOOD, certificates=[SIGNER.certificate] * 17),
        "te veel certificaten",
    ),
    "critical extension": (
        replace(
            GOOD,
            extensions=write(
                context(1),
                write(
                    der.SEQUENCE,
                    oid("policy"),
                    write(der.BOOLEAN, b"\xff"),
                    write(der.OCTET_STRING, b"x"),
                ),
            ),
        ),
        "voorwaarde die wij niet kennen",
    ),
    "absurd accuracy": (
        replace(GOOD, accuracy=write(der.SEQUENCE, der.write_integer(86_401))),
        "niet hoe precies",
    ),
    "accuracy of a thousand millis": (
        replace(
            GOOD,
            accuracy=write(der.SEQUENCE, write(context(0, constructed=False), (1000).to_bytes(2))),
        ),
        "niet hoe precies",
    ),
}


@pytest.mark.parametrize(("maker", "why"), WRONG_STAMPS.values(), ids=WRONG_STAMPS.keys())
def test_wrong_stamp_is_refused(maker: Maker, why: str) -> None:
    """Each thing that is wrong in a stamp is refused and told."""
    refused(maker.response(), why)


@pytest.mark.parametrize(
    "moment",
    [
        "20261120090000",
        "20261120090000+0100",
        "20261120090000.Z",
        "20261120090000.50Z",
        "202611200900Z",
        "20261320090000Z",
        "20261120096100Z",
        "",
    ],
)
def test_moment_in_another_form_is_refused(moment: str) -> None:
    """A moment that RFC 3161 does not allow is refused."""
    refused(replace(GOOD, at=moment).response(), NO_DER)


@pytest.mark.parametrize(
    ("key", "scheme"),
    [
        (ec.generate_private_key(ec.SECP521R1()), "ecdsa-sha256"),
        (ec.generate_private_key(ec.SECP256K1()), "ecdsa-sha256"),
        (rsa.generate_private_key(65537, 1024), "rsa-sha256"),  # noqa: S505 - refused
    ],
    ids=["p-521", "k-256", "rsa-1024"],
)
def test_key_that_we_do_not_take_is_refused(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, scheme: str
) -> None:
    """A key that is too short, or of a curve that we do not take, is refused."""
    signer = issue("Dienst", ROOT, STAMPING, key=key)

    refused(Maker(signer=signer, scheme=scheme).response(), UNKNOWN)


def pss(**changed: bytes) -> bytes:
    """Return the parameters of PSS with something changed."""
    parts = {
        "digest": write(context(0), algorithm("sha256")),
        "mask": write(context(1), algorithm("mgf1", algorithm("sha256"))),
        "salt": write(context(2), der.write_integer(32)),
    } | changed
    return write(der.SEQUENCE, *parts.values())


@pytest.mark.parametrize(
    "parameters",
    [
        pss(digest=b""),
        pss(digest=write(context(0), algorithm("sha512"))),
        pss(mask=write(context(1), algorithm("mgf1", algorithm("sha512")))),
        pss(mask=write(context(1), algorithm("sha256", algorithm("sha256")))),
        pss(salt=write(context(2), write(der.INTEGER, b"\xff"))),
        pss(salt=b""),
        b"",
    ],
    ids=["no digest", "other digest", "other mask digest", "no mask", "salt", "no salt", "none"],
)
def test_pss_with_other_parameters_is_refused(parameters: bytes) -> None:
    """What PSS needs must all be said, and be of the one digest."""
    signer = issue("Dienst", ROOT, STAMPING, key=rsa.generate_private_key(65537, 2048))
    data = Maker(signer=signer, scheme="pss").token()
    good = algorithm("pss", pss())
    assert good in data
    # The lengths around it are written anew by taking it apart.
    refused(_response(_swapped(data, good, algorithm("pss", parameters))), f"{UNKNOWN}|{NO_DER}")


def _response(token: bytes) -> bytes:
    return write(der.SEQUENCE, write(der.SEQUENCE, der.write_integer(0)), token)


def _swapped(data: bytes, old: bytes, new: bytes) -> bytes:
    """Return an element with one element inside replaced, and every length right again."""
    if data == old:
        return new
    element = der.read(data)
    if old not in element.body or not element.tag & 0x20:
        return data
    return write(element.tag, *(_swapped(child.raw, old, new) for child in element.children()))


def test_trailing_bytes_are_refused() -> None:
    """Bytes behind the answer, and behind any part of it, are refused."""
    data = GOOD.response()

    refused(data + b"\0", "nog bytes")
    refused(data + data, "nog bytes")
    token, info = GOOD.token(), GOOD.info()
    inner = write(der.OCTET_STRING, info)
    refused(_response(_swapped(token, inner, write(der.OCTET_STRING, info + b"\0"))), "nog bytes")
    refused(write(der.SEQUENCE, der.read(data).body, write(der.NULL)), NO_DER)


def test_too_large_is_refused_before_it_is_read() -> None:
    """More bytes than any stamp has are refused at once."""
    refused(GOOD.response() + bytes(MAX_STAMP), "te groot")


def test_stamp_cut_anywhere_is_refused() -> None:
    """A stamp that was cut at any byte is refused, and never crashes."""
    data = Maker(signer=SIGNER, certificates=[SIGNER.certificate, ROOT.certificate]).response()

    for size in range(len(data)):
        refused(data[:size], r"\.$")


@pytest.mark.parametrize("bits", [0x01, 0x80, 0xFF])
def test_stamp_changed_anywhere_says_nothing_else(bits: int) -> None:
    """A change of any byte is refused, or is in a part that says nothing (a text of the status)."""
    data = GOOD.response()
    truth = check(data)
    accepted = []
    for place in range(len(data)):
        changed = bytes([*data[:place], data[place] ^ bits, *data[place + 1 :]])
        try:
            assert check(changed) == truth
            accepted.append(place)
        except StampError:
            continue

    # Granted became granted with changes: the one byte that nobody signs.
    assert accepted in ([], [data.index(b"\x02\x01\x00") + 2])


@given(st.binary(max_size=400))
def test_rubbish_is_refused(data: bytes) -> None:
    """Whatever bytes come in, the answer is one Dutch sentence."""
    refused(data, r"\.$")


@given(st.binary(max_size=60), st.integers(0, 2000))
def test_rubbish_inside_a_stamp_is_refused(rubbish: bytes, place: int) -> None:
    """Bytes put into a stamp, wherever, never make it say something else."""
    data = GOOD.response()
    start = place % len(data)
    changed = data[:start] + rubbish + data[start + len(rubbish) :]
    truth = check(data)
    try:
        assert check(changed) == truth
    except StampError:
        return


@pytest.mark.parametrize(
    "data",
    [
        b"\x30\x80\x00\x00",  # no definite length
        b"\x30\x81\x03\x02\x01\x00",  # a length that is written too long
        b"\x30\x82\x00\x03\x02\x01\x00",
        b"\x30\x85\x00\x00\x00\x00\x03\x02\x01\x00",
        b"\x1f\x81\x01\x00",  # a tag of several bytes
        b"\x30",
        b"",
    ],
)
def test_other_encoding_than_der_is_refused(data: bytes) -> None:
    """What BER allows and DER does not is refused."""
    refused(data, NO_DER)


@pytest.mark.parametrize(
    ("data", "read"),
    [
        (b"\x02\x02\x00\x01", der.Element.integer),
        (b"\x02\x02\xff\x80", der.Element.integer),
        (b"\x02\x00", der.Element.integer),
        (b"\x02\x41" + b"\x01" * 65, der.Element.integer),
        (b"\x01\x01\x01", der.Element.boolean),
        (b"\x01\x00", der.Element.boolean),
        (b"\x06\x00", der.Element.oid),
        (b"\x06\x02\x2a\x83", der.Element.oid),
        (b"\x06\x03\x2a\x80\x01", der.Element.oid),
        (b"\x04\x01\x00", der.Element.integer),
    ],
)
def test_values_in_another_form_are_refused(
    data: bytes, read: Callable[[der.Element], object]
) -> None:
    """A number, truth value or identifier that is not written as DER wants it is refused."""
    element = der.read(data)

    with pytest.raises(StampError, match=NO_DER):
        read(element)


def test_long_identifiers_are_read_whole() -> None:
    """An object identifier gives its dots back, also with a large first part."""
    assert der.read(bytes.fromhex("0603883703")).oid() == "2.999.3"
    assert der.read(bytes.fromhex("06062a864886f70d")).oid() == "1.2.840.113549"
