"""`POST /v1/effectberekeningen`: for whom, what it answers, and that it is recorded."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from audit.entry import Soort
from broker.api.context import hash_token
from broker.app import OpenServices, create_app
from broker.decision.regelset import Regelset
from broker.decision.register import default_root
from broker.domain.regelversie import Stap
from broker.settings import Settings
from tests.effect.effect_world import (
    Stopped,
    a_vraag,
    ask,
    fill,
    moment,
    outside,
)
from tests.effect.test_effect_memo import (
    EINDE,
    GLAZENWASSERS,
    KAARTEN,
    NU,
    OOST,
    VRAGEN,
    zaken,
)

END = {"op": EINDE, "beeindig": {"zaak": GLAZENWASSERS}}
PEOPLE = {
    "am": ("riec-nh", "accountmanager"),
    "fg": ("riec-nh", "privacyfunctionaris"),
    "am-elders": ("riec-zl", "accountmanager"),
    "fg-partner": ("nla", "privacyfunctionaris"),
    "analist": ("nla", "analist"),
}


@dataclass(frozen=True)
class Api:
    """The API on the store of the memo."""

    services: OpenServices
    client: httpx2.AsyncClient

    async def post(self, body: object, who: str = "am", query: str = "") -> httpx2.Response:
        """Ask for a calculation as somebody."""
        headers = {"Authorization": f"Bearer token-{who}"}
        return await self.client.post(f"/v1/effectberekeningen{query}", json=body, headers=headers)


async def people(services: OpenServices) -> None:
    """Record two RIECs and who works there, each with a token."""
    async with services.store.begin() as tx:
        for riec, name in (("riec-nh", "noord-holland"), ("riec-zl", "zeeland")):
            await tx.organisaties.insert(riec, naam=riec, deelnemers=[], riec=name)
        for who, (organisatie, functie) in PEOPLE.items():
            await tx.gebruikers.insert(
                {"id": who, "organisatie": organisatie, "functie": functie, "rol": "toetser"}
            )
            await tx.toegang.issue(
                hash_token(f"token-{who}"),
                gebruiker=who,
                op=moment("2024-01-01"),
                geldig_tot=moment("2024-12-31"),
            )


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """Open the API a day after the questions were put."""
    clock = Stopped(moment(NU))
    app = create_app(Settings(data=tmp_path / "var"), outside(clock))
    async with app.router.lifespan_context(app):
        services: OpenServices = app.state.services
        await fill(services, zaken(), KAARTEN)
        await people(services)
        for wie, who, bron in VRAGEN.values():
            await ask(services, wie, a_vraag(who, wie, bron, GLAZENWASSERS))
        # Only what was asked before the moment of the calculation counts.
        clock.moment = moment("2024-01-21")
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://sluis") as client:
            yield Api(services, client)


async def test_counts_come_first(api: Api) -> None:
    """Without asking for a list the counts are told, and no id."""
    answer = (await api.post(END)).json()

    told = {name: each["groepen"] for name, each in answer["tellingen"].items()}
    assert answer["lijst"] is None
    assert told["persoonskaarten"] == {
        "houdt": 0,
        "houdt-via-andere-zaak": 2,
        "verliest": 2,
        "had-al-geen": 1,
    }
    assert told["vragen"]["verliest"] == 3
    assert answer["tellingen"]["vragen"]["via"] == {OOST: 2}


async def test_list_comes_in_pages(api: Api) -> None:
    """The pages of the list together hold each question once, and then there is no next."""
    seen: list[str] = []
    query: str | None = "?lijst=vragen&limiet=4"
    while query is not None:
        answer = await api.post(END, query=query)
        seen += [each["id"] for each in answer.json()["lijst"]]
        link = answer.headers.get("Link")
        query = None if link is None else link.partition("effectberekeningen")[2].partition(">")[0]

    assert len(seen) == len(set(seen)) == len(VRAGEN)


async def test_list_of_one_group(api: Api) -> None:
    """The list can be of what is lost only; it has ids and codes and no pseudonym."""
    answer = await api.post(END, query="?lijst=persoonskaarten&groep=verliest")

    assert [each["id"] for each in answer.json()["lijst"]] == ["k-firma-buiten", "k-lapper-buiten"]
    assert {code for each in answer.json()["lijst"] for code in each["gronden"]} == {
        "zaak-beeindigd"
    }
    for _, _, who, _ in KAARTEN:
        assert api.services.pseudoniem.sleutel(who) not in answer.text


async def test_deelnemer_that_leaves(api: Api) -> None:
    """Without the Arbeidsinspectie, what was asked of it and by it is lost."""
    body = {"op": EINDE, "zonder_deelnemer": {"organisatie": "nla", "zaak": GLAZENWASSERS}}

    told = (await api.post(body)).json()["tellingen"]

    assert told["vragen"]["groepen"]["houdt"] == 0
    assert told["persoonskaarten"]["groepen"]["verliest"] == 0


async def test_reading_is_recorded(api: Api) -> None:
    """The log has who calculated what, and the answer holds the proof of that line."""
    answer = (await api.post(END, who="fg")).json()

    line = api.services.log.entry(answer["bewijs"]["index"])
    assert line.soort is Soort.TOETSING
    assert line.payload == {
        "wat": "effectberekening",
        "gebruiker": "fg",
        "organisatie": "riec-nh",
        "op": EINDE,
        "zaak": GLAZENWASSERS,
    }


async def test_only_the_own_riec_may_ask(api: Api) -> None:
    """An accountmanager of the RIEC and its privacyfunctionaris may; another RIEC sees nothing."""
    told = {who: (await api.post(END, who=who)).status_code for who in PEOPLE}

    assert told == {"am": 200, "fg": 200, "am-elders": 400, "fg-partner": 403, "analist": 403}


BAD: Final[list[tuple[dict[str, Any], list[str]]]] = [
    ({"op": EINDE}, [""]),
    ({**END, "zonder_deelnemer": {"organisatie": "nla"}}, [""]),
    ({"op": "ooit", "beeindig": {"zaak": "a b"}}, ["/beeindig/zaak", "/op"]),
    ({"beeindig": {}, "sterren": 1}, ["/beeindig/zaak", "/op", "/sterren"]),
    ({"op": EINDE, "beeindig": {"zaak": "hhk-niets"}}, ["/beeindig/zaak"]),
    ({"op": EINDE, "zonder_deelnemer": {"organisatie": "ind"}}, ["/zonder_deelnemer/organisatie"]),
    ({"op": EINDE, "regelversie": "sha256:" + "0" * 64}, ["/regelversie"]),
    ({"op": "0001-01-01", "beeindig": {"zaak": GLAZENWASSERS}}, ["/op"]),
    ({"op": "9999-12-31", "beeindig": {"zaak": GLAZENWASSERS}}, ["/op"]),
]


async def test_bad_input_is_told_at_once(api: Api) -> None:
    """Each thing that is wrong is told, with the place where and a sentence."""
    answers = [await api.post(body) for body, _ in BAD]

    assert [answer.status_code for answer in answers] == [400] * len(BAD)
    told = [answer.json()["fouten"] for answer in answers]
    assert [sorted(f["pointer"] for f in each) for each in told] == [where for _, where in BAD]
    assert all(fout["melding"] for each in told for fout in each)


async def test_zaak_that_ended_before_cannot_end(api: Api) -> None:
    """Of a zaak that has ended by then nothing can be calculated: that is a conflict."""
    async with api.services.store.begin() as tx:
        await tx.zaken.end(GLAZENWASSERS, op="2024-02-01")

    assert (await api.post(END)).status_code == 409


async def test_running_version_changes_nothing(api: Api) -> None:
    """Calculated with the rules that are in force already, nothing is lost."""
    digest = await api.services.regels.in_werking()

    told = (await api.post({"op": EINDE, "regelversie": digest}, who="fg")).json()["tellingen"]

    assert {each["groepen"]["verliest"] for each in told.values()} == {0}
    assert told["vragen"]["totaal"] == len(VRAGEN)


async def test_rules_that_nobody_approved_are_not_calculated_with(api: Api) -> None:
    """A version that was only proposed is refused: it may not run in the broker."""
    fresh = with_comment(Regelset.from_folder(default_root()))
    async with api.services.store.begin() as tx:
        await tx.regelversies.insert(fresh.digest, fresh.to_archive())
        await tx.regelversies.add(
            fresh.digest,
            Stap.VOORGESTELD,
            door="beheer-1",
            organisatie="riec-nh",
            op=api.services.clock.now(),
            inhoud={},
        )

    answer = await api.post({"op": EINDE, "regelversie": fresh.digest}, who="fg")

    assert answer.status_code == 400
    assert answer.json()["fouten"][0]["melding"] == "Deze regelversie is niet goedgekeurd."


def with_comment(rules: Regelset) -> Regelset:
    """Return the same rules under another digest."""
    name = "policies/besluit/besluit.rego"
    return Regelset(bestanden={**rules.bestanden, name: rules.bestanden[name] + b"\n# anders\n"})


async def test_log_that_fails_gives_nothing(api: Api) -> None:
    """When the reading cannot be recorded, no count leaves."""
    api.services.log.close()

    answer = await api.post(END)

    assert answer.status_code == 503
    assert "tellingen" not in answer.json()
