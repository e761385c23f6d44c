"""`sluis serve`: the broker, and in a demo the partners beside it, until you stop it."""

import asyncio
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer
from typing_extensions import override

from audit.errors import no_listening
from broker.cli.options import Map, plainly, settings_from
from broker.errors import StartError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from broker.settings import Settings


def serve(
    *,
    folder: Map = None,
    port: Annotated[
        int | None,
        typer.Option("--poort", min=0, max=65535, help="De poort (8000); 0 kiest een vrije."),
    ] = None,
    alone: Annotated[
        bool, typer.Option("--zonder-partners", help="Start alleen de broker.")
    ] = False,
) -> None:
    """Start de broker en de partners, en laat ze draaien tot u stopt (Ctrl-C)."""
    from broker.settings import Omgeving

    with plainly():
        settings = settings_from(folder, **({} if port is None else {"poort": port}))
        # First the port: when it is taken, nothing was made, and nobody got a token.
        with bind(settings.host, settings.poort) as bound:
            if alone or settings.omgeving is not Omgeving.DEMO:
                _run(settings, bound)
            else:
                _run_with_partners(settings, bound)


def _run_with_partners(settings: "Settings", bound: socket.socket) -> None:
    from adapters.simulatoren import start
    from broker.cli.demo.stage import load_once

    settings.make_data()
    with start() as addresses:
        tokens = asyncio.run(load_once(settings, addresses))
        for name, address in addresses.items():
            typer.echo(f"partner {name}: {address}")
        typer.echo(f"toegangsbewijs van analist g-017: {tokens['g-017']}")
        _run(settings, bound)


def _run(settings: "Settings", bound: socket.socket) -> None:
    """Serve until a signal comes; tell the address as soon as it answers."""
    import uvloop

    host, port = bound.getsockname()[:2]
    uvloop.run(_open_and_serve(settings, bound, f"http://{host}:{port}"))


def bind(host: str, port: int) -> socket.socket:
    """Return a socket on this address; 0 is any port that is free.

    Raises:
        StartError: The port is taken, or the address is not of this machine.
    """
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise StartError(no_listening(error, port)) from None
    return bound


async def _open_and_serve(settings: "Settings", bound: socket.socket, address: str) -> None:
    from broker.app import create_app, open_services

    # Opened here and not by the server, so that a refusal to start is no stack trace.
    async with open_services(settings) as services:
        app = create_app(settings, services=services)
        await serve_app(app, bound, lambda: typer.echo(_welcome(address)))


def _welcome(address: str) -> str:
    return f"Sluis luistert op {address} (de API op /v1, beschreven in /v1/openapi.json)"


async def serve_app(app: "FastAPI", bound: socket.socket, ready: Callable[[], None]) -> None:
    """Serve an app on a socket until a signal comes; call `ready` as soon as it answers."""
    import uvicorn

    class Server(uvicorn.Server):
        """Tells when it answers."""

        @override
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            """Start, and then say so."""
            await super().startup(sockets=sockets)
            if self.started:
                ready()

    config = uvicorn.Config(
        app, http="httptools", log_level="warning", access_log=False, server_header=False
    )
    await Server(config).serve(sockets=[bound])
