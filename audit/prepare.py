"""From an entry to the bytes that are written: committed, marked, sealed and hashed."""

from audit.entry import (
    SALT_SIZE,
    Entry,
    Prepared,
    check_entry,
    commitment,
    encode_leaf,
    format_moment,
    parse_canonical,
    payload_of,
)
from audit.errors import EntryError
from audit.kluis import NOBODY, Kluis, Seal
from audit.merkle import leaf_hash

MONTH = 7
"""Characters of `YYYY-MM` in a moment."""


def prepare(entry: Entry, salt: bytes, kluis: Kluis) -> Prepared:
    """Make the bytes of an entry.

    Args:
        entry: What to record.
        salt: SALT_SIZE unguessable bytes, never used before.
        kluis: Where its keys are.

    Raises:
        EntryError: Something cannot be recorded; the sentence tells what.
    """
    op = format_moment(entry.at)
    # The epoch first: when it changes meanwhile, the writer sees that these keys are old.
    kek = kluis.kek
    merk, keys = kluis.mark(entry.subject, entry.kenmerk)
    key = kluis.key(entry.subject, op[:MONTH])
    made = _made(entry, salt, kluis, (op, merk, key))
    made.keys = keys + key.fresh
    made.kek = kek
    return made


def prepare_apart(entry: Entry, salt: bytes, kluis: Kluis, epoch: int) -> Prepared:
    """Make the bytes of an entry without subject, with a key of its own under an epoch to come.

    Raises:
        EntryError: As `prepare`.
    """
    op = format_moment(entry.at)
    key = kluis.new_key(NOBODY, op[:MONTH], epoch)
    made = _made(entry, salt, kluis, (op, kluis.mark(None, entry.kenmerk)[0], key))
    made.keys = key.fresh
    made.kek = epoch
    return made


def _made(entry: Entry, salt: bytes, kluis: Kluis, parts: tuple[str, str, Seal]) -> Prepared:
    if len(salt) != SALT_SIZE:
        raise EntryError(f"Het zout is niet {SALT_SIZE} bytes lang.")
    check_entry(entry)
    members, payload = payload_of(entry)
    kenmerk, soort = entry.kenmerk, entry.soort
    op, merk, key = parts
    toezegging = commitment(salt, payload)
    data = encode_leaf(kenmerk, merk, op, soort, toezegging)
    return Prepared(
        soort=soort,
        kenmerk=kenmerk,
        op=op,
        merk=merk,
        toezegging=toezegging,
        data=data,
        hash=leaf_hash(data),
        salt=salt,
        payload=payload,
        subject=entry.subject,
        sleutel=key.id,
        zegel=kluis.seal(key, kenmerk, (salt, payload)),
        words=kluis.tokens(members),
    )


def renew(item: Prepared, op: str, kluis: Kluis) -> None:
    """Seal an entry anew: the keys that it was sealed with have passed, or it moved to `op`.

    Raises:
        EntryError: Never for what `prepare` made.
    """
    kek = kluis.kek
    merk, keys = kluis.mark(item.subject, item.kenmerk)
    key = kluis.key(item.subject, op[:MONTH])
    item.merk = merk
    item.sleutel = key.id
    item.zegel = kluis.seal(key, item.kenmerk, (item.salt, item.payload))
    item.words = kluis.tokens(parse_canonical(item.payload))
    item.keys = keys + key.fresh
    item.kek = kek
    item.move(op)


def fits(item: Prepared, op: str, kek: int) -> bool:
    """Tell whether an entry can be written at this moment with the keys that it has."""
    return item.kek == kek and item.op[:MONTH] == op[:MONTH]
