"""The keys that wrap keys (KEK): files `<epoch>.key`, outside log and database.

Every data key of a log lies in its database, wrapped by the KEK of an epoch. Whatever is
shredded brings a new epoch: what remains is wrapped anew, and the file of the old epoch goes.
So an old copy of the database holds keys that nobody can unwrap any more.
"""

import re
import threading
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.disk import Disk
from audit.entry import KeyRow
from audit.errors import VaultError

KEY_SIZE = 32
NONCE_SIZE = 12
ID_SIZE = 16
"""Bytes of the id of a key, and of the tag of a subject."""
_NAME = re.compile(r"([1-9][0-9]{0,8})\.key")


class Keks:
    """A folder of KEKs. Safe to use from several threads.

    It may be shared by the nodes of one log; a KEK that another node made is found when it is
    asked for.
    """

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = folder
        self._disk = disk
        self._lock = threading.Lock()
        self._ciphers: dict[int, AESGCM] = {}

    @classmethod
    def open(cls, folder: Path, disk: Disk) -> "Keks":
        """Read the folder; it is made when it is not there.

        Raises:
            VaultError: A key is open to others, or is no key.
            OSError: The folder cannot be read.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        keks = cls(folder, disk)
        keks.read()
        return keks

    @property
    def newest(self) -> int:
        """The highest epoch of which there is a key; 0 when there is none."""
        return max(self._ciphers, default=0)

    def has(self, epoch: int) -> bool:
        """Tell whether there is a key of this epoch, also one that was made meanwhile."""
        if epoch not in self._ciphers:
            self.read()
        return epoch in self._ciphers

    def read(self) -> None:
        """Read the folder anew.

        Raises:
            VaultError, OSError: As `open`.
        """
        found = {}
        for path in self._folder.iterdir():
            match = _NAME.fullmatch(path.name)
            if match is not None:
                found[int(match[1])] = _load(path)
        with self._lock:
            self._ciphers = found

    def make(self, key: bytes) -> int:
        """Write the key of a next epoch, durably; return the epoch."""
        epoch = self.newest + 1
        target = self._folder / f"{epoch}.key"
        fresh = target.with_name(f".{target.name}.new")
        self._disk.write(fresh, key, private=True)
        self._disk.replace(fresh, target)
        self._disk.sync_directory(self._folder)
        with self._lock:
            self._ciphers = {**self._ciphers, epoch: AESGCM(key)}
        return epoch

    def remove_before(self, epoch: int) -> None:
        """Destroy the keys of all earlier epochs; a crash halfway is finished by a next call."""
        # Renamed first: nobody may read a file that is half overwritten.
        for path in sorted(self._folder.iterdir()):
            match = _NAME.fullmatch(path.name)
            if match is not None and int(match[1]) < epoch:
                self._disk.replace(path, path.with_name(f".{path.name}.old"))
        doomed = sorted(self._folder.glob(".*.key.old"))
        for path in doomed:
            self._disk.wipe(path)
        if doomed:
            self._disk.sync_directory(self._folder)
        self.forget_before(epoch)

    def forget_before(self, epoch: int) -> None:
        """Forget the keys of all earlier epochs; their files stay."""
        with self._lock:
            self._ciphers = {e: c for e, c in self._ciphers.items() if e >= epoch}

    def wrap(self, row: KeyRow, key: bytes, nonce: bytes) -> KeyRow:
        """Return the row with this key in it, wrapped by the KEK of the epoch of the row."""
        sealed = self._ciphers[row.epoch].encrypt(nonce, key, _bound(row))
        return row._replace(verpakt=nonce + sealed)

    def unwrap(self, row: KeyRow) -> bytes | None:
        """Return the key in a row; None when the KEK of its epoch is gone.

        Raises:
            VaultError: The row is not what was once wrapped.
        """
        if not self.has(row.epoch):
            return None
        try:
            return self._ciphers[row.epoch].decrypt(
                row.verpakt[:NONCE_SIZE], row.verpakt[NONCE_SIZE:], _bound(row)
            )
        except (InvalidTag, ValueError):
            raise VaultError("Een sleutel in de database is niet echt.") from None


def _bound(row: KeyRow) -> bytes:
    # A wrapped key cannot be put in the place of another.
    return row.id + row.onderwerp + row.maand.encode() + row.epoch.to_bytes(8, "big")


def _load(path: Path) -> AESGCM:
    if path.stat().st_mode & 0o077:
        raise VaultError("Een sleutel van de kluis is voor anderen leesbaar; geef mode 600.")
    key = path.read_bytes()
    if len(key) != KEY_SIZE:
        raise VaultError(f"Een sleutel van de kluis is niet {KEY_SIZE} bytes lang.")
    return AESGCM(key)
