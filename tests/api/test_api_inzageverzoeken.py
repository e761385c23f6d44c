"""What a subject may see over the API: the request, what waits, the copies; step by step."""

import datetime as dt
import json
from typing import Any

import pytest
from sqlalchemy import text

from audit.entry import Soort, canonical
from audit.receipt import verify_receipt
from broker.api.context import hash_token
from broker.domain.ports import BronError, BronFout, Gegeven
from broker.services.beslislogboek import digest
from tests.api.conftest import World
from tests.api.lezers import FG_NLA, FG_RIEC_2, add_people

PATH = "/inzageverzoeken"
BSN = "999993653"
REDEN = "Het onderzoek loopt nog, en mag niet bekend worden."
Vraag = dict[str, Any]


async def call(
    world: World, method: str, path: str, who: str, body: object = None, status: int = 0
) -> Any:  # noqa: ANN401 - whatever the API answers
    """Call below the requests; it must give this status: 200, or 201 for a POST."""
    answer = await world.call(method, f"{PATH}{path}", who, body)
    assert answer.status_code == (status or (201 if method == "POST" else 200)), answer.text
    return answer.json()


async def opened(world: World, bsn: str = BSN) -> str:
    """Open the request of a subject."""
    found: str = (await call(world, "POST", "", "fg-1", {"betrokkene": {"bsn": bsn}}))["id"]
    return found


async def proposed(world: World, verzoek: str, who: str = "fg-1", **changes: object) -> Vraag:
    """Propose that the first handeling must wait."""
    (first, *_) = await call(world, "GET", f"/{verzoek}/handelingen", who)
    body = {"handeling": first["kenmerk"], "grond": "uavg-41-1-d", "reden": REDEN, **changes}
    found: Vraag = await call(world, "POST", f"/{verzoek}/uitstellen", who, body)
    return found


async def copied(world: World, verzoek: str) -> Vraag:
    """Make a copy."""
    found: Vraag = await call(world, "POST", f"/{verzoek}/afschriften", "fg-1", {})
    return found


@pytest.fixture
async def asked(world: World, vraag: Vraag, boete: Gegeven) -> World:
    """Give a world in which the college asked the nla (granted) and the uwv (refused)."""
    await add_people(world)
    world.bronnen["nla"].gegevens = (boete,)
    await world.ask(vraag)
    await world.ask({**vraag, "bronnen": ["uwv"]})
    return world


async def test_copy_tells_who_what_why_and_whereto(asked: World) -> None:
    """Who, why, which categories, from whom to whom, the basis and the retention stand in it."""
    made = (await copied(asked, await opened(asked)))["afschrift"]
    given, refused = made["regels"]
    delen = {deel["kop"]: deel["tekst"] for deel in given["delen"]}

    assert "vroeg College van burgemeester en wethouders van Zaanstad" in given["zin"]
    assert given["zin"].startswith("Op 20 november 2026 om 10:00 uur")
    assert delen == {
        "Wie": "College van burgemeester en wethouders van Zaanstad, een analist",
        "Waarom": "om als bestuur in te grijpen, bijvoorbeeld met een vergunning",
        "Waarover": "mensenhandel",
        "Gevraagd": "wie u bent, toezicht en handhaving",
        "Hoe het afliep": "Deze gegevens zijn gegeven.",
        "Gegeven": "toezicht en handhaving",
        "Van en aan": "van Nederlandse Arbeidsinspectie "
        "aan College van burgemeester en wethouders van Zaanstad",
        "Op grond van": "de Wet gegevensverwerking door samenwerkingsverbanden (voor een RIEC)",
        "Bewaren": "tot 20 november 2031",
    }
    assert "Er is niets gegeven." in str(refused)
    assert "uiterlijk op 20 december 2026 (AVG 12(3))" in str(made["inleiding"])
    for secret in ("g-017", BSN, "p-4ixx", "geheim-van-de-inhoud", "Is betrokkene bekend"):
        assert secret not in json.dumps(made)


async def test_proofs_of_a_copy_hold(asked: World) -> None:
    """Each line that is told has a receipt that the key of the log alone confirms."""
    made = await copied(asked, await opened(asked))
    vkey = asked.services.log._writer._signer.vkey
    told = [index for regel in made["afschrift"]["regels"] for index in regel["indexen"]]

    assert [bewijs["index"] for bewijs in made["bewijzen"]] == told
    for bewijs in made["bewijzen"]:
        assert verify_receipt(bewijs["tekst"], vkey).leaf.decode() == bewijs["inschrijving"]
    assert made["sha256"] == digest(canonical(made["afschrift"]).decode())


async def test_four_eyes_hold_something_back_and_let_it_go(asked: World) -> None:
    """One proposes, another of the source grants: it is gone from the copy, until its release."""
    verzoek = await opened(asked)
    uitstel = await proposed(asked, verzoek)
    step = f"/{verzoek}/uitstellen/{uitstel['id']}"
    waiting = await call(asked, "POST", f"/{verzoek}/afschriften", "fg-1", {}, 409)
    self_made = await call(asked, "POST", f"{step}/besluit", "fg-1", {"besluit": "verleend"}, 409)
    granted = await call(asked, "POST", f"{step}/besluit", "pw-nla-1", {"besluit": "verleend"})
    short = await copied(asked, verzoek)
    counted = await call(asked, "GET", f"/{verzoek}/verantwoording", "fg-1")
    released = await call(
        asked, "POST", f"{step}/vrijgave", "pw-nla-1", {"toelichting": "Het onderzoek is klaar."}
    )
    whole = await copied(asked, verzoek)

    assert "wacht nog" in waiting["detail"]
    assert self_made["detail"].startswith("U hebt dit uitstel zelf voorgesteld.")
    assert (uitstel["stand"], granted["stand"], released["stand"]) == (
        "voorgesteld",
        "verleend",
        "vrijgegeven",
    )
    assert [len(each["afschrift"]["regels"]) for each in (short, whole)] == [1, 2]
    assert (counted["getoond"], counted["uitgesteld"]) == (1, 1)
    assert counted["uitgesteld_per_grond"] == {"uavg-41-1-d": 1}
    assert "Arbeidsinspectie" not in json.dumps(short)
    assert [a["uitgesteld"] for a in counted["verzoek"]["afschriften"]] == [1]


async def test_every_step_is_a_line(asked: World) -> None:
    """Request, proposal, decision, release, copy and reading have their line, without subject."""
    begin = asked.services.zoeker.size()
    verzoek = await opened(asked)
    uitstel = await proposed(asked, verzoek)
    step = f"/{verzoek}/uitstellen/{uitstel['id']}"
    await call(asked, "POST", f"{step}/besluit", "pw-nla-1", {"besluit": "verleend"})
    await copied(asked, verzoek)
    await call(asked, "POST", f"{step}/vrijgave", "fg-1", {"toelichting": REDEN})
    await call(asked, "GET", f"/{verzoek}/verantwoording", "fg-1")
    await call(asked, "GET", f"/{verzoek}/afschriften/1", "fg-1")
    lines = [line.payload or {} for line in asked.services.log.entries(begin, 100)]

    assert [line["wat"] for line in lines] == [
        "inzageverzoek-geopend",
        "handelingen",
        "uitstel-voorgesteld",
        "uitstel-verleend",
        "afschrift-gemaakt",
        "uitstel-vrijgegeven",
        "verantwoording",
        "afschrift",
    ]
    assert all(line["inzageverzoek"] == verzoek for line in lines)
    assert "sleutel" not in {name for line in lines for name in line}
    assert REDEN not in str(lines)


async def test_later_request_does_not_tell_of_what_waited(asked: World) -> None:
    """What is withheld stays so for a second request, and neither request shows in the other."""
    first = await opened(asked)
    uitstel = await proposed(asked, first)
    step = f"/{first}/uitstellen/{uitstel['id']}/besluit"
    await call(asked, "POST", step, "pw-nla-1", {"besluit": "verleend"})
    await copied(asked, first)
    made = await copied(asked, await opened(asked))

    assert len(made["afschrift"]["regels"]) == 1


async def test_end_date_lets_go_by_itself(asked: World) -> None:
    """From the day that was named on, the next copy tells it."""
    verzoek = await opened(asked)
    uitstel = await proposed(asked, verzoek, tot="2026-12-01")
    step = f"/{verzoek}/uitstellen/{uitstel['id']}/besluit"
    await call(asked, "POST", step, "pw-nla-1", {"besluit": "verleend"})
    before = await copied(asked, verzoek)
    asked.clock.moment = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    after = await copied(asked, verzoek)

    assert [len(each["afschrift"]["regels"]) for each in (before, after)] == [1, 2]


async def test_earlier_copy_comes_back_as_it_was(asked: World) -> None:
    """A copy is written again to the byte, also when what it withheld was released since."""
    verzoek = await opened(asked)
    uitstel = await proposed(asked, verzoek)
    step = f"/{verzoek}/uitstellen/{uitstel['id']}"
    await call(asked, "POST", f"{step}/besluit", "pw-nla-1", {"besluit": "verleend"})
    made = await copied(asked, verzoek)
    await call(asked, "POST", f"{step}/vrijgave", "fg-1", {"toelichting": REDEN})
    again = await call(asked, "GET", f"/{verzoek}/afschriften/1", "fg-1")
    missing = await asked.call("GET", f"{PATH}/{verzoek}/afschriften/2", "fg-1")

    assert again == made
    assert missing.status_code == 404


async def test_copy_that_no_longer_fits_is_refused(asked: World) -> None:
    """When what a copy rests on has changed, it is not written again as if nothing was."""
    verzoek = await opened(asked)
    await copied(asked, verzoek)
    async with asked.services.store.begin() as tx:
        await tx._conn.execute(text("UPDATE organisaties SET naam = 'Anders' WHERE id = 'nla'"))
    answer = await asked.call("GET", f"{PATH}/{verzoek}/afschriften/1", "fg-1")

    assert answer.status_code == 409


async def test_page_can_be_printed_and_does_nothing(asked: World) -> None:
    """The page has its own style and nothing else, and all that is written in it is escaped."""
    async with asked.services.store.begin() as tx:
        naam = "<script>alert(1)</script> & zn"
        await tx._conn.execute(
            text("UPDATE organisaties SET naam = :naam WHERE id = 'nla'"), {"naam": naam}
        )
    verzoek = await opened(asked)
    made = await copied(asked, verzoek)
    page = await asked.call("GET", f"{PATH}/{verzoek}/afschriften/1/pagina", "fg-1")

    assert page.headers["Content-Type"].startswith("text/html")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "style-src 'sha256-" in page.headers["Content-Security-Policy"]
    assert "<script" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; zn" in page.text
    assert made["sha256"] in page.text
    for zin in (*made["afschrift"]["inleiding"], *made["afschrift"]["slot"]):
        assert zin in page.text


@pytest.mark.parametrize("bsn", [BSN, "999990019"])
async def test_nothing_to_tell_and_all_withheld_look_alike(asked: World, bsn: str) -> None:
    """A copy of which all must wait says the same as one of somebody whom nobody asked about."""
    verzoek = await opened(asked, bsn)
    for each in await call(asked, "GET", f"/{verzoek}/handelingen", "fg-1"):
        body = {"handeling": each["kenmerk"], "grond": "wpg-27-1-b", "reden": REDEN}
        uitstel = await call(asked, "POST", f"/{verzoek}/uitstellen", "fg-1", body)
        step = f"/{verzoek}/uitstellen/{uitstel['id']}/besluit"
        await call(asked, "POST", step, FG_RIEC_2, {"besluit": "verleend"})
    made = (await copied(asked, verzoek))["afschrift"]

    assert made["regels"] == []
    assert made["inleiding"][-1] == "Er zijn geen regels om te laten zien."


async def test_partner_sees_and_holds_back_only_its_own(asked: World) -> None:
    """A source proposes for the question that reached it, and knows nothing of the other one."""
    verzoek = await opened(asked)
    every = await call(asked, "GET", f"/{verzoek}/handelingen", "fg-1")
    own = await call(asked, "GET", f"/{verzoek}/handelingen", FG_NLA)
    body = {"handeling": every[1]["kenmerk"], "grond": "uavg-41-1-d", "reden": REDEN}
    foreign = await asked.call("POST", f"{PATH}/{verzoek}/uitstellen", FG_NLA, body)
    outside = await asked.call("GET", f"{PATH}/{verzoek}/handelingen", "pw-ind-1")
    never_asked = await asked.call("GET", f"{PATH}/{verzoek}/handelingen", "u-220")
    register = await asked.call("GET", PATH, FG_NLA)

    assert [each["bron"] for each in every] == ["nla", "uwv"]
    assert own == every[:1]
    assert [r.status_code for r in (foreign, outside, never_asked, register)] == [
        404,
        404,
        404,
        403,
    ]


async def test_decision_is_for_who_has_to_do_with_it(asked: World) -> None:
    """Somebody of another organisatie does not decide; of the asker does."""
    verzoek = await opened(asked)
    uitstel = await proposed(asked, verzoek, FG_NLA)
    step = f"{PATH}/{verzoek}/uitstellen/{uitstel['id']}/besluit"
    outside = await asked.call("POST", step, "pw-ind-1", {"besluit": "verleend"})
    asker = await asked.call("POST", step, "fg-zaanstad", {"besluit": "verleend"})

    assert (outside.status_code, asker.status_code) == (404, 201)


async def test_what_runs_is_not_proposed_again(asked: World) -> None:
    """One uitstel at a time; after it was turned down there may be another."""
    verzoek = await opened(asked)
    uitstel = await proposed(asked, verzoek)
    body = {"handeling": uitstel["handeling"], "grond": "uavg-41-1-i", "reden": REDEN}
    double = await call(asked, "POST", f"/{verzoek}/uitstellen", FG_NLA, body, 409)
    step = f"/{verzoek}/uitstellen/{uitstel['id']}/besluit"
    back = await call(asked, "POST", step, "fg-1", {"besluit": "afgewezen"})
    late = await call(asked, "POST", step, FG_NLA, {"besluit": "verleend"}, 409)
    again = await call(asked, "POST", f"/{verzoek}/uitstellen", FG_NLA, body)

    assert "loopt al" in double["detail"]
    assert back["stand"] == "afgewezen"
    assert "al besloten" in late["detail"]
    assert again["stand"] == "voorgesteld"


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"grond": "zomaar", "tot": "2020-01-01"}, ["/grond", "/tot"]),
        ({"reden": "kort", "tot": "ooit"}, ["/reden", "/tot"]),
        ({"reden": f"{REDEN} Zie {BSN}."}, ["/reden"]),
    ],
)
async def test_wrong_proposal_is_told_at_once(
    asked: World, changes: Vraag, pointers: list[str]
) -> None:
    """A ground that the law does not know, a day in the past, no reason: each with its place."""
    verzoek = await opened(asked)
    (first, *_) = await call(asked, "GET", f"/{verzoek}/handelingen", "fg-1")
    body = {"handeling": first["kenmerk"], "grond": "uavg-41-1-d", "reden": REDEN, **changes}
    answer = await call(asked, "POST", f"/{verzoek}/uitstellen", "fg-1", body, 400)

    assert sorted(fout["pointer"] for fout in answer["fouten"]) == pointers


async def test_four_years_count(asked: World) -> None:
    """What is four years old to the hour is told, and two days later it is not."""
    async with asked.services.store.begin() as tx:
        await tx.toegang.issue(
            hash_token("token-laat"),
            gebruiker="fg-1",
            op=asked.clock.moment,
            geldig_tot=asked.clock.moment + dt.timedelta(days=3650),
        )
    asked.clock.moment = asked.clock.moment.replace(year=2030, month=11, day=20, hour=8)
    body = {"betrokkene": {"bsn": BSN}}
    inside = await call(asked, "POST", "", "laat", body)
    told = await call(asked, "GET", f"/{inside['id']}/handelingen", "laat")
    asked.clock.moment += dt.timedelta(days=2)
    outside = await call(asked, "POST", "", "laat", body)
    gone = await call(asked, "GET", f"/{outside['id']}/handelingen", "laat")

    assert inside["van"].startswith("2026-11-20T08:00")
    assert (len(told), gone) == (2, [])


async def test_deadline_is_a_month_after_it_came_in(asked: World) -> None:
    """The last day counts from the day it came in; past it without a copy, it is late."""
    body = {"betrokkene": {"bsn": BSN}, "ontvangen_op": "2026-10-31"}
    made = await call(asked, "POST", "", "fg-1", body)
    ahead = await call(asked, "POST", "", "fg-1", {**body, "ontvangen_op": "2027-01-01"}, 400)
    asked.clock.moment = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)
    late = await call(asked, "GET", f"/{made['id']}", "fg-1")
    await copied(asked, made["id"])
    (listed,) = await call(asked, "GET", "", "fg-1")

    assert made["uiterlijk"] == "2026-11-30"
    assert [fout["pointer"] for fout in ahead["fouten"]] == ["/ontvangen_op"]
    assert [each["te_laat"] for each in (made, late, listed)] == [False, True, False]
    assert listed["beantwoord"]


async def test_source_that_failed_gave_nothing(asked: World, vraag: Vraag) -> None:
    """A question to a source that did not answer is told as such."""
    asked.bronnen["nla"].fout = BronError(BronFout.ONBEREIKBAAR, "De bron is niet bereikbaar.")
    await asked.ask(vraag)
    made = await copied(asked, await opened(asked))

    assert "Er kwam geen antwoord." in str(made["afschrift"]["regels"][-1])


async def test_changed_besluit_is_not_told(asked: World) -> None:
    """When the store is not what the log is bound to, no copy is made."""
    verzoek = await opened(asked)
    async with asked.services.store.begin() as tx:
        await tx._conn.execute(text("DROP TRIGGER besluiten_geen_update"))
        await tx._conn.execute(text("UPDATE besluiten SET besluit = '{}'"))
    answer = await asked.call("POST", f"{PATH}/{verzoek}/afschriften", "fg-1", {})

    assert answer.status_code == 503


async def test_research_on_a_subject_is_told_too(asked: World) -> None:
    """That a zaak looks at somebody, a new fact and its end are lines about that subject."""
    body = {
        "zaak": "hhk-zaandam-oost-2026",
        "betrokkene": {"bsn": "999990408"},
        "relatie": "subject",
        "afstand": 0,
    }
    kaart = (await asked.call("POST", "/persoonskaarten", "am-riec-1", body)).json()["id"]
    await asked.call("POST", f"/persoonskaarten/{kaart}/feiten", "am-riec-1", {})
    await asked.call("POST", f"/persoonskaarten/{kaart}/beeindiging", "am-riec-1", {})
    verzoek = await opened(asked, "999990408")
    made = await copied(asked, verzoek)
    works = await call(asked, "GET", f"/{verzoek}/handelingen", "pw-nla-1")
    outside = await asked.call("GET", f"{PATH}/{verzoek}/handelingen", "pw-bd-1")

    assert [regel["zin"].partition("uur ")[2] for regel in made["afschrift"]["regels"]] == [
        "begon RIEC Noord-Holland een onderzoek naar u.",
        "schreef RIEC Noord-Holland op dat er een nieuw feit over u is.",
        "beëindigde RIEC Noord-Holland een onderzoek naar u.",
    ]
    assert len(works) == 3
    assert outside.status_code == 404


async def test_soort_of_line_is_a_change_or_a_reading(asked: World) -> None:
    """What is decided is a wijziging, what is read an inzage."""
    begin = asked.services.zoeker.size()
    verzoek = await opened(asked)
    await proposed(asked, verzoek)
    soorten = [line.soort for line in asked.services.log.entries(begin, 10)]

    assert soorten == [Soort.WIJZIGING, Soort.INZAGE, Soort.WIJZIGING]
