"""Check a log offline, trusting nothing but its public key.

Reads the directory of a log, changes nothing, and keeps its memory flat. The recipe:

1. Read the file `checkpoint`, then open the database on one snapshot, so that the database
   is never older than the file. It must have the tables of a log, signed with this key. A
   directory of tiles without a database can be checked too.
2. Walk through the lines, bundle by bundle: form, moment, and the same line in bundle, tile
   and row. See `stretch`, and `careful` for a bundle in which something is off.
3. Grow the tree over the hashes. Compare it with every tile of every level, and with every
   checkpoint in database, file and anchors, after checking its signature. See `walk`.
4. The lines must be covered by a checkpoint, and every checkpoint by lines.
5. Kenmerken are unique; a verstrekking has an earlier voornemen; a voornemen has an end.
6. The database must tell in its indexes, its head and its tables what the lines tell.
7. What others say of it: cosignatures of witnesses under a policy, and time stamps, which
   must fit the moments of the lines. See `anchored`.
8. With the keys of the vault: every payload against its line, and search words. See `sealed`.

What is not there to check, or what nobody gave the keys for, is told as a note.

What this cannot see: a log that was rewritten whole by who holds the signing key, or cut back
to an older state together with its files, unless there are anchors. Compare with a receipt or
a checkpoint that somebody else kept (`Demands.kept`).
"""

import contextlib
import gc
import multiprocessing
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from cryptography import x509

from audit import evidence, indexes, sealed
from audit.anchored import Anchors
from audit.checkpoint import Checkpoint
from audit.cosignature import Kind
from audit.disk import CHECKPOINT, DATABASE
from audit.errors import ForeignLogError, NoteError, UnusableError, describe
from audit.findings import MAX_FINDINGS, Code, Finding, Findings
from audit.intents import check_doubles, seek_in_bundles, seek_in_rows
from audit.ledger.sqlite import SCHEMA, read_schema
from audit.merkle import EMPTY_ROOT
from audit.note import MAX_NOTE, Note
from audit.outcome import Job, Outcome, Place
from audit.policy import Policy
from audit.rows import as_bytes, connect
from audit.stretch import Checker, opened
from audit.tiles import published_lines
from audit.vkey import Vkey
from audit.walk import Seek, Walk

_SCHEMA = {name.encode(): sql.encode() for name, sql in SCHEMA.items()}
_LACKS = "onder het controlepunt ontbreekt een handtekening, of een ervan is niet echt."
_ENDED = "de sleutel van dit logboek was al ingetrokken; wat hiermee is getekend, telt niet."

Progress = Callable[[int, int], None]
"""Is told how many lines were checked, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What to check beyond the log itself; what is None is not checked, and that is told."""

    policy: Policy | None = None
    """Which witnesses must have signed."""
    authorities: Sequence[x509.Certificate] | None = None
    """Who may have stamped the time."""
    vault: Path | None = None
    """The folder with the keys of the vault."""
    kept: tuple[str, ...] = ()
    """Checkpoints of this log that others kept."""
    end: str | None = None
    """The checkpoint with which this log ended: after it, its key counts for nothing."""
    evidence: Path | None = None
    """Where to write the proof when two histories were signed."""
    processes: int = 1
    """How many stretches to check at the same time."""


def verify(
    directory: Path,
    vkey: Vkey | Sequence[Vkey],
    progress: Progress | None = None,
    demands: Demands | None = None,
) -> list[Finding]:
    """Check the log in a directory.

    Args:
        directory: Where the log lies; nothing in it is changed.
        vkey: The public keys of the log, from elsewhere than this directory: that of Ed25519,
            and that of ML-DSA-44 when its signature must be there too.
        progress: Is told how far it is.
        demands: What else to check.

    Returns:
        What was found; when there are at most notes, the log is intact.

    Raises:
        ForeignLogError: What lies here is another log, or none of ours.
        UnusableError: There is no log to check here.
    """
    keys = [vkey] if isinstance(vkey, Vkey) else list(vkey)
    published = _read_published(directory / CHECKPOINT)
    path = directory / DATABASE
    log_of_writes = path.with_name(f"{path.name}-wal")
    if not path.is_file() and published is None:
        raise UnusableError("In deze map staat geen logboek.")
    # Without a write-ahead log nobody writes; then SQLite need not make files of its own.
    quiet = not log_of_writes.exists()
    try:
        with contextlib.ExitStack() as stack:
            connection = None
            if path.is_file():
                connection = stack.enter_context(contextlib.closing(connect(path, quiet=quiet)))
                # The snapshot: all later questions are about this state.
                connection.execute("BEGIN")
            verifier = _Verifier(directory, keys, connection, demands or Demands())
            findings = verifier.run(published, progress or _ignore, quiet=quiet)
    except (OSError, sqlite3.Error) as error:
        raise UnusableError(f"Het logboek is niet te lezen: {describe(error)}.") from error
    if quiet and log_of_writes.exists():
        raise UnusableError("Het logboek is tijdens de controle geopend; begin opnieuw.")
    return findings.sorted()


def _ignore(_done: int, _total: int) -> None:
    pass


def _read_published(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(MAX_NOTE)
    except OSError:
        return None


class _Verifier:
    def __init__(
        self,
        directory: Path,
        keys: Sequence[Vkey],
        connection: sqlite3.Connection | None,
        demands: Demands,
    ) -> None:
        self._directory = directory
        self._keys = keys
        self._vkey = next((key for key in keys if key.kind is Kind.ED25519), keys[0])
        self._connection = connection
        self._demands = demands
        self._findings = Findings()

    def run(self, published: bytes | None, progress: Progress, *, quiet: bool) -> Findings:
        last = self._last_note()
        if not any(note is not None and _names(note, self._vkey) for note in (published, last)):
            raise ForeignLogError("De sleutel past niet bij dit logboek.")
        place = self._place(published, last, quiet=quiet)
        anchors = Anchors(self._directory, place, self._findings)
        anchors.read(self._demands.policy)
        sealed.try_vault(self._demands.vault, place)
        notes = [note for note in (published, last) if note is not None]
        notes += [*(note.encode() for note in self._demands.kept), *anchors.notes()]
        with contextlib.closing(Checker(place)) as checker, _without_collecting():
            walk = Walk(place, self._findings, again=checker.check, seek=self._seek(place))
            self._ask(walk, place, notes)
            self._walk(walk, checker, progress)
            anchors.check_stamps(checker, self._demands.authorities)
        self._check_beside(walk, place)
        sealed.check(self._demands.vault, place, self._findings)
        if self._demands.evidence is not None and self._findings.has(Code.SPLITSING):
            evidence.write(self._demands.evidence, walk, place, [*notes, *self._stored(walk)])
        return self._findings

    # Step 1.

    def _last_note(self) -> bytes | None:
        if self._connection is None:
            self._findings.note("er is geen database; alleen de bestanden zijn nagekeken.")
            return None
        schema: dict[Any, Any] = {**read_schema(self._connection)}
        if schema != _SCHEMA:
            raise ForeignLogError("De database is geen logboek van Sluis.")
        row = self._connection.execute(
            "SELECT note FROM controlepunt ORDER BY size DESC LIMIT 1"
        ).fetchone()
        return None if row is None else as_bytes(row[0])

    def _place(self, published: bytes | None, last: bytes | None, *, quiet: bool) -> Place:
        checkpoint = opened(published, self._vkey)
        rows = self._rows()
        if checkpoint is None:
            self._findings.add(Code.CONTROLEPUNT, 0, rows - 1)
            # The database may tell of what size the files are.
            checkpoint = opened(last, self._vkey)
        elif not self._signed_by_all(published or b""):
            self._findings.add(Code.HANDTEKENING, 0, checkpoint.size - 1, _LACKS)
        if checkpoint is None:
            checkpoint = Checkpoint(origin=self._vkey.name, size=0, root=EMPTY_ROOT)
        # What was cut off cannot be walked; that it is not there is told with what was signed.
        there = min(checkpoint.size, max(published_lines(self._directory), rows))
        if self._connection is not None and rows < there:
            self._findings.add(Code.AFGEKAPT, rows, there - 1)
        return Place(
            directory=self._directory,
            vkey=self._vkey,
            published=Checkpoint(origin=checkpoint.origin, size=there, root=checkpoint.root),
            rows=rows,
            quiet=quiet,
        )

    def _rows(self) -> int:
        # Lines there should be, by the highest number; unless that is far from all others.
        if self._connection is None:
            return 0
        count, top = self._connection.execute(
            "SELECT count(*), coalesce(max(seq), -1) + 1 FROM regel WHERE seq >= 0"
        ).fetchone()
        if top <= 2 * count + MAX_FINDINGS:
            return int(top)
        near = "SELECT coalesce(max(seq), -1) + 1 FROM regel WHERE seq BETWEEN 0 AND ?"
        return int(self._connection.execute(near, (count,)).fetchone()[0])

    def _signed_by_all(self, note: bytes) -> bool:
        try:
            return Note.parse(note.decode()).check(self._keys) == frozenset(self._keys)
        except (NoteError, UnicodeDecodeError):
            return False

    # Steps 2 to 4.

    def _ask(self, walk: Walk, place: Place, notes: Sequence[bytes]) -> None:
        for note in notes:
            checkpoint = opened(note, self._vkey)
            if checkpoint is not None:
                walk.asked[checkpoint.size].append(checkpoint.root)
        for text in self._demands.kept:
            checkpoint = opened(text.encode(), self._vkey)
            if checkpoint is None:
                raise ForeignLogError("Het meegegeven controlepunt is niet van dit logboek.")
        end = self._end(walk)
        beyond = max([*walk.asked, *self._signed_beyond(place)])
        if beyond > place.total:
            self._findings.add(Code.AFGEKAPT, place.total, beyond - 1)
        if end is not None and max(beyond, place.total) > end:
            self._findings.add(Code.ONGEDEKT, end, max(beyond, place.total) - 1, _ENDED)
        walk.begin(self._signed_empty())

    def _end(self, walk: Walk) -> int | None:
        # Whoever has the key of a log that ended could go on with it.
        note = self._demands.end
        if note is None:
            return None
        checkpoint = opened(note.encode(), self._vkey)
        if checkpoint is None:
            raise ForeignLogError("Het laatste controlepunt is niet van dit logboek.")
        walk.asked[checkpoint.size].append(checkpoint.root)
        if self._demands.policy is not None and not self._demands.policy.satisfied(note):
            self._findings.add(Code.GETUIGEN, 0, max(checkpoint.size - 1, 0))
        return checkpoint.size

    def _signed_empty(self) -> Iterator[bytes]:
        # What was signed in the database for a log without lines.
        for size, note in self._notes("size <= 0"):
            checkpoint = opened(note, self._vkey)
            if checkpoint is None or checkpoint.size or size:
                self._findings.add(Code.HANDTEKENING, 0)
            else:
                yield checkpoint.root

    def _signed_beyond(self, place: Place) -> Iterator[int]:
        for size, note in self._notes("size > ?", place.total):
            checkpoint = opened(note, self._vkey)
            if checkpoint is None or checkpoint.size != size:
                self._findings.add(Code.HANDTEKENING, place.total, size - 1)
            else:
                yield checkpoint.size

    def _notes(self, where: str, *values: int) -> Iterator[tuple[int, bytes]]:
        if self._connection is not None:
            sql = f"SELECT size, note FROM controlepunt WHERE {where} ORDER BY size"  # noqa: S608
            yield from self._connection.execute(sql, values)

    def _walk(self, walk: Walk, checker: Checker, progress: Progress) -> None:
        for out in _outcomes(walk.jobs(), checker, self._demands.processes):
            walk.take(out)
            progress(walk.next, checker.place.total)
        walk.finish()
        if not checker.place.total:
            progress(0, 0)

    def _seek(self, place: Place) -> Seek:
        connection = self._connection
        if connection is None:
            return lambda ends: seek_in_bundles(place, ends)
        return lambda ends: seek_in_rows(connection, ends)

    # Steps 5 and 6.

    def _check_beside(self, walk: Walk, place: Place) -> None:
        open_ = sorted((number, stem[:-1]) for stem, number in walk.opened.items())
        for number, _ in open_[: MAX_FINDINGS + 1]:
            self._findings.add(Code.OPEN_VOORNEMEN, number)
        connection, findings = self._connection, self._findings
        if connection is None:
            check_doubles(place, findings)
            return
        # What breaks one step does not stop the next.
        steps: tuple[Callable[[], None], ...] = (
            lambda: indexes.check_indexes(connection, place, walk, findings),
            lambda: indexes.check_head(connection, place, walk, findings),
            lambda: indexes.check_open(connection, open_, findings),
            lambda: indexes.check_pages(connection, place, findings),
        )
        for step in steps:
            try:
                step()
            except sqlite3.DatabaseError:
                findings.add(Code.BESCHADIGD, 0, place.rows - 1)

    def _stored(self, walk: Walk) -> Iterator[bytes]:
        for size in walk.roots:
            for _, note in self._notes("size = ?", size):
                yield as_bytes(note)


@contextlib.contextmanager
def _without_collecting() -> Iterator[None]:
    # No circles are made here, and looking for them takes a quarter of the time.
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _names(note: bytes, vkey: Vkey) -> bool:
    try:
        return Note.parse(note.decode()).names(vkey)
    except (NoteError, UnicodeDecodeError):
        return False


def _outcomes(jobs: Sequence[Job], checker: Checker, processes: int) -> Iterator[Outcome]:
    if processes == 1 or len(jobs) == 1:
        yield from map(checker.check, jobs)
        return
    # Forked, so that `hash` has the same key in all of them.
    context = multiprocessing.get_context("fork")
    with context.Pool(processes, _begin, (checker.place,)) as pool:
        waiting = iter(jobs)
        # A few at a time: who is quick must not fill the memory.
        while some := list(islice(waiting, 4 * processes)):
            yield from pool.imap(_check, some)


_checkers: list[Checker] = []


def _begin(place: Place) -> None:
    gc.disable()
    _checkers.append(Checker(place))


def _check(job: Job) -> Outcome:
    return _checkers[0].check(job)
