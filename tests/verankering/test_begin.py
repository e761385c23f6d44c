"""The start: a log that lies behind, or has another history, is refused before it signs."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from audit.entry import Soort
from audit.errors import AnchorError
from audit.note import Checkpoint
from broker.errors import NotAnchoredError
from broker.services.coverage import Outsider
from broker.services.recorder import Regel
from tests.audit.getuigen import Place
from tests.audit.logs import OTHER_SIGNER, SIGNER, a_log, an_entry, open_log
from tests.verankering.conftest import MakeStage
from tests.verankering.dienst import Gevraagd, dienst, http_antwoord
from tests.verankering.toneel import Stage

HERSTEL = r"docs/logboek-herstellen\.md zegt hoe u dit herstelt\.$"
BEHIND = "zag al 3 regels, en het logboek heeft er 2"
FORKED = "zag andere regels dan er nu in het logboek staan"


async def witnessed(run: Stage, count: int) -> None:
    """Let the log grow and be confirmed."""
    run.grow(count)
    assert await run.verankering.witness_round()


async def refused(run: Stage, why: str) -> str:
    """Check that the start is refused, in one sentence, and that nothing was signed."""
    before = run.log.checkpoint()
    with pytest.raises(AnchorError, match=why) as told:
        await run.verankering.begin()
    assert run.log.checkpoint() == before
    return str(told.value)


def put_back(folder: Path, size: int, *, ankers: bool, other: bool = False) -> None:
    """Put a log in the place of this one, with or without the anchors beside it."""
    kept = folder.with_name("bewaard")
    if ankers:
        shutil.move(folder / "anker", kept)
    shutil.rmtree(folder)
    if other:
        with open_log(folder) as log:
            for number in range(size):
                log.append(*an_entry(number, Soort.FOUT)).result()
    else:
        a_log(folder, [size])
    if ankers:
        shutil.move(kept, folder / "anker")


@pytest.mark.parametrize("ankers", [True, False], ids=["anchors", "witnesses only"])
@pytest.mark.parametrize(
    "case",
    [(2, False, BEHIND), (3, True, FORKED), (5, True, FORKED)],
    ids=["behind", "same size", "longer"],
)
async def test_log_that_does_not_continue_is_refused(
    stage: MakeStage,
    witnesses: Sequence[Place],
    tmp_path: Path,
    *,
    ankers: bool,
    case: tuple[int, bool, str],
) -> None:
    """An old copy and another history are seen, by the anchors or else by the witnesses."""
    size, other, why = case
    run = stage(witnesses)
    await witnessed(run, 3)
    run.log.close()
    put_back(tmp_path / "logboek", size, ankers=ankers, other=other)

    told = await refused(stage(witnesses), f"{why}.*{HERSTEL}")

    assert ("Het bestand anker/3" in told) is ankers
    assert ("Getuige getuige-" in told) is not ankers


async def test_lost_log_is_refused(
    stage: MakeStage, witnesses: Sequence[Place], tmp_path: Path
) -> None:
    """A log that is gone altogether is not quietly begun anew while witnesses know of it."""
    run = stage(witnesses)
    await witnessed(run, 3)
    run.log.close()
    shutil.rmtree(tmp_path / "logboek")

    await refused(stage(witnesses), f"het logboek heeft er 0.*{HERSTEL}")


async def test_log_that_grew_is_begun(stage: MakeStage, witnesses: Sequence[Place]) -> None:
    """A log that continues its anchors and witnesses begins."""
    run = stage(witnesses)
    await witnessed(run, 3)
    run.grow(4)
    run = stage(witnesses)

    await run.verankering.begin()

    assert await run.verankering.witness_round()


async def test_witnesses_that_are_away_do_not_keep_it_from_starting(
    stage: MakeStage, witnesses: Sequence[Place]
) -> None:
    """When nobody answers, the log starts by its own anchors."""
    run = stage(witnesses)
    await witnessed(run, 3)
    gone = [
        Place(url="http://127.0.0.1:9", vkeys=place.vkeys, witness=place.witness)
        for place in witnesses
    ]
    run = stage(gone)

    await run.verankering.begin()

    assert run.coverage.confirmed(Outsider.GETUIGEN).size == 3
    run.grow()
    assert not await run.verankering.witness_round()


@pytest.mark.parametrize(
    ("note", "why"),
    [
        ("rommel", "is geen controlepunt"),
        (
            OTHER_SIGNER.sign(
                Checkpoint(origin="sluis.example/log", size=1, root=bytes(32)).text()
            ),
            "is niet van dit logboek",
        ),
        (
            SIGNER.sign(Checkpoint(origin="sluis.example/log", size=2, root=bytes(32)).text()),
            "andere grootte",
        ),
    ],
    ids=["rubbish", "other key", "other size"],
)
async def test_strange_anchor_is_refused(stage: MakeStage, note: str, why: str) -> None:
    """The newest anchor must be a checkpoint of this log; anything else is told by its name."""
    run = stage()
    run.grow()
    (run.folder / "anker").mkdir()
    (run.folder / "anker" / "1").write_text(note)

    assert "anker/1" in await refused(run, why)


async def test_witness_that_saw_more_stops_everything(
    stage: MakeStage, witnesses: Sequence[Place], tmp_path: Path
) -> None:
    """A witness that shows more than we have, while we run, ends the recording of anything."""
    run = stage(witnesses)
    await witnessed(run, 3)
    run.log.close()
    put_back(tmp_path / "logboek", 2, ankers=False)
    run = stage(witnesses)  # and the start did not see it: the witnesses were away

    assert not await run.verankering._guarded(run.verankering.witness_round)

    for soort in (Soort.TOETSING, Soort.WIJZIGING):
        with pytest.raises(NotAnchoredError, match=BEHIND):
            await run.recorder.record(Regel(soort=soort, kenmerk=f"x/{soort}", payload={}))
    assert run.coverage.stopped
    assert len(run.events("niet-verankerd")) == 1
    assert await run.verankering.witness_round()
    assert await run.verankering.stamp_round()
    assert not (run.folder / "anker").exists()


async def test_tale_without_our_signature_stops_nothing(
    stage: MakeStage, witnesses: Sequence[Place]
) -> None:
    """A witness that only says that it saw more cannot stop Sluis: it must show our signature."""
    stranger = OTHER_SIGNER.sign(
        Checkpoint(origin="sluis.example/log", size=99, root=bytes(32)).text()
    )

    async def lie(gevraagd: Gevraagd, writer: asyncio.StreamWriter) -> None:
        if gevraagd.regel.startswith("POST"):
            writer.write(http_antwoord(b"99\n", 409, "text/x.tlog.size"))
        else:
            writer.write(http_antwoord(stranger.encode(), 200, "text/plain"))

    async with dienst(lie) as liar:
        url = liar.adres.removesuffix("/tsa")
        lying = Place(url=url, vkeys=witnesses[2].vkeys, witness=witnesses[2].witness)
        run = stage([*witnesses[:2], lying])
        await run.verankering.begin()
        await witnessed(run, 3)

    assert [each.regel.split(" ")[0] for each in liar.gevraagd] == ["GET", "POST", "GET"]
    assert "zag al 99 regels" in run.events("anker-mislukt")[0]["reden"]
    assert not run.coverage.stopped
    assert run.coverage.objection() is None
