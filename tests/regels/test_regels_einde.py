"""The end of a zaak acts on the next question, on every node, whatever they have in memory."""

import asyncio
from collections import Counter

from audit.entry import Soort
from tests.regels.conftest import ANALIST, BEHEERDER, Node, vraag

QUESTIONS = 10_000
AT_ONCE = 64
ZAAK = "hhk-zaandam-oost-2026"


async def end(node: Node) -> None:
    """End the zaak, as its accountmanager does."""
    now = node.clock.now().isoformat()
    await node.services.keeper.change(
        BEHEERDER,
        "zaak-beeindigd",
        {"zaak": ZAAK, "op": now},
        lambda tx: tx.zaken.end(ZAAK, op=now, nu=now),
    )


async def test_nothing_passes_after_the_end(nodes: tuple[Node, Node]) -> None:
    """Of 10,000 questions on two nodes, 64 at once, none passes once the zaak was ended."""
    before = [(await node.ask()).besluit.uitkomst for node in nodes]
    await end(nodes[0])
    told: Counter[tuple[str, tuple[str, ...]]] = Counter()
    waiting = iter(range(QUESTIONS))

    async def asking() -> None:
        for number in waiting:
            outcome = await nodes[number % 2].services.doors.submit(ANALIST, vraag())
            (source,) = outcome.bronnen
            codes = tuple(grond.code for grond in source.besluit.weigeringsgronden)
            told[source.besluit.uitkomst, codes] += 1

    await asyncio.gather(*(asking() for _ in range(AT_ONCE)))

    assert before == ["toegewezen", "toegewezen"]
    assert told == {("geweigerd", ("zaak-beeindigd",)): QUESTIONS}
    assert [len(node.bronnen["nla"].asked) for node in nodes] == [1, 1]
    lines = [len(node.services.log.entries(0, QUESTIONS, Soort.WEIGERING)) for node in nodes]
    assert lines == [QUESTIONS // 2] * 2
