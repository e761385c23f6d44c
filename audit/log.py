"""The log: open, append, read, search, prove, shred, close.

Files in its directory: `log.sqlite` (see `ledger`), `checkpoint` (the latest signed checkpoint,
for the world), `tile/` (the tree and its leaves, see `tiles`), `vkey` (the public key), `lock`.
The keys that open what is sealed lie in a folder of their own, the vault. How a batch is written
stands in `writer`, what must hold before anything is signed in `opening`.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from audit.disk import DirectoryLock
from audit.entry import Entry, Soort
from audit.errors import (
    LogClosedError,
    LogKeyError,
    LogPoisonedError,
    LogRangeError,
    LogReadError,
    describe,
)
from audit.groups import Group, Waiter
from audit.kek import Keks
from audit.kluis import Kluis
from audit.ledger import Ledger, Line
from audit.ledger.sqlite import SqliteLedger
from audit.note import Checkpoint, Note, Signer
from audit.opening import opening, start
from audit.prepare import prepare
from audit.publishing import Publishing
from audit.reading import Query, open_line, search
from audit.receipt import Receipt
from audit.shred import Shredding
from audit.tiles import GrownTiles, TileReader, prove_consistency, prove_inclusion
from audit.writer import Options, Writer

_CLOSED: Final = "Het logboek is gesloten."


class Log:
    """A log that is open for writing. Safe to use from several threads."""

    def __init__(
        self,
        ledger: Ledger,
        kluis: Kluis,
        *,
        writer: Writer,
        files: TileReader,
        held: contextlib.ExitStack,
    ) -> None:
        """Take over what `open` made; use `open`."""
        self.kluis = kluis
        self._ledger = ledger
        self._writer = writer
        self._files = files
        self._held = held
        self._closed = False

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        signer: Signer,
        origin: str,
        kluis: Path,
        options: Options | None = None,
    ) -> Self:
        """Open the log in a directory, and make it when it is not there.

        Args:
            directory: Where the log lies.
            signer: The key of the log; its name must be `origin`.
            origin: The name of the log, such as `sluis.example/log`.
            kluis: The folder with the keys of the vault; not in `directory`.
            options: How it runs.

        Raises:
            LogOpenError: It may not be opened; the sentence tells why. Nothing was signed.
        """
        settings = options or Options()
        if signer.vkey.name != origin:
            raise LogKeyError("De sleutel heeft een andere naam dan het logboek.")
        with contextlib.ExitStack() as held, opening(SqliteLedger.failures):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            # One process per log; who comes second changes nothing.
            lock = DirectoryLock(directory)
            held.callback(lock.release)
            ledger = SqliteLedger(settings.disk, directory)
            held.callback(ledger.close)
            keks = Keks.open(kluis, settings.disk)
            return cls.over(directory, ledger, keks, signer=signer, options=settings, held=held)

    @classmethod
    def over(
        cls,
        directory: Path,
        ledger: Ledger,
        keks: Keks,
        *,
        signer: Signer,
        options: Options,
        held: contextlib.ExitStack,
    ) -> Self:
        """Open the log over any ledger. Call it within `opening`.

        Args:
            directory: Where the files lie that this process publishes.
            ledger: Where the lines are.
            keks: The keys of the vault.
            signer: The key of the log.
            options: How it runs.
            held: What must be closed after it; on success it goes over to the log.

        Raises:
            LogOpenError: It may not be opened; the sentence tells why. Nothing was signed.
            AuditError: The vault does not open.
        """
        opened = start(directory, ledger, keks, signer=signer, options=options)
        files = opened.files
        writer = Writer(
            ledger,
            opened.kluis,
            signer=signer,
            head=opened.head,
            receipt_of=lambda index: receipt_of(ledger, files, index),
            options=options,
        )
        publishing = Publishing(
            directory, writer, publisher=opened.publisher, files=files, options=options
        )
        held.callback(publishing.close)
        held.callback(writer.close)
        return cls(ledger, opened.kluis, writer=writer, files=files, held=held.pop_all())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def trouble(self) -> str | None:
        """Why nothing can be recorded any more, as a Dutch sentence; None when all is well."""
        return self._writer.trouble

    def append(self, entry: Entry, salt: bytes) -> Future[Receipt]:
        """Record an entry; when the future has a receipt, it is durable and in the tree.

        The same kenmerk, soort and payload again gives the earlier receipt. Cancelling the
        future keeps the entry out only while it waits. The future fails with ClockError,
        DuplicateError or LogPoisonedError.

        Args:
            entry: What to record.
            salt: 16 fresh random bytes.

        Raises:
            EntryError: The entry cannot be recorded.
            LogFullError: Too much waits.
            LogClosedError: The log is closed.
            LogPoisonedError: Writing failed before; reopen the log.
            LogReadError: The keys of its subject cannot be read.
        """
        future: Future[Receipt] = Future()
        self._submit([(entry, salt)], future, alone=True)
        return future

    def append_many(self, items: Sequence[tuple[Entry, bytes]]) -> Future[tuple[Receipt, ...]]:
        """Record entries with their salts together: all in one commit, in order, or none.

        Raises:
            EntryError, LogFullError, LogClosedError, LogPoisonedError, LogReadError: As
                `append`; a group of more than 512 entries never fits.
        """
        future: Future[tuple[Receipt, ...]] = Future()
        self._submit(items, future)
        return future

    async def record(self, items: Sequence[tuple[Entry, bytes]]) -> tuple[Receipt, ...]:
        """Record entries as `append_many` does, and wait for it on the running loop.

        This is the quick way for who has a loop: a batch wakes it once.

        Raises:
            AuditError: As `append_many`, and as its future.
        """
        future: asyncio.Future[tuple[Receipt, ...]] = asyncio.get_running_loop().create_future()
        self._submit(items, future)
        return await future

    def shred(self, what: Shredding) -> Future[Receipt]:
        """Destroy the payload of a subject or a month, and record that; see `shred`.

        Everybody else waits until it is done. The same entry again gives the earlier receipt.
        The future fails as that of `append`, with ShredError, or with VaultError.

        Raises:
            ShredError, EntryError: What should be done is not clear; nothing was destroyed.
            LogFullError, LogClosedError, LogPoisonedError: As `append`.
        """
        what.check()
        future: Future[Receipt] = Future()
        self._writer.submit(Group((), future, shredding=what))
        return future

    def entries(self, start: int, limit: int, soort: Soort | None = None) -> list[Line]:
        """Return at most `limit` lines from index `start` on, of one soort or of all.

        Raises:
            LogReadError: The database cannot be read.
            VaultError: What is sealed was meddled with.
        """
        with self._reading():
            return [open_line(s, self.kluis) for s in self._ledger.lines(start, limit, soort)]

    def entry(self, index: int) -> Line:
        """Return one line.

        Raises:
            LogRangeError: There is no such line.
            LogReadError: The database cannot be read.
            VaultError: What is sealed was meddled with.
        """
        found = self.entries(index, 1)
        if not found or found[0].index != index:
            raise LogRangeError(f"Regel {index} staat niet in het logboek.")
        return found[0]

    def leaves(self, low: int, high: int) -> list[bytes]:
        """Return the leaves of the lines low..high-1, as far as they are there.

        Raises:
            LogReadError: The database cannot be read.
        """
        with self._reading():
            return self._ledger.rows(low, high)

    def search(self, query: Query, after: int | None = None, limit: int = 100) -> list[Line]:
        """Return the first lines that say all that is asked, the oldest first.

        Args:
            query: What to look for.
            after: The index of the last line of the page before.
            limit: How many at most.

        Raises:
            LogReadError: The database cannot be read.
        """
        begin = 0 if after is None else after + 1
        with self._reading():
            span = (begin, self._writer.head.size)
            return search(self._ledger, self.kluis, query, span, limit)

    def open_intents(self, limit: int = 1000) -> list[Line]:
        """Return the first voornemens (`<x>/voornemen`) without an end.

        Raises:
            LogReadError: The database cannot be read.
            VaultError: What is sealed was meddled with.
        """
        with self._reading():
            return [open_line(s, self.kluis) for s in self._ledger.open_intents(limit)]

    def proof(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """Return the proof that a line stands in the log as it was at `size` (now: None).

        Raises:
            LogRangeError: Not 0 <= index < size <= the size of the log.
            LogReadError, TileError: The log cannot be read.
        """
        now = self._writer.head.size
        wanted = now if size is None else size
        if wanted > now:
            raise LogRangeError(f"Regel {index} staat niet in een logboek van {wanted} regels.")
        with self._reading():
            return prove_inclusion(index, wanted, self._tiles(now).tile)

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """Return the proof that the log at size `new` continues the log at size `old`.

        Raises:
            LogRangeError: Not 1 <= old <= new <= the size of the log.
            LogReadError, TileError: The log cannot be read.
        """
        now = self._writer.head.size
        if new > now:
            # Another node may have written since.
            now = Checkpoint.parse(Note.parse(self.newest()).text).size
        if new > now:
            raise LogRangeError(f"Er is geen bewijs van grootte {old} naar grootte {new}.")
        with self._reading():
            return prove_consistency(old, new, self._tiles(now).tile)

    def receipt(self, index: int) -> Receipt:
        """Return the receipt of a line, the same as was given at its append.

        Raises:
            LogRangeError: There is no such line.
            LogReadError, TileError: The log cannot be read.
        """
        with self._reading():
            return receipt_of(self._ledger, self._files, index)

    def checkpoint(self) -> str:
        """Return the latest signed checkpoint; all that it covers is durable."""
        return self._writer.head.note

    def newest(self) -> str:
        """Return the newest signed checkpoint where the log is kept, of whichever node.

        Raises:
            LogReadError: The log cannot be read.
        """
        with self._reading():
            head = self._ledger.head()
        return self.checkpoint() if head is None else head.note

    def close(self) -> None:
        """Record what waits, publish the checkpoint, and let go. May be called again.

        Raises:
            LogPoisonedError: Writing failed while closing; the next opening tells the state.
        """
        if self._closed:
            return
        self._closed = True
        before = self._writer.trouble
        self._held.close()
        if before is None and self._writer.trouble is not None:
            raise LogPoisonedError(self._writer.trouble)

    def _submit(
        self,
        items: Sequence[tuple[Entry, bytes]],
        future: Waiter,
        *,
        alone: bool = False,
    ) -> None:
        if self._closed:
            raise LogClosedError(_CLOSED)
        kluis = self.kluis
        try:
            made = [prepare(entry, salt, kluis) for entry, salt in items]
        except self._ledger.failures as error:
            raise _unreadable(error) from error
        self._writer.submit(Group(made, future, alone=alone))

    def _tiles(self, size: int) -> GrownTiles:
        return GrownTiles(self._files, size, self._ledger.hashes)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        if self._closed:
            raise LogClosedError(_CLOSED)
        try:
            yield
        except self._ledger.failures as error:
            raise _unreadable(error) from error


def _unreadable(error: Exception) -> LogReadError:
    return LogReadError(f"Het logboek is niet te lezen: {describe(error)}.")


def receipt_of(ledger: Ledger, files: TileReader, index: int) -> Receipt:
    """Return the receipt of a durable line, the same as was given at its append.

    Raises:
        LogRangeError: There is no such line.
        TileError: A tile cannot be read.
    """
    leaves = ledger.rows(index, index + 1) if index >= 0 else []
    note = ledger.note_after(index)
    if not leaves or note is None:
        raise LogRangeError(f"Regel {index} staat niet in het logboek.")
    size = Checkpoint.parse(Note.parse(note).text).size
    tiles = GrownTiles(files, size, ledger.hashes)
    return Receipt(
        index=index,
        size=size,
        leaf=leaves[0],
        proof=prove_inclusion(index, size, tiles.tile),
        checkpoint=note,
    )
