"""Anchoring: real witnesses and real authorities confirm the log, and failures stop nothing."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from typing_extensions import override

from audit.ankers import text_of
from audit.disk import Disk
from audit.errors import AnchorError
from audit.stamp import verify_stamp
from broker.services.coverage import Confirmed, Outsider
from broker.services.verankering import Cadence
from tests.audit.autoriteit import accepted
from tests.audit.getuigen import Place
from tests.verankering.conftest import MakeStage
from tests.verankering.dienst import Gevraagd, http_antwoord
from tests.verankering.toneel import Authority, Stage, homes

Two = tuple[Authority, Authority]


async def rounds(stage: Stage) -> tuple[bool, bool]:
    """Take one round of each sort."""
    return await stage.verankering.witness_round(), await stage.verankering.stamp_round()


def names(stage: Stage) -> list[str]:
    """Return the files of the anchors."""
    return sorted(path.name for path in (stage.folder / "anker").glob("*"))


def confirmed(stage: Stage) -> tuple[int, int]:
    """Return how many lines the witnesses and the authorities confirmed."""
    told = stage.coverage.confirmed
    return told(Outsider.GETUIGEN).size, told(Outsider.STEMPELS).size


async def test_checkpoint_is_cosigned_stamped_and_kept(
    stage: MakeStage, witnesses: Sequence[Place], authorities: Two, tmp_path: Path
) -> None:
    """What is kept meets the policy, and openssl itself takes both stamps over its text."""
    run = stage(witnesses, authorities)
    run.grow(3)

    assert await rounds(run) == (True, True)

    assert names(run) == ["3", "3.een.tsr", "3.twee.tsr"]
    assert run.outsiders.policy is not None
    assert run.outsiders.policy.open(run.ankers.note(3)).size == 3
    text = text_of(run.ankers.note(3))
    for each in authorities:
        data = run.ankers.stamp(3, each.name)
        assert verify_stamp(data, text, trusted=[each.root.certificate]).nonce
        assert accepted(tmp_path, data, text, each.root, None)
    assert confirmed(run) == (3, 3)
    assert run.coverage.objection() is None


async def test_log_that_did_not_grow_is_left_alone(
    stage: MakeStage, witnesses: Sequence[Place], authorities: Two
) -> None:
    """An empty log, and one that did not grow, ask nobody anything."""
    run = stage(witnesses, authorities)

    assert await rounds(run) == (True, True)
    assert names(run) == []
    run.grow()
    await rounds(run)
    asked = [each.asked for each in authorities]
    before = run.ankers.note(1)
    run.ticks.passed += 1000
    assert await rounds(run) == (True, True)

    assert [each.asked for each in authorities] == asked == [1, 1]
    assert (names(run), run.ankers.note(1)) == (["1", "1.een.tsr", "1.twee.tsr"], before)


async def test_stamps_come_seldomer_than_witnesses(
    stage: MakeStage, witnesses: Sequence[Place], authorities: Two
) -> None:
    """Between two rounds of stamps the witnesses go on; the next round takes the newest anchor."""
    run = stage(witnesses, authorities)
    for _ in range(3):
        run.grow()
        await rounds(run)

    assert names(run) == ["1", "1.een.tsr", "1.twee.tsr", "2", "3"]
    run.ticks.passed += 300
    await rounds(run)
    assert names(run)[-3:] == ["3", "3.een.tsr", "3.twee.tsr"]


async def test_without_witnesses_the_stamps_anchor(stage: MakeStage, authorities: Two) -> None:
    """With authorities only, the newest checkpoint itself is stamped and kept."""
    run = stage((), authorities)
    run.grow(2)
    checkpoint = run.log.checkpoint()

    assert await rounds(run) == (True, True)

    assert run.ankers.note(2) == checkpoint
    assert names(run) == ["2", "2.een.tsr", "2.twee.tsr"]
    assert run.coverage.tell().keys() == {"ingesteld", "budget_seconden", "stempels"}


async def test_one_of_two_authorities_down(stage: MakeStage, authorities: Two) -> None:
    """One stamp covers; who was down is told once, and later stamps the same checkpoint."""
    one, two = authorities
    two.answer = http_antwoord(b"", 503)
    run = stage((), authorities)
    run.grow()

    for _ in range(3):
        assert not await run.verankering.stamp_round()
        run.grow()
        run.ticks.passed += 60
    covered = confirmed(run)
    two.answer = None
    assert await run.verankering.stamp_round()

    assert covered == (0, 1)
    assert names(run) == ["1", "1.een.tsr", "1.twee.tsr"]
    assert (one.asked, two.asked) == (1, 4)
    assert run.events("anker-mislukt") == [
        {
            "event": "anker-mislukt",
            "wie": "twee",
            "reden": "De tijdstempeldienst neemt de aanvraag niet aan.",
        }
    ]
    assert [event["wie"] for event in run.events("verankerd")] == ["een", "twee"]


async def test_one_of_three_witnesses_down(
    stage: MakeStage, witnesses: Sequence[Place], tmp_path: Path
) -> None:
    """The quorum is enough; who is down is told by name, without an address."""
    away = homes(tmp_path / "weg", 1)[0]
    with away.serving() as gone:
        pass
    run = stage([*witnesses[:2], gone])
    run.grow()

    assert await run.verankering.witness_round()

    assert confirmed(run) == (1, 0)
    told = run.events("anker-mislukt")
    assert [event["wie"] for event in told] == ["getuige-2"]
    assert "http" not in run.lines.getvalue()


async def test_without_a_quorum_nothing_is_kept(
    stage: MakeStage, witnesses: Sequence[Place], tmp_path: Path
) -> None:
    """Cosignatures that are not the quorum are no anchor, and do not count."""
    with homes(tmp_path / "weg", 1)[0].serving() as gone:
        pass
    run = stage([witnesses[0], gone])
    run.grow()

    assert not await run.verankering.witness_round()
    assert (names(run), confirmed(run)) == ([], (0, 0))


async def _other_text(gevraagd: Gevraagd, authority: Authority) -> bytes:
    # The digest stands at a fixed place: change a byte of it.
    place = gevraagd.body.index(b"\x04\x20") + 2
    changed = bytes([gevraagd.body[place] ^ 1])
    body = gevraagd.body[:place] + changed + gevraagd.body[place + 1 :]
    return await asyncio.to_thread(authority.openssl.reply, body)


async def _replayed(gevraagd: Gevraagd, authority: Authority) -> bytes:
    del gevraagd
    return authority.openssl.folder.joinpath("antwoord.tsr").read_bytes()


async def _cut(gevraagd: Gevraagd, authority: Authority) -> bytes:
    return (await asyncio.to_thread(authority.openssl.reply, gevraagd.body))[:-1]


@pytest.mark.parametrize(
    ("lie", "why"),
    [
        (_other_text, "hoort bij een andere tekst"),
        (_replayed, "hoort bij een andere tekst"),
        (_cut, "afgekapt"),
    ],
)
async def test_stamp_that_proves_nothing_is_not_kept(
    stage: MakeStage, authorities: Two, lie: object, why: str
) -> None:
    """A stamp for something else, an old one and a cut one are told, and not kept."""
    one = authorities[0]
    run = stage((), [one])
    run.grow()
    await run.verankering.stamp_round()

    async def answer(gevraagd: Gevraagd, writer: asyncio.StreamWriter) -> None:
        assert callable(lie)
        writer.write(http_antwoord(await lie(gevraagd, one)))

    one.answer = answer
    run.grow()
    run.ticks.passed += 300

    assert not await run.verankering.stamp_round()

    assert names(run) == ["1", "1.een.tsr", "2"]
    assert confirmed(run) == (0, 1)
    assert why in run.events("anker-mislukt")[0]["reden"]


class FailingDisk(Disk):
    """Fails at one step, and does nothing after it: the machine stopped there."""

    def __init__(self, number: int) -> None:
        self.left = number

    def step(self) -> None:
        """Count a step down."""
        self.left -= 1
        if self.left < 0:
            raise OSError(5, "de schijf is weg")

    @override
    def write(self, path: Path, data: bytes, *, private: bool = False) -> None:
        """Write half of the file when it fails here."""
        if self.left == 0:
            path.write_bytes(data[: len(data) // 2])
        self.step()
        super().write(path, data, private=private)

    @override
    def replace(self, source: Path, target: Path) -> None:
        """Replace a file."""
        self.step()
        super().replace(source, target)

    @override
    def sync_directory(self, directory: Path) -> None:
        """Bring names to the platter."""
        self.step()
        super().sync_directory(directory)


@pytest.mark.parametrize("number", range(10))
async def test_crash_at_any_step_leaves_what_can_be_used(
    stage: MakeStage, witnesses: Sequence[Place], authorities: Two, number: int
) -> None:
    """Wherever writing stops, no file is torn, and the next run makes what is missing."""
    run = stage(witnesses, authorities, disk=FailingDisk(number))
    run.grow(2)
    for turn in (run.verankering.witness_round, run.verankering.stamp_round):
        try:
            await turn()
        except AnchorError:
            continue
    left = [name for name in names(run) if not name.startswith(".")]

    run = stage(witnesses, authorities)
    await run.verankering.begin()
    known = confirmed(run)
    done = await rounds(run)

    assert known == (2 if "2" in left else 0, 2 if len(left) > 1 else 0)
    assert done == (True, True)
    files = [name for name in names(run) if not name.startswith(".")]
    assert files == ["2", "2.een.tsr", "2.twee.tsr"]
    assert confirmed(run) == (2, 2)


async def test_next_run_knows_what_was_confirmed(
    stage: MakeStage, witnesses: Sequence[Place], authorities: Two
) -> None:
    """After a restart nothing is asked again, and a stamp that was swapped does not count."""
    run = stage(witnesses, authorities)
    run.grow()
    await rounds(run)
    run = stage(witnesses, authorities)
    await run.verankering.begin()

    assert await rounds(run) == (True, True)
    assert confirmed(run) == (1, 1)
    assert [each.asked for each in authorities] == [1, 1]

    one, two = (run.folder / "anker" / f"1.{name}.tsr" for name in ("een", "twee"))
    one.write_bytes(two.read_bytes())
    run = stage(witnesses, authorities)
    await run.verankering.begin()
    await rounds(run)
    assert [each.asked for each in authorities] == [2, 1]


async def test_loops_go_on_whatever_happens(
    stage: MakeStage, witnesses: Sequence[Place], authorities: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure that nobody foresaw is told without its text, and the next round comes."""
    fast = Cadence(getuigen=0.01, stempels=0.01, again=0.01)
    run = stage(witnesses, authorities, cadence=fast)
    run.grow()
    real, failing, stamped = run.log.checkpoint, iter(range(3)), asyncio.Event()

    def checkpoint() -> str:
        if next(failing, None) is not None:
            raise RuntimeError("geheim")
        return real()

    def confirm(outsider: Outsider, found: Confirmed) -> None:
        took_in(outsider, found)
        if outsider is Outsider.STEMPELS:
            stamped.set()

    took_in = run.coverage.confirm
    monkeypatch.setattr(run.log, "checkpoint", checkpoint)
    monkeypatch.setattr(run.coverage, "confirm", confirm)
    run.verankering.start()
    async with asyncio.timeout(30):
        await stamped.wait()
    run.grow()
    await run.verankering.close()

    assert confirmed(run)[0] == 2
    assert "2" in names(run)
    assert "geheim" not in run.lines.getvalue()
    told = [event["reden"] for event in run.events("anker-mislukt")]
    assert told[0] == "Bij het verankeren ging onverwacht iets mis."


@pytest.mark.parametrize(
    ("failures", "pause"), [(0, 300), (1, 10), (2, 20), (3, 40), (4, 60), (5, 60), (900, 60)]
)
def test_who_fails_is_asked_again_after_ever_longer(
    stage: MakeStage, failures: int, pause: float
) -> None:
    """After a failure the next try comes sooner than the next round, and then ever later."""
    assert stage().verankering._pause(300.0, failures) == pause
