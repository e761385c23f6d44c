"""Rules that come into force later: the server proves itself on them before it decides by them."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.decision.decide import Decider
from broker.decision.dialect.engine import CompiledEngine
from broker.decision.opa.bundle import bundle_files
from broker.decision.opa.local import LocalOpa, local_opa
from broker.decision.opa.proof import Goudset, Proven
from broker.decision.regelset import Regelset, packed
from broker.decision.rules import Rules
from broker.domain.regelversie import Stap
from broker.errors import DecisionError
from tests.api import conftest
from tests.api.conftest import World, running
from tests.opa.conftest import Wissel

vraag = conftest.vraag  # the fixture of the API
NAME = "policies/besluit/vrager.rego"


class Server:
    """Decides as the engine does, as long as it is told to, and counts."""

    def __init__(self, regelset: Regelset) -> None:
        self._engine = CompiledEngine(Rules(regelset), Decider.load(regelset).register.data)
        self.honest = True
        self.asked = 0

    async def evaluate(self, facts: Mapping[str, Any]) -> object:
        """Say what the engine says, or forget the obligations."""
        self.asked += 1
        await asyncio.sleep(0)
        said = self._engine.evaluate(facts)
        assert isinstance(said, dict)
        return said if self.honest else said | {"voorwaarden": []}

    async def check(self) -> None:
        """Be well."""


def proven(regelset: Regelset) -> tuple[Decider, Server]:
    """Return the rules behind a server that must prove itself, and that server."""
    server = Server(regelset)
    decider = Decider.load(regelset, server=server)
    return decider.with_server(Proven(decider, server)), server


async def test_many_at_once_wait_for_one_proof(regelset: Regelset) -> None:
    """Whoever asks before a server is proven waits for the one proof, also when some give up."""
    decider, server = proven(regelset)
    gevallen = Goudset.of(regelset).gevallen
    dossier = gevallen[0].dossier
    gone = asyncio.create_task(decider.beslis(dossier))
    waiting = [asyncio.create_task(decider.beslis(dossier)) for _ in range(20)]
    await asyncio.sleep(0)
    gone.cancel()

    assert await asyncio.gather(*waiting) == [decider.decide(dossier)] * 20
    assert server.asked == len(gevallen) + 20


async def test_server_that_fails_its_proof_decides_nothing(regelset: Regelset) -> None:
    """A server that decides otherwise gives no verdict, until it proves itself after all."""
    decider, server = proven(regelset)
    dossier = Goudset.of(regelset).gevallen[0].dossier
    server.honest = False
    for asked in (decider.beslis(dossier), decider.motor()):
        with pytest.raises(DecisionError, match=r"De OPA-server beslist in .* anders dan OPA zelf"):
            await asked
    server.honest = True

    assert await decider.motor() == "opa"
    assert await decider.beslis(dossier) == decider.decide(dossier)


@contextmanager
def serving(regelset: Regelset, claims: Regelset, path: Path) -> Iterator[LocalOpa]:
    """Run a real OPA that has these rules, and claims the digest of others."""
    files = bundle_files(regelset) | {"data.json": bundle_files(claims)["data.json"]}
    path.write_bytes(packed(files))
    with local_opa(path) as opa:
        yield opa


async def take_into_use(world: World, regelset: Regelset) -> None:
    """Let a version decide from now on, as another node would have done."""
    async with world.services.store.begin() as tx:
        await tx.regelversies.insert(regelset.digest, regelset.to_archive())
        await tx.regelversies.add(
            regelset.digest,
            Stap.IN_WERKING,
            door=None,
            organisatie=None,
            op=world.clock.now(),
            inhoud={},
        )


async def test_version_of_later_is_proven_on_the_server(
    regelset: Regelset, wissel: Wissel, tmp_path: Path, vraag: dict[str, Any]
) -> None:
    """A version that comes into force decides only where the real OPA decides it as our engine."""
    text = regelset.bestanden[NAME]
    other = replace(regelset, bestanden={**regelset.bestanden, NAME: text + b"\n# anders\n"})
    looser = text.replace(b'persoon.rol == "verwerker"', b'persoon.rol == "x"')
    wrong = replace(regelset, bestanden={**regelset.bestanden, NAME: looser})
    assert looser != text
    async with running(tmp_path, opa_url=wissel.url, opa_seconden=5) as world:
        before = await world.ask(vraag)
        await take_into_use(world, other)
        with serving(wrong, other, tmp_path / "fout.tar.gz") as liar:
            wissel.lead_to(liar.url)
            refused, not_ready = await world.ask(vraag), await world.client.get("/readyz")
        with serving(other, other, tmp_path / "goed.tar.gz") as honest:
            wissel.lead_to(honest.url)
            after, ready = await world.ask(vraag), await world.client.get("/readyz")

    assert [answer.status_code for answer in (before, refused, after)] == [201, 503, 201]
    assert refused.json()["type"].endswith("geen-besluit")
    assert (not_ready.status_code, ready.status_code) == (503, 200)
    assert "anders dan OPA zelf" in not_ready.json()["detail"]
    assert ready.json()["regels"] == other.digest
