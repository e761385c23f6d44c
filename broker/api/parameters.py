"""Refuses a query parameter that a route does not know: a misspelt filter would be no filter."""

from collections.abc import Iterator
from typing import Final

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from broker.domain.invoer import as_pointer
from broker.errors import Fout, InvalidInputError

_KNOWN: Final = "Deze parameter bestaat hier niet. Kies uit: {}."
_NONE: Final = "Dit adres kent geen parameters."


async def known_parameters(request: Request) -> None:
    """Let through a request whose parameters its route knows, each at most once.

    Raises:
        InvalidInputError: With one `Fout` for each that is not known or stands twice.
    """
    route = request.scope["route"]
    known = sorted(_names(route.dependant)) if isinstance(route, APIRoute) else []
    given = [name for name, _ in request.query_params.multi_items()]
    melding = _KNOWN.format(", ".join(known)) if known else _NONE
    foreign = [name for name in dict.fromkeys(given) if name not in known]
    fouten = [Fout(pointer=as_pointer(name[:80]), melding=melding) for name in foreign]
    fouten += [
        Fout(pointer=as_pointer(name), melding="Deze parameter staat er twee keer in.")
        for name in known
        if given.count(name) > 1
    ]
    if fouten:
        raise InvalidInputError(fouten=fouten)


def _names(route: Dependant) -> Iterator[str]:
    for parameter in route.query_params:
        yield parameter.alias
    for part in route.dependencies:
        yield from _names(part)
