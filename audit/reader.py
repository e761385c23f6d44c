"""Reading a log that another process may have open: what its lines say, by their kenmerk."""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, Protocol, Self

from audit.disk import Disk
from audit.entry import KeyRow, parse_canonical
from audit.errors import AuditError, LogReadError, describe
from audit.kek import Keks
from audit.kluis import Kluis
from audit.ledger import Head, Known
from audit.ledger.sqlite import SqliteReader


class Readable(Protocol):
    """The little of a ledger that is needed here; see `Ledger`."""

    failures: tuple[type[Exception], ...]

    def head(self) -> Head | None:
        """Return the head."""

    def keys(self, onderwerp: bytes | None, maand: str | None) -> list[KeyRow]:
        """Return the keys of a subject and a month."""

    def known(self, kenmerken: Sequence[str]) -> Mapping[str, Known]:
        """Return what kenmerken stand for."""

    def close(self) -> None:
        """Let go."""


class Reader:
    """A log, to read only. Close it when done."""

    def __init__(self, ledger: Readable, kluis: Kluis) -> None:
        """Take over what `open` made; use `open` or `over`."""
        self._ledger = ledger
        self._kluis = kluis

    @classmethod
    def open(cls, directory: Path, kluis: Path) -> Self:
        """Open an embedded log with the keys of its vault; nothing is changed, not even made.

        Raises:
            LogReadError: There is no log, it cannot be read, or the vault is not its vault.
        """
        try:
            ledger = SqliteReader.open(Disk(), directory)
        except sqlite3.Error:
            raise LogReadError("In deze map staat geen logboek.") from None
        return cls.over(ledger, kluis)

    @classmethod
    def over(cls, ledger: Readable, kluis: Path) -> Self:
        """Read any ledger with the keys of its vault; on failure it is closed.

        Raises:
            LogReadError: It cannot be read, or the vault is not its vault.
        """
        kinds: tuple[type[Exception], ...] = (*ledger.failures, OSError, AuditError)
        try:
            head = ledger.head()
            keks = Keks(kluis, Disk())
            keks.read()
            kek = 0 if head is None else head.kek
            return cls(ledger, Kluis(keks, ledger.keys, kek=kek, random_bytes=_no_chance))
        except kinds as error:
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
        except self._ledger.failures as error:
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
