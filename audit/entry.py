"""Entries and the canonical bytes that stand for them in the tree.

The leaf of an entry is canonical JSON with exactly these members:

    {"kenmerk":…,"merk":…,"op":"2026-11-20T09:00:00.000000Z","soort":…,"toezegging":…,"v":2}

`kenmerk` is opaque: `<id>/<number>/<soort>` or `<id>/<soort>`, without organisation or person.
`merk` is the blinded mark of the subject: whoever has the key of a subject sees its lines, and
nobody else sees which lines belong together. A line without a subject has a mark of the same
form that nobody can recognise. `toezegging` is a commitment: base64url(SHA-256(salt || canonical
payload)). Both are base64url without padding.

The leaf tells nothing of the payload; payload and salt lie sealed beside it and can be destroyed
without breaking the tree. Members may only be added, with a higher `v`; none may ever be
renamed, removed or given another meaning.

What belongs together shares the beginning of its kenmerk: the voornemen `<x>/voornemen` is
closed by a later `<x>/verstrekking`, `<x>/weigering`, `<x>/fout` or `<x>/onbepaald`. It
stands in the leaf, so it can be followed when the payload is gone.
"""

import datetime as dt
import hashlib
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from audit.errors import EntryError
from audit.merkle import leaf_hash

SALT_SIZE = 16
"""Bytes of a salt: 128 bits, so that a commitment cannot be guessed back."""
MARK_SIZE = 16
"""Bytes of a blinded mark."""
MAX_PAYLOAD = 65_536
"""Bytes of canonical payload."""
MAX_DEPTH = 16
MAX_INT = 2**53 - 1
"""Largest integer that every JSON reader keeps exact (RFC 8785 section 3.2.2.3)."""
SUBJECT = "sleutel"
"""The member of a payload that names its subject, by pseudonym."""


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
    VERNIETIGING = "vernietiging"


CLOSING = frozenset({Soort.VERSTREKKING, Soort.WEIGERING, Soort.FOUT, Soort.ONBEPAALD})
"""What ends a voornemen."""
PAIRED = CLOSING | {Soort.VOORNEMEN}
"""What opens or closes something, so its kenmerk is `<x>/<soort>`."""

_KENMERK = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/~-]{0,199}")
_LEAF = re.compile(
    rb'\{"kenmerk":"([A-Za-z0-9][A-Za-z0-9._:/~-]{0,199})",'
    # The last of 22 characters carries two bits only, the last of 43 four.
    rb'"merk":"([A-Za-z0-9_-]{21}[AQgw])",'
    rb'"op":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)",'
    rb'"soort":"([a-z]{1,20})",'
    rb'"toezegging":"([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])",'
    rb'"v":2\}'
)


@dataclass(slots=True, kw_only=True)
class Entry:
    """One thing to record. Not to be changed once it was handed in.

    `payload` is a JSON object of strings, integers, booleans, lists and objects. It never
    holds what was shared, nor an identifier in clear. An entry about a `subject` is sealed
    with keys of its own; its payload names the subject as `sleutel`, which is added when it
    is not there.
    """

    soort: Soort
    at: dt.datetime
    kenmerk: str
    payload: Mapping[str, object] = field(repr=False)
    subject: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """What the leaf of an entry says. `op` is UTC text of fixed width, so text order is time."""

    kenmerk: str
    merk: str
    op: str
    soort: Soort
    toezegging: str

    def encode(self) -> bytes:
        """Return the canonical bytes."""
        return encode_leaf(self.kenmerk, self.merk, self.op, self.soort, self.toezegging)

    @classmethod
    def parse(cls, data: bytes) -> "Leaf":
        """Read the bytes of a leaf.

        Raises:
            EntryError: They are not the canonical bytes of a leaf.
        """
        match = _LEAF.fullmatch(data)
        if match is None:
            raise EntryError("De regel heeft niet de vaste vorm.")
        kenmerk, merk, op, soort, toezegging = (group.decode() for group in match.groups())
        try:
            dt.datetime.fromisoformat(op)
            return cls(kenmerk=kenmerk, merk=merk, op=op, soort=Soort(soort), toezegging=toezegging)
        except ValueError:
            raise EntryError("De regel heeft een onbekende soort of een fout moment.") from None


class KeyRow(NamedTuple):
    """A data key as it is stored: wrapped by the key of an epoch."""

    id: bytes
    onderwerp: bytes
    """The tag of the subject; zeros when there is none."""
    maand: str
    """`YYYY-MM`; empty for the key that makes the marks of a subject."""
    epoch: int
    verpakt: bytes


@dataclass(slots=True, kw_only=True)
class Prepared:
    """An entry made ready to be written: all bytes are made, hashed and sealed."""

    soort: Soort
    kenmerk: str
    op: str
    merk: str
    toezegging: str
    data: bytes
    """The leaf."""
    hash: bytes
    salt: bytes = field(repr=False)
    payload: bytes = field(repr=False)
    """Canonical, in clear; is never stored."""
    subject: str | None = field(repr=False)
    sleutel: bytes
    """Id of the key that seals it."""
    zegel: bytes
    """Salt and payload, sealed."""
    words: tuple[int, ...]
    """What it can be found by."""
    keys: tuple[KeyRow, ...] = ()
    """The keys that it needs and that may not be stored yet."""
    kek: int = 0
    """The epoch under which its keys were taken; when that has passed, seal it anew."""

    def move(self, op: str) -> None:
        """Give it another moment, of the same month."""
        self.op = op
        self.data = encode_leaf(self.kenmerk, self.merk, op, self.soort, self.toezegging)
        self.hash = leaf_hash(self.data)


def encode_leaf(kenmerk: str, merk: str, op: str, soort: str, toezegging: str) -> bytes:
    """Return the canonical bytes of a leaf."""
    return (
        f'{{"kenmerk":"{kenmerk}","merk":"{merk}","op":"{op}","soort":"{soort}",'
        f'"toezegging":"{toezegging}","v":2}}'
    ).encode()


def check_entry(entry: Entry) -> None:
    """Check what the leaf of an entry tells in clear.

    Raises:
        EntryError: It cannot be recorded; the sentence tells why.
    """
    if not _KENMERK.fullmatch(entry.kenmerk):
        raise EntryError("Het kenmerk is leeg, te lang of bevat vreemde tekens.")
    if entry.soort in PAIRED and stem(entry.soort, entry.kenmerk) is None:
        raise EntryError(f"Het kenmerk van deze soort regel eindigt op /{entry.soort}.")


def payload_of(entry: Entry) -> tuple[Mapping[str, object], bytes]:
    """Return the payload with its subject, and its canonical bytes.

    Raises:
        EntryError: It has no canonical form, is too large, or names another subject.
    """
    members, subject = entry.payload, entry.subject
    named = members.get(SUBJECT)
    if named != subject:
        if named is not None:
            raise EntryError("De inhoud noemt een andere betrokkene dan de regel.")
        if not subject:
            raise EntryError("De betrokkene van de regel is leeg.")
        members = {**members, SUBJECT: subject}
    data = canonical(members if type(members) is dict else dict(members))
    if len(data) > MAX_PAYLOAD:
        raise EntryError(f"De inhoud van de regel is groter dan {MAX_PAYLOAD} bytes.")
    return members, data


def needs_stem(soort: Soort) -> bool:
    """Tell whether this soort opens or closes something, so its kenmerk is `<x>/<soort>`."""
    return soort in PAIRED


def stem(soort: str, kenmerk: str) -> str | None:
    """Return `<x>` of a kenmerk `<x>/<soort>`; None when it has another form."""
    beginning = kenmerk.removesuffix(f"/{soort}")
    return None if beginning in ("", kenmerk) else beginning


def commitment(salt: bytes, payload: bytes) -> str:
    """Return the `toezegging`: it binds to the payload, and hides it while the salt is secret."""
    return unpadded(hashlib.sha256(salt + payload).digest())


def unpadded(data: bytes) -> str:
    """Write as base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def format_moment(at: dt.datetime) -> str:
    """Write a moment as UTC with microseconds.

    Raises:
        EntryError: The moment has no offset.
    """
    if at.tzinfo is not dt.UTC:
        if at.utcoffset() is None:
            raise EntryError("Het moment heeft geen tijdzone.")
        at = at.astimezone(dt.UTC)
    return f"{at.isoformat(timespec='microseconds')[:-6]}Z"


def parse_moment(op: str) -> dt.datetime:
    """Read the moment of a leaf, aware and in UTC."""
    return dt.datetime.fromisoformat(op)


def canonical(value: object) -> bytes:
    """Return canonical JSON: equal to RFC 8785 for all that is accepted here.

    Raises:
        EntryError: The value holds something else than strings, integers up to MAX_INT,
            booleans, lists, and objects with ASCII keys; or is nested deeper than MAX_DEPTH.
    """
    try:
        return _write(value, MAX_DEPTH).encode()
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


def _write(value: object, depth: int) -> str:
    """Check and write in one pass."""
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, int):
        return _write_int(value)
    if depth == 0:
        raise EntryError("De inhoud is te diep genest.")
    if isinstance(value, dict):
        return "{" + ",".join(_members(value, depth - 1)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join([_write(item, depth - 1) for item in value]) + "]"
    raise EntryError("De inhoud bevat iets anders dan tekst, gehele getallen en ja of nee.")


def _members(members: dict[Any, Any], depth: int) -> list[str]:
    try:
        names = sorted(members)
    except TypeError:
        names = list(members)
    written = []
    for name in names:
        item = members[name]
        # Most are strings; to call for each of those takes longer than the work itself.
        text = encode_basestring(item) if type(item) is str else _write(item, depth)
        written.append(f"{_name(name)}:{text}")
    return written


@lru_cache(maxsize=1024)
def _name(key: object) -> str:
    if not isinstance(key, str) or not key.isascii():
        raise EntryError("Een naam in de inhoud bevat andere tekens dan ASCII.")
    return encode_basestring(key)


def _write_int(value: int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not -MAX_INT <= value <= MAX_INT:
        raise EntryError("De inhoud bevat een te groot getal.")
    return int.__repr__(value)
