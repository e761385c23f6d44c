"""Every error is a problem document: complete, in Dutch, and without what was sent."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from broker.api.middleware import MAX_BODY
from tests.api.conftest import World

Vraag = dict[str, Any]
SECURITY = {
    "API-Version": "0.1.0",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def check(answer: httpx2.Response, status: int) -> dict[str, Any]:
    """Return the problem, after checking its shape."""
    body: dict[str, Any] = answer.json()
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert body["status"] == status
    assert set(body) - {"fouten"} == {"type", "title", "status", "detail", "instance"}
    assert body["instance"].startswith("req-")
    assert SECURITY.items() <= {k: answer.headers.get(k) for k in SECURITY}.items()
    return body


@pytest.mark.parametrize("path", ["/v1/verzoeken/", "/v1/niets", "/", "/v1/openapi.json/"])
async def test_unknown_path_is_404_without_redirect(world: World, path: str) -> None:
    """A path that does not exist, or ends in a slash, is 404 and leads nowhere else."""
    answer = await world.client.get(path, headers={"Authorization": "Bearer token-g-017"})

    assert "location" not in answer.headers
    assert check(answer, 404)["type"].endswith("/docs/problemen/niet-gevonden")


async def test_wrong_method_is_405_with_all_right_ones(world: World) -> None:
    """A method that a path does not know is 405, and Allow names every one that it does."""
    answer = await world.call("PUT", "/verzoeken")

    assert check(answer, 405)["title"] == "Deze methode kan hier niet"
    assert answer.headers["Allow"] == "GET, POST"


async def test_everything_wrong_is_told_at_once(world: World, vraag: Vraag) -> None:
    """All errors of a body are told in one answer, each with a pointer and a Dutch sentence."""
    wrong = {
        **vraag,
        "soort": "resultaatdeling",
        "vraagsteling": "typefout",
        "vraagstelling": "Gaat dit over 9999.93.653 of niet?",
        "betrokkene": {"bsn": "999993654"},
        "bronnen": ["nla", "nla"],
        "categorieen": [],
        "aantal_betrokkenen": 0,
        "kenmerk": "999993653",
        "zaak": "een zaak",
        "taak": 3,
    }

    body = check(await world.ask(wrong), 400)

    assert {f["pointer"]: f["melding"] for f in body["fouten"]} == {
        "/betrokkene/bsn": "Dit is geen geldig BSN (9 cijfers, elfproef).",
        "/bronnen": "In deze lijst staat iets twee keer.",
        "/zaak": "Deze tekst heeft niet de vorm die hier hoort.",
        "/taak": "Hier hoort tekst te staan.",
        "/soort": "Deze waarde mag hier niet. Kies uit: 'bevraging' of 'treffer-geen-treffer'.",
        "/vraagstelling": "Hier mag geen BSN staan.",
        "/categorieen": "Deze lijst mag niet leeg zijn.",
        "/aantal_betrokkenen": "Dit getal moet 1 of meer zijn.",
        "/kenmerk": "Hier mag geen BSN staan.",
        "/vraagsteling": "Dit onderdeel bestaat niet. Kijk of de naam goed is gespeld.",
    }
    assert "99999" not in str(body)


@pytest.mark.parametrize("wie", [{}, {"bsn": "999993653", "kvk_nummer": "90001354"}])
async def test_subject_is_one_number(world: World, vraag: Vraag, wie: dict[str, str]) -> None:
    """No number and two numbers are refused at the subject."""
    body = check(await world.ask({**vraag, "betrokkene": wie}), 400)

    assert body["fouten"] == [
        {
            "pointer": "/betrokkene",
            "melding": "Geef een BSN of een KVK-nummer, en niet allebei.",
        }
    ]


@pytest.mark.parametrize(
    ("text", "melding"),
    [
        (b'{"a": 1,\n "b" 2}', "Dit is geen geldige JSON (regel 2, kolom 6)."),
        (b'{"zaak": "a", "zaak": "b"}', "Het onderdeel 'zaak' staat er twee keer in."),
        (b'{"a": NaN}', "De waarde NaN mag niet in JSON."),
        (b"\xff\xfe", "Dit is geen tekst in UTF-8."),
        (b"[" * 100_000, "Dit is te diep genest."),
        (b"[1, 2]", "Hier hoort een onderdeel met eigen velden te staan."),
        (b"", "Dit onderdeel is verplicht en ontbreekt."),
    ],
)
async def test_unreadable_body_tells_where(world: World, text: bytes, melding: str) -> None:
    """A body that is no good JSON is refused with the reason and the place."""
    headers = {"Authorization": "Bearer token-g-017", "Content-Type": "application/json"}

    answer = await world.client.post("/v1/verzoeken", content=text, headers=headers)

    assert check(answer, 400)["fouten"] == [{"pointer": "", "melding": melding}]


async def test_form_is_no_json(world: World) -> None:
    """A body of another kind is refused with what to send instead."""
    headers = {"Authorization": "Bearer token-g-017"}

    answer = await world.client.post("/v1/verzoeken", data={"zaak": "x"}, headers=headers)

    assert "application/json" in check(answer, 400)["detail"]


async def test_nobody_learns_about_bodies_without_a_token(world: World) -> None:
    """Without a token a bad body is 401, not 400."""
    answer = await world.client.post("/v1/verzoeken", content=b"{")

    check(answer, 401)


async def test_too_large_is_413(world: World) -> None:
    """A body over 1 MiB is refused, whatever length it claims."""

    async def stream() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY // 65_536 + 1):
            yield b" " * 65_536

    headers = {"Authorization": "Bearer token-g-017", "Content-Type": "application/json"}

    answer = await world.client.post("/v1/verzoeken", content=stream(), headers=headers)

    check(answer, 413)


async def test_half_a_surrogate_breaks_nothing(world: World) -> None:
    """Text that is no Unicode is a 400, as a value and as the name of a member."""
    headers = {"Authorization": "Bearer token-g-017", "Content-Type": "application/json"}
    for text in (rb'{"\ud800": 1}', rb'{"zaak": "\udfff"}'):
        answer = await world.client.post("/v1/verzoeken", content=text, headers=headers)

        assert check(answer, 400)["fouten"]


async def test_wrong_query_is_told(world: World) -> None:
    """A wrong value in the query is refused with its name."""
    body = check(await world.call("GET", "/verzoeken?limiet=veel"), 400)

    assert body["fouten"] == [
        {"pointer": "/limiet", "melding": "Hier hoort een geheel getal te staan."}
    ]


async def test_unforeseen_error_says_and_logs_nothing_of_its_text(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody foresaw is a fixed sentence; its text is neither sent nor logged."""

    def broken() -> str:
        raise RuntimeError("geheim 999993653")

    monkeypatch.setattr(world.services.log, "checkpoint", broken)

    answer = await world.call("GET", "/logboek/controlepunt")

    body = check(answer, 500)
    assert body["title"] == "Er ging iets mis"
    assert "geheim" not in answer.text + world.logs()
    assert '"soort": "RuntimeError"' in world.logs()


async def test_good_answers_have_the_headers_too(world: World) -> None:
    """Every answer carries the version and the security headers; the description is for all."""
    answer = await world.client.get("/v1/openapi.json")
    other = await world.call("GET", "/verzoeken")

    for each in (answer, other):
        assert SECURITY.items() <= {k: each.headers.get(k) for k in SECURITY}.items()
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in other.headers


async def test_health_is_public(world: World) -> None:
    """Whether it lives and is ready is told without a token."""
    live, ready = await world.client.get("/livez"), await world.client.get("/readyz")

    assert (live.status_code, ready.status_code) == (200, 200)


async def test_one_line_per_request_with_the_route_only(world: World) -> None:
    """The log of operations names the template of the route, not what was filled in."""
    await world.call("GET", "/verzoeken/v-geheim")

    line = world.logs().splitlines()[-1]
    assert '"route": "/verzoeken/{id}"' in line
    assert '"status": 404' in line
    assert "v-geheim" not in line
    assert "token" not in line


@pytest.mark.parametrize(
    ("path", "pointers", "melding"),
    [
        ("/verzoeken?cursr=x&limiet=5&limiet=9", ["/cursr", "/limiet"], "Kies uit: "),
        ("/verzoeken/v-1?~a/b=1&c=2&c=3", ["/~0a~1b", "/c"], "Dit adres kent geen parameters."),
        ("/instemmingen/openstaand?zaak=hhk-1", ["/zaak"], "Dit adres kent geen parameters."),
    ],
)
async def test_unknown_parameter_is_no_filter(
    world: World, path: str, pointers: list[str], melding: str
) -> None:
    """A parameter that is misspelt, or stands twice, is told; to pass it by would show too much."""
    body = check(await world.call("GET", path), 400)

    assert [fout["pointer"] for fout in body["fouten"]] == pointers
    assert melding in body["fouten"][0]["melding"]
