"""Search in the log: for whom, of what, page by page, and never without a line of its own."""

from typing import Any

import pytest

from audit.entry import Soort
from audit.errors import LogFullError
from broker.domain.ports import Gegeven
from tests.api.conftest import World
from tests.api.lezers import FG_NLA, add_people

PATH = "/logboek/zoekvragen"
BSN = "999993653"
Vraag = dict[str, Any]


async def search(world: World, who: str = "fg-1", **body: object) -> Vraag:
    """Search; it must succeed."""
    answer = await world.call("POST", PATH, who, body)
    assert answer.status_code == 200, answer.text
    found: Vraag = answer.json()
    return found


async def seen(world: World, who: str = "fg-1", **body: object) -> list[str]:
    """Search; return the kenmerken that are found."""
    return [line["kenmerk"] for line in (await search(world, who, **body))["inschrijvingen"]]


@pytest.fixture
async def asked(world: World, vraag: Vraag, boete: Gegeven) -> World:
    """Give a world in which the college asked the nla (granted) and the uwv (refused)."""
    await add_people(world)
    world.bronnen["nla"].gegevens = (boete,)
    await world.ask(vraag)
    await world.ask({**vraag, "bronnen": ["uwv"]})
    return world


@pytest.mark.parametrize(
    ("body", "soorten"),
    [
        ({"betrokkene": {"bsn": BSN}}, ["voornemen", "verstrekking", "weigering"]),
        ({"betrokkene": {"bsn": "999992971"}}, []),
        ({"bron": "uwv"}, ["weigering"]),
        ({"gebruiker": "g-017", "soort": "verstrekking"}, ["verstrekking"]),
        ({"grond": "alleen-treffer-voor-overige-bron"}, ["weigering"]),
        ({"uitkomst": "toegewezen"}, ["voornemen", "verstrekking"]),
        ({"zaak": "hhk-zaandam-oost-2026", "organisatie": "zaanstad-college", "bron": "nla"},
         ["voornemen", "verstrekking"]),
        ({"zaak": "hhk-zaandam-oost-2026", "tot": "2026-11-20"}, []),
        ({"zaak": "hhk-zaandam-oost-2026", "van": "2026-11-20", "tot": "2026-11-21"},
         ["voornemen", "verstrekking", "weigering"]),
        ({"zaak": "hhk-nergens"}, []),
    ],
)  # fmt: skip
async def test_all_that_is_asked_must_hold(asked: World, body: Vraag, soorten: list[str]) -> None:
    """Each word narrows what is found; what is found says all of it."""
    found = await search(asked, **body)

    assert [line["soort"] for line in found["inschrijvingen"]] == soorten
    assert found["links"] == []


async def test_pages_come_once_and_in_order(asked: World, vraag: Vraag) -> None:
    """Page by page gives every line once, also while the log grows by the searching itself."""
    for _ in range(3):
        await asked.ask({**vraag, "bronnen": ["uwv"]})
    body: Vraag = {"betrokkene": {"bsn": BSN}}
    whole = await seen(asked, **body)
    paged: list[str] = []
    cursor: Vraag = {}
    while True:
        page = await search(asked, **body, **cursor, limiet=2)
        paged += [line["kenmerk"] for line in page["inschrijvingen"]]
        if not page["links"]:
            break
        cursor = {"cursor": page["links"][0]["cursor"]}

    assert paged == whole
    assert len(whole) == 6


async def test_a_search_without_words_ends(asked: World) -> None:
    """A search of everything, one line at a time, ends at the log as it was at the first page."""
    size = asked.services.zoeker.size()
    count = 0
    cursor: Vraag = {}
    while True:
        page = await search(asked, limiet=1, **cursor)
        count += len(page["inschrijvingen"])
        if not page["links"]:
            break
        cursor = {"cursor": page["links"][0]["cursor"]}

    assert count == size


async def test_search_is_recorded_before_it_is_shown(asked: World) -> None:
    """A line tells who searched, by digest and number of hits; nothing of it is in clear."""
    await search(asked, betrokkene={"bsn": BSN}, zaak="hhk-zaandam-oost-2026")
    line = asked.services.log.entries(0, 100, Soort.INZAGE)[-1]
    told = dict(line.payload or {})

    assert (told["gebruiker"], told["wat"], told["aantal"]) == ("fg-1", "logboek", 3)
    assert len(told["vraag_sha256"]) == 64
    assert BSN not in str(told)
    assert "p-" not in str(told)
    assert "hhk" not in str(told)


async def test_equal_questions_have_equal_digests(asked: World) -> None:
    """The digest names the question: the same one again is seen to be the same."""
    for bsn in (BSN, BSN, "999992971"):
        await search(asked, betrokkene={"bsn": bsn})
    lines = asked.services.log.entries(0, 100, Soort.INZAGE)
    one, two, other = [(line.payload or {})["vraag_sha256"] for line in lines[-3:]]

    assert one == two != other


async def test_search_that_cannot_be_recorded_shows_nothing(
    asked: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its line there is no answer."""

    async def refuse(*_: object) -> None:
        raise LogFullError("Er wacht te veel.")

    def refuse_now(*_: object) -> None:
        raise LogFullError("Er wacht te veel.")

    log = asked.services.log
    for name in ("append", "append_many"):
        monkeypatch.setattr(log, name, refuse_now)
    if hasattr(log, "record"):
        monkeypatch.setattr(log, "record", refuse)
    answer = await asked.call("POST", PATH, "fg-1", {"betrokkene": {"bsn": BSN}})

    assert answer.status_code == 503
    assert "verstrekking" not in answer.text


async def test_partner_sees_what_it_asked_and_what_it_was_asked(asked: World) -> None:
    """The source sees the question that reached it, the asker both, and each less than the RIEC."""
    every = await search(asked, zaak="hhk-zaandam-oost-2026")
    source = await search(asked, FG_NLA, zaak="hhk-zaandam-oost-2026")
    asker = await search(asked, "fg-zaanstad", zaak="hhk-zaandam-oost-2026")
    hidden = {"uitkomst", "gronden", "besluit_sha256", "dossier_sha256"}

    assert [line["soort"] for line in source["inschrijvingen"]] == ["voornemen", "verstrekking"]
    assert len(asker["inschrijvingen"]) == len(every["inschrijvingen"]) == 3
    for line in source["inschrijvingen"]:
        assert not (hidden | {"gebruiker"}) & line["inhoud"].keys()
        assert line["inhoud"]["organisatie"] == "zaanstad-college"
    for line in asker["inschrijvingen"]:
        assert not hidden & line["inhoud"].keys()
        assert line["inhoud"]["gebruiker"] == "g-017"


@pytest.mark.parametrize("body", [{"betrokkene": {"bsn": BSN}}, {"bron": "uwv"}, {}, {"limiet": 1}])
async def test_source_that_was_never_asked_learns_nothing(asked: World, body: Vraag) -> None:
    """Of a question that door 1 refused the source finds no line, no page and no count."""
    own = [k for k in await seen(asked, "fg-uwv", **body) if not k.startswith("i-")]

    assert own == []


async def test_source_finds_nothing_by_who_asked(asked: World) -> None:
    """Which official of another organisatie asked is not for the source, so not found by it."""
    assert await seen(asked, FG_NLA, gebruiker="g-017") == []
    assert len(await seen(asked, "fg-zaanstad", gebruiker="g-017")) == 3


async def test_page_of_a_partner_is_full_whatever_it_hides(asked: World, vraag: Vraag) -> None:
    """With one line on a page, what lies between two lines of a partner does not show."""
    await asked.ask({**vraag, "bronnen": ["uwv"]})
    await asked.ask(vraag)
    first = await search(asked, FG_NLA, bron="nla", limiet=3)
    second = await search(asked, FG_NLA, bron="nla", cursor=first["links"][0]["cursor"])

    assert len(first["inschrijvingen"]) == 3
    assert len(second["inschrijvingen"]) == 1


@pytest.mark.parametrize("word", [{"grond": "categorie-uitgesloten"}, {"uitkomst": "deels"}])
async def test_partner_does_not_search_by_the_full_besluit(asked: World, word: Vraag) -> None:
    """Ground and outcome would answer what the asker may not even know to exist."""
    answer = await asked.call("POST", PATH, "fg-zaanstad", word)

    assert answer.status_code == 403
    assert "RIEC" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"betrokkene": {"bsn": "123456789"}, "zaak": "!"}, ["/betrokkene/bsn", "/zaak"]),
        ({"soort": "roddel", "van": "gisteren"}, ["/soort", "/van"]),
        ({"cursor": "bm9wZQ"}, ["/cursor"]),
        ({"limiet": 0}, ["/limiet"]),
        ({"tot": "0001-01-01"}, ["/tot"]),
    ],
)
async def test_everything_that_is_wrong_is_told(
    asked: World, body: Vraag, pointers: list[str]
) -> None:
    """Each wrong member is told with its place, and no value is repeated."""
    answer = await asked.call("POST", PATH, "fg-1", body)

    assert answer.status_code == 400
    assert sorted(fout["pointer"] for fout in answer.json()["fouten"]) == pointers
    assert "123456789" not in answer.text


@pytest.mark.parametrize("who", ["g-017", "ovj-4", "am-riec-1", "beheer-1"])
async def test_others_do_not_search(world: World, who: str) -> None:
    """An analist, a poortwachter, an accountmanager and a beheerder do not search the log."""
    assert (await world.call("POST", PATH, who, {})).status_code == 403
