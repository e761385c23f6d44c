"""The what-if is exact: equal to making the change in a copy of the store and asking all again.

The naive side knows nothing of the what-if: it changes a copy with the ordinary stores, opens the
kaarten that the other zaken lack, and puts every question anew through the ordinary doors.
"""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.app import OpenServices
from broker.decision.decide import Decider
from broker.decision.regelset import Regelset
from broker.decision.register import default_root
from broker.domain import invoer
from broker.domain.kalender import in_force, instant
from broker.domain.ports import Identiteit
from broker.domain.regelversie import Stap
from broker.services.effect import (
    Change,
    Effect,
    Ending,
    Groep,
    Leaving,
    OtherRules,
    Soort,
    Task,
    calculate,
)
from broker.services.vraag import Vraag
from tests.effect.effect_world import (
    PARTNERS,
    Asked,
    a_vraag,
    ask,
    copied,
    fill,
    moment,
    opened,
)

NU: Final = "2024-01-20"
PEOPLE: Final = (
    Identiteit(kvk_nummer="90000010"),
    Identiteit(kvk_nummer="90000029"),
    Identiteit(bsn="999993653"),
    Identiteit(bsn="999992971"),
)
WIJKEN: Final = ("WK047913", "WK047904", "WK036301")
VERSCHIJNSELEN: Final = ("mensenhandel", "witwassen", "drugs")
CATEGORIES: Final = (
    ["identificatie", "toezicht-handhaving"],
    ["politiegegevens-8-13", "identificatie"],
    ["fiscaal"],
    ["kadastraal", "sterrenbeeld"],
)
SOORTEN: Final = ("bevoegd-gezag", "wpg-20-besluit", "convenant-verzoek", "leverancier")
Groups = dict[str, tuple[Groep, str | None]]
Kaart = tuple[str, str, Identiteit, dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class World:
    """What stands in the store at the beginning."""

    zaken: list[dict[str, Any]]
    kaarten: list[Kaart]
    instemmingen: list[dict[str, Any]]
    vragen: list[tuple[str, Vraag]]
    change: Change


def other_rules() -> Regelset:
    """Return rules under which the convenant ended earlier."""
    files = dict(Regelset.from_folder(default_root()).bestanden)
    name = "grondslagen/samenwerking/riec-convenant/open.yaml"
    text = files[name].decode()
    assert "geldig_tot: 2025-03-01" in text
    files[name] = text.replace("geldig_tot: 2025-03-01", "geldig_tot: 2024-03-01").encode()
    return Regelset(bestanden=files)


def mostly(chance: random.Random, good: Any, *other: Any) -> Any:  # noqa: ANN401 - any fact
    """Choose a good fact three times in four, so that much is lawful and nothing always is."""
    return good if chance.random() < 0.75 else chance.choice(other)


def a_zaak(chance: random.Random, number: int) -> dict[str, Any]:
    """Make a zaak that mostly runs on the day of the change."""
    return {
        "id": f"hhk-{number}",
        "soort": "hhk",
        "riec": "noord-holland",
        "status": mostly(chance, "vastgesteld", "vastgesteld", "voorgesteld"),
        "vastgesteld_op": mostly(chance, "2023-06-01", "2022-12-15", "2023-02-28"),
        "looptijd": {"duur": "P1Y", "verlengingen_max": 2, "totaal_max": "P3Y"},
        "verlengingen": mostly(chance, [{"besluit_op": "2023-12-07"}], []),
        "verschijnselen": chance.sample(VERSCHIJNSELEN, chance.randint(2, 3)),
        "onderzoekstermijn": mostly(chance, "P6M", "P6M", None),
        "max_betrokkenen": 10,
        "deelnemers": [
            {
                "organisatie": name,
                "deelnemer": PARTNERS[name],
                "rol": mostly(chance, "kern", "overig", "agendalid"),
                "tot": mostly(chance, None, None, "2024-04-01"),
            }
            for name in chance.sample(sorted(PARTNERS), chance.randint(4, 6))
        ],
        "reikwijdte": {
            "gebieden": mostly(chance, ["GM0479"], ["WK047913"], []),
            "branches": mostly(chance, [], ["8122"]),
            "signalen": [],
        },
    }


def a_subject(chance: random.Random, who: Identiteit) -> dict[str, Any]:
    """Make what a kaart knows of somebody."""
    firm = who.kvk_nummer is not None
    return {
        "soort": "rechtspersoon" if firm else "natuurlijk-persoon",
        "relatie": "subject",
        "afstand": 0,
        "gebieden": [mostly(chance, "WK047913", *WIJKEN)],
        "band": ["gevestigd" if firm else "woont"],
        "branches": [mostly(chance, "8122", "5610")],
        "signalen": ["fraude"],
        "onderzoek": mostly(
            chance,
            {"geopend_op": "2023-06-01", "laatste_feit_op": "2024-01-10"},
            {"geopend_op": "2023-12-01"},
            {"geopend_op": "2023-06-01"},
            {"geopend_op": "2023-12-01", "beeindigd_op": "2024-02-01"},
        ),
    }


def a_world(seed: int) -> World:
    """Make a store from a number."""
    chance = random.Random(seed)
    zaken = [a_zaak(chance, number) for number in range(chance.randint(2, 4))]
    names = [zaak["id"] for zaak in zaken]
    kaarten = [
        (f"k-{number}-{zaak}", zaak, who, a_subject(chance, who))
        for zaak in names
        for number, who in enumerate(PEOPLE)
        if chance.random() < 0.6 or (number, zaak) == (0, "hhk-0")
    ]
    instemmingen = [
        {
            "id": f"i-{number}",
            "soort": chance.choice(SOORTEN),
            "organisatie": chance.choice(sorted(PARTNERS)),
            "door": "ovj-9",
            "op": "2023-12-01",
            "tot": chance.choice([None, "2024-04-15"]),
            "zaak": chance.choice(names),
        }
        for number in range(3)
    ]
    vragen = [a_question(chance, zaken, kaarten) for _ in range(6)]
    return World(
        zaken=zaken,
        kaarten=kaarten,
        instemmingen=instemmingen,
        vragen=vragen,
        change=_a_change(chance, zaken, kaarten),
    )


def a_question(
    chance: random.Random, zaken: list[dict[str, Any]], kaarten: list[Kaart]
) -> tuple[str, Vraag]:
    """Make a question, mostly on somebody with a kaart and between partners of the zaak."""
    named, who = mostly(chance, chance.choice(kaarten)[1:3], (zaken[0]["id"], PEOPLE[0]))
    zaak = next(each for each in zaken if each["id"] == named)
    places = [place["organisatie"] for place in zaak["deelnemers"]]
    wie, bron = mostly(chance, chance.sample(places, 2), chance.sample(sorted(PARTNERS), 2))
    return wie, a_vraag(
        who,
        wie,
        bron,
        named,
        categorieen=mostly(chance, *CATEGORIES),
        soort=mostly(chance, "bevraging", "treffer-geen-treffer"),
        verschijnsel=mostly(chance, zaak["verschijnselen"][0], *VERSCHIJNSELEN),
    )


def _a_change(chance: random.Random, zaken: list[dict[str, Any]], kaarten: list[Kaart]) -> Change:
    op = chance.choice(["2024-02-15", "2024-03-20", "2024-05-01"])
    zaak = chance.choice(kaarten)[1]
    named = next(each for each in zaken if each["id"] == zaak)
    kind = chance.randrange(6)
    staying = [d["organisatie"] for d in named["deelnemers"] if d["tot"] != "2024-04-01"]
    if kind == 0 and staying:
        return Leaving(op=op, organisatie=chance.choice(staying), zaak=zaak)
    if kind == 1 and staying:
        return Leaving(op=op, organisatie=chance.choice(staying))
    if kind == 2:
        return OtherRules(op=op, rules=Decider.load(other_rules()))
    return Ending(op=op, zaak=zaak)


async def make(services: OpenServices, change: Change) -> list[str]:
    """Make the change in this store by the ordinary ways, and return the zaken it touches."""
    async with services.store.begin() as tx:
        brief = await tx.zaken.list(limit=200)
        zaken = [await tx.zaken.get(zaak["id"]) for zaak in brief]
        if isinstance(change, Ending):
            await tx.zaken.end(change.zaak, op=change.op)
            return [change.zaak]
        if isinstance(change, Leaving):
            places = [
                (zaak["id"], place["deelnemer"])
                for zaak in zaken
                for place in zaak["deelnemers"]
                if change.zaak in (None, zaak["id"])
                and place["organisatie"] == change.organisatie
                and instant(place.get("tot", "9999-01-01")) > instant(change.op)
            ]
            for zaak, deelnemer in places:
                await tx.zaken.end_deelnemer(
                    zaak, organisatie=change.organisatie, deelnemer=deelnemer, tot=change.op
                )
            return [zaak for zaak, _ in places]
        rules = other_rules()
        await tx.regelversies.insert(rules.digest, rules.to_archive())
        await tx.regelversies.add(
            rules.digest,
            Stap.IN_WERKING,
            door=None,
            organisatie=None,
            op=moment(change.op),
            inhoud={},
        )
        return [zaak["id"] for zaak in zaken]


async def open_elsewhere(services: OpenServices, world: World, own: str) -> None:
    """Open the kaarten of a zaak in every other zaak that has none of the same subject."""
    there = {(zaak, who) for _, zaak, who, _ in world.kaarten}
    async with services.store.begin() as tx:
        for kaart, zaak, who, facts in world.kaarten:
            missing = [z["id"] for z in world.zaken if (z["id"], who) not in there]
            for other in missing if zaak == own else ():
                sleutel = services.pseudoniem.sleutel(who)
                await tx.persoonskaarten.open(
                    kaart=f"{kaart}-{other}", zaak=other, betrokkene={**facts, "sleutel": sleutel}
                )


async def elsewhere(
    services: OpenServices, world: World, asked: Asked, needed: frozenset[str]
) -> str | None:
    """Put the question in each other zaak, for each verschijnsel; return the first that serves."""
    for zaak in sorted(world.zaken, key=lambda each: str(each["id"])):
        if zaak["id"] == asked.vraag.zaak or not await is_open(services, zaak["id"]):
            continue
        for verschijnsel in zaak["verschijnselen"]:
            verzoek = {**asked.vraag.verzoek, "verschijnsel": verschijnsel}
            moved = replace(asked.vraag, zaak=zaak["id"], verzoek=verzoek)
            _, carried = await ask(services, asked.wie, moved)
            if needed <= carried:
                return str(zaak["id"])
    return None


async def is_open(services: OpenServices, zaak: str) -> bool:
    """Tell whether the rules have nothing against this zaak itself, on some basis."""
    return not await against(services, zaak, None)


async def against(
    services: OpenServices, zaak: str, betrokkene: Mapping[str, Any] | None
) -> set[str]:
    """Return what the rules have against a subject in a zaak, on the basis with the least."""
    decider = await services.regels.now()
    async with services.store.read() as tx:
        facts = await tx.dossierfeiten(gebruiker="g-nla", zaak=zaak, sleutel=None)
    told = []
    for basis in ("riec-convenant", "wgs-riec", "wgs-zvh"):
        dossier = {
            "versie": 1,
            "deur": "verzoek",
            "moment": services.clock.now().isoformat(),
            "grondslag": basis,
            "verzoek": {"activiteit": "hhk"},
            "zaak": facts.zaak,
            "betrokkene": betrokkene,
        }
        besluit = decider.decide(invoer.parse(dossier))
        starts = ("/grondslag", "/verzoek/activiteit", "/zaak", "/betrokkene")
        told.append(
            {
                g.code
                for g in besluit.weigeringsgronden
                if g.feit.startswith(starts[: 3 if betrokkene is None else 4])
                and g.feit != "/zaak/deelnemers"
            }
        )
    return min(told, key=len)


async def naive(folder: Path, world: World, asked: list[Asked]) -> Groups:
    """Return the group of each question and kaart, by asking all of it again in copies."""
    op = world.change.op
    async with copied(folder, "zonder", op) as services:
        was = {each.besluit: (await ask(services, each.wie, each.vraag))[1] for each in asked}
        had = {k: not await against(services, zaak, who) for k, zaak, who in subjects(world)}
    found: Groups = {}
    async with copied(folder, "met", op) as services:
        touched = await make(services, world.change)
        for kaart, zaak, facts in open_kaarten(world, touched):
            found[kaart] = await naive_kaart(services, world, (zaak, facts), had=had[kaart])
        now = {each.besluit: (await ask(services, each.wie, each.vraag))[1] for each in asked}
    lost = []
    for each in (each for each in asked if each.vraag.zaak in touched):
        needed = was[each.besluit]
        found[each.besluit] = (Groep.HOUDT if needed else Groep.HAD_AL_GEEN, None)
        lost += [] if needed <= now[each.besluit] else [each]
    for own in sorted({str(each.vraag.zaak) for each in lost}):
        # Apart for each zaak, as the kaart that goes along is that of the zaak.
        async with copied(folder, f"elders-{own}", op) as services:
            await make(services, world.change)
            await open_elsewhere(services, world, own)
            for each in (each for each in lost if each.vraag.zaak == own):
                via = await elsewhere(services, world, each, was[each.besluit])
                found[each.besluit] = (Groep.ELDERS if via else Groep.VERLIEST, via)
    return found


def subjects(world: World) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the id, the zaak and the facts of each kaart."""
    return [(kaart, zaak, facts) for kaart, zaak, _, facts in world.kaarten]


def open_kaarten(world: World, touched: list[str]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the kaarten of these zaken whose research is open on the day of the change."""
    op = instant(world.change.op)
    return [
        (kaart, zaak, facts)
        for kaart, zaak, facts in subjects(world)
        if zaak in touched
        and in_force(facts["onderzoek"]["geopend_op"], facts["onderzoek"].get("beeindigd_op"), op)
    ]


async def naive_kaart(
    services: OpenServices, world: World, kaart: tuple[str, dict[str, Any]], *, had: bool
) -> tuple[Groep, str | None]:
    """Return the group of one kaart."""
    zaak, facts = kaart
    if not had:
        return Groep.HAD_AL_GEEN, None
    if not await against(services, zaak, facts):
        return Groep.HOUDT, None
    who = next(w for _, z, w, f in world.kaarten if z == zaak and f is facts)
    for other in sorted(str(each["id"]) for each in world.zaken):
        own = [f for _, z, w, f in world.kaarten if z == other and w == who]
        if other != zaak and not await against(services, other, own[0] if own else facts):
            return Groep.ELDERS, other
    return Groep.VERLIEST, None


async def compared(seed: int, folder: Path) -> tuple[Groups, Groups]:
    """Return the groups by the what-if and by the naive way."""
    world = a_world(seed)
    async with opened(folder, NU) as services:
        await fill(services, world.zaken, world.kaarten)
        async with services.store.begin() as tx:
            for instemming in world.instemmingen:
                await tx.instemmingen.give(instemming)
        asked = []
        for wie, vraag in world.vragen:
            besluit, _ = await ask(services, wie, vraag)
            asked.append(Asked(besluit=besluit, wie=wie, vraag=vraag, kaart=None))
        task = Task(change=world.change, nu=moment("2024-01-21"), wanted=_compared_soorten)
        found = await calculate(services.store, await services.regels.now(), task)
    ours = {effect.id: (effect.groep, effect.via) for effect in found.lijst}
    return ours, await naive(folder, world, asked)


def _compared_soorten(effect: Effect) -> bool:
    return effect.soort in {Soort.VRAAG, Soort.PERSOONSKAART}


@settings(max_examples=8)
@given(seed=st.integers(min_value=0, max_value=10_000))
def test_what_if_equals_asking_everything_again(seed: int) -> None:
    """For any store and any change, each group and other zaak is that of the naive way."""
    with TemporaryDirectory() as name:
        ours, theirs = asyncio.run(compared(seed, Path(name) / "var"))

    assert ours == theirs
