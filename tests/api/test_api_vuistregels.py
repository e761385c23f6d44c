"""The rules of thumb, and the explanation of a besluit, as they leave the API."""

import re
from typing import Any

from tests.api.conftest import World


async def test_the_api_gives_the_table_and_a_page(world: World) -> None:
    """The same rows leave as JSON, and as a page for a browser, to whoever has a functie."""
    rows = (await world.call("GET", "/vuistregels?deelnemer=nvwa&fase=1")).json()

    assert {row["vrager"] for row in rows} == {"nvwa"}
    assert all((row["vanaf_fase"] or 1) == 1 for row in rows)
    headers = {"Authorization": "Bearer token-g-017", "Accept": "text/html"}
    page = await world.client.get("/v1/vuistregels?deelnemer=nvwa", headers=headers)
    assert page.headers["content-type"].startswith("text/html")
    assert "<caption>nvwa</caption>" in page.text
    assert re.search(r"Deze tabellen gelden op \d\d-\d\d-\d{4}\.", page.text)
    assert (await world.call("GET", "/vuistregels", who=None)).status_code == 401


async def test_a_moment_that_is_none_is_told(world: World) -> None:
    """A moment without offset is refused with a pointer to it."""
    answer = await world.call("GET", "/vuistregels?moment=2026-11-20T12:00:00")

    assert answer.status_code == 400
    assert "moment" in answer.text


async def test_a_besluit_is_explained_when_asked(world: World, vraag: dict[str, Any]) -> None:
    """Who put a verzoek reads why it was refused, with the fact, when he asks for it."""
    made = (await world.ask({**vraag, "categorieen": ["fiscaal"]})).json()
    path = f"/verzoeken/{made['id']}/besluiten"

    [plain] = (await world.call("GET", path)).json()
    [explained] = (await world.call("GET", f"{path}?uitleg=true")).json()

    assert plain["uitleg"] is None
    codes = {b["code"] for b in explained["uitleg"]["bevindingen"]}
    assert codes == {g["code"] for g in explained["besluit"]["weigeringsgronden"]}
    assert all(b["gevonden"] for b in explained["uitleg"]["bevindingen"])
