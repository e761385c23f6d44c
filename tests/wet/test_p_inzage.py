"""What a subject may know: to whom something went in four years, and who may let it wait."""

from typing import Any

from broker.domain.ports import Gegeven
from tests.api.conftest import World
from tests.api.lezers import add_people

BSN = "999993653"
REDEN = "Het onderzoek loopt nog, en mag niet bekend worden."
Vraag = dict[str, Any]


async def post(world: World, path: str, who: str, body: object) -> Any:  # noqa: ANN401 - any JSON
    """Call below the requests."""
    answer = await world.call("POST", f"/inzageverzoeken{path}", who, body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_p35_subject_hears_to_whom_something_went(
    world: World, vraag: Vraag, boete: Gegeven
) -> None:
    """Each disclosure names the source, the receiver and the categories (Wpg 25)."""
    world.bronnen["nla"].gegevens = (boete,)
    await world.ask(vraag)
    verzoek = await post(world, "", "fg-1", {"betrokkene": {"bsn": BSN}})
    copy = await post(world, f"/{verzoek['id']}/afschriften", "fg-1", {})
    (regel,) = copy["afschrift"]["regels"]
    told = {deel["kop"]: deel["tekst"] for deel in regel["delen"]}

    assert verzoek["van"].startswith("2022-11-20")
    assert told["Van en aan"] == (
        "van Nederlandse Arbeidsinspectie aan College van burgemeester en wethouders van Zaanstad"
    )
    assert told["Gegeven"] == "toezicht en handhaving"


async def test_w37_p36_each_deelnemer_is_heard_and_two_decide(
    world: World, vraag: Vraag, boete: Gegeven
) -> None:
    """A deelnemer may invoke an exception, which holds once another grants it (BGS 1.2)."""
    await add_people(world)
    world.bronnen["nla"].gegevens = (boete,)
    await world.ask(vraag)
    verzoek = (await post(world, "", "fg-1", {"betrokkene": {"bsn": BSN}}))["id"]
    handelingen = await world.call("GET", f"/inzageverzoeken/{verzoek}/handelingen", "pw-nla-1")
    body = {"handeling": handelingen.json()[0]["kenmerk"], "grond": "uavg-41-1-d", "reden": REDEN}
    uitstel = await post(world, f"/{verzoek}/uitstellen", "pw-nla-1", body)
    step = f"/inzageverzoeken/{verzoek}/uitstellen/{uitstel['id']}/besluit"
    alone = await world.call("POST", step, "pw-nla-1", {"besluit": "verleend"})
    second = await world.call("POST", step, "fg-1", {"besluit": "verleend"})
    copy = await post(world, f"/{verzoek}/afschriften", "fg-1", {})

    assert (alone.status_code, second.status_code) == (409, 201)
    assert copy["afschrift"]["regels"] == []
