"""The paths of the decision point, put into one app that stands beside `/v1`.

Its errors are one message as plain text, and everything wrong in a message is a 400, as AuthZEN
has it. A deny is no error: 200 with `decision` false.
"""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from broker.api.authzen.bodies import (
    EvaluatieBericht,
    EvaluatiesBericht,
    ZoekAction,
    ZoekResource,
    ZoekSubject,
)
from broker.api.context import ByHop, Context, Uses, may
from broker.api.middleware import NO_TELEMETRY
from broker.api.problems import UNREADABLE, invalid_input
from broker.api.rollen import Actie, Bereik
from broker.api.velden import StrictRoute
from broker.errors import BrokerError, NotFoundError, UnauthenticatedError
from broker.services.beslispunt import Aanroeper, Zoeksoort
from broker.services.pdp import Aanroep, readable

MOUNT: Final = "/access"
METADATA: Final = "/.well-known/authzen-configuration"
_REQUEST_ID: Final = "X-Request-ID"
_SEARCHES: Final = {
    "search_subject_endpoint": "search/subject",
    "search_resource_endpoint": "search/resource",
    "search_action_endpoint": "search/action",
}
router = APIRouter(route_class=StrictRoute)


async def _call(hop: ByHop, context: Annotated[Context, may(Actie.BESLISPUNT_VRAGEN)]) -> Aanroep:
    """Return who calls, for whom, and in which trace."""
    namens = context.bereik is not Bereik.ZELF
    return Aanroep(wie=Aanroeper(beller=context.beller, namens=namens), hop=hop)


Caller = Annotated[Aanroep, Depends(_call)]


@router.post("/v1/evaluation")
async def evaluate(body: EvaluatieBericht, caller: Caller, uses: Uses) -> Response:
    """Decide one question."""
    return _json(await uses.pdp.evaluate(caller, body.vraag()))


@router.post("/v1/evaluations")
async def evaluate_all(body: EvaluatiesBericht, caller: Caller, uses: Uses) -> Response:
    """Decide a batch of questions; without a list it is one question."""
    if not body.evaluations:
        return _json(await uses.pdp.evaluate(caller, body.single()))
    semantic = body.options.evaluations_semantic
    return _json(await uses.pdp.evaluate_all(caller, body.vragen(), semantic))


@router.post("/v1/search/subject")
async def search_subject(body: ZoekSubject, caller: Caller, uses: Uses) -> Response:
    """Find who may do this with this resource."""
    page = body.bladzijde()
    return _json(await uses.pdp.search(caller, Zoeksoort.SUBJECT, body.vraag(), page))


@router.post("/v1/search/resource")
async def search_resource(body: ZoekResource, caller: Caller, uses: Uses) -> Response:
    """Find with what this subject may do this."""
    page = body.bladzijde()
    return _json(await uses.pdp.search(caller, Zoeksoort.RESOURCE, body.vraag(), page))


@router.post("/v1/search/action")
async def search_action(body: ZoekAction, caller: Caller, uses: Uses) -> Response:
    """Find what this subject may do with this resource."""
    page = body.bladzijde()
    return _json(await uses.pdp.search(caller, Zoeksoort.ACTION, body.vraag(), page))


def install(app: FastAPI, adres: str) -> APIRouter:
    """Put the decision point into an app, and return the route that tells where it is.

    Args:
        app: Has the services in its state, and puts the limits and headers around every call.
        adres: Where it is found, such as `https://sluis.example.nl`.
    """
    pdp = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=NO_TELEMETRY,
    )
    pdp.state = app.state
    pdp.include_router(router)
    pdp.add_exception_handler(BrokerError, _broker_error)
    pdp.add_exception_handler(RequestValidationError, _invalid)
    pdp.add_exception_handler(HTTPException, _http_error)
    pdp.add_middleware(RequestId)
    app.mount(MOUNT, pdp)
    public = APIRouter(include_in_schema=False)

    @public.get(METADATA)
    async def metadata(request: Request, uses: Uses) -> Response:
        """Tell where the decision point is and what it can do."""
        given = request.headers.get(_REQUEST_ID)
        headers = {_REQUEST_ID: given} if given else {}
        return _json(described(adres, uses.pdp.beslispunt.obligations), headers)

    return public


def described(adres: str, obligations: Sequence[str]) -> dict[str, Any]:
    """Return the metadata: members without a value are left out, as the standard asks."""
    base = f"{adres}{MOUNT}/v1"
    return {
        "policy_decision_point": adres,
        "access_evaluation_endpoint": f"{base}/evaluation",
        "access_evaluations_endpoint": f"{base}/evaluations",
        **{name: f"{base}/{path}" for name, path in _SEARCHES.items()},
        **({"supported_obligations": list(obligations)} if obligations else {}),
    }


class RequestId:
    """Gives every answer the number that the caller gave its call."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one call."""
        given = Headers(scope=scope).get(_REQUEST_ID) if scope["type"] == "http" else None

        async def numbered(message: Message) -> None:
            if given is not None and message["type"] == "http.response.start":
                MutableHeaders(scope=message)[_REQUEST_ID] = given
            await send(message)

        await self._app(scope, receive, numbered)


def _json(content: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    return Response(text, media_type="application/json", headers=headers)


def _message(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(text, status_code=status, headers=headers)


async def _broker_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, BrokerError):
        raise error
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, UnauthenticatedError) else None
    return _message(error.status, readable(error), headers)


async def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    found = request.scope.get(UNREADABLE) or invalid_input(error)
    return _message(400, readable(found))


async def _http_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == NotFoundError.status:
        return _message(404, "Dit adres bestaat niet.")
    headers = dict(error.headers or {})
    return _message(error.status_code, "Dit bericht kan hier niet, of is te groot.", headers)
