"""The copy of a subject over random histories: complete, and without a trace of what must wait."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from audit.entry import Leaf
from broker.domain.ports import Identiteit
from broker.domain.uitstel import Uitstelbesluit
from broker.services.caller import Functie
from broker.services.inzage import Afschrift, Inzageverzoek
from broker.services.inzage.uitstel import Voorstel
from tests.lezen.conftest import Run
from tests.lezen.wereld import BSNS, CATEGORIEEN, FG, ORGANISATIES, Vraag, Wereld, beller, wereld

ENDS = (
    "verstrekt",
    "niets-verstrekt",
    "geweigerd",
    "geweigerd-2",
    "geen-antwoord",
    "open",
    "onbepaald",
)
WORDS = {
    "identificatie": "wie u bent",
    "inkomen": "uw inkomen",
    "toezicht-handhaving": "toezicht en handhaving",
    "woonsituatie": "waar en met wie u woont",
}
EXAMPLES = settings(max_examples=15)


@st.composite
def vragen(draw: st.DrawFn) -> Vraag:
    """Make one question: of anybody, about anybody, some days or years after the one before."""
    afloop = draw(st.sampled_from(ENDS))
    vrager, bron = draw(st.permutations(ORGANISATIES))[:2]
    some = st.lists(st.sampled_from(CATEGORIEEN), min_size=1, max_size=3, unique=True)
    return Vraag(
        wie=draw(st.integers(0, len(BSNS) - 1)),
        dagen=draw(st.sampled_from([0, 1, 30, 400, 800])),
        vrager=vrager,
        bron=bron,
        afloop=afloop,
        gevraagd=tuple(sorted(draw(some))),
        gegeven=tuple(draw(some)) if afloop == "verstrekt" else (),
    )


histories = st.lists(vragen(), max_size=8)


def marked(world: Wereld, verzoek: Inzageverzoek) -> list[int]:
    """Return which lines have the mark of the subject, as who holds its key sees them."""
    kluis = world.log.kluis
    return [
        line.index
        for line in world.log.entries(0, verzoek.grootte)
        if Leaf.parse(line.leaf).merk == kluis.mark(verzoek.sleutel, line.kenmerk)[0]
    ]


async def opened(world: Wereld, wie: int = 0) -> Inzageverzoek:
    """Open the request of a subject."""
    return await world.inzage.open(FG, Identiteit(bsn=BSNS[wie]), None)


def expected(world: Wereld, verzoek: Inzageverzoek, moments: dict[str, dt.datetime]) -> list[str]:
    """Return, by what was done and not by what was recorded, whose questions must be told."""
    return [
        kenmerk
        for kenmerk, moment in moments.items()
        if world.sleutel(world.told[kenmerk].wie) == verzoek.sleutel and moment >= verzoek.van
    ]


async def happened(world: Wereld, history: Sequence[Vraag]) -> dict[str, dt.datetime]:
    """Let a history happen; return when each question ended."""
    moments = {}
    for vraag in history:
        kenmerk = await world.ask(vraag)
        moments[kenmerk] = world.log.entry(world.lines[kenmerk][-1]).at
    return moments


def bare(afschrift: Afschrift) -> dict[str, Any]:
    """Return what a copy tells, without numbers that differ between two logs."""
    plain = afschrift.plain()
    regels = [{**regel, "indexen": None, "op": None, "zin": None} for regel in plain["regels"]]
    return {"inleiding": plain["inleiding"], "regels": regels, "slot": plain["slot"][:-1]}


@EXAMPLES
@given(history=histories)
def test_copy_tells_all_that_happened(run: Run, history: list[Vraag]) -> None:
    """Every question on the subject of four years stands in it with who, whom and what; no more."""

    async def work() -> None:
        async with wereld() as world:
            moments = await happened(world, history)
            verzoek = await opened(world)
            await world.ask(Vraag(wie=0, dagen=0, vrager="college-a", bron="politie-b",
                                  afloop="geweigerd"))  # fmt: skip
            copy = await world.inzage.copy(FG, verzoek.id)
            must = expected(world, verzoek, moments)
            assert [list(regel.indexen) for regel in copy.regels] == [
                world.lines[kenmerk] for kenmerk in must
            ]
            for regel, kenmerk in zip(copy.regels, must, strict=True):
                vraag = world.told[kenmerk]
                assert f"Organisatie {vraag.vrager}" in regel.zin
                assert f"Organisatie {vraag.bron}" in regel.zin
                assert regel.delen["Gevraagd"] == ", ".join(WORDS[c] for c in vraag.gevraagd)
                gegeven = ", ".join(WORDS[c] for c in sorted(set(vraag.gegeven)))
                assert regel.delen.get("Gegeven", "") == gegeven
            assert "analist-" not in str(copy.plain())

    run(work())


@EXAMPLES
@given(history=histories)
def test_supervisor_sees_every_line_with_its_proof(run: Run, history: list[Vraag]) -> None:
    """All lines on the subject are named with their receipt; its marks in the log show no other."""

    async def work() -> None:
        async with wereld() as world:
            moments = await happened(world, history)
            verzoek = await opened(world)
            found = await world.inzage.verantwoording(verzoek.id)
            must = expected(world, verzoek, moments)
            indexes = sorted(index for kenmerk in must for index in world.lines[kenmerk])
            assert [receipt.index for receipt in found.bewijzen] == indexes
            assert [r.leaf for r in found.bewijzen] == [world.log.entry(i).leaf for i in indexes]
            last = [lines[-1] for lines in world.lines.values()]
            recent = {i for i in last if world.log.entry(i).at >= verzoek.van}
            assert {i for i in marked(world, verzoek) if i in recent} == {
                i for i in indexes if i in recent
            }

    run(work())


@EXAMPLES
@given(history=histories, chosen=st.sets(st.integers(0, 7)))
def test_what_waits_leaves_no_trace(run: Run, history: list[Vraag], chosen: set[int]) -> None:
    """With something withheld the copy is that of a history in which it never happened."""

    async def work() -> None:
        async with wereld() as world:
            moments = await happened(world, history)
            verzoek = await opened(world)
            must = expected(world, verzoek, moments)
            full = await world.inzage.copy(FG, verzoek.id)
            waiting = {kenmerk for n, kenmerk in enumerate(must) if n in chosen}
            made = [await withheld(world, verzoek.id, kenmerk) for kenmerk in sorted(waiting)]
            short = await world.inzage.copy(FG, verzoek.id)
            counted = await world.inzage.verantwoording(verzoek.id)
            for uitstel in made:
                await decided(world, uitstel, Uitstelbesluit.VRIJGEGEVEN)
            again = await world.inzage.copy(FG, verzoek.id)

        async with wereld() as other:
            for kenmerk, vraag in zip(moments, history, strict=True):
                # What does not happen lets the time pass all the same.
                if kenmerk in waiting:
                    cut_off = 180 if vraag.afloop == "onbepaald" else 0
                    other.clock.moment += dt.timedelta(days=vraag.dagen + cut_off)
                else:
                    await other.ask(vraag)
            without = await other.inzage.copy(FG, (await opened(other)).id)

        assert bare(short) == bare(without)
        assert [regel.indexen for regel in again.regels] == [r.indexen for r in full.regels]
        assert bare(again) == bare(full)
        assert len(counted.withheld) == len(waiting)
        assert counted.grounds == ({"uavg-41-1-d": len(waiting)} if waiting else {})

    run(work())


async def withheld(world: Wereld, verzoek: str, handeling: str) -> str:
    """Let one propose that a question must wait, and another grant it."""
    voorstel = Voorstel(
        handeling=handeling,
        grond="uavg-41-1-d",
        reden="Het onderzoek loopt nog, en mag niet bekend worden.",
        tot=None,
    )
    uitstel = await world.inzage.uitstellen.propose(FG, verzoek, voorstel)
    await decided(world, uitstel.id, Uitstelbesluit.VERLEEND)
    return uitstel.id


async def decided(world: Wereld, uitstel: str, besluit: Uitstelbesluit) -> None:
    """Let somebody of the source decide."""
    wie = beller("politie-b", 1, Functie.POORTWACHTER)
    await world.inzage.uitstellen.decide(wie, uitstel, besluit, None)
