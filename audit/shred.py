"""Shredding: the payload of a subject or of a month is destroyed, and every proof holds.

In one transaction, together with its own entry (soort vernietiging):

1. The keys of the subject, or of the month, are found, and the lines that they seal.
2. A KEK of a next epoch is made: its file is on disk before anything else changes.
3. Keys and words of those lines are deleted, their zegels emptied.
4. Every other key is wrapped anew with the new KEK.
5. The entry is written and the head names the new epoch.

After the commit the files of older KEKs are destroyed. A crash before the commit leaves a KEK
that nobody uses, a crash after it leaves old KEKs, which the next opening destroys. An old copy
of the database holds only keys that can no longer be unwrapped.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from audit.entry import (
    SUBJECT,
    Entry,
    KeyRow,
    Leaf,
    Prepared,
    Soort,
    check_entry,
    parse_canonical,
    payload_of,
)
from audit.errors import ShredError, VaultError
from audit.kluis import Kluis
from audit.ledger import Head, Ledger, Stored, Turn
from audit.prepare import prepare_apart
from audit.reading import first_at, open_line

PAGE = 1000
"""Lines or keys that are worked on together."""
WITHOUT = "zonder_inhoud"
"""How many lines of the whole log have no payload any more.

Payloads never come back, so when this is how many are missing, they are the very lines that were
destroyed: one that went otherwise is one too many. No line is named, so none is tied to another.
"""
COUNTS = ("regels", "sleutels", WITHOUT)
"""What is added to the payload: how many lines and keys were destroyed, and `WITHOUT`."""
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shredding:
    """What to destroy, all of a subject or all of a month, and the entry that tells of it."""

    entry: Entry
    """Its payload tells the rule and who; it never names the subject."""
    salt: bytes = field(repr=False)
    subject: str | None = field(default=None, repr=False)
    month: str | None = None
    """`YYYY-MM`: that of the moment of the lines."""

    def check(self) -> None:
        """Check that this can be done.

        Raises:
            ShredError: It is not told what to destroy, or the entry is not fit to tell of it.
            EntryError: The entry cannot be recorded.
        """
        if (self.subject is None) == (self.month is None) or self.subject == "":
            raise ShredError("Noem de betrokkene of de maand die moet worden vernietigd.")
        if self.month is not None and not _MONTH.fullmatch(self.month):
            raise ShredError("De maand heeft niet de vorm jjjj-mm.")
        entry = self.entry
        if entry.soort is not Soort.VERNIETIGING or entry.subject is not None:
            raise ShredError("Een vernietiging heeft een eigen soort regel, zonder betrokkene.")
        if not entry.payload.keys().isdisjoint((*COUNTS, SUBJECT)):
            raise ShredError("De inhoud van een vernietiging noemt al wat hier wordt geteld.")
        check_entry(entry)
        payload_of(entry)

    def says(self, payload: bytes) -> bool:
        """Tell whether a payload is that of this entry, whatever was counted."""
        told = {n: v for n, v in parse_canonical(payload).items() if n not in COUNTS}
        return payload_of(replace(self.entry, payload=told)) == payload_of(self.entry)


@dataclass(slots=True)
class Gone:
    """The lines without a payload as somebody meets them, beside what the log tells of them."""

    first: int = 0
    last: int = 0
    count: int = 0
    told: int | None = 0
    """By the last vernietiging; None when it does not tell."""

    def add(self, line: int) -> None:
        """Count one; they come in order."""
        self.first = self.first if self.count else line
        self.last = line
        self.count += 1

    def wrong(self) -> str | None:
        """Return a sentence when it is not as many as were destroyed."""
        if self.count == self.told:
            return None
        told = "onbekend" if self.told is None else f"{self.told}"
        return (
            "er is inhoud weg zonder dat een vernietiging is vastgelegd"
            f" (regels zonder inhoud: {self.count}, volgens de laatste vernietiging: {told})."
        )


def shred(turn: Turn, ledger: Ledger, kluis: Kluis, what: Shredding) -> Prepared:
    """Take steps 1 to 4 and prepare the entry, under the new epoch.

    Raises:
        AuditError: It cannot be done; undo the turn.
    """
    before = _without(ledger, kluis)
    keys = _doomed_keys(ledger, kluis, what)  # 1
    ids = {row.id for row in keys}
    epoch = kluis.new_kek()  # 2
    lines = 0
    for page in _doomed_lines(ledger, kluis, what, turn.head):  # 3
        sealed = [stored for stored in page if stored.key is not None and stored.key.id in ids]
        words = [word for stored in sealed for word in _words(stored, kluis)]
        turn.erase([], [stored.seq for stored in sealed], words)
        lines += len(sealed)
    turn.erase(sorted(ids), [], [])
    after = b""
    while rows := ledger.keys_after(after, PAGE):  # 4
        kept = (kluis.rewrap(row, epoch) for row in rows if row.id not in ids)
        turn.rewrap([row for row in kept if row is not None])
        after = rows[-1].id
    counts = dict(zip(COUNTS, (lines, len(ids), before + lines), strict=True))
    entry = replace(what.entry, payload={**what.entry.payload, **counts})
    return prepare_apart(entry, what.salt, kluis, epoch)


def _without(ledger: Ledger, kluis: Kluis) -> int:
    # As the last one told; it is the only one that must still be there.
    last, start = None, 0
    while page := ledger.lines(start, PAGE, Soort.VERNIETIGING):
        last, start = page[-1], page[-1].seq + 1
    if last is None:
        return 0
    told = told_without(open_line(last, kluis).payload)
    if told is None:
        raise ShredError("De vorige vernietiging is niet te lezen. Kijk eerst het logboek na.")
    return told


def told_without(payload: Mapping[str, Any] | None) -> int | None:
    """Return how many lines have no payload, by the payload of a vernietiging."""
    told = (payload or {}).get(WITHOUT)
    return told if type(told) is int and told >= 0 else None


def _doomed_keys(ledger: Ledger, kluis: Kluis, what: Shredding) -> list[KeyRow]:
    if what.subject is not None:
        return ledger.keys(kluis.tag(what.subject), None)
    return ledger.keys(None, what.month)


def _doomed_lines(
    ledger: Ledger, kluis: Kluis, what: Shredding, head: Head
) -> Iterator[Sequence[Stored]]:
    if what.month is None:
        low, high = 0, head.size
        tokens = [kluis.token(SUBJECT, what.subject or "")]
    else:
        # As text a month stands before all of its moments, and `~` after them.
        low = first_at(ledger, head.size, what.month)
        high = first_at(ledger, head.size, f"{what.month}~")
        tokens = []
    while low < high:
        if tokens:
            page = ledger.search(tokens, (low, high), PAGE, None)
        else:
            page = ledger.lines(low, min(PAGE, high - low), None)
        if not page:
            return
        yield page
        low = page[-1].seq + 1


def _words(stored: Stored, kluis: Kluis) -> list[tuple[int, int]]:
    try:
        found = kluis.unseal(stored.key, stored.zegel, Leaf.parse(stored.leaf).kenmerk)
    except VaultError:
        # Damaged, so nobody can tell what it was found by; the verifier tells of its words.
        found = None
    if found is None:
        return []
    return [(token, stored.seq) for token in kluis.tokens(parse_canonical(found[1]))]
