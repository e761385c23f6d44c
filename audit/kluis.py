"""The vault: seals payloads, marks subjects, and makes what a line can be found by.

Every key below is 32 random bytes, wrapped by a KEK (see `kek`) in a row of the ledger:

- K_index, one for a log: makes the tag of a subject and the words for searching;
- K_subject, one for a subject: makes the marks of its lines;
- a data key for each subject and month, and for each month without a subject: seals payloads.

Without its row, or without the KEK of that row, what a key sealed is gone. Two nodes may each
make a key for the same subject and month, so who reads tries all.
"""

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.chance import Chance
from audit.entry import MARK_SIZE, SALT_SIZE, SUBJECT, KeyRow, unpadded
from audit.errors import VaultError
from audit.kek import ID_SIZE, KEY_SIZE, NONCE_SIZE, Keks

NOBODY: Final = bytes(ID_SIZE)
"""The tag of no subject."""
INDEX: Final = "index"
"""What stands in the place of the month of K_index."""
OF_SUBJECT: Final = ""
"""What stands in the place of the month of a K_subject."""
WORDS: Final = (
    SUBJECT,
    "zaak",
    "gronden",
    "gebruiker",
    "organisatie",
    "bron",
    "uitkomst",
    "grondslag",
    "wat",
)
"""The members of a payload that a line can be found by, those with the fewest lines first."""
_BLOCK: Final = 64
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))
_CACHED: Final = 20_000
"""Keys that are kept ready."""

FindKeys = Callable[[bytes, str], Sequence[KeyRow]]
"""Gives the rows of the keys of a subject and month; see `Ledger.keys`."""
Payload = tuple[bytes, bytes]
"""Salt and canonical payload."""


class Mac:
    """HMAC-SHA256 under one key, with the work on the key done once."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        # RFC 2104; `hmac.copy` does the same, and takes twice as long.
        block = key.ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(block.translate(_INNER))
        self._outer = hashlib.sha256(block.translate(_OUTER))

    def of(self, message: bytes) -> bytes:
        """Return the code of a message."""
        inner = self._inner.copy()
        inner.update(message)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()


class Seal:
    """A key that is ready for use. `fresh` is its row until that is known to be stored."""

    __slots__ = ("cipher", "fresh", "id", "mac")

    def __init__(self, row: KeyRow, key: bytes, *, stored: bool) -> None:
        self.id = row.id
        self.cipher = AESGCM(key)
        self.mac = Mac(key)
        self.fresh: tuple[KeyRow, ...] = () if stored else (row,)


def index_row(keks: Keks, epoch: int, random_bytes: Callable[[int], bytes]) -> KeyRow:
    """Make the K_index of a new log."""
    row = KeyRow(random_bytes(ID_SIZE), NOBODY, INDEX, epoch, b"")
    return keks.wrap(row, random_bytes(KEY_SIZE), random_bytes(NONCE_SIZE))


def mark_of(mac: Mac, kenmerk: str) -> str:
    """Return the mark of a line of the subject whose key this is."""
    return unpadded(mac.of(kenmerk.encode())[:MARK_SIZE])


def seal(cipher: AESGCM, nonce: bytes, kenmerk: str, payload: Payload) -> bytes:
    """Return the zegel of salt and payload; it opens for this kenmerk only."""
    salt, data = payload
    return nonce + cipher.encrypt(nonce, salt + data, kenmerk.encode())


def words_of(payload: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the name and value of all that a line with this payload can be found by."""
    return [(name, item) for name in WORDS for item in strings(payload.get(name))]


def strings(value: object) -> list[str]:
    """Return a string by itself, or the strings in a list; nothing of anything else."""
    items = value if isinstance(value, list | tuple) else (value,)
    return [item for item in items if isinstance(item, str)]


class Kluis:
    """The vault of one log. Safe to use from several threads."""

    def __init__(
        self, keks: Keks, find: FindKeys, *, kek: int, random_bytes: Callable[[int], bytes]
    ) -> None:
        """Open the vault of a log.

        Args:
            keks: The keys that wrap.
            find: Finds the rows of keys in the ledger.
            kek: The epoch that the head of the log tells.
            random_bytes: Gives unguessable bytes.

        Raises:
            VaultError: The KEK of that epoch is not there, or K_index is not.
        """
        if not keks.has(kek):
            raise VaultError("De sleutel van de kluis die bij dit logboek hoort, ontbreekt.")
        self.kek = kek
        """The epoch under which keys are taken and made."""
        self.keks = keks
        self._find = find
        self._random = Chance(random_bytes)
        self._making = threading.Lock()
        self._ready: dict[tuple[bytes, str], Seal] = {}
        self._opened = lru_cache(_CACHED)(self._unwrapped)
        rows = find(NOBODY, INDEX)
        key = keks.unwrap(rows[0]) if rows else None
        if key is None:
            raise VaultError("De zoeksleutel van het logboek ontbreekt.")
        self._index = Mac(key)
        self.tag = lru_cache(_CACHED)(self._tag)
        """Gives the tag of a subject: 16 bytes that tell nothing without K_index."""
        self.token = lru_cache(4 * _CACHED)(self._token)
        """Gives the number under which lines with this name and value are found."""

    def tokens(self, payload: Mapping[str, object]) -> tuple[int, ...]:
        """Return the numbers of all words of a payload, none twice."""
        token, found = self.token, []
        for name in WORDS:
            value = payload.get(name)
            if type(value) is str:
                found.append(token(name, value))
            elif value:
                found += [token(name, item) for item in dict.fromkeys(strings(value))]
        return tuple(found)

    def key(self, subject: str | None, month: str) -> Seal:
        """Return the key of a subject and month; made when there is none yet."""
        onderwerp = NOBODY if subject is None else self.tag(subject)
        return self._ready.get((onderwerp, month)) or self._take(onderwerp, month)

    def new_key(self, onderwerp: bytes, month: str, epoch: int) -> Seal:
        """Make a key that nobody else will use unless it is stored."""
        row = KeyRow(self._random(ID_SIZE), onderwerp, month, epoch, b"")
        key = self._random(KEY_SIZE)
        return Seal(self.keks.wrap(row, key, self._random(NONCE_SIZE)), key, stored=False)

    def new_kek(self) -> int:
        """Make a KEK of a next epoch, durably; `turn_to` it once the ledger has."""
        return self.keks.make(self._random(KEY_SIZE))

    def mark(self, subject: str | None, kenmerk: str) -> tuple[str, tuple[KeyRow, ...]]:
        """Return the blinded mark of a line, and its key when that may not be stored yet."""
        if subject is None:
            # A mark under a key that is thrown away is chance.
            return unpadded(self._random(MARK_SIZE)), ()
        key = self.key(subject, OF_SUBJECT)
        return mark_of(key.mac, kenmerk), key.fresh

    def subject_keys(self, subject: str) -> list[bytes]:
        """Return each K_subject of a subject; whoever has them can tell its lines (`mark_of`)."""
        rows = self._find(self.tag(subject), OF_SUBJECT)
        return [key for key in map(self.keks.unwrap, rows) if key is not None]

    def seal(self, key: Seal, kenmerk: str, payload: Payload) -> bytes:
        """Return the zegel of salt and payload."""
        return seal(key.cipher, self._random(NONCE_SIZE), kenmerk, payload)

    def unseal(self, row: KeyRow | None, zegel: bytes | None, kenmerk: str) -> Payload | None:
        """Return salt and payload; None when they were destroyed.

        Raises:
            VaultError: It is not what was once sealed for this kenmerk.
        """
        key = None if row is None or zegel is None else self._opened(row)
        if key is None or zegel is None:
            return None
        try:
            data = key.cipher.decrypt(zegel[:NONCE_SIZE], zegel[NONCE_SIZE:], kenmerk.encode())
        except (InvalidTag, ValueError):
            raise VaultError("De inhoud van een regel is veranderd of beschadigd.") from None
        return data[:SALT_SIZE], data[SALT_SIZE:]

    def stored(self, keys: Iterable[KeyRow]) -> None:
        """Take note that the rows of these keys are on disk."""
        for row in keys:
            key = self._ready.get((row.onderwerp, row.maand))
            if key is not None and key.id == row.id:
                key.fresh = ()

    def rewrap(self, row: KeyRow, epoch: int) -> KeyRow | None:
        """Return a row wrapped by the KEK of another epoch; None when nobody can unwrap it.

        Raises:
            VaultError: The row is not what was once wrapped.
        """
        key = self.keks.unwrap(row)
        if key is None:
            return None
        return self.keks.wrap(row._replace(epoch=epoch), key, self._random(NONCE_SIZE))

    def turn_to(self, kek: int) -> None:
        """Go over to another epoch, and forget every key that is held in memory.

        The files of older KEKs stay: whoever made the epoch destroys them.

        Raises:
            VaultError: There is no KEK of that epoch here.
        """
        if not self.keks.has(kek):
            raise VaultError("De nieuwe sleutel van de kluis is hier niet.")
        with self._making:
            # In this order: who reads the new epoch must not find an old key.
            self._ready = {}
            self.kek = kek
            self._opened.cache_clear()
            self.keks.forget_before(kek)

    def _take(self, onderwerp: bytes, month: str) -> Seal:
        with self._making:
            # Another thread may have been here meanwhile.
            key = self._ready.get((onderwerp, month))
            if key is None:
                rows = self._find(onderwerp, month)
                key = next((k for k in map(self._opened, rows) if k is not None), None)
                key = key or self.new_key(onderwerp, month, self.kek)
                if len(self._ready) >= _CACHED:
                    self._ready.pop(next(iter(self._ready)))
                self._ready[onderwerp, month] = key
        return key

    def _unwrapped(self, row: KeyRow) -> Seal | None:
        key = self.keks.unwrap(row)
        return None if key is None else Seal(row, key, stored=True)

    def _tag(self, subject: str) -> bytes:
        return self._index.of(f"onderwerp:{subject}".encode())[:ID_SIZE]

    def _token(self, name: str, value: str) -> int:
        return int.from_bytes(self._index.of(f"{name}:{value}".encode())[:8], "big") >> 1
