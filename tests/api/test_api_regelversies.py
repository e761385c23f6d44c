"""Versions of the rules over the API: each step, by whom it belongs to; and what is refused."""

import base64
from typing import Any

import pytest

from audit.entry import Soort
from broker.api.context import hash_token
from broker.decision.regelset import Regelset
from broker.decision.register import default_root
from broker.errors import DecisionError
from broker.services.caller import Functie
from tests.api.conftest import NOW, World

PATH = "/regelversies"
REDEN = "De wet is veranderd per 1 januari."
ADVIES = {"advies": {"kenmerk": "RAC-2026-7", "datum": "2026-11-01"}}
SHIPPED = Regelset.from_folder(default_root())
VRAGER = "policies/besluit/vrager.rego"


def changed(old: str, new: str, name: str = VRAGER) -> Regelset:
    """Return the shipped rules with other words in one file."""
    text = SHIPPED.bestanden[name].decode()
    assert old in text
    return Regelset(bestanden={**SHIPPED.bestanden, name: text.replace(old, new).encode()})


STRICT = changed("persoon.gescreend_op != null", 'persoon.gescreend_op == "nooit"')


def body(regelset: Regelset = STRICT, **changes: object) -> dict[str, Any]:
    """Make a proposal."""
    archief = base64.b64encode(regelset.to_archive()).decode()
    return {"archief": archief, "reden": REDEN, **changes}


async def step(
    world: World, what: str, who: str, told: object, status: int = 201
) -> dict[str, Any]:
    """Take a step with the strict rules; it must give this status."""
    answer = await world.call("POST", f"{PATH}/{STRICT.digest}/{what}", who, told)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_rules_change_over_the_api(world: World, vraag: dict[str, Any]) -> None:
    """Proposed, tested, approved by the FG and taken into use: the next question follows them."""
    await world.ask(vraag)
    proposed = await world.call("POST", PATH, "beheer-1", body())
    tested = await step(world, "beproeving", "fg-1", {})
    approved = await step(world, "goedkeuring", "fg-1", ADVIES)
    used = await step(world, "inwerkingtreding", "beheer-1", {})
    after = await world.ask(vraag)
    listed = await world.call("GET", PATH, "fg-1")
    one = await world.call("GET", f"{PATH}/{STRICT.digest}", "fg-1")
    ready = (await world.client.get("/readyz")).json()

    assert proposed.status_code == 201
    statuses = [each["status"] for each in (proposed.json(), tested, approved, used)]
    assert statuses == ["voorgesteld", "beproefd", "goedgekeurd", "in-werking"]
    found = tested["stappen"][-1]["inhoud"]
    assert (found["aantal"], found["anders"]) == (2, 2)
    assert found["gronden"][0]["code"] == "screening-ontbreekt"
    told = after.json()["bronnen"][0]["besluit"]
    assert told["uitkomst"] == "geweigerd"
    assert told["versies"]["regels"] == STRICT.digest
    assert [(v["id"], v["status"], v["geleverd"]) for v in listed.json()] == [
        (SHIPPED.digest, "vervangen", True),
        (STRICT.digest, "in-werking", False),
    ]
    assert one.json() == used == listed.json()[1]
    assert (ready["regels"], ready["regels_geleverd"]) == (STRICT.digest, SHIPPED.digest)
    assert "andere regels" in ready["melding"]


async def test_readyz_names_the_rules(world: World) -> None:
    """With the shipped rules in force there is nothing to say beside their digest."""
    ready = (await world.client.get("/readyz")).json()

    assert ready["regels"] == SHIPPED.digest
    assert "melding" not in ready
    assert f'"regels": "{SHIPPED.digest}"' in world.logs()


@pytest.mark.parametrize(
    ("told", "pointer", "melding"),
    [
        ({"reden": "te kort"}, "/reden", "te kort"),
        ({}, "/reden", "verplicht"),
        ({"archief": "geen-base64!", "reden": REDEN}, "/archief", "geen base64"),
        ({"archief": "aGFsbG8=", "reden": REDEN}, "/archief", "geen tar.gz"),
        ({"reden": f"{REDEN} Zie 999993653."}, "/reden", "geen BSN"),
        (body(handtekening="aGFsbG8="), "/handtekening", "geen sleutel"),
    ],
)
async def test_proposal_that_is_wrong_is_refused(
    world: World, told: object, pointer: str, melding: str
) -> None:
    """What is wrong is told with its place; nothing is kept."""
    answer = await world.call("POST", PATH, "beheer-1", told)

    assert answer.status_code == 400
    fouten = {fout["pointer"]: fout["melding"] for fout in answer.json()["fouten"]}
    assert melding in fouten[pointer]
    assert len((await world.call("GET", PATH, "fg-1")).json()) == 1


async def test_rules_that_do_not_compile_are_told_by_file_and_line(world: World) -> None:
    """The place of a fault in the rules comes back; the running version stays."""
    broken = changed("persoon.gescreend_op != null", "persoon.gescreend_op !=")
    answer = await world.call("POST", PATH, "beheer-1", body(broken))

    assert answer.status_code == 400
    (fout,) = answer.json()["fouten"]
    assert "vrager.rego" in fout["melding"]
    assert any(letter.isdigit() for letter in fout["melding"])
    assert (await world.client.get("/readyz")).json()["regels"] == SHIPPED.digest


@pytest.mark.parametrize(
    ("told", "pointer"),
    [
        ({}, "/advies"),
        ({"afwijking": "zomaar"}, "/afwijking"),
        ({"advies": {"kenmerk": "RAC-1"}}, "/advies/datum"),
        ({"advies": {"kenmerk": "RAC-1", "datum": "gisteren"}}, "/advies/datum"),
        ({"advies": {"kenmerk": "RAC-1", "datum": "2099-01-01"}}, "/advies/datum"),
    ],
)
async def test_approval_rests_on_something(world: World, told: object, pointer: str) -> None:
    """An approval has the advice of the committee, or the reason to deviate from it."""
    await world.call("POST", PATH, "beheer-1", body())
    await step(world, "beproeving", "fg-1", {})
    answer = await step(world, "goedkeuring", "fg-1", told, 400)

    assert pointer in [fout["pointer"] for fout in answer["fouten"]]
    assert (await step(world, "goedkeuring", "fg-1", {"afwijking": REDEN}))["status"] == (
        "goedgekeurd"
    )


async def test_proposer_does_not_approve(world: World) -> None:
    """Who proposed it gets a 409 in plain Dutch; it stays tested."""
    await world.call("POST", PATH, "beheer-1", body())
    await step(world, "beproeving", "fg-1", {})
    answer = await step(world, "goedkeuring", "beheer-1", ADVIES, 409)

    assert answer["detail"].startswith("U hebt deze regelversie zelf voorgesteld.")


async def test_privacyfunctionaris_of_a_partner_does_not_approve(world: World) -> None:
    """The rules are those of all; the FG of one partner guards only the own organisatie."""
    async with world.services.store.begin() as tx:
        await tx.gebruikers.insert(
            {
                "id": "fg-9",
                "organisatie": "nla",
                "deelnemer": None,
                "functie": Functie.PRIVACYFUNCTIONARIS.value,
                "rol": None,
                "geautoriseerd_tot": None,
                "gescreend_op": None,
                "opgeleid_op": None,
            }
        )
        await tx.toegang.issue(
            hash_token("token-fg-9"),
            gebruiker="fg-9",
            op=NOW,
            geldig_tot=NOW.replace(year=NOW.year + 1),
        )
    await world.call("POST", PATH, "beheer-1", body())
    await step(world, "beproeving", "fg-1", {})

    answer = await step(world, "goedkeuring", "fg-9", ADVIES, 403)
    assert "RIEC" in answer["detail"]
    await step(world, "afwijzing", "fg-9", {"reden": REDEN}, 403)


@pytest.mark.parametrize(
    ("what", "who", "status"),
    [("afwijzing", "fg-1", "afgewezen"), ("intrekking", "beheer-1", "ingetrokken")],
)
async def test_proposal_can_be_closed(world: World, what: str, who: str, status: str) -> None:
    """It is turned down or taken back with a reason, and then goes nowhere."""
    await world.call("POST", PATH, "beheer-1", body())
    closed = await step(world, what, who, {"reden": REDEN})

    assert closed["status"] == status
    assert closed["stappen"][-1]["inhoud"] == {"reden": REDEN}
    await step(world, "beproeving", "fg-1", {}, 409)


async def test_test_takes_dates_and_moments(world: World, vraag: dict[str, Any]) -> None:
    """Bounds are dates or moments; outside the calendar is told by its pointer."""
    await world.ask(vraag)
    await world.call("POST", PATH, "beheer-1", body())
    tested = await step(world, "beproeving", "fg-1", {"van": "2026-11-20", "tot": "2026-11-21"})
    wrong = await step(world, "beproeving", "fg-1", {"van": "0001-01-01"}, 400)

    assert tested["stappen"][-1]["inhoud"]["aantal"] == 2
    assert tested["stappen"][-1]["inhoud"]["van"] == "2026-11-19T23:00:00+00:00"
    assert [fout["pointer"] for fout in wrong["fouten"]] == ["/van"]


@pytest.mark.parametrize("id", ["sha256:" + "0" * 64, "sha256:abc", "b-1"])
async def test_unknown_version_is_not_there(world: World, id: str) -> None:  # noqa: A002
    """A digest that nobody proposed is 404; what is no digest is 400."""
    answer = await world.call("GET", f"{PATH}/{id}", "fg-1")

    assert answer.status_code == (404 if len(id) == 71 else 400)


async def test_rule_set_may_be_larger_than_other_bodies(world: World) -> None:
    """Over 1 MiB is read here and not elsewhere; over 4 MiB nowhere."""
    large = {"archief": "A" * 3_000_000, "reden": REDEN}
    read = await world.call("POST", PATH, "beheer-1", large)
    elsewhere = await world.call("POST", "/toetsingen", "g-017", large)
    larger = await world.call("POST", PATH, "beheer-1", {"archief": "A" * 4_500_000})

    assert [a.status_code for a in (read, elsewhere, larger)] == [400, 413, 413]
    assert "geen tar.gz" in read.json()["fouten"][0]["melding"]


async def test_no_verdict_is_503_and_a_line(
    world: World, vraag: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules that fail give 503 without verdict on both paths, each with its line in the log."""
    regels = world.services.regels

    def gone(_: object) -> None:
        raise DecisionError("De regels gaven geen antwoord.")

    regels._kept.clear()
    monkeypatch.setattr(regels, "_load", gone)
    answers = [
        await world.ask(vraag),
        await world.call(
            "POST",
            "/toetsingen",
            "g-017",
            {"versie": 1, "deur": "verzoek", "moment": NOW.isoformat()},
        ),
    ]

    assert [answer.status_code for answer in answers] == [503, 503]
    for answer in answers:
        assert answer.json()["type"].endswith("/geen-besluit")
        assert "uitkomst" not in answer.text
    lines = world.services.log.entries(0, 100, Soort.FOUT)
    assert [(line.payload or {})["fout"] for line in lines] == ["geen-besluit"] * 2
    assert world.bronnen["nla"].asked == []
