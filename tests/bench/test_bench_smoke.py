"""The benchmark measures real work: every number comes from answers that were checked."""

import datetime as dt
import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from bench import __main__ as program
from bench import decision, growth, report
from bench.__main__ import Counts
from bench.load import Job
from bench.pipeline import Plan, jobs, send, stand
from broker.decision.decide import Decider
from broker.decision.regelset import Regelset
from broker.decision.register import default_root

MOMENT = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
TINY = Counts(
    decisions=3,
    opa=1,
    growth=1,
    rounds=1,
    plans=(Plan(clients=1, requests=1, rounds=1), Plan(clients=2, requests=2, rounds=1)),
    producers=((1, 2), (2, 1)),
    inserts=2,
    lines=600,
    times=2,
    nodes=((2, 2, 2),),
)


def test_a_run_has_all_its_figures(tmp_path: Path) -> None:
    """A run of one to three times each gives every figure, its table and its file."""
    for part in ("broker", "knopen", "groot"):
        (tmp_path / part).mkdir()
    told = Console(file=StringIO(), width=200)

    found = program.measure(TINY, MOMENT, tmp_path, told)
    report.show(found, told)
    written = report.write(found, tmp_path / "results", MOMENT)

    assert written.name == f"2026-11-20-{found['machine']['cpus']}.json"
    kept = json.loads(written.read_bytes())
    assert kept == found
    assert {"moment", "machine", "decision", "pipeline", "log"} == set(kept)
    assert kept["decision"]["sluis"]["n"] == 3
    # measure_all itself counted the besluiten in the store: two for each question.
    assert [row["broker"]["n"] for row in kept["pipeline"]] == [1, 2]
    assert [row["proxy"]["n"] for row in kept["pipeline"]] == [1, 2]
    assert all(row["ratio"] > 0 and row["added_p50_us"] for row in kept["pipeline"])
    assert [row["n"] for row in kept["log"]["sluis"]] == [2, 2]
    assert kept["log"]["sqlite"]["n"] == kept["log"]["disk"]["n"] == 2
    engines = [row for row in kept["decision"]["groei"].values() if row]
    assert all(row["ratio"] > 0 for row in engines)
    shared, large = kept["log"]["postgresql"], kept["log"]["groot"]
    assert shared is None or [row["n"] for row in shared["sluis"]] == [8]
    assert large["controle"]["lines"] == 600
    assert large["tiende"]["mebibytes"] > 0
    assert large["bewijs"]["n"] == large["zoeken"]["n"] == 2
    # Two of the decision here, one beside OPA, one of growth for each engine, two of the doors,
    # two of the log per fsync, one on PostgreSQL, and four of the large log.
    few = 2 + (kept["decision"]["opa"] is not None) + len(engines) + (shared is not None)
    assert len(report.aims(kept)) == few + 8


def test_the_aim_of_the_log_is_told() -> None:
    """With eight producers the aim is told beside the figure per fsync of the disk."""
    row = {"producers": 8, "per_second": 15_000.4, "p99_us": 2000.0}
    found = {"sluis": [row, {**row, "producers": 64}], "disk": {"per_second": 3000.0}}

    aim, *per_sync = report._log_aims(found)

    assert aim.endswith("Gemeten 15000 en 2.00 ms: gehaald.")
    assert per_sync == [
        "Per fsync van deze schijf, logboek, 8 tegelijk: 5.0 regels.",
        "Per fsync van deze schijf, logboek, 64 tegelijk: 5.0 regels.",
    ]


def test_a_wrong_answer_is_no_measurement(tmp_path: Path) -> None:
    """A refused question stops the load generator; it is never counted as an answer."""
    with stand(tmp_path) as stood:
        job, _ = jobs(stood, 1, 1)
        refused = Job(
            host=job.host,
            port=job.port,
            path=job.path,
            headers={},
            body=job.body,
            status=job.status,
            marks=job.marks,
            clients=1,
            each=1,
        )
        with pytest.raises(RuntimeError, match="not the answer"):
            send(refused)


def test_base_dossier_is_the_published_one(shared: Path) -> None:
    """The dossier that is decided differs from the published base case in its question only."""
    from broker.domain import invoer  # noqa: PLC0415 - only where the vectors are

    text = (shared / "scenarios" / "base-wgs.yaml").read_text(encoding="utf-8")
    published = invoer.parse(invoer.load_yaml(text)).model_dump()
    ours = decision.base_dossier().model_dump()

    del published["verzoek"]["vraagstelling"], ours["verzoek"]["vraagstelling"]
    assert ours == published


def test_a_grown_register_is_ten_times_as_large_and_decides_the_same() -> None:
    """What is measured as ten times the register is that, and the besluit is the same."""
    small = Regelset.from_folder(default_root())
    large = growth.grown(small)
    deciders = [Decider.load(rules) for rules in (small, large)]

    bases = [len(d.register.data["standen"]["0"]["grondslagen"]) for d in deciders]
    outcomes = [d.decide(decision.base_dossier()).as_json() for d in deciders]

    assert bases[1] == growth.TIMES * bases[0]
    for outcome in outcomes:
        del outcome["versies"]
    assert outcomes[0] == outcomes[1]
