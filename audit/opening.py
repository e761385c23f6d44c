"""Opening a log: what must hold before anything may be signed.

1. Make an empty log when there is none; but not where a checkpoint tells there was one.
2. The key must be the key of this log.
3. The head, the lines and the checkpoint that was signed last must be of one mind.
4. The log must be a continuation of the published `checkpoint`, else an old copy was put
   back, and going on would sign a second history.
5. The vault must have the key that the head names; older ones are destroyed.
6. Publish what is not published yet, which is what was written before a crash.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from audit.disk import CHECKPOINT, VKEY, publish
from audit.entry import Leaf
from audit.errors import (
    AuditError,
    LogBehindError,
    LogKeyError,
    LogOpenError,
    NoteError,
    TileError,
    describe,
)
from audit.kek import KEY_SIZE, Keks
from audit.kluis import Kluis, index_row
from audit.ledger import Head, Ledger
from audit.merkle import EMPTY_ROOT, frontier_root, root_of, unpack_peaks
from audit.note import MAX_NOTE, Checkpoint, Note, Signer, open_checkpoint
from audit.publisher import Publisher
from audit.publishing import publish_head
from audit.tiles import GrownTiles, TileReader, root_at
from audit.tree import TILE_HEIGHT, TILE_WIDTH
from audit.writer import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A log that may be written to."""

    head: Head
    kluis: Kluis
    publisher: Publisher
    files: TileReader


def start(
    directory: Path, ledger: Ledger, keks: Keks, *, signer: Signer, options: Options
) -> Opened:
    """Take all steps.

    Raises:
        LogOpenError: The log may not be opened; nothing was signed but an empty log.
        AuditError: The vault does not open.
        OSError: The disk fails.
    """
    published = _read(directory / CHECKPOINT)
    vkey = _read(directory / VKEY)
    head = ledger.head()
    if head is None:  # 1
        if published is not None:
            raise LogBehindError("Er is een controlepunt, maar de database met regels is weg.")
        head = _create(ledger, keks, signer, options)
    keys = "".join(f"{each.vkey}\n" for each in (signer, options.also) if each)
    # A second key may have come since; one that is there may not be left out.
    if not keys.startswith(vkey or ""):  # 2
        raise LogKeyError("De sleutel past niet bij dit logboek.")
    _check_head(head, ledger, signer)  # 3
    known = _check_published(published, head, directory, ledger, signer)  # 4
    kluis = Kluis(keks, ledger.keys, kek=head.kek, random_bytes=options.random_bytes)  # 5
    keks.remove_before(head.kek)
    if vkey != keys:
        publish(options.disk, directory / VKEY, keys)
    publisher = _publish(directory, head, known, ledger, options)  # 6
    files = TileReader(directory, head.size)
    return Opened(head=head, kluis=kluis, publisher=publisher, files=files)


def _read(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return file.read(MAX_NOTE).decode()
    except FileNotFoundError:
        return None


def _create(ledger: Ledger, keks: Keks, signer: Signer, options: Options) -> Head:
    kek = keks.newest or keks.make(options.random_bytes(KEY_SIZE))
    empty = Checkpoint(origin=signer.vkey.name, size=0, root=EMPTY_ROOT)
    head = Head(size=0, peaks=b"", op="", note=signer.sign(empty.text()), epoch=0, kek=kek)
    ledger.create(head, [index_row(keks, kek, options.random_bytes)])
    return head


def _check_head(head: Head, ledger: Ledger, signer: Signer) -> None:
    if not Note.parse(head.note).names(signer.vkey):
        raise LogKeyError("De sleutel past niet bij dit logboek.")
    checkpoint = open_checkpoint(head.note, signer.vkey)
    size = head.size
    # What stands after the head was written by another node, or its place is taken: the first
    # batch then fails.
    last = ledger.rows(max(size - 1, 0), size if ledger.shared else size + 1)
    if checkpoint.size != size or len(last) != min(size, 1):
        raise LogBehindError("De database heeft regels te veel of te weinig.")
    tail = ledger.hashes(size - size % TILE_WIDTH, size)
    if len(tail) != size % TILE_WIDTH:
        raise LogBehindError("In de database ontbreken regels.")
    peaks = unpack_peaks(size, head.peaks)
    for height in sorted((h for h in peaks if h < TILE_HEIGHT), reverse=True):
        if root_of(tail[: 1 << height]) != peaks[height]:
            raise LogBehindError("De regels in de database passen niet bij hun controlepunt.")
        del tail[: 1 << height]
    op = Leaf.parse(last[0]).op if last else ""
    kept = ledger.note_after(size - 1)
    if (checkpoint.root, op, kept) != (frontier_root(peaks), head.op, head.note):
        raise LogBehindError("De regels in de database passen niet bij hun controlepunt.")


def _check_published(
    published: str | None, head: Head, directory: Path, ledger: Ledger, signer: Signer
) -> Checkpoint | None:
    if published is None:
        # An empty log is published before its first line, so only then it may be absent;
        # or when this is the first time that this node takes part in a log of others.
        if head.size and not ledger.newcomer:
            raise LogBehindError("Het bestand checkpoint ontbreekt, terwijl er regels zijn.")
        return None
    try:
        known = open_checkpoint(published, signer.vkey)
    except NoteError as error:
        raise LogKeyError(f"Het bestand checkpoint is niet te vertrouwen. {error}") from error
    if known.size > head.size:
        raise LogBehindError(
            f"De database heeft {head.size} regels, het bestand checkpoint {known.size}:"
            " er is een oude kopie teruggezet of er zijn regels verwijderd."
        )
    if known.root != _root_at(known.size, directory, ledger):
        raise LogBehindError("De regels in de database passen niet bij het bestand checkpoint.")
    return known


def _root_at(size: int, directory: Path, ledger: Ledger) -> bytes:
    try:
        return root_at(size, TileReader(directory, size).tile)
    except TileError:
        # Files that are gone can be made again from the lines.
        lines = GrownTiles(TileReader(directory, 0), size, ledger.hashes)
        return root_at(size, lines.tile)


def _publish(
    directory: Path, head: Head, known: Checkpoint | None, ledger: Ledger, options: Options
) -> Publisher:
    publisher = Publisher(directory, options.disk, hashes=ledger.hashes, leaves=ledger.rows)
    if known is not None:
        publisher.resume(known)
    try:
        # Also when nothing is new: this compares files and lines with what was signed.
        publish_head(directory, head, publisher, options)
    except TileError as error:
        raise LogBehindError(f"De regels passen niet bij wat is gepubliceerd. {error}") from error
    publisher.settle()
    return publisher


@contextlib.contextmanager
def opening(failures: tuple[type[Exception], ...]) -> Iterator[None]:
    """Turn whatever stops a log from opening into a LogOpenError.

    Raises:
        LogOpenError: Something did.
    """
    kinds: tuple[type[Exception], ...] = (*failures, OSError, UnicodeDecodeError)
    try:
        yield
    except LogOpenError:
        raise
    except AuditError as error:
        raise LogOpenError(f"Het logboek kan niet worden geopend. {error}") from error
    except kinds as error:
        raise LogOpenError(f"Het logboek kan niet worden geopend: {describe(error)}.") from error
