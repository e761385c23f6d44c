"""Work that goes on side by side."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def all_done(*work: Coroutine[Any, Any, T]) -> list[T]:
    """Wait for all of them, also when one fails: none is left half-way.

    Raises:
        BaseException: What the first one raised that failed.
    """
    done = await asyncio.gather(*work, return_exceptions=True)
    for each in done:
        if isinstance(each, BaseException):
            raise each
    return [each for each in done if not isinstance(each, BaseException)]
