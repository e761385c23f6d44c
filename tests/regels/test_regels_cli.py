"""`sluis regels`: every step from the command line, in plain Dutch."""

import asyncio
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from broker.app import open_services
from broker.cli import app
from broker.decision.regelset import Regelset
from broker.seeds import read_demo, read_zaken
from broker.services.seeding import load
from broker.settings import Settings
from tests.regels.conftest import ROOT, changed, shipped

REDEN = "De wet is veranderd per 1 januari."
STRICT = changed(
    "policies/besluit/vrager.rego",
    ("persoon.gescreend_op != null", 'persoon.gescreend_op == "nooit"'),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the folder of a broker that stands still, with the demo data."""

    async def made() -> None:
        async with open_services(Settings(data=tmp_path / "var")) as services:
            await load(
                services.keeper,
                services.pseudoniem,
                zaken=read_zaken(ROOT),
                demo=read_demo(ROOT),
                addresses={},
            )

    asyncio.run(made())
    return tmp_path / "var"


def sluis(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run `sluis regels` on this folder: the exit code and what it says."""
    run = CliRunner().invoke(app, ["regels", *arguments, "--map", str(folder)])
    assert run.exception is None or isinstance(run.exception, SystemExit), run.exception
    return run.exit_code, run.output.strip()


def archive(folder: Path, regelset: Regelset) -> str:
    """Write a rule set as an archive."""
    path = folder.parent / "regels.tar.gz"
    path.write_bytes(regelset.to_archive())
    return str(path)


def test_rules_change_from_the_command_line(folder: Path) -> None:
    """Proposed, tested, approved and taken into use; the list shows where each stands."""
    number = STRICT.digest.removeprefix("sha256:")[:8]
    beheerder, fg = ("--gebruiker", "beheer-1"), ("--gebruiker", "fg-1")
    proposed = sluis(folder, "voorstel", archive(folder, STRICT), *beheerder, "--reden", REDEN)
    tested = sluis(folder, "beproef", number, *fg)
    approved = sluis(folder, "keur", number, *fg, "--kenmerk", "RAC-7", "--datum", "2026-11-01")
    used = sluis(folder, "voer-in", number, *beheerder)
    code, listed = sluis(folder, "lijst")

    assert proposed[0] == tested[0] == approved[0] == used[0] == code == 0
    assert proposed[1].endswith("is nu: voorgesteld.")
    assert "0 besluiten bekeken, 0 vallen anders uit." in tested[1]
    assert approved[1].endswith("is nu: goedgekeurd.")
    assert used[1].endswith("is nu: in-werking.")
    rows = [re.findall(r"[^│┃\s][^│┃]*[^│┃\s]", line) for line in listed.splitlines()]
    assert [row[0][:8] + " " + row[1] for row in rows if len(row) == 5][1:] == [
        f"{shipped().digest.removeprefix('sha256:')[:8]} vervangen",
        f"{number} in-werking",
    ]
    assert "Deze software brengt andere regels mee dan er gelden." in listed


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("voorstel", "--gebruiker", "g-017", "--reden", REDEN), "geen toegang"),
        (("voorstel", "--gebruiker", "niemand", "--reden", REDEN), "bestaat niet"),
        (
            ("voorstel", "--gebruiker", "beheer-1", "--reden", "kort"),
            "reden: Deze tekst is te kort",
        ),
        (("voorstel", "--gebruiker", "beheer-1", "--reden", REDEN), "is er al"),
        (("voorstel", "weg.tar.gz", "--gebruiker", "beheer-1", "--reden", REDEN), "is er niet"),
        (("beproef", "ffff", "--gebruiker", "beheer-1"), "geen toegang"),
        (("beproef", "ffff", "--gebruiker", "fg-1"), "sluis regels lijst"),
        (("beproef", "", "--gebruiker", "fg-1"), "sluis regels lijst"),
        (
            ("beproef", "ffff", "--van", "morgen", "--gebruiker", "fg-1"),
            "van: Dit is geen datum",
        ),
        (("keur", "ffff", "--gebruiker", "fg-1"), "advies: Geef het advies"),
        (("keur", "ffff", "--gebruiker", "fg-1", "--kenmerk", "R-1"), "advies/datum: "),
        (("voer-in", "ffff", "--gebruiker", "fg-1"), "geen toegang"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(
    folder: Path, arguments: tuple[str, ...], told: str
) -> None:
    """A wrong person, number, date or reason is one plain sentence and exit 2."""
    code, said = sluis(folder, *arguments)

    assert code == 2
    assert told in " ".join(said.split())


def test_faults_in_the_rules_are_told_with_their_place(folder: Path) -> None:
    """A folder with a fault in it is refused with file and reason."""
    root = folder.parent / "regels"
    for name, content in shipped().bestanden.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    rules = root / "policies" / "besluit" / "vrager.rego"
    rules.write_text(rules.read_text().replace("vrager := bewijs if {", "vrager := bewijs if ("))
    code, said = sluis(folder, "voorstel", str(root), "--gebruiker", "beheer-1", "--reden", REDEN)

    assert code == 2
    assert re.search(r"vrager\.rego:\d+: ", said)


async def test_running_broker_is_told(folder: Path) -> None:
    """Beside a running broker the list works; a step says that the log is held."""
    async with open_services(Settings(data=folder)):
        listed = await asyncio.to_thread(sluis, folder, "lijst")
        step = await asyncio.to_thread(
            sluis, folder, "voorstel", "--gebruiker", "beheer-1", "--reden", REDEN
        )

    assert listed[0] == 0
    assert step == (
        2,
        (
            "De broker draait op deze map en houdt het logboek vast. "
            "Gebruik de API (/v1/regelversies), of stop de broker."
        ),
    )
