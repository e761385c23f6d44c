"""What the tests of the vault share: a ledger of keys in memory, and a vault over it."""

import itertools
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from audit.disk import Disk
from audit.entry import KeyRow
from audit.kek import KEY_SIZE, Keks
from audit.kluis import Kluis, index_row


def chance(seed: str = "") -> Callable[[int], bytes]:
    """Return a source of bytes that are always the same, and never twice."""
    numbers = itertools.count()

    def random_bytes(size: int) -> bytes:
        found = b""
        while len(found) < size:
            found += sha256(f"{seed}{next(numbers)}".encode()).digest()
        return found[:size]

    return random_bytes


class Rows(list[KeyRow]):
    """Rows of keys, found as a ledger does."""

    def find(self, onderwerp: bytes, maand: str) -> list[KeyRow]:
        """Return the keys of a subject and a month."""
        return [row for row in self if (row.onderwerp, row.maand) == (onderwerp, maand)]


def a_kluis(folder: Path, rows: Rows, seed: str = "") -> Kluis:
    """Return a vault over these rows; makes KEK and K_index when there are none."""
    random_bytes = chance(seed)
    keks = Keks.open(folder, Disk())
    epoch = keks.newest or keks.make(random_bytes(KEY_SIZE))
    if not rows:
        rows.append(index_row(keks, epoch, random_bytes))
    return Kluis(keks, rows.find, kek=epoch, random_bytes=random_bytes)
