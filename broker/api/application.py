"""Puts the routes together into one app. Which services it uses is for `broker.app`."""

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Final

from fastapi import APIRouter, Depends, FastAPI, Response
from structlog.typing import FilteringBoundLogger

from broker.api import (
    instemmingen,
    logboek,
    persoonskaarten,
    problems,
    signalen,
    toetsingen,
    verzoeken,
    zaken,
)
from broker.api.context import Services, Uses
from broker.api.middleware import Envelope
from broker.api.openapi import V1, openapi_document
from broker.domain.ports import Ids
from broker.errors import RecordError

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
PUBLIC: Final = frozenset({f"{V1}/openapi.json", "/livez", "/readyz"})
"""The only paths that need no context."""


def make_app(
    *, ids: Ids, logger: FilteringBoundLogger, adres: str, lifespan: Lifespan
) -> FastAPI:
    """Return the app.

    Args:
        ids: Numbers the requests.
        logger: For the log of operations.
        adres: Where the API is found, without `/v1`.
        lifespan: Sets `app.state.services` before the first request.
    """
    app = FastAPI(
        title="Sluis",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    v1 = APIRouter(prefix=V1)
    for part in (verzoeken, toetsingen, zaken, persoonskaarten, signalen, instemmingen, logboek):
        v1.include_router(part.router)
    app.include_router(v1)
    app.include_router(_public(app, adres))
    problems.install(app)
    app.add_middleware(Envelope, ids=ids, logger=logger)
    return app


def _public(app: FastAPI, adres: str) -> APIRouter:
    """Return the routes that everybody may use."""
    router = APIRouter(include_in_schema=False)
    kept: list[bytes] = []

    @router.get(f"{V1}/openapi.json")
    async def openapi() -> Response:
        """Return the description of the API."""
        if not kept:
            kept.append(json.dumps(openapi_document(app, adres)).encode())
        headers = {"Access-Control-Allow-Origin": "*"}
        return Response(kept[0], media_type="application/json", headers=headers)

    @router.get("/livez")
    async def livez() -> dict[str, str]:
        """Tell that the process answers."""
        return {"status": "leeft"}

    @router.get("/readyz")
    async def readyz(ready: Annotated[None, Depends(_ready)]) -> dict[str, str]:  # noqa: ARG001
        """Tell that the store and the log work."""
        return {"status": "gereed"}

    return router


async def _ready(uses: Uses) -> None:
    """Refuse when nothing can be recorded.

    Raises:
        RecordError: The log or the store does not work.
    """
    _check_log(uses)
    await uses.keeper.read(lambda tx: tx.toegang.holder("", moment=uses.clock.now()))


def _check_log(uses: Services) -> None:
    if uses.log.trouble is not None:
        raise RecordError(uses.log.trouble)
