"""The form of a bundle: the log as it is given to a partner or to the supervisor.

Files, in a directory or a zip:

- `manifest.json`: for whom it is, what it covers, and at which size of the log.
- `checkpoint`, `vkey`, and `policy` when there is one: the signed state, and who vouches for it.
- `tile/…`: the tree and ALL leaves (C2SP tlog-tiles). They tell nothing of what was recorded.
- `onthullingen.jsonl`: salt and payload of the lines that the receiver may see whole. Each can be
  checked against its leaf.
- `uittreksels.jsonl`: parts of lines that the receiver may see only in part. Those cannot.
- `onderwerp.sleutel`: the keys of one subject, hexadecimal, one a line. With them the receiver
  finds every line of that subject among all leaves, and so sees that none was left out.
- `bewijzen/<index>.tlog-proof`: for each disclosed line a proof that stands alone.
- `anker/…`: checkpoints with the signatures of witnesses and the stamps over them.
- `LEESMIJ.txt`.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from audit.entry import SALT_SIZE, Leaf, canonical, commitment
from audit.errors import BundleError, EntryError, NoteError
from audit.note import decode_base64, encode_base64

MANIFEST = "manifest.json"
DISCLOSURES = "onthullingen.jsonl"
EXTRACTS = "uittreksels.jsonl"
SUBJECT_KEY = "onderwerp.sleutel"
POLICY = "policy"
PROOFS = "bewijzen"
ANCHORS = "anker"
README = "LEESMIJ.txt"
FORM = "sluis-bundel"
VERSION = 1

_KEY = re.compile(r"[0-9a-f]{64}")
_TEXT_SIZE = 200


class Bereik(StrEnum):
    """What a bundle claims to disclose."""

    ALLES = "alles"
    """Every line whose payload is still there."""
    ONDERWERP = "onderwerp"
    """Every line of one subject, and no other."""
    ORGANISATIE = "organisatie"
    """What concerns one organisation; that it is complete cannot be proven."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a bundle tells of itself. `vernietigd` are ranges (first, last) without payload."""

    bereik: Bereik
    ontvanger: str
    gemaakt_op: str
    grootte: int
    vernietigd: tuple[tuple[int, int], ...] = ()

    def text(self) -> str:
        """Return it as the text of its file."""
        told = {
            "vorm": FORM,
            "versie": VERSION,
            "bereik": self.bereik.value,
            "ontvanger": self.ontvanger,
            "gemaakt_op": self.gemaakt_op,
            "grootte": self.grootte,
            "vernietigd": [list(each) for each in self.vernietigd],
        }
        return json.dumps(told, ensure_ascii=False, indent=2) + "\n"

    @classmethod
    def parse(cls, data: bytes) -> "Manifest":
        """Read the file.

        Raises:
            BundleError: It is not of this form.
        """
        told = parse_object(data, MANIFEST)
        if (told.get("vorm"), told.get("versie")) != (FORM, VERSION):
            raise BundleError(f"Het bestand {MANIFEST} is van een andere vorm of versie.")
        try:
            return cls(
                bereik=Bereik(told["bereik"]),
                ontvanger=_text(told["ontvanger"]),
                gemaakt_op=_text(told["gemaakt_op"]),
                grootte=_number(told["grootte"]),
                vernietigd=tuple(_range(each) for each in told["vernietigd"]),
            )
        except (KeyError, TypeError, ValueError):
            raise BundleError(
                f"Het bestand {MANIFEST} mist iets, of er staat iets vreemds."
            ) from None


def parse_object(data: bytes, where: str) -> dict[str, Any]:
    """Read a JSON object in which no member stands twice.

    Raises:
        BundleError: It is none; the sentence names where.
    """
    try:
        value = json.loads(data.decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise BundleError(f"{_capital(where)} is geen JSON, of iets staat er dubbel.") from None
    if not isinstance(value, dict):
        raise BundleError(f"{_capital(where)} is geen JSON-object.")
    return value


def extract_index(data: bytes, where: str) -> int:
    """Return which line of the log a line of the extracts is about.

    Raises:
        BundleError: It is no extract.
    """
    told = parse_object(data, where)
    index = told.get("regel")
    if type(index) is not int or index < 0 or not isinstance(told.get("inhoud"), dict):
        raise BundleError(f"{where}: regel of inhoud ontbreekt.")
    return index


def parse_keys(data: bytes, name: str) -> list[bytes]:
    """Read the keys of a subject.

    Raises:
        BundleError: A line is no key, or there is none.
    """
    rows = data.decode("ascii", "replace").splitlines()
    for number, row in enumerate(rows, start=1):
        if not _KEY.fullmatch(row):
            raise BundleError(f"Het bestand {name}, regel {number}: dit is geen sleutel.")
    if not rows:
        raise BundleError(f"Het bestand {name} is leeg: er staat geen sleutel in.")
    return [bytes.fromhex(row) for row in rows]


def ranges(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield rising numbers as ranges (first, last)."""
    first = last = -2
    for number in numbers:
        if number != last + 1:
            if first >= 0:
                yield first, last
            first = number
        last = number
    if first >= 0:
        yield first, last


def _unique(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a member stands twice")
    return found


def _capital(text: str) -> str:
    return text if text[:1].isupper() else f"Het bestand {text}"


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _TEXT_SIZE:
        raise ValueError("no text")
    return value


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 53:
        raise ValueError("no number")
    return value


def _range(value: object) -> tuple[int, int]:
    if not isinstance(value, list):
        raise TypeError("no range")
    first, last = (_number(each) for each in value)
    if first > last:
        raise ValueError("no range")
    return first, last


class Ranges:
    """Tells of rising numbers whether they lie in one of some ranges."""

    def __init__(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Take the ranges (first, last)."""
        self._left = sorted(ranges, reverse=True)

    def __contains__(self, number: int) -> bool:
        while self._left and self._left[-1][1] < number:
            self._left.pop()
        return bool(self._left) and self._left[-1][0] <= number


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """Salt and payload of one line."""

    index: int
    salt: bytes
    payload: Mapping[str, Any]

    def text(self) -> str:
        """Return it as a line of its file."""
        told = {
            "regel": self.index,
            "zout": encode_base64(self.salt),
            "inhoud": self.payload,
        }
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n"

    @classmethod
    def parse(cls, data: bytes, where: str) -> "Disclosure":
        """Read one line of the file.

        Raises:
            BundleError: It is no disclosure.
        """
        told = parse_object(data, where)
        index, payload, salt = told.get("regel"), told.get("inhoud"), told.get("zout")
        if type(index) is not int or index < 0 or not isinstance(payload, dict):
            raise BundleError(f"{where}: regel of inhoud ontbreekt.")
        try:
            decoded = decode_base64(str(salt))
        except NoteError:
            decoded = b""
        if len(decoded) != SALT_SIZE:
            raise BundleError(f"{where}: het zout is niet {SALT_SIZE} bytes lang.")
        return cls(index=index, salt=decoded, payload=payload)

    def fits(self, leaf: Leaf) -> bool:
        """Tell whether the leaf commits to this."""
        try:
            return commitment(self.salt, canonical(dict(self.payload))) == leaf.toezegging
        except EntryError:
            return False
