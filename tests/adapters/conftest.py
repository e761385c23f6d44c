"""What the adapter tests share: real partners, a client, and the documents of the APIs."""

import json
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from adapters.simulatoren import start
from tests.adapters.ruwe_bron import Schema

PARTNER_OPENAPI = Path(__file__).parents[2] / "docs/partner-api.openapi.json"


@pytest.fixture(scope="session")
def partners() -> Iterator[dict[str, str]]:
    """Run every partner once, and give their addresses."""
    with start() as adressen:
        yield adressen


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    """Give a client that reads nothing from the machine, nor its certificates, which takes long."""
    geen_ca = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    async with httpx2.AsyncClient(trust_env=False, verify=geen_ca) as open_client:
        yield open_client


def _schema(document: dict[str, Any]) -> Schema:
    bron = Resource.from_contents(document, default_specification=DRAFT202012)
    register: Registry[Any] = Registry().with_resource("urn:api", bron)

    def fouten(naam: str, waarde: object) -> list[str]:
        validator = Draft202012Validator(
            {"$ref": f"urn:api#/components/schemas/{naam}"},
            registry=register,
            format_checker=FormatChecker(),
        )
        return [f"{list(fout.path)}: {fout.message}" for fout in validator.iter_errors(waarde)]

    return fouten


@pytest.fixture(scope="session")
def brp_openapi(shared: Path) -> dict[str, Any]:
    """Give the published document of BRP Personen bevragen."""
    tekst = (shared / "vectors/brp/openapi.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(tekst)
    return document


@pytest.fixture(scope="session")
def brp_fouten(brp_openapi: dict[str, Any]) -> Schema:
    """Give what is wrong with a message of the BRP, by the published document."""
    return _schema(brp_openapi)


@pytest.fixture(scope="session")
def partner_openapi() -> dict[str, Any]:
    """Give our own document of the partner API."""
    document: dict[str, Any] = json.loads(PARTNER_OPENAPI.read_text("utf-8"))
    return document


@pytest.fixture(scope="session")
def partner_fouten(partner_openapi: dict[str, Any]) -> Schema:
    """Give what is wrong with a message of the partner API, by its document."""
    return _schema(partner_openapi)
