"""`python -m bench`: measure, print one table and keep the figures in `bench/results/`."""

import datetime as dt
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from rich.console import Console

from bench import archive, decision, growth, pipeline, record, record_postgres, report
from bench.pipeline import Plan
from broker.app import SystemClock
from broker.decision.decide import Decider
from broker.decision.regelset import Regelset
from broker.decision.register import default_root

RESULTS: Final = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How often each thing is done. The defaults take some seven minutes on two cores."""

    decisions: int = 5000
    opa: int = 1000
    growth: int = 50
    rounds: int = 100
    """Of the growth: how often small and large take turns, and `growth` decisions in each."""
    plans: tuple[Plan, ...] = (
        Plan(clients=1, requests=250, rounds=5),
        Plan(clients=8, requests=600, rounds=5),
        Plan(clients=64, requests=1280, rounds=5),
    )
    producers: tuple[tuple[int, int], ...] = ((1, 1500), (8, 1000), (64, 400))
    """How many producers, and how many lines each of them records."""
    inserts: int = 2000
    lines: int = 200_000
    """In the large log; `python -m bench.archive` makes it as large as one likes."""
    times: int = 1000
    """Proofs and searches in it."""
    nodes: tuple[tuple[int, int, int], ...] = ((2, 8, 300), (2, 64, 100))
    """On PostgreSQL: how many nodes, clients of each, and lines of each of those."""


def measure(counts: Counts, moment: dt.datetime, folder: Path, console: Console) -> dict[str, Any]:
    """Measure everything, telling what it does.

    Args:
        counts: How often.
        moment: When; it names the results and dates the lines of the log.
        folder: Empty, on the disk that is to be measured.
        console: Where to tell.
    """
    console.print("== bench 1/5: de beslissing")
    decided = decisions(counts)
    console.print("== bench 2/5: vragen door beide deuren, om en om met een kale proxy")
    piped = pipeline.measure_all(folder / "broker", counts.plans)
    console.print("== bench 3/5: het logboek en de schijf")
    logged = [
        {"producers": producers}
        | record.measure_log(folder / f"log-{producers}", moment, producers, each)
        for producers, each in counts.producers
    ]
    console.print("== bench 4/5: het logboek op PostgreSQL, met twee knopen")
    shared = record_postgres.measure(folder / "knopen", counts.nodes, counts.inserts)
    console.print(f"== bench 5/5: een logboek van {counts.lines} regels: nakijken en zoeken")
    large = archive.measure(folder / "groot", moment, counts.lines, counts.times)
    return {
        "moment": moment.isoformat(),
        "machine": machine(),
        "decision": decided,
        "pipeline": piped,
        "log": {
            "sluis": logged,
            "sqlite": record.measure_sqlite(folder, counts.inserts),
            "disk": record.measure_disk(folder, counts.inserts),
            "postgresql": shared,
            "groot": large,
        },
    }


def decisions(counts: Counts) -> dict[str, Any]:
    """Measure the decision: here, with OPA beside it, and both with ten times the register."""
    rules = Regelset.from_folder(default_root())
    served = None
    if decision.has_opa():
        with decision.opa_decider(rules) as decider:
            served = decision.measure(counts.opa, decider)
    return {
        "sluis": decision.measure(counts.decisions, Decider.load(rules)),
        "opa": served,
        "groei": growth.measure(counts.growth, counts.rounds, with_opa=decision.has_opa()),
    }


def machine() -> dict[str, Any]:
    """Return what was measured on; no name of the machine."""
    return {
        "cpus": os.cpu_count() or 0,
        "platform": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def main(moment: dt.datetime, counts: Counts, results: Path) -> Path:
    """Measure, print the table, and return the file that was written."""
    console = Console()
    with TemporaryDirectory(prefix="sluis-bench-") as name:
        folder = Path(name)
        for part in ("broker", "knopen", "groot"):
            (folder / part).mkdir()
        found = measure(counts, moment, folder, console)
    report.show(found, console)
    written = report.write(found, results, moment)
    console.print(f"De cijfers staan in {os.path.relpath(written)}.")
    return written


if __name__ == "__main__":
    main(SystemClock().now(), Counts(), RESULTS)
