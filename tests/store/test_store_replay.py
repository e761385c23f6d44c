"""What replay and what-if read of the store, on both databases."""

import datetime as dt

from broker.store import Store
from tests.store.store_world import BETROKKENE, NOW, ZAAK, a_besluit, a_verzoek, an_instemming

SECOND = dt.timedelta(seconds=1)


async def record(store: Store, count: int) -> None:
    """Record so many besluiten, two at each moment, every third of them of door 2."""
    async with store.begin() as tx:
        await tx.verzoeken.insert(a_verzoek())
        await tx.verzoeken.insert(a_verzoek(id="v-2", kenmerk="vraag-2", zaak=None))
        await tx.besluiten.insert_many(
            [
                a_besluit(
                    id=f"b-{number}",
                    verzoek="v-2" if number == 4 else "v-1",
                    deur="verstrekking" if number % 3 == 2 else "verzoek",
                    moment=NOW + (number // 2) * SECOND,
                )
                for number in range(count)
            ]
        )


async def test_borders_cut_all_besluiten(store: Store) -> None:
    """Behind each border up to the next stand so many besluiten, in the order of moment and id."""
    await record(store, 8)

    async with store.read() as tx:
        borders = await tx.besluiten.borders((None, None), 3)
        parts = []
        for after, upto in zip([None, *borders[:-1]], borders, strict=True):
            pages = tx.besluiten.recorded((None, None), after=after, upto=upto, chunk=2)
            parts.append([row["id"] async for page in pages for row in page])

    assert parts == [["b-0", "b-1", "b-2"], ["b-3", "b-4", "b-5"], ["b-6", "b-7"]]


async def test_borders_keep_to_their_time(store: Store) -> None:
    """Only the besluiten of the time that is asked are counted and cut; of none there is none."""
    await record(store, 8)
    bounds = NOW + SECOND, NOW + 3 * SECOND

    async with store.read() as tx:
        borders = await tx.besluiten.borders(bounds, 10)
        pages = tx.besluiten.recorded(bounds, after=None, upto=borders[-1])
        read = [row["id"] async for page in pages for row in page]
        count = await tx.besluiten.count(bounds)
        nothing = await tx.besluiten.borders((NOW + 9 * SECOND, None), 10)

    assert read == ["b-2", "b-3", "b-4", "b-5"]
    assert count == len(read)
    assert nothing == []


async def test_questions_are_those_of_door_1(store: Store) -> None:
    """A question is a besluit of door 1, with who asked, in the zaken that are named or in all."""
    await record(store, 6)
    bounds = (None, NOW + 9 * SECOND)

    async with store.read() as tx:
        every = [r async for page in tx.besluiten.questions(bounds, None, 2) for r in page]
        own = [r async for page in tx.besluiten.questions(bounds, ["hhk-2026"]) for r in page]
        counts = [await tx.besluiten.count_questions(bounds, z) for z in (None, ["hhk-2026"], [])]
        outcomes = [r async for page in tx.besluiten.outcomes(bounds, None) for r in page]

    assert [row["id"] for row in every] == ["b-0", "b-1", "b-3", "b-4"]
    assert [row["id"] for row in own] == ["b-0", "b-1", "b-3"]
    assert counts == [4, 3, 0]
    assert [row["deur"] for row in outcomes].count("verstrekking") == 2
    assert {row["gebruiker"] for row in every} == {"g-017"}


async def test_snapshot_equals_the_hot_read(store: Store) -> None:
    """The snapshot gives the facts that the hot read gives."""
    async with store.begin() as tx:
        await tx.instemmingen.give(an_instemming())
        await tx.instemmingen.give(an_instemming(id="i-2", sleutel=BETROKKENE["sleutel"]))
    asked = {"gebruiker": "g-017", "zaak": ZAAK["id"], "sleutel": BETROKKENE["sleutel"]}

    async with store.read() as tx:
        snapshot = await tx.snapshot()
        expected = await tx.dossierfeiten(**asked)

    assert snapshot.dossierfeiten(**asked) == expected
    assert len(expected.instemmingen) == 2
