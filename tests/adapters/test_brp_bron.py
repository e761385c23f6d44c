"""The BRP as a source: only what was granted is asked, and only what was asked comes out."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.brp import BrpBron, inhoud_van, veldentabel
from adapters.http import Verbinding
from adapters.simulatoren import brp as simulator
from broker.domain.ports import Antwoord, Bevraging, BronError, BronFout, Gegeven, Identiteit
from tests.adapters.ruwe_bron import PERSOON, http_antwoord, ruwe_bron

OPEN = tuple(veldentabel())
CATEGORIEEN = (
    *OPEN,
    "verblijfsstatus",
    "inkomen",
    "politiegegevens-8-13",
    "gezondheid",
    "bestaat-niet",
)
BSN = "999993653"
MET_GEHEIM = "999991802"
ALLES = next(p for p in simulator.personen().values() if p["burgerservicenummer"] == BSN)
ONGEVRAAGD = {
    "geheimhoudingPersoonsgegevens",
    "inOnderzoek",
    "indicatieVastgesteldVerblijftNietOpAdres",
    "opschortingBijhouding",
}


def brp(client: httpx2.AsyncClient, adres: str) -> BrpBron:
    """Build the source."""
    verbinding = Verbinding(client=client, basis=adres, seconden=20.0)
    return BrpBron(verbinding=verbinding, organisatie="zaanstad-college")


def paden(waarde: object, boven: str = "") -> Iterator[str]:
    """List the path of every value, without what is delivered unasked."""
    if isinstance(waarde, list):
        for lid in waarde:
            yield from paden(lid, boven)
    elif isinstance(waarde, dict):
        for naam, deel in waarde.items():
            if naam not in ONGEVRAAGD:
                yield from paden(deel, f"{boven}.{naam}" if boven else naam)
    else:
        yield boven


def past(pad: str, velden: tuple[str, ...]) -> bool:
    """Tell whether a path is an asked field, or lies in an asked date or entry of a table."""
    return pad in velden or pad.rpartition(".")[0] in velden


def brp_antwoord(*personen: object) -> bytes:
    """Write an answer of the BRP."""
    document = {"type": "RaadpleegMetBurgerservicenummer", "personen": list(personen)}
    return json.dumps(document).encode()


async def fout_van(bron: BrpBron, vraag: Bevraging) -> BronFout:
    """Ask, and return why it failed; the error tells nothing about the subject."""
    with pytest.raises(BronError) as info:
        await bron.bevraag(vraag)
    assert BSN not in str(info.value)
    return info.value.fout


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    categorieen=st.lists(st.sampled_from(CATEGORIEEN), unique=True).map(tuple),
    bsn=st.sampled_from(sorted(simulator.personen())),
    treffer=st.booleans(),
)
async def test_nothing_but_the_granted_is_asked_or_given(
    partners: dict[str, str],
    client: httpx2.AsyncClient,
    categorieen: tuple[str, ...],
    bsn: str,
    *,
    treffer: bool,
) -> None:
    """For any granted categories, request and items hold the fields of those and nothing else."""
    gevraagd: list[dict[str, Any]] = []

    async def zie(request: httpx2.Request) -> None:
        gevraagd.append(json.loads(request.content))

    vraag = replace(PERSOON, betrokkene=Identiteit(bsn=bsn), categorieen=categorieen)
    client.event_hooks = {"request": [zie]}
    bron = brp(client, partners["brp"])
    antwoord = await (bron.treffer(vraag) if treffer else bron.bevraag(vraag))

    opent = {c: veldentabel()[c] for c in categorieen if c in OPEN}
    mag = {v for velden in opent.values() for v in velden.velden}
    if treffer:
        mag = {velden.treffer for velden in opent.values()}
    assert [set(vraag["fields"]) for vraag in gevraagd] == ([mag] if mag else [])
    assert [gegeven.categorie for gegeven in antwoord.gegevens] == list(opent)
    for gegeven in antwoord.gegevens:
        assert all(past(pad, opent[gegeven.categorie].velden) for pad in paden(gegeven.inhoud))


async def test_a_brp_that_gives_too_much_is_pruned(client: httpx2.AsyncClient) -> None:
    """Whatever a generous BRP adds, at any depth, is dropped before it leaves the adapter."""
    vol = json.loads(json.dumps(ALLES))
    vol["geboorte"]["datum"]["bsnVanVader"] = "999990019"
    vol["naam"]["partner"] = {"burgerservicenummer": "999990019"}
    vol["inOnderzoek"] = {"naam": True, "leeftijd": True, "reden": {"code": "geheim"}}
    vol["kinderen"] = [{"burgerservicenummer": "999990408"}]
    async with ruwe_bron(http_antwoord(brp_antwoord(vol))) as ruw:
        antwoord = await brp(client, ruw.adres).bevraag(
            replace(PERSOON, categorieen=("identificatie", "toezicht-handhaving"))
        )

    assert [g.inhoud for g in antwoord.gegevens] == [
        {
            "burgerservicenummer": BSN,
            "geboorte": {"datum": ALLES["geboorte"]["datum"], "plaats": {"omschrijving": "Thann"}},
            "geslacht": {"code": "V", "omschrijving": "vrouw"},
            "naam": {
                "geslachtsnaam": "Moulin",
                "volledigeNaam": "Suzanne Moulin",
                "voornamen": "Suzanne",
            },
            "inOnderzoek": {"naam": True},
        }
    ]


@given(
    categorie=st.sampled_from(OPEN),
    persoon=st.recursive(
        st.text(max_size=3) | st.integers() | st.booleans() | st.none(),
        lambda deel: (
            st.lists(deel, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [*ALLES, *ONGEVRAAGD, "datum", "type", "verblijfadres", "postcode", "voornamen"]
                ),
                deel,
                max_size=6,
            )
        ),
        max_leaves=40,
    ).filter(lambda waarde: isinstance(waarde, dict)),
)
def test_no_shape_of_answer_gets_more_out(categorie: str, persoon: dict[str, object]) -> None:
    """For any JSON as person, the content holds asked paths alone, or the answer is refused."""
    velden = veldentabel()[categorie].velden
    try:
        inhoud = inhoud_van(persoon, velden)
    except BronError:
        return

    assert all(past(pad, velden) for pad in paden(inhoud))


async def test_an_item_tells_where_it_comes_from(
    partners: dict[str, str], client: httpx2.AsyncClient
) -> None:
    """Each category with data is one item with a steady id, of the organisatie and the college."""
    vraag = replace(PERSOON, categorieen=("woonsituatie", "identificatie"))
    eerst = await brp(client, partners["brp"]).bevraag(vraag)
    weer = await brp(client, partners["brp"]).bevraag(vraag)

    assert eerst == weer
    assert [(g.id, g.herkomst, g.herkomst_deelnemer) for g in eerst.gegevens] == [
        ("brp-woonsituatie", "zaanstad-college", "college"),
        ("brp-identificatie", "zaanstad-college", "college"),
    ]
    woont = eerst.gegevens[0].inhoud["verblijfplaats"]
    assert isinstance(woont, dict)
    assert woont["verblijfadres"]["woonplaats"] == "Zaandam"


async def test_geheimhouding_is_told_and_the_address_given(
    partners: dict[str, str], client: httpx2.AsyncClient
) -> None:
    """Secrecy marks the answer and every item, and withholds nothing from a public body."""
    vraag = replace(
        PERSOON,
        betrokkene=Identiteit(bsn=MET_GEHEIM),
        categorieen=("identificatie", "woonsituatie"),
    )
    bron = brp(client, partners["brp"])
    antwoord, treffer = await bron.bevraag(vraag), await bron.treffer(vraag)

    assert antwoord.afgeschermd
    assert treffer.afgeschermd
    assert all(g.inhoud["geheimhoudingPersoonsgegevens"] is True for g in antwoord.gegevens)
    assert antwoord.gegevens[1].inhoud["adressering"] == {
        "adresregel1": "Heijermansstraat 159 A",
        "adresregel2": "1502 DK  ZAANDAM",
    }


async def test_without_geheimhouding_there_is_no_sign(
    partners: dict[str, str], client: httpx2.AsyncClient
) -> None:
    """A person without secrecy gives an unmarked answer."""
    antwoord = await brp(client, partners["brp"]).bevraag(PERSOON)

    assert not antwoord.afgeschermd
    assert "geheimhoudingPersoonsgegevens" not in antwoord.gegevens[0].inhoud


async def test_a_hit_holds_labels_alone(
    partners: dict[str, str], client: httpx2.AsyncClient
) -> None:
    """A treffer tells per category that there is something, without content."""
    antwoord = await brp(client, partners["brp"]).treffer(
        replace(PERSOON, categorieen=("identificatie", "woonsituatie", "inkomen"))
    )

    assert antwoord == Antwoord(
        gegevens=tuple(
            Gegeven(
                id=f"brp-{c}",
                categorie=c,
                herkomst="zaanstad-college",
                herkomst_deelnemer="college",
            )
            for c in ("identificatie", "woonsituatie")
        )
    )


async def test_what_is_under_investigation_is_told(
    partners: dict[str, str], client: httpx2.AsyncClient
) -> None:
    """Doubt about an asked field comes along, with its date, and doubt about others does not."""
    vraag = replace(PERSOON, betrokkene=Identiteit(bsn="999992971"), categorieen=("woonsituatie",))
    antwoord = await brp(client, partners["brp"]).bevraag(vraag)
    adres = antwoord.gegevens[0].inhoud["verblijfplaats"]

    assert isinstance(adres, dict)
    assert adres["inOnderzoek"]["datumVan"] is True
    assert adres["inOnderzoek"]["datumIngangOnderzoek"]["datum"] == "2026-10-05"


async def test_suspension_comes_along(client: httpx2.AsyncClient) -> None:
    """That a list is no longer kept up (dead, emigrated) is part of what is told."""
    reden = {"reden": {"code": "O", "omschrijving": "overlijden"}}
    persoon = {"burgerservicenummer": BSN, "opschortingBijhouding": reden}
    async with ruwe_bron(http_antwoord(brp_antwoord(persoon))) as ruw:
        antwoord = await brp(client, ruw.adres).bevraag(PERSOON)

    assert antwoord.gegevens[0].inhoud["opschortingBijhouding"] == reden


@pytest.mark.parametrize(
    "anders",
    [
        {"betrokkene": Identiteit(kvk_nummer="90001354")},
        {"betrokkene": Identiteit()},
        {"categorieen": ("inkomen", "verblijfsstatus")},
        {"categorieen": ()},
    ],
    ids=["firm", "nobody", "no-field", "nothing-granted"],
)
async def test_no_question_without_something_to_ask(
    client: httpx2.AsyncClient,
    anders: dict[str, Any],
) -> None:
    """A firm, or categories that the BRP has no field for, give no items and no call."""
    async with ruwe_bron(http_antwoord(b"{}")) as ruw:
        vraag = replace(PERSOON, **anders)
        antwoorden = [
            await brp(client, ruw.adres).bevraag(vraag),
            await brp(client, ruw.adres).treffer(vraag),
        ]

    assert antwoorden == [Antwoord(gegevens=(), sent=False)] * 2
    assert ruw.gezien == []


async def test_an_unknown_person_gives_no_items(
    partners: dict[str, str], client: httpx2.AsyncClient
) -> None:
    """A number that nobody has is an empty answer and no failure."""
    vraag = replace(PERSOON, betrokkene=Identiteit(bsn="999999990"))

    assert await brp(client, partners["brp"]).bevraag(vraag) == Antwoord(gegevens=())


async def test_a_number_that_fails_the_eleven_test_is_refused_by_the_brp(
    partners: dict[str, str], client: httpx2.AsyncClient
) -> None:
    """The BRP answers 400 to an impossible number, and the error does not repeat it."""
    vraag = replace(PERSOON, betrokkene=Identiteit(bsn="999993654"))

    with pytest.raises(BronError) as info:
        await brp(client, partners["brp"]).bevraag(vraag)
    assert info.value.fout == BronFout.WEIGERT
    assert "99999" not in info.value.melding


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b'{"type": "ZoekMetPostcodeEnHuisnummer", "personen": []}',
        b'{"type": "RaadpleegMetBurgerservicenummer"}',
        b'{"type": "RaadpleegMetBurgerservicenummer", "personen": {}}',
        brp_antwoord(None),
        brp_antwoord([]),
        brp_antwoord({"burgerservicenummer": BSN}, {"burgerservicenummer": BSN}),
        brp_antwoord({"burgerservicenummer": "999990019"}),
        brp_antwoord({"burgerservicenummer": int(BSN)}),
        brp_antwoord({"burgerservicenummer": BSN, "naam": "Moulin"}),
        brp_antwoord({"burgerservicenummer": BSN, "naam": [["Moulin"]]}),
        brp_antwoord({"burgerservicenummer": BSN, "naam": {"voornamen": ["Suzanne"]}}),
        brp_antwoord({"burgerservicenummer": BSN, "naam": {"voornamen": None}}),
        brp_antwoord({"burgerservicenummer": BSN, "naam": {"voornamen": 1.5}}),
        brp_antwoord({"burgerservicenummer": BSN, "geboorte": {"datum": {"datum": {}}}}),
        brp_antwoord({"burgerservicenummer": BSN, "opschortingBijhouding": "overleden"}),
    ],
)
async def test_an_answer_of_another_form_is_refused(
    client: httpx2.AsyncClient, body: bytes
) -> None:
    """Another type, another person, two persons or a wrong shape makes the answer unusable."""
    async with ruwe_bron(http_antwoord(body)) as ruw:
        fout = await fout_van(brp(client, ruw.adres), PERSOON)

    assert fout == BronFout.ONBEGRIJPELIJK


async def test_a_hit_is_repeated_and_a_question_is_not(client: httpx2.AsyncClient) -> None:
    """The BRP made no promise about kenmerk, so only a treffer is asked again."""
    async with ruwe_bron(b"HTTP/1.1 200 OK\r\n") as ruw:
        bron = brp(client, ruw.adres)
        await fout_van(bron, PERSOON)
        na_bevraging = len(ruw.gezien)
        with pytest.raises(BronError):
            await bron.treffer(PERSOON)

    assert (na_bevraging, len(ruw.gezien)) == (1, 3)


def test_the_table_names_fields_that_may_be_asked() -> None:
    """Every field in the table is one the BRP takes, and the treffer is one of its own fields."""
    mag = simulator.paden()

    for velden in veldentabel().values():
        assert set(velden.velden) <= mag.keys()
        assert velden.treffer in velden.velden
        assert list(velden.velden) == sorted(set(velden.velden))


def test_the_table_opens_nothing_that_is_excluded() -> None:
    """Residence status is the IND's alone, and relatives stand in no category."""
    velden = {veld for opent in veldentabel().values() for veld in opent.velden}

    assert "verblijfsstatus" not in veldentabel()
    assert {v.partition(".")[0] for v in velden}.isdisjoint(
        {"verblijfstitel", "partners", "kinderen", "ouders", "gezag", "aNummer"}
    )
