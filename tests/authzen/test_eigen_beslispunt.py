"""Sluis as a decision point: a question of AuthZEN is decided as the doors would."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from broker.api.context import hash_token
from broker.domain.ports import Gegeven, Identiteit
from tests.api.conftest import NOW, World, running

Bericht = dict[str, Any]
ZAAK = "hhk-zaandam-oost-2026"
ASKED: Bericht = {
    "grondslag": "wgs-riec",
    "taak": "huisvestingswet",
    "activiteit": "hhk",
    "doel": ["bestuurlijk"],
    "verschijnsel": "mensenhandel",
    "vraagstelling": "Is betrokkene bekend als werkgever in de glazenwassersbranche?",
    "categorieen": ["identificatie", "toezicht-handhaving"],
    "aantal_betrokkenen": 1,
}
BSN = "999993653"
OUTSIDE = "999992971"
ITEM = Gegeven(
    id="nla-1",
    categorie="toezicht-handhaving",
    herkomst="nla",
    herkomst_deelnemer="nla",
    status="beschikbaar",
    eerste_verwerking_op="2026-05-01",
    inhoud={"soort": "boete"},
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Start the app with the demo data, and a program of one of its partners."""
    async with running(tmp_path) as found:
        async with found.services.store.begin() as tx:
            await tx.gebruikers.insert(
                {
                    "id": "app-zaanstad",
                    "organisatie": "zaanstad-college",
                    "deelnemer": None,
                    "functie": "toepassing",
                }
            )
            await tx.toegang.issue(
                hash_token("token-app-zaanstad"),
                gebruiker="app-zaanstad",
                op=NOW,
                geldig_tot=NOW.replace(year=2027),
            )
        yield found


def sleutel(world: World, bsn: str = BSN) -> str:
    """Return the pseudonym of a test person."""
    return world.services.pseudoniem.sleutel(Identiteit(bsn=bsn))


def question(world: World, **changes: Any) -> Bericht:  # noqa: ANN401
    """Return a question that is allowed, with these changes."""
    asked = {**ASKED, **changes.pop("properties", {})}
    return {
        "subject": {"type": "gebruiker", "id": "g-017"},
        "action": {"name": "bevraging", "properties": asked},
        "resource": {
            "type": "betrokkene",
            "id": sleutel(world),
            "properties": {"zaak": ZAAK, "bron": "nla"},
        },
        **changes,
    }


async def call(
    world: World, path: str, body: Bericht, who: str | None = "g-017"
) -> httpx2.Response:
    """Call the decision point as somebody."""
    headers = {"Authorization": f"Bearer token-{who}"} if who else {}
    return await world.client.post(f"/access/v1/{path}", json=body, headers=headers)


async def decided(world: World, body: Bericht, who: str = "g-017") -> Bericht:
    """Return the answer to one question, which must be well answered."""
    answer = await call(world, "evaluation", body, who)
    assert answer.status_code == 200, answer.text
    found: Bericht = answer.json()
    return found


async def test_permit_binds_to_what_was_granted(world: World) -> None:
    """A permit carries every obligation of the besluit, and a filter on what it grants."""
    answer = await decided(world, question(world))

    obligations = {each["id"]: each for each in answer["context"]["obligations"]}
    assert answer["decision"] is True
    assert {"geheimhouding", "geen-doorverstrekking", "filter"} <= obligations.keys()
    assert obligations["filter"]["properties"] == {"filter": {"categorieen": ASKED["categorieen"]}}
    assert {each["type"] for each in obligations.values()} == {"custom", "filter"}


async def test_it_is_the_besluit_of_door_one(world: World) -> None:
    """For a subject inside and one outside the zaak the answer is that of a verzoek."""
    for bsn in (BSN, OUTSIDE):
        resource = {
            "type": "betrokkene",
            "id": sleutel(world, bsn),
            "properties": {"zaak": ZAAK, "bron": "nla"},
        }
        answer = await decided(world, question(world, resource=resource))
        asked = {**ASKED, "soort": "bevraging", "zaak": ZAAK, "bronnen": ["nla"]}
        verzoek = await world.ask({**asked, "betrokkene": {"bsn": bsn}})
        besluiten = await world.call("GET", f"/verzoeken/{verzoek.json()['id']}/besluiten")
        besluit = besluiten.json()[0]["besluit"]

        assert answer["context"]["uitkomst"] == besluit["uitkomst"]
        assert answer["context"]["categorieen"] == besluit["categorieen"]
        assert [r["code"] for r in answer["context"].get("reasons", [])] == [
            grond["code"] for grond in besluit["weigeringsgronden"]
        ]


async def test_denial_tells_its_grounds(world: World) -> None:
    """A denial has, for each ground, its article, what failed and what mends it; no obligations."""
    answer = await decided(world, question(world, properties={"doel": None, "taak": "brp-x"}))

    reasons = {each["code"]: each for each in answer["context"]["reasons"]}
    assert answer["decision"] is False
    assert {"doel-ontbreekt", "taak-niet-van-deelnemer"} <= reasons.keys()
    assert all(r["wet"] and r["artikel"] and r["uitleg"] and r["herstel"] for r in reasons.values())
    assert answer["context"]["reason"] == answer["context"]["reasons"][0]["uitleg"]
    assert "obligations" not in answer["context"]


async def test_partly_granted_is_no_permit(world: World) -> None:
    """When one category is refused it is a denial that tells which ones would be granted."""
    asked = {"categorieen": ["identificatie", "fiscaal"]}
    answer = await decided(world, question(world, properties=asked))

    assert answer["decision"] is False
    assert answer["context"]["uitkomst"] == "deels"
    assert [c["id"] for c in answer["context"]["categorieen"] if c["uitkomst"] == "toegewezen"] == [
        "identificatie"
    ]


async def test_curable_denial_tells_what_is_needed(world: World) -> None:
    """What only waits for a yes names whose yes it is."""
    resource = {**question(world)["resource"], "properties": {"zaak": ZAAK, "bron": "politie-nh"}}
    asked = {"categorieen": ["politiegegevens-8-13"]}
    answer = await decided(world, question(world, resource=resource, properties=asked))

    assert answer["decision"] is False
    codes = {each["code"] for each in answer["context"]["reasons"]}
    needed = answer["context"].get("vereiste_instemmingen", [])
    assert ("bevoegd-gezag-ontbreekt" in codes) == bool(needed)
    assert codes


async def test_unable_pep_gets_a_denial(world: World) -> None:
    """Who says that it cannot carry out an obligation gets no permit that needs it."""
    unable = question(world, context={"supported_obligations": ["custom"]})
    able = question(world, context={"supported_obligations": ["filter", "custom", "step-up"]})

    assert (await decided(world, unable))["decision"] is False
    assert (await decided(world, able))["decision"] is True


async def test_persoonskaart_stands_for_its_subject(world: World) -> None:
    """A persoonskaart counts in its own zaak, and nowhere else."""
    kaarten = await world.call("GET", f"/persoonskaarten?zaak={ZAAK}", "am-riec-1")
    kaart = next(k["id"] for k in kaarten.json() if k["sleutel"] == sleutel(world))
    here = {"type": "betrokkene", "id": kaart, "properties": {"zaak": ZAAK, "bron": "nla"}}
    other = {**here, "properties": {"zaak": "hhk-elders", "bron": "nla"}}
    nobody = {**here, "id": "pk-bestaat-niet"}

    assert (await decided(world, question(world, resource=here)))["decision"] is True
    assert (await decided(world, question(world, resource=other)))["decision"] is False
    assert (await decided(world, question(world, resource=nobody)))["decision"] is False


async def test_a_source_may_be_the_resource(world: World) -> None:
    """A question about a bron, with the betrokkene beside it, is the same question."""
    resource = {
        "type": "bron",
        "id": "nla",
        "properties": {"zaak": ZAAK, "betrokkene": sleutel(world)},
    }

    assert (await decided(world, question(world, resource=resource)))["decision"] is True


async def test_facts_of_the_caller_count_for_nothing(world: World) -> None:
    """Roles, moments and memberships that a caller claims change nothing."""
    subject = {
        "type": "gebruiker",
        "id": "g-041",
        "properties": {"opgeleid_op": "2026-01-01", "rol": "verwerker"},
    }
    claims = {"instemmingen": [{"soort": "bevoegd-gezag"}], "zaak": {"status": "vastgesteld"}}
    message = question(world, subject=subject, properties=claims)
    told = await decided(world, message, "app-zaanstad")
    earlier = question(world, context={"time": "2019-01-01T00:00:00Z", "moment": "2019-01-01"})

    assert "opleiding-ontbreekt" in {each["code"] for each in told["context"]["reasons"]}
    assert (await decided(world, earlier))["decision"] is True


async def test_only_for_oneself(world: World) -> None:
    """An analist asks for itself; a toepassing for its own organisatie; for others nobody."""
    colleague = question(world, subject={"type": "gebruiker", "id": "g-041"})
    stranger = question(world, subject={"type": "gebruiker", "id": "p-011"})
    nobody = question(world, subject={"type": "gebruiker", "id": "bestaat-niet"})
    own = await decided(world, question(world), "app-zaanstad")

    hidden = [
        await decided(world, colleague, "g-017"),
        await decided(world, stranger, "g-017"),
        await decided(world, nobody, "g-017"),
        await decided(world, stranger, "app-zaanstad"),
        await decided(world, nobody, "app-zaanstad"),
    ]
    assert own["decision"] is True
    assert "reasons" in (await decided(world, colleague, "app-zaanstad"))["context"]
    assert hidden == [hidden[0]] * 5
    assert hidden[0]["decision"] is False


async def test_outsider_learns_nothing_of_the_subject(world: World) -> None:
    """Who does no work in the zaak gets the same answer for a subject of it and for nobody."""
    me = {"type": "gebruiker", "id": "bd-005"}
    known = question(world, subject=me, properties={"taak": "awr"})
    other = {**known, "resource": {**known["resource"], "id": sleutel(world, OUTSIDE)}}
    search = {**known, "resource": {"type": "betrokkene", "properties": {"zaak": ZAAK}}}

    first, second = await decided(world, known, "bd-005"), await decided(world, other, "bd-005")
    found = (await call(world, "search/resource", search, "bd-005")).json()

    assert "vrager-agendalid" in {each["code"] for each in first["context"]["reasons"]}
    assert first == second
    assert found == {"page": {"next_token": "", "count": 0}, "results": []}


@pytest.mark.parametrize(
    "place",
    [
        {"resource": {"type": "betrokkene", "id": BSN}},
        {"resource": {"type": "betrokkene", "id": "p-1", "properties": {"zaak": BSN}}},
        {"properties": {"vraagstelling": f"Werkt 9999.93.653 daar? {'x' * 20}"}},
        {"subject": {"type": "gebruiker", "id": BSN}},
        {"context": {"time": BSN}},
    ],
)
async def test_bsn_is_refused_everywhere(world: World, place: Bericht) -> None:
    """A BSN is a 400 without being repeated, and leaves no record."""
    answer = await call(world, "evaluation", question(world, **place))
    records = await world.call("GET", "/beslislogboek", "fg-1")

    assert answer.status_code == 400
    assert "Hier mag geen BSN staan." in answer.text
    assert "999" not in answer.text
    assert records.json() == []


async def test_unread_members_are_not_recorded(world: World) -> None:
    """What Sluis does not read of a message stands in no record."""
    message = question(world, context={"ip": "10.0.0.7", "notitie": "Jan Jansen"})
    message["subject"]["properties"] = {"naam": "Jan Jansen"}
    await decided(world, message)
    records = (await world.call("GET", "/beslislogboek", "fg-1")).text

    assert "Jansen" not in records
    assert "10.0.0.7" not in records
    assert "Jansen" not in world.logs()


@pytest.mark.parametrize("name", ["jan@voorbeeld.nl", "https://voorbeeld.nl/1", "é", "x" * 300])
async def test_what_can_be_no_name_is_unknown(world: World, name: str) -> None:
    """An id of another world is denied and not found, and is not recorded."""
    subject = {"type": "gebruiker", "id": name}
    resource = {"type": "betrokkene", "id": name, "properties": {"zaak": name, "bron": name}}
    denied = [
        await decided(world, question(world, subject=subject)),
        await decided(world, question(world, resource=resource)),
        await decided(world, question(world, subject={"type": name, "id": "g-017"})),
        await decided(world, question(world, action={"name": name})),
    ]
    sought = {**question(world), "resource": {"type": "betrokkene", "properties": {"zaak": name}}}
    found = await call(world, "search/resource", sought)
    records = (await world.call("GET", "/beslislogboek", "fg-1")).text

    assert [answer["decision"] for answer in denied] == [False] * 4
    assert found.json()["results"] == []
    assert name not in records


@pytest.mark.parametrize("path", ["evaluation", "evaluations", "search/subject"])
async def test_deep_message_is_refused(world: World, path: str) -> None:
    """A message that is nested deeper than anybody can mean is a 400, wherever it is deep."""
    deep: Bericht = {}
    for _ in range(300):
        deep = {"a": [deep]}
    asked = {**ASKED, "ontvanger": deep}
    answers = [
        await call(world, path, question(world, context=deep)),
        await call(world, path, question(world, action={"name": "bevraging", "properties": asked})),
    ]

    assert [answer.status_code for answer in answers] == [400, 400]


@pytest.mark.parametrize("who", ["ovj-4", "fg-1", "beheer-1", "am-riec-1"])
async def test_others_may_not_call(world: World, who: str) -> None:
    """Only who asks questions may call the decision point; nobody without a token."""
    paths = [
        "evaluation",
        "evaluations",
        *(f"search/{k}" for k in ("subject", "resource", "action")),
    ]
    statuses = [
        ((await call(world, path, {}, who)).status_code, (await call(world, path, {}, None)))
        for path in paths
    ]

    assert [status for status, _ in statuses] == [403] * 5
    assert [answer.status_code for _, answer in statuses] == [401] * 5
    assert statuses[0][1].headers["WWW-Authenticate"] == "Bearer"
    assert statuses[0][1].headers["Content-Type"].startswith("text/plain")


async def test_body_has_a_limit(world: World) -> None:
    """A message of more than a mebibyte is a 413."""
    answer = await call(world, "evaluation", question(world, context={"x": "y" * 2**20}))

    assert answer.status_code == 413


async def test_search_for_actions_is_exact(world: World) -> None:
    """What a search for actions finds is permitted one by one, and what it leaves out is not."""
    body = {
        "subject": {"type": "gebruiker", "id": "g-017"},
        "resource": question(world)["resource"],
        "context": {"vraag": {n: v for n, v in ASKED.items() if n != "categorieen"}},
    }
    found, page = [], {"limit": 10}
    while True:
        answer = (await call(world, "search/action", {**body, "page": page})).json()
        found += answer["results"]
        if not (token := answer["page"]["next_token"]):
            break
        page = {"token": token}
    named = {(each["name"], *each["properties"]["categorieen"]) for each in found}
    allowed = set()
    for name in ("bevraging", "treffer-geen-treffer"):
        for categorie in ("identificatie", "toezicht-handhaving", "fiscaal", "justitieel"):
            asked = {**ASKED, "categorieen": [categorie]}
            message = question(world, action={"name": name, "properties": asked})
            if (await decided(world, message))["decision"]:
                allowed.add((name, categorie))

    assert allowed == {
        pair
        for pair in named
        if pair[1] in {"identificatie", "toezicht-handhaving", "fiscaal", "justitieel"}
    }
    assert ("bevraging", "identificatie") in named
    assert ("bevraging", "fiscaal") not in named
    assert all(each["obligations"] for each in found)


async def test_search_for_sources_is_exact(world: World) -> None:
    """The sources found are those whose question is permitted."""
    resource = {"type": "bron", "properties": {"zaak": ZAAK, "betrokkene": sleutel(world)}}
    message = question(world, resource=resource)
    answer = (await call(world, "search/resource", message)).json()
    found = {each["id"] for each in answer["results"]}

    organisaties = await world.services.keeper.read(lambda tx: tx.organisaties.list())
    allowed = set()
    for each in organisaties:
        one = question(world, resource={**resource, "id": each["id"]})
        if (await decided(world, one))["decision"]:
            allowed.add(each["id"])
    assert found == allowed
    assert "nla" in found


async def test_search_for_subjects_of_the_zaak(world: World) -> None:
    """Who works in the zaak finds whom of it the question may be about."""
    resource = {"type": "betrokkene", "properties": {"zaak": ZAAK, "bron": "nla"}}
    answer = (await call(world, "search/resource", question(world, resource=resource))).json()

    found = {each["id"] for each in answer["results"]}
    assert sleutel(world) in found
    assert sleutel(world, OUTSIDE) not in found


async def test_search_for_gebruikers(world: World) -> None:
    """A toepassing finds who of its organisatie may ask; an analist finds only itself."""
    message = question(world, subject={"type": "gebruiker"})
    own = (await call(world, "search/subject", message, "g-017")).json()["results"]
    all_own = (await call(world, "search/subject", message, "app-zaanstad")).json()["results"]

    assert [each["id"] for each in own] == ["g-017"]
    assert [each["id"] for each in all_own] == ["g-017"]


async def test_result_goes_on_only_as_it_was_received(world: World) -> None:
    """Sharing a result is decided on the items that door 2 let through, and on nothing else."""
    world.bronnen["nla"].gegevens = (ITEM,)
    asked = {**ASKED, "soort": "bevraging", "zaak": ZAAK, "bronnen": ["nla"]}
    verzoek = (await world.ask({**asked, "betrokkene": {"bsn": BSN}})).json()
    to = {"organisatie": "nla", "soort": "deelnemer"}
    share = {**ASKED, "verzoek": verzoek["id"], "ontvanger": to}
    message = question(world, action={"name": "resultaatdeling", "properties": share})
    none = question(
        world, action={"name": "resultaatdeling", "properties": {**share, "verzoek": "v-geen"}}
    )
    answer, without = await decided(world, message), await decided(world, none)
    record = (await world.call("GET", "/beslislogboek?limiet=200", "fg-1")).json()[-2]

    items = record["body"]["adl.core.information"][0]["gegevens"]
    assert [item["id"] for item in items] == ["nla-1"]
    assert answer["decision"] is False
    assert {r["code"] for r in answer["context"]["reasons"]} == {"bezwaar-deelnemer"}
    assert without["decision"] is False
    assert "uitkomst" not in without["context"]
