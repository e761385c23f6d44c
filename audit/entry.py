"""Entries and the canonical bytes that stand for them in the tree.

The leaf of an entry is canonical JSON with exactly these members:

    {"kenmerk":…,"op":"2026-11-20T09:00:00.000000Z","soort":…,"toezegging":…,"v":1}

`toezegging` is a commitment: base64url(SHA-256(salt || canonical payload)), without padding.
The leaf tells nothing of the payload; payload and salt lie beside it and can be destroyed
without breaking the tree. Members may only be added, with a default and a higher `v`; none
may ever be renamed, removed or given another meaning.

What belongs together shares the beginning of its kenmerk: the voornemen `<x>/voornemen` is
closed by a later `<x>/verstrekking`, `<x>/weigering`, `<x>/fout` or `<x>/onbepaald`. It
stands in the leaf, so it can be followed when the payload is gone.
"""

import base64
import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from audit.errors import EntryError
from audit.merkle import leaf_hash

SALT_SIZE = 16
"""Bytes of a salt: 128 bits, so that a commitment cannot be guessed back."""
MAX_PAYLOAD = 65_536
"""Bytes of canonical payload."""
MAX_DEPTH = 16
MAX_INT = 2**53 - 1
"""Largest integer that every JSON reader keeps exact (RFC 8785 section 3.2.2.3)."""


class Soort(StrEnum):
    """What an entry records."""

    VOORNEMEN = "voornemen"
    VERSTREKKING = "verstrekking"
    WEIGERING = "weigering"
    FOUT = "fout"
    ONBEPAALD = "onbepaald"
    WIJZIGING = "wijziging"
    TOETSING = "toetsing"
    INZAGE = "inzage"


CLOSING = frozenset({Soort.VERSTREKKING, Soort.WEIGERING, Soort.FOUT, Soort.ONBEPAALD})
"""What ends a voornemen."""

_KENMERK = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/~-]{0,199}")
_LEAF = re.compile(
    rb'\{"kenmerk":"([A-Za-z0-9][A-Za-z0-9._:/~-]{0,199})",'
    rb'"op":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)",'
    rb'"soort":"([a-z]{1,20})",'
    # The last of 43 characters carries four bits only.
    rb'"toezegging":"([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])",'
    rb'"v":1\}'
)
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing to record.

    `payload` is a JSON object of strings, integers, booleans, lists and objects. It never
    holds what was shared, nor an identifier in clear.
    """

    soort: Soort
    at: dt.datetime
    kenmerk: str
    payload: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """What the leaf of an entry says. `op` is UTC text of fixed width, so text order is time."""

    kenmerk: str
    op: str
    soort: Soort
    toezegging: str

    def encode(self) -> bytes:
        """Return the canonical bytes."""
        return (
            f'{{"kenmerk":"{self.kenmerk}","op":"{self.op}","soort":"{self.soort}",'
            f'"toezegging":"{self.toezegging}","v":1}}'
        ).encode()

    @classmethod
    def parse(cls, data: bytes) -> "Leaf":
        """Read the bytes of a leaf.

        Raises:
            EntryError: They are not the canonical bytes of a leaf.
        """
        match = _LEAF.fullmatch(data)
        if match is None:
            raise EntryError("De regel heeft niet de vaste vorm.")
        kenmerk, op, soort, toezegging = (group.decode() for group in match.groups())
        try:
            dt.datetime.fromisoformat(op)
            return cls(kenmerk=kenmerk, op=op, soort=Soort(soort), toezegging=toezegging)
        except ValueError:
            raise EntryError("De regel heeft een onbekende soort of een fout moment.") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An entry made ready to be written: all bytes are made and hashed."""

    leaf: Leaf
    data: bytes
    hash: bytes
    salt: bytes
    payload: bytes

    def moved(self, op: str) -> "Prepared":
        """Return the same entry at another moment."""
        leaf = Leaf(
            kenmerk=self.leaf.kenmerk,
            op=op,
            soort=self.leaf.soort,
            toezegging=self.leaf.toezegging,
        )
        data = leaf.encode()
        return Prepared(
            leaf=leaf, data=data, hash=leaf_hash(data), salt=self.salt, payload=self.payload
        )


def prepare(entry: Entry, salt: bytes) -> Prepared:
    """Make the bytes of an entry.

    Args:
        entry: What to record.
        salt: SALT_SIZE unguessable bytes, never used before.

    Raises:
        EntryError: Something cannot be recorded; the sentence tells what.
    """
    if len(salt) != SALT_SIZE:
        raise EntryError(f"Het zout is niet {SALT_SIZE} bytes lang.")
    if not _KENMERK.fullmatch(entry.kenmerk):
        raise EntryError("Het kenmerk is leeg, te lang of bevat vreemde tekens.")
    if needs_stem(entry.soort) and stem(entry.soort, entry.kenmerk) is None:
        raise EntryError(f"Het kenmerk van deze soort regel eindigt op /{entry.soort}.")
    payload = canonical(dict(entry.payload))
    if len(payload) > MAX_PAYLOAD:
        raise EntryError(f"De inhoud van de regel is groter dan {MAX_PAYLOAD} bytes.")
    leaf = Leaf(
        kenmerk=entry.kenmerk,
        op=format_moment(entry.at),
        soort=entry.soort,
        toezegging=commitment(salt, payload),
    )
    data = leaf.encode()
    return Prepared(leaf=leaf, data=data, hash=leaf_hash(data), salt=salt, payload=payload)


def needs_stem(soort: Soort) -> bool:
    """Tell whether this soort opens or closes something, so its kenmerk is `<x>/<soort>`."""
    return soort is Soort.VOORNEMEN or soort in CLOSING


def stem(soort: Soort, kenmerk: str) -> str | None:
    """Return `<x>` of a kenmerk `<x>/<soort>`; None when it has another form."""
    beginning = kenmerk.removesuffix(f"/{soort}")
    return None if beginning in ("", kenmerk) else beginning


def commitment(salt: bytes, payload: bytes) -> str:
    """Return the `toezegging`: it binds to the payload, and hides it while the salt is secret."""
    digest = hashlib.sha256(salt + payload).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def format_moment(at: dt.datetime) -> str:
    """Write a moment as UTC with microseconds.

    Raises:
        EntryError: The moment has no offset.
    """
    if at.utcoffset() is None:
        raise EntryError("Het moment heeft geen tijdzone.")
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_moment(op: str) -> dt.datetime:
    """Read the moment of a leaf, aware and in UTC."""
    return dt.datetime.fromisoformat(op)


def canonical(value: object) -> bytes:
    """Return canonical JSON: equal to RFC 8785 for all that is accepted here.

    Raises:
        EntryError: The value holds something else than strings, integers up to MAX_INT,
            booleans, lists, and objects with ASCII keys; or is nested deeper than MAX_DEPTH.
    """
    _check_value(value, MAX_DEPTH)
    try:
        return _encode(value).encode()
    except UnicodeEncodeError:
        raise EntryError("De inhoud bevat tekst die niet in UTF-8 past.") from None


def parse_canonical(data: bytes) -> dict[str, Any]:
    """Read a canonical JSON object.

    Raises:
        EntryError: The bytes are not canonical, or no object.
    """
    try:
        value = json.loads(data.decode())
    except (ValueError, RecursionError):
        raise EntryError("De inhoud is geen JSON.") from None
    # Double keys, other spacing and other spellings of a string do not survive the way back.
    if not isinstance(value, dict) or canonical(value) != data:
        raise EntryError("De inhoud staat niet in de vaste vorm.")
    return value


def _check_value(value: object, depth: int) -> None:
    if isinstance(value, str):
        return
    if isinstance(value, int):
        if not -MAX_INT <= value <= MAX_INT:
            raise EntryError("De inhoud bevat een te groot getal.")
        return
    if depth == 0:
        raise EntryError("De inhoud is te diep genest.")
    if isinstance(value, dict):
        _check_members(value, depth)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_value(item, depth - 1)
    else:
        raise EntryError("De inhoud bevat iets anders dan tekst, gehele getallen en ja of nee.")


def _check_members(members: dict[Any, Any], depth: int) -> None:
    for key, item in members.items():
        if not isinstance(key, str) or not key.isascii():
            raise EntryError("Een naam in de inhoud bevat andere tekens dan ASCII.")
        _check_value(item, depth - 1)
