"""A Woo export by two people: one proposes, another confirms exactly that."""

import csv
import io
from typing import Any

from audit.entry import Soort
from broker.domain.ports import Gegeven, Identiteit
from tests.api.conftest import World
from tests.uitvoer.test_uitvoer_api import BSN, export, opened

REASON = "Wie weet welke bron er is gevraagd, kan het toezicht ontwijken."
SEEDED = (
    BSN,
    "9999.93.653",
    "g-017",
    "geheim-van-de-inhoud",
    "nla-1",
    "jan-jansen",
    "fg-1",
    "fg-2",
)


async def seeded(world: World, vraag: dict[str, Any], boete: Gegeven) -> list[str]:
    """Fill the log with identifiers wherever the API takes text; return all that may not leave."""
    world.bronnen["nla"].gegevens = (boete,)
    await world.ask(vraag)
    for more in (
        {"zaak": "jan-jansen"},
        {"grondslag": "jan-jansen"},
        {"verschijnsel": "jan-jansen"},
        {"categorieen": ["jan-jansen"]},
        {"bronnen": ["jan-jansen"]},
        {"taak": "jan-jansen"},
        {"betrokkene": {"bsn": "999992971"}},
    ):
        await world.ask({**vraag, **more})
    await export(
        world, "bundels", {"reden": "Een vraag van jan-jansen zelf.", "organisatie": "nla"}
    )
    lines = world.services.log.entries(0, 200)
    ids = {line.kenmerk.split("/")[0] for line in lines}
    return [*SEEDED, world.services.pseudoniem.sleutel(Identiteit(bsn=BSN)), *ids]


async def test_zero_identifiers_are_left(
    world: World, vraag: dict[str, Any], boete: Gegeven
) -> None:
    """In a corpus full of identifiers none is in any byte of what becomes public."""
    secrets = await seeded(world, vraag, boete)
    proposed = await export(world, "woo-voorstellen", {})

    answer = await export(world, "woo", {"voorstel": proposed.json()["voorstel"]}, "fg-2")

    assert (proposed.status_code, answer.status_code) == (201, 200)
    files = opened(answer)
    assert set(files) == {"stukken.html", "stukken.json", "inventarislijst.csv"}
    public = b"\n".join(files.values())
    assert [secret for secret in secrets if secret.encode() in public] == []
    listed = list(csv.reader(io.StringIO(files["inventarislijst.csv"].decode(), newline="")))
    assert len(listed) - 1 == proposed.json()["voorstel"]


async def test_second_person_confirms(world: World, vraag: dict[str, Any]) -> None:
    """Who proposed it cannot confirm it; both names stand in the log."""
    await world.ask(vraag)
    proposal = (await export(world, "woo-voorstellen", {})).json()["voorstel"]

    own = await export(world, "woo", {"voorstel": proposal})
    other = await export(world, "woo", {"voorstel": proposal}, "fg-2")

    assert own.status_code == 403
    assert other.status_code == 200
    line = world.services.log.entry(int(other.headers["Sluis-Inschrijving"]))
    assert line.payload is not None
    assert line.payload["opgesteld_door"] == "fg-1"
    assert line.payload["bevestigd_door"] == "fg-2"
    assert line.payload["voorstel"] == proposal


async def test_exactly_the_proposal_is_confirmed(world: World, vraag: dict[str, Any]) -> None:
    """What was recorded after the proposal is not in it, and other choices are a conflict."""
    await world.ask(vraag)
    keuzes = [{"regel": 2, "veld": "bron", "gronden": ["5.1.2.d"], "reden": REASON}]
    proposed = (await export(world, "woo-voorstellen", {"keuzes": keuzes})).json()
    await world.ask(vraag)

    same = {"voorstel": proposed["voorstel"], "keuzes": keuzes}
    changed = await export(world, "woo", {"voorstel": proposed["voorstel"]}, "fg-2")
    answer = await export(world, "woo", same, "fg-2")

    assert changed.status_code == 409
    assert answer.status_code == 200
    rows = opened(answer)["inventarislijst.csv"].decode().splitlines()
    assert len(rows) - 1 == len(proposed["inventarislijst"])
    assert REASON in opened(answer)["stukken.html"].decode()


async def test_only_lines_of_the_asked_kinds(world: World, vraag: dict[str, Any]) -> None:
    """Who asks for one kind of line gets only those."""
    await world.ask(vraag)

    proposed = await export(world, "woo-voorstellen", {"soorten": ["voornemen"]})

    kinds = {row["soort"] for row in proposed.json()["inventarislijst"]}
    assert kinds == {Soort.VOORNEMEN.value}


async def test_proposal_that_is_none(world: World) -> None:
    """A line that is no proposal, or not there, is a 404."""
    for index in (0, 9999):
        assert (await export(world, "woo", {"voorstel": index}, "fg-2")).status_code == 404


async def test_partner_publishes_nothing(world: World) -> None:
    """The privacyfunctionaris of a partner neither proposes nor confirms."""
    proposal = (await export(world, "woo-voorstellen", {})).json()["voorstel"]

    assert (await export(world, "woo-voorstellen", {}, "fg-nla")).status_code == 403
    assert (await export(world, "woo", {"voorstel": proposal}, "fg-nla")).status_code == 403
