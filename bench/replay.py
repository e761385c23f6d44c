"""`python -m bench.replay --n 50000`: how fast recorded besluiten are decided again.

The besluiten are made first, as the doors record them: with their dossier, in the store and in the
log, of both doors, granted and refused. Only the replay is timed.
"""

import argparse
import asyncio
import datetime as dt
import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console

from audit.entry import SALT_SIZE, Entry, Soort
from audit.log import Log
from audit.note import Signer
from audit.receipt import Receipt
from bench.__main__ import machine
from bench.decision import base_dossier
from broker.cli.replay import compare_all, replay_all
from broker.decision.decide import Decider
from broker.decision.register import default_root
from broker.domain import invoer
from broker.domain.kalender import AMSTERDAM
from broker.services.beslislogboek import digest
from broker.settings import Settings
from broker.store import migrate

_ORIGIN: Final = "bench.sluis.example.nl/logboek"
_BEGIN: Final = dt.datetime(2026, 6, 1, 9, tzinfo=AMSTERDAM)
_STEP: Final = dt.timedelta(milliseconds=500)
_BATCH: Final = 256
_SOURCES: Final = (("nla", "nla"), ("politie-nh", "politie"), ("uwv", "uwv"))
_ASKED: Final = (
    ["identificatie", "toezicht-handhaving"],
    ["politiegegevens-8-13"],
    ["inkomen", "fiscaal", "identificatie"],
)
_VERZOEK: Final = (
    "INSERT INTO verzoeken (id, gebruiker, organisatie, zaak, sleutel, grondslag, body,"
    " ontvangen_op) VALUES (?, 'g-017', 'zaanstad-college', 'hhk-zaandam-oost-2026', ?,"
    " 'wgs-riec', ?, ?)"
)
_BESLUIT: Final = (
    "INSERT INTO besluiten (id, verzoek, bron, deur, moment, uitkomst, dossier, besluit, versies)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, '{}')"
)


def fill(settings: Settings, count: int) -> None:
    """Record this many besluiten."""
    settings.data.mkdir(parents=True, exist_ok=True)
    asyncio.run(migrate(settings.database_url))
    signer = Signer.of(_ORIGIN, Ed25519PrivateKey.generate())
    database = sqlite3.connect(settings.data / "sluis.db")
    database.execute("PRAGMA synchronous = OFF")
    waiting: list[Future[tuple[Receipt, ...]]] = []
    kluis = settings.kluis_folder
    with Log.open(settings.log_folder, signer=signer, origin=_ORIGIN, kluis=kluis) as log:
        entries: list[tuple[Entry, bytes]] = []
        for row in _rows(count):
            _store(database, row)
            entries.append((_line(row), os.urandom(SALT_SIZE)))
            if len(entries) == _BATCH:
                waiting = [*waiting[-8:], log.append_many(entries)]
                waiting[0].result()  # no more than a few batches wait
                entries = []
        if entries:
            log.append_many(entries).result()
    database.commit()
    database.close()


def measure(settings: Settings, count: int, workers: int) -> dict[str, Any]:
    """Decide them again, to the byte and against the log; then by the rules of today.

    Raises:
        RuntimeError: One did not come out the same, so nothing was measured.
    """
    began = perf_counter()
    found = replay_all(settings, workers=workers)
    seconds = perf_counter() - began
    if found.gelijk != count or not found.goed:
        raise RuntimeError(f"not the same: {found}")
    began = perf_counter()
    difference = compare_all(settings, (None, None), workers, "today")
    again = perf_counter() - began
    if (difference.aantal, difference.anders) != (count, 0):
        raise RuntimeError(f"not the same: {difference}")
    return {
        "machine": machine(),
        "n": count,
        "workers": workers,
        "replay": {"seconds": round(seconds, 1), "per_second": round(count / seconds)},
        "with": {"seconds": round(again, 1), "per_second": round(count / again)},
    }


def _rows(count: int) -> Iterator[dict[str, Any]]:
    """Yield besluiten, each with the dossier it rests on, as the doors keep them."""
    decider = Decider.load(default_root())
    for number in range(count):
        question, second = divmod(number, 2)
        dossier = _dossier(question, _BEGIN + number * _STEP, second=bool(second))
        besluit = decider.decide(invoer.parse(dossier))
        yield {
            "id": f"b-{number:08d}",
            "verzoek": f"v-{question:08d}",
            "bron": dossier["bron"]["organisatie"],
            "deur": dossier["deur"],
            "moment": _BEGIN + number * _STEP,
            "uitkomst": besluit.uitkomst.value,
            "sleutel": dossier["betrokkene"]["sleutel"],
            "dossier": orjson.dumps(dossier).decode(),
            "besluit": orjson.dumps(besluit).decode(),
        }


def _dossier(question: int, moment: dt.datetime, *, second: bool) -> dict[str, Any]:
    dossier = base_dossier().model_dump(exclude_none=True)
    source, deelnemer = _SOURCES[question % len(_SOURCES)]
    dossier["moment"] = moment.isoformat()
    dossier["bron"] = {"organisatie": source, "deelnemer": deelnemer}
    dossier["betrokkene"]["sleutel"] = f"p-{question:052d}"
    if question % 5 == 0:
        dossier["betrokkene"]["gebieden"] = ["WK036301"]
    dossier["verzoek"]["categorieen"] = _ASKED[question % len(_ASKED)]
    if second:
        dossier["deur"] = "verstrekking"
        dossier["gegevens"] = [
            {
                "id": f"i-{question}-{number}",
                "categorie": "identificatie",
                "herkomst": source,
                "herkomst_deelnemer": deelnemer,
                "status": "beschikbaar",
                "eerste_verwerking_op": "2026-02-01",
            }
            for number in range(3)
        ]
    return dossier


def _store(database: sqlite3.Connection, row: dict[str, Any]) -> None:
    moment = row["moment"].astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    if row["deur"] == "verzoek":
        body = orjson.dumps({"bronnen": [row["bron"]]}).decode()
        database.execute(_VERZOEK, (row["verzoek"], row["sleutel"], body, moment))
    kept = (row[name] for name in ("uitkomst", "dossier", "besluit"))
    database.execute(_BESLUIT, (row["id"], row["verzoek"], row["bron"], row["deur"], moment, *kept))


def _line(row: dict[str, Any]) -> Entry:
    soort = Soort.VOORNEMEN if row["deur"] == "verzoek" else Soort.VERSTREKKING
    return Entry(
        soort=soort,
        at=row["moment"],
        kenmerk=f"{row['verzoek']}/1/{soort}",
        subject=row["sleutel"],
        payload={
            "verzoek": row["verzoek"],
            "besluit": row["id"],
            "bron": row["bron"],
            "dossier_sha256": digest(row["dossier"]),
            "besluit_sha256": digest(row["besluit"]),
        },
    )


def main() -> None:
    """Make the besluiten, decide them again, and print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.replay", description=__doc__)
    parser.add_argument("--n", type=int, default=50_000, help="how many besluiten")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    console = Console(stderr=True)
    with TemporaryDirectory(prefix="sluis-bench-") as name:
        settings = Settings(data=Path(name) / "var")
        console.print(f"{chosen.n} besluiten maken")
        fill(settings, chosen.n)
        console.print("opnieuw nemen")
        print(orjson.dumps(measure(settings, chosen.n, chosen.workers)).decode())


if __name__ == "__main__":
    main()
