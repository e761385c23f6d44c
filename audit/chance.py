"""Random bytes from a store, so that the system is asked for them seldom.

To ask takes longer than to use, and lets another thread go first each time: who prepares an
entry would be interrupted halfway, and the writer would take one entry at a time.
"""

import threading
from collections.abc import Callable

_STORE = 4096
"""Bytes that are asked for at once."""


class Chance:
    """Gives each byte of a source once. Safe to use from several threads, not after a fork."""

    def __init__(self, source: Callable[[int], bytes]) -> None:
        self._source = source
        self._store = b""
        self._used = 0
        self._lock = threading.Lock()

    def __call__(self, size: int) -> bytes:
        """Return so many unguessable bytes; at most as many as are asked for at once."""
        with self._lock:
            start, end = self._used, self._used + size
            if end > len(self._store):
                self._store, start, end = self._source(_STORE), 0, size
            self._used = end
            return self._store[start:end]
