"""`sluis impact`: the counts, the list, and what is said of a question that cannot be answered."""

import asyncio
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from broker.cli import app
from broker.decision.register import default_root
from tests.effect.effect_world import a_vraag, ask, fill, opened
from tests.effect.test_effect_memo import (
    EINDE,
    GLAZENWASSERS,
    KAARTEN,
    NU,
    OOST,
    VRAGEN,
    zaken,
)


async def _fill(folder: Path) -> None:
    async with opened(folder, NU) as services:
        await fill(services, zaken(), KAARTEN)
        for wie, who, bron in VRAGEN.values():
            await ask(services, wie, a_vraag(who, wie, bron, GLAZENWASSERS))


async def _fill_more(folder: Path) -> None:
    """Fill as above, with a question that waits and an instemming."""
    await _fill(folder)
    wie, who, _ = VRAGEN["firma-oost"]
    asked = a_vraag(who, wie, "politie-nh", GLAZENWASSERS, categorieen=["politiegegevens-8-13"])
    given = {"id": "i-zaak", "soort": "convenant-verzoek", "organisatie": "nla", "door": "n-9"}
    async with opened(folder, "2024-01-21", 1000) as services:
        await services.bronnen.refresh(services.store)
        await ask(services, wie, asked)
        async with services.store.begin() as tx:
            await tx.instemmingen.give({**given, "op": "2023-12-01", "zaak": GLAZENWASSERS})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a data folder with the store of the memo of 2023."""
    found = tmp_path_factory.mktemp("impact") / "var"
    asyncio.run(_fill(found))
    return found


@pytest.fixture(scope="module")
def fuller(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a data folder in which a question waits and an instemming counts."""
    found = tmp_path_factory.mktemp("impact") / "var"
    asyncio.run(_fill_more(found))
    return found


def run(folder: Path, *arguments: str) -> Result:
    """Run `sluis impact`."""
    command = ["impact", *arguments, "--map", str(folder)]
    return CliRunner().invoke(app, command, env={"COLUMNS": "200"})


def test_end_is_counted_in_a_table(folder: Path) -> None:
    """The table says how many questions are lost, and which zaak carries the others."""
    done = run(folder, "--end", GLAZENWASSERS, "--on", EINDE)

    assert done.exit_code == 0
    assert f"{OOST} kan 2 van de vragen van het laatste jaar dragen." in done.stdout
    assert f"{OOST} kan 2 van de open persoonskaarten dragen." in done.stdout
    assert "open persoonskaarten" in done.stdout
    assert "zaanstad-burgemeester" in done.stdout
    assert "k-firma-buiten" not in done.stdout


def test_tables_of_every_soort(fuller: Path) -> None:
    """Kaarten, running verzoeken, instemmingen and questions each have their table per name."""
    done = run(fuller, "--end", GLAZENWASSERS, "--on", "2024-02-01")

    assert [line.strip() for line in done.stdout.splitlines() if " per " in line] == [
        "Open persoonskaarten per gebied",
        "Open persoonskaarten per branche",
        "Lopende verzoeken per partner",
        "Lopende verzoeken per gebied",
        "Lopende verzoeken per branche",
        "Instemmingen per partner",
        "Vragen van het laatste jaar per partner",
        "Vragen van het laatste jaar per gebied",
        "Vragen van het laatste jaar per branche",
    ]


def test_list_cuts_no_id(folder: Path) -> None:
    """On a narrow screen each thing of the list still has its id and its zaken whole."""
    command = ["impact", "--end", GLAZENWASSERS, "--on", EINDE, "--lijst", "--map", str(folder)]
    told = CliRunner().invoke(app, command, env={"COLUMNS": "20"}).stdout

    lines = told[told.index("Lijst") :].splitlines()
    assert "persoonskaart k-firma-oost: via een andere zaak" in lines
    assert f"  zaak: {GLAZENWASSERS}" in lines
    assert f"  via: {OOST}" in lines
    assert "  waarom niet meer: zaak-beeindigd" in lines


def test_list_has_every_thing(folder: Path) -> None:
    """With --lijst and --json each kaart and question stands there with its group."""
    done = run(folder, "--end", GLAZENWASSERS, "--on", EINDE, "--lijst", "--json")

    told = orjson.loads(done.stdout)
    groups = {each["id"]: each["groep"] for each in told["lijst"]}
    assert told["tellingen"]["vraag"]["groepen"]["verliest"] == 3
    assert groups["k-firma-buiten"] == "verliest"
    assert groups["k-firma-oost"] == "houdt-via-andere-zaak"
    assert len([each for each in told["lijst"] if each["soort"] == "vraag"]) == len(VRAGEN)


def test_deelnemer_that_leaves(folder: Path) -> None:
    """Without the Arbeidsinspectie in the zaak, questions with it go to the other zaak or stop."""
    where = ("--zaak", GLAZENWASSERS, "--on", EINDE, "--json")
    done = run(folder, "--drop-deelnemer", "nla", *where)

    told = orjson.loads(done.stdout)["tellingen"]["vraag"]
    assert told["groepen"]["houdt"] == 0
    assert told["via"] == {OOST: 2}


def test_same_rules_lose_nothing(folder: Path) -> None:
    """Other rules that are the shipped ones change nothing."""
    done = run(folder, "--policies", str(default_root()), "--on", EINDE, "--json")

    told = orjson.loads(done.stdout)["tellingen"]
    assert [each["groepen"]["verliest"] for each in told.values()] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--on", EINDE), "precies één"),
        (("--end", "a", "--drop-deelnemer", "nla", "--on", EINDE), "precies één"),
        (("--end", "hhk-niets", "--on", EINDE), "Deze zaak bestaat niet"),
        (("--end", GLAZENWASSERS, "--zaak", OOST, "--on", EINDE), "--zaak hoort bij"),
        (("--policies", "/nergens", "--on", EINDE), "is er niet"),
        (("--end", GLAZENWASSERS, "--on", "gisteren"), "Schrijf een datum"),
        (("--end", GLAZENWASSERS, "--on", "0001-01-01"), "te ver weg"),
    ],
)
def test_what_cannot_be_asked_is_told(
    folder: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    """What is wrong with the question is told in one sentence, with exit code 2."""
    done = run(folder, *arguments)

    assert done.exit_code == 2
    assert sentence in done.stderr
