"""What the tests of the ledger on PostgreSQL share: lines without a log around them."""

import datetime as dt
import hashlib
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.entry import KeyRow, Prepared, Soort
from audit.ledger import Batch, Head, Ledger
from audit.ledger.pg_connection import Address
from audit.ledger.postgres import PostgresLedger
from audit.merkle import frontier_root, grow, leaf_hash, pack_peaks, unpack_peaks
from audit.note import Signer
from tests.postgres_server import Server

START = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
SIGNER = Signer.of("sluis.example/log", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
KEY = KeyRow(b"k" * 16, b"o" * 16, "2026-11", 1, b"verpakt")
INDEX = KeyRow(b"i" * 16, bytes(16), "index", 1, b"verpakt")
EMPTY = Head(size=0, peaks=b"", op="", note="leeg", epoch=0, kek=1)


def salt_of(number: int) -> bytes:
    """Return a salt that is always the same for this number."""
    return hashlib.sha256(b"zout %d" % number).digest()[:16]


def an_item(kenmerk: str, soort: Soort = Soort.TOETSING, words: Sequence[int] = ()) -> Prepared:
    """Return a line as the writer hands it over."""
    data = f"blad van {kenmerk}".encode()
    return Prepared(
        soort=soort,
        kenmerk=kenmerk,
        op="2026-11-20T09:00:00.000000Z",
        merk="",
        toezegging="",
        data=data,
        hash=leaf_hash(data),
        salt=b"",
        payload=b"",
        subject=None,
        sleutel=KEY.id,
        zegel=b"zegel",
        words=tuple(words),
        keys=(KEY,),
        kek=1,
    )


def a_batch(head: Head, items: Sequence[Prepared]) -> Batch:
    """Return the batch that adds these lines to a log."""
    growth = grow(unpack_peaks(head.size, head.peaks), head.size, [item.hash for item in items])
    after = Head(
        size=growth.size,
        peaks=pack_peaks(growth.peaks),
        op=items[-1].op,
        note=f"{growth.size} {growth.root.hex()}",
        epoch=head.epoch,
        kek=head.kek,
    )
    return Batch(first=head.size, entries=items, head=after, keys=[KEY])


def write(ledger: Ledger, *kenmerken: str) -> Head:
    """Write lines in one turn; return the head after it."""
    with ledger.turn() as turn:
        batch = a_batch(turn.head, [an_item(kenmerk) for kenmerk in kenmerken])
        turn.write(batch)
    return batch.head


def a_ledger(address: Address, node: str = "een") -> PostgresLedger:
    """Open a ledger, and make the log when it is not there."""
    ledger = PostgresLedger.open(address, node=node)
    if ledger.head() is None:
        ledger.create(EMPTY, [INDEX])
    return ledger


def a_role(server: Server, database: str, name: str) -> Address:
    """Make a role that may only connect; return the address with which it does."""
    if not server.admin("SELECT 1 FROM pg_roles WHERE rolname = '%s'" % name):  # noqa: S608, UP031
        server.admin(f"CREATE ROLE {name} LOGIN")
    return Address(url=server.at(database).replace("//postgres", f"//{name}"), strict=True)


def is_whole(ledger: Ledger) -> bool:
    """Tell whether lines, indexes and frontier of a log make one tree without gaps."""
    head = ledger.head()
    assert head is not None
    lines = ledger.lines(0, head.size + 1, None)
    hashes = [leaf_hash(line.leaf) for line in lines]
    root = frontier_root(grow({}, 0, hashes).peaks) if hashes else frontier_root({})
    return (
        [line.seq for line in lines] == list(range(head.size))
        and ledger.hashes(0, head.size) == hashes
        and frontier_root(unpack_peaks(head.size, head.peaks)) == root
    )
