"""Who may judge what, over random histories; and that a sample from a log can be drawn again."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.domain.steekproef import Oordeel
from broker.errors import BrokerError, ForbiddenError, NotFoundError
from broker.services.caller import Functie
from broker.services.steekproeven import Opdracht
from tests.lezen.conftest import Run
from tests.lezen.wereld import BEGIN, FG, ORGANISATIES, Vraag, Wereld, beller, wereld

EXAMPLES = settings(max_examples=15)
REVIEWERS = [
    beller(organisatie, number, Functie.POORTWACHTER)
    for organisatie in ORGANISATIES
    for number in (1, 2)
]
names = st.sampled_from([reviewer.gebruiker for reviewer in REVIEWERS])


@st.composite
def vragen(draw: st.DrawFn) -> Vraag:
    """Make a question that somebody asked, with the consents of some in its dossier."""
    vrager, bron = draw(st.permutations(ORGANISATIES))[:2]
    return Vraag(
        wie=draw(st.integers(0, 2)),
        dagen=1,
        vrager=vrager,
        bron=bron,
        afloop=draw(
            st.sampled_from(["verstrekt", "geweigerd", "geweigerd-2", "geen-antwoord", "onbepaald"])
        ),
        gegeven=("inkomen",),
        gebruiker=draw(names),
        instemming_van=tuple(draw(st.lists(names, max_size=2, unique=True))),
    )


def opdracht(omvang: int, grootte: int | None = None) -> Opdracht:
    """Ask for a sample of all that ever happened."""
    return Opdracht(
        startwaarde="week-47",
        van=BEGIN,
        tot=BEGIN + dt.timedelta(days=4000),
        omvang=omvang,
        grootte=grootte,
    )


async def judged(world: Wereld, steekproef: str, nummer: int, who: int) -> str:
    """Let a reviewer judge; return what came of it."""
    reviewer = REVIEWERS[who]
    try:
        await world.steekproeven.judge(
            reviewer,
            steekproef,
            nummer,
            Oordeel.RECHTMATIG,
            toelichting=None,
            only=reviewer.organisatie,
        )
    except BrokerError as error:
        return error.slug
    return "vastgelegd"


@EXAMPLES
@given(history=st.lists(vragen(), min_size=1, max_size=6), omvang=st.integers(1, 6))
def test_nobody_judges_what_is_their_own(run: Run, history: list[Vraag], omvang: int) -> None:
    """Refused are who asked it and whose consent it had; others of both organisaties are not."""

    async def work() -> None:
        async with wereld(history) as world:
            made = await world.steekproeven.draw(FG, opdracht(omvang))
            async with world.store.read() as tx:
                units = await tx.steekproeven.units(made)
            for unit in units:
                vraag = world.told[unit["kenmerk"]]
                for who, reviewer in enumerate(REVIEWERS):
                    told = await judged(world, made, unit["nummer"], who)
                    own = reviewer.gebruiker in {vraag.gebruiker, *vraag.instemming_van}
                    inside = reviewer.organisatie == vraag.vrager or (
                        reviewer.organisatie == vraag.bron and vraag.afloop != "geweigerd"
                    )
                    if not inside:
                        assert told == NotFoundError.slug
                    elif own:
                        assert told == ForbiddenError.slug
                    else:
                        assert told in {"vastgelegd", "conflict"}
            async with world.store.read() as tx:
                verdicts = await tx.steekproeven.verdicts(made)
            for unit in units:
                vraag = world.told[unit["kenmerk"]]
                given = [row["door"] for row in verdicts.get(unit["nummer"], [])]
                assert len(set(given)) == len(given) <= 2
                assert not {vraag.gebruiker, *vraag.instemming_van} & set(given)

    run(work())


@EXAMPLES
@given(history=st.lists(vragen(), max_size=8), omvang=st.integers(1, 8))
def test_sample_of_a_log_can_be_drawn_again(run: Run, history: list[Vraag], omvang: int) -> None:
    """One startwaarde and size of the log give one sample, also when the log has grown since."""

    async def work() -> None:
        async with wereld(history) as world:
            first = await world.steekproeven.draw(FG, opdracht(omvang))
            async with world.store.read() as tx:
                size = (await tx.steekproeven.get(first))["grootte"]
            for vraag in history:
                await world.ask(vraag)
            again = await world.steekproeven.draw(FG, opdracht(omvang, size))
            async with world.store.read() as tx:
                one, two = [await tx.steekproeven.units(each) for each in (first, again)]
                rows = [await tx.steekproeven.get(each) for each in (first, again)]

        assert [{**row, "steekproef": None} for row in one] == [
            {**row, "steekproef": None} for row in two
        ]
        assert rows[0]["strata"] == rows[1]["strata"]
        assert len(one) == min(omvang, len(history))

    run(work())


async def test_period_bounds_the_sample() -> None:
    """Only what ended from the first moment on, and before the second, is drawn from."""
    vraag = Vraag(wie=0, dagen=10, vrager="college-a", bron="politie-b", afloop="geweigerd")
    async with wereld([vraag] * 4) as world:
        asked = Opdracht(
            startwaarde="a",
            van=BEGIN + dt.timedelta(days=15),
            tot=BEGIN + dt.timedelta(days=35),
            omvang=10,
        )
        made = await world.steekproeven.draw(FG, asked)
        async with world.store.read() as tx:
            units = await tx.steekproeven.units(made)

    assert sorted(unit["regel"] for unit in units) == [1, 2]


async def test_question_that_was_cut_off_keeps_its_stratum() -> None:
    """A voornemen that a start closed as onbepaald is drawn by who asked it, and whom."""
    vraag = Vraag(wie=0, dagen=1, vrager="college-a", bron="politie-b", afloop="onbepaald")
    async with wereld([vraag]) as world:
        made = await world.steekproeven.draw(FG, opdracht(5))
        async with world.store.read() as tx:
            (unit,) = await tx.steekproeven.units(made)

    assert (unit["organisatie"], unit["uitkomst"], unit["herkomst"]) == (
        "college-a",
        "onbepaald",
        "politie-b",
    )


async def test_sample_that_cannot_be_drawn_is_refused() -> None:
    """A period that ends before it begins and a log that is shorter are told at once."""
    async with wereld() as world:
        wrong = Opdracht(startwaarde="a", van=BEGIN, tot=BEGIN, omvang=1, grootte=9)
        with pytest.raises(BrokerError) as caught:
            await world.steekproeven.draw(FG, wrong)

    assert [fout.pointer for fout in caught.value.fouten] == ["/tot", "/grootte"]
