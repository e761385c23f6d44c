"""The question of the memo of 1 September 2023: what if the HHK Glazenwassers is not extended?

The memo: Zaandam-Oost is enough for most firms, which have their seat there or house their staff
there; of firms outside it nothing can be exchanged on the convenant any more.

Two facts are not in the published forms and are given here as an accountmanager would: the
glazenwassers get the onderzoekstermijn of Zaandam-Oost (without it every question falls on
`onderzoek-onbekend`), and both zaken an extension, so that their terms cover the chosen date.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from broker.app import OpenServices
from broker.decision.register import default_root
from broker.domain.ports import Identiteit
from broker.seeds import read_zaken
from broker.services.effect import Effecten, Ending, Groep, Soort, Task, calculate
from tests.effect.effect_world import a_vraag, ask, fill, moment, opened

GLAZENWASSERS: Final = "hhk-glazenwassers-2023"
OOST: Final = "hhk-zaandam-oost-2023"
NU: Final = "2024-01-20"
EINDE: Final = "2024-05-01"
SUBJECT: Final = {
    "relatie": "subject",
    "afstand": 0,
    "branches": ["8122"],
    "signalen": ["arbeidsuitbuiting"],
    "onderzoek": {"geopend_op": "2023-04-12", "laatste_feit_op": "2024-01-10"},
}
# Made-up firms, and published test persons of the BRP.
FIRMA_OOST: Final = Identiteit(kvk_nummer="90000010")
FIRMA_BUITEN: Final = Identiteit(kvk_nummer="90000029")
PERSONEEL_OOST: Final = Identiteit(bsn="999993653")
LAPPER_BUITEN: Final = Identiteit(bsn="999992971")
KLAAR: Final = Identiteit(bsn="999995492")


def firm(wijk: str) -> dict[str, Any]:
    """Make a firm with its seat in a wijk."""
    return {**SUBJECT, "soort": "rechtspersoon", "gebieden": [wijk], "band": ["gevestigd"]}


def person(wijk: str) -> dict[str, Any]:
    """Make a person who lives in a wijk."""
    return {**SUBJECT, "soort": "natuurlijk-persoon", "gebieden": [wijk], "band": ["woont"]}


def zaken() -> list[dict[str, Any]]:
    """Return both zaken of the forms, with what an accountmanager adds."""
    added = {"onderzoekstermijn": "P6M", "verlengingen": [{"besluit_op": "2023-12-07"}]}
    seeds = {zaak.id: zaak.dossier for zaak in read_zaken(default_root())}
    return [{**seeds[name], **added} for name in (GLAZENWASSERS, OOST)]


KAARTEN: Final = [
    ("k-firma-oost", GLAZENWASSERS, FIRMA_OOST, firm("WK047913")),
    ("k-firma-buiten", GLAZENWASSERS, FIRMA_BUITEN, firm("WK047904")),
    ("k-personeel-oost", GLAZENWASSERS, PERSONEEL_OOST, person("WK047912")),
    ("k-lapper-buiten", GLAZENWASSERS, LAPPER_BUITEN, person("WK047906")),
    (
        "k-klaar",
        GLAZENWASSERS,
        KLAAR,
        person("WK047912") | {"onderzoek": {"geopend_op": "2023-02-01"}},
    ),
    ("k-alleen-oost", OOST, LAPPER_BUITEN, person("WK047906")),
]
VRAGEN: Final = {
    "firma-oost": ("zaanstad-college", FIRMA_OOST, "nla"),
    "firma-buiten": ("zaanstad-college", FIRMA_BUITEN, "nla"),
    "personeel-oost": ("nla", PERSONEEL_OOST, "politie-nh"),
    "lapper-buiten": ("nla", LAPPER_BUITEN, "zaanstad-college"),
    "burgemeester": ("zaanstad-burgemeester", FIRMA_OOST, "nla"),
    "klaar": ("zaanstad-college", KLAAR, "nla"),
}


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[OpenServices]:
    """Open a store with both zaken, in January 2024."""
    async with opened(tmp_path / "var", NU) as found:
        await fill(found, zaken(), KAARTEN)
        yield found


async def asked(services: OpenServices) -> dict[str, str]:
    """Put the questions of the winter, and return the id of each."""
    ids = {}
    for name, (wie, who, bron) in VRAGEN.items():
        found, _ = await ask(services, wie, a_vraag(who, wie, bron, GLAZENWASSERS))
        ids[found] = name
    return ids


async def ended(services: OpenServices) -> Effecten:
    """Calculate the end of the glazenwassers."""
    task = Task(
        change=Ending(op=EINDE, zaak=GLAZENWASSERS),
        nu=moment("2024-01-21"),
        wanted=lambda _: True,
    )
    return await calculate(services.store, await services.regels.now(), task)


async def test_zaandam_oost_carries_on_what_lies_in_it(services: OpenServices) -> None:
    """Of the questions, those on who sits in Zaandam-Oost go on there; the others are lost."""
    names = await asked(services)

    found = await ended(services)

    told = {
        names[effect.id]: (effect.groep, effect.via)
        for effect in found.lijst
        if effect.soort is Soort.VRAAG
    }
    assert told == {
        "firma-oost": (Groep.ELDERS, OOST),
        "personeel-oost": (Groep.ELDERS, OOST),
        "firma-buiten": (Groep.VERLIEST, None),
        "lapper-buiten": (Groep.VERLIEST, None),
        # The form of Zaandam-Oost does not name the burgemeester as a deelnemer.
        "burgemeester": (Groep.VERLIEST, None),
        "klaar": (Groep.HAD_AL_GEEN, None),
    }


async def test_persoonskaarten_go_the_same_way(services: OpenServices) -> None:
    """The kaarten of who sits in Zaandam-Oost can go there; those outside lose their basis."""
    found = await ended(services)

    told = {effect.id: (effect.groep, effect.via) for effect in found.lijst}
    assert told == {
        "k-firma-oost": (Groep.ELDERS, OOST),
        "k-personeel-oost": (Groep.ELDERS, OOST),
        "k-firma-buiten": (Groep.VERLIEST, None),
        "k-lapper-buiten": (Groep.VERLIEST, None),
        "k-klaar": (Groep.HAD_AL_GEEN, None),
    }


async def test_counts_say_who_and_where(services: OpenServices) -> None:
    """The counts tell per partner, area and branch what is lost and what Zaandam-Oost carries."""
    await asked(services)

    told = (await ended(services)).view()["vraag"]

    assert told["totaal"] == 6
    assert told["via"] == {OOST: 2}
    assert told["groepen"] == {
        "houdt": 0,
        "houdt-via-andere-zaak": 2,
        "verliest": 3,
        "had-al-geen": 1,
    }
    assert told["per_partner"]["zaanstad-burgemeester"]["verliest"] == 1
    assert told["per_gebied"]["WK047904"]["verliest"] == 1
    assert told["per_gebied"]["WK047913"]["houdt-via-andere-zaak"] == 1
    assert told["per_branche"] == {"8122": told["groepen"]}


async def test_reason_of_the_loss_is_told(services: OpenServices) -> None:
    """What is lost says that the zaak has ended."""
    await asked(services)

    found = await ended(services)

    gronden = {e.gronden for e in found.lijst if e.groep is Groep.VERLIEST}
    assert gronden == {("zaak-beeindigd",)}
