"""The review sample over the API: drawn, judged by two people apart, and what it tells."""

from typing import Any

import pytest

from audit.entry import Soort
from broker.domain.ports import Gegeven
from tests.api.conftest import World
from tests.api.lezers import FG_NLA, FG_RIEC_2, POORT_NLA_2, add_people

PATH = "/steekproeven"
PERIOD = {"van": "2026-11-01", "tot": "2026-12-01"}
WHY = "De vraag past niet bij het doel van de zaak."
Vraag = dict[str, Any]


@pytest.fixture
async def asked(world: World, vraag: Vraag, boete: Gegeven) -> World:
    """Give a world in which the college asked the nla twice (granted) and the uwv (refused)."""
    await add_people(world)
    world.bronnen["nla"].gegevens = (boete,)
    for bron in ("nla", "uwv", "nla"):
        await world.ask({**vraag, "bronnen": [bron]})
    return world


async def drawn(world: World, omvang: int = 10, **changes: object) -> Vraag:
    """Draw a sample."""
    body = {"startwaarde": "week-47", "omvang": omvang, **PERIOD, **changes}
    answer = await world.call("POST", PATH, "fg-1", body)
    assert answer.status_code == 201, answer.text
    found: Vraag = answer.json()
    return found


async def units(world: World, steekproef: str, who: str = "fg-1") -> list[Vraag]:
    """Read what was drawn."""
    answer = await world.call("GET", f"{PATH}/{steekproef}/eenheden", who)
    assert answer.status_code == 200, answer.text
    found: list[Vraag] = answer.json()
    return found


async def judge(
    world: World, steekproef: str, nummer: int, who: str, oordeel: str = "rechtmatig"
) -> tuple[int, Vraag]:
    """Give a verdict; return the status and the answer."""
    body: Vraag = {"nummer": nummer, "oordeel": oordeel}
    if oordeel != "rechtmatig":
        body["toelichting"] = WHY
    answer = await world.call("POST", f"{PATH}/{steekproef}/oordelen", who, body)
    return answer.status_code, answer.json()


async def test_sample_goes_from_draw_to_estimate(asked: World) -> None:
    """Drawn over all strata, judged by two apart, a third where they differ, and then estimated."""
    made = await drawn(asked)
    every = await units(asked, made["id"])
    granted = [u["nummer"] for u in every if u["soort"] == "verstrekking"]
    (refused,) = [u["nummer"] for u in every if u["soort"] == "weigering"]
    first = await judge(asked, made["id"], refused, "fg-1")
    hidden = (await units(asked, made["id"], FG_RIEC_2))[refused - 1]
    await judge(asked, made["id"], refused, FG_RIEC_2)
    await judge(asked, made["id"], granted[0], "fg-1")
    split = await judge(asked, made["id"], granted[0], FG_RIEC_2, "onrechtmatig")
    to_decide = next(
        u for u in await units(asked, made["id"], POORT_NLA_2) if u["nummer"] == granted[0]
    )
    decided = await judge(asked, made["id"], granted[0], POORT_NLA_2, "onrechtmatig")
    late = await judge(asked, made["id"], granted[0], FG_NLA)
    told = (await asked.call("GET", f"{PATH}/{made['id']}", "fg-1")).json()

    assert [s["omvang"] for s in made["strata"]] == [1, 2]
    assert (first[0], first[1]["uitslag"], first[1]["aantal_oordelen"]) == (201, None, 1)
    assert (hidden["oordelen"], hidden["aantal_oordelen"]) == ([], 1)
    assert (split[1]["uitslag"], len(split[1]["oordelen"])) == (None, 2)
    assert [o["oordeel"] for o in to_decide["oordelen"]] == ["rechtmatig", "onrechtmatig"]
    assert (decided[0], decided[1]["uitslag"], late[0]) == (201, "onrechtmatig", 409)
    assert (told["totaal"]["getrokken"], told["totaal"]["beoordeeld"]) == (3, 2)
    by_source = {s["herkomst"]: s for s in told["strata"]}
    assert by_source["uwv"]["schatting"]["aandeel"] == 0
    assert by_source["nla"]["schatting"]["aandeel"] == 1
    assert told["totaal"]["schatting"]["aandeel"] == pytest.approx(2 / 3)
    assert told["totaal"]["schatting"]["dekking"] == 1
    assert 0 < told["totaal"]["schatting"]["laag"] < 2 / 3 < told["totaal"]["schatting"]["hoog"] < 1


async def test_same_seed_and_size_give_the_same_sample(asked: World, vraag: Vraag) -> None:
    """Drawn again later over the same lines, the very same questions come out."""
    first = await drawn(asked, 2)
    for _ in range(4):
        await asked.ask({**vraag, "bronnen": ["uwv"]})
    again = await drawn(asked, 2, grootte=first["grootte"])
    one, two = await units(asked, first["id"]), await units(asked, again["id"])

    assert [u["index"] for u in one] == [u["index"] for u in two]
    assert first["strata"] == again["strata"]
    listed = (await asked.call("GET", f"{PATH}?limiet=1", "fg-1")).json()
    assert [each["id"] for each in listed] == [again["id"]]


async def test_draw_and_verdict_each_have_a_line(asked: World) -> None:
    """The log holds what was drawn from what, and every verdict, before anything is shown."""
    made = await drawn(asked)
    await judge(asked, made["id"], 1, "fg-1", "onduidelijk")
    lines = [line.payload or {} for line in asked.services.log.entries(0, 200, Soort.WIJZIGING)]
    drawn_line, verdict = lines[-2:]

    assert (drawn_line["wat"], verdict["wat"]) == ("steekproef-getrokken", "steekproef-oordeel")
    assert drawn_line["startwaarde"] == "week-47"
    assert (drawn_line["grootte"], drawn_line["getrokken"]) == (made["grootte"], 3)
    assert verdict["oordeel"] == "onduidelijk"
    assert WHY not in str(verdict)


async def test_giver_of_a_consent_does_not_judge(asked: World) -> None:
    """Who agreed in the zaak is refused for its questions; a colleague of the source is not."""
    body = {"soort": "leverancier", "zaak": "hhk-zaandam-oost-2026"}
    agreed = await asked.call("POST", "/instemmingen", "pw-nla-1", body)
    made = await drawn(asked)
    (granted, *_) = [
        u["nummer"] for u in await units(asked, made["id"]) if u["soort"] == "verstrekking"
    ]
    giver = await judge(asked, made["id"], granted, "pw-nla-1")
    colleague = await judge(asked, made["id"], granted, POORT_NLA_2)

    assert agreed.status_code == 201, agreed.text
    assert (giver[0], colleague[0]) == (403, 201)
    assert "toestemming" in giver[1]["detail"]


async def test_partner_judges_what_concerns_it(asked: World) -> None:
    """A partner sees its own questions without the outcome, no numbers of others, no estimate."""
    made = await drawn(asked)
    every, own = await units(asked, made["id"]), await units(asked, made["id"], FG_NLA)
    (refused,) = [u["nummer"] for u in every if u["soort"] == "weigering"]
    foreign = await judge(asked, made["id"], refused, FG_NLA)
    estimate = await asked.call("GET", f"{PATH}/{made['id']}", FG_NLA)
    draw = await asked.call("POST", PATH, FG_NLA, {"startwaarde": "a", "omvang": 1, **PERIOD})

    assert [u["soort"] for u in own] == ["verstrekking", "verstrekking"]
    assert not any({"uitkomst", "gronden", "gebruiker"} & u["inhoud"].keys() for u in own)
    assert (foreign[0], estimate.status_code, draw.status_code) == (404, 403, 403)


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"omvang": 0, "startwaarde": ""}, ["/omvang", "/startwaarde"]),
        ({"van": "2026-12-01", "tot": "2026-11-01", "grootte": 10_000}, ["/grootte", "/tot"]),
        ({"startwaarde": "999993653"}, ["/startwaarde"]),
    ],
)
async def test_wrong_sample_is_told_at_once(world: World, body: Vraag, pointers: list[str]) -> None:
    """Each thing that is wrong is told with its place, and nothing is drawn."""
    asked = {"startwaarde": "week-47", "omvang": 5, **PERIOD, **body}
    answer = await world.call("POST", PATH, "fg-1", asked)

    assert answer.status_code == 400
    assert sorted(fout["pointer"] for fout in answer.json()["fouten"]) == pointers
    assert (await world.call("GET", PATH, "fg-1")).json() == []


async def test_verdict_against_needs_words(asked: World) -> None:
    """Onrechtmatig without a toelichting is refused; an unknown verdict and number too."""
    made = await drawn(asked)
    path = f"{PATH}/{made['id']}/oordelen"
    bare = await asked.call("POST", path, "fg-1", {"nummer": 1, "oordeel": "onrechtmatig"})
    odd = await asked.call("POST", path, "fg-1", {"nummer": 1, "oordeel": "prima"})
    beyond = await asked.call("POST", path, "fg-1", {"nummer": 99, "oordeel": "rechtmatig"})

    assert [fout["pointer"] for fout in bare.json()["fouten"]] == ["/toelichting"]
    assert [fout["pointer"] for fout in odd.json()["fouten"]] == ["/oordeel"]
    assert beyond.status_code == 404
