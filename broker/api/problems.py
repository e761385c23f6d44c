"""The one place that makes the body of an error: `application/problem+json` (RFC 9457).

No value of the caller is repeated, and no text of an exception of others.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, get_args

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError, core_schema
from starlette.exceptions import HTTPException

from broker.domain.invoer import meldingen
from broker.errors import (
    BrokerError,
    ForbiddenError,
    Fout,
    InvalidInputError,
    NotFoundError,
    UnauthenticatedError,
)

PROJECT: Final = "https://sluis.example.nl"
MEDIA_TYPE: Final = "application/problem+json"
INSTANCE: Final = "sluis.instance"
"""Key in the ASGI scope of the number of this request."""
UNREADABLE: Final = "sluis.unreadable"
"""Key in the ASGI scope of the error of a body that is no JSON."""
UNEXPECTED: Final = (
    "Er ging iets mis bij Sluis. Er is niets verstrekt. Meld het nummer bij instance."
)

# What pydantic found and a dossier never shows; the other sentences stand in broker.domain.invoer.
_MELDINGEN: Final[Mapping[str, str]] = {
    "string_pattern_mismatch": "Deze tekst heeft niet de vorm die hier hoort.",
    "int_parsing": "Hier hoort een geheel getal te staan.",
    "dict_type": "Hier hoort een onderdeel met eigen velden te staan.",
    "bsn": "Dit is geen geldig BSN (9 cijfers, elfproef).",
    "kvk_nummer": "Een KVK-nummer bestaat uit 8 cijfers.",
    "een_verandering": "Noem precies één verandering: beeindig, zonder_deelnemer of regelversie.",
    "een_betrokkene": "Geef een BSN of een KVK-nummer, en niet allebei.",
    "bsn_in_tekst": "Hier mag geen BSN staan.",
    "te_diep": "Dit is te diep genest.",
    "teken": "Hier staat een teken dat niet mag.",
    "dubbel": "In deze lijst staat iets twee keer.",
    "base64": "Dit is geen base64.",
    "bundel_betrokkene": "De sleutel van een betrokkene is er alleen voor de toezichthouder.",
    "ldv_zonder_vraag": "Geef een traceId, een verwerkingsactiviteit of een betrokkene.",
    "ldv_trace": "Een traceId bestaat uit 32 hexadecimale cijfers, of is een UUID.",
    "advies_of_afwijking": "Geef het advies van de commissie, of waarom u daarvan afwijkt.",
    "maand_of_betrokkene": "Noem een maand of een betrokkene: een van de twee.",
    "toelichting": "Leg uit waarom dit niet of niet zeker rechtmatig is.",
    "cursor": "Deze cursor is niet van Sluis. Begin opnieuw zonder cursor.",
}
_OTHER: Final[Mapping[int, tuple[str, str]]] = {
    405: ("Deze methode kan hier niet", "Dit adres kent deze methode niet. Zie de kop Allow."),
    413: ("De invoer is te groot", "Een bericht mag 1 MiB groot zijn, een regelversie 4 MiB."),
}
_KINDS: Final = frozenset(get_args(core_schema.ErrorType))


class FoutView(BaseModel):
    """One thing that is wrong in the input."""

    pointer: str = Field(description="De plek in de invoer (JSON Pointer, RFC 6901).")
    melding: str = Field(description="Wat er niet klopt.")


class Probleem(BaseModel):
    """The body of an error."""

    type: str = Field(description="Adres van de uitleg van deze soort fout.")
    title: str = Field(description="De soort fout in het kort.")
    status: int = Field(description="De HTTP-status.")
    detail: str = Field(description="Wat er deze keer mis is.")
    instance: str = Field(description="Het nummer van dit verzoek aan de API.")
    fouten: list[FoutView] | None = Field(
        default=None, description="Alles wat er niet klopt in de invoer, in één keer."
    )


def problem(error: BrokerError, instance: str) -> Response:
    """Return the answer for an expected failure."""
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, UnauthenticatedError) else {}
    body: dict[str, Any] = {
        "type": f"{PROJECT}/docs/problemen/{error.slug}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": instance,
    }
    if error.fouten:
        body["fouten"] = [{"pointer": f.pointer, "melding": f.melding} for f in error.fouten]
    return _response(body, headers)


def unexpected(instance: str) -> Response:
    """Return the answer for what nobody foresaw: always the same sentence."""
    return problem(BrokerError(UNEXPECTED), instance)


def invalid_input(error: RequestValidationError) -> InvalidInputError:
    """Return what FastAPI found wrong in a message, in our own words."""
    return InvalidInputError(fouten=_fouten(error.errors()))


def too_large() -> HTTPException:
    """Return the error for a body that is too large."""
    return HTTPException(413)


def install(app: FastAPI, allowed: Callable[[str], str]) -> None:
    """Let every error of this app leave as a problem.

    Args:
        app: Whose errors.
        allowed: Gives the methods of a path, for the header Allow.
    """

    async def broker_error(request: Request, error: Exception) -> Response:
        if not isinstance(error, BrokerError):
            raise error
        return problem(error, request.scope[INSTANCE])

    async def invalid(request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        found = request.scope.get(UNREADABLE) or invalid_input(error)
        return problem(found, request.scope[INSTANCE])

    async def http_error(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            # The framework names the methods of one route; a path has several.
            error.headers = {"Allow": allowed(request.url.path)}
        return _of_framework(error, request.scope[INSTANCE])

    app.add_exception_handler(BrokerError, broker_error)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http_error)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that may fail with these statuses."""
    told = {
        400: InvalidInputError.title,
        401: UnauthenticatedError.title,
        403: ForbiddenError.title,
        404: NotFoundError.title,
        409: "Dit past niet bij wat al is vastgelegd",
        413: _OTHER[413][0],
        500: BrokerError.title,
        503: "Er kan nu niets worden vastgelegd of besloten, dus ook niets verstrekt",
    }
    schema = {"$ref": "#/components/schemas/Probleem"}
    return {
        status: {"description": told[status], "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


def _of_framework(error: HTTPException, instance: str) -> Response:
    if error.status_code == NotFoundError.status:
        return problem(NotFoundError("Dit adres bestaat niet."), instance)
    if error.status_code == InvalidInputError.status:
        return problem(InvalidInputError("Uw bericht is niet te lezen."), instance)
    title, detail = _OTHER.get(error.status_code, (BrokerError.title, UNEXPECTED))
    body = {
        "type": "about:blank",  # RFC 9457 4.2.1: nothing to tell beyond the status itself
        "title": title,
        "status": error.status_code,
        "detail": detail,
        "instance": instance,
    }
    return _response(body, error.headers or {})


def _response(body: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    # ASCII, so that half a surrogate in the name of a member cannot break the answer.
    text = json.dumps(body, ensure_ascii=True, separators=(",", ":"))
    return Response(text, status_code=body["status"], headers=dict(headers), media_type=MEDIA_TYPE)


def fouten_of(error: ValidationError) -> list[Fout]:
    """Return what pydantic found, in our own words."""
    return [
        Fout(pointer=fout.pointer, melding=_MELDINGEN.get(each["type"], fout.melding))
        for fout, each in zip(meldingen(error), error.errors(include_input=False), strict=True)
    ]


def _fouten(found: Sequence[Mapping[str, Any]]) -> list[Fout]:
    """Return what FastAPI collected in our own words.

    FastAPI has taken the errors of pydantic apart; made whole again they get the same sentences
    as those of a dossier.
    """
    return fouten_of(ValidationError.from_exception_data("invoer", [_whole(e) for e in found]))


def _whole(found: Mapping[str, Any]) -> InitErrorDetails:
    kind, context = found["type"], dict(found.get("ctx") or {})
    known = kind in _KINDS
    return InitErrorDetails(
        type=kind if known else PydanticCustomError(kind, "fout", context),
        loc=tuple(found["loc"][1:]),  # the first says body, query or path
        input=None,
        ctx=context if known else {},
    )
