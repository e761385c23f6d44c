"""What the nouns of the store do, on both databases."""

import datetime as dt

import pytest

from broker.errors import ConflictError, InvalidInputError, NotFoundError
from broker.store import Store
from tests.store.store_world import (
    BETROKKENE,
    NOW,
    ZAAK,
    a_besluit,
    a_verzoek,
    an_instemming,
)

HOUR = dt.timedelta(hours=1)


async def test_organisatie_tells_its_source(store: Store) -> None:
    """A partner comes back with its deelnemers, and its source can be changed."""
    async with store.begin() as tx:
        await tx.organisaties.insert("gemeente", naam="Gemeente", deelnemers=["b", "a"])
        await tx.organisaties.set_source("gemeente", soort="brp", adres="http://127.0.0.1:1")
        found = await tx.organisaties.get("gemeente")
        listed = await tx.organisaties.list()

    assert found == {
        "id": "gemeente",
        "naam": "Gemeente",
        "deelnemers": ["a", "b"],
        "bron_soort": "brp",
        "bron_adres": "http://127.0.0.1:1",
        "riec": None,
        "verband": None,
    }
    assert [each["id"] for each in listed] == [
        "gemeente",
        "nla",
        "politie-nh",
        "uwv",
        "zaanstad-college",
    ]
    assert listed[0] == found


async def test_gebruiker_is_authorised_anew(store: Store) -> None:
    """New facts of a gebruiker take the place of the old ones; None is unknown."""
    async with store.begin() as tx:
        await tx.gebruikers.authorise(
            "g-017", geautoriseerd_tot="2028-01-01", gescreend_op=None, opgeleid_op="2026-01-01"
        )
        found = await tx.gebruikers.get("g-017")

        assert [each["id"] for each in await tx.gebruikers.list("zaanstad-college")] == ["g-017"]

    assert found["geautoriseerd_tot"] == "2028-01-01"
    assert found["gescreend_op"] is None


@pytest.mark.parametrize(
    ("offset", "good"), [(-1, False), (0, True), (59, True), (60, False), (61, False)]
)
async def test_token_is_good_for_its_time(store: Store, offset: int, good: bool) -> None:  # noqa: FBT001
    """A token counts from the moment it is given out until just before its end."""
    async with store.begin() as tx:
        await tx.toegang.issue("hash", gebruiker="g-017", op=NOW, geldig_tot=NOW + HOUR)
        holder = await tx.toegang.holder("hash", moment=NOW + dt.timedelta(minutes=offset))

    assert (holder is not None and holder["id"] == "g-017") is good


async def test_token_is_taken_back_at_once(store: Store) -> None:
    """A token that was taken back opens nothing, and the first moment of that stays."""
    async with store.begin() as tx:
        await tx.toegang.issue("hash", gebruiker="g-017", op=NOW, geldig_tot=NOW + HOUR)
        await tx.toegang.withdraw("hash", op=NOW)
        await tx.toegang.withdraw("hash", op=NOW + HOUR)

        assert await tx.toegang.holder("hash", moment=NOW) is None
        with pytest.raises(NotFoundError):
            await tx.toegang.withdraw("ander", op=NOW)


async def test_zaak_comes_back_whole(store: Store) -> None:
    """A zaak has its contract shape, with title, description and version beside it."""
    told = {"toelichting": "Verzonnen.", "feiten": [{"onderwerp": "titel", "waarde": None}]}
    async with store.begin() as tx:
        await tx.zaken.insert(ZAAK | {"id": "hhk-2", "titel": "Tweede", "beschrijving": told})
        found = await tx.zaken.get("hhk-2")

    assert found == ZAAK | {"id": "hhk-2", "titel": "Tweede", "beschrijving": told, "versie": 1}


async def test_absent_limit_is_not_an_empty_one(store: Store) -> None:
    """A limit that is unknown stays away; one that does not limit comes back as an empty list."""
    bare = {"id": "kaal", "soort": "casus", "titel": "Kaal", "status": "voorgesteld"}
    async with store.begin() as tx:
        await tx.zaken.insert(bare | {"reikwijdte": {"gebieden": []}})
        found = await tx.zaken.get("kaal")

    assert found["reikwijdte"] == {"gebieden": []}
    assert not {"looptijd", "signaal", "verschijnselen", "fase"} & found.keys()


async def test_misspelt_member_of_a_zaak_is_refused(store: Store) -> None:
    """A member that no zaak has is an error with its pointer, not lost in silence."""
    async with store.begin() as tx:
        with pytest.raises(InvalidInputError) as caught:
            await tx.zaken.insert(ZAAK | {"titel": "x", "loptijd": {}})

    assert [fout.pointer for fout in caught.value.fouten] == ["/loptijd"]


async def test_zaken_are_listed_in_pages(store: Store) -> None:
    """Pages follow each other by id, and hold only the zaken of the organisatie asked for."""
    async with store.begin() as tx:
        for number in range(3):
            await tx.zaken.insert(
                ZAAK | {"id": f"z-{number}", "titel": "Een zaak", "deelnemers": []}
            )
        first = await tx.zaken.list(limit=2)
        second = await tx.zaken.list(limit=2, after=first[-1]["id"])
        own = await tx.zaken.list(organisatie="nla")

    assert [each["id"] for each in first + second] == ["hhk-2026", "z-0", "z-1", "z-2"]
    assert [each["id"] for each in own] == ["hhk-2026"]


async def test_zaak_is_established_once(store: Store) -> None:
    """A proposed zaak becomes designated; a designated one does not again."""
    async with store.begin() as tx:
        await tx.zaken.insert(
            {"id": "nieuw", "soort": "hhk", "titel": "Nieuw", "status": "voorgesteld"}
        )
        await tx.zaken.establish("nieuw", op="2026-11-20", door="stuurgroep")
        found = await tx.zaken.get("nieuw")
        with pytest.raises(ConflictError):
            await tx.zaken.establish("nieuw", op="2026-11-21", door="stuurgroep")

    assert (found["status"], found["vastgesteld_op"]) == ("vastgesteld", "2026-11-20")


async def test_phase_never_falls_back(store: Store) -> None:
    """A decision for a lower phase is kept, and the zaak stays in the higher one."""
    async with store.begin() as tx:
        for fase in (3, 2):
            await tx.zaken.decide_phase(
                "hhk-2026", fase=fase, besluit_op="2026-06-01", noodzaak="nodig"
            )
        found = await tx.zaken.get("hhk-2026")

    assert found["fase"] == 3
    assert [each["fase"] for each in found["fasebesluiten"]] == [3, 2]


async def test_ended_zaak_takes_no_changes(store: Store) -> None:
    """After its end a zaak cannot be extended, ended, moved on or joined; one can still leave."""
    async with store.begin() as tx:
        await tx.zaken.end("hhk-2026", op="2026-11-20")
        for change in (
            tx.zaken.extend("hhk-2026", besluit_op="2026-11-21"),
            tx.zaken.end("hhk-2026", op="2026-11-21"),
            tx.zaken.decide_phase("hhk-2026", fase=2, besluit_op="2026-11-21", noodzaak="nodig"),
            tx.zaken.add_deelnemer("hhk-2026", {"organisatie": "uwv", "deelnemer": "uwv"}),
        ):
            with pytest.raises(ConflictError, match="beëindigd"):
                await change
        await tx.zaken.end_deelnemer(
            "hhk-2026", organisatie="nla", deelnemer="nla", tot="2026-11-21"
        )


async def test_deelnemer_can_come_back(store: Store) -> None:
    """A partner has one place at a time, and both its times are kept."""
    place = {"organisatie": "nla", "deelnemer": "nla", "rol": "overig", "vanaf": "2026-12-01"}
    async with store.begin() as tx:
        with pytest.raises(ConflictError, match="al bij de zaak"):
            await tx.zaken.add_deelnemer("hhk-2026", place)
        await tx.zaken.end_deelnemer(
            "hhk-2026", organisatie="nla", deelnemer="nla", tot="2026-11-20"
        )
        with pytest.raises(NotFoundError):
            await tx.zaken.end_deelnemer(
                "hhk-2026", organisatie="nla", deelnemer="nla", tot="2026-11-21"
            )
        await tx.zaken.add_deelnemer("hhk-2026", place)
        found = await tx.zaken.get("hhk-2026")

    assert found["deelnemers"] == [
        ZAAK["deelnemers"][0],
        ZAAK["deelnemers"][1] | {"tot": "2026-11-20"},
        place,
    ]


async def test_signaal_is_weighed_once(store: Store) -> None:
    """A signaal keeps its first weighing, and knows to which zaak it led."""
    async with store.begin() as tx:
        found = await tx.signalen.get("s-1")
        with pytest.raises(ConflictError):
            await tx.signalen.weigh("s-1", status="afgewezen", door="g-1", op="2026-03-01")

        assert [each["id"] for each in await tx.signalen.list(melder="uwv")] == []
        assert await tx.signalen.list(melder="nla") == [found]

    assert (found["status"], found["zaak"]) == ("aanvaard", "hhk-2026")


async def test_persoonskaart_moves_forward(store: Store) -> None:
    """The last fact is the latest one told, and after the end there are no more."""
    async with store.begin() as tx:
        await tx.persoonskaarten.record_fact("k-1", op="2026-10-02")
        await tx.persoonskaarten.record_fact("k-1", op="2026-10-01")
        await tx.persoonskaarten.close("k-1", op="2026-11-01")
        found = await tx.persoonskaarten.get("k-1")
        for change in (
            tx.persoonskaarten.record_fact("k-1", op="2026-11-02"),
            tx.persoonskaarten.close("k-1", op="2026-11-02"),
        ):
            with pytest.raises(ConflictError):
                await change

        assert await tx.persoonskaarten.list("hhk-2026") == [found]

    research = {
        "geopend_op": "2026-09-01",
        "laatste_feit_op": "2026-10-02",
        "beeindigd_op": "2026-11-01",
    }
    assert found == {"id": "k-1", "zaak": "hhk-2026", **BETROKKENE, "onderzoek": research}


async def test_instemming_is_withdrawn_once(store: Store) -> None:
    """An instemming that was taken back shows by whom, and stays taken back."""
    async with store.begin() as tx:
        await tx.instemmingen.give(an_instemming(categorieen=["fiscaal"]))
        await tx.instemmingen.withdraw("i-1", op="2026-11-20", door="ovj-4")
        with pytest.raises(ConflictError):
            await tx.instemmingen.withdraw("i-1", op="2026-11-21", door="ovj-4")
        (found,) = await tx.instemmingen.list("politie-nh")

    assert (found["ingetrokken_op"], found["ingetrokken_door"]) == ("2026-11-20", "ovj-4")
    assert found["categorieen"] == ["fiscaal"]


async def test_verzoek_is_found_by_its_reference(store: Store) -> None:
    """A verzoek comes back as it went in, by id and by reference of the requester."""
    async with store.begin() as tx:
        await tx.verzoeken.insert(a_verzoek())
        found = await tx.verzoeken.find(organisatie="zaanstad-college", kenmerk="vraag-1")

        assert await tx.verzoeken.get("v-1") == found
        assert await tx.verzoeken.find(organisatie="nla", kenmerk="vraag-1") is None

    assert found == a_verzoek()


async def test_verzoeken_are_listed_newest_first(store: Store) -> None:
    """Pages go back in time, and two of the same moment are not lost between pages."""
    async with store.begin() as tx:
        for number, hours in enumerate((0, 1, 1, 2)):
            await tx.verzoeken.insert(
                a_verzoek(id=f"v-{number}", kenmerk=None, ontvangen_op=NOW + hours * HOUR)
            )
        first = await tx.verzoeken.list("zaanstad-college", limit=2)
        last = (first[-1]["ontvangen_op"], first[-1]["id"])
        second = await tx.verzoeken.list("zaanstad-college", limit=2, before=last)

    assert [each["id"] for each in first + second] == ["v-3", "v-2", "v-1", "v-0"]


async def test_besluiten_stream_in_order_and_in_pages(store: Store) -> None:
    """A stream gives every besluit of its time once, oldest first, whatever the page size."""
    async with store.begin() as tx:
        await tx.verzoeken.insert(a_verzoek())
        await tx.besluiten.insert_many(
            [a_besluit(id=f"b-{n}", moment=NOW + (n // 3) * HOUR) for n in reversed(range(10))]
        )
    async with store.read() as tx:
        every = [each async for each in tx.besluiten.stream(chunk=2)]
        some = [
            each["id"]
            async for each in tx.besluiten.stream(since=NOW + HOUR, until=NOW + 3 * HOUR, chunk=4)
        ]

        assert await tx.besluiten.list("v-1") == every
        assert [each["id"] async for each in tx.besluiten.stream(until=NOW)] == []

    assert [each["id"] for each in every] == [f"b-{n}" for n in range(10)]
    assert every[0] == a_besluit(id="b-0")
    assert some == [f"b-{n}" for n in range(3, 9)]


async def test_moment_without_offset_is_refused(store: Store) -> None:
    """A moment of which nobody knows the offset is a fault of the program."""
    naive = NOW.replace(tzinfo=None)
    async with store.begin() as tx:
        with pytest.raises(Exception, match="needs an offset"):
            await tx.verzoeken.insert(a_verzoek(ontvangen_op=naive))


@pytest.mark.parametrize(
    "noun", ["zaken", "organisaties", "gebruikers", "signalen", "verzoeken", "instemmingen"]
)
async def test_what_is_not_there_is_not_found(store: Store, noun: str) -> None:
    """Asking for one thing that does not exist is an error with a sentence."""
    async with store.read() as tx:
        with pytest.raises(NotFoundError, match="bestaat niet"):
            await getattr(tx, noun).get("bestaat-niet")


async def test_change_of_what_is_not_there_is_not_found(store: Store) -> None:
    """A change of something that does not exist changes nothing, and says so."""
    async with store.begin() as tx:
        for change in (
            tx.zaken.end("niet", op="2026-11-20"),
            tx.persoonskaarten.close("niet", op="2026-11-20"),
            tx.signalen.weigh("niet", status="aanvaard", door="g", op="2026-11-20"),
            tx.instemmingen.withdraw("niet", op="2026-11-20", door="g"),
            tx.organisaties.set_source("niet", soort="geen", adres=None),
            tx.gebruikers.authorise(
                "niet", geautoriseerd_tot=None, gescreend_op=None, opgeleid_op=None
            ),
        ):
            with pytest.raises(NotFoundError, match="bestaat niet"):
                await change
