"""What counts as running, as an agreement and as a question of the year; and the snapshot."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from broker.app import OpenServices
from broker.domain.ports import Identiteit
from broker.services.effect import (
    Change,
    Effect,
    Ending,
    Groep,
    Leaving,
    Soort,
    Task,
    calculate,
)
from broker.store.snapshot import Given
from tests.effect.effect_world import a_vraag, ask, fill, moment, opened
from tests.effect.test_effect_memo import (
    EINDE,
    FIRMA_BUITEN,
    FIRMA_OOST,
    GLAZENWASSERS,
    KAARTEN,
    NU,
    OOST,
    zaken,
)

END = Ending(op=EINDE, zaak=GLAZENWASSERS)


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[OpenServices]:
    """Open a store with both zaken of 2023, in January 2024."""
    async with opened(tmp_path / "var", NU) as found:
        await fill(found, zaken(), KAARTEN)
        yield found


async def effects(
    services: OpenServices, soort: Soort, change: Change = END, nu: str = "2024-01-21"
) -> dict[str, Effect]:
    """Calculate, and return the effects of one soort by id."""
    task = Task(change=change, nu=moment(nu), wanted=lambda effect: effect.soort is soort)
    found = await calculate(services.store, await services.regels.now(), task)
    return {effect.id: effect for effect in found.lijst}


async def put(services: OpenServices, who: Identiteit, bron: str, **changes: Any) -> str:  # noqa: ANN401
    """Let the college ask, and return the id of the besluit."""
    vraag = a_vraag(who, "zaanstad-college", bron, GLAZENWASSERS, **changes)
    return (await ask(services, "zaanstad-college", vraag))[0]


async def give(services: OpenServices, name: str, **changes: Any) -> None:  # noqa: ANN401
    """Record an instemming in the zaak of the glazenwassers."""
    facts = {
        "id": name,
        "soort": "wpg-20-besluit",
        "organisatie": "politie-nh",
        "door": "ovj-9",
        "op": "2023-12-01",
        "zaak": GLAZENWASSERS,
        **changes,
    }
    async with services.store.begin() as tx:
        await tx.instemmingen.give(facts)


async def test_question_that_waits_is_running(services: OpenServices) -> None:
    """Police data wait for the article 20 decision: that verzoek runs, an answered one does not."""
    waits = await put(services, FIRMA_OOST, "politie-nh", categorieen=["politiegegevens-8-13"])
    await put(services, FIRMA_OOST, "nla")

    found = await effects(services, Soort.LOPEND_VERZOEK)

    assert {name: (e.groep, e.via) for name, e in found.items()} == {waits: (Groep.ELDERS, OOST)}


async def test_question_that_waited_long_ago_does_not_run(services: OpenServices) -> None:
    """After 30 days a question that waits is a question of the year, and runs no more."""
    waits = await put(services, FIRMA_OOST, "politie-nh", categorieen=["politiegegevens-8-13"])

    assert await effects(services, Soort.LOPEND_VERZOEK, nu="2024-03-01") == {}
    assert list(await effects(services, Soort.VRAAG, nu="2024-03-01")) == [waits]


async def test_questions_are_of_the_year_before(services: OpenServices) -> None:
    """A question of more than a year before is not counted, nor one put after the moment."""
    asked = await put(services, FIRMA_OOST, "nla")

    late = Ending(op="2025-01-20", zaak=OOST)
    past = Ending(op="2024-01-19", zaak=GLAZENWASSERS)
    assert list(await effects(services, Soort.VRAAG)) == [asked]
    assert await effects(services, Soort.VRAAG, late, nu="2025-01-22") == {}
    assert await effects(services, Soort.VRAAG, past) == {}


async def test_instemming_ends_with_its_zaak(services: OpenServices) -> None:
    """An instemming is bound to its zaak: no other zaak carries it, whoever it is about."""
    buiten, oost = (services.pseudoniem.sleutel(who) for who in (FIRMA_BUITEN, FIRMA_OOST))
    await give(services, "i-zaak")
    await give(services, "i-oost", sleutel=oost)
    await give(services, "i-buiten", sleutel=buiten)
    await give(services, "i-onbekend", sleutel="p-" + "a" * 52)
    await give(services, "i-verlopen", tot="2024-04-01")
    await give(services, "i-elders", zaak=OOST)

    found = await effects(services, Soort.INSTEMMING)

    assert {name: e.groep for name, e in found.items()} == {
        "i-zaak": Groep.VERLIEST,
        "i-oost": Groep.VERLIEST,
        "i-buiten": Groep.VERLIEST,
        "i-onbekend": Groep.HAD_AL_GEEN,
    }
    assert {e.partner for e in found.values()} == {"politie-nh"}


async def test_instemming_of_who_leaves_is_lost(services: OpenServices) -> None:
    """When the police leave, what they gave loses its basis, and what others gave does not."""
    await give(services, "i-politie")
    await give(services, "i-om", organisatie="om-nh")
    leaving = Leaving(op=EINDE, organisatie="politie-nh")

    found = await effects(services, Soort.INSTEMMING, leaving)

    assert {name: e.groep for name, e in found.items()} == {
        "i-politie": Groep.VERLIEST,
        "i-om": Groep.HOUDT,
    }


async def test_other_zaak_without_the_instemming_waits(services: OpenServices) -> None:
    """What was granted on an instemming of its zaak waits for a new one in the other zaak."""
    await give(services, "i-zaak")
    asked = await put(services, FIRMA_OOST, "politie-nh", categorieen=["politiegegevens-8-13"])

    found = (await effects(services, Soort.VRAAG))[asked]

    assert (found.groep, found.via, found.wacht) == (Groep.ELDERS, OOST, True)


async def test_counts_equal_the_list(services: OpenServices) -> None:
    """Each soort counts exactly what its list holds."""
    await put(services, FIRMA_OOST, "nla")
    await put(services, FIRMA_BUITEN, "nla")
    await give(services, "i-zaak")
    task = Task(change=END, nu=moment("2024-01-21"), wanted=lambda _: True)

    found = await calculate(services.store, await services.regels.now(), task)

    listed = {soort: sum(e.soort is soort for e in found.lijst) for soort in Soort}
    assert {soort: found.tellingen[soort].view()["totaal"] for soort in Soort} == listed
    assert listed[Soort.VRAAG] == 2


async def test_snapshot_gives_the_facts_of_the_store(services: OpenServices) -> None:
    """Of everybody, each zaak and each subject the snapshot has the very facts of the hot read."""
    oost = services.pseudoniem.sleutel(FIRMA_OOST)
    await give(services, "i-zaak")
    await give(services, "i-oost", sleutel=oost, ingetrokken_op="2024-02-01", tot="2024-03-01")
    await give(services, "i-los", sleutel=oost, zaak=None, vrager="nla")
    sleutels = [oost, services.pseudoniem.sleutel(FIRMA_BUITEN), "p-" + "a" * 52, None]
    asked: list[dict[str, Any]] = [
        {"gebruiker": who, "zaak": zaak, "sleutel": sleutel}
        for who in ("g-nla", "g-om-nh")
        for zaak in (GLAZENWASSERS, OOST, "hhk-niets", None)
        for sleutel in sleutels
    ]
    async with services.store.read() as tx:
        snapshot = await tx.snapshot()
        expected = [await tx.dossierfeiten(**each) for each in asked]

    assert [snapshot.dossierfeiten(**each) for each in asked] == expected
    assert any(facts.instemmingen for facts in expected)


def test_instemming_without_anything_is_for_nobody() -> None:
    """Outside a zaak an instemming without a subject fits no question, as in the store."""
    given = Given(id="i-1", sleutel=None, vrager=None, instemming={})

    assert not given.fits(None, None, None)
    assert given.fits("hhk-1", None, None)
