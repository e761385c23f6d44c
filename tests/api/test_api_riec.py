"""Who works for which RIEC: another RIEC, an agendalid, who left, and another's supervisor."""

from typing import Any

import pytest

from broker.api.context import hash_token
from broker.domain.ports import Gegeven
from tests.api.conftest import NOW, World
from tests.api.test_api_zaken import HHK, LIVE, proposal

CARDS = f"/persoonskaarten?zaak={LIVE}"
OTHERS = {
    "am-l-1": ("riec-limburg", "accountmanager"),
    "fg-l-1": ("riec-limburg", "privacyfunctionaris"),
    "am-z-1": ("zaanstad-college", "accountmanager"),
    "fg-z-1": ("zaanstad-college", "privacyfunctionaris"),
    "fg-n-1": ("nla", "privacyfunctionaris"),
}


@pytest.fixture
async def wide(world: World) -> World:
    """Add another RIEC, and supervisors of partners."""
    async with world.services.store.begin() as tx:
        await tx.organisaties.insert(
            "riec-limburg", naam="RIEC Limburg", deelnemers=[], riec="limburg"
        )
        for who, (organisatie, functie) in OTHERS.items():
            facts = {"deelnemer": None, "rol": "toetser", "functie": functie}
            await tx.gebruikers.insert({"id": who, "organisatie": organisatie, **facts})
            await tx.toegang.issue(
                hash_token(f"token-{who}"),
                gebruiker=who,
                op=NOW,
                geldig_tot=NOW.replace(year=2027),
            )
    return world


async def test_other_riec_sees_no_zaak_card_or_signaal(wide: World) -> None:
    """For another RIEC the zaken, cards and signalen of this one are not there."""
    paths = [f"{HHK}/{LIVE}", f"{HHK}/{LIVE}/deelnemers", CARDS]
    seen = [(await wide.call("GET", path, "am-l-1")).status_code for path in paths]
    lists = [(await wide.call("GET", path, "am-l-1")).json() for path in (HHK, "/signalen")]
    own = [len((await wide.call("GET", path, "am-riec-1")).json()) for path in (HHK, "/signalen")]

    assert seen == [404, 404, 404]
    assert lists == [[], []]
    assert all(own)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{HHK}/{LIVE}/vaststelling", {"op": "2026-11-19", "door": "stuurgroep"}),
        (f"{HHK}/{LIVE}/beeindiging", {}),
        (f"{HHK}/{LIVE}/verlengingen", {}),
        (f"{HHK}/{LIVE}/fasebesluiten", {"fase": 2, "noodzaak": "nodig"}),
        (
            f"{HHK}/{LIVE}/deelnemers",
            {"organisatie": "nla", "deelnemer": "nla", "rol": "kern"},
        ),
        (f"{HHK}/{LIVE}/deelnemers/beeindiging", {"organisatie": "nla", "deelnemer": "nla"}),
        (
            "/persoonskaarten",
            {
                "zaak": LIVE,
                "betrokkene": {"bsn": "999990019"},
                "relatie": "subject",
                "afstand": 0,
            },
        ),
        ("/persoonskaarten/pk-2026-001/feiten", {}),
        ("/persoonskaarten/pk-2026-001/beeindiging", {}),
        ("/signalen/s-2026-027/weging", {"status": "aanvaard"}),
        ("/signalen", {"omschrijving": "Er is iets vreemds gezien.", "zaak": LIVE}),
    ],
)
async def test_other_riec_changes_nothing(wide: World, path: str, body: object) -> None:
    """Another RIEC gets 404 on every change, and no change is recorded."""
    answer = await wide.call("POST", path, "am-l-1", body)
    lines = await wide.call("GET", "/logboek/inschrijvingen", "fg-1")

    assert answer.status_code == 404
    assert "riec-limburg" not in lines.text


async def test_new_zaak_is_of_the_own_riec(wide: World) -> None:
    """A zaak is proposed for the own RIEC only, and begins with no signaal of another."""
    bare = {name: fact for name, fact in proposal().items() if name not in {"riec", "signaal"}}
    made = await wide.call("POST", HHK, "am-l-1", bare)
    foreign = await wide.call("POST", HHK, "am-l-1", proposal())

    assert (made.status_code, made.json()["riec"]) == (201, "limburg")
    assert foreign.status_code == 400
    assert {fout["pointer"] for fout in foreign.json()["fouten"]} == {"/riec", "/signaal"}


async def test_signaal_of_a_newcomer_is_heard(wide: World) -> None:
    """Who takes part in no zaak yet is heard by each RIEC; a RIEC's own signaal by itself only."""
    told = {"omschrijving": "Er is een nieuw verschijnsel gezien."}
    async with wide.services.store.begin() as tx:
        await tx.organisaties.insert("nieuw", naam="Nieuw", deelnemers=[])
        report = {"id": "s-nieuw", "melder": "nieuw", "gemeld_op": "2026-11-01", **told}
        await tx.signalen.report(report)
    own = (await wide.call("POST", "/signalen", "am-riec-1", told)).json()["id"]
    there = [row["id"] for row in (await wide.call("GET", "/signalen", "am-l-1")).json()]
    here = {row["id"] for row in (await wide.call("GET", "/signalen", "am-riec-1")).json()}

    assert there == ["s-nieuw"]
    assert {"s-nieuw", own} <= here


async def test_who_is_no_riec_runs_nothing(wide: World) -> None:
    """An accountmanager of a partner is refused, whatever the zaak."""
    answers = [
        await wide.call("GET", HHK, "am-z-1"),
        await wide.call("GET", CARDS, "am-z-1"),
        await wide.call("POST", HHK, "am-z-1", proposal()),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]


async def test_cards_are_for_who_works_in_the_zaak_now(wide: World) -> None:
    """Cards are read by kern, overig and the RIEC; not by an agendalid, who left, or others."""
    left = {"organisatie": "politie-nh", "deelnemer": "politie", "tot": "2026-11-19"}
    before = await wide.call("GET", CARDS, "p-011")
    await wide.call("POST", f"{HHK}/{LIVE}/deelnemers/beeindiging", "am-riec-1", left)
    seen = {
        who: (await wide.call("GET", CARDS, who)).status_code
        for who in ("g-017", "n-008", "am-riec-1", "fg-1", "bd-005", "p-011", "fg-l-1", "fg-z-1")
    }

    assert before.status_code == 200
    assert [who for who, status in seen.items() if status == 200] == [
        *("g-017", "n-008", "am-riec-1", "fg-1", "fg-z-1")
    ]
    assert {seen["bd-005"], seen["p-011"], seen["fg-l-1"]} == {404}


async def test_who_comes_later_reads_no_cards_yet(wide: World) -> None:
    """A place that begins in the future opens no card today."""
    later = {"organisatie": "belastingdienst", "deelnemer": "rijksbelastingdienst"}
    path = f"{HHK}/{LIVE}/deelnemers"
    await wide.call("POST", f"{path}/beeindiging", "am-riec-1", later)
    place = {**later, "rol": "kern", "vanaf": "2026-11-21"}
    put = await wide.call("POST", path, "am-riec-1", place)

    assert put.status_code == 201
    assert (await wide.call("GET", CARDS, "bd-005")).status_code == 404


async def test_supervisor_of_a_partner_sees_the_own_only(
    wide: World, vraag: dict[str, Any], boete: Gegeven
) -> None:
    """The full besluit, dossier and log are for the RIEC; a partner's supervisor has the own."""
    wide.bronnen["nla"].gegevens = (boete,)
    answer = (await wide.ask(vraag)).json()
    path = f"/verzoeken/{answer['id']}/besluiten"
    index = answer["bronnen"][0]["bewijs"]["index"]
    own = await wide.call("GET", path, "fg-z-1")
    line = await wide.call("GET", f"/logboek/inschrijvingen/{index}", "fg-z-1")
    full = await wide.call("GET", f"/logboek/inschrijvingen/{index}", "fg-1")
    hidden = [
        (await wide.call("GET", where, "fg-n-1")).status_code
        for where in (
            path,
            f"/verzoeken/{answer['id']}",
            f"/logboek/inschrijvingen/{index}",
            f"/logboek/bewijzen/{index}",
        )
    ]
    lines = await wide.call("GET", "/logboek/inschrijvingen", "fg-n-1")
    foreign = await wide.call("GET", "/verzoeken?organisatie=zaanstad-college", "fg-n-1")

    assert own.status_code == 200
    assert all("dossier" not in each or each["dossier"] is None for each in own.json())
    assert line.json()["inhoud"]["organisatie"] == "zaanstad-college"
    assert not {"gronden", "dossier_sha256"} & line.json()["inhoud"].keys()
    assert "gronden" in full.json()["inhoud"]
    assert hidden == [404, 404, 404, 404]
    assert (lines.json(), foreign.status_code) == ([], 403)
    assert (await wide.call("GET", f"/logboek/bewijzen/{index}", "fg-z-1")).status_code == 200


async def test_supervisor_of_a_partner_is_not_told_of_an_informant(
    wide: World, vraag: dict[str, Any], boete: Gegeven
) -> None:
    """Of an item that may never pass, the supervisor of the requester learns nothing either."""
    secret = Gegeven(
        id="inf-1",
        categorie="toezicht-handhaving",
        herkomst="nla",
        herkomst_deelnemer="nla",
        wpg_artikel="12",
        status="beschikbaar",
    )
    wide.bronnen["nla"].gegevens = (boete, secret)
    asked = (await wide.ask(vraag)).json()["id"]
    own = await wide.call("GET", f"/verzoeken/{asked}/besluiten", "fg-z-1")
    full = await wide.call("GET", f"/verzoeken/{asked}/besluiten", "fg-1")

    assert "inf-1" not in own.text
    assert "inf-1" in full.text
