"""Pages of a list: `limiet` and an opaque `cursor`; the next page stands in the header Link."""

import base64
import binascii
import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Query, Request, Response

from broker.errors import Fout, InvalidInputError

LIMIT: Final = 50
_DIGITS: Final = 15
_FOREIGN: Final = "Deze cursor is niet van Sluis. Begin opnieuw zonder cursor."

Limiet = Annotated[int, Query(ge=1, le=200, description="Het aantal op één pagina.")]
Cursor = Annotated[
    str | None,
    Query(max_length=400, description="Waar de vorige pagina ophield; zie de kop Link."),
]


def after(cursor: str | None, parts: int = 1) -> list[str] | None:
    """Return what stands in a cursor, or None when there is none.

    Raises:
        InvalidInputError: It is not one of ours.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = base64.b64decode(padded, altchars=b"-_", validate=True).decode().split("\n")
    except (binascii.Error, ValueError):
        found = []
    if len(found) != parts or not all(found):
        raise foreign()
    return found


def after_moment(cursor: str | None) -> tuple[dt.datetime, str] | None:
    """Return the moment (UTC) and the id that stand in a cursor, or None when there is none.

    Raises:
        InvalidInputError: It is not one of ours.
    """
    found = after(cursor, parts=2)
    if found is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(found[0])
        if moment.tzinfo is None:
            raise foreign()
        # In UTC some moments with an offset fall outside the calendar.
        return moment.astimezone(dt.UTC), found[1]
    except (ValueError, OverflowError):
        raise foreign() from None


def foreign() -> InvalidInputError:
    """Return the error for a cursor that is not one of ours."""
    return InvalidInputError(_FOREIGN, [Fout(pointer="/cursor", melding=_FOREIGN)])


def cursor_of(*last: str) -> str:
    """Return the cursor of the page that comes after this."""
    return base64.urlsafe_b64encode("\n".join(last).encode()).decode().rstrip("=")


def numbers(cursor: str | None, parts: int) -> list[int] | None:
    """Return the indexes that stand in a cursor, or None when there is none.

    Raises:
        InvalidInputError: It is not one of ours.
    """
    found = after(cursor, parts)
    if found is None:
        return None
    # Below 2^53, which every reader keeps exact.
    if not all(each.isascii() and each.isdecimal() and len(each) <= _DIGITS for each in found):
        raise foreign()
    return [int(each) for each in found]


def link_next(
    request: Request, response: Response, rows: Sequence[Any], limiet: int, *last: str
) -> None:
    """Tell the next page in the header Link (RFC 8288) when this one is full.

    Args:
        request: What was asked.
        response: What leaves.
        rows: What was read for this page.
        limiet: How many a page has.
        last: What the next page comes after.
    """
    if len(rows) < limiet:
        return
    query = urlencode({**request.query_params, "cursor": cursor_of(*last)})
    response.headers["Link"] = f'<{request.url.path}?{query}>; rel="next"'
