"""Entry bundles of C2SP tlog-tiles: up to 256 entries in one file, each after its length.

An entry is `uint16 length || bytes`, big-endian, so it has at most 65,535 bytes. Reading is
strict: a bundle holds exactly the entries that it should, and no byte more.
"""

import struct
from collections.abc import Sequence

from audit.errors import TileError

MAX_ENTRY = 65_535
"""Bytes of an entry; its length is written in two."""
LENGTH_SIZE = 2


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Return the bytes of a bundle.

    Raises:
        TileError: An entry is longer than MAX_ENTRY.
    """
    try:
        pack = struct.Struct(">H").pack
        return b"".join([part for entry in entries for part in (pack(len(entry)), entry)])
    except struct.error:
        raise TileError(f"Een regel is langer dan {MAX_ENTRY} bytes.") from None


def parse_bundle(data: bytes, count: int, file: str) -> list[bytes]:
    """Return the entries of a bundle.

    Args:
        data: The bytes of the file.
        count: How many entries there must be, at least 1.
        file: The name of the file, for the sentence.

    Raises:
        TileError: The bundle is cut off, too long or empty; the sentence names the byte.
    """
    entries = []
    place, end = 0, len(data)
    for _ in range(count):
        start = place + LENGTH_SIZE
        # A slice past the end is short, so the length is then too small; `end` tells.
        place = start + int.from_bytes(data[start - LENGTH_SIZE : start])
        if start > end or place > end:
            _refuse(data, end, file)
        entries.append(data[start:place])
    if place != end:
        raise TileError(f"Het bestand {file} heeft bytes te veel, vanaf byte {place}.")
    return entries


def _refuse(data: bytes, end: int, file: str) -> None:
    if not data:
        raise TileError(f"Het bestand {file} is leeg: er staat niets op byte 0.")
    raise TileError(f"Het bestand {file} is afgekapt bij byte {end}.")
