"""Runs asynchronous work within one example of a property."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Give what runs a coroutine to its end, each on the same loop."""
    with asyncio.Runner() as runner:
        yield runner.run
