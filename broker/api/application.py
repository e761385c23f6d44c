"""Puts the routes together into one app. Which services it uses is for `broker.app`."""

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, Response
from fastapi.routing import APIRoute
from structlog.typing import FilteringBoundLogger

from broker.api import (
    beslislogboek,
    effectberekeningen,
    instemmingen,
    inzageverzoeken,
    logboek,
    persoonskaarten,
    problems,
    regelversies,
    signalen,
    steekproeven,
    toetsingen,
    uitstellen,
    uitvoer,
    vernietigingen,
    verzoeken,
    vuistregels,
    zaken,
    zoekvragen,
)
from broker.api.authzen.application import METADATA, install
from broker.api.context import Services, Uses
from broker.api.ldv import application as ldv
from broker.api.middleware import NO_TELEMETRY, Envelope
from broker.api.openapi import V1, openapi_document
from broker.api.parameters import known_parameters
from broker.domain.ports import Ids
from broker.errors import RecordError

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
PUBLIC: Final = frozenset({f"{V1}/openapi.json", "/livez", "/readyz", METADATA})
"""The only paths that need no context."""
OTHER_RULES: Final = (
    "Deze software brengt andere regels mee dan er gelden. "
    "Wie ze wil gebruiken, stelt ze voor als regelversie."
)


_PARTS: Final = tuple(
    part.router
    for part in (
        verzoeken,
        toetsingen,
        effectberekeningen,
        vuistregels,
        zaken,
        persoonskaarten,
        signalen,
        instemmingen,
        regelversies,
        beslislogboek,
        logboek,
        vernietigingen,
        zoekvragen,
        inzageverzoeken,
        uitstellen,
        steekproeven,
        uitvoer,
    )
)


def make_app(*, ids: Ids, logger: FilteringBoundLogger, adres: str, lifespan: Lifespan) -> FastAPI:
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
        telemetry=NO_TELEMETRY,
    )
    for part in _PARTS:
        app.include_router(part, prefix=V1, dependencies=[Depends(known_parameters)])
    public = _public(app, adres)
    app.include_router(public)
    app.include_router(install(app, adres))
    ldv.install(app)
    problems.install(app, lambda path: _allowed(path, public))
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
    async def readyz(ready: Annotated[dict[str, Any], Depends(_ready)]) -> dict[str, Any]:
        """Tell that all works, which rules decide, and when others last confirmed the log."""
        return ready

    return router


def _allowed(path: str, public: APIRouter) -> str:
    """Return the methods that this path knows, as the header Allow has them (RFC 9110 10.2.1)."""
    below = path.removeprefix(V1)
    routes = [(route, below) for part in _PARTS for route in part.routes]
    routes += [(route, path) for route in public.routes]
    methods = {
        method
        for route, asked in routes
        if isinstance(route, APIRoute) and route.path_regex.match(asked)
        for method in route.methods or ()
    }
    return ", ".join(sorted(methods))


async def _ready(uses: Uses) -> dict[str, Any]:
    """Return that all is ready, with what it works by: rules, engine and anchors of the log.

    Raises:
        NotAnchoredError: Others did not confirm the log for too long, so no question is served.
        RecordError: The log or the store does not work.
        DecisionError: The rules in force cannot be loaded, or the OPA server does not have them.
    """
    _check_log(uses)
    decider = await uses.regels.now()
    regels, geleverd = decider.digest, uses.regels.geleverd.digest
    ready: dict[str, Any] = {
        "status": "gereed",
        "regels": regels,
        "motor": await decider.motor(),
        "anker": uses.coverage.tell(),
    }
    if regels != geleverd:
        ready |= {"regels_geleverd": geleverd, "melding": OTHER_RULES}
    return ready


def _check_log(uses: Services) -> None:
    if uses.log.trouble is not None:
        raise RecordError(uses.log.trouble)
    uses.coverage.check(question=True)
