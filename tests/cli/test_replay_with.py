"""Replay with other rules, in processes, and with rules that are nowhere to be found."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from bench.replay import fill, measure
from broker.cli import app
from broker.cli.replay import compare_all, replay_all
from broker.decision.regelset import Regelset
from broker.decision.register import default_root
from broker.services.herhaling import SMALLEST, stretches
from broker.settings import Settings
from broker.store import Store

COUNT = 2 * SMALLEST + 100
BASIS = "grondslagen/samenwerking/wgs-riec/2025-03-01.yaml"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Give a store and a log with recorded besluiten of both doors."""
    found = Settings(data=tmp_path_factory.mktemp("replay") / "var")
    fill(found, COUNT)
    return found


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Give the archive of rules under which the WGS begins a year later."""
    files = dict(Regelset.from_folder(default_root()).bestanden)
    text = files.pop(BASIS).decode()
    later = text.replace("geldig_vanaf: 2025-03-01", "geldig_vanaf: 2027-03-01")
    assert later != text
    files[BASIS.replace("2025", "2027")] = later.encode()
    archive = tmp_path / "regels.tar.gz"
    archive.write_bytes(Regelset(bestanden=files).to_archive())
    return archive


def run(settings: Settings, *arguments: str) -> Result:
    """Run `sluis replay`."""
    return CliRunner().invoke(app, ["replay", *arguments, "--map", str(settings.data)])


def test_processes_find_what_one_finds(settings: Settings) -> None:
    """Two processes together decide each besluit once, and find it the same."""
    found = replay_all(settings, workers=2)

    assert found.goed
    assert found.gelijk == COUNT


def test_stretches_hold_each_besluit_once(settings: Settings) -> None:
    """The stretches follow on each other, and their numbers add up."""

    async def cut() -> list[tuple[str | None, str, int]]:
        store = await Store.open(settings.database_url)
        parts = await stretches(store, (None, None), 2)
        await store.close()
        return [(p.after and p.after[1], p.upto[1], p.aantal) for p in parts]

    assert asyncio.run(cut()) == [
        (None, "b-00000999", 1000),
        ("b-00000999", "b-00001999", 1000),
        ("b-00001999", "b-00002099", 100),
    ]


def test_rules_of_today_change_nothing(settings: Settings) -> None:
    """With the rules that decided them, no besluit falls differently."""
    found = compare_all(settings, (None, None), 1, "today")

    assert (found.aantal, found.anders) == (COUNT, 0)


def test_other_rules_are_told_by_ground(settings: Settings, other: Path) -> None:
    """With other rules it is told how outcomes change, which ground comes, and an example."""
    found = compare_all(settings, (None, None), 1, str(other)).view()

    by_code = {row["code"]: row for row in found["gronden"]}
    assert found["aantal"] == found["anders"] == COUNT
    assert by_code["grondslag-niet-in-werking"]["erbij"] == COUNT
    assert len(by_code["grondslag-niet-in-werking"]["besluiten"]) == 5
    assert {row["wordt"] for row in found["uitkomsten"]} == {"geweigerd"}


def test_part_of_the_time_can_be_asked(settings: Settings, other: Path) -> None:
    """Between two moments only what was decided there is compared, as JSON."""
    bounds = ("--from", "2026-06-01T09:00:00+02:00", "--to", "2026-06-01T09:00:05+02:00")
    done = run(settings, "--with", str(other), "--json", *bounds)

    assert done.exit_code == 0
    assert orjson.loads(done.stdout)["aantal"] == 10


def test_day_before_the_calendar_is_refused(settings: Settings) -> None:
    """The first day of the calendar begins before it in UTC: told in a sentence, with exit 2."""
    done = run(settings, "--from", "0001-01-01")

    assert done.exit_code == 2
    assert "2026-11-20" in done.stderr


def test_table_is_told(settings: Settings, other: Path) -> None:
    """Without --json there is a sentence and a table."""
    done = run(settings, "--with", str(other), "--to", "2026-06-01T09:00:05+02:00")

    assert "10 besluiten bekeken, 10 vallen anders uit." in done.stdout
    assert "grondslag-niet-in-werking" in done.stdout


@pytest.mark.parametrize("name", ["nergens", "."])
def test_rules_that_cannot_be_used_are_refused(
    settings: Settings, tmp_path: Path, name: str
) -> None:
    """A folder without rules and one that is not there are told in a sentence, with exit 2."""
    done = run(settings, "--with", str(tmp_path / name))

    assert done.exit_code == 2
    assert "egels" in done.stderr


@contextmanager
def meddled(settings: Settings) -> Iterator[sqlite3.Connection]:
    """Open the database as somebody who breaks into it: nothing is insert-only any more."""
    with closing(sqlite3.connect(settings.data / "sluis.db")) as database, database:
        wanted = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        for (trigger,) in database.execute(wanted).fetchall():
            database.execute(f'DROP TRIGGER "{trigger}"')
        yield database


def test_rules_that_are_nowhere_are_told(tmp_path: Path) -> None:
    """A besluit whose rules are not to be found is told as such, and not decided by others."""
    settings = Settings(data=tmp_path / "var")
    fill(settings, 3)
    unknown = "sha256:" + "0" * 64
    known = Regelset.from_folder(default_root()).digest
    with meddled(settings) as database:
        database.execute(
            "UPDATE besluiten SET besluit = replace(besluit, ?, ?) WHERE id = 'b-00000001'",
            (known, unknown),
        )

    found = replay_all(settings)

    assert found.gelijk == 2
    assert found.anders.aantal == 0
    assert found.zonder_regels.besluiten == found.los.besluiten == ["b-00000001"]


def test_rules_that_cannot_be_loaded_any_more_are_told(tmp_path: Path) -> None:
    """A besluit whose rules stand in the store but do not load is told apart, not a stack trace."""
    settings = Settings(data=tmp_path / "var")
    fill(settings, 3)
    broken = Regelset(bestanden={"policies/gronden.yaml": b"leeg: ja"})
    known = Regelset.from_folder(default_root()).digest
    with meddled(settings) as database:
        database.execute(
            "INSERT INTO regelversies (id, archief) VALUES (?, ?)",
            (broken.digest, broken.to_archive()),
        )
        database.execute(
            "UPDATE besluiten SET besluit = replace(besluit, ?, ?)", (known, broken.digest)
        )

    found = replay_all(settings)

    assert found.gelijk == found.anders.aantal == 0
    assert found.zonder_regels.aantal == 3


def test_dossier_that_cannot_be_decided_is_named(tmp_path: Path) -> None:
    """A recorded dossier that is no dossier any more counts as different, with its id."""
    settings = Settings(data=tmp_path / "var")
    fill(settings, 3)
    with meddled(settings) as database:
        database.execute("UPDATE besluiten SET dossier = '{' WHERE id = 'b-00000002'")

    found = replay_all(settings)

    assert found.anders.besluiten == ["b-00000002"]
    assert found.gelijk == 2


def test_benchmark_measures_only_what_is_right(tmp_path: Path) -> None:
    """The figures tell how many were decided again; a wrong number of them is no measurement."""
    settings = Settings(data=tmp_path / "var")
    fill(settings, 3)

    assert measure(settings, 3, 1)["n"] == 3
    with pytest.raises(RuntimeError, match="not the same"):
        measure(settings, 4, 1)
