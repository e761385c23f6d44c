"""Reading a log on PostgreSQL: everything is seen as it was committed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, LiteralString

import psycopg

from audit.entry import KeyRow, Soort
from audit.ledger import Head, Known, Stored
from audit.ledger.pg_connection import Address, Readers, is_lost, unavailable

# The statements below are put together from these constants only.
# ruff: noqa: S608
_KEY: Final = "k.id, k.onderwerp, k.maand, k.epoch, k.verpakt"
_STORED: Final = (
    f"SELECT r.seq, r.leaf, r.zegel, {_KEY}"
    " FROM logboek.regel r LEFT JOIN logboek.sleutel k ON k.id = r.sleutel"
)
_PAGE: Final = " ORDER BY r.seq LIMIT %(limit)s::bigint"
_LINES: Final = f"{_STORED} WHERE r.seq >= %(start)s::bigint{_PAGE}"
_LINES_OF: Final = f"{_STORED} WHERE r.soort = %(soort)s AND r.seq >= %(start)s::bigint{_PAGE}"
_LINES_OPEN: Final = f"{_STORED} WHERE r.seq IN (SELECT seq FROM logboek.open_voornemen){_PAGE}"
KNOWN: Final = (
    f"SELECT r.kenmerk, r.seq, r.soort, r.zegel, {_KEY}"
    " FROM logboek.regel r LEFT JOIN logboek.sleutel k ON k.id = r.sleutel"
    " WHERE r.kenmerk = ANY (%b::text[])"
)
HEAD: Final = "SELECT size, peaks, op, note, epoch, kek FROM logboek.kop"
_KEYS: Final = f"SELECT {_KEY} FROM logboek.sleutel k"
_KEYS_OF: Final = (
    f"{_KEYS} WHERE (%(onderwerp)s::bytea IS NULL OR k.onderwerp = %(onderwerp)s::bytea)"
    " AND (%(maand)s::text IS NULL OR k.maand = %(maand)s::text)"
)
# The first word drives; of each line that it gives, the others are looked up by their key.
_SEARCH: Final = (
    f"SELECT r.seq, r.leaf, r.zegel, {_KEY} FROM logboek.trefwoord t"
    " JOIN logboek.regel r ON r.seq = t.seq LEFT JOIN logboek.sleutel k ON k.id = r.sleutel"
    " WHERE t.token = %(first)s::bigint AND t.seq >= %(low)s::bigint AND t.seq < %(high)s::bigint"
    " AND (SELECT count(*) FROM logboek.trefwoord o WHERE o.seq = t.seq"
    " AND o.token = ANY (%(others)b::bigint[])) = cardinality(%(others)b::bigint[])"
    " AND (%(soort)s::text IS NULL OR r.soort = %(soort)s::text)"
    " ORDER BY t.seq LIMIT %(limit)s::bigint"
)


class PostgresReader:
    """The reading half of `Ledger`. Safe to use from several threads."""

    failures: tuple[type[Exception], ...] = (psycopg.Error,)

    def __init__(self, address: Address) -> None:
        """Say where; connections are made when they are needed."""
        self._readers = Readers(address.connect)

    def close(self) -> None:
        """Close every connection."""
        self._readers.close()

    def head(self) -> Head | None:
        """Return the head; None when there is no log yet."""
        rows = self._all(HEAD)
        return head_of(rows[0]) if rows else None

    def note_after(self, index: int) -> str | None:
        """Return the checkpoint of the batch that brought this line."""
        rows = self._all(
            "SELECT note FROM logboek.controlepunt WHERE size > %s::bigint ORDER BY size LIMIT 1",
            (index,),
        )
        return rows[0][0] if rows else None

    def known(self, kenmerken: Sequence[str]) -> Mapping[str, Known]:
        """Return what those kenmerken stand for that are taken."""
        return known_of(self._all(KNOWN, (list(kenmerken),)))

    def lines(self, start: int, limit: int, soort: Soort | None) -> list[Stored]:
        """Return at most `limit` lines from index `start` on, of one soort or of all."""
        values = {"start": start, "limit": limit}
        if soort is None:
            return _stored(self._all(_LINES, values))
        return _stored(self._all(_LINES_OF, {**values, "soort": soort.value}))

    def open_intents(self, limit: int) -> list[Stored]:
        """Return the first voornemens without an end, at most `limit`."""
        return _stored(self._all(_LINES_OPEN, {"limit": limit}))

    def hashes(self, low: int, high: int) -> list[bytes]:
        """Return the leaf hashes of lines low..high-1, as far as they are there."""
        return self._column(
            "SELECT hash FROM logboek.regel WHERE seq >= %s::bigint AND seq < %s::bigint"
            " ORDER BY seq",
            low,
            high,
        )

    def rows(self, low: int, high: int) -> list[bytes]:
        """Return the leaf bytes of lines low..high-1, as far as they are there."""
        return self._column(
            "SELECT leaf FROM logboek.regel WHERE seq >= %s::bigint AND seq < %s::bigint"
            " ORDER BY seq",
            low,
            high,
        )

    def keys(self, onderwerp: bytes | None, maand: str | None) -> list[KeyRow]:
        """Return the keys of a subject and a month; None is any."""
        rows = self._all(_KEYS_OF, {"onderwerp": onderwerp, "maand": maand})
        return [KeyRow(*row) for row in rows]

    def keys_after(self, key_id: bytes, limit: int) -> list[KeyRow]:
        """Return at most `limit` keys in order of their id, those after this one."""
        rows = self._all(
            f"{_KEYS} WHERE k.id > %s::bytea ORDER BY k.id LIMIT %s::bigint", (key_id, limit)
        )
        return [KeyRow(*row) for row in rows]

    def search(
        self, tokens: Sequence[int], span: tuple[int, int], limit: int, soort: Soort | None
    ) -> list[Stored]:
        """Return lines that have all these tokens, at most `limit`; the first token drives."""
        values = {
            "first": tokens[0],
            "low": span[0],
            "high": span[1],
            "others": sorted(set(tokens[1:])),
            "soort": None if soort is None else soort.value,
            "limit": limit,
        }
        return _stored(self._all(_SEARCH, values))

    def _column(self, statement: LiteralString, low: int, high: int) -> list[bytes]:
        return [row[0] for row in self._all(statement, (low, high))]

    def _all(
        self, statement: LiteralString, values: Sequence[object] | Mapping[str, object] = ()
    ) -> list[Any]:
        lost = psycopg.OperationalError()
        for _ in range(2):
            with self._readers.take() as connection:
                try:
                    return connection.execute(statement, values, binary=True).fetchall()
                except psycopg.OperationalError as error:
                    if not is_lost(connection):
                        raise
                    lost = error
            # A connection that lay idle while the server restarted is worth a second try.
            self._readers.forget()
        raise unavailable(lost) from lost


def key_of(values: Sequence[Any]) -> KeyRow | None:
    """Return a key from its five columns, which are all NULL where there is none."""
    return None if values[0] is None else KeyRow(*values)


def head_of(row: Sequence[Any]) -> Head:
    """Return the head from its row."""
    size, peaks, op, note, epoch, kek = row
    return Head(size=size, peaks=peaks, op=op, note=note, epoch=epoch, kek=kek)


def known_of(rows: Iterable[Any]) -> dict[str, Known]:
    """Return what kenmerken stand for from the rows of KNOWN."""
    return {
        kenmerk: Known(seq, soort, key_of(key), zegel) for kenmerk, seq, soort, zegel, *key in rows
    }


def _stored(rows: Iterable[Any]) -> list[Stored]:
    return [Stored(seq, leaf, key_of(key), zegel) for seq, leaf, zegel, *key in rows]
