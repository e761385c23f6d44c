"""The log: durable, acknowledged lines, beside bare inserts and beside the disk itself."""

import asyncio
import datetime as dt
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter, perf_counter_ns
from typing import Final

import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.chance import Chance
from audit.entry import SALT_SIZE, Entry, Soort
from audit.log import Log
from audit.note import Signer
from bench.figures import Cijfers, summary, timed
from broker.app import RandomIds

_ORIGIN: Final = "bench.sluis.example.nl/logboek"
SOORTEN: Final = (Soort.VOORNEMEN, Soort.VERSTREKKING)
"""As the doors record them: first the voornemen, then how it ended."""
_BLOCK: Final = bytes(4096)


def measure_log(folder: Path, moment: dt.datetime, producers: int, each: int) -> Cijfers:
    """Let `producers` record `each` lines, every one waiting for its receipt before the next.

    Raises:
        RuntimeError: Not every line stands in the log.
    """
    signer = Signer.of(_ORIGIN, Ed25519PrivateKey.generate())
    kluis = folder.with_name(f"{folder.name}-kluis")
    with Log.open(folder, signer=signer, origin=_ORIGIN, kluis=kluis) as log:
        work = [_work(moment, each) for _ in range(producers)]
        began = perf_counter()
        times = uvloop.run(_produce(log, work))
        seconds = perf_counter() - began
        if len(log.entries(0, len(times) + 1)) != len(times):
            raise RuntimeError("not every line stands in the log")
    return summary(times) | {"per_second": round(len(times) / seconds, 1)}


async def _produce(log: Log, work: Sequence[list[Entry]]) -> list[int]:
    times: list[int] = []

    async def producer(entries: list[Entry]) -> None:
        for entry in entries:
            began = perf_counter_ns()
            await log.record([(entry, salt(SALT_SIZE))])
            times.append(perf_counter_ns() - began)

    salt = Chance(os.urandom)
    await asyncio.gather(*(producer(entries) for entries in work))
    return times


def _work(moment: dt.datetime, each: int) -> list[Entry]:
    """Return so many lines as the doors make them: first the voornemen, then how it ended."""
    ids = RandomIds()
    verzoeken = [ids.new("v") for _ in range((each + 1) // 2)]
    return [a_line(moment, verzoeken[number // 2], SOORTEN[number % 2]) for number in range(each)]


def a_line(moment: dt.datetime, verzoek: str, soort: Soort) -> Entry:
    """Return a line as large as the doors make them."""
    return Entry(
        soort=soort,
        at=moment,
        kenmerk=f"{verzoek}/1/{soort}",
        subject="p-" + "a" * 52,
        payload={
            "verzoek": verzoek,
            "besluit": f"b{verzoek[1:]}",
            "deur": "verzoek",
            "gebruiker": "g-017",
            "organisatie": "zaanstad-college",
            "bron": "nla",
            "zaak": "hhk-zaandam-oost-2026",
            "sleutel": "p-" + "a" * 52,
            "grondslag": "wgs-riec",
            "uitkomst": "toegewezen",
            "categorieen": ["identificatie", "toezicht-handhaving"],
            "gronden": [],
        },
    )


def measure_sqlite(folder: Path, count: int) -> Cijfers:
    """Insert rows without any protection, each in a commit of its own, as durable as the log.

    One writer in a loop: SQLite commits one at a time, so more writers only wait for each other.
    """
    connection = sqlite3.connect(folder / "kaal.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE regels (nummer INTEGER PRIMARY KEY, regel BLOB NOT NULL)")
    row = os.urandom(500)
    try:
        each, seconds = timed(
            count, lambda _: connection.execute("INSERT INTO regels (regel) VALUES (?)", (row,))
        )
    finally:
        connection.close()
    return summary(each) | {"per_second": round(count / seconds, 1)}


def measure_disk(folder: Path, count: int) -> Cijfers:
    """Append a block of 4 KiB and bring it to the platter, again and again."""
    handle = os.open(folder / "schijf", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(_: int) -> None:
        os.write(handle, _BLOCK)
        os.fsync(handle)

    try:
        each, seconds = timed(count, write)
    finally:
        os.close(handle)
    return summary(each) | {"per_second": round(count / seconds, 1)}
