"""A real OPA with the rules of this checkout, and servers that answer something else."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from broker.decision.opa.bundle import KEY_ID, Ondertekenaar, make_bundle
from broker.decision.opa.local import LocalOpa, local_opa
from broker.decision.regelset import Regelset
from broker.decision.register import default_root

Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    """Return a private key as its owner would keep it."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def verifying(signer: Ondertekenaar, folder: Path) -> tuple[str, ...]:
    """Return the flags with which OPA takes only what this key signed."""
    path = folder / "sleutel.pem"
    path.write_bytes(signer.public_key())
    return (
        f"--verification-key={path}",
        f"--verification-key-id={KEY_ID}",
        f"--signing-alg={signer.algoritme}",
    )


@pytest.fixture(scope="session", autouse=True)
def _has_opa() -> None:
    """Skip where the machine lacks OPA."""
    if shutil.which("opa") is None:
        pytest.skip("opa staat niet op deze machine: geen test met de echte server")


@pytest.fixture(scope="session")
def regelset() -> Regelset:
    """Give the rule set of this checkout."""
    return Regelset.from_folder(default_root())


@pytest.fixture(scope="session")
def signer() -> Ondertekenaar:
    """Give a key to sign with."""
    return Ondertekenaar(pem(ec.generate_private_key(ec.SECP256R1())))


@pytest.fixture(scope="session")
def bundle(
    regelset: Regelset, signer: Ondertekenaar, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Give the signed bundle of the rules."""
    path = tmp_path_factory.mktemp("bundel") / "sluis.tar.gz"
    path.write_bytes(make_bundle(regelset, signer))
    return path


@pytest.fixture(scope="session")
def opa(bundle: Path, signer: Ondertekenaar) -> Iterator[LocalOpa]:
    """Give a real OPA that checks the signature of the bundle; for tests that leave it alive."""
    with local_opa(bundle, *verifying(signer, bundle.parent)) as running:
        yield running


@pytest.fixture
def mortal(bundle: Path, signer: Ondertekenaar) -> Iterator[LocalOpa]:
    """Give a real OPA that a test may kill."""
    with local_opa(bundle, *verifying(signer, bundle.parent)) as running:
        yield running


def reply(body: bytes, status: str = "200 OK", more: str = "") -> bytes:
    """Return an answer in HTTP with this body in JSON."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{more}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@asynccontextmanager
async def crooked(*behaviours: Behaviour) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serve these behaviours, one for each connection and then the last one again.

    Yields the address, and the heads of the requests that came.
    """
    asked: list[bytes] = []
    under_way: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        under_way.add(asyncio.current_task())
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            await behaviours[min(len(asked), len(behaviours)) - 1](writer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}", asked
    for task in under_way:
        if task is not None:
            task.cancel()
            await asyncio.wait([task])


def says(answer: bytes) -> Behaviour:
    """Return the behaviour of one that says this, and hangs up."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    return behave


def waits(seconds: float) -> Behaviour:
    """Return the behaviour of one that waits, and then says nothing."""

    async def behave(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)

    return behave


class Wissel:
    """A way to a real server that a test can switch to a behaviour, and back (None)."""

    def __init__(self, target: str) -> None:
        self.behaviour: Behaviour | None = None
        self.url = ""
        self._target = target
        self._open: set[asyncio.Task[None]] = set()

    def switch(self, behaviour: Behaviour | None) -> None:
        """From now on behave like this; what is under way ends at once."""
        self.behaviour = behaviour
        for task in self._open:
            task.cancel()

    def lead_to(self, target: str) -> None:
        """From now on lead to this server; what is under way ends at once."""
        self._target = target
        self.switch(None)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            if self.behaviour is None:
                await self._pass(reader, writer)
            else:
                await reader.readuntil(b"\r\n\r\n")
                await self.behaviour(writer)
                await writer.drain()
        writer.close()
        self._open.discard(task)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = urlsplit(self._target)
        theirs = await asyncio.open_connection(address.hostname, address.port)
        try:
            await asyncio.gather(_copy(reader, theirs[1]), _copy(theirs[0], writer))
        finally:
            theirs[1].close()

    async def close(self) -> None:
        """End what is under way."""
        left = list(self._open)
        self.switch(None)
        if left:
            await asyncio.wait(left)


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        target.write(data)
        await target.drain()
    target.close()


@pytest.fixture
async def wissel(opa: LocalOpa) -> AsyncIterator[Wissel]:
    """Give a way to the real OPA that can be switched."""
    found = Wissel(opa.url)
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        found.url = f"http://{host}:{port}"
        yield found
        await found.close()
