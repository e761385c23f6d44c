"""The document of the partner API, the models and the simulators say the same."""

import json
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel

from adapters.http import MAX_DIEPTE, MIB
from adapters.partner import (
    MAX_GEGEVENS,
    BedrijfVraag,
    BevragingAntwoord,
    Item,
    PersoonVraag,
    Treffer,
    TrefferAntwoord,
    Vraag,
    bericht,
)
from adapters.simulatoren import ALLE, BRP
from adapters.simulatoren.partner import VERSIE
from broker.domain.ports import Gegeven, Identiteit
from tests.adapters.ruwe_bron import PERSOON, Schema

NAMEN = [naam for naam in ALLE if naam != BRP]
CATEGORIEEN = (
    "identificatie",
    "verblijfsstatus",
    "woonsituatie",
    "inkomen",
    "fiscaal",
    "toezicht-handhaving",
    "vergunning-subsidie",
    "bedrijfsgegevens",
    "kadastraal",
    "justitieel",
    "politiegegevens-8-13",
    "politiegegevens-9-10",
)


@pytest.mark.parametrize(
    ("schema", "model"),
    [
        ("Vraag", Vraag),
        ("Persoon", PersoonVraag),
        ("Bedrijf", BedrijfVraag),
        ("Treffer", Treffer),
        ("Gegeven", Item),
        ("BevragingAntwoord", BevragingAntwoord),
        ("TrefferAntwoord", TrefferAntwoord),
    ],
)
def test_document_and_models_have_the_same_members(
    partner_openapi: dict[str, Any], schema: str, model: type[BaseModel]
) -> None:
    """Each message has the same members, the same of them required, and no others."""
    uit_document = partner_openapi["components"]["schemas"][schema]

    assert set(uit_document["properties"]) == set(model.model_fields)
    assert set(uit_document["required"]) == {
        naam for naam, veld in model.model_fields.items() if veld.is_required()
    }
    assert uit_document["additionalProperties"] is False


def test_an_item_has_the_members_of_the_port() -> None:
    """An item of the API and a `Gegeven` of the broker have the same members."""
    assert set(Item.model_fields) == set(Gegeven.__dataclass_fields__)


def test_the_limits_and_version_are_those_of_the_code(partner_openapi: dict[str, Any]) -> None:
    """What the document promises about size is what the adapter holds to."""
    schemas = partner_openapi["components"]["schemas"]

    assert schemas["BevragingAntwoord"]["properties"]["gegevens"]["maxItems"] == MAX_GEGEVENS
    assert f"{MIB // 1_048_576} MiB" in partner_openapi["info"]["description"]
    assert f"{MAX_DIEPTE} niveaus" in partner_openapi["info"]["description"]
    assert partner_openapi["info"]["version"] == VERSIE


def test_the_examples_pass_the_models(partner_openapi: dict[str, Any]) -> None:
    """Each example of the document is a message that the adapter sends or takes."""
    vragen = partner_openapi["components"]["requestBodies"]["Vraag"]["content"]["application/json"]
    for voorbeeld in vragen["examples"].values():
        assert Vraag.model_validate(voorbeeld["value"]).model_dump() == voorbeeld["value"]
    for pad, model in (("/bevragingen", BevragingAntwoord), ("/treffers", TrefferAntwoord)):
        goed = partner_openapi["paths"][pad]["post"]["responses"]["200"]["content"]
        for voorbeeld in goed["application/json"]["examples"].values():
            assert (
                model.model_validate(voorbeeld["value"]).model_dump(exclude_none=True)
                == (voorbeeld["value"])
            )


@pytest.mark.parametrize("naam", NAMEN)
@pytest.mark.parametrize(
    "wie",
    [Identiteit(bsn="999993653"), Identiteit(bsn="999992971"), Identiteit(kvk_nummer="90001354")],
    ids=["worker", "boss", "firm"],
)
async def test_question_and_answers_fit_the_document(
    partners: dict[str, str],
    client: httpx2.AsyncClient,
    partner_fouten: Schema,
    naam: str,
    wie: Identiteit,
) -> None:
    """What the adapter sends and what every simulator answers is valid by the document."""
    vraag = bericht(replace(PERSOON, betrokkene=wie, categorieen=CATEGORIEEN))
    assert partner_fouten("Vraag", vraag) == []
    for pad, schema in (("/bevragingen", "BevragingAntwoord"), ("/treffers", "TrefferAntwoord")):
        response = await client.post(
            partners[naam] + pad, json=vraag, headers={"Kenmerk": "b-0001"}
        )

        assert response.headers["API-Version"] == VERSIE
        assert partner_fouten(schema, response.json()) == []


@pytest.mark.parametrize(
    ("anders", "kenmerk"),
    [
        ({"kenmerk": "a b"}, "a b"),
        ({}, "b-ander"),
        ({}, None),
        ({"betrokkene": {"bsn": "12345678"}}, "b-0001"),
        ({"betrokkene": {"bsn": "999993653", "kvk_nummer": "90001354"}}, "b-0001"),
        ({"categorieen": []}, "b-0001"),
        ({"extra": 1}, "b-0001"),
    ],
)
async def test_a_wrong_question_is_a_problem(
    partners: dict[str, str],
    client: httpx2.AsyncClient,
    partner_fouten: Schema,
    anders: dict[str, Any],
    kenmerk: str | None,
) -> None:
    """A simulator answers 400 with problem+json, and repeats nothing of the question."""
    vraag = bericht(PERSOON) | anders
    headers = {"Kenmerk": kenmerk} if kenmerk else {}
    response = await client.post(f"{partners['nla']}/bevragingen", json=vraag, headers=headers)

    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert partner_fouten("Probleem", response.json()) == []
    assert "999993653" not in response.text


def test_the_document_is_written_by_one_hand(partner_openapi: dict[str, Any]) -> None:
    """Members are snake_case, paths kebab-case, and no subject can stand in a URI."""
    tekst = json.dumps(partner_openapi["paths"])

    assert '"in": "path"' not in tekst
    assert '"in": "query"' not in tekst
    assert list(partner_openapi["paths"]) == ["/bevragingen", "/treffers"]
