"""Time-stamping authorities for the tests: certificates, a maker of any stamp, and openssl.

`Maker` writes stamps by the letter of RFC 3161 and RFC 5652, and wrong ones on purpose.
`Openssl` is a real authority of others: it answers requests as `openssl ts -reply` does.
"""

import datetime as dt
import hashlib
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from audit import der
from audit.der import context, write

Key: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
AT = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
"""When the stamps of these tests are made."""
YEAR = dt.timedelta(days=365)
NOW = dt.datetime.now(dt.UTC)
"""When openssl stamps: it has no other clock."""
TEXT = b"sluis.example/log\n3\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
OIDS = {
    "signed-data": "06092a864886f70d010702",
    "data": "06092a864886f70d010701",
    "tst-info": "060b2a864886f70d0109100104",
    "content-type": "06092a864886f70d010903",
    "message-digest": "06092a864886f70d010904",
    "signing-time": "06092a864886f70d010905",
    "ess": "060b2a864886f70d010910020c",
    "ess-2": "060b2a864886f70d010910022f",
    "sha1": "06052b0e03021a",
    "sha256": "0609608648016503040201",
    "sha384": "0609608648016503040202",
    "sha512": "0609608648016503040203",
    "rsa": "06092a864886f70d010101",
    "pss": "06092a864886f70d01010a",
    "mgf1": "06092a864886f70d010108",
    "rsa-sha256": "06092a864886f70d01010b",
    "ecdsa-sha256": "06082a8648ce3d040302",
    "ecdsa-sha384": "06082a8648ce3d040303",
    "ecdsa-sha512": "06082a8648ce3d040304",
    "policy": "06042a030401",
}
HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


def oid(name: str) -> bytes:
    """Return an object identifier."""
    return bytes.fromhex(OIDS[name])


def algorithm(name: str, *parameters: bytes) -> bytes:
    """Return an AlgorithmIdentifier."""
    return write(der.SEQUENCE, oid(name), *parameters)


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key

    def pem(self) -> bytes:
        """Return the certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def key_pem(self) -> bytes:
        """Return the key as PEM."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def p256() -> Key:
    """Make a key."""
    return ec.generate_private_key(ec.SECP256R1())


STAMPING: Sequence[tuple[x509.ExtensionType, bool]] = (
    (x509.BasicConstraints(ca=False, path_length=None), True),
    (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True),
)
"""Extensions of a certificate for time stamps."""


def authority(*, length: int | None = None) -> Sequence[tuple[x509.ExtensionType, bool]]:
    """Return the extensions of a certificate for issuing certificates."""
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (x509.BasicConstraints(ca=True, path_length=length), True), (usage, True)


def issue(
    name: str,
    issuer: Holder | None,
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
    *,
    key: Key | None = None,
    valid: tuple[dt.datetime, dt.datetime] = (AT - YEAR, AT + YEAR),
    digest: hashes.SHA256 | hashes.SHA224 | None = None,
) -> Holder:
    """Issue a certificate; without an issuer it signs itself."""
    own = key or p256()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    certificate = builder.sign((issuer.key if issuer else own), digest or hashes.SHA256())
    return Holder(certificate=certificate, key=own)


@dataclass(kw_only=True)
class Maker:
    """Writes a stamp; what a test changes, is wrong in it."""

    signer: Holder
    at: str = "20261120090000Z"
    text: bytes = TEXT
    digest: str = "sha256"
    imprint: str = "sha256"
    scheme: str = "ecdsa-sha256"
    status: int = 0
    version: int = 3
    nonce: int | None = 7
    accuracy: bytes = b""
    ess: str = "ess-2"
    ess_of: x509.Certificate | None = None
    by_key_id: bool = False
    certificates: Sequence[x509.Certificate] | None = None
    content_type: str = "tst-info"
    inner_type: str = "tst-info"
    extensions: bytes = b""
    extra_attributes: Sequence[bytes] = ()
    drop: Sequence[str] = ()
    """Signed attributes to leave out."""
    signers: int = 1
    key: Key | None = field(default=None)
    """Signs in the place of the key of the signer."""

    def info(self) -> bytes:
        """Return the TSTInfo."""
        hashed = hashlib.new(self.imprint, self.text).digest()
        nonce = b"" if self.nonce is None else der.write_integer(self.nonce)
        return write(
            der.SEQUENCE,
            der.write_integer(1),
            oid("policy"),
            write(
                der.SEQUENCE,
                algorithm(self.imprint, write(der.NULL)),
                write(der.OCTET_STRING, hashed),
            ),
            der.write_integer(42),
            write(der.GENERALIZED_TIME, self.at.encode()),
            self.accuracy,
            nonce,
            self.extensions,
        )

    def attributes(self, info: bytes) -> list[bytes]:
        """Return the signed attributes."""
        digest = hashlib.new(self.digest, info).digest()
        found = {
            "content-type": oid(self.content_type),
            "message-digest": write(der.OCTET_STRING, digest),
            "ess": self._vouched(),
        }
        names = {"ess": self.ess}
        parts = [
            write(der.SEQUENCE, oid(names.get(name, name)), write(der.SET, value))
            for name, value in found.items()
            if name not in self.drop
        ]
        return sorted([*parts, *self.extra_attributes])

    def _vouched(self) -> bytes:
        data = (self.ess_of or self.signer.certificate).public_bytes(serialization.Encoding.DER)
        name = "sha1" if self.ess == "ess" else "sha256"
        digest = write(der.OCTET_STRING, hashlib.new(name, data).digest())
        return write(der.SEQUENCE, write(der.SEQUENCE, write(der.SEQUENCE, digest)))

    def sign(self, message: bytes) -> tuple[bytes, bytes]:
        """Return the algorithm and the signature."""
        key, digest = self.key or self.signer.key, HASHES[self.digest]
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return algorithm(self.scheme), key.sign(message, ec.ECDSA(digest))
        if self.scheme != "pss":
            return algorithm(self.scheme, write(der.NULL)), key.sign(
                message, padding.PKCS1v15(), digest
            )
        size = digest.digest_size
        scheme = algorithm(
            "pss",
            write(
                der.SEQUENCE,
                write(context(0), algorithm(self.digest)),
                write(context(1), algorithm("mgf1", algorithm(self.digest))),
                write(context(2), der.write_integer(size)),
            ),
        )
        return scheme, key.sign(message, padding.PSS(padding.MGF1(digest), size), digest)

    def signer_info(self, info: bytes) -> bytes:
        """Return the SignerInfo."""
        certificate, attributes = self.signer.certificate, self.attributes(info)
        scheme, signature = self.sign(write(der.SET, *attributes))
        named = write(
            der.SEQUENCE,
            certificate.issuer.public_bytes(),
            der.write_integer(certificate.serial_number),
        )
        if self.by_key_id:
            key_id = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
            named = write(context(0, constructed=False), key_id.value.digest)
        return write(
            der.SEQUENCE,
            der.write_integer(3 if self.by_key_id else 1),
            named,
            algorithm(self.digest),
            write(context(0), *attributes),
            scheme,
            write(der.OCTET_STRING, signature),
        )

    def token(self) -> bytes:
        """Return the TimeStampToken."""
        info = self.info()
        own = [self.signer.certificate] if self.certificates is None else self.certificates
        held = [each.public_bytes(serialization.Encoding.DER) for each in own]
        data = write(
            der.SEQUENCE,
            der.write_integer(self.version),
            write(der.SET, algorithm(self.digest)),
            write(
                der.SEQUENCE,
                oid(self.inner_type),
                write(context(0), write(der.OCTET_STRING, info)),
            ),
            write(context(0), *held) if held else b"",
            write(der.SET, *[self.signer_info(info) for _ in range(self.signers)]),
        )
        return write(der.SEQUENCE, oid("signed-data"), write(context(0), data))

    def response(self) -> bytes:
        """Return the TimeStampResp."""
        status = write(der.SEQUENCE, der.write_integer(self.status))
        token = self.token() if self.status in (0, 1) else b""
        return write(der.SEQUENCE, status, token)


_CONFIG = """
[tsa]
default_tsa = wij
[wij]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
certs = {folder}/keten.pem
signer_digest = {digest}
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1, millisecs:500, microsecs:100
clock_precision_digits = 3
ordering = yes
ess_cert_id_chain = {whole}
ess_cert_id_alg = {ess}
"""


@dataclass(frozen=True, kw_only=True)
class Openssl:
    """An authority that answers as `openssl ts` does, at the moment of this machine."""

    folder: Path
    root: Holder

    @classmethod
    def make(
        cls,
        folder: Path,
        root: Holder,
        signer: Holder,
        *,
        digest: str = "sha256",
        ess: str = "sha256",
    ) -> "Openssl":
        """Put keys and settings in a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "serial").write_text("01\n")
        (folder / "tsa.pem").write_bytes(signer.pem())
        (folder / "tsa.key").write_bytes(signer.key_pem())
        (folder / "keten.pem").write_bytes(root.pem())
        (folder / "ca.pem").write_bytes(root.pem())
        whole = "yes" if ess == "sha512" else "no"
        (folder / "tsa.cnf").write_text(
            _CONFIG.format(folder=folder, digest=digest, ess=ess, whole=whole)
        )
        return cls(folder=folder, root=root)

    def reply(self, request: bytes) -> bytes:
        """Answer a request."""
        (self.folder / "vraag.tsq").write_bytes(request)
        run_openssl(
            "ts",
            *("-reply", "-queryfile", str(self.folder / "vraag.tsq")),
            *("-config", str(self.folder / "tsa.cnf"), "-section", "wij"),
            *("-out", str(self.folder / "antwoord.tsr")),
        )
        return (self.folder / "antwoord.tsr").read_bytes()


def accepted(folder: Path, data: bytes, text: bytes, root: Holder, at: dt.datetime | None) -> bool:
    """Tell whether `openssl ts -verify` takes this stamp, at a moment or now."""
    (folder / "stempel.tsr").write_bytes(data)
    (folder / "tekst").write_bytes(text)
    (folder / "vertrouwd.pem").write_bytes(root.pem())
    moment = () if at is None else ("-attime", str(int(at.timestamp())))
    done = subprocess.run(
        [
            "openssl",
            *("ts", "-verify", "-in", str(folder / "stempel.tsr")),
            *("-data", str(folder / "tekst"), "-CAfile", str(folder / "vertrouwd.pem"), *moment),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0 and "Verification: OK" in done.stdout + done.stderr


def taken_as_cms(folder: Path, token: bytes, root: Holder, at: dt.datetime) -> bool:
    """Tell whether `openssl cms -verify` takes the signature and its chain, at a moment."""
    (folder / "stempel.der").write_bytes(token)
    (folder / "vertrouwd.pem").write_bytes(root.pem())
    done = subprocess.run(
        [
            "openssl",
            *("cms", "-verify", "-inform", "DER", "-in", str(folder / "stempel.der")),
            *("-CAfile", str(folder / "vertrouwd.pem"), "-purpose", "timestampsign"),
            *("-attime", str(int(at.timestamp())), "-out", str(folder / "inhoud")),
        ],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def run_openssl(*arguments: str) -> None:
    """Run openssl, which must do what it is asked."""
    subprocess.run(["openssl", *arguments], capture_output=True, check=True)
