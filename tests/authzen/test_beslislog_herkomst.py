"""Where a call came from: its record names the transaction of FSC, when it is well told."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from broker.services.trace import fsc_transaction
from tests.api.conftest import World, running
from tests.authzen.test_beslislogboek import BOETE, VERZOEK, Bericht, lines, question, records
from tests.decision.gevallen import bases

TRANSACTIE = "019a9f2e-6b1c-7d3e-8f00-0123456789ab"
ATTRIBUUT = "adl.fsc.transaction_id"
ENDING: Bericht = {"op": "2026-12-01", "beeindig": {"zaak": "hhk-zaandam-oost-2026"}}
CALLS: tuple[tuple[str, str, Bericht], ...] = (
    ("g-017", "/v1/verzoeken", VERZOEK),
    ("g-017", "/v1/toetsingen", bases()["hhk"]),
    ("g-017", "/access/v1/evaluation", question(["identificatie"])),
    ("g-017", "/access/v1/evaluations", {"evaluations": [question(["fiscaal"])]}),
    (
        "g-017",
        "/access/v1/search/subject",
        {**question(["identificatie"]), "subject": {"type": "gebruiker"}},
    ),
    ("am-riec-1", "/v1/effectberekeningen", ENDING),
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Start the app with the demo data, and an item at one source."""
    async with running(tmp_path) as found:
        found.bronnen["nla"].gegevens = (BOETE,)
        yield found


async def call_all(world: World, **more: str) -> None:
    """Make every call that decides, with these headers."""
    for who, path, body in CALLS:
        headers = {"Authorization": f"Bearer token-{who}", **more}
        answer = await world.client.post(path, json=body, headers=headers)
        assert answer.status_code in {200, 201}, (path, answer.text)


async def test_call_through_an_inway_names_its_transaction(world: World) -> None:
    """Both doors, a toetsing, each call of AuthZEN and an effectberekening keep the transaction."""
    await call_all(world, **{"Fsc-Transaction-Id": TRANSACTIE.upper()})
    found = [record["attributes"].get(ATTRIBUUT) for record in await records(world)]
    told = [line["fsc_transactie"] for line in await lines(world) if "fsc_transactie" in line]

    assert found == [TRANSACTIE] * 6
    assert told == [TRANSACTIE]


async def test_call_without_an_inway_names_none(world: World) -> None:
    """Without the header, or with one that is no transaction, none is in the record."""
    await call_all(world)
    await call_all(world, **{"Fsc-Transaction-Id": "onzin"})
    found = await records(world)

    assert len(found) == 12
    assert [record for record in found if ATTRIBUUT in record["attributes"]] == []
    assert [line for line in await lines(world) if "fsc_transactie" in line] == []


@pytest.mark.parametrize(
    "given",
    [
        [],
        [""],
        [TRANSACTIE, TRANSACTIE],
        [TRANSACTIE.replace("-7", "-4")],
        [TRANSACTIE.replace("-8f", "-cf")],
        [TRANSACTIE.replace("-", "")],
        [f"{{{TRANSACTIE}}}"],
        [f"{TRANSACTIE}, {TRANSACTIE}"],
        [f"{TRANSACTIE}\n"],
    ],
)
def test_only_one_uuid_of_version_7_is_a_transaction(given: list[str]) -> None:
    """Another version, two at once or anything else is no transaction of FSC."""
    assert fsc_transaction(given) is None
    assert fsc_transaction([TRANSACTIE]) == TRANSACTIE
