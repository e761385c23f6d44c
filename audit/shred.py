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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

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
from audit.reading import first_at

PAGE = 1000
"""Lines or keys that are worked on together."""
COUNTS = ("regels", "sleutels")
"""What is added to the payload: how many lines and keys were destroyed."""
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


def shred(turn: Turn, ledger: Ledger, kluis: Kluis, what: Shredding) -> Prepared:
    """Take steps 1 to 4 and prepare the entry, under the new epoch.

    Raises:
        AuditError: It cannot be done; undo the turn.
    """
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
    counts = dict(zip(COUNTS, (lines, len(ids)), strict=True))
    entry = replace(what.entry, payload={**what.entry.payload, **counts})
    return prepare_apart(entry, what.salt, kluis, epoch)


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
