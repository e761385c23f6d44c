"""The bundle: what stands in it, and that OPA takes it only with the right signature."""

import base64
import gzip
import io
import tarfile
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from typer.testing import CliRunner

from broker.cli import app
from broker.decision.opa.bundle import BundleError, Ondertekenaar, bundle_files, make_bundle
from broker.decision.opa.local import LocalOpaError, local_opa
from broker.decision.opa.server import OpaServer
from broker.decision.regelset import Regelset
from tests.opa.conftest import pem, verifying


def opened(data: bytes) -> dict[str, bytes]:
    """Return the files of a bundle."""
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as archive:
        return {m.name: archive.extractfile(m).read() for m in archive}  # type: ignore[union-attr]


def packed(files: dict[str, bytes]) -> bytes:
    """Return files as a bundle."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def refused(data: bytes, signer: Ondertekenaar, folder: Path) -> str:
    """Return why OPA does not start with this bundle and the key of this signer."""
    path = folder / "bundel.tar.gz"
    path.write_bytes(data)
    with (
        pytest.raises(LocalOpaError) as told,
        local_opa(path, *verifying(signer, folder)),
    ):
        pass
    return str(told.value)


def test_bundle_names_its_rules(regelset: Regelset) -> None:
    """Its revision and its digest are those of the rule set, and it owns only what is ours."""
    files = opened(make_bundle(regelset))
    manifest, data = orjson.loads(files[".manifest"]), orjson.loads(files["data.json"])

    assert manifest["revision"] == regelset.digest == data["sluis"]["digest"]
    assert set(manifest["roots"]) == {"sluis", "standen"} == set(data)
    assert {name for name in files if name.startswith("policies/")} == set(
        regelset.below("policies/besluit")
    )


def test_equal_rules_and_keys_give_equal_bytes(regelset: Regelset, signer: Ondertekenaar) -> None:
    """Whoever makes the bundle again gets the same one, signature included."""
    assert make_bundle(regelset, signer) == make_bundle(regelset, signer)
    assert opened(make_bundle(regelset)) == bundle_files(regelset)


@pytest.mark.parametrize("sort", ["EC", "RSA"])
async def test_opa_takes_what_the_key_signed(regelset: Regelset, tmp_path: Path, sort: str) -> None:
    """With the public half of either sort of key a real OPA verifies the bundle, and serves it."""
    key = (
        ec.generate_private_key(ec.SECP256R1())
        if sort == "EC"
        else rsa.generate_private_key(65537, 2048)
    )
    signer = Ondertekenaar(pem(key))
    path = tmp_path / "bundel.tar.gz"
    path.write_bytes(make_bundle(regelset, signer))

    with local_opa(path, *verifying(signer, tmp_path)) as opa:
        async with OpaServer.open(opa.url, 5) as server:
            await server.expecting(regelset.digest).check()


def test_opa_refuses_what_is_not_signed(
    regelset: Regelset, signer: Ondertekenaar, tmp_path: Path
) -> None:
    """A bundle without signature is not served by an OPA that has a key."""
    assert "missing .signatures.json" in refused(make_bundle(regelset), signer, tmp_path)


def test_opa_refuses_what_another_signed(
    regelset: Regelset, signer: Ondertekenaar, tmp_path: Path
) -> None:
    """A bundle that another key signed is not served."""
    other = Ondertekenaar(pem(ec.generate_private_key(ec.SECP256R1())))

    assert "failed to verify" in refused(make_bundle(regelset, other), signer, tmp_path)


@pytest.mark.parametrize(
    "name", ["data.json", ".manifest", "antwoord.rego", "policies/besluit/vrager.rego"]
)
def test_opa_refuses_what_was_changed(
    regelset: Regelset, signer: Ondertekenaar, tmp_path: Path, name: str
) -> None:
    """A file that was changed after the signature is noticed, whichever it is."""
    files = opened(make_bundle(regelset, signer))
    is_rego = name.endswith(".rego")
    old, new = (b"\n", b"\n\n") if is_rego else (b'"sluis"', b'"slot"')
    files[name] = files[name].replace(old, new, 1)

    assert "digest mismatch" in refused(packed(files), signer, tmp_path)


def test_opa_refuses_what_was_added(
    regelset: Regelset, signer: Ondertekenaar, tmp_path: Path
) -> None:
    """A file that the signature does not name is noticed."""
    files = opened(make_bundle(regelset, signer))
    files["extra.rego"] = b"package sluis.extra\n"

    assert "extra.rego" in refused(packed(files), signer, tmp_path)


def test_signature_names_every_file(regelset: Regelset, signer: Ondertekenaar) -> None:
    """The signed text holds the hash of each file but itself."""
    files = opened(make_bundle(regelset, signer))
    token = orjson.loads(files.pop(".signatures.json"))["signatures"][0]
    payload = orjson.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))

    assert {entry["name"] for entry in payload["files"]} == set(files)


@pytest.mark.parametrize(
    "key",
    [
        b"geen sleutel",
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(rsa.generate_private_key(65537, 1024)),  # noqa: S505 - that is the point
        pem(ed25519.Ed25519PrivateKey.generate()),  # type: ignore[arg-type]
    ],
    ids=["nonsense", "P-384", "RSA 1024", "Ed25519"],
)
def test_unfit_key_is_refused(key: bytes) -> None:
    """What is no key, or one that OPA does not take or that is too weak, does not sign."""
    with pytest.raises(BundleError, match="geen EC-sleutel"):
        Ondertekenaar(key)


def test_command_writes_the_bundle(regelset: Regelset, tmp_path: Path) -> None:
    """`sluis bundel` writes the bundle of the shipped rules or of an archive, and tells the key."""
    key, archive = tmp_path / "sleutel", tmp_path / "regels.tar.gz"
    signer = Ondertekenaar(pem(ec.generate_private_key(ec.SECP256R1())))
    private = pem(signer._key)
    key.write_bytes(private)
    archive.write_bytes(regelset.to_archive())
    out, again = tmp_path / "a.tar.gz", tmp_path / "b.tar.gz"

    first = CliRunner().invoke(app, ["bundel", str(out), "--sleutel", str(key)])
    second = CliRunner().invoke(app, ["bundel", str(again), "--regels", str(archive)])

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert regelset.digest in first.stdout
    assert signer.public_key().decode() in first.stdout
    assert out.read_bytes() == make_bundle(regelset, signer)
    assert again.read_bytes() == make_bundle(regelset)
    assert "zonder handtekening" in second.stderr


@pytest.mark.parametrize("flag", ["--sleutel", "--regels"])
def test_command_tells_what_is_wrong(tmp_path: Path, flag: str) -> None:
    """A file that is not there or is something else is told in a sentence; nothing is written."""
    out, wrong = tmp_path / "a.tar.gz", tmp_path / "iets"
    absent = CliRunner().invoke(app, ["bundel", str(out), flag, str(wrong)])
    wrong.write_bytes(b"iets anders")
    other = CliRunner().invoke(app, ["bundel", str(out), flag, str(wrong)])

    assert (absent.exit_code, other.exit_code) == (2, 2)
    assert "iets" in absent.stderr
    assert "geen" in other.stderr
    assert not out.exists()
