"""What can be wrong with a partner: an app around its app that spoils every question."""

import asyncio
from typing import Final

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.simulatoren import Storing

SECONDEN: Final = 30.0
_ONZIN: Final = "<html><body><h1>Onderhoud</h1><p>Wij zijn zo terug.</p></body></html>"
_VULSEL: Final = "x" * 4096
_AANTAL: Final = 1024


def met(app: ASGIApp, storing: Storing) -> ASGIApp:
    """Wrap an app so that every POST goes wrong in the given way; the rest works."""

    async def gestoord(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await app(scope, receive, send)
            return
        if storing is Storing.TRAAG:
            await asyncio.sleep(SECONDEN)
            await app(scope, receive, send)
            return
        await _antwoord(storing)(scope, receive, send)

    return gestoord


def _antwoord(storing: Storing) -> Response:
    if storing is Storing.ONZIN:
        return HTMLResponse(_ONZIN)
    if storing is Storing.TE_GROOT:
        return JSONResponse({"gegevens": [{"inhoud": {"vulsel": _VULSEL}}] * _AANTAL})
    return JSONResponse(
        {"title": "Interne server fout.", "status": 500, "detail": "Er ging iets mis."},
        status_code=500,
        media_type="application/problem+json",
    )
