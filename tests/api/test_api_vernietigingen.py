"""Destruction over the API: what lines say is gone, and the lines and proofs stay."""

from typing import Any

import pytest

from audit.receipt import verify_receipt
from tests.api.conftest import World

PATH = "/logboek/vernietigingen"
RULE = {"regel": "avg-17", "reden": "De betrokkene vroeg erom, en er is geen reden meer."}


async def test_of_a_subject_nothing_is_left_to_read(world: World, vraag: dict[str, Any]) -> None:
    """What was asked of a subject is gone, the line and its proof stay, and it is told."""
    vkey = world.services.log._writer._signer.vkey
    index = (await world.ask(vraag)).json()["bronnen"][0]["bewijs"]["index"]
    proof = (await world.call("GET", f"/logboek/bewijzen/{index}", "fg-1")).text

    done = await world.call("POST", PATH, "fg-1", {**RULE, "betrokkene": vraag["betrokkene"]})

    assert done.status_code == 201
    line = (await world.call("GET", f"/logboek/inschrijvingen/{index}", "fg-1")).json()
    assert line["inhoud"] is None
    assert verify_receipt(proof, vkey).leaf.decode() == line["inschrijving"]
    told = world.services.log.entry(done.json()["bewijs"]["index"]).payload or {}
    assert told["regel"] == "avg-17"
    assert vraag["betrokkene"]["bsn"] not in str(told)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"maand": "2026-11"}, "/maand"),
        ({"maand": "2026-13"}, "/maand"),
        ({}, "/maand"),
        ({"maand": "2019-01", "betrokkene": {"bsn": "999993653"}}, "/maand"),
        ({"maand": "2019-01", "reden": "kort"}, "/reden"),
    ],
)
async def test_what_may_not_be_destroyed_is_told(
    world: World, body: dict[str, Any], pointer: str
) -> None:
    """A month that must still be kept, none, two things, no reason: nothing is destroyed."""
    size = len(world.services.log.entries(0, 500))

    answer = await world.call("POST", PATH, "fg-1", {**RULE, **body})

    assert answer.status_code == 400
    assert [fout["pointer"] for fout in answer.json()["fouten"]] == [pointer]
    assert len(world.services.log.entries(0, 500)) == size


async def test_an_old_month_may_go(world: World) -> None:
    """A month of which every day was kept for five years is destroyed, also when it is empty."""
    answer = await world.call("POST", PATH, "fg-1", {**RULE, "maand": "2019-01"})

    assert answer.status_code == 201
