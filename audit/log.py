"""The log: open, append, read, prove, close.

Files in its directory: `log.sqlite` (lines, tiles, checkpoints), `checkpoint` (the latest
signed checkpoint, for the world), `vkey` (the public key), `lock`. How a batch is written
stands in `writer`. Opening goes like this:

1. Take the lock: one process per log.
2. Open the database; it must be a log and every commit must truly reach the disk.
3. Make an empty log when there is none; but not where a checkpoint tells there was one.
4. The key must be the key of this log.
5. Rebuild the tree; its root must be the one that was signed last.
6. The tree must be a continuation of the published `checkpoint`, else an old copy was put
   back, and going on would sign a second history.
7. Publish the checkpoint, which may be behind after a crash, and start the writer.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Self

from audit.disk import CHECKPOINT, DATABASE, VKEY, DirectoryLock, Disk, publish
from audit.entry import Entry, Leaf, Soort, prepare
from audit.errors import (
    AuditError,
    LogBehindError,
    LogClosedError,
    LogKeyError,
    LogOpenError,
    LogPoisonedError,
    LogRangeError,
    LogReadError,
    NoteError,
    describe,
)
from audit.note import MAX_NOTE, Checkpoint, Note, Signer, open_checkpoint
from audit.receipt import Receipt
from audit.storage import Database, Line
from audit.tree import TILE_WIDTH, Tree, tree_from_tiles
from audit.writer import Options, State, Writer, receipt_of


class Log:
    """A log that is open for writing. Safe to use from several threads."""

    def __init__(self, *, writer: Writer, reader: Database, release: Callable[[], None]) -> None:
        """Take over what `open` made; use `open`."""
        self._writer = writer
        self._reader = reader
        self._release = release
        self._closed = False

    @classmethod
    def open(
        cls, directory: Path, *, signer: Signer, origin: str, options: Options | None = None
    ) -> Self:
        """Open the log in a directory, and make it when it is not there.

        Args:
            directory: Where the log lies.
            signer: The key of the log; its name must be `origin`.
            origin: The name of the log, such as `sluis.example/log`.
            options: How it runs.

        Raises:
            LogOpenError: It may not be opened; the sentence tells why. Nothing was signed.
        """
        settings = options or Options()
        if signer.vkey.name != origin:
            raise LogKeyError("De sleutel heeft een andere naam dan het logboek.")
        with contextlib.ExitStack() as stack, _opening():
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = DirectoryLock(directory)  # 1
            stack.callback(lock.release)
            database = Database.open(settings.disk, directory / DATABASE)  # 2
            stack.callback(database.close)
            state = _start(directory, database, signer, settings.disk)  # 3-7
            reader = Database(settings.disk.connect(directory / DATABASE, read_only=True))
            stack.callback(reader.close)
            writer = Writer(directory, database, signer=signer, state=state, options=settings)
            return cls(writer=writer, reader=reader, release=stack.pop_all().close)

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
        """
        return self._writer.submit((prepare(entry, salt),), alone=True)

    def append_many(self, items: Sequence[tuple[Entry, bytes]]) -> Future[tuple[Receipt, ...]]:
        """Record entries with their salts together: all in one commit, in order, or none.

        Raises:
            EntryError, LogFullError, LogClosedError, LogPoisonedError: As `append`; a group
                of more than 512 entries never fits.
        """
        return self._writer.submit([prepare(entry, salt) for entry, salt in items], alone=False)

    def entries(self, start: int, limit: int, soort: Soort | None = None) -> list[Line]:
        """Return at most `limit` lines from index `start` on, of one soort or of all.

        Raises:
            LogReadError: The database cannot be read.
        """
        with self._reading():
            return self._reader.lines(start, limit, soort)

    def entry(self, index: int) -> Line:
        """Return one line.

        Raises:
            LogRangeError: There is no such line.
            LogReadError: The database cannot be read.
        """
        with self._reading():
            found = self._reader.lines(index, 1, None)
        if not found or found[0].index != index:
            raise LogRangeError(f"Regel {index} staat niet in het logboek.")
        return found[0]

    def open_intents(self, limit: int = 1000) -> list[Line]:
        """Return the first voornemens (`<x>/voornemen`) without an end.

        Raises:
            LogReadError: The database cannot be read.
        """
        with self._reading():
            return self._reader.open_intents(limit)

    def proof(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """Return the proof that a line stands in the log as it was at `size` (now: None).

        Raises:
            LogRangeError: Not 0 <= index < size <= the size of the log.
            LogReadError: The database cannot be read.
        """
        tree = self._writer.state.tree
        with self._reading():
            return tree.inclusion(index, tree.size if size is None else size, self._reader.tile)

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """Return the proof that the log at size `new` continues the log at size `old`.

        Raises:
            LogRangeError: Not 1 <= old <= new <= the size of the log.
            LogReadError: The database cannot be read.
        """
        with self._reading():
            return self._writer.state.tree.consistency(old, new, self._reader.tile)

    def receipt(self, index: int) -> Receipt:
        """Return the receipt of a line, the same as was given at its append.

        Raises:
            LogRangeError: There is no such line.
            LogReadError: The database cannot be read.
        """
        with self._reading():
            return receipt_of(self._reader, self._writer.state.tree, index)

    def checkpoint(self) -> str:
        """Return the latest signed checkpoint; all that it covers is durable."""
        return self._writer.state.note

    def close(self) -> None:
        """Record what waits, publish the checkpoint, and let go. May be called again.

        Raises:
            LogPoisonedError: Writing failed while closing; the next opening tells the state.
        """
        if self._closed:
            return
        self._closed = True
        before = self._writer.trouble
        self._writer.close()
        self._release()
        if before is None and self._writer.trouble is not None:
            raise LogPoisonedError(self._writer.trouble)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        if self._closed:
            raise LogClosedError("Het logboek is gesloten.")
        try:
            yield
        except sqlite3.Error as error:
            raise LogReadError(f"Het logboek is niet te lezen: {describe(error)}.") from error


@contextlib.contextmanager
def _opening() -> Iterator[None]:
    try:
        yield
    except LogOpenError:
        raise
    except AuditError as error:
        raise LogOpenError(f"Het logboek kan niet worden geopend. {error}") from error
    except (OSError, sqlite3.Error, UnicodeDecodeError) as error:
        raise LogOpenError(f"Het logboek kan niet worden geopend: {describe(error)}.") from error


def _start(directory: Path, database: Database, signer: Signer, disk: Disk) -> State:
    published = _read(directory / CHECKPOINT)
    vkey = _read(directory / VKEY)
    if database.is_new():  # 3
        if published is not None:
            raise LogBehindError("Er is een controlepunt, maar de database met regels is weg.")
        empty = Checkpoint(origin=signer.vkey.name, size=0, root=Tree().root)
        database.create(signer.sign(empty.text()))
    if vkey not in (None, f"{signer.vkey}\n"):  # 4
        raise LogKeyError("De sleutel past niet bij dit logboek.")
    state = _rebuild(database, signer)  # 5
    _check_published(published, state.tree, database, signer)  # 6
    if vkey is None:
        publish(disk, directory / VKEY, f"{signer.vkey}\n")
    if published != state.note:  # 7
        publish(disk, directory / CHECKPOINT, state.note)
    return state


def _read(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return file.read(MAX_NOTE).decode()
    except FileNotFoundError:
        return None


def _rebuild(database: Database, signer: Signer) -> State:
    size, leaf = database.head()
    signed_size, note = database.last_note() or (-1, "")
    if signed_size != size:
        raise LogBehindError("De database heeft regels te veel of te weinig.")
    if not Note.parse(note).names(signer.vkey):
        raise LogKeyError("De sleutel past niet bij dit logboek.")
    checkpoint = open_checkpoint(note, signer.vkey)
    tail = database.hashes(size - size % TILE_WIDTH, size)
    if len(tail) != size % TILE_WIDTH:
        raise LogBehindError("In de database ontbreken regels.")
    tree = tree_from_tiles(size, tail, database.tile)
    if (checkpoint.size, checkpoint.root) != (size, tree.root):
        raise LogBehindError("De regels in de database passen niet bij hun controlepunt.")
    return State(tree=tree, note=note, op="" if leaf is None else Leaf.parse(leaf).op)


def _check_published(published: str | None, tree: Tree, database: Database, signer: Signer) -> None:
    if published is None:
        # An empty log is published before its first line, so only then it may be absent.
        if tree.size:
            raise LogBehindError("Het bestand checkpoint ontbreekt, terwijl er regels zijn.")
        return
    try:
        known = open_checkpoint(published, signer.vkey)
    except NoteError as error:
        raise LogKeyError(f"Het bestand checkpoint is niet te vertrouwen. {error}") from error
    if known.size > tree.size:
        raise LogBehindError(
            f"De database heeft {tree.size} regels, het bestand checkpoint {known.size}:"
            " er is een oude kopie teruggezet of er zijn regels verwijderd."
        )
    if known.root != tree.root_at(known.size, database.tile):
        raise LogBehindError("De regels in de database passen niet bij het bestand checkpoint.")
