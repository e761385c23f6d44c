"""The what-if is exact: equal to making the change in a copy of the store and asking all again.

The naive side knows nothing of the what-if: it changes a copy with the ordinary stores, opens the
kaarten that the other zaken lack, and puts every question anew through the ordinary doors. It tells
of each question, running verzoek, kaart and instemming all that the what-if tells, and counts them
itself.
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.app import OpenServices
from broker.domain import invoer
from broker.domain.kalender import in_force, instant
from broker.domain.ports import Identiteit
from broker.domain.regelversie import Stap
from broker.services.effect import Change, Ending, Groep, Leaving, Soort, Task, calculate
from broker.services.vraag import Vraag
from tests.effect.effect_world import Decided, Stopped, copied, fill, moment, opened, put
from tests.effect.made_world import MOMENTS, PEIL, World, a_world, other_rules

BASES = ("riec-convenant", "wgs-riec", "wgs-zvh")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question as it was put, and what became of it then."""

    wie: str
    vraag: Vraag
    was: Decided
    runs: bool
    """At the moment of the what-if it waits or is on its way."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """All that is told of one thing."""

    groep: Groep
    via: str | None = None
    wacht: bool = False
    categorieen: Sequence[str] = ()
    gronden: frozenset[str] = frozenset()
    partner: str | None = None
    gebieden: Sequence[str] = ()
    branches: Sequence[str] = ()


Things = dict[tuple[Soort, str], Told]


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
) -> tuple[str, Decided] | None:
    """Put the question in each other zaak, for each verschijnsel; return the first that serves."""
    for zaak in sorted(world.zaken, key=lambda each: str(each["id"])):
        if zaak["id"] == asked.vraag.zaak or await against(services, zaak["id"], None):
            continue
        for verschijnsel in zaak["verschijnselen"]:
            verzoek = {**asked.vraag.verzoek, "verschijnsel": verschijnsel}
            moved = replace(asked.vraag, zaak=zaak["id"], verzoek=verzoek)
            found = await put(services, asked.wie, moved)
            if needed <= found.carried:
                return str(zaak["id"]), found
    return None


async def grounds(
    services: OpenServices, zaak: str, betrokkene: Mapping[str, Any] | None
) -> dict[str, frozenset[str]]:
    """Return what the rules have against a subject in a zaak, for each basis."""
    decider = await services.regels.now()
    async with services.store.read() as tx:
        facts = await tx.dossierfeiten(gebruiker="g-nla", zaak=zaak, sleutel=None)
    told = {}
    for basis in BASES:
        dossier = {
            "versie": 1,
            "deur": "verzoek",
            "moment": services.clock.now().isoformat(),
            "grondslag": basis,
            "verzoek": {"soort": "bevraging", "activiteit": "hhk"},
            "zaak": facts.zaak,
            "betrokkene": betrokkene,
        }
        besluit = decider.decide(invoer.parse(dossier))
        starts = ("/grondslag", "/verzoek/activiteit", "/zaak", "/betrokkene")
        told[basis] = frozenset(
            g.code
            for g in besluit.weigeringsgronden
            if g.feit.startswith(starts[: 3 if betrokkene is None else 4])
            and g.feit != "/zaak/deelnemers"
        )
    return told


async def against(
    services: OpenServices, zaak: str, betrokkene: Mapping[str, Any] | None
) -> frozenset[str]:
    """Return what the rules have against it on the basis with the least."""
    return min((await grounds(services, zaak, betrokkene)).values(), key=len)


@dataclass(kw_only=True)
class Naive:
    """The brute force: everything is asked again, in copies without and with the change."""

    folder: Path
    world: World
    asked: list[Asked]
    things: Things = field(default_factory=dict)

    async def work(self) -> Things:
        """Return what is told of each thing."""
        op = self.world.change.op
        async with (
            copied(self.folder, "zonder", op) as before,
            copied(self.folder, "met", op) as after,
        ):
            touched = await make(after, self.world.change)
            for kaart, zaak, who, facts in self.world.kaarten:
                if zaak in touched and self.open(facts["onderzoek"]):
                    told = await self.kaart(before, after, zaak, who)
                    self.things[Soort.PERSOONSKAART, kaart] = told
            for given_, subject in self.world.instemmingen:
                ends = (given_["tot"], given_["ingetrokken_op"])
                counts = all(in_force(given_["op"], end, instant(op)) for end in ends)
                if given_["zaak"] in touched and counts:
                    told = await self.instemming(before, after, given_, subject)
                    self.things[Soort.INSTEMMING, given_["id"]] = told
            lost = [
                (each, was)
                for each in self.asked
                if each.vraag.zaak in touched
                and (was := await self.question(before, after, each)) is not None
            ]
        for zaak in sorted({str(each.vraag.zaak) for each, _ in lost}):
            # Apart for each zaak, as the kaart that goes along is that of the zaak.
            async with copied(self.folder, f"elders-{zaak}", op) as services:
                await make(services, self.world.change)
                await open_elsewhere(services, self.world, zaak)
                for each, was in lost:
                    if each.vraag.zaak == zaak:
                        await self.moved(services, each, was)
        return self.things

    def tell(self, each: Asked, told: Told) -> None:
        """Tell of a question, and of the same as a running verzoek."""
        for soort in (Soort.VRAAG, Soort.LOPEND_VERZOEK)[: 1 + each.runs]:
            self.things[soort, each.was.besluit] = told

    def open(self, onderzoek: Mapping[str, Any]) -> bool:
        """Tell whether research is open on the day of the change."""
        op = instant(self.world.change.op)
        return in_force(onderzoek["geopend_op"], onderzoek.get("beeindigd_op"), op)

    def facts(self, zaak: str, who: Identiteit | None) -> dict[str, Any] | None:
        """Return what the kaart of a subject in a zaak holds."""
        found = [facts for _, z, w, facts in self.world.kaarten if (z, w) == (zaak, who)]
        return found[0] if found else None

    def where(self, zaak: str, who: Identiteit | None) -> dict[str, Any]:
        """Return the areas and branches of a subject in a zaak."""
        facts = self.facts(zaak, who) or {}
        return {name: tuple(facts.get(name, ())) for name in ("gebieden", "branches")}

    async def kaart(
        self, before: OpenServices, after: OpenServices, zaak: str, who: Identiteit
    ) -> Told:
        """Return what is told of one kaart."""
        facts = self.facts(zaak, who) or {}
        had, has = await grounds(before, zaak, facts), await grounds(after, zaak, facts)
        told = Told(groep=Groep.HAD_AL_GEEN, **self.where(zaak, who))
        if all(had.values()):
            return told
        if not all(has.values()):
            return replace(told, groep=Groep.HOUDT)
        told = replace(told, groep=Groep.VERLIEST, gronden=fallen(had, has))
        for other in sorted(str(each["id"]) for each in self.world.zaken):
            there = self.facts(other, who) or facts
            if other != zaak and not await against(after, other, there):
                return replace(told, groep=Groep.ELDERS, via=other)
        return told

    async def instemming(
        self,
        before: OpenServices,
        after: OpenServices,
        given_: Mapping[str, Any],
        who: Identiteit | None,
    ) -> Told:
        """Return what is told of one instemming, which no other zaak can carry."""
        zaak, giver = given_["zaak"], given_["organisatie"]
        subject = None if who is None else self.facts(zaak, who) or {}
        had, has = await grounds(before, zaak, subject), await grounds(after, zaak, subject)
        told = Told(groep=Groep.HAD_AL_GEEN, partner=giver, **self.where(zaak, who))
        if all(had.values()):
            return told
        if all(has.values()):
            return replace(told, groep=Groep.VERLIEST, gronden=fallen(had, has))
        left = await takes_part(before, zaak, giver) and not await takes_part(after, zaak, giver)
        return replace(told, groep=Groep.VERLIEST if left else Groep.HOUDT)

    async def question(
        self, before: OpenServices, after: OpenServices, each: Asked
    ) -> Decided | None:
        """Tell of one question; return what it was when it lost something."""
        was = await put(before, each.wie, each.vraag)
        now = await put(after, each.wie, each.vraag)
        where = self.where(str(each.vraag.zaak), each.vraag.betrokkene)
        told = Told(groep=Groep.HAD_AL_GEEN, partner=each.wie, **where)
        if lost := was.carried - now.carried:
            told = replace(
                told,
                groep=Groep.VERLIEST,
                categorieen=tuple(sorted(lost)),
                gronden=now.codes - was.codes,
            )
        elif was.carried:
            told = replace(told, groep=Groep.HOUDT, wacht=not was.granted <= now.granted)
        self.tell(each, told)
        return was if lost else None

    async def moved(self, services: OpenServices, each: Asked, was: Decided) -> None:
        """Tell of a question that lost something whether another zaak carries it."""
        found = await elsewhere(services, self.world, each, was.carried)
        if found is not None:
            via, there = found
            told = self.things[Soort.VRAAG, each.was.besluit]
            waits = not was.granted <= there.granted
            self.tell(each, replace(told, groep=Groep.ELDERS, via=via, wacht=waits))


def fallen(had: Mapping[str, frozenset[str]], has: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return what stands in the way now on a basis that had nothing in its way."""
    return frozenset().union(*(has[basis] for basis in BASES if not had[basis]))


async def takes_part(services: OpenServices, zaak: str, organisatie: str) -> bool:
    """Tell whether an organisatie has a place in the zaak on the day of the change."""
    now = instant(services.clock.now().isoformat())
    async with services.store.read() as tx:
        places = (await tx.zaken.get(zaak))["deelnemers"]
    return any(
        place["organisatie"] == organisatie and in_force(place.get("vanaf"), place.get("tot"), now)
        for place in places
    )


async def runs(services: OpenServices, verzoek: str) -> bool:
    """Tell whether a verzoek waits or is on its way, from its last besluit."""
    async with services.store.read() as tx:
        last = (await tx.besluiten.list(verzoek))[-1]
    age = moment(PEIL) - last["moment"]
    if age > dt.timedelta(days=30):
        return False
    waits = bool(orjson.loads(last["besluit"])["vereiste_instemmingen"])
    unanswered = last["deur"] == "verzoek" and last["uitkomst"] != "geweigerd"
    return waits or (unanswered and age < dt.timedelta(minutes=5))


def counted(things: Things) -> dict[str, Any]:
    """Count the things, as the what-if should."""
    view = {}
    for soort in Soort:
        told = [each for (kind, _), each in things.items() if kind is soort]
        view[soort.value] = {
            "totaal": len(told),
            "groepen": groups(told),
            "wacht_op_instemming": len([each for each in told if each.wacht]),
            "via": {
                zaak: len([each for each in told if each.via == zaak])
                for zaak in {each.via for each in told if each.via}
            },
            "per_partner": per(told, lambda each: [each.partner] if each.partner else []),
            "per_gebied": per(told, lambda each: each.gebieden),
            "per_branche": per(told, lambda each: each.branches),
        }
    return view


def per(told: list[Told], names: Callable[[Told], Sequence[str]]) -> dict[str, dict[str, int]]:
    """Count for each name the things that it belongs to."""
    known = {name for each in told for name in names(each)}
    return {name: groups([each for each in told if name in names(each)]) for name in known}


def groups(told: list[Told]) -> dict[str, int]:
    """Count the things of each group."""
    return {groep.value: len([e for e in told if e.groep is groep]) for groep in Groep}


async def compared(seed: int, folder: Path) -> tuple[Things, Things, Any, Any]:
    """Return what the what-if and the naive way tell, and what each counts."""
    world = a_world(seed)
    asked = []
    async with opened(folder, MOMENTS[0]) as services:
        await fill(services, world.zaken, world.kaarten)
        async with services.store.begin() as tx:
            for facts, who in world.instemmingen:
                sleutel = None if who is None else services.pseudoniem.sleutel(who)
                await tx.instemmingen.give({**facts, "sleutel": sleutel})
        clock = services.clock
        assert isinstance(clock, Stopped)
        for op, wie, vraag in world.vragen:
            clock.moment = moment(op)
            was = await put(services, wie, vraag)
            running = await runs(services, was.verzoek)
            asked.append(Asked(wie=wie, vraag=vraag, was=was, runs=running))
        task = Task(change=world.change, nu=moment(PEIL), wanted=lambda _: True)
        found = await calculate(services.store, await services.regels.now(), task)
    ours = {
        (effect.soort, effect.id): Told(
            groep=effect.groep,
            via=effect.via,
            wacht=effect.wacht,
            categorieen=effect.categorieen,
            gronden=frozenset(effect.gronden),
            partner=effect.partner,
            gebieden=effect.gebieden,
            branches=effect.branches,
        )
        for effect in found.lijst
    }
    theirs = await Naive(folder=folder, world=world, asked=asked).work()
    return ours, theirs, found.view(), counted(theirs)


@settings(max_examples=8)
@given(seed=st.integers(min_value=0, max_value=10_000))
def test_what_if_equals_asking_everything_again(seed: int) -> None:
    """For any store and any change, all that is told and counted is that of the naive way."""
    with TemporaryDirectory() as name:
        ours, theirs, our_counts, their_counts = asyncio.run(compared(seed, Path(name) / "var"))

    assert ours == theirs
    assert our_counts == their_counts
