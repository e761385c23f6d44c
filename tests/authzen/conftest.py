"""Decision points behind real servers, over TLS, each with the real log and store behind it."""

import asyncio
import datetime as dt
import io
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fastapi import FastAPI

from broker.api.application import make_app
from broker.app import OpenServices
from broker.logs import make_logger
from broker.services.beslispunt import Beslispunt
from tests.api.conftest import CountingIds, running
from tests.authzen.vaste_regels import read, read_search

HEADERS = {"Authorization": "Bearer token-g-017"}


@dataclass(frozen=True)
class Punt:
    """A decision point at its address."""

    adres: str
    client: httpx2.Client
    services: OpenServices

    def post(self, path: str, body: object, **headers: str) -> httpx2.Response:
        """Call it as somebody who may."""
        return self.client.post(f"/access/v1/{path}", json=body, headers={**HEADERS, **headers})

    def decided(self, body: object) -> bool:
        """Return the decision on one question, which must be well answered."""
        answer = self.post("evaluation", body)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/json"
        decision: bool = answer.json()["decision"]
        assert decision in (True, False)
        return decision

    def found(self, kind: str, body: object) -> list[dict[str, Any]]:
        """Return what a search found."""
        answer = self.post(f"search/{kind}", body)
        assert answer.status_code == 200
        results: list[dict[str, Any]] = answer.json()["results"]
        return results


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for this machine, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    begin = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + dt.timedelta(days=30))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "beide.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


class Servers:
    """Servers on one loop in a thread of its own, and one store and log behind them all."""

    def __init__(self, folder: Path, certificate: Path) -> None:
        self._certificate = certificate
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._stop, self._opened = asyncio.Event(), asyncio.Queue[OpenServices]()
        self._held = asyncio.run_coroutine_threadsafe(self._hold(folder), self._loop)
        opened = asyncio.run_coroutine_threadsafe(self._opened.get(), self._loop)
        self._services = opened.result(60)
        self._serving: list[tuple[uvicorn.Server, Future[None]]] = []
        self._started: dict[str, Punt] = {}

    async def _hold(self, folder: Path) -> None:
        async with running(folder) as world:
            await self._opened.put(world.services)
            await self._stop.wait()

    def start(self, name: str, beslispunt: Beslispunt) -> Punt:
        """Return the server for a decision point, started when it is first asked for."""
        if name in self._started:
            return self._started[name]
        listening = socket.create_server(("127.0.0.1", 0))
        adres = f"https://127.0.0.1:{listening.getsockname()[1]}"
        own = replace(self._services, pdp=replace(self._services.pdp, beslispunt=beslispunt))
        config = uvicorn.Config(
            app_of(own, adres), ssl_certfile=self._certificate, log_level="error", ws="none"
        )
        server = uvicorn.Server(config)
        serving = server.serve(sockets=[listening])
        self._serving.append((server, asyncio.run_coroutine_threadsafe(serving, self._loop)))
        context = ssl.create_default_context(cafile=self._certificate)
        # A disk that other tests keep busy may be slow; how long it takes is not what is tested.
        client = httpx2.Client(base_url=adres, verify=context, trust_env=False, timeout=60)
        self._started[name] = Punt(adres=adres, client=client, services=own)
        return self._started[name]

    def close(self) -> None:
        """Stop all servers, then what is behind them."""
        for punt in self._started.values():
            punt.client.close()
        for server, serving in self._serving:
            server.should_exit = True
            serving.result(30)
        self._loop.call_soon_threadsafe(self._stop.set)
        self._held.result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Iterator[Servers]:
    """Give the servers; all stop at the end."""
    found = Servers(tmp_path_factory.mktemp("authzen"), certificate)
    yield found
    found.close()


def app_of(services: OpenServices, adres: str) -> FastAPI:
    """Return the whole app, with this decision point in it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.services = services
        yield

    ids = CountingIds()
    return make_app(ids=ids, logger=make_logger(io.StringIO()), adres=adres, lifespan=lifespan)


@pytest.fixture(scope="session")
def certificatie(servers: Servers) -> Punt:
    """Give the decision point with the fixture of the certification scenario."""
    return servers.start("certificatie", read("certificatie"))


@pytest.fixture(scope="session")
def interop(servers: Servers, shared: Path) -> Mapping[str, Callable[[], Punt]]:
    """Give the decision points of the interop scenarios, each started when it is first asked."""
    vectors = shared / "vectors" / "authzen"
    return {
        "todo": lambda: servers.start("todo", read("todo")),
        "gateway": lambda: servers.start("gateway", read("gateway")),
        "zoeken": lambda: servers.start("zoeken", read_search(vectors)),
        "idp": lambda: servers.start("idp", read("idp")),
    }
