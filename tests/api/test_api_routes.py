"""Closed by default: every route needs a context, and every functie gets only its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import Mount

from broker.api.application import PUBLIC
from broker.api.context import May, hash_token
from broker.api.rollen import Actie, Rollen
from broker.app import create_app
from broker.decision.register import default_root
from broker.services.caller import Functie
from broker.settings import Settings
from tests.api.conftest import World

INZAGE: Final = "/inzageverzoeken"
STEEKPROEVEN: Final = "/steekproeven"
ZAAK: Final = (
    ("get", ""),
    ("post", ""),
    ("get", "/{id}"),
    ("post", "/{id}/vaststelling"),
    ("post", "/{id}/beeindiging"),
    ("post", "/{id}/verlengingen"),
    ("post", "/{id}/fasebesluiten"),
    ("get", "/{id}/deelnemers"),
    ("post", "/{id}/deelnemers"),
    ("post", "/{id}/deelnemers/beeindiging"),
)
"""What can be done with a zaak, under both of its addresses."""
ANALIST, POORT, ACCOUNT, PRIVACY, BEHEER = (
    "analist",
    "poortwachter",
    "accountmanager",
    "fg",
    "beheer",
)

PEOPLE: Final = {
    ANALIST: "g-017",
    POORT: "ovj-4",
    ACCOUNT: "am-riec-1",
    PRIVACY: "fg-1",
    BEHEER: "beheer-1",
}
ALL: Final = frozenset(PEOPLE)
EXPECTED: Final[dict[tuple[str, str], frozenset[str]]] = {
    ("post", "/verzoeken"): frozenset({ANALIST}),
    ("get", "/verzoeken"): frozenset({ANALIST, PRIVACY}),
    ("get", "/verzoeken/{id}"): frozenset({ANALIST, PRIVACY}),
    ("get", "/verzoeken/{id}/besluiten"): frozenset({ANALIST, PRIVACY}),
    ("post", "/toetsingen"): frozenset({ANALIST, ACCOUNT, PRIVACY}),
    ("post", "/effectberekeningen"): frozenset({ACCOUNT, PRIVACY}),
    ("get", "/vuistregels"): ALL,
    **{
        (method, f"{base}{path}"): ALL - {BEHEER} if method == "get" else frozenset({ACCOUNT})
        for base in ("/handhavingsknelpunten", "/zaken")
        for method, path in ZAAK
    },
    ("get", "/persoonskaarten"): frozenset({ANALIST, ACCOUNT, PRIVACY}),
    ("post", "/persoonskaarten"): frozenset({ACCOUNT}),
    ("post", "/persoonskaarten/{id}/feiten"): frozenset({ACCOUNT}),
    ("post", "/persoonskaarten/{id}/beeindiging"): frozenset({ACCOUNT}),
    ("get", "/signalen"): ALL - {BEHEER},
    ("post", "/signalen"): frozenset({ANALIST, POORT, ACCOUNT}),
    ("post", "/signalen/{id}/weging"): frozenset({ACCOUNT}),
    ("get", "/instemmingen"): frozenset({POORT, ACCOUNT, PRIVACY}),
    ("post", "/instemmingen"): frozenset({POORT, ACCOUNT}),
    ("get", "/instemmingen/openstaand"): frozenset({POORT, ACCOUNT, PRIVACY}),
    ("post", "/instemmingen/{id}/intrekking"): frozenset({POORT, ACCOUNT}),
    ("get", "/regelversies"): frozenset({PRIVACY, BEHEER}),
    ("post", "/regelversies"): frozenset({BEHEER}),
    ("get", "/regelversies/{id}"): frozenset({PRIVACY, BEHEER}),
    ("post", "/regelversies/{id}/beproeving"): frozenset({PRIVACY}),
    ("post", "/regelversies/{id}/goedkeuring"): frozenset({PRIVACY, BEHEER}),
    ("post", "/regelversies/{id}/afwijzing"): frozenset({PRIVACY, BEHEER}),
    ("post", "/regelversies/{id}/intrekking"): frozenset({BEHEER}),
    ("post", "/regelversies/{id}/inwerkingtreding"): frozenset({BEHEER}),
    ("get", "/beslislogboek"): frozenset({PRIVACY}),
    ("get", "/logboek/inschrijvingen"): frozenset({PRIVACY}),
    ("get", "/logboek/inschrijvingen/{index}"): frozenset({PRIVACY}),
    ("post", "/logboek/zoekvragen"): frozenset({PRIVACY}),
    ("post", "/logboek/vernietigingen"): frozenset({PRIVACY}),
    ("get", "/logboek/controlepunt"): ALL,
    ("get", "/logboek/bewijzen/{index}"): frozenset({PRIVACY, BEHEER}),
    ("get", "/logboek/consistentie"): ALL,
    ("get", INZAGE): frozenset({PRIVACY}),
    ("post", INZAGE): frozenset({PRIVACY}),
    ("get", f"{INZAGE}/{{id}}"): frozenset({PRIVACY}),
    ("get", f"{INZAGE}/{{id}}/handelingen"): frozenset({PRIVACY, POORT}),
    ("get", f"{INZAGE}/{{id}}/verantwoording"): frozenset({PRIVACY}),
    ("post", f"{INZAGE}/{{id}}/uitstellen"): frozenset({PRIVACY, POORT}),
    ("post", f"{INZAGE}/{{id}}/uitstellen/{{uitstel}}/besluit"): frozenset({PRIVACY, POORT}),
    ("post", f"{INZAGE}/{{id}}/uitstellen/{{uitstel}}/vrijgave"): frozenset({PRIVACY, POORT}),
    ("post", f"{INZAGE}/{{id}}/afschriften"): frozenset({PRIVACY}),
    ("get", f"{INZAGE}/{{id}}/afschriften/{{nummer}}"): frozenset({PRIVACY}),
    ("get", f"{INZAGE}/{{id}}/afschriften/{{nummer}}/pagina"): frozenset({PRIVACY}),
    ("get", STEEKPROEVEN): frozenset({PRIVACY, POORT}),
    ("post", STEEKPROEVEN): frozenset({PRIVACY}),
    ("get", f"{STEEKPROEVEN}/{{id}}"): frozenset({PRIVACY}),
    ("get", f"{STEEKPROEVEN}/{{id}}/eenheden"): frozenset({PRIVACY, POORT}),
    ("post", f"{STEEKPROEVEN}/{{id}}/oordelen"): frozenset({PRIVACY, POORT}),
    ("post", "/uitvoer/bundels"): frozenset({PRIVACY}),
    ("post", "/uitvoer/ldv"): frozenset({PRIVACY}),
    ("post", "/uitvoer/fsc"): frozenset({PRIVACY}),
    ("post", "/uitvoer/tabellen"): frozenset({PRIVACY}),
    ("post", "/uitvoer/jaarcijfers"): frozenset({ACCOUNT, PRIVACY}),
    ("post", "/uitvoer/woo-voorstellen"): frozenset({PRIVACY}),
    ("post", "/uitvoer/woo"): frozenset({PRIVACY}),
}


BESIDE_V1: Final = 6
"""The paths of the decision point of AuthZEN, and that of LDV: each has an app of its own."""


def routes(found: list[Any]) -> Iterator[Any]:
    """Walk all routes, also those of included routers."""
    for route in found:
        inner = getattr(route, "original_router", None)
        if isinstance(route, Mount):
            yield from routes(route.routes)
            continue
        if inner is None:
            yield route
        else:
            yield from routes(inner.routes)


def dependencies(dependant: Dependant) -> Iterator[Any]:
    """Walk all that a route depends on."""
    for each in dependant.dependencies:
        yield each.call
        yield from dependencies(each)


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    """Give the app, not started."""
    return create_app(Settings(data=tmp_path))


def test_every_route_asks_for_a_context(app: FastAPI) -> None:
    """A route without an authorised context exists only in the short list of public paths."""
    found = list(routes(app.routes))

    bare = {
        route.path
        for route in found
        if not isinstance(route, APIRoute)
        or not any(isinstance(call, May) for call in dependencies(route.dependant))
    }

    assert len(found) == len(EXPECTED) + len(PUBLIC) + BESIDE_V1
    assert bare == PUBLIC


def test_every_function_has_a_route_and_a_functie(app: FastAPI) -> None:
    """No function of Sluis is without a route, or open to nobody."""
    calls = [c for r in routes(app.routes) for c in dependencies(r.dependant)]
    used = {call.actie for call in calls if isinstance(call, May)}
    rollen = Rollen(default_root())

    assert used == set(Actie)
    assert all(any(rollen.bereik(f, actie) for f in Functie) for actie in Actie)


def test_unknown_function_is_refused() -> None:
    """What is not in the policy is refused: the beheerder puts no question."""
    assert Rollen(default_root()).bereik(Functie.BEHEERDER, Actie.VERZOEK_INDIENEN) is None


def test_refusal_of_casbin_is_no_line_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    """Also after the server set up logging, which turns loggers on that were turned off."""
    rollen = Rollen(default_root())
    uvicorn.Config(FastAPI(), log_level="warning")

    assert rollen.bereik(Functie.BEHEERDER, Actie.VERZOEK_INDIENEN) is None
    assert not caplog.records


async def test_every_functie_gets_only_its_own(world: World) -> None:
    """On each route anonymous gets 401, a wrong functie 403, and a right one neither."""
    document = (await world.client.get("/v1/openapi.json")).json()
    told = {(method, path) for path, ops in document["paths"].items() for method in ops}
    assert told == set(EXPECTED)

    wrong = []
    for (method, template), let_in in EXPECTED.items():
        path = template.replace("{id}", "niets").replace("{index}", "999999")
        path = path.replace("{uitstel}", "niets").replace("{nummer}", "9999")
        body = None if method == "get" else {"onzin": 1}
        anonymous = await world.call(method, path, None, body)
        stranger = await world.call(method, path, "iemand-anders", body)
        if (anonymous.status_code, stranger.status_code) != (401, 401):
            wrong.append((method, path, "anoniem", anonymous.status_code))
        for functie, who in PEOPLE.items():
            status = (await world.call(method, path, who, body)).status_code
            if (status == 403) == (functie in let_in) or status in (401, 500, 503):
                wrong.append((method, path, functie, status))

    assert wrong == []


async def test_token_that_ended_or_was_taken_back_is_refused(world: World) -> None:
    """A token stops working at once when it is taken back, and at its end."""
    path = "/logboek/controlepunt"
    before = await world.call("GET", path)
    async with world.services.store.begin() as tx:
        await tx.toegang.withdraw(hash_token("token-g-017"), op=world.clock.now())
    taken_back = await world.call("GET", path)
    other = await world.call("GET", path, "n-008")
    world.clock.moment = world.clock.moment.replace(year=2028)
    ended = await world.call("GET", path, "n-008")

    assert [r.status_code for r in (before, taken_back, other, ended)] == [200, 401, 200, 401]
    assert ended.headers["WWW-Authenticate"] == "Bearer"


async def test_malformed_credentials_are_refused(world: World) -> None:
    """Another scheme, or no token behind the scheme, is no credential."""
    for value in ("Basic token-g-017", "Bearer", "token-g-017", "Bearer "):
        answer = await world.client.get("/v1/verzoeken", headers={"Authorization": value})

        assert answer.status_code == 401
