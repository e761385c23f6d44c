"""The record: before the release, without samples, and nothing goes out of it."""

from pathlib import Path
from typing import Any

import pytest

from audit.entry import Soort
from audit.errors import LogFullError
from broker.domain.ports import Gegeven
from tests.api.conftest import World
from tests.audit.logs import a_log, findings, run_sql
from tests.wet.proef import grounds

Vraag = dict[str, Any]
LINES = "/logboek/inschrijvingen"


def lines(world: World, verzoek: str | None = None) -> list[tuple[Soort, dict[str, Any]]]:
    """Return soort and content of the lines of the log, or of those of one verzoek."""
    found = [(e.soort, dict(e.payload or {})) for e in world.services.log.entries(0, 1000)]
    return [(s, p) for s, p in found if verzoek in (None, p.get("verzoek"))]


async def test_w33_every_step_is_in_the_log(world: World, vraag: Vraag, boete: Gegeven) -> None:
    """A question and its answer leave two lines, by number and without content (WGS 1.8(4))."""
    world.bronnen["nla"].gegevens = (boete,)
    answer = (await world.ask(vraag)).json()
    told = lines(world, answer["id"])

    assert [soort for soort, _ in told] == [Soort.VOORNEMEN, Soort.VERSTREKKING]
    assert told[1][1]["gegevens"] == ["nla-1"]
    assert "geheim-van-de-inhoud" not in str(told)


@pytest.mark.parametrize(
    "attack",
    ["DELETE FROM regel WHERE seq = 7", "UPDATE regel SET kenmerk = 'v-x' WHERE seq = 3"],
)
def test_w33_nothing_goes_out_of_the_log_unseen(tmp_path: Path, attack: str) -> None:
    """Who takes a line away or changes one is found out by the key alone (WGS 1.8(4))."""
    directory = a_log(tmp_path / "log", [8])
    before = findings(directory)
    run_sql(directory, attack)

    assert before == []
    assert findings(directory)


@pytest.mark.parametrize("who", ["g-017", "ovj-4", "am-riec-1", "beheer-1"])
async def test_w33_the_log_is_read_by_the_privacyfunctionaris(world: World, who: str) -> None:
    """Nobody else reads its lines (BGS 1.12)."""
    refused = await world.call("GET", LINES, who)
    read = await world.call("GET", LINES, "fg-1")

    assert (refused.status_code, read.status_code) == (403, 200)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST"])
async def test_w33_no_address_changes_the_log(world: World, method: str) -> None:
    """There is no way in that writes or removes a line (WGS 1.8(4))."""
    assert (await world.call(method, LINES, "fg-1")).status_code == 405


async def test_p19_the_record_stands_before_the_source_is_asked(world: World, vraag: Vraag) -> None:
    """Who, when, what and on which basis is in the log when the source sees the question."""
    seen: list[tuple[Soort, dict[str, Any]]] = []

    async def look() -> None:
        seen.extend(lines(world))

    world.bronnen["nla"].during = look
    verzoek = (await world.ask(vraag)).json()["id"]
    (told,) = [p for s, p in seen if s is Soort.VOORNEMEN and p["verzoek"] == verzoek]

    assert (told["gebruiker"], told["organisatie"]) == ("g-017", "zaanstad-college")
    assert (told["grondslag"], told["categorieen"]) == ("wgs-riec", vraag["categorieen"])
    assert (told["bron"], told["zaak"]) == ("nla", vraag["zaak"])
    assert told["dossier_sha256"]


@pytest.mark.parametrize(("number", "asked"), [(1, 0), (2, 1)])
async def test_p19_no_record_no_data(
    world: World,
    vraag: Vraag,
    boete: Gegeven,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    asked: int,
) -> None:
    """When a line cannot be written neither source nor requester gets anything (Bpg 6:4(2))."""
    world.bronnen["nla"].gegevens = (boete,)
    real, calls = world.services.log.record, 0

    def record(*args: Any) -> Any:  # noqa: ANN401 - as the real one
        nonlocal calls
        calls += 1
        if calls == number:
            raise LogFullError("Er wacht te veel.")
        return real(*args)

    monkeypatch.setattr(world.services.log, "record", record)
    answer = await world.ask(vraag)

    assert answer.status_code == 503
    assert "geheim-van-de-inhoud" not in answer.text
    assert len(world.bronnen["nla"].asked) == asked


async def test_p19_purpose_and_description_are_kept_with_the_verdict(
    world: World, vraag: Vraag
) -> None:
    """The whole question stands beside the besluit that answers it (Bpg 6:4(2))."""
    verzoek = (await world.ask(vraag)).json()["id"]
    taken = (await world.call("GET", f"/verzoeken/{verzoek}/besluiten", "fg-1")).json()

    assert len(taken) == 2
    for each in taken:
        asked = each["dossier"]["verzoek"]
        assert (asked["doel"], asked["vraagstelling"]) == (vraag["doel"], vraag["vraagstelling"])


@pytest.mark.parametrize("words", [None, "", " " * 40, "Wie is dit?"])
def test_p19_a_question_is_put_in_words(words: str | None) -> None:
    """Without words that say what it is for nothing is asked (Bpg 6:4(2)c, d)."""
    assert grounds("hhk", {"verzoek": {"vraagstelling": words}}) == {"vraagstelling-ontbreekt"}


async def test_p20_a_no_hit_is_recorded_too(world: World, vraag: Vraag) -> None:
    """A hit/no-hit without a hit leaves its lines, with what was compared (Bpg 6:4(3))."""
    answer = (await world.ask({**vraag, "soort": "treffer-geen-treffer"})).json()
    told = lines(world, answer["id"])

    assert answer["bronnen"][0]["treffer"] is False
    assert [soort for soort, _ in told] == [Soort.VOORNEMEN, Soort.VERSTREKKING]
    assert told[1][1]["gegevens"] == []
    assert all(p["sleutel"] for _, p in told)


async def test_p21_nothing_is_sampled(world: World, vraag: Vraag) -> None:
    """Each of many questions has its lines, granted or refused (Wpg 32a)."""
    subjects = ["999993653", "999992971"] * 5
    asked = [await world.ask({**vraag, "betrokkene": {"bsn": bsn}}) for bsn in subjects]
    told = [lines(world, answer.json()["id"]) for answer in asked]

    assert [len(each) for each in told] == [2, 1] * 5
    assert {each[0][0] for each in told[1::2]} == {Soort.WEIGERING}


async def test_p21_a_change_is_recorded_with_who_made_it(world: World) -> None:
    """Changing what is known of a subject leaves a line (Wpg 32a)."""
    path = "/persoonskaarten/pk-2026-001/feiten"
    await world.call("POST", path, "am-riec-1", {"op": "2026-11-01"})
    told = [p for s, p in lines(world) if s is Soort.WIJZIGING]

    assert told[-1]["gebruiker"] == "am-riec-1"
