"""The engine in this process and a real OPA server give the same besluit, to the byte."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
import yaml

from broker.decision.decide import Decider
from broker.decision.opa.local import LocalOpa
from broker.decision.opa.server import OpaServer
from broker.decision.regelset import Regelset
from broker.domain import invoer
from broker.domain.dossier import Dossier
from tests.decision.gevallen import merge
from tests.decision.maker import dossiers
from tests.opa.golden import all_cases

SEED: Final = 20261121
GENERATED: Final = 5000
IN_FLIGHT: Final = 8


async def different(decider: Decider, asked: Iterable[Dossier]) -> list[Mapping[str, Any]]:
    """Return the dossiers on which server and engine do not say the same."""
    found: list[Mapping[str, Any]] = []
    left = iter(asked)

    async def work() -> None:
        for dossier in left:
            theirs, ours = await decider.beslis(dossier), decider.decide(dossier)
            if orjson.dumps(theirs) != orjson.dumps(ours):
                found.append(dossier.model_dump(exclude_none=True))

    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    return found


async def compare(opa: LocalOpa, regelset: Regelset, asked: Iterable[Dossier]) -> None:
    """Hold the server against the engine on these dossiers."""
    async with OpaServer.open(opa.url, 30) as server:
        decider = Decider.load(regelset, server=server.expecting(regelset.digest))
        assert (await different(decider, asked))[:1] == []


def scenarios(shared: Path) -> Iterator[Dossier]:
    """Yield the dossiers of the published scenarios."""
    folder = shared / "scenarios"
    bases = {
        path.stem.removeprefix("base-"): yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in folder.glob("base-*.yaml")
    }
    for case in yaml.safe_load((folder / "cases.yaml").read_text(encoding="utf-8")):
        yield invoer.parse(merge(bases[case["base"]], case["patch"]))


async def test_same_besluit_on_every_case(opa: LocalOpa, regelset: Regelset) -> None:
    """On each case of the project both say the same, on whatever basis it rests."""
    asked = [invoer.parse(case.dossier) for case in all_cases()]

    await compare(opa, regelset, asked)
    assert len(asked) > 350


async def test_same_besluit_on_the_published_scenarios(
    opa: LocalOpa, regelset: Regelset, shared: Path
) -> None:
    """On each published scenario both say the same."""
    if not (shared / "scenarios").is_dir():
        pytest.skip("de gepubliceerde scenario's zijn er niet")

    await compare(opa, regelset, scenarios(shared))


async def test_same_besluit_on_made_dossiers(opa: LocalOpa, regelset: Regelset) -> None:
    """On thousands of made dossiers, each with one to three broken facts, both say the same."""
    await compare(opa, regelset, (made for _, made in islice(dossiers(SEED), GENERATED)))
