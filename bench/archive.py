"""A large log: checked, proved from and searched. `python -m bench.archive --lines 10000000`.

The log is written by the writer itself, with a few questions about each subject, spread over
all of it. It is checked by the program of the auditor, in a process of its own, at
a tenth of its size and at its whole: memory that grows with the log would show. Beside the check
stands what nobody can do without: reading the same bundles and hashing them to the same root.
"""

import argparse
import asyncio
import datetime as dt
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.chance import Chance
from audit.disk import CHECKPOINT
from audit.entry import SALT_SIZE, Entry
from audit.log import Log
from audit.merkle import leaf_hash, root_of
from audit.note import Checkpoint, Note, Signer
from audit.reading import Query
from audit.tiles import ENTRIES, TilePath
from audit.tree import TILE_WIDTH
from bench.figures import Cijfers, summary, timed
from bench.record import SOORTEN, a_line
from broker.app import SystemClock

_ORIGIN: Final = "bench.sluis.example.nl/logboek"
_SIGNER: Final = Signer.of(_ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
_PER_QUESTION: Final = 2 * len(SOORTEN)
_PER_SUBJECT: Final = 20
"""Lines, so five questions, spread over the log."""
_STRIDE: Final = 7_368_787
"""A prime: questions about one subject do not stand together."""
_GROUP: Final = 256
_WRITERS: Final = 4
_TENTH: Final = 10
_PAGE: Final = 100
"""Lines that a search asks for."""
_AUDITOR: Final = """
import sys, time
from audit.__main__ import main
began = time.process_time()
code = main(sys.argv[1:])
spent = time.process_time() - began
with open("/proc/self/status") as status:
    print(spent, *(line.split()[1] for line in status if line.startswith("VmHWM")))
sys.exit(code)
"""
"""Tells the seconds of one processor that it took, and the most memory it had, in KiB (Linux)."""


def measure(folder: Path, moment: dt.datetime, lines: int, times: int) -> dict[str, Any]:
    """Write a log of so many lines and measure what can be done with it.

    Args:
        folder: Empty, on the disk that is to be measured.
        moment: Of the first line.
        lines: How many; a tenth of them is measured first.
        times: How often a proof is made, and how often is searched.

    Returns:
        `controle` and `tiende` with `lines`, `per_core` (lines in a second of one processor) and
        `mebibytes`; `kaal` with what hashing alone does; `bewijs` and `zoeken`.

    Raises:
        RuntimeError: The check found something, or a search missed lines.
    """
    subjects = max(lines // _PER_SUBJECT, 1)
    work = _work(moment, lines, subjects)
    small, began = lines // _TENTH, perf_counter()
    _write(folder, islice(work, small))
    tenth = _verify(folder, small)
    _write(folder, work)
    written = perf_counter() - began
    whole = _verify(folder, lines)
    return {
        "lines": lines,
        "geschreven_per_second": round(lines / written, 1),
        "tiende": tenth,
        "controle": whole,
        "kaal": _hash_only(folder, lines),
        **_read(folder, lines, subjects, times),
    }


def _open(folder: Path) -> Log:
    kluis = folder / "kluis"
    return Log.open(folder / "log", signer=_SIGNER, origin=_ORIGIN, kluis=kluis)


def _subject(number: int, subjects: int) -> str:
    return f"p-{number * _STRIDE % subjects:052d}"


def _work(moment: dt.datetime, lines: int, subjects: int) -> Iterator[Entry]:
    for number in range(lines):
        question, part = divmod(number, _PER_QUESTION)
        verzoek = f"v-{question}-{part // len(SOORTEN)}"
        subject = _subject(question, subjects)
        line = a_line(moment + dt.timedelta(milliseconds=number), verzoek, SOORTEN[part % 2])
        payload = {**line.payload, "sleutel": subject}
        yield replace(line, subject=subject, payload=payload)


def _write(folder: Path, work: Iterator[Entry]) -> None:
    """Record all of it, in order, some groups at a time."""
    salt = Chance(os.urandom)

    async def record(log: Log) -> None:
        while groups := [g for _ in range(_WRITERS) if (g := list(islice(work, _GROUP)))]:
            await asyncio.gather(*(log.record([(e, salt(SALT_SIZE)) for e in g]) for g in groups))

    with _open(folder) as log:
        uvloop.run(record(log))


def _verify(folder: Path, lines: int) -> dict[str, float]:
    """Run the program of the auditor, and see what it took."""
    arguments = ["verify", str(folder / "log"), "--key", str(_SIGNER.vkey)]
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _AUDITOR, *arguments], capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise RuntimeError("the check found something in a log that nobody touched")
    seconds, kibibytes = ended.stdout.splitlines()[-1].split()
    return {
        "lines": lines,
        "per_core": round(lines / float(seconds), 1),
        "mebibytes": round(int(kibibytes) / 1024, 1),
    }


def _hash_only(folder: Path, lines: int) -> Cijfers:
    """Read every bundle and hash it up to the root: no check of any form, row or moment."""
    log, began = folder / "log", perf_counter()
    roots = []
    for first in range(0, lines, TILE_WIDTH):
        path = TilePath(ENTRIES, first // TILE_WIDTH, min(TILE_WIDTH, lines - first))
        leaves = _leaves((log / str(path)).read_bytes())
        roots.append(root_of([leaf_hash(leaf) for leaf in leaves]))
    root = root_of(roots)
    seconds = perf_counter() - began
    signed = Checkpoint.parse(Note.parse((log / CHECKPOINT).read_text("utf-8")).text)
    if signed.root != root:
        raise RuntimeError("the bundles are not those of the checkpoint")
    return {"per_second": round(lines / seconds, 1)}


def _leaves(bundle: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(bundle):
        end = place + 2 + int.from_bytes(bundle[place : place + 2], "big")
        yield bundle[place + 2 : end]
        place = end


def _read(folder: Path, lines: int, subjects: int, times: int) -> dict[str, Cijfers]:
    """Make proofs of lines, and search for subjects, both by chance."""
    chance = random.Random(lines)  # noqa: S311 - which lines are looked at is no secret
    with _open(folder) as log:

        def prove() -> None:
            log.proof(chance.randrange(lines))

        def search() -> None:
            subject = _subject(chance.randrange(lines // _PER_QUESTION), subjects)
            if not log.search(Query(subject=subject), limit=_PAGE):
                raise RuntimeError("a subject that stands in the log was not found")

        return {name: _each(times, work) for name, work in (("bewijs", prove), ("zoeken", search))}


def _each(times: int, work: Callable[[], None]) -> Cijfers:
    each, seconds = timed(times, lambda _: work())
    return summary(each) | {"per_second": round(times / seconds, 1)}


def main() -> None:
    """Measure, and print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--times", type=int, default=2000, help="proofs and searches")
    args = parser.parse_args()
    with TemporaryDirectory(prefix="sluis-bench-") as name:
        found = measure(Path(name), SystemClock().now(), args.lines, args.times)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
