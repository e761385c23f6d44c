"""What is sealed, checked with the keys of the vault: payloads, marks and search words.

A payload must be what its line committed to. From it follow the words that the line can be found
by: a word that is missing hides the line, a word too many betrays something false. A line whose
payload was destroyed has no words left; how many those are stands in the last vernietiging.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from audit.disk import DATABASE, Disk
from audit.entry import SUBJECT, KeyRow, Leaf, Soort, commitment, parse_canonical
from audit.errors import AuditError, EntryError, UnusableError, VaultError
from audit.findings import Code, Findings
from audit.kek import Keks
from audit.kluis import NOBODY, Kluis, Mac, mark_of
from audit.outcome import Place
from audit.rows import connect
from audit.shred import Gone, told_without

_LINES = (
    "SELECT r.seq, r.leaf, r.zegel, s.id, s.onderwerp, s.maand, s.epoch, s.verpakt"
    " FROM regel r LEFT JOIN sleutel s ON s.id = r.sleutel"
    " WHERE r.seq >= 0 AND r.seq < ? ORDER BY r.seq"
)
_KEYS = "SELECT id, onderwerp, maand, epoch, verpakt FROM sleutel WHERE onderwerp = ? AND maand = ?"
_WORDS = "SELECT token, seq FROM trefwoord"
_DIFFERENT = (
    "SELECT DISTINCT seq FROM (SELECT token, seq FROM woord UNION ALL SELECT token, seq FROM eigen)"
    " GROUP BY token, seq HAVING count(*) = 1 ORDER BY seq LIMIT ?"
)
_MANY = 4096
_SHOWN = 1000


def try_vault(vault: Path | None, place: Place) -> None:
    """See that a folder holds the keys of this log, before hours of work that would be lost.

    Raises:
        UnusableError: It does not.
    """
    if vault is not None and place.rows:
        with _database(place) as connection, contextlib.suppress(sqlite3.DatabaseError):
            _open(vault, connection)


def check(vault: Path | None, place: Place, findings: Findings) -> None:
    """Check all that is sealed with the keys in a folder; without a folder, say so.

    Raises:
        UnusableError: The folder holds no keys of this log.
    """
    if not place.rows:
        return
    if vault is None:
        findings.note("de kluis is niet gegeven; de verzegelde inhoud is niet nagekeken.")
        return
    with _database(place) as connection:
        try:
            _check(connection, _open(vault, connection), place, findings)
        except sqlite3.DatabaseError:
            findings.add(Code.BESCHADIGD, 0, place.rows - 1)


@contextlib.contextmanager
def _database(place: Place) -> Iterator[sqlite3.Connection]:
    with closing(connect(place.directory / DATABASE, quiet=place.quiet)) as connection:
        connection.text_factory = str
        connection.execute("BEGIN")
        yield connection


def _open(vault: Path, connection: sqlite3.Connection) -> Kluis:
    if not vault.is_dir():
        raise UnusableError("De map van de kluis is er niet.")

    def find(onderwerp: bytes, maand: str) -> list[KeyRow]:
        return [KeyRow(*row) for row in connection.execute(_KEYS, (onderwerp, maand))]

    row = connection.execute("SELECT kek FROM kop").fetchone()
    try:
        keks = Keks(vault, Disk())
        keks.read()
        return Kluis(keks, find, kek=row[0] if row else 0, random_bytes=_no_chance)
    except VaultError as error:
        raise UnusableError(str(error)) from error


def _no_chance(_size: int) -> bytes:
    raise UnusableError("Wie nakijkt, maakt geen sleutels.")


def _check(connection: sqlite3.Connection, kluis: Kluis, place: Place, findings: Findings) -> None:
    lines, total = _Lines(kluis, findings.add), 0
    for words in _all_words(connection, lines, place):
        total += sum(map(hash, words))
    lines.check_gone()
    cursor = connection.execute(_WORDS)
    while rows := cursor.fetchmany(_MANY):
        total -= sum(map(hash, rows))
    if total:
        _name_lines(connection, kluis, place, findings)


def _name_lines(
    connection: sqlite3.Connection, kluis: Kluis, place: Place, findings: Findings
) -> None:
    # Once more, now with both sides in a sorted file of SQLite that is gone afterwards.
    with closing(sqlite3.connect("", isolation_level=None)) as sorter:
        sorter.execute("PRAGMA journal_mode = OFF")
        for name in ("woord", "eigen"):
            sorter.execute(f"CREATE TABLE {name} (token, seq)")
        sorter.execute("BEGIN")
        for words in _all_words(connection, _Lines(kluis, _ignore), place):
            sorter.executemany("INSERT INTO eigen VALUES (?, ?)", words)
        sorter.executemany("INSERT INTO woord VALUES (?, ?)", connection.execute(_WORDS))
        for (seq,) in sorter.execute(_DIFFERENT, (_SHOWN,)):
            findings.add(Code.TREFWOORD, seq if isinstance(seq, int) else 0)


def _ignore(_code: Code, _first: int, _last: int | None = None, _sentence: str = "") -> None:
    pass


def _all_words(
    connection: sqlite3.Connection, lines: "_Lines", place: Place
) -> Iterator[list[tuple[int, int]]]:
    cursor = connection.execute(_LINES, (place.rows,))
    while rows := cursor.fetchmany(_MANY):
        yield [(token, row[0]) for row in rows for token in lines.tokens(row)]


class _Lines:
    """Opens lines; tells what is off, and gives the words of what is in order."""

    def __init__(self, kluis: Kluis, tell: Callable[..., None]) -> None:
        self._kluis = kluis
        self._tell = tell
        self._marks: dict[str, list[Mac]] = {}
        self._gone = Gone()

    def tokens(self, row: tuple[Any, ...]) -> tuple[int, ...]:
        seq, data, zegel, *key = row
        try:
            leaf = Leaf.parse(data)
        except (EntryError, TypeError):
            # What is no line was told already.
            return ()
        try:
            opened = self._kluis.unseal(KeyRow(*key) if key[0] else None, zegel, leaf.kenmerk)
            if opened is None:
                self._gone.add(seq)
                return ()
            salt, payload = opened
            members = parse_canonical(payload)
        except (AuditError, TypeError):
            self._tell(Code.ZEGEL, seq)
            return ()
        if commitment(salt, payload) != leaf.toezegging:
            self._tell(Code.TOEZEGGING, seq)
        self._check_subject(seq, leaf, members, key[1])
        if leaf.soort is Soort.VERNIETIGING:
            self._gone.told = told_without(members)
        return self._kluis.tokens(members)

    def check_gone(self) -> None:
        """Tell when payloads are gone that nobody destroyed; all lines must have been seen."""
        if sentence := self._gone.wrong():
            self._tell(Code.GEWIST, self._gone.first, self._gone.last, sentence)

    def _check_subject(
        self, seq: int, leaf: Leaf, members: dict[str, Any], onderwerp: bytes
    ) -> None:
        subject = members.get(SUBJECT)
        if not isinstance(subject, str):
            if onderwerp != NOBODY:
                self._tell(Code.MERK, seq)
            return
        if onderwerp != self._kluis.tag(subject):
            self._tell(Code.MERK, seq)
            return
        if subject not in self._marks:
            if len(self._marks) > _MANY:
                self._marks.clear()
            self._marks[subject] = [Mac(key) for key in self._kluis.subject_keys(subject)]
        if leaf.merk not in [mark_of(mac, leaf.kenmerk) for mac in self._marks[subject]]:
            self._tell(Code.MERK, seq)
