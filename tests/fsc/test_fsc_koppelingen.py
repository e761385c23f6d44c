"""The file of the koppelingen: everything that is wrong is told at the start, with its line."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from broker.app import open_services
from broker.cli.demo.stage import load_once
from broker.errors import StartError
from broker.koppelingen import load_koppelingen
from broker.settings import Settings
from broker.store import Store
from tests.fsc.outway import HASH, KOPPELING, write_koppelingen

ADDRESSES = {"nla": "http://127.0.0.1:9/v1"}
GOOD = f"""versie: 1
koppelingen:
  nla:
    grant_hash: $1$4${HASH}
    service_name: toezicht
    source:
      type: SOURCE_TYPE_DELEGATED_SOURCE
      outway_peer_id: "00000001234567890000"
      delegator_peer_id: "00000001111111110000"
    destination:
      type: DESTINATION_TYPE_DESTINATION
      service_peer_id: "00000009876543210000"
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a data folder in which one organisatie has a source."""
    found = tmp_path_factory.mktemp("fsc") / "var"
    asyncio.run(load_once(Settings(data=found), ADDRESSES))
    return found


async def refused(data: Path, folder: Path, text: str) -> list[tuple[str, str]]:
    """Start with this file; return place and reason of each error."""
    path = folder / "koppelingen.yaml"
    path.write_text(text, "utf-8")
    settings = Settings(data=data, fsc_koppelingen_bestand=path)
    store = await Store.open(settings.database_url)
    try:
        with pytest.raises(StartError) as info:
            await load_koppelingen(settings, store)
    finally:
        await store.close()
    form = re.compile(r"SLUIS_FSC_KOPPELINGEN_BESTAND, regel (\d+ \(.+?\)): (.+)")
    return [form.fullmatch(line).groups() for line in str(info.value).splitlines()]  # type: ignore[union-attr,misc]


async def test_good_file_opens(data: Path, tmp_path: Path) -> None:
    """A koppeling of an organisatie with a source is taken, delegation included."""
    (tmp_path / "k.yaml").write_text(GOOD, "utf-8")
    settings = Settings(data=data, fsc_koppelingen_bestand=tmp_path / "k.yaml")

    async with open_services(settings) as services:
        koppeling = services.bronnen.get("nla").koppeling
        others = [services.bronnen.get(name).koppeling for name in ("uwv", "politie-nh")]

    assert koppeling is not None
    assert koppeling.source.delegator_peer_id == "00000001111111110000"
    assert others == [None, None]


@pytest.mark.parametrize(
    ("old", "new", "place", "reason"),
    [
        ("versie: 1", "versie: 2", "1 (versie)", "Kies uit: 1"),
        ("versie: 1", "versie: 1\nextra: 1", "2 (extra)", "bestaat niet"),
        ("$1$4$", "$1$1$", "4 (koppelingen/nla/grant_hash)", "contract hash"),
        ("$1$4$", "$1$4$\u00e9", "4 (koppelingen/nla/grant_hash)", "geen grant hash"),
        (HASH, "kort", "4 (koppelingen/nla/grant_hash)", "geen grant hash"),
        ("toezicht", "to", "5 (koppelingen/nla/service_name)", "3 tot 100"),
        ("toezicht", '"a b c"', "5 (koppelingen/nla/service_name)", "3 tot 100"),
        ("toezicht", "12345", "5 (koppelingen/nla/service_name)", "tekst"),
        ("    service_name: toezicht\n", "", "3 (koppelingen/nla/service_name)", "ontbreekt"),
        (
            "SOURCE_TYPE_DELEGATED_SOURCE",
            "SOURCE_TYPE_SOURCE",
            "6 (koppelingen/nla/source)",
            "DELE",
        ),
        ('"00000009876543210000"', "", "12 (koppelingen/nla/destination/service_peer_id)", "tekst"),
        (
            '"00000009876543210000"',
            '"000000098765432100001"',
            "12 (koppelingen/nla/destination/service_peer_id)",
            "hoogstens 20",
        ),
        ("  nla:", "  niemand:", "3 (koppelingen/niemand)", "kent deze organisatie niet"),
        ("  nla:", "  uwv:", "3 (koppelingen/uwv)", "geen bron"),
    ],
)
async def test_each_error_is_told_in_dutch_with_its_place(
    data: Path, tmp_path: Path, old: str, new: str, place: str, reason: str
) -> None:
    """A wrong form, an unknown name and an organisatie without a source each have their line."""
    ((found, why),) = await refused(data, tmp_path, GOOD.replace(old, new, 1))

    assert found == place
    assert reason in why


async def test_all_errors_are_told_at_once(data: Path, tmp_path: Path) -> None:
    """Three mistakes in one file give three lines, in the order of the file."""
    wrong = GOOD.replace("  nla:", "  niemand:").replace("toezicht", "to") + "over: 1\n"

    found = await refused(data, tmp_path, wrong)

    assert [place.split()[0] for place, _ in found] == ["3", "5", "13"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("versie: [1", "regel"),
        (GOOD + "versie: 1\n", "twee keer"),
        ("a: &x 1\nb: *x\n", "Verwijzingen"),
    ],
)
async def test_unreadable_file_is_told(tmp_path: Path, text: str, part: str) -> None:
    """What is no YAML, stands twice or refers is refused before anything is built of it."""
    path = tmp_path / "k.yaml"
    path.write_text(text, "utf-8")

    with pytest.raises(StartError, match=rf"SLUIS_FSC_KOPPELINGEN_BESTAND: .*{part}"):
        async with open_services(Settings(data=tmp_path / "var", fsc_koppelingen_bestand=path)):
            pass


async def test_missing_file_is_told(tmp_path: Path) -> None:
    """A file that is named and not there stops the start."""
    settings = Settings(data=tmp_path / "var", fsc_koppelingen_bestand=tmp_path / "weg.yaml")

    with pytest.raises(StartError, match="SLUIS_FSC_KOPPELINGEN_BESTAND ontbreekt"):
        async with open_services(settings):
            pass


async def test_empty_store_knows_nobody_to_hold_it_against(tmp_path: Path) -> None:
    """The first start, before any organisatie is loaded, takes the file as it is."""
    path = write_koppelingen(tmp_path, nla=KOPPELING)

    async with open_services(
        Settings(data=tmp_path / "var", fsc_koppelingen_bestand=path)
    ) as services:
        found: Any = services.bronnen.get("nla")

    assert found.koppeling is None
