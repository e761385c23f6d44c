"""The bare pass-through proxy that the broker is measured against: `python -m bench.proxy URL`.

FastAPI, the same client and the same server settings as the broker; it decides, keeps and checks
nothing. One POST to it is one POST to the partner.
"""

import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import uvloop
from fastapi import FastAPI, Request, Response

from broker.cli.serve import serve_app
from broker.sources import source_client


def make_app(partner: str) -> FastAPI:
    """Return the proxy of one partner."""
    clients: list[httpx2.AsyncClient] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with source_client() as client:
            clients.append(client)
            yield

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)

    @app.post("/bevragingen")
    async def passed(request: Request) -> Response:
        """Pass one question on, and its answer back."""
        answer = await clients[0].post(
            f"{partner}/bevragingen",
            content=await request.body(),
            headers={
                "Accept-Encoding": "identity",
                "Content-Type": "application/json",
                "Kenmerk": request.headers["kenmerk"],
            },
        )
        return Response(answer.content, answer.status_code, media_type="application/json")

    return app


def main(partner: str) -> None:
    """Serve on a free port of loopback; the first line tells the address."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{bound.getsockname()[1]}"
        uvloop.run(serve_app(make_app(partner), bound, lambda: print(address, flush=True)))


if __name__ == "__main__":
    main(sys.argv[1])
