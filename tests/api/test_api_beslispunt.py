"""What an attack on the decision point found: a fault of ours, and numbers that name a person."""

from typing import Any

import pytest

from broker.domain.ports import Identiteit
from tests.api.conftest import World

ZAAK = "hhk-zaandam-oost-2026"
BSN = "999993653"


def message(world: World, **declared: Any) -> dict[str, Any]:  # noqa: ANN401 - anything may stand there
    """Return a search for what may be asked about a subject of the zaak."""
    return {
        "subject": {"type": "gebruiker", "id": "g-017"},
        "resource": {
            "type": "betrokkene",
            "id": world.services.pseudoniem.sleutel(Identiteit(bsn=BSN)),
            "properties": {"zaak": ZAAK, "bron": "nla"},
        },
        "context": {"vraag": declared},
    }


async def found(world: World, body: object) -> Any:  # noqa: ANN401 - an answer
    """Search as somebody who may."""
    headers = {"Authorization": "Bearer token-g-017"}
    return await world.client.post("/access/v1/search/action", json=body, headers=headers)


@pytest.mark.parametrize("grondslag", [["wgs-riec"], {"id": "wgs-riec"}, 5, True])
async def test_what_can_be_no_basis_opens_nothing(world: World, grondslag: object) -> None:
    """A basis that is no name has no categories: nothing is found, and that is recorded."""
    answer = await found(world, message(world, grondslag=grondslag))
    records = (await world.call("GET", "/beslislogboek", "fg-1")).json()

    assert answer.status_code == 200
    assert answer.json() == {"page": {"next_token": "", "count": 0}, "results": []}
    assert [record["event_name"] for record in records] == ["adl.search_action"]


@pytest.mark.parametrize("context", [{"time": int(BSN)}, {"supported_obligations": [float(BSN)]}])
async def test_bsn_as_a_number_is_refused(world: World, context: dict[str, Any]) -> None:
    """A BSN that is no text but a number is a 400 without being repeated, and leaves no record."""
    answer = await found(world, {**message(world), "context": context})
    records = await world.call("GET", "/beslislogboek", "fg-1")

    assert answer.status_code == 400
    assert BSN not in answer.text + records.text + world.logs()
    assert records.json() == []
