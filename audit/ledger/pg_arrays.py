"""Columns as arrays of PostgreSQL, packed at once.

psycopg packs an array value by value, and that took more time than all other work of a batch,
while the head is held. The form is that of `array_send`: dimensions, has-nulls, type of the
elements, length, lower bound, and then each element after its size.
"""

import struct
from collections.abc import Sequence
from typing import Final

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

_BYTEA, _INT8, _TEXT = 17, 20, 25
_HEADER: Final = struct.Struct(">iiiii").pack
_EMPTY: Final = struct.Struct(">iii").pack
_SIZE: Final = struct.Struct(">i").pack


class Bytes(bytes):
    """A bytea[]."""

    __slots__ = ()

    @classmethod
    def of(cls, values: Sequence[bytes]) -> "Bytes":
        """Pack values."""
        return cls(_pack(_BYTEA, values))


class Texts(bytes):
    """A text[]."""

    __slots__ = ()

    @classmethod
    def of(cls, values: Sequence[str]) -> "Texts":
        """Pack values."""
        return cls(_pack(_TEXT, [value.encode() for value in values]))


class Ints(bytes):
    """A bigint[]."""

    __slots__ = ()

    @classmethod
    def of(cls, values: Sequence[int]) -> "Ints":
        """Pack values."""
        count = len(values)
        if not count:
            return cls(_EMPTY(0, 0, _INT8))
        flat = [8] * (2 * count)
        flat[1::2] = values
        return cls(_HEADER(1, 0, _INT8, count, 1) + struct.pack(">" + "iq" * count, *flat))


def _pack(kind: int, values: Sequence[bytes]) -> bytes:
    if not values:
        return _EMPTY(0, 0, kind)
    header = _HEADER(1, 0, kind, len(values), 1)
    sizes = set(map(len, values))
    if len(sizes) == 1:
        # All of one size, as hashes are: the same bytes stand before each.
        size = _SIZE(sizes.pop())
        return header + size + size.join(values)
    return header + b"".join([part for value in values for part in (_SIZE(len(value)), value)])


class _Packed(Dumper):
    format = Format.BINARY

    def dump(self, obj: bytes) -> bytes:  # type: ignore[explicit-override]
        return obj


class _BytesDumper(_Packed):
    oid = 1001


class _TextsDumper(_Packed):
    oid = 1009


class _IntsDumper(_Packed):
    oid = 1016


psycopg.adapters.register_dumper(Bytes, _BytesDumper)
psycopg.adapters.register_dumper(Texts, _TextsDumper)
psycopg.adapters.register_dumper(Ints, _IntsDumper)
