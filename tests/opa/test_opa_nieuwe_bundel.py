"""A new bundle reaches a running OPA with the settings we ship, or is refused there."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from broker.decision.opa.bundle import Ondertekenaar, make_bundle
from broker.decision.opa.local import LocalOpa, local_opa
from broker.decision.opa.server import UNKNOWN, OpaServer
from broker.decision.regelset import Regelset
from broker.decision.register import default_root
from broker.errors import DecisionError
from tests.opa.conftest import pem

OPA: Final = default_root() / "docker" / "opa"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Run `sluis bundels` on this folder; give its address."""
    command = [sys.executable, "-m", "broker", "bundels", str(folder), "--poort", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().removeprefix("bundels: ").strip()
        finally:
            process.terminate()


@contextmanager
def shipped_opa(url: str, signer: Ondertekenaar, folder: Path) -> Iterator[LocalOpa]:
    """Run OPA with the settings in `docker/opa`, and the bundles from this address."""
    key = folder / "bundel.pub"
    key.write_bytes(signer.public_key())
    flags = (
        f"--config-file={OPA / 'config.yaml'}",
        f"--set=services.bundels.url={url}",
        f"--set-file=keys.sluis.key={key}",
        "--authorization=basic",
        str(OPA / "authz.rego"),
    )
    with local_opa(None, *flags) as opa:
        yield opa


def put(folder: Path, content: bytes) -> None:
    """Put a bundle in the place of the one before it, at once."""
    (folder / "nieuw").write_bytes(content)
    (folder / "nieuw").replace(folder / "sluis.tar.gz")


async def has(server: OpaServer, digest: str) -> bool:
    """Tell whether the server has the rules with this digest."""
    try:
        await server.expecting(digest).check()
    except DecisionError:
        return False
    return True


async def soon_has(server: OpaServer, digest: str) -> bool:
    """Tell whether the server gets the rules with this digest within a minute."""
    for _ in range(120):
        if await has(server, digest):
            return True
        await asyncio.sleep(0.5)
    return False


async def test_a_new_bundle_is_taken_and_a_foreign_one_is_not(
    regelset: Regelset, signer: Ondertekenaar, tmp_path: Path
) -> None:
    """Signed by another, the running rules stay; signed well, the new ones decide in seconds."""
    folder = tmp_path / "bundels"
    folder.mkdir()
    name = "policies/besluit/vrager.rego"
    other = Regelset(
        bestanden={**regelset.bestanden, name: regelset.bestanden[name] + b"\n# anders\n"}
    )
    stranger = Ondertekenaar(pem(ec.generate_private_key(ec.SECP256R1())))
    put(folder, make_bundle(regelset, signer))

    with served(folder) as url, shipped_opa(url, signer, tmp_path) as opa:
        async with OpaServer.open(opa.url, 5) as server:
            assert await has(server, regelset.digest)
            assert await server.version() != UNKNOWN

            put(folder, make_bundle(other, stranger))
            await asyncio.sleep(6)
            assert await has(server, regelset.digest)

            put(folder, make_bundle(other, signer))
            assert await soon_has(server, other.digest)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """`sluis bundels` names the folder that is missing, and serves nothing."""
    command = [sys.executable, "-m", "broker", "bundels", str(tmp_path / "weg")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode == 2
    assert "deze map is er niet" in done.stderr
