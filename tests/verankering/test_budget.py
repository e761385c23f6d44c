"""The budget: past it no question is served, and it recovers by itself."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pytest

from audit.entry import Soort
from audit.errors import LogReadError
from broker.errors import NotAnchoredError, RecordError
from broker.services.recorder import Regel
from tests.audit.getuigen import Place
from tests.verankering.conftest import MakeStage
from tests.verankering.dienst import http_antwoord
from tests.verankering.toneel import Authority, Stage, homes, served

Two = tuple[Authority, Authority]
TOO_OLD = (
    "De oudste regel die niemand buiten Sluis bevestigde, is 901 seconden oud,"
    " en dat mag hoogstens 900 zijn."
)


def regel(soort: Soort, stem: str = "v-a/1") -> Regel:
    """Return a line."""
    return Regel(soort=soort, kenmerk=f"{stem}/{soort.value}", payload={})


async def serves(run: Stage, number: int) -> bool:
    """Tell whether a question is served."""
    try:
        await run.recorder.record(regel(Soort.TOETSING, f"t-{number}"))
    except NotAnchoredError:
        return False
    return True


async def test_budget_is_reached_and_recovers(stage: MakeStage, tmp_path: Path) -> None:
    """After 15 minutes without witnesses nothing is served; when they return, all is again."""
    (home,) = homes(tmp_path, 1)
    with home.open() as (witness, vkeys):
        with served(witness) as port:
            place = Place(url=f"http://127.0.0.1:{port}", vkeys=vkeys, witness=witness)
            run = stage([place], quorum=1)
            run.grow()
            await run.verankering.witness_round()
        run.clock.forward(minutes=1)
        first = await serves(run, 1)
        run.clock.forward(minutes=15)
        on_time = await serves(run, 2)
        run.clock.forward(seconds=1)
        too_late = await serves(run, 3)
        await run.verankering._guarded(run.verankering.witness_round)
        with served(witness, port):
            await run.verankering._guarded(run.verankering.witness_round)
        again = await serves(run, 4)

    assert (first, on_time, too_late, again) == (True, True, False, True)
    assert [event["reden"] for event in run.events("niet-verankerd")] == [TOO_OLD]
    assert len(run.events("weer-verankerd")) == 1


async def test_log_that_rests_stays_within_budget(
    stage: MakeStage, witnesses: Sequence[Place]
) -> None:
    """When all lines are covered, no time without new ones is too long; then the budget begins."""
    run = stage(witnesses)
    run.grow()
    await run.verankering.witness_round()

    run.clock.forward(days=3)
    rested = await serves(run, 1)
    run.clock.forward(minutes=15)
    later = await serves(run, 2)
    run.clock.forward(seconds=1)

    assert (rested, later, await serves(run, 3)) == (True, True, False)


async def test_stamps_alone_do_not_make_up_for_witnesses(
    stage: MakeStage, witnesses: Sequence[Place], authorities: Two
) -> None:
    """Each sort of outsider must have covered the oldest line: without any stamp it is too old."""
    for each in authorities:
        each.answer = http_antwoord(b"", 500)
    run = stage(witnesses, authorities)
    run.grow()
    await run.verankering.witness_round()
    await run.verankering.stamp_round()
    run.clock.forward(seconds=901)

    refused = await serves(run, 1)
    authorities[0].answer = None
    await run.verankering.stamp_round()

    assert (refused, await serves(run, 2)) == (False, True)


async def test_old_lines_of_an_earlier_run_count(
    stage: MakeStage, witnesses: Sequence[Place]
) -> None:
    """After a long standstill nothing is served until what was left uncovered is confirmed."""
    run = stage(witnesses)
    run.grow()
    await run.verankering.witness_round()
    run.grow()
    moment = run.clock.moment + dt.timedelta(hours=8)
    run = stage(witnesses)
    run.clock.moment = moment
    await run.verankering.begin()

    refused = await serves(run, 1)
    await run.verankering.witness_round()

    assert (refused, await serves(run, 2)) == (False, True)


ALLOWED = {
    Soort.VOORNEMEN: False,
    Soort.TOETSING: False,
    Soort.INZAGE: False,
    Soort.VERSTREKKING: True,
    Soort.WEIGERING: True,
    Soort.FOUT: True,
    Soort.ONBEPAALD: True,
    Soort.WIJZIGING: True,
}


@pytest.mark.parametrize(("soort", "allowed"), ALLOWED.items(), ids=list(ALLOWED))
async def test_what_is_recorded_past_the_budget(
    stage: MakeStage, witnesses: Sequence[Place], soort: Soort, *, allowed: bool
) -> None:
    """What begins a question is refused; what ends one that was begun, and a change, is not."""
    run = stage(witnesses)
    run.grow()
    run.clock.forward(minutes=16)
    try:
        await run.recorder.record(regel(soort))
        done = True
    except NotAnchoredError:
        done = False
    with pytest.raises(NotAnchoredError):
        await run.recorder.record_all([regel(soort, "v-b/1")], first=True)

    assert done is allowed
    assert int(run.log.checkpoint().split("\n")[1]) == 1 + allowed


async def test_nobody_outside_means_no_budget(stage: MakeStage) -> None:
    """Without witnesses and authorities nothing is anchored, nothing refused, and that is told."""
    run = stage()
    run.grow()
    run.clock.forward(days=1)
    run.verankering.start()

    assert await serves(run, 1)
    assert run.coverage.tell() == {
        "ingesteld": False,
        "melding": "Er zijn geen getuigen en geen tijdstempeldiensten ingesteld:"
        " niemand buiten Sluis bevestigt het logboek.",
    }
    await run.verankering.close()
    assert not (run.folder / "anker").exists()


async def test_age_is_told_for_each_sort(
    stage: MakeStage, witnesses: Sequence[Place], authorities: Two
) -> None:
    """How old the last outside checkpoint is, stands there in seconds; never confirmed is null."""
    run = stage(witnesses, authorities)
    run.grow(2)
    await run.verankering.witness_round()
    run.clock.forward(seconds=42.9)

    assert run.coverage.tell() == {
        "ingesteld": True,
        "budget_seconden": 900,
        "getuigen": {"regels": 2, "seconden_geleden": 42},
        "stempels": {"regels": 0, "seconden_geleden": None},
    }


async def test_log_that_cannot_be_read_serves_nothing(
    stage: MakeStage, witnesses: Sequence[Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the age of the oldest line cannot be found, that is a failure and not a yes."""
    run = stage(witnesses)
    run.grow()
    run.clock.forward(minutes=16)

    def entry(_index: int) -> object:
        raise LogReadError("Het logboek is niet te lezen.")

    monkeypatch.setattr(run.log, "entry", entry)

    with pytest.raises(RecordError, match="niet te lezen"):
        await run.recorder.record(regel(Soort.TOETSING))
