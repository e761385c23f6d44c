"""The log: durable, acknowledged lines, beside bare inserts and beside the disk itself."""

import asyncio
import datetime as dt
import os
import sqlite3
from pathlib import Path
from time import perf_counter, perf_counter_ns
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.entry import SALT_SIZE, Entry, Soort
from audit.log import Log
from audit.note import Signer
from bench.figures import Cijfers, summary, timed

_ORIGIN: Final = "bench.sluis.example.nl/logboek"
_BLOCK: Final = bytes(4096)


def measure_log(folder: Path, moment: dt.datetime, producers: int, each: int) -> Cijfers:
    """Let `producers` record `each` lines, every one waiting for its receipt before the next.

    Raises:
        RuntimeError: Not every line stands in the log.
    """
    signer = Signer.of(_ORIGIN, Ed25519PrivateKey.generate())
    kluis = folder.with_name(f"{folder.name}-kluis")
    with Log.open(folder, signer=signer, origin=_ORIGIN, kluis=kluis) as log:
        began = perf_counter()
        times = asyncio.run(_produce(log, moment, producers, each))
        seconds = perf_counter() - began
        if len(log.entries(0, len(times) + 1)) != len(times):
            raise RuntimeError("not every line stands in the log")
    return summary(times) | {"per_second": round(len(times) / seconds, 1)}


async def _produce(log: Log, moment: dt.datetime, producers: int, each: int) -> list[int]:
    times: list[int] = []

    async def producer(name: int) -> None:
        for number in range(each):
            began = perf_counter_ns()
            await log.record([(a_line(moment, name, number), os.urandom(SALT_SIZE))])
            times.append(perf_counter_ns() - began)

    await asyncio.gather(*(producer(name) for name in range(producers)))
    return times


def a_line(moment: dt.datetime, name: int | str, number: int) -> Entry:
    """Return a line as large as the doors make them."""
    return Entry(
        soort=Soort.VOORNEMEN,
        at=moment,
        kenmerk=f"v-{name}-{number}/1/voornemen",
        subject="p-" + "a" * 52,
        payload={
            "verzoek": f"v-{name}-{number}",
            "besluit": f"b-{name}-{number}",
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
