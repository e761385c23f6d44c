"""The generic partner API as a source: strict about form, trusting nothing of what it says."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.http import Verbinding
from adapters.partner import BevragingAntwoord, PartnerBron, bericht
from broker.domain.ports import Antwoord, Bevraging, BronError, BronFout, Gegeven, Identiteit
from tests.adapters.ruwe_bron import PERSOON, http_antwoord, ruwe_bron

BSN = "999993653"
ITEM: dict[str, Any] = {
    "id": "x-1",
    "categorie": "toezicht-handhaving",
    "herkomst": "nla",
    "herkomst_deelnemer": "nla",
    "inhoud": {"soort": "inspectierapport", "wie": BSN},
}


def van(client: httpx2.AsyncClient, adres: str) -> PartnerBron:
    """Build the source."""
    return PartnerBron(verbinding=Verbinding(client=client, basis=adres, seconden=20.0))


def gegevens(*items: object) -> bytes:
    """Write an answer."""
    return json.dumps({"gegevens": items}).encode()


async def fout_van(bron: PartnerBron, vraag: Bevraging, *, treffer: bool = False) -> BronFout:
    """Ask, and return why it failed; the error tells nothing about the subject."""
    with pytest.raises(BronError) as info:
        await (bron.treffer(vraag) if treffer else bron.bevraag(vraag))
    assert BSN not in str(info.value)
    assert info.value.__cause__ is None
    assert info.value.__context__ is None
    return info.value.fout


async def test_the_items_of_the_granted_categories_come_with_their_labels(
    partners: dict[str, str], client: httpx2.AsyncClient
) -> None:
    """Every label of the source reaches the broker as the source put it."""
    antwoord = await van(client, partners["politie-nh"]).bevraag(
        replace(PERSOON, categorieen=("politiegegevens-8-13",))
    )

    assert [(g.id, g.wpg_artikel, g.status) for g in antwoord.gegevens] == [
        ("pl-2026-071188", "8", "beschikbaar"),
        ("pl-2026-071301", "8", "beschikbaar"),
        ("pl-2026-071302", "8", "verwijderd"),
        ("pl-2019-330412", "8", "beschikbaar"),
        ("pl-2026-090001", "12", "beschikbaar"),
    ]
    assert {(g.herkomst, g.herkomst_deelnemer) for g in antwoord.gegevens} == {
        ("politie-nh", "politie")
    }
    assert antwoord.gegevens[0].eerste_verwerking_op == "2026-03-02"
    assert antwoord.gegevens[0].inhoud["plaats"] == "Zaandam, Clusiusstraat"
    assert not antwoord.afgeschermd


async def test_a_firm_is_asked_by_its_number(
    partners: dict[str, str], client: httpx2.AsyncClient
) -> None:
    """A legal person is found by kvk_nummer."""
    antwoord = await van(client, partners["belastingdienst"]).bevraag(
        replace(PERSOON, betrokkene=Identiteit(kvk_nummer="90001354"), categorieen=("fiscaal",))
    )

    assert [g.id for g in antwoord.gegevens] == ["bd-ob-2025-3", "bd-lh-2026-1"]


async def test_a_hit_is_one_item_per_category_without_content(
    partners: dict[str, str], client: httpx2.AsyncClient
) -> None:
    """A treffer has labels and no content, whatever the number of items behind it."""
    antwoord = await van(client, partners["uwv"]).treffer(
        replace(PERSOON, categorieen=("inkomen", "fiscaal", "identificatie"))
    )

    assert antwoord == Antwoord(
        gegevens=(
            Gegeven(
                id="treffer-inkomen",
                categorie="inkomen",
                herkomst="uwv",
                herkomst_deelnemer="uwv",
                eerste_verwerking_op="2026-01-31",
            ),
            Gegeven(
                id="treffer-identificatie",
                categorie="identificatie",
                herkomst="uwv",
                herkomst_deelnemer="uwv",
                eerste_verwerking_op="2025-09-08",
            ),
        )
    )


async def test_the_question_holds_what_door_1_granted(client: httpx2.AsyncClient) -> None:
    """Body and headers say who asks what, on which basis, and nothing that was not granted."""
    async with ruwe_bron(http_antwoord(gegevens())) as ruw:
        bron = van(client, ruw.adres)
        await bron.bevraag(PERSOON)
        await bron.treffer(replace(PERSOON, zaak=None))

    assert [gezien.regel for gezien in ruw.gezien] == [
        "POST /v1/bevragingen HTTP/1.1",
        "POST /v1/treffers HTTP/1.1",
    ]
    assert ruw.gezien[0].headers["kenmerk"] == "b-0001"
    assert ruw.gezien[0].body == {
        "kenmerk": "b-0001",
        "betrokkene": {"bsn": BSN},
        "categorieen": ["identificatie", "toezicht-handhaving"],
        "grondslag": "wgs-riec",
        "zaak": "hhk-zaandam-oost-2026",
        "vrager": "zaanstad-college",
        "doel": ["bestuurlijk"],
        "vraagstelling": "Is betrokkene bekend als tewerkgestelde in de branche?",
    }
    assert ruw.gezien[1].body["zaak"] is None


async def test_nothing_granted_is_not_asked(client: httpx2.AsyncClient) -> None:
    """Without a granted category the source is not called."""
    async with ruwe_bron(http_antwoord(gegevens())) as ruw:
        bron = van(client, ruw.adres)
        antwoord = await bron.bevraag(replace(PERSOON, categorieen=()))

    assert antwoord == Antwoord(gegevens=(), sent=False)
    assert ruw.gezien == []


@pytest.mark.parametrize("wie", [Identiteit(), Identiteit(bsn=BSN, kvk_nummer="90001354")])
async def test_a_question_is_about_one_subject(client: httpx2.AsyncClient, wie: Identiteit) -> None:
    """No number, or two, is told and not sent."""
    async with ruwe_bron(http_antwoord(gegevens())) as ruw:
        fout = await fout_van(van(client, ruw.adres), replace(PERSOON, betrokkene=wie))

    assert fout == BronFout.WEIGERT
    assert ruw.gezien == []


async def test_what_was_not_asked_is_kept_for_door_2(client: httpx2.AsyncClient) -> None:
    """An item of another category, or without any origin, is passed on for door 2 to refuse."""
    kaal = {"id": "x-2", "categorie": "gezondheid", "inhoud": {}}
    async with ruwe_bron(http_antwoord(gegevens(ITEM, kaal))) as ruw:
        antwoord = await van(client, ruw.adres).bevraag(PERSOON)

    assert antwoord.gegevens == (
        Gegeven(**ITEM),
        Gegeven(id="x-2", categorie="gezondheid"),
    )


@pytest.mark.parametrize(
    "anders",
    [
        {"bsn": BSN},
        {"id": None},
        {"id": ""},
        {"id": 7},
        {"id": "a b"},
        {"id": "x\n1"},
        {"id": "x" * 65},
        {"categorie": None},
        {"categorie": ["inkomen"]},
        {"herkomst": 1},
        {"wpg_artikel": 8},
        {"wpg_artikel": "11"},
        {"status": "Beschikbaar"},
        {"eerste_verwerking_op": "2026-02-30"},
        {"eerste_verwerking_op": "20260230"},
        {"eerste_verwerking_op": "2026-W01-1"},
        {"eerste_verwerking_op": "2026-01-01T00:00:00Z"},
        {"ingebracht_op": 20260101},
        {"bewaren_tot": "morgen"},
        {"inhoud": None},
        {"inhoud": [BSN]},
        {"inhoud": BSN},
    ],
)
async def test_one_wrong_item_makes_the_answer_unusable(
    client: httpx2.AsyncClient,
    anders: dict[str, Any],
) -> None:
    """An unknown member, a wrong type or a value outside its list is unintelligible."""
    item = ITEM | anders
    item = {k: w for k, w in item.items() if not (k in ("id", "categorie") and w is None)}
    async with ruwe_bron(http_antwoord(gegevens(ITEM | {"id": "goed"}, item))) as ruw:
        fout = await fout_van(van(client, ruw.adres), PERSOON)

    assert fout == BronFout.ONBEGRIJPELIJK


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b"null",
        b'{"gegevens": {}}',
        b'{"gegevens": [null]}',
        b'{"gegevens": [], "totaal": 0}',
    ],
)
async def test_another_form_of_answer_is_unintelligible(
    client: httpx2.AsyncClient, body: bytes
) -> None:
    """Only `{"gegevens": [...]}` is an answer."""
    async with ruwe_bron(http_antwoord(body)) as ruw:
        bron = van(client, ruw.adres)
        fouten = {
            await fout_van(bron, PERSOON),
            await fout_van(bron, PERSOON, treffer=True),
        }

    assert fouten == {BronFout.ONBEGRIJPELIJK}


async def test_double_ids_are_refused(client: httpx2.AsyncClient) -> None:
    """Two items under one id would make one verdict count for both."""
    async with ruwe_bron(http_antwoord(gegevens(ITEM, ITEM | {"inhoud": {}}))) as ruw:
        fout = await fout_van(van(client, ruw.adres), PERSOON)

    assert fout == BronFout.ONBEGRIJPELIJK


async def test_content_in_a_hit_is_refused(client: httpx2.AsyncClient) -> None:
    """A partner that sends content when asked for a hit is not heard."""
    async with ruwe_bron(http_antwoord(gegevens(ITEM))) as ruw:
        fout = await fout_van(van(client, ruw.adres), PERSOON, treffer=True)

    assert fout == BronFout.ONBEGRIJPELIJK


@pytest.mark.parametrize(("aantal", "past"), [(500, True), (501, False)])
async def test_the_number_of_items_has_a_limit(
    client: httpx2.AsyncClient,
    aantal: int,
    *,
    past: bool,
) -> None:
    """Five hundred items pass, and one more is too large an answer."""
    items = [ITEM | {"id": f"x-{n}"} for n in range(aantal)]
    async with ruwe_bron(http_antwoord(gegevens(*items))) as ruw:
        bron = van(client, ruw.adres)
        if past:
            assert len((await bron.bevraag(PERSOON)).gegevens) == aantal
        else:
            assert await fout_van(bron, PERSOON) == BronFout.TE_GROOT


async def test_more_than_a_mebibyte_is_too_large(client: httpx2.AsyncClient) -> None:
    """One item with too much content is too large an answer."""
    async with ruwe_bron(http_antwoord(gegevens(ITEM | {"inhoud": {"a": "x" * 1_048_576}}))) as ruw:
        assert await fout_van(van(client, ruw.adres), PERSOON) == BronFout.TE_GROOT


@pytest.mark.parametrize(("treffer", "keren"), [(False, 1), (True, 2)])
async def test_only_a_hit_is_asked_again(
    client: httpx2.AsyncClient,
    *,
    treffer: bool,
    keren: int,
) -> None:
    """A bevraging that may have arrived is not repeated; a treffer is, once."""
    async with ruwe_bron(b"HTTP/1.1 200 OK\r\n") as ruw:
        await fout_van(van(client, ruw.adres), PERSOON, treffer=treffer)

    assert len(ruw.gezien) == keren


async def test_all_sources_side_by_side(
    partners: dict[str, str], client: httpx2.AsyncClient
) -> None:
    """Questions to all partners at the same time each get the items of their own partner."""
    namen = [naam for naam in partners if naam != "brp"] * 5
    vraag = replace(
        PERSOON,
        betrokkene=Identiteit(kvk_nummer="90001354"),
        categorieen=(
            "toezicht-handhaving",
            "politiegegevens-8-13",
            "bedrijfsgegevens",
            "justitieel",
            "fiscaal",
        ),
    )
    antwoorden = await asyncio.gather(*(van(client, partners[n]).bevraag(vraag) for n in namen))

    for naam, antwoord in zip(namen, antwoorden, strict=True):
        assert {g.herkomst for g in antwoord.gegevens} == {naam}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda deel: (
        st.lists(deel, max_size=3) | st.dictionaries(st.text(max_size=5), deel, max_size=3)
    ),
    max_leaves=10,
)


@given(
    veld=st.sampled_from([*ITEM, "status", "bewaren_tot", "ingebracht_op", "anders"]), waarde=JSON
)
def test_any_json_is_taken_or_refused_whole(veld: str, waarde: object) -> None:
    """Whatever stands in a member, the model takes it as it is or refuses it; it mends nothing."""
    document = {"gegevens": [ITEM | {veld: waarde}]}
    try:
        (item,) = BevragingAntwoord.model_validate(document).gegevens
    except ValidationError:
        return

    assert item.model_dump()[veld] == waarde


def test_the_message_is_the_granted_question() -> None:
    """The order of the categories is kept, and no member is left out."""
    vraag = replace(PERSOON, categorieen=("b", "a"), doel=())

    assert bericht(vraag)["categorieen"] == ["b", "a"]
    assert bericht(vraag)["doel"] == []
