"""The description of the API, by the NL API Design Rules: one function makes it."""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from broker.api.middleware import VERSION
from broker.api.problems import PROJECT, Probleem, documented

V1: Final = "/v1"
_DESCRIPTION: Final = (
    "Sluis staat tussen overheden die binnen een RIEC gegevens delen. "
    "Elke vraag wordt getoetst aan de wet die dan geldt. "
    "Elk gegeven in het antwoord wordt nog een keer getoetst. "
    "Wat niet mag, blijft achter, met de reden en het artikel erbij. "
    "Zonder vastlegging gaat er niets naar buiten."
)
_TAGS: Final = {
    "verzoeken": "Een vraag over één betrokkene, aan een of meer bronnen.",
    "toetsingen": "Vooraf weten wat er zou worden besloten.",
    "effectberekeningen": "Vooraf weten wat een verandering zijn basis zou ontnemen.",
    "handhavingsknelpunten": "De zaken van een RIEC waarin vragen worden gesteld.",
    "zaken": "Elke zaak waarin vragen worden gesteld, van welk samenwerkingsverband ook.",
    "persoonskaarten": "Wie er in een zaak wordt onderzocht, als pseudoniem.",
    "signalen": "Meldingen waaruit een zaak kan komen.",
    "instemmingen": "Het ja van een mens waarop een besluit kan wachten.",
    "regelversies": "De regels zelf: voorstellen, beproeven, goedkeuren en laten gelden.",
    "beslislogboek": "Nagaan waarop elke beslissing rustte, genoeg om haar over te doen.",
    "uitvoer": "Wat er is vastgelegd als bestand meenemen, en dat laten narekenen.",
    "logboek": "Nagaan wat er is vastgelegd, en dat er niets aan is veranderd.",
    "inzageverzoeken": "Een betrokkene laten zien wat er over hem of haar is gevraagd en gedeeld.",
    "steekproeven": "Vragen nakijken die het toeval aanwijst, door twee mensen apart.",
}
_VERSION_HEADER: Final = {
    "API-Version": {"description": "De versie van deze API.", "schema": {"type": "string"}}
}
_LINK_HEADER: Final = {
    "Link": {
        "description": "De volgende pagina (RFC 8288, rel=next), als die er is.",
        "schema": {"type": "string"},
    }
}


def openapi_document(app: FastAPI, adres: str = PROJECT) -> dict[str, Any]:
    """Return the OpenAPI document of the app.

    Args:
        app: Whose routes are described.
        adres: Where the API is found, without `/v1`.
    """
    document = get_openapi(
        title="Sluis",
        version=VERSION,
        description=_DESCRIPTION,
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        servers=[{"url": f"{adres}{V1}"}],
        tags=[{"name": name, "description": told} for name, told in _TAGS.items()],
        routes=app.routes,
        separate_input_output_schemas=False,
    )
    # Put in here, because FastAPI wants another package to look at the address of mail.
    document["info"]["contact"] = {"name": "Sluis", "email": "sluis@example.nl", "url": PROJECT}
    document["paths"] = {
        path.removeprefix(V1): operations for path, operations in document["paths"].items()
    }
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Probleem"], schemas["FoutView"] = _problem_schemas()
    for schema in schemas.values():
        schema.pop("description", None)  # written for who reads the code
    for operation in _operations(document):
        _complete(operation)
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in document["paths"].values():
        yield from operations.values()


def _complete(operation: dict[str, Any]) -> None:
    """Describe what every answer has, and drop what we never answer."""
    responses = operation["responses"]
    responses.pop("422", None)
    # Whatever may be asked, a parameter may be misspelt.
    responses |= {str(status): told for status, told in documented(400, 500).items()}
    paged = any(each["name"] == "cursor" for each in operation.get("parameters", ()))
    for status, response in responses.items():
        headers = response.setdefault("headers", {})
        headers |= _VERSION_HEADER
        if status == "200":
            response["description"] = "Gelukt."
            headers |= _LINK_HEADER if paged else {}
        elif status == "201":
            response["description"] = "Vastgelegd."
    operation["responses"] = dict(sorted(responses.items()))


def _problem_schemas() -> tuple[dict[str, Any], dict[str, Any]]:
    schema = Probleem.model_json_schema(ref_template="#/components/schemas/{model}")
    return schema, schema.pop("$defs")["FoutView"]
