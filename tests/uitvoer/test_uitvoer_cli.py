"""`sluis uitvoer`: recorded, on disk when it says so, and never over a file that is there."""

import asyncio
import json
import stat
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from audit.__main__ import main as audit
from audit.bundle import verify_bundle
from broker.app import open_services
from broker.cli import app
from broker.cli.demo.stage import load_once
from broker.settings import Settings
from tests.cli.test_replay import ANALIST, VRAAG

REDEN = "Het jaarlijkse toezicht op het logboek."


async def _fill(folder: Path) -> None:
    settings = Settings(data=folder)
    await load_once(settings, {})
    async with open_services(settings) as services:
        await services.doors.submit(ANALIST, VRAAG)
        async with services.store.begin() as tx:
            row = await tx.gebruikers.get("fg-1")
            await tx.gebruikers.insert({**row, "id": "fg-2"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a data folder with one recorded question."""
    found = tmp_path_factory.mktemp("uitvoer") / "var"
    asyncio.run(_fill(found))
    return found


def run(folder: Path, *words: str, answer: str = "") -> tuple[int, str]:
    """Run `sluis uitvoer` as fg-1; return the exit code and what was told."""
    done = CliRunner().invoke(
        app, ["uitvoer", *words, "--gebruiker", "fg-1", "--map", str(folder)], input=answer
    )
    return done.exit_code, done.output


def test_bundle_can_be_checked_by_the_receiver(folder: Path, tmp_path: Path) -> None:
    """The zip is for its owner only, and the tool of the auditor finds it intact."""
    target = tmp_path / "ap.zip"

    code, told = run(folder, "bundel", str(target), "--reden", REDEN)

    assert (code, told.startswith("Bevestigd: ap.zip staat op schijf")) == (0, True)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    key = folder / "logboek" / "vkey"
    assert audit(["bundel", "verify", str(target), "--key", str(key)]) == 0
    assert verify_bundle(target).disclosed > 2


def test_every_form_is_written(folder: Path, tmp_path: Path) -> None:
    """LDV, FSC, the table in both forms and the yearly figures each become a file."""
    for words in (
        ("ldv", "ldv.jsonl"),
        ("fsc", "fsc.jsonl"),
        ("tabel", "regels.zip"),
        ("tabel", "regels.parquet", "--vorm", "parquet"),
        ("jaarcijfers", "2026", "cijfers.html"),
        ("jaarcijfers", "2026", "cijfers.json", "--vorm", "json"),
    ):
        named = [str(tmp_path / w) if "." in w else w for w in words]
        assert run(folder, *named)[0] == 0, words

    records = (tmp_path / "ldv.jsonl").read_text("utf-8").splitlines()
    assert all(json.loads(record)["trace_id"] for record in records)
    assert (tmp_path / "fsc.jsonl").read_bytes() == b""
    assert "te weinig vragen" in (tmp_path / "cijfers.html").read_text("utf-8")


def test_file_that_is_there_stays(folder: Path, tmp_path: Path) -> None:
    """Nothing is written over a file, and nothing is recorded then."""
    target = tmp_path / "ldv.jsonl"
    target.write_text("van mij")

    code, told = run(folder, "ldv", str(target))

    assert (code, target.read_text()) == (2, "van mij")
    assert "Dit bestand is er al" in told


def test_second_person_confirms_before_it_is_written(folder: Path, tmp_path: Path) -> None:
    """The Woo export shows its inventory, and is written only after a second person says yes."""
    words = ("woo", str(tmp_path / "woo.zip"), "--bevestigd-door")

    same = run(folder, *words, "fg-1")
    refused = run(folder, *words, "fg-2", answer="nee\n")
    assert not (tmp_path / "woo.zip").exists()
    agreed = run(folder, *words, "fg-2", answer="ja\n")

    assert same[0] == 2
    assert "Iemand anders" in same[1]
    assert refused[0] == 1
    assert "Inventarislijst" in refused[1]
    assert agreed[0] == 0
    with zipfile.ZipFile(tmp_path / "woo.zip") as archive:
        assert archive.namelist() == ["inventarislijst.csv", "stukken.html", "stukken.json"]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("bundel", "x.zip", "--reden", "kort"), "reden"),
        (("tabel", "x.zip", "--vorm", "xls"), "vorm"),
        (("jaarcijfers", "1066", "x.html"), "jaar"),
        (("ldv", "x.jsonl", "--van", "gisteren"), "van"),
        (
            ("bundel", "x.zip", "--reden", REDEN, "--voor", "nla", "--sleutel", f"p-{'a' * 52}"),
            "toezichthouder",
        ),
        (("woo", "x.zip", "--bevestigd-door", "niemand"), "bestaat niet"),
        (("woo", "x.zip", "--bevestigd-door", "g-017"), "geen toegang"),
        (("woo", "x.zip", "--bevestigd-door", "fg-2", "--keuzes", "er-niet"), "keuzes"),
    ],
)
def test_wrong_order_is_told_in_a_sentence(
    folder: Path, tmp_path: Path, words: tuple[str, ...], part: str
) -> None:
    """What cannot be is told in plain words, with exit 2 and no file."""
    named = [str(tmp_path / w) if w.startswith("x.") else w for w in words]

    code, told = run(folder, *named)

    assert code == 2
    assert part in told
    assert list(tmp_path.iterdir()) == []
