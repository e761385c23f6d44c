"""The pipeline: questions through both doors, beside a bare proxy to the same partner.

Broker, proxy, partner and load generator each have a process of their own; broker and proxy take
turns, round after round, so that both meet the same machine.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from adapters.simulatoren import start
from bench.figures import Cijfers, summary
from bench.load import Job, Run
from broker.cli.demo import stage
from broker.cli.options import settings_from
from broker.decision.register import default_root
from broker.settings import Settings
from broker.store import Store

PARTNER: Final = "nla"
# A published BRP test person, of whom the simulator holds three items.
_BSN: Final = "999993653"
_ZAAK: Final = "hhk-zaandam-oost-2026"
_CATEGORIEEN: Final = ("identificatie", "toezicht-handhaving")
_VRAAG: Final = "Is betrokkene bekend als tewerkgestelde in de glazenwassersbranche?"
# Items of both categories, so that no refusal counts as an answer.
_ITEMS: Final = ("nla-2026-0417", "nla-2026-0418", "nla-2026-0419")
_LOAD_SECONDS: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is asked: the clients, the requests of all together in one round, the rounds."""

    clients: int
    requests: int
    rounds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What runs."""

    settings: Settings
    broker: str
    proxy: str
    token: str


@contextmanager
def stand(folder: Path) -> Iterator[Stage]:
    """Run partner, broker and proxy for as long as the context is open."""
    settings = settings_from(folder, **stage.DEMO_DAY)
    with ExitStack() as stack:
        addresses = stack.enter_context(start([PARTNER]))
        tokens = asyncio.run(stage.load_once(settings, addresses))
        yield Stage(
            settings=settings,
            broker=stack.enter_context(stage.broker(folder)),
            proxy=stack.enter_context(_proxy(addresses[PARTNER])),
            token=tokens["g-017"],
        )


@contextmanager
def _proxy(partner: str) -> Iterator[str]:
    command = [sys.executable, "-m", "bench.proxy", partner]
    with subprocess.Popen(  # noqa: S603 - our own module
        command, stdout=subprocess.PIPE, text=True, cwd=default_root()
    ) as process:
        try:
            yield process.stdout.readline().strip() if process.stdout else ""
        finally:
            process.terminate()


def jobs(stood: Stage, clients: int, each: int) -> tuple[Job, Job]:
    """Return the same question, put to the broker and put to the proxy."""
    shared = {"zaak": _ZAAK, "doel": ["bestuurlijk"], "vraagstelling": _VRAAG}
    shared |= {"grondslag": "wgs-riec", "categorieen": list(_CATEGORIEEN)}
    verzoek = shared | {
        "activiteit": "hhk",
        "soort": "bevraging",
        "verschijnsel": "mensenhandel",
        "aantal_betrokkenen": 1,
        "taak": "huisvestingswet",
        "bronnen": [PARTNER],
        "betrokkene": {"bsn": _BSN},
    }
    relay = shared | {
        "kenmerk": "b-bench",
        "vrager": "zaanstad-college",
        "betrokkene": {"bsn": _BSN},
    }
    bearer = {"Authorization": f"Bearer {stood.token}"}
    broker = _job(f"{stood.broker}/v1/verzoeken", bearer, verzoek, clients=clients, each=each)
    proxy = _job(
        f"{stood.proxy}/bevragingen", {"Kenmerk": "b-bench"}, relay, clients=clients, each=each
    )
    return broker, proxy


def _job(
    url: str, headers: Mapping[str, str], body: Mapping[str, Any], *, clients: int, each: int
) -> Job:
    parts = urlsplit(url)
    return Job(
        host=parts.hostname or "",
        port=parts.port or 0,
        path=parts.path,
        headers=headers,
        body=orjson.dumps(body).decode(),
        status=201 if "/verzoeken" in url else 200,
        marks=_ITEMS,
        clients=clients,
        each=each,
    )


def send(job: Job) -> Run:
    """Do the job in a process of its own.

    Raises:
        RuntimeError: It failed; tells what it said.
    """
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=orjson.dumps(asdict(job)),
        capture_output=True,
        cwd=default_root(),
        timeout=_LOAD_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-500:])
    return Run(**orjson.loads(done.stdout))


def measure(stood: Stage, plan: Plan) -> dict[str, Any]:
    """Ask broker and proxy in turns; return both, and how they compare."""
    each = max(1, plan.requests // plan.clients)
    broker, proxy = jobs(stood, plan.clients, each)
    pairs = [(send(proxy), send(broker)) for _ in range(plan.rounds)]
    of_proxy, of_broker = (_figures(runs) for runs in zip(*pairs, strict=True))
    ratios = [_rate(ours) / _rate(bare) for bare, ours in pairs]
    return {
        "clients": plan.clients,
        "rounds": plan.rounds,
        "broker": of_broker,
        "proxy": of_proxy,
        "ratio": round(median(ratios), 3),
        "ratio_min": round(min(ratios), 3),
        "ratio_max": round(max(ratios), 3),
        "added_p50_us": round(of_broker["p50_us"] - of_proxy["p50_us"], 1),
        "added_p99_us": round(of_broker["p99_us"] - of_proxy["p99_us"], 1),
    }


def _rate(run: Run) -> float:
    return len(run.nanoseconds) / run.seconds


def _figures(runs: Sequence[Run]) -> Cijfers:
    """Return the durations of all rounds together, and the rate of the middle round."""
    times = [time for run in runs for time in run.nanoseconds]
    return summary(times) | {"per_second": round(median(_rate(run) for run in runs), 1)}


async def recorded(settings: Settings) -> int:
    """Return how many besluiten the broker kept: two for each question."""
    store = await Store.open(settings.database_url)
    try:
        async with store.read() as tx:
            return len([row["id"] async for row in tx.besluiten.stream()])
    finally:
        await store.close()


def measure_all(folder: Path, plans: Sequence[Plan]) -> list[dict[str, Any]]:
    """Measure each plan on one stage; the first questions only warm it.

    Raises:
        RuntimeError: Not every question left its two besluiten in the store.
    """
    with stand(folder) as stood:
        warm = [send(job) for job in jobs(stood, 1, min(30, plans[0].requests))]
        found = [measure(stood, plan) for plan in plans]
    asked = len(warm[0].nanoseconds) + int(sum(row["broker"]["n"] for row in found))
    kept = asyncio.run(recorded(stood.settings))
    if kept != 2 * asked:
        raise RuntimeError(f"{asked} questions left {kept} besluiten")
    return found
