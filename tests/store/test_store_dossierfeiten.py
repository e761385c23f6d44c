"""The hot read: exact shapes, one snapshot, few queries, never stale."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import event, text

from broker.domain.dossier import Dossier
from broker.errors import NotFoundError
from broker.store import Dossierfeiten, ReadTx, Store, Tx
from tests.store.store_world import BETROKKENE, GEBRUIKER, ZAAK, an_instemming, versie

SCENARIOS = Path(__file__).parents[3] / "shared" / "scenarios"
ASKED: dict[str, Any] = {"gebruiker": "g-017", "zaak": "hhk-2026", "sleutel": "p-7f3a"}
Change = Callable[[Tx], Awaitable[object]]


async def ask(store: Store, **changes: object) -> Dossierfeiten:
    async with store.read() as tx:
        return await tx.dossierfeiten(**(ASKED | changes))


@contextmanager
def statements(store: Store) -> Iterator[list[tuple[str, Any]]]:
    """Catch what goes to the database."""
    seen: list[tuple[str, Any]] = []

    def listen(_conn: object, _cursor: object, statement: str, values: object, *_: object) -> None:
        if not statement.startswith(("BEGIN", "EXPLAIN")):
            seen.append((statement, values))

    event.listen(store._engine.sync_engine, "before_cursor_execute", listen)
    yield seen
    event.remove(store._engine.sync_engine, "before_cursor_execute", listen)


async def test_facts_have_the_shape_of_the_contract(store: Store) -> None:
    """The four parts are the facts as recorded, member for member."""
    facts = await ask(store)

    assert facts == Dossierfeiten(
        vrager={
            "organisatie": "zaanstad-college",
            "deelnemer": "college",
            "gebruiker": GEBRUIKER,
        },
        zaak=ZAAK,
        betrokkene=BETROKKENE,
        instemmingen=[],
        regels=None,
    )


async def test_zaak_tells_whose_it_is(store: Store) -> None:
    """A zaak of another samenwerkingsverband, of a soort of its own, is read as it was recorded."""
    other = {**ZAAK, "id": "p-2026", "soort": "priolijst", "riec": "huis-1", "verband": "huis"}
    async with store.begin() as tx:
        await tx.zaken.insert(other | {"titel": "Lijst"})
        brief = await tx.zaken.list(riec="huis-1")

    assert (await ask(store, zaak="p-2026")).zaak == other
    assert [(each["id"], each["soort"], each["verband"]) for each in brief] == [
        ("p-2026", "priolijst", "huis")
    ]


async def test_facts_make_a_valid_dossier(store: Store) -> None:
    """With the words of the question beside them, the facts are a dossier without errors."""
    async with store.begin() as tx:
        await tx.instemmingen.give(an_instemming(categorieen=["politiegegevens-8-13"]))
    facts = await ask(store)

    dossier = Dossier.model_validate(
        {
            "versie": 1,
            "deur": "verzoek",
            "moment": "2026-11-20T10:00:00+01:00",
            "vrager": facts.vrager,
            "zaak": facts.zaak,
            "betrokkene": facts.betrokkene,
            "instemmingen": facts.instemmingen,
        }
    )

    assert dossier.model_dump(exclude_none=True)["zaak"] == ZAAK


@pytest.mark.parametrize("name", ["base-wgs", "base-convenant"])
async def test_base_cases_come_back_as_they_went_in(store: Store, name: str) -> None:
    """The two base dossiers of the scenarios survive the store unchanged."""
    path = SCENARIOS / f"{name}.yaml"
    if not path.exists():
        pytest.skip("scenario's overgeslagen: ../shared is er niet")
    base = yaml.safe_load(path.read_text())
    zaak, person = base["zaak"], base["vrager"]["gebruiker"]
    partners = {each["organisatie"]: each["deelnemer"] for each in zaak["deelnemers"]}
    async with store.begin() as tx:
        there = {each["id"] for each in await tx.organisaties.list()}
        for organisatie in partners.keys() - there:
            await tx.organisaties.insert(
                organisatie, naam=organisatie, deelnemers=[partners[organisatie]]
            )
        own = {name: base["vrager"][name] for name in ("organisatie", "deelnemer")}
        await tx.gebruikers.insert({**person, "id": "g-base", **own, "functie": "analist"})
        if signaal := zaak.get("signaal"):
            await tx.signalen.report(
                {
                    "id": signaal["id"],
                    "melder": "nla",
                    "omschrijving": "Melding van een vakbond.",
                    "gemeld_op": "2026-02-01",
                }
            )
            await tx.signalen.weigh(
                signaal["id"], status=signaal["status"], door="g-900", op="2026-02-20"
            )
        await tx.zaken.insert(zaak | {"titel": "Een zaak"})
        await tx.persoonskaarten.open(
            kaart="k-base", zaak=zaak["id"], betrokkene=base["betrokkene"]
        )
    facts = await ask(
        store, gebruiker="g-base", zaak=zaak["id"], sleutel=base["betrokkene"]["sleutel"]
    )

    # No list of fasebesluiten and an empty one say the same.
    assert facts.zaak == {"fasebesluiten": [], **zaak}
    assert facts.betrokkene == base["betrokkene"]
    assert facts.vrager["gebruiker"] == {**person, "id": "g-base"}


async def test_unknown_gebruiker_is_not_found(store: Store) -> None:
    """Nobody gets facts for a person who is not there."""
    with pytest.raises(NotFoundError, match="gebruiker"):
        await ask(store, gebruiker="g-000")


@pytest.mark.parametrize(
    ("changes", "zaak", "betrokkene"),
    [
        ({"zaak": "bestaat-niet"}, None, None),
        ({"zaak": None}, None, None),
        ({"sleutel": "p-ander"}, ZAAK, None),
        ({"sleutel": None}, ZAAK, None),
    ],
)
async def test_what_is_not_there_is_none(
    store: Store, changes: dict[str, Any], zaak: object, betrokkene: object
) -> None:
    """An unknown zaak or a subject without kaart is None, for the decision to refuse."""
    facts = await ask(store, **changes)

    assert (facts.zaak, facts.betrokkene) == (zaak, betrokkene)


async def test_instemmingen_are_of_this_zaak_and_subject(store: Store) -> None:
    """Those for all subjects and for this one count; of another subject or zaak they do not."""
    async with store.begin() as tx:
        await tx.zaken.insert(ZAAK | {"id": "hhk-2", "titel": "Een tweede"})
        await tx.instemmingen.give(an_instemming(id="i-alle"))
        await tx.instemmingen.give(an_instemming(id="i-deze", door="ovj-5", sleutel="p-7f3a"))
        await tx.instemmingen.give(an_instemming(id="i-ander", sleutel="p-ander"))
        await tx.instemmingen.give(an_instemming(id="i-zaak", zaak="hhk-2"))
        await tx.instemmingen.give(an_instemming(id="i-geen", zaak=None, door="ovj-6"))
        bound = {"zaak": None, "sleutel": "p-7f3a", "vrager": "zaanstad-college"}
        await tx.instemmingen.give(an_instemming(id="i-vrager", door="ovj-7", **bound))
        elders = bound | {"vrager": "nla"}
        await tx.instemmingen.give(an_instemming(id="i-elders", door="ovj-8", **elders))

    async def givers(**changes: object) -> list[str]:
        return [each["door"] for each in (await ask(store, **changes)).instemmingen]

    assert await givers() == ["ovj-4", "ovj-5"]
    assert await givers(sleutel=None) == ["ovj-4"]
    # Outside a zaak: for this subject and for the organisatie that asks, and for no other.
    assert await givers(zaak=None) == ["ovj-7"]


@pytest.mark.parametrize(
    ("tot", "expected"),
    [
        (None, "2026-11-20T11:00:00+01:00"),
        ("2026-11-20", "2026-11-20"),
        ("2026-11-21", "2026-11-20T11:00:00+01:00"),
        # 10:30 in Amsterdam, though its text is the greater one.
        ("2026-11-20T09:30:00Z", "2026-11-20T09:30:00Z"),
    ],
)
async def test_withdrawn_instemming_has_an_end(
    store: Store, tot: str | None, expected: str
) -> None:
    """An instemming that was taken back ends then, unless its own end lies earlier."""
    async with store.begin() as tx:
        await tx.instemmingen.give(an_instemming(tot=tot))
        await tx.instemmingen.withdraw("i-1", op="2026-11-20T11:00:00+01:00", door="ovj-4")

    assert [each["tot"] for each in (await ask(store)).instemmingen] == [expected]


CHANGES: dict[str, Change] = {
    "extend": lambda tx: tx.zaken.extend("hhk-2026", besluit_op="2027-02-01"),
    "end": lambda tx: tx.zaken.end("hhk-2026", op="2026-11-20"),
    "phase": lambda tx: tx.zaken.decide_phase(
        "hhk-2026", fase=2, besluit_op="2026-06-01", noodzaak="signalen bevestigd"
    ),
    "add": lambda tx: tx.zaken.add_deelnemer(
        "hhk-2026", {"organisatie": "uwv", "deelnemer": "uwv", "rol": "overig"}
    ),
    "leave": lambda tx: tx.zaken.end_deelnemer(
        "hhk-2026", organisatie="nla", deelnemer="nla", tot="2026-11-20"
    ),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_every_change_acts_on_the_next_dossier_of_another_node(
    store: Store, url: str, change: str
) -> None:
    """A change by one store is in the very next dossier of another, whose memory was warm."""
    other = await Store.open(url)
    before = await ask(other)
    async with store.begin() as tx:
        first = await versie(tx)
        await CHANGES[change](tx)
        second = await versie(tx)
    after = await ask(other)
    await other.close()

    assert (first, second) == (1, 2)
    assert before.zaak == ZAAK
    assert after.zaak != ZAAK


async def test_weighing_its_signaal_changes_the_zaak(store: Store) -> None:
    """A signaal that is turned down is seen in the next dossier of its zaak."""
    async with store.begin() as tx:
        await tx.signalen.report(
            {"id": "s-2", "melder": "nla", "omschrijving": "Nog een.", "gemeld_op": "2026-03-01"}
        )
        await tx.zaken.insert(
            ZAAK | {"id": "hhk-2", "titel": "Een tweede", "signaal": {"id": "s-2"}}
        )
    before = await ask(store, zaak="hhk-2")
    async with store.begin() as tx:
        await tx.signalen.weigh("s-2", status="afgewezen", door="g-900", op="2026-03-02")
    after = await ask(store, zaak="hhk-2")

    assert before.zaak
    assert after.zaak
    assert before.zaak["signaal"] == {"id": "s-2", "status": "aangemeld"}
    assert after.zaak["signaal"] == {"id": "s-2", "status": "afgewezen"}


async def test_unit_that_reads_sees_one_snapshot(store: Store, url: str) -> None:
    """What changes after the first fact was read is in the next dossier, not in this one."""
    other = await Store.open(url)
    async with store.read() as tx:
        first = await tx.dossierfeiten(**ASKED)
        async with other.begin() as change:
            await change.zaken.end("hhk-2026", op="2026-11-20")
            await change.instemmingen.give(an_instemming())
            await change.persoonskaarten.close("k-1", op="2026-11-20")
        second = await tx.dossierfeiten(**ASKED)
    await other.close()

    assert second == first
    assert await ask(store) != first


async def test_change_that_is_rolled_back_is_never_seen(store: Store) -> None:
    """A unit of work that fails leaves the zaak and its version as they were."""

    async def fail_half_way() -> None:
        async with store.begin() as tx:
            await tx.zaken.end("hhk-2026", op="2026-11-20")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_half_way()

    assert (await ask(store)).zaak == ZAAK


async def test_caller_cannot_spoil_what_is_kept(store: Store) -> None:
    """A dossier that its caller changes does not change the next one."""
    for _ in range(2):
        zaak = (await ask(store)).zaak
        assert zaak == ZAAK
        zaak["deelnemers"].clear()

    assert (await ask(store)).zaak == ZAAK


async def test_known_zaak_takes_two_queries(store: Store) -> None:
    """A dossier of a zaak in memory asks the database twice; of a changed one at most six times."""
    with statements(store) as first:
        await ask(store)
    with statements(store) as second:
        await ask(store)

    assert (len(first), len(second)) == (6, 2)


FILL = {
    "sqlite": """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
        INSERT INTO zaken (id, soort, titel, status, versie)
        SELECT 'z-' || i, 'hhk', 'Een van velen', 'vastgesteld', 1 FROM n""",
    "postgresql": """
        INSERT INTO zaken (id, soort, titel, status, versie)
        SELECT 'z-' || i, 'hhk', 'Een van velen', 'vastgesteld', 1
        FROM generate_series(1, 100000) AS n(i)""",
}
MORE = (
    """INSERT INTO zaak_deelnemers (zaak, nummer, organisatie, deelnemer, rol)
    SELECT id, 1, 'uwv', 'uwv', 'kern' FROM zaken WHERE id LIKE 'z-%'""",
    """INSERT INTO persoonskaarten (id, zaak, sleutel, soort)
    SELECT id, id, 'p-' || id, 'natuurlijk-persoon' FROM zaken WHERE id LIKE 'z-%'""",
    """INSERT INTO instemmingen (id, soort, organisatie, door, op, zaak)
    SELECT id, 'leverancier', 'uwv', 'u-1', '2026-11-01', id FROM zaken WHERE id LIKE 'z-%'""",
)


async def plans(tx: ReadTx, seen: list[tuple[str, Any]]) -> list[str]:
    """Explain statements as they were sent."""
    sqlite = tx._conn.dialect.name == "sqlite"
    prefix = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
    lines = []
    for statement, values in seen:
        rows = await tx._conn.exec_driver_sql(prefix + statement, values)
        lines += [str(row[-1]) for row in rows]
    return lines


async def test_a_hundred_thousand_zaken_do_not_slow_a_dossier(store: Store) -> None:
    """With 100,000 zaken every query of a dossier still goes by an index of the large tables."""
    async with store.begin() as tx:
        for statement in (FILL[tx._conn.dialect.name], *MORE, "ANALYZE"):
            await tx._conn.execute(text(statement))
    with statements(store) as seen:
        await ask(store)
    async with store.read() as tx:
        lines = await plans(tx, seen)

    assert len(seen) == 6
    for table in ("zaken", "zaak_deelnemers", "persoonskaarten", "instemmingen"):
        assert not [line for line in lines if f"SCAN {table}" in line]
        assert not [line for line in lines if f"Seq Scan on {table}" in line]
