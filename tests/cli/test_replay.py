"""Replay: what was recorded comes out the same, and what was changed afterwards is found."""

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from broker.app import open_services
from broker.cli.demo.stage import load_once
from broker.decision.register import default_root
from broker.domain.ports import Identiteit
from broker.services.caller import Beller, Functie
from broker.services.vraag import Vraag
from broker.settings import Settings

ANALIST = Beller(
    gebruiker="g-017",
    organisatie="zaanstad-college",
    deelnemer="college",
    functie=Functie.ANALIST,
)
VRAAG = Vraag(
    betrokkene=Identiteit(bsn="999992971"),
    bronnen=("nla",),
    zaak="hhk-zaandam-oost-2026",
    grondslag="wgs-riec",
    taak="huisvestingswet",
    verzoek={
        "soort": "bevraging",
        "activiteit": "hhk",
        "doel": ["bestuurlijk"],
        "verschijnsel": "mensenhandel",
        "vraagstelling": "Is betrokkene bekend als werkgever in deze branche?",
        "categorieen": ["identificatie"],
        "aantal_betrokkenen": 1,
    },
)


async def _ask(folder: Path) -> None:
    settings = Settings(data=folder)
    await load_once(settings, {})
    async with open_services(settings) as services:
        await services.doors.submit(ANALIST, VRAAG)


def run(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run `sluis replay`."""
    command = [sys.executable, "-m", "broker", "replay", "--map", str(folder), *more]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=default_root(), timeout=60
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a data folder with one recorded besluit."""
    asyncio.run(_ask(tmp_path / "var"))
    return tmp_path / "var"


def test_recorded_besluit_comes_out_the_same(folder: Path) -> None:
    """Replay tells how many are equal, and exits 0."""
    done = run(folder)

    assert (done.returncode, done.stdout.strip()) == (
        0,
        "1 gelijk, 0 anders, 0 passen niet bij het logboek, 0 zonder de regels van toen",
    )


@pytest.mark.parametrize("more", [(), ("--with", "today")])
def test_a_time_without_besluiten_is_no_fault(folder: Path, more: tuple[str, ...]) -> None:
    """Where there is nothing to decide again, that is what is told."""
    done = run(folder, "--from", "2030-01-01", *more)

    assert done.returncode == 0
    assert done.stderr.strip() == ""
    assert done.stdout.startswith(("0 gelijk", "0 "))


def test_rewritten_dossier_is_found(folder: Path) -> None:
    """An operator who rewrites dossier and besluit alike is found out by the log."""
    with sqlite3.connect(folder / "sluis.db") as database:
        for (trigger,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            database.execute(f'DROP TRIGGER "{trigger}"')
        (text,) = database.execute("SELECT dossier FROM besluiten").fetchone()
        dossier = orjson.loads(text)
        dossier["vrager"]["gebruiker"]["id"] = "g-041"
        database.execute("UPDATE besluiten SET dossier = ?", (orjson.dumps(dossier).decode(),))
    database.close()

    done = run(folder)

    assert done.returncode == 1
    assert "1 passen niet bij het logboek" in done.stdout


def test_story_goes_as_told() -> None:
    """`sluis demo` plays all its steps as told, with the real broker and partners."""
    done = subprocess.run(
        [sys.executable, "-m", "broker", "demo", "--json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=default_root(),
        timeout=120,
    )
    story = orjson.loads(done.stdout)

    assert done.returncode == 0
    assert [stap["titel"] for stap in story["stappen"] if not stap["goed"]] == []
    assert len(story["stappen"]) == 15
