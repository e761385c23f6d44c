"""Check a log offline, trusting nothing but its public key.

Reads the directory of a log, changes nothing, and keeps its memory flat. The recipe:

1. Read the file `checkpoint`, then open the database on one snapshot, so that the database
   is never older than the file. It must have the tables of a log, signed with this key.
2. Walk through the lines: number, form, moment, columns, hash, and payload against the
   commitment. A payload that was destroyed on purpose is no finding. See `walk`.
3. Beside it, grow the tree over the hashes. Compare it with every stored tile, and with
   every checkpoint in the database and in the file, after checking its signature. So a
   changed line whose hash was mended is still found, between two checkpoints.
4. The lines must be covered by a checkpoint, and every checkpoint by lines.
5. Kenmerken are unique; a verstrekking has an earlier voornemen; a voornemen has an end.
6. The database must be sound in itself: its indexes tell what its tables tell.

What this cannot see: a log that was rewritten whole by who holds the signing key, or cut
back to an older state together with its file. Compare with a receipt or a checkpoint that
somebody else kept.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import zip_longest
from pathlib import Path
from urllib.parse import quote

from audit.disk import CHECKPOINT, DATABASE
from audit.errors import NoteError, UnusableError, describe
from audit.findings import Code, Finding, Findings
from audit.note import MAX_NOTE, Note, Vkey
from audit.storage import SCHEMA, read_schema
from audit.walk import Walk

Progress = Callable[[int, int], None]
"""Is told how many lines were checked, and of how many."""

_DOUBLE = "SELECT max(seq) FROM regel GROUP BY kenmerk HAVING count(*) > 1"
_RELEASED_WITHOUT_INTENT = """
    SELECT seq FROM regel r WHERE soort = 'verstrekking' AND NOT EXISTS (
        SELECT 1 FROM regel v WHERE v.kenmerk =
            substr(r.kenmerk, 1, length(r.kenmerk) - length('verstrekking')) || 'voornemen'
        AND v.soort = 'voornemen' AND v.seq < r.seq)
    ORDER BY seq"""
_OPEN = """
    SELECT seq, substr(kenmerk, 1, length(kenmerk) - length('/voornemen')) AS stam
    FROM regel v WHERE soort = 'voornemen' AND NOT EXISTS (
        SELECT 1 FROM regel e WHERE e.kenmerk IN (
            substr(v.kenmerk, 1, length(v.kenmerk) - 9) || 'verstrekking',
            substr(v.kenmerk, 1, length(v.kenmerk) - 9) || 'weigering',
            substr(v.kenmerk, 1, length(v.kenmerk) - 9) || 'fout',
            substr(v.kenmerk, 1, length(v.kenmerk) - 9) || 'onbepaald')
        AND e.kenmerk = substr(v.kenmerk, 1, length(v.kenmerk) - 9) || e.soort
        AND e.seq > v.seq)
    ORDER BY seq"""


def verify(directory: Path, vkey: Vkey, progress: Progress | None = None) -> list[Finding]:
    """Check the log in a directory.

    Args:
        directory: Where the log lies; nothing in it is changed.
        vkey: The public key of the log, from elsewhere than this directory.
        progress: Is told how far it is.

    Returns:
        What was found; when there are at most notes, the log is intact.

    Raises:
        UnusableError: There is no log to check here, or it is not the log of this key.
    """
    published = _read_published(directory / CHECKPOINT)
    path = directory / DATABASE
    log_of_writes = path.with_name(f"{path.name}-wal")
    if not path.is_file():
        raise UnusableError("In deze map staat geen logboek.")
    # Without a write-ahead log nobody writes; then SQLite need not make files of its own.
    quiet = not log_of_writes.exists()
    try:
        with closing(_connect(path, quiet=quiet)) as connection:
            findings = _check(connection, vkey, published, progress or _ignore)
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


def _connect(path: Path, *, quiet: bool) -> sqlite3.Connection:
    mode = "mode=ro&immutable=1" if quiet else "mode=ro"
    return sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True, isolation_level=None)


def _check(
    connection: sqlite3.Connection, vkey: Vkey, published: bytes | None, progress: Progress
) -> Findings:
    # Step 1. Nothing in a strange schema may run.
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("BEGIN")
    if read_schema(connection) != SCHEMA:
        raise UnusableError("De database is geen logboek van Sluis.")
    # Whoever meddled may have left text that is no text.
    connection.text_factory = bytes
    last_note = connection.execute("SELECT note FROM controlepunt ORDER BY size DESC").fetchone()
    notes = [note for note in (published, *(last_note or ())) if note is not None]
    if notes and not any(_names(note, vkey) for note in notes):
        raise UnusableError("De sleutel past niet bij dit logboek.")
    findings = Findings()
    walk = Walk(connection, vkey, findings=findings, progress=progress)
    # What breaks one step does not stop the next.
    steps: tuple[Callable[[], None], ...] = (
        lambda: walk.run(published),  # 2 to 4
        lambda: _check_order(connection, findings),  # 5
        lambda: _check_open(connection, findings),
        lambda: _check_soundness(connection, findings, walk.total),  # 6
    )
    for step in steps:
        try:
            step()
        except sqlite3.DatabaseError:
            findings.add(Code.BESCHADIGD, walk.next, walk.total - 1)
    return findings


def _names(note: bytes, vkey: Vkey) -> bool:
    try:
        return Note.parse(note.decode()).names(vkey)
    except (NoteError, UnicodeDecodeError):
        return False


def _check_order(connection: sqlite3.Connection, findings: Findings) -> None:
    for (seq,) in connection.execute(_DOUBLE):
        findings.add(Code.DUBBEL, seq)
    for (seq,) in connection.execute(_RELEASED_WITHOUT_INTENT):
        findings.add(Code.ZONDER_VOORNEMEN, seq)


def _check_open(connection: sqlite3.Connection, findings: Findings) -> None:
    kept = connection.execute("SELECT seq, stam FROM open_voornemen ORDER BY seq, stam")
    same = True
    for real, noted in zip_longest(connection.execute(_OPEN), kept):
        if same and real != noted:
            same = False
            findings.add(Code.HULPTABEL, min(row[0] for row in (real, noted) if row))
        if real is not None:
            findings.add(Code.OPEN_VOORNEMEN, real[0])


def _check_soundness(connection: sqlite3.Connection, findings: Findings, total: int) -> None:
    if not findings.has(Code.BESCHADIGD):
        answer = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if answer != b"ok":
            findings.add(Code.BESCHADIGD, 0, total - 1)
