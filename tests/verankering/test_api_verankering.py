"""The running app: not anchored means no question at any door, and readiness says so."""

import asyncio
import contextlib
import datetime as dt
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from audit.policy import Policy
from audit.witness.state import Witness
from broker.domain.ports import Gegeven, Identiteit
from broker.settings import Settings
from tests.api.conftest import World, running
from tests.audit.getuigen import Home
from tests.verankering.toneel import policy_text, served

Vraag = dict[str, Any]
DOSSIER = {"versie": 1, "deur": "verzoek", "moment": "2026-11-20T10:00:00+01:00"}
BSN = "999993653"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from no settings at all."""
    for name in [name for name in os.environ if name.startswith("SLUIS_")]:
        monkeypatch.delenv(name)


@dataclass
class Anchored:
    """The app, with one witness that can go away."""

    world: World
    witness: Witness
    port: int
    ending: contextlib.ExitStack

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait for the loops."""
        async with asyncio.timeout(30):
            while not done():  # noqa: ASYNC110 - nothing tells that a loop came by
                await asyncio.sleep(0.02)

    def behind(self) -> bool:
        """Tell whether lines wait to be confirmed."""
        told = self.world.services.coverage.tell()["getuigen"]["regels"]
        return int(told) < int(self.world.services.log.checkpoint().split("\n")[1])

    async def leave(self) -> None:
        """Let the witness go away, with all confirmed, a line after that, and time to pass."""
        await self.until(lambda: not self.behind())
        self.ending.close()
        await self.world.call("POST", "/toetsingen", body=DOSSIER)
        self.world.clock.moment += dt.timedelta(minutes=16)


@pytest.fixture
async def anchored(tmp_path: Path) -> AsyncIterator[Anchored]:
    """Start the app with a policy of one real witness."""
    signer = Settings(data=tmp_path / "var").log_signer()
    home = Home(folder=tmp_path / "getuige", vkeys=[signer.vkey])
    with home.open() as (witness, vkeys), contextlib.ExitStack() as ending:
        port = ending.enter_context(served(witness))
        policy = tmp_path / "policy"
        url = f"http://127.0.0.1:{port}"
        policy.write_text(policy_text(signer.vkey, [(vkeys[0], url)], 1))
        async with running(tmp_path, policy_bestand=policy, getuigen_seconden=0.05) as world:
            yield Anchored(world=world, witness=witness, port=port, ending=ending)


def evaluation(world: World) -> dict[str, Any]:
    """Return a question of AuthZEN."""
    return {
        "subject": {"type": "gebruiker", "id": "g-017"},
        "action": {
            "name": "bevraging",
            "properties": {
                "grondslag": "wgs-riec",
                "taak": "huisvestingswet",
                "activiteit": "hhk",
                "doel": ["bestuurlijk"],
                "verschijnsel": "mensenhandel",
                "vraagstelling": "Is betrokkene bekend als werkgever in de branche?",
                "categorieen": ["identificatie"],
                "aantal_betrokkenen": 1,
            },
        },
        "resource": {
            "type": "betrokkene",
            "id": world.services.pseudoniem.sleutel(Identiteit(bsn=BSN)),
            "properties": {"zaak": "hhk-zaandam-oost-2026", "bron": "nla"},
        },
    }


async def doors(world: World, vraag: Vraag) -> dict[str, httpx2.Response]:
    """Knock at every door."""
    bearer = {"Authorization": "Bearer token-g-017"}
    refused = {**vraag, "betrokkene": {"bsn": "999992971"}}
    return {
        "verzoek": await world.ask(vraag),
        "verzoek dat wordt geweigerd": await world.ask(refused),
        "toetsing": await world.call("POST", "/toetsingen", body=DOSSIER),
        "inzage": await world.call("GET", "/beslislogboek", "fg-1"),
        "beslispunt": await world.client.post(
            "/access/v1/evaluation", json=evaluation(world), headers=bearer
        ),
    }


async def test_no_door_opens_past_the_budget(
    anchored: Anchored, vraag: Vraag, boete: Gegeven
) -> None:
    """At each door a question is a 503 with its own page; no source is asked, nothing is told."""
    world, bron = anchored.world, anchored.world.bronnen["nla"]
    bron.gegevens = (boete,)
    before = await doors(world, vraag)
    asked = len(bron.asked)
    await anchored.leave()
    size = world.services.log.checkpoint()

    after = await doors(world, vraag)

    assert [name for name, answer in before.items() if not answer.is_success] == []
    assert {answer.status_code for answer in after.values()} == {503}
    for name in ("verzoek", "verzoek dat wordt geweigerd", "toetsing", "inzage"):
        assert after[name].json()["type"].endswith("/docs/problemen/niet-verankerd")
        assert "niemand buiten Sluis bevestigde" in after[name].json()["detail"]
    for answer in after.values():
        for word in ("geheim-van-de-inhoud", "toegewezen", "geweigerd", "uitkomst", "decision"):
            assert word not in answer.text
    assert len(bron.asked) == asked
    assert world.services.log.checkpoint() == size


async def test_health_stays_up_and_readiness_tells(anchored: Anchored, vraag: Vraag) -> None:
    """It lives, is not ready, says why, and is ready again when the witness is back."""
    world = anchored.world
    await world.ask(vraag)
    await anchored.until(lambda: not anchored.behind())
    ready = await world.client.get("/readyz")
    await anchored.leave()

    live, late = await world.client.get("/livez"), await world.client.get("/readyz")
    told = anchored.behind()
    with served(anchored.witness, anchored.port):
        await anchored.until(lambda: not anchored.behind())
        again = await world.client.get("/readyz")

    anker = ready.json()["anker"]
    assert (anker["ingesteld"], anker["budget_seconden"]) == (True, 900)
    assert anker["getuigen"]["regels"] > 0
    assert anker["getuigen"]["seconden_geleden"] < 60
    assert (live.status_code, late.status_code, again.status_code) == (200, 503, 200)
    assert late.json()["type"].endswith("/niet-verankerd")
    assert told
    lines = world.logs()
    assert 0 < lines.index('"event": "niet-verankerd"') < lines.index('"event": "weer-verankerd"')
    assert "127.0.0.1" not in world.logs()


async def test_question_that_was_begun_in_time_is_ended(
    anchored: Anchored, vraag: Vraag, boete: Gegeven
) -> None:
    """When the budget runs out while the source is asked, the answer is recorded and leaves."""
    world, bron = anchored.world, anchored.world.bronnen["nla"]
    bron.gegevens = (boete,)

    async def meanwhile() -> None:
        await anchored.leave()

    bron.during = meanwhile

    answer = await world.ask(vraag)
    bron.during = None
    following = await world.ask(vraag)

    assert answer.status_code == 201
    assert "geheim-van-de-inhoud" in answer.text
    assert following.status_code == 503
    assert world.services.log.open_intents() == []


async def test_change_can_be_made_past_the_budget(anchored: Anchored) -> None:
    """A zaak can be ended while no question is served."""
    await anchored.leave()

    answer = await anchored.world.call(
        "POST", "/handhavingsknelpunten/hhk-zaandam-oost-2026/beeindiging", "am-riec-1", {}
    )

    assert answer.is_success


async def test_last_lines_are_confirmed_at_the_end(tmp_path: Path, vraag: Vraag) -> None:
    """What was recorded just before the end is witnessed before Sluis stops."""
    signer = Settings(data=tmp_path / "var").log_signer()
    home = Home(folder=tmp_path / "getuige", vkeys=[signer.vkey])
    with home.serving() as place:
        policy = tmp_path / "policy"
        policy.write_text(policy_text(signer.vkey, [(place.vkeys[0], place.url)], 1))
        async with running(tmp_path, policy_bestand=policy, getuigen_seconden=3600) as world:
            await world.ask(vraag)
            size = int(world.services.log.checkpoint().split("\n")[1])
    ankers = tmp_path / "var" / "logboek" / "anker"

    note = (ankers / f"{size}").read_text(encoding="utf-8")
    assert Policy.load(policy).open(note).size == size


async def test_demo_without_a_policy_says_so(tmp_path: Path) -> None:
    """Without outsiders nothing is anchored and all is served, and readiness says it plainly."""
    async with running(tmp_path) as world:
        ready = (await world.client.get("/readyz")).json()
        answer = await world.call("POST", "/toetsingen", body=DOSSIER)

    assert ready["anker"]["ingesteld"] is False
    assert "niemand buiten Sluis bevestigt het logboek" in ready["anker"]["melding"]
    assert answer.status_code == 200
