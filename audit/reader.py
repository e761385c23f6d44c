"""Reading a log that another process may have open: what its lines say, by their kenmerk."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, Self

from audit.disk import Disk
from audit.entry import parse_canonical
from audit.errors import AuditError, LogReadError, describe
from audit.kek import Keks
from audit.kluis import Kluis
from audit.ledger.sqlite import SqliteReader


class Reader:
    """A log in one SQLite file, to read only. Close it when done."""

    def __init__(self, ledger: SqliteReader, kluis: Kluis) -> None:
        """Take over what `open` made; use `open`."""
        self._ledger = ledger
        self._kluis = kluis

    @classmethod
    def open(cls, directory: Path, kluis: Path) -> Self:
        """Open a log with the keys of its vault; nothing is changed, not even made.

        Raises:
            LogReadError: There is no log, it cannot be read, or the vault is not its vault.
        """
        disk = Disk()
        try:
            ledger = SqliteReader.open(disk, directory)
        except sqlite3.Error:
            raise LogReadError("In deze map staat geen logboek.") from None
        try:
            head = ledger.head()
            keks = Keks(kluis, disk)
            keks.read()
            kek = 0 if head is None else head.kek
            return cls(ledger, Kluis(keks, ledger.keys, kek=kek, random_bytes=_no_chance))
        except (OSError, sqlite3.Error, AuditError) as error:
            ledger.close()
            told = error if isinstance(error, AuditError) else f"{describe(error)}."
            raise LogReadError(f"Het logboek is niet te lezen. {told}") from error

    def payloads(self, kenmerken: Sequence[str]) -> dict[str, dict[str, Any] | None]:
        """Return the payload of each line with one of these kenmerken; None once destroyed.

        Raises:
            LogReadError: The log cannot be read.
            VaultError: What is sealed was meddled with.
        """
        try:
            known = self._ledger.known(kenmerken)
        except sqlite3.Error as error:
            raise LogReadError(f"Het logboek is niet te lezen: {describe(error)}.") from error
        found: dict[str, dict[str, Any] | None] = {}
        for kenmerk, line in known.items():
            payload = self._kluis.unseal(line.key, line.zegel, kenmerk)
            found[kenmerk] = None if payload is None else parse_canonical(payload[1])
        return found

    def close(self) -> None:
        """Let go."""
        self._ledger.close()


def _no_chance(_size: int) -> NoReturn:
    raise LogReadError("Wie alleen leest, maakt geen sleutels.")
