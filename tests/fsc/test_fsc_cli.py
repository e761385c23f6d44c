"""From settings to file: the real sources, an Outway on a socket, and `sluis uitvoer fsc`."""

import asyncio
import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
from typer.testing import CliRunner

from broker.app import open_services
from broker.cli import app
from broker.cli.demo.stage import BEGIN, load_once
from broker.domain.ports import Identiteit
from broker.settings import Settings
from tests.cli.test_replay import ANALIST, VRAAG
from tests.fsc.outway import KOPPELING, outway, write_koppelingen
from tests.uitvoer.test_uitvoer_fsc import SCHEMA

ASKED = replace(VRAAG, betrokkene=Identiteit(bsn="999993653"))


def _opened(folder: Path, nth: int, **more: Path) -> Settings:
    """Settings for the nth time that Sluis opens: the record refuses a clock that begins anew."""
    return Settings(data=folder, klok_begin=BEGIN + dt.timedelta(hours=nth), **more)  # type: ignore[arg-type]


async def _ask(folder: Path, koppelingen: Path) -> list[str | None]:
    """Ask one source through an Outway and one directly; return what the Outway saw."""
    async with outway() as found:
        await load_once(_opened(folder, 0), {})
        async with (
            open_services(_opened(folder, 1)) as services,
            services.store.begin() as tx,
        ):
            for organisatie in ("nla", "om-nh"):
                await tx.organisaties.set_source(
                    organisatie, soort="partner", adres=found.bron.adres
                )
        through = _opened(folder, 2, fsc_koppelingen_bestand=koppelingen)
        async with open_services(through) as services:
            await services.doors.submit(ANALIST, replace(ASKED, bronnen=("nla", "om-nh")))
        return found.transactions


def test_file_holds_one_whole_record(tmp_path: Path) -> None:
    """The source with a koppeling gives one record, the other none, and it is on disk."""
    path = write_koppelingen(tmp_path, nla=KOPPELING)
    seen = asyncio.run(_ask(tmp_path / "var", path))
    target = tmp_path / "fsc.jsonl"

    words = ["fsc", str(target), "--gebruiker", "fg-1", "--map", str(tmp_path / "var")]
    done = CliRunner().invoke(app, ["uitvoer", *words])

    assert done.exit_code == 0, done.output
    assert "(1 stuks)" in done.output
    assert "rechtstreeks" not in done.output
    (record,) = (json.loads(line) for line in target.read_text("utf-8").splitlines())
    jsonschema.validate(record, SCHEMA)
    assert sorted(number or "" for number in seen) == ["", record["transaction_id"]]
