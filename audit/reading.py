"""Reading a log: lines opened with the keys of the vault, and found by what they say."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from audit.entry import Leaf, Soort, format_moment, parse_canonical, parse_moment
from audit.errors import LogReadError, VaultError
from audit.kluis import Kluis, words_of
from audit.ledger import Ledger, Line, Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What lines must all say to be found. What is None may be anything."""

    subject: str | None = field(default=None, repr=False)
    zaak: str | None = None
    grond: str | None = None
    gebruiker: str | None = None
    organisatie: str | None = None
    bron: str | None = None
    uitkomst: str | None = None
    grondslag: str | None = None
    wat: str | None = None
    soort: Soort | None = None
    since: dt.datetime | None = None
    """From this moment on."""
    until: dt.datetime | None = None
    """Before this moment."""

    def words(self) -> list[tuple[str, str]]:
        """Return name and value of each member to look for, those with the fewest lines first."""
        asked = (
            ("sleutel", self.subject),
            ("zaak", self.zaak),
            ("gronden", self.grond),
            ("gebruiker", self.gebruiker),
            ("organisatie", self.organisatie),
            ("bron", self.bron),
            ("uitkomst", self.uitkomst),
            ("grondslag", self.grondslag),
            ("wat", self.wat),
        )
        return [(name, value) for name, value in asked if value is not None]


def open_line(stored: Stored, kluis: Kluis) -> Line:
    """Open a line.

    Raises:
        EntryError: Its leaf or payload has not the form that was written.
        VaultError: What is sealed was meddled with.
    """
    leaf = Leaf.parse(stored.leaf)
    found = kluis.unseal(stored.key, stored.zegel, leaf.kenmerk)
    return Line(
        index=stored.seq,
        soort=leaf.soort,
        at=parse_moment(leaf.op),
        kenmerk=leaf.kenmerk,
        payload=None if found is None else parse_canonical(found[1]),
        salt=None if found is None else found[0],
        leaf=stored.leaf,
    )


def search(
    ledger: Ledger, kluis: Kluis, query: Query, span: tuple[int, int], limit: int
) -> list[Line]:
    """Return the first lines of a span of indexes that say all that is asked, at most `limit`.

    The words in the ledger only lead the way: what a line says is what counts.

    Raises:
        EntryError: A line has not the form that was written.
    """
    low, high = _within(ledger, query, span)
    words = query.words()
    tokens = [kluis.token(name, value) for name, value in words]
    found: list[Line] = []
    while low < high and len(found) < limit:
        page = _page(ledger, tokens, (low, high), limit, query.soort)
        found += [line for stored in page if (line := _says(stored, kluis, words)) is not None]
        if len(page) < limit:
            break
        low = page[-1].seq + 1
    return found[:limit]


def first_at(ledger: Ledger, size: int, op: str) -> int:
    """Return the first of `size` lines at or after a moment; `size` when there is none.

    Moments never go back in a log, so this looks at some twenty lines at most.

    Raises:
        LogReadError: A line is gone.
        EntryError: A line has not the form that was written.
    """
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        leaves = ledger.rows(middle, middle + 1)
        if not leaves:
            raise LogReadError(f"In de database ontbreekt regel {middle}.")
        if Leaf.parse(leaves[0]).op < op:
            low = middle + 1
        else:
            high = middle
    return low


def _within(ledger: Ledger, query: Query, span: tuple[int, int]) -> tuple[int, int]:
    low, size = span
    high = size
    if query.since is not None:
        low = max(low, first_at(ledger, size, format_moment(query.since)))
    if query.until is not None:
        high = first_at(ledger, size, format_moment(query.until))
    return low, high


def _page(
    ledger: Ledger,
    tokens: Sequence[int],
    span: tuple[int, int],
    limit: int,
    soort: Soort | None,
) -> list[Stored]:
    if tokens:
        return ledger.search(tokens, span, limit, soort)
    low, high = span
    return [stored for stored in ledger.lines(low, limit, soort) if stored.seq < high]


def _says(stored: Stored, kluis: Kluis, words: Sequence[tuple[str, str]]) -> Line | None:
    try:
        line = open_line(stored, kluis)
    except VaultError:
        return None
    if words and not set(words) <= set(words_of(line.payload or {})):
        return None
    return line
