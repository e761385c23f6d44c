"""Requests of subjects and review samples in the store: kept as they are, in order, by page."""

import asyncio
import datetime as dt
from typing import Any

import pytest
from sqlalchemy import text

from broker.domain.uitstel import Uitstel, Uitstelbesluit, Uitstelstap
from broker.errors import ConflictError, InvalidInputError, NotFoundError
from broker.store import Store
from broker.store.models_inzage import EVIDENCE
from tests.store.store_world import NOW, an_instemming

WHO: dict[str, Any] = {"door": "g-017", "organisatie": "zaanstad-college", "op": NOW}
UITSTEL = Uitstel(
    id="u-1",
    inzageverzoek="iv-1",
    handeling="v-1/1",
    grond="uavg-41-1-d",
    reden="Het onderzoek loopt nog.",
    tot=None,
    **WHO,
)
STAP = Uitstelstap(nummer=1, besluit=Uitstelbesluit.VERLEEND, toelichting=None, **WHO)


def a_request(number: int = 1, **changes: object) -> dict[str, Any]:
    """Make a request."""
    return {
        "id": f"iv-{number}",
        "sleutel": "p-7f3a",
        "ontvangen_op": NOW,
        "van": NOW - dt.timedelta(days=1461),
        "grootte": 7,
        **WHO,
        "op": NOW + dt.timedelta(minutes=number),
        **changes,
    }


def a_sample(number: int = 1) -> dict[str, Any]:
    """Make a sample."""
    return {
        "id": f"sp-{number}",
        "startwaarde": "week-47",
        "van": NOW,
        "tot": NOW + dt.timedelta(days=7),
        "omvang": 2,
        "grootte": 7,
        "strata": {"strata": []},
        **WHO,
        "op": NOW + dt.timedelta(minutes=number),
    }


def a_unit(number: int) -> dict[str, Any]:
    """Make one of what was drawn."""
    stratum = {"organisatie": "nla", "uitkomst": "toegewezen", "herkomst": "uwv"}
    return {"nummer": number, "kenmerk": f"v-{number}/1", "regel": number, **stratum}


def a_verdict(**changes: object) -> dict[str, Any]:
    """Make a verdict."""
    return {
        "steekproef": "sp-1",
        "nummer": 1,
        "beurt": 1,
        "oordeel": "rechtmatig",
        "toelichting": None,
        **WHO,
        **changes,
    }


@pytest.fixture
async def filled(store: Store) -> Store:
    """Give a store with one of everything."""
    async with store.begin() as tx:
        await tx.inzageverzoeken.insert(a_request())
        await tx.uitstellen.propose(UITSTEL)
        await tx.uitstellen.add("u-1", STAP)
        copy = {"inzageverzoek": "iv-1", "nummer": 1, "getoond": 1, "uitgesteld": 1, **WHO}
        await tx.inzageverzoeken.add_copy({**copy, "sha256": "0" * 64})
        await tx.steekproeven.insert(a_sample(), [a_unit(1), a_unit(2)])
        await tx.steekproeven.judge(a_verdict())
    return store


@pytest.mark.parametrize("verb", ["UPDATE", "DELETE", "REPLACE"])
async def test_evidence_stays_as_it_is(filled: Store, verb: str) -> None:
    """No row of these tables is changed, removed or replaced by who has the database open."""
    sqlite = filled._engine.dialect.name == "sqlite"
    for table in EVIDENCE:
        replace = (
            f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"  # noqa: S608
            if sqlite
            else f"TRUNCATE {table} CASCADE"
        )
        column = "regel = 9" if table == "steekproefeenheden" else "door = 'g-017'"
        statement = {
            "UPDATE": f"UPDATE {table} SET {column}",  # noqa: S608
            "DELETE": f"DELETE FROM {table}",  # noqa: S608
            "REPLACE": replace,
        }[verb]
        with pytest.raises(ConflictError):
            async with filled.begin() as tx:
                await tx._conn.execute(text(statement))


async def test_what_was_put_in_comes_back(filled: Store) -> None:
    """A request, its uitstel with steps, its copies and a sample are read as they were written."""
    async with filled.read() as tx:
        request = await tx.inzageverzoeken.get("iv-1")
        (uitstel,) = await tx.uitstellen.of(["v-1/1", "v-9/1"])
        copies = await tx.inzageverzoeken.copies("iv-1")
        units = await tx.steekproeven.units("sp-1")
        verdicts = await tx.steekproeven.verdicts("sp-1")

    assert request == a_request()
    assert uitstel == Uitstel(**{**_plain(UITSTEL), "stappen": (STAP,)})
    assert [copy["nummer"] for copy in copies] == [1]
    assert [unit["nummer"] for unit in units] == [1, 2]
    assert verdicts == {1: [a_verdict()]}


def _plain(uitstel: Uitstel) -> dict[str, Any]:
    return {name: getattr(uitstel, name) for name in uitstel.__slots__}


async def test_lists_come_newest_first_page_by_page(filled: Store) -> None:
    """Each page goes on behind the last of the page before."""
    async with filled.begin() as tx:
        for number in (2, 3):
            await tx.inzageverzoeken.insert(a_request(number))
            await tx.steekproeven.insert(a_sample(number), [])
    async with filled.read() as tx:
        for noun, prefix in ((tx.inzageverzoeken, "iv"), (tx.steekproeven, "sp")):
            first = await noun.list(limit=2)
            last = first[-1]["op"], first[-1]["id"]
            rest = await noun.list(before=last, limit=2)
            assert [r["id"] for r in (*first, *rest)] == [f"{prefix}-{n}" for n in (3, 2, 1)]


async def test_what_is_not_there_is_told(filled: Store) -> None:
    """An unknown request, uitstel, sample or number is a NotFoundError."""
    async with filled.read() as tx:
        for wanted in (
            tx.inzageverzoeken.get("iv-9"),
            tx.uitstellen.get("u-9"),
            tx.steekproeven.get("sp-9"),
            tx.steekproeven.unit("sp-1", 9),
        ):
            with pytest.raises(NotFoundError):
                await wanted


@pytest.mark.parametrize(
    "changes", [{"beurt": 2}, {"door": "g-018"}, {"nummer": 9, "door": "g-018"}]
)
async def test_one_verdict_of_one_person_in_one_turn(filled: Store, changes: Any) -> None:  # noqa: ANN401
    """A second of the same person, two in one turn, and one on nothing are a conflict."""
    async with filled.begin() as tx:
        await tx.gebruikers.insert(
            {"id": "g-018", "organisatie": "zaanstad-college", "functie": "analist"}
        )
    with pytest.raises(ConflictError):
        async with filled.begin() as tx:
            await tx.steekproeven.judge(a_verdict(**changes))


async def test_two_decisions_at_once_are_one(filled: Store) -> None:
    """Of two that take the next step at the same moment one gets through."""

    async def release() -> None:
        async with filled.begin() as tx:
            number = len((await tx.uitstellen.get("u-1")).stappen) + 1
            await asyncio.sleep(0.05)
            stap = Uitstelstap(
                nummer=min(number, 2), besluit=Uitstelbesluit.VRIJGEGEVEN, toelichting=None, **WHO
            )
            await tx.uitstellen.add("u-1", stap)

    done = await asyncio.gather(release(), release(), return_exceptions=True)

    assert [type(each) for each in done if each is not None] == [ConflictError]


async def test_bsn_in_words_is_refused(filled: Store) -> None:
    """A BSN in a reason, a toelichting or a startwaarde is refused, and not repeated."""
    bsn = "999993653"
    works: list[Any] = [
        lambda tx: tx.uitstellen.propose(Uitstel(**{**_plain(UITSTEL), "id": "u-2", "reden": bsn})),
        lambda tx: tx.steekproeven.judge(a_verdict(beurt=2, toelichting=bsn)),
        lambda tx: tx.steekproeven.insert({**a_sample(4), "startwaarde": bsn}, []),
    ]
    for work in works:
        with pytest.raises(InvalidInputError) as caught:
            async with filled.begin() as tx:
                await work(tx)
        assert bsn not in f"{caught.value} {caught.value.fouten}"


async def test_givers_are_those_whose_yes_could_count(store: Store) -> None:
    """Who agreed for this subject or for all in this zaak; not for another subject or zaak."""
    async with store.begin() as tx:
        for consent in (
            an_instemming(id="i-1", door="alle"),
            an_instemming(id="i-2", door="deze", sleutel="p-7f3a"),
            an_instemming(id="i-3", door="ander", sleutel="p-9999"),
            an_instemming(id="i-4", door="buiten", sleutel="p-7f3a", zaak=None),
        ):
            await tx.instemmingen.give(consent)
    async with store.read() as tx:
        inside = await tx.instemmingen.givers(zaak="hhk-2026", sleutel="p-7f3a")
        outside = await tx.instemmingen.givers(zaak=None, sleutel="p-7f3a")

    assert (inside, outside) == ({"alle", "deze"}, {"buiten"})
