"""Evidence stays as it is, and nothing at rest tells in clear who it is about."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from broker.domain.ports import Identiteit
from broker.domain.pseudoniem import Pseudonimiseerder
from broker.errors import ConflictError, InvalidInputError
from broker.store import Store
from broker.store.models import METADATA
from tests.store.store_world import (
    BETROKKENE,
    a_beslislogregel,
    a_besluit,
    a_verzoek,
    an_instemming,
)

BSN = "999993653"
KVK = "90001354"


async def record(store: Store) -> None:
    """Record one question with one besluit, and the record of that decision."""
    async with store.begin() as tx:
        await tx.verzoeken.insert(a_verzoek())
        await tx.besluiten.insert_many([a_besluit()])
        await tx.beslislogboek.insert_many([a_beslislogregel()])


async def run(store: Store, statement: str) -> None:
    """Run SQL as somebody would who has the database open."""
    async with store.begin() as tx:
        await tx._conn.execute(text(statement))


async def dump(store: Store) -> dict[str, list[Any]]:
    """Read all tables."""
    async with store.read() as tx:
        return {
            name: [tuple(row) for row in await tx._conn.execute(table.select())]
            for name, table in METADATA.tables.items()
        }


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE besluiten SET uitkomst = 'geweigerd'",
        "UPDATE verzoeken SET grondslag = 'awr-43c' WHERE id = 'v-1'",
        "UPDATE beslislogregels SET regel = '{}'",
        "DELETE FROM beslislogregels",
        "DELETE FROM besluiten",
        "DELETE FROM verzoeken WHERE id = 'v-1'",
    ],
)
async def test_evidence_cannot_be_changed(store: Store, statement: str) -> None:
    """The database itself refuses to change or remove a verzoek, a besluit or its record."""
    await record(store)
    before = await dump(store)
    with pytest.raises(ConflictError, match="bewijs"):
        await run(store, statement)

    assert await dump(store) == before


@pytest.mark.parametrize("table", ["verzoeken", "besluiten", "beslislogregels"])
async def test_evidence_cannot_be_emptied_or_replaced(store: Store, table: str) -> None:
    """The ways around a DELETE are closed as well: REPLACE in SQLite, TRUNCATE in PostgreSQL."""
    await record(store)
    before = await dump(store)
    sqlite = store._engine.dialect.name == "sqlite"
    statement = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"  # noqa: S608
    with pytest.raises(ConflictError):
        await run(store, statement if sqlite else f"TRUNCATE {table} CASCADE")

    assert await dump(store) == before


async def test_double_reference_is_a_conflict(store: Store) -> None:
    """The same `kenmerk` of the same organisatie is recorded once; of another it is another."""
    await record(store)

    async def again(**changes: object) -> None:
        async with store.begin() as tx:
            await tx.verzoeken.insert(a_verzoek(id="v-2", **changes))

    with pytest.raises(ConflictError, match="al vastgelegd"):
        await again()
    await again(organisatie="nla")


async def test_besluit_needs_its_verzoek(store: Store) -> None:
    """A besluit on a question that was not recorded is refused."""

    async def orphan() -> None:
        async with store.begin() as tx:
            await tx.besluiten.insert_many([a_besluit(verzoek="v-0")])

    with pytest.raises(ConflictError, match="niet bestaat"):
        await orphan()


async def test_text_of_a_besluit_is_kept_to_the_byte(store: Store) -> None:
    """Dossier and besluit come back as the very text that was decided."""
    odd = '{"b": 1,  "a":"\\u00e9 é 😀", "n":1.0}'
    async with store.begin() as tx:
        await tx.verzoeken.insert(a_verzoek())
        await tx.besluiten.insert_many([a_besluit(dossier=odd, besluit=odd)])
        (found,) = await tx.besluiten.list("v-1")

    assert (found["dossier"], found["besluit"]) == (odd, odd)


async def test_nothing_at_rest_is_in_clear(store: Store, url: str) -> None:
    """After a question about a person and a firm, no byte of the database holds their numbers."""
    pseudonyms = Pseudonimiseerder(bytes(32))
    person = pseudonyms.sleutel(Identiteit(bsn=BSN))
    firm = pseudonyms.sleutel(Identiteit(kvk_nummer=KVK))
    async with store.begin() as tx:
        for number, sleutel in enumerate((person, firm)):
            await tx.persoonskaarten.open(
                kaart=f"k-{sleutel}", zaak="hhk-2026", betrokkene=BETROKKENE | {"sleutel": sleutel}
            )
            await tx.instemmingen.give(an_instemming(id=f"i-{number}", sleutel=sleutel))
            verzoek = a_verzoek(id=f"v-{number}", kenmerk=f"vraag-{number}", sleutel=sleutel)
            await tx.verzoeken.insert(verzoek)
            await tx.besluiten.insert_many(
                [a_besluit(id=f"b-{number}", verzoek=f"v-{number}", dossier=f'["{sleutel}"]')]
            )
    raw = repr(await dump(store)).encode()
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        raw = b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))

    assert person.encode() in raw
    assert BSN.encode() not in raw
    assert KVK.encode() not in raw


async def test_bsn_in_the_words_of_a_question_is_refused(store: Store) -> None:
    """A BSN that somebody types in a text is refused with a pointer, and nothing is recorded."""
    before = await dump(store)

    async def put() -> None:
        async with store.begin() as tx:
            body = {"vraagstelling": f"Is {BSN} bekend?", "lijst": ["goed", "9999.93.653"]}
            await tx.verzoeken.insert(a_verzoek(body=body))

    with pytest.raises(InvalidInputError) as caught:
        await put()

    assert [fout.pointer for fout in caught.value.fouten] == ["/vraagstelling", "/lijst/1"]
    assert BSN not in f"{caught.value} {caught.value.fouten}"
    assert await dump(store) == before


@pytest.mark.parametrize("number", [BSN, KVK])
async def test_bare_number_is_no_pseudonym(store: Store, number: str) -> None:
    """Where a pseudonym belongs, the database refuses a number."""

    async def put() -> None:
        async with store.begin() as tx:
            await tx.verzoeken.insert(a_verzoek(sleutel=number))

    with pytest.raises(InvalidInputError) as caught:
        await put()

    assert number not in str(caught.value)
    assert caught.value.__cause__ is None
