"""The signature under a rule set: only what the key of this Sluis signed is taken in."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from broker.decision.opa.bundle import Ondertekenaar
from broker.errors import InvalidInputError, StartError
from broker.services.handtekening import Handtekening, read_key
from broker.settings import Settings
from tests.regels.test_regels_cli import REDEN, STRICT, archive, folder, sluis

__all__ = ["folder"]
DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    """Write a private key."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


EC = Ondertekenaar(pem(ec.generate_private_key(ec.SECP256R1())))
RSA = Ondertekenaar(pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)))


def accepts(signer: Ondertekenaar, handtekening: str | None) -> bool:
    """Tell whether a Sluis with the key of this signer takes the signature under DIGEST."""
    try:
        Handtekening(read_key(signer.public_key())).check(DIGEST, handtekening)
    except InvalidInputError:
        return False
    return True


@pytest.mark.parametrize("signer", [EC, RSA])
def test_only_its_own_signature_fits(signer: Ondertekenaar) -> None:
    """The signature of the key over this digest is taken; of another, or over another, is not."""
    other = RSA if signer is EC else EC
    good = signer.jwt({"regelset": DIGEST})
    head, payload, signature = good.split(".")

    assert accepts(signer, good)
    for wrong in (
        None,
        "",
        "..",
        good + ".",
        f"{head}.{payload}.",
        f"{head}.{signer.jwt({'regelset': OTHER}).split('.')[1]}.{signature}",
        signer.jwt({"regelset": OTHER}),
        signer.jwt({"files": []}),
        other.jwt({"regelset": DIGEST}),
        "eyJhbGciOiJub25lIn0." + payload + ".",
        "W10." + payload + "." + signature,
        "\ud800.a.b",
    ):
        assert not accepts(signer, wrong)


@given(where=st.integers(min_value=0), letter=st.sampled_from("ABZabz019-_."))
def test_changed_signature_does_not_fit(where: int, letter: str) -> None:
    """Another letter in what is signed or in the signature makes it worthless."""
    good = EC.jwt({"regelset": DIGEST})
    at = where % (len(good) - 1)  # the last letter holds bits that nothing uses
    changed = good[:at] + letter + good[at + 1 :]

    assert accepts(EC, changed) == (changed == good)


def test_without_a_key_a_signature_is_not_ignored() -> None:
    """Who signs and is not checked should know."""
    without = Handtekening(None)
    without.check(DIGEST, None)

    with pytest.raises(InvalidInputError, match="geen sleutel"):
        without.check(DIGEST, EC.jwt({"regelset": DIGEST}))


def test_key_must_be_one_that_fits(tmp_path: Path) -> None:
    """A key of another kind, a private one or a missing file refuses to start."""
    path = tmp_path / "regels.pem"
    settings = Settings(regels_sleutel_bestand=path)
    other = ed25519.Ed25519PrivateKey.generate().public_key()
    p384 = ec.generate_private_key(ec.SECP384R1()).public_key()
    form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo

    with pytest.raises(StartError, match="SLUIS_REGELS_SLEUTEL_BESTAND"):
        settings.rules_key()
    for wrong in (b"", b"geen sleutel", other.public_bytes(*form), p384.public_bytes(*form)):
        path.write_bytes(wrong)
        with pytest.raises(StartError, match="geen publieke EC- of RSA-sleutel"):
            settings.rules_key()
    path.write_bytes(EC.public_key())
    assert settings.rules_key() is not None
    assert Settings().rules_key() is None


@pytest.mark.parametrize(
    ("signer", "code", "told"),
    [(EC, 0, "voorgesteld"), (RSA, 2, "past niet"), (None, 2, "moet hier ondertekend zijn")],
)
def test_signed_rules_from_the_command_line(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    signer: Ondertekenaar | None,
    code: int,
    told: str,
) -> None:
    """With a key in the settings a proposal is signed with it, or refused."""
    public, private = folder / "regels.pub", folder / "regels.key"
    public.write_bytes(EC.public_key())
    monkeypatch.setenv("SLUIS_REGELS_SLEUTEL_BESTAND", str(public))
    options = []
    if signer is not None:
        private.write_bytes(pem(signer._key))
        options = ["--sleutel", str(private)]
    said = sluis(
        folder,
        "voorstel",
        archive(folder, STRICT),
        "--gebruiker",
        "beheer-1",
        "--reden",
        REDEN,
        *options,
    )

    assert said[0] == code
    assert told in said[1]
