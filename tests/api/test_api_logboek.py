"""The log over the API: enough to check it, and nothing beyond it."""

import base64
from typing import Any

import pytest

from audit.merkle import check_consistency
from audit.note import open_checkpoint
from audit.receipt import verify_receipt
from tests.api.conftest import World


async def test_checkpoint_proofs_and_growth_can_be_checked(
    world: World, vraag: dict[str, Any]
) -> None:
    """With the public key alone one checks a line, and that the log only grew."""
    vkey = world.services.log._writer._signer.vkey
    old = open_checkpoint((await world.call("GET", "/logboek/controlepunt")).text, vkey)
    index = (await world.ask(vraag)).json()["bronnen"][0]["bewijs"]["index"]
    new = open_checkpoint((await world.call("GET", "/logboek/controlepunt")).text, vkey)
    receipt = await world.call("GET", f"/logboek/bewijzen/{index}", "fg-1")
    grown = await world.call("GET", f"/logboek/consistentie?van={old.size}&tot={new.size}")
    line = await world.call("GET", f"/logboek/inschrijvingen/{index}", "fg-1")

    assert receipt.headers["Content-Type"].startswith("text/plain")
    assert verify_receipt(receipt.text, vkey).leaf.decode() == line.json()["inschrijving"]
    proof = [base64.b64decode(step) for step in grown.json()["bewijs"]]
    check_consistency(old.size, new.size, old.root, new.root, proof)


@pytest.mark.parametrize(
    "path", ["inschrijvingen/9999", "bewijzen/9999", "consistentie?van=1&tot=9999"]
)
async def test_outside_the_log_is_404(world: World, path: str) -> None:
    """What lies outside the log is not there."""
    answer = await world.call("GET", f"/logboek/{path}", "fg-1")

    assert answer.status_code == 404


async def test_lines_come_page_by_page(world: World) -> None:
    """All lines come once, in order."""
    for _ in range(4):
        await world.call("POST", "/persoonskaarten/pk-2026-001/feiten", "am-riec-1", {})
    seen: list[int] = []
    path = "/logboek/inschrijvingen?limiet=2"
    while path:
        page = await world.call("GET", path, "fg-1")
        seen += [line["index"] for line in page.json()]
        path = page.headers.get("Link", "").partition(">")[0].removeprefix("</v1")

    # That the first rules were taken into use, the seeds, and the four above; and each page read.
    assert seen == list(range(6))
    read = world.services.log.entries(6, 100)
    assert [(line.payload or {}).get("vanaf") for line in read] == [0, 2, 4, 6]
