"""The made-up BRP keeps to the published document of BRP Personen bevragen 2.7."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.brp import RAADPLEEG, BrpBron, veldentabel
from adapters.http import Verbinding
from adapters.simulatoren import brp as simulator
from tests.adapters.ruwe_bron import PERSOON, Schema

BSN = "999993653"
GOED: dict[str, Any] = {
    "type": RAADPLEEG,
    "burgerservicenummer": [BSN],
    "fields": ["burgerservicenummer"],
}
JSON = {"Content-Type": "application/json; charset=utf-8"}


async def stel(client: httpx2.AsyncClient, adres: str, vraag: object) -> httpx2.Response:
    """Post a question as it stands."""
    return await client.post(f"{adres}/personen", json=vraag)


async def test_the_question_of_the_adapter_fits_the_document(
    partners: dict[str, str], client: httpx2.AsyncClient, brp_fouten: Schema
) -> None:
    """What `BrpBron` sends is a valid RaadpleegMetBurgerservicenummer."""
    verzonden: list[Any] = []

    async def zie(request: httpx2.Request) -> None:
        verzonden.append(json.loads(request.content))

    client.event_hooks = {"request": [zie]}
    verbinding = Verbinding(client=client, basis=partners["brp"])
    bron = BrpBron(verbinding=verbinding, organisatie="zaanstad-college")
    await bron.bevraag(replace(PERSOON, categorieen=tuple(veldentabel())))
    await bron.treffer(replace(PERSOON, categorieen=tuple(veldentabel())))

    assert len(verzonden) == 2
    for vraag in verzonden:
        assert brp_fouten(RAADPLEEG, vraag) == []
        assert vraag["type"] == RAADPLEEG


@pytest.mark.parametrize("bsn", sorted(simulator.personen()))
async def test_whole_persons_fit_the_document(
    partners: dict[str, str], client: httpx2.AsyncClient, brp_fouten: Schema, bsn: str
) -> None:
    """The answer with every field of every test person is valid, down to its parts."""
    wortels = [pad for pad in simulator.paden() if "." not in pad]
    response = await stel(
        client, partners["brp"], GOED | {"burgerservicenummer": [bsn], "fields": wortels}
    )
    antwoord = response.json()
    (persoon,) = antwoord["personen"]

    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert brp_fouten("RaadpleegMetBurgerservicenummerResponse", antwoord) == []
    assert brp_fouten("Adres", persoon["verblijfplaats"]) == []
    assert brp_fouten("VerblijfadresBinnenland", persoon["verblijfplaats"]["verblijfadres"]) == []
    assert brp_fouten("NationaliteitBekend", persoon["nationaliteiten"][0]) == []
    assert brp_fouten("VolledigeDatum", persoon["geboorte"]["datum"]) == []


def _leden(document: dict[str, Any], naam: str) -> dict[str, Any]:
    """List the members of a schema of the document, those of its variants too."""
    schemas = document["components"]["schemas"]

    def van(schema: dict[str, Any], *, takken: bool) -> Iterator[tuple[str, Any]]:
        schema = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        for deel in schema.get("allOf", []):
            yield from van(deel, takken=False)
        yield from schema.get("properties", {}).items()
        if takken:
            for tak in schema.get("discriminator", {}).get("mapping", {}).values():
                yield from van({"$ref": tak}, takken=False)

    return dict(van(schemas[naam], takken=True))


@pytest.mark.parametrize(
    ("pad", "schema"),
    [
        ("", "Persoon"),
        ("naam.", "NaamPersoon"),
        ("geboorte.", "Geboorte"),
        ("verblijfplaats.", "AbstractVerblijfplaats"),
        ("adressering.", "Adressering"),
        ("nationaliteiten.", "AbstractNationaliteit"),
        ("partners.", "Partner"),
    ],
)
def test_the_fields_are_those_of_the_document(
    brp_openapi: dict[str, Any], pad: str, schema: str
) -> None:
    """The simulator takes exactly the members of the document that are not delivered unasked."""
    eigen = {p[len(pad) :] for p in simulator.paden() if p.startswith(pad)}

    assert {p for p in eigen if "." not in p} == _leden(brp_openapi, schema).keys() - set(
        simulator.ALTIJD
    )


def bladen(waarde: object, boven: str = "") -> Iterator[str]:
    """List the paths of all values."""
    if isinstance(waarde, list):
        for lid in waarde:
            yield from bladen(lid, boven)
    elif isinstance(waarde, dict):
        for naam, deel in waarde.items():
            yield from bladen(deel, f"{boven}.{naam}" if boven else naam)
    else:
        yield boven


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(velden=st.lists(st.sampled_from(sorted(simulator.paden())), min_size=1, unique=True))
async def test_fields_is_honoured_exactly(
    partners: dict[str, str], client: httpx2.AsyncClient, velden: list[str]
) -> None:
    """For any fields, the person has the values under those paths and no other."""
    bsn = "999995492"
    vraag = GOED | {"burgerservicenummer": [bsn], "fields": velden[:130]}
    (persoon,) = (await stel(client, partners["brp"], vraag)).json()["personen"]
    gevraagd = {simulator.paden()[veld] for veld in velden[:130]}
    verwacht = {
        pad
        for pad in bladen(simulator.personen()[bsn])
        if any(pad == veld or pad.startswith(f"{veld}.") for veld in gevraagd)
    }

    assert set(bladen(persoon)) == verwacht


@pytest.mark.parametrize(
    ("anders", "naam", "code"),
    [
        ({"type": None}, "type", "required"),
        ({"type": "OnbekendZoekType"}, "type", "value"),
        ({"burgerservicenummer": None}, "burgerservicenummer", "required"),
        ({"burgerservicenummer": BSN}, "burgerservicenummer", "array"),
        ({"burgerservicenummer": []}, "burgerservicenummer", "minItems"),
        ({"burgerservicenummer": [BSN] * 21}, "burgerservicenummer", "maxItems"),
        ({"burgerservicenummer": ["12345678"]}, "burgerservicenummer[0]", "pattern"),
        ({"burgerservicenummer": [BSN, "999993654"]}, "burgerservicenummer[1]", "elfproef"),
        ({"fields": None}, "fields", "required"),
        ({"fields": "burgerservicenummer"}, "fields", "array"),
        ({"fields": []}, "fields", "minItems"),
        ({"fields": ["leeftijd"] * 131}, "fields", "maxItems"),
        ({"fields": ["naam", "bestaatNiet"]}, "fields[1]", "fields"),
        ({"fields": ["geheimhoudingPersoonsgegevens"]}, "fields[0]", "fields"),
        ({"fields": ["naam.inOnderzoek"]}, "fields[0]", "fields"),
        ({"fields": ["naam voornamen"]}, "fields[0]", "pattern"),
        ({"gemeenteVanInschrijving": "479"}, "gemeenteVanInschrijving", "pattern"),
        ({"postcode": "1504AA"}, "postcode", "unknownParam"),
    ],
)
async def test_a_wrong_question_is_told_as_the_brp_tells_it(
    partners: dict[str, str],
    client: httpx2.AsyncClient,
    anders: dict[str, Any],
    naam: str,
    code: str,
) -> None:
    """A wrong parameter gives 400 with its name and code (features fout-cases of the BRP)."""
    vraag = {k: w for k, w in (GOED | anders).items() if w is not None}
    response = await stel(client, partners["brp"], vraag)
    probleem = response.json()

    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert probleem["detail"] == f"De foutieve parameter(s) zijn: {naam}."
    assert [(p["name"], p["code"]) for p in probleem["invalidParams"]] == [(naam, code)]


async def test_all_errors_at_once(partners: dict[str, str], client: httpx2.AsyncClient) -> None:
    """An empty question is told everything that is missing."""
    probleem = (await stel(client, partners["brp"], {})).json()

    assert [p["name"] for p in probleem["invalidParams"]] == [
        "type",
        "burgerservicenummer",
        "fields",
    ]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"'])
async def test_a_body_that_is_no_object_is_told(
    partners: dict[str, str], client: httpx2.AsyncClient, body: bytes
) -> None:
    """Anything but a JSON object is a 400 and never a 500."""
    response = await client.post(f"{partners['brp']}/personen", content=body, headers=JSON)

    assert response.status_code == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (JSON | {"Accept": "application/xml"}, 406),
        (JSON | {"Accept": "*/*; charset=UTF-8"}, 200),
        ({"Content-Type": "text/csv"}, 415),
        ({"Content-Type": "application/json; charset=cp1252"}, 415),
        ({"Content-Type": "application/json;charset=Utf-8"}, 200),
    ],
)
async def test_only_json_in_utf8_is_spoken(
    partners: dict[str, str], client: httpx2.AsyncClient, headers: dict[str, str], status: int
) -> None:
    """Another Accept gives 406 and another Content-Type 415, as in the features of the BRP."""
    response = await client.post(
        f"{partners['brp']}/personen", content=json.dumps(GOED), headers=headers
    )

    assert response.status_code == status


async def test_a_municipality_narrows_the_answer(
    partners: dict[str, str], client: httpx2.AsyncClient
) -> None:
    """Who lives in another municipality than asked is not given."""
    hier, elders = [
        (await stel(client, partners["brp"], GOED | {"gemeenteVanInschrijving": code})).json()
        for code in ("0479", "0363")
    ]

    assert [len(antwoord["personen"]) for antwoord in (hier, elders)] == [1, 0]


def test_one_test_person_has_geheimhouding() -> None:
    """All are published test persons that pass the eleven test; one asked for secrecy."""
    personen = simulator.personen()

    assert all(simulator.elfproef(bsn) for bsn in personen)
    assert [b for b, p in personen.items() if p.get("geheimhoudingPersoonsgegevens")] == [
        "999991802"
    ]
