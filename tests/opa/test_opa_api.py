"""The API on an OPA server: it decides there; without a sound answer nothing leaves."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import httpx2
import orjson
import pytest

from broker.app import open_services
from broker.decision.opa.bundle import make_bundle
from broker.decision.opa.local import LocalOpa, local_opa
from broker.decision.regelset import Regelset
from broker.domain.ports import Gegeven
from broker.errors import StartError
from broker.settings import Settings
from tests.api import conftest
from tests.api.conftest import World, running
from tests.decision.gevallen import bases
from tests.opa.conftest import Behaviour, Wissel, reply, says, waits

SECONDS: Final = 3.0
"""Long enough for a busy machine; a test of a slow server waits this long."""
vraag, boete = conftest.vraag, conftest.boete  # the fixtures of the API
Vraag = dict[str, Any]
BROKEN: Final[dict[str, Behaviour]] = {
    "hangs up": says(b""),
    "is slow": waits(30),
    "fails": says(reply(b'{"code":"internal_error"}', "500 Internal Server Error")),
    "undefined": says(reply(b"{}")),
    "nonsense": says(reply(b'{"result":')),
    "grants without a digest": says(reply(b'{"result":{"uitkomst":"toegewezen"}}')),
    "has other rules": says(
        reply(orjson.dumps({"result": {"besluit": {"uitkomst": "toegewezen"}, "digest": "x"}}))
    ),
}


def assert_no_verdict(answer: httpx2.Response) -> None:
    """Check that this tells that there is no verdict, and nothing else."""
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"].endswith("geen-besluit")
    assert "besluit" not in answer.json()
    assert "geheim-van-de-inhoud" not in answer.text


def lines(world: World) -> list[tuple[str, Any]]:
    """Return the lines of the log that are no change."""
    found = world.services.log.entries(0, 500)
    return [(e.soort.value, e.payload) for e in found if e.soort.value != "wijziging"]


async def test_server_decides(opa: LocalOpa, tmp_path: Path, vraag: Vraag, boete: Gegeven) -> None:
    """With a server in the settings it decides at both doors, and readiness says so."""
    async with running(tmp_path, opa_url=opa.url, opa_seconden=5) as world:
        world.bronnen["nla"].gegevens = (boete,)
        answer = await world.ask(vraag)
        ready = (await world.client.get("/readyz")).json()
        async with world.services.store.read() as tx:
            records = [orjson.loads(row["regel"]) for row in await tx.beslislogboek.list()]

    assert answer.status_code == 201
    assert len(records) == 2
    for record in records:
        assert record["body"]["adl.core.configuration"]["engine"] == "opa"
        assert re.match("[0-9]+[.]", record["body"]["adl.core.configuration"]["opa"])
    assert "geheim-van-de-inhoud" in answer.text
    assert ready["motor"] == "opa"


async def test_without_the_setting_the_engine_is_our_own(tmp_path: Path) -> None:
    """Without a server in the settings readiness tells that the engine is in this process."""
    async with running(tmp_path) as world:
        ready = (await world.client.get("/readyz")).json()

    assert ready["motor"] == "ingebouwd"


@pytest.mark.parametrize("how", BROKEN)
async def test_no_answer_at_door_1_stops_all(
    wissel: Wissel, tmp_path: Path, vraag: Vraag, how: str
) -> None:
    """Without a sound answer no source is asked, it is told and recorded, and it is not ready."""
    async with running(tmp_path, opa_url=wissel.url, opa_seconden=SECONDS) as world:
        wissel.switch(BROKEN[how])
        answer = await world.ask(vraag)
        ready = await world.client.get("/readyz")
        told = lines(world)
        wissel.switch(None)
        again = await world.ask(vraag)

    assert_no_verdict(answer)
    assert ready.status_code == 503
    assert [soort for soort, _ in told] == ["fout"]
    assert told[0][1]["fout"] == "geen-besluit"
    assert told[0][1]["deur"] == "verzoek"
    assert "uitkomst" not in told[0][1]
    assert again.status_code == 201
    assert len(world.bronnen["nla"].asked) == 1


@pytest.mark.parametrize("how", BROKEN)
async def test_no_answer_at_door_2_keeps_it_in(
    wissel: Wissel, tmp_path: Path, vraag: Vraag, boete: Gegeven, how: str
) -> None:
    """What a source answered does not leave without a sound answer at door 2; both are recorded."""

    async def breaks() -> None:
        wissel.switch(BROKEN[how])

    told = await asked_while(wissel.url, tmp_path, (vraag, boete), breaks)

    assert [soort for soort, _ in told] == ["voornemen", "fout"]
    assert told[1][1]["deur"] == "verstrekking"


async def test_server_killed_between_the_doors_keeps_it_in(
    mortal: LocalOpa, tmp_path: Path, vraag: Vraag, boete: Gegeven
) -> None:
    """A real OPA that dies while a source is asked: nothing leaves."""

    async def dies() -> None:
        mortal.process.kill()
        await asyncio.to_thread(mortal.process.wait)

    told = await asked_while(mortal.url, tmp_path, (vraag, boete), dies)

    assert [soort for soort, _ in told] == ["voornemen", "fout"]


async def asked_while(
    url: str,
    folder: Path,
    asked: tuple[Vraag, Gegeven],
    during: Callable[[], Awaitable[None]],
) -> list[tuple[str, Any]]:
    """Put a question whose source answers after this happened; return the lines of the log."""
    async with running(folder, opa_url=url, opa_seconden=SECONDS) as world:
        world.bronnen["nla"].gegevens = (asked[1],)
        world.bronnen["nla"].during = during
        answer = await world.ask(asked[0])
        open_intents = world.services.log.open_intents(10)
        told = lines(world)

    assert_no_verdict(answer)
    assert open_intents == []
    return told


@pytest.mark.parametrize("how", BROKEN)
async def test_no_answer_to_a_toetsing_is_recorded(
    wissel: Wissel, tmp_path: Path, how: str
) -> None:
    """A toetsing without a sound answer is told and recorded as such."""
    async with running(tmp_path, opa_url=wissel.url, opa_seconden=SECONDS) as world:
        wissel.switch(BROKEN[how])
        answer = await world.call("POST", "/toetsingen", body=bases()["hhk"])
        told = lines(world)

    assert_no_verdict(answer)
    assert [soort for soort, _ in told] == ["fout"]


async def test_start_refuses_without_a_server(tmp_path: Path) -> None:
    """Where no server answers Sluis does not start, and says why."""
    settings = Settings(data=tmp_path, opa_url="http://127.0.0.1:9", opa_seconden=SECONDS)

    with pytest.raises(StartError, match=r"Sluis start niet\. De OPA-server gaf geen antwoord"):
        async with open_services(settings):
            pass


async def test_start_refuses_a_server_with_other_rules(regelset: Regelset, tmp_path: Path) -> None:
    """A real OPA with the rules of another version is no server for these."""
    name = "policies/besluit/vrager.rego"
    other = Regelset(
        bestanden={**regelset.bestanden, name: regelset.bestanden[name] + b"\n# anders\n"}
    )
    path = tmp_path / "ander.tar.gz"
    path.write_bytes(make_bundle(other))

    with local_opa(path) as opa, pytest.raises(StartError, match="andere regels"):
        async with open_services(Settings(data=tmp_path, opa_url=opa.url)):
            pass
