"""Rules that nobody approved yet can hold up or fill nothing but a process of their own."""

import asyncio
import datetime as dt
import time
from typing import Final

import pytest

from broker.decision.regelset import Regelset, RegisterError
from broker.errors import DecisionError
from broker.services.proefruimte import Proefruimte
from tests.regels.conftest import Node, changed, shipped

RULE: Final = "[1 | persoon.gescreend_op != null]"
MANY: Final = f"[{', '.join(['0'] * 1000)}]"
LOOP: Final = "; ".join(f"some a{n} in {MANY}; a{n} == 0" for n in range(5))
ENDLESS: Final = changed("policies/besluit/vrager.rego", (RULE, f"[1 | {LOOP}]"))
DOUBLED: Final = "\n".join(
    ["dubbel0 := [0]"]
    + [f"dubbel{n} := array.concat(dubbel{n - 1}, dubbel{n - 1})" for n in range(1, 60)]
)
HUGE: Final = changed(
    "policies/besluit/vrager.rego",
    (RULE, "[1 | count(dubbel59) > 0]"),
    ("import rego.v1\n", f"import rego.v1\n\n{DOUBLED}\n"),
)
SECONDS: Final = 6


def many_dates() -> Regelset:
    """Make a law of which each rule comes into force on a day of its own: as many periods."""
    rules = "".join(
        f'- {{id: z-{n}, artikel: "1", link: null, tekst: t, zekerheid: geverifieerd, '
        f"in_werking: {dt.date(1900, 1, 1) + dt.timedelta(days=n)}}}\n"
        for n in range(9000)
    )
    law = (
        "id: zzz\nsoort: wet\ntitel: a\nciteertitel: b\ngeldig_vanaf: 1899-01-01\nbwb: null\n"
        f"gelezen: null\nvindplaats: null\nregels:\n{rules}"
    )
    name = "grondslagen/wet/zzz/1899-01-01.yaml"
    return Regelset(bestanden={**shipped().bestanden, name: law.encode()})


async def latest(work: asyncio.Task[None]) -> float:
    """Return how long the event loop stood still at most while this was done, in seconds."""
    late = 0.0
    while not work.done():
        start = time.perf_counter()
        await asyncio.sleep(0.01)
        late = max(late, time.perf_counter() - start)
    return late


async def test_rules_that_take_too_long_to_load_are_given_up() -> None:
    """The process ends in time, and the broker goes on meanwhile."""

    async def load() -> None:
        async with Proefruimte.open(SECONDS) as ruimte:
            await ruimte.load(many_dates().to_archive())

    work = asyncio.create_task(load())

    assert await latest(work) < SECONDS
    with pytest.raises(DecisionError, match="te veel tijd of geheugen"):
        work.result()


async def test_faults_come_back_from_the_process() -> None:
    """What is wrong is told as it is told here, with its file and line."""
    wrong = changed("policies/besluit/vrager.rego", (RULE, "[1 |"))

    async with Proefruimte.open() as ruimte:
        with pytest.raises(RegisterError, match=r"policies/besluit/vrager.rego:\d+: "):
            await ruimte.load(wrong.to_archive())


async def test_rules_without_end_hold_nothing_up(node: Node) -> None:
    """Rules that loop on a dossier are given up; those that fill the memory give no verdict."""
    await node.ask()
    async with node.services.store.read() as tx:
        rows = [row async for row in tx.besluiten.stream()]
    old = shipped().to_archive()

    async with Proefruimte.open() as ruimte:
        found = await ruimte.compare(old, HUGE.to_archive(), rows)
    async with Proefruimte.open(SECONDS) as ruimte:
        with pytest.raises(DecisionError, match="te veel tijd of geheugen"):
            await ruimte.compare(old, ENDLESS.to_archive(), rows)

    assert found.aantal == found.anders == len(rows)
    assert {wordt for _, wordt in found.uitkomsten} == {"geen-besluit"}
