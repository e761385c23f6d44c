"""The form of many lines at once: what makes checking a log a matter of microseconds a line.

A bundle is taken apart by one regular expression, which finds where things stand; what stands
there is then checked for all lines together. Whatever is not wholly in order gives None, and is
looked at line by line by whoever asked: here nothing is explained.
"""

import datetime as dt
import functools
import re
import struct
from typing import NamedTuple

from audit.entry import CLOSING, PAIRED, Soort

_LINES = re.compile(
    rb'(..)(\{"kenmerk":"(([^"]{0,199}/|)([^"/]{0,200}+))","merk":"(.{22})","op":"(.{26})Z",'
    rb'"soort":"([^"]{1,20}+)","toezegging":"(.{43})","v":2\})',
    re.DOTALL,
)
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_IN_BASE64 = _LETTERS + b"-_"
_IN_KENMERK = _LETTERS + b"._:/~-"
_DIGITS = b"0123456789"
MAX_KENMERK = 200
_OP = 26
"""Bytes of a moment up to its Z; its minute has _MINUTE of them."""
_MINUTE = 16
_SOORTEN = {soort.value.encode() for soort in Soort}
_PAIRED = {soort.value.encode() for soort in PAIRED}
VOORNEMEN = Soort.VOORNEMEN.value.encode()
VERSTREKKING = Soort.VERSTREKKING.value.encode()
ENDS = frozenset(soort.value.encode() for soort in CLOSING)


class Lines(NamedTuple):
    """Lines whose form is in order, column by column."""

    leaves: tuple[bytes, ...]
    kenmerken: tuple[bytes, ...]
    ops: tuple[bytes, ...]
    """Moments, without their Z."""
    soorten: tuple[bytes, ...]
    stems: tuple[bytes, ...]
    """What stands in a kenmerk before its last slash, with that slash."""


def read_lines(bundle: bytes, count: int) -> Lines | None:
    """Read a bundle of `count` lines; None when anything in it is not in order."""
    found = _LINES.findall(bundle)
    if len(found) != count:
        return None
    lengths, leaves, kenmerken, stems, names, merken, ops, soorten, toezeggingen = zip(
        *found, strict=True
    )
    sizes = [*map(len, leaves)]
    # No byte may lie between two lines, and each length must be that of its line.
    if sum(sizes) + 2 * count != len(bundle):
        return None
    if b"".join(lengths) != struct.pack(f">{count}H", *sizes):
        return None
    if not (
        _of_base64(b"".join(merken), 22, b"AQgw")
        and _of_base64(b"".join(toezeggingen), 43, b"AEIMQUYcgkosw048")
        and _are_kenmerken(kenmerken)
        and _are_soorten(soorten, stems, names)
        and _are_moments(ops)
    ):
        return None
    return Lines(leaves, kenmerken, ops, soorten, stems)


def _of_base64(joined: bytes, width: int, last: bytes) -> bool:
    # The last character of each carries fewer bits.
    ends = joined[width - 1 :: width]
    return not joined.translate(None, _IN_BASE64) and not ends.translate(None, last)


def _are_kenmerken(kenmerken: tuple[bytes, ...]) -> bool:
    firsts = b"".join([kenmerk[:1] for kenmerk in kenmerken])
    return (
        not b"".join(kenmerken).translate(None, _IN_KENMERK)
        and len(firsts) == len(kenmerken)
        and not firsts.translate(None, _LETTERS)
        and max(map(len, kenmerken)) <= MAX_KENMERK
    )


def _are_soorten(
    soorten: tuple[bytes, ...], stems: tuple[bytes, ...], names: tuple[bytes, ...]
) -> bool:
    if not set(soorten) <= _SOORTEN:
        return False
    if names == soorten and all(stems):
        # As our own doors write them.
        return True
    return all(
        soort not in _PAIRED or (name == soort and stem)
        for soort, stem, name in zip(soorten, stems, names, strict=True)
    )


def _are_moments(ops: tuple[bytes, ...]) -> bool:
    joined = b"".join(ops)
    if joined.translate(None, _DIGITS) != b"--T::." * len(ops):
        return False
    if joined[16::_OP].strip(b":") or joined[19::_OP].strip(b"."):
        return False
    if joined[17::_OP].translate(None, b"012345"):
        return False
    # Between two moments of one minute lie moments of that minute, if they are in order.
    return all(map(_is_minute, {op[:_MINUTE] for op in ops}))


@functools.lru_cache(maxsize=4096)
def _is_minute(text: bytes) -> bool:
    try:
        dt.datetime.strptime(text.decode(), "%Y-%m-%dT%H:%M").replace(tzinfo=dt.UTC)
    except ValueError:
        return False
    return True
