"""DER (X.690), as far as time stamps need it: a strict reader, and a few writers.

`cryptography.hazmat.asn1` maps whole types, but does not give back the exact bytes of a part.
Signatures and digests stand over exact bytes, so here every element keeps its own.

Strict: lengths are definite and as short as can be, nothing trails, and no tag is longer than
one byte. The depth is that of the types that callers spell out; nothing here calls itself.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from audit.errors import StampError

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OID: Final = 0x06
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31

_TRUE: Final = b"\xff"
_FALSE: Final = b"\x00"
_LONG: Final = 0x80
_MULTI_BYTE_TAG: Final = 0x1F
_MAX_LENGTH_BYTES: Final = 4
_MAX_INTEGER: Final = 64
"""Bytes of an integer: serial numbers have 20 at most, nonces are as long as their maker likes."""
# Seconds are there, a fraction ends in no zero, and the zone is UTC (RFC 3161 section 2.4.2).
_TIME: Final = re.compile(rb"(\d{14})(?:\.(\d{0,11}[1-9]))?Z")


def malformed() -> StampError:
    """Return the error for bytes that are not what they should be."""
    return StampError("Het tijdstempel is niet te lezen: het heeft niet de juiste vorm.")


def context(number: int, *, constructed: bool = True) -> int:
    """Return the tag [number]."""
    return 0x80 | (0x20 if constructed else 0) | number


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One tag with its content, and the bytes of both with the length between them."""

    tag: int
    body: bytes
    raw: bytes

    def children(self) -> list["Element"]:
        """Return the elements inside.

        Raises:
            StampError: The content is no row of elements.
        """
        found, rest = [], self.body
        while rest:
            element, rest = _split(rest)
            found.append(element)
        return found

    def fields(self, tag: int = SEQUENCE) -> "Fields":
        """Return the elements inside an element with this tag, to be taken in order.

        Raises:
            StampError: It has another tag, or its content is no row of elements.
        """
        return Fields(self.expect(tag).children())

    def only(self, tag: int) -> "Element":
        """Return the one element inside an element with this tag.

        Raises:
            StampError: It has another tag, or holds none or several.
        """
        children = self.expect(tag).children()
        if len(children) != 1:
            raise malformed()
        return children[0]

    def expect(self, tag: int) -> "Element":
        """Return this element.

        Raises:
            StampError: It has another tag.
        """
        if self.tag != tag:
            raise malformed()
        return self

    def integer(self, tag: int = INTEGER) -> int:
        """Return the number.

        Raises:
            StampError: It is none, is not written shortest, or is longer than any of ours.
        """
        body = self.expect(tag).body
        if not 0 < len(body) <= _MAX_INTEGER:
            raise malformed()
        padded = len(body) > 1 and (body[0], body[1] >> 7) in ((0, 0), (0xFF, 1))
        if padded:
            raise malformed()
        return int.from_bytes(body, signed=True)

    def boolean(self) -> bool:
        """Return the truth value.

        Raises:
            StampError: It is none.
        """
        body = self.expect(BOOLEAN).body
        if body not in (_TRUE, _FALSE):
            raise malformed()
        return body == _TRUE

    def oid(self) -> str:
        """Return the object identifier with dots.

        Raises:
            StampError: It is none.
        """
        body = self.expect(OID).body
        if not body or body[-1] & 0x80:
            raise malformed()
        arcs, value, fresh = [], 0, True
        for byte in body:
            if fresh and byte == _LONG:
                raise malformed()
            value, fresh = value << 7 | byte & 0x7F, not byte & 0x80
            if fresh:
                arcs.append(value)
                value = 0
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))

    def time(self) -> dt.datetime:
        """Return the moment, to the microsecond, in UTC.

        Raises:
            StampError: It is none, or is not written as RFC 3161 wants it.
        """
        match = _TIME.fullmatch(self.expect(GENERALIZED_TIME).body)
        if match is None:
            raise malformed()
        seconds, fraction = match[1].decode(), (match[2] or b"").decode()
        try:
            moment = dt.datetime.strptime(f"{seconds}+0000", "%Y%m%d%H%M%S%z")
        except ValueError:
            raise malformed() from None
        return moment.replace(microsecond=int(fraction[:6].ljust(6, "0")))


class Fields:
    """The elements of a SEQUENCE, taken one after the other."""

    def __init__(self, elements: Sequence[Element]) -> None:
        """Start at the first."""
        self._elements = list(elements)

    def take(self, *tags: int) -> Element:
        """Return the next element; without tags any one will do.

        Raises:
            StampError: There is none, or it has another tag.
        """
        if not self._elements or (tags and self._elements[0].tag not in tags):
            raise malformed()
        return self._elements.pop(0)

    def maybe(self, tag: int) -> Element | None:
        """Return the next element when it has this tag, else None."""
        if self._elements and self._elements[0].tag == tag:
            return self._elements.pop(0)
        return None

    def end(self) -> None:
        """Check that nothing is left.

        Raises:
            StampError: Something is.
        """
        if self._elements:
            raise malformed()


def read(data: bytes) -> Element:
    """Read one element that takes up all of these bytes.

    Raises:
        StampError: It is not DER, or something trails.
    """
    element, rest = _split(data)
    if rest:
        raise StampError("Achter het tijdstempel staan nog bytes; het is niet te vertrouwen.")
    return element


def write(tag: int, *parts: bytes) -> bytes:
    """Return an element with these parts as its content."""
    body = b"".join(parts)
    size = len(body)
    if size < _LONG:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, _LONG | len(length)]) + length + body


def write_integer(number: int) -> bytes:
    """Return a number that is not negative, written shortest."""
    return write(INTEGER, number.to_bytes(number.bit_length() // 8 + 1))


def write_set(elements: Sequence[Element]) -> bytes:
    """Return the SET OF these elements, in the order that DER gives them."""
    return write(SET, *sorted(element.raw for element in elements))


def _split(data: bytes) -> tuple[Element, bytes]:
    if len(data) < 2 or data[0] & _MULTI_BYTE_TAG == _MULTI_BYTE_TAG:  # noqa: PLR2004 - tag, length
        raise malformed()
    start, size = 2, data[1]
    if size >= _LONG:
        count = size & 0x7F
        start, size = 2 + count, int.from_bytes(data[2 : 2 + count])
        shortest = (size.bit_length() + 7) // 8
        if not 0 < count <= _MAX_LENGTH_BYTES or size < _LONG or count != shortest:
            raise malformed()
    end = start + size
    if end > len(data):
        raise StampError("Het tijdstempel is afgekapt: er ontbreken bytes.")
    return Element(tag=data[0], body=data[start:end], raw=data[:end]), data[end:]
