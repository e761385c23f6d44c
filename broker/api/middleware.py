"""Around every request: its number, the limit of its body, the headers, one line of log.

Nothing that went wrong unforeseen passes this: neither its text to the caller nor to the log.
"""

import traceback
from time import perf_counter
from typing import Final

from fastapi.telemetry import TelemetryConfig
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

from broker.api.problems import INSTANCE, too_large, unexpected
from broker.domain.ports import Ids
from broker.logs import Event

VERSION: Final = "0.1.0"
MAX_BODY: Final = 1_048_576
_LARGER: Final = {"/v1/regelversies": 4 * MAX_BODY}
"""Only a rule set may be larger."""
NO_TELEMETRY: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""It would carry bodies, and the texts of errors, to wherever the environment says."""
_CSP: Final = "Content-Security-Policy"
"""A page for people brings its own; everything else may do nothing at all."""
_HEADERS: Final = {
    "API-Version": VERSION,
    "Cache-Control": "no-store",
    _CSP: "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Envelope:
    """The outermost layer of the app."""

    def __init__(self, app: ASGIApp, *, ids: Ids, logger: FilteringBoundLogger) -> None:
        self._app = app
        self._ids = ids
        self._logger = logger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[INSTANCE] = self._ids.new("req")
        began = perf_counter()
        answer = _Answer(send)
        try:
            await self._app(
                scope, _limited(receive, _LARGER.get(scope["path"], MAX_BODY)), answer.send
            )
        except Exception as error:  # noqa: BLE001 - the outermost handler; its text may hold data
            self._tell(scope, error)
            if answer.status is None:
                await unexpected(scope[INSTANCE])(scope, receive, answer.send)
        self._logger.info(
            Event.AFGEHANDELD,
            instance=scope[INSTANCE],
            methode=scope["method"],
            route=getattr(scope.get("route"), "path", None),
            status=answer.status,
            ms=round((perf_counter() - began) * 1000, 1),
        )

    def _tell(self, scope: Scope, error: Exception) -> None:
        """Log which error came from where, without its text and without values."""
        frames = traceback.extract_tb(error.__traceback__)[-3:]
        self._logger.error(
            Event.ONVERWACHT,
            instance=scope[INSTANCE],
            soort=type(error).__name__,
            plaats=[f"{frame.name}:{frame.lineno}" for frame in frames],
        )


class _Answer:
    """Puts the headers on the answer, and knows its status."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            own = headers.get(_CSP)
            headers.update(_HEADERS if own is None else {**_HEADERS, _CSP: own})
        await self._send(message)


def _limited(receive: Receive, limit: int) -> Receive:
    """Stop reading once a body is too large, whatever length it claims."""
    read = 0

    async def limited() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise too_large()
        return message

    return limited
