"""The state machine of a witness: each status for its own reason, and never two histories."""

import json
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from audit.checkpoint import Checkpoint, encode_base64
from audit.disk import Disk
from audit.errors import WitnessError
from audit.merkle import EMPTY_ROOT
from audit.note import Note
from audit.signer import Signer, SignerSet
from audit.witness.state import MAX_BODY, SIZE, SKEW
from audit.witness.store import origin_hash
from tests.audit.getuigen import NOW, ORIGIN, FakeLog, Home, ed25519, mldsa44, request

LOG = FakeLog()
OTHER_STORY = FakeLog(story="b", common=3)
VKEY = LOG.signer.vkey


def home(tmp_path: Path, *, mldsa: bool = False, disk: Disk | None = None) -> Home:
    """Return a witness for LOG."""
    return Home(tmp_path / "getuige", [VKEY], mldsa=mldsa, disk=disk or Disk())


def test_first_checkpoint_is_cosigned(tmp_path: Path) -> None:
    """A known log gets a cosignature that holds, with the moment of the clock."""
    with home(tmp_path).open() as (witness, (vkey,)):
        answer = witness.add_checkpoint(LOG.request(0, 5))

        assert answer.status == 200
        note = Note.parse(LOG.note(5) + answer.body)
        assert note.moments([vkey, VKEY]) == {vkey: NOW, VKEY: 0}


def test_latest_checkpoint_is_shown(tmp_path: Path) -> None:
    """Who asks by the hash of the origin gets the signatures of log and witness, and no others."""
    stranger = Signer.cosigner("vreemd.example", ed25519("vreemd"))
    body = LOG.request(0, 5) + stranger.line(LOG.checkpoint(5).text(), 1).encode()
    with home(tmp_path).open() as (witness, (vkey,)):
        assert witness.checkpoint(origin_hash(ORIGIN)).status == 404
        lines = witness.add_checkpoint(body).body

        shown = witness.checkpoint(origin_hash(ORIGIN))

    assert (shown.status, shown.body) == (200, LOG.note(5) + lines)
    assert Note.parse(shown.body).check([vkey, VKEY]) == {vkey, VKEY}


def test_log_grows(tmp_path: Path) -> None:
    """Each next checkpoint is cosigned against the last one, also the same one again."""
    with home(tmp_path).open() as (witness, _):
        sizes = [(0, 0), (0, 1), (1, 7), (7, 7), (7, 300), (300, 301)]

        assert [witness.add_checkpoint(LOG.request(*size)).status for size in sizes] == [200] * 6


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"\xff", 400),
        (LOG.request(5, 8)[4:], 400),
        (LOG.request(5, 8).replace(b"\n", b"\r\n"), 400),
        (LOG.request(5, 8)[:-1], 400),
        (LOG.request(5, 8) + b"rommel", 400),
        (LOG.request(5, 8) + b"\n", 400),
        (request("05", LOG.proof(5, 8), LOG.note(8)), 400),
        (request("+5", LOG.proof(5, 8), LOG.note(8)), 400),
        (request(str(1 << 63), [], LOG.note(8)), 400),
        (LOG.request(5, 8).replace(b"old 5\n", b"old  5\n"), 400),
        (LOG.request(5, 8).replace(b"old 5\n", b"old 5\nAAA\n"), 400),
        (request(5, [bytes(32)] * 64, LOG.note(8)), 400),
        (request(5, [], LOG.note(8) + "\u2014 x AAAAAAAA\n" * 100), 400),
        (request(5, [], LOG.note(8)) + b"x" * MAX_BODY, 400),
        (request(5, [], LOG.signer.sign(f"{ORIGIN}\n08\n{encode_base64(bytes(32))}\n")), 400),
        (FakeLog(origin="elders").request(5, 8), 404),
        (FakeLog(signer=Signer.of(ORIGIN, ed25519("dief"))).request(5, 8), 403),
        (LOG.request(5, 8).replace(b"\n8\n", b"\n9\n"), 403),
        (LOG.request(9, 8, []), 400),
        (LOG.request(0, 8), 409),
        (LOG.request(4, 8), 409),
        (LOG.request(5, 8, []), 422),
        (LOG.request(5, 8, [bytes(32)] * 4), 422),
        (LOG.request(5, 8, [*LOG.proof(5, 8), bytes(32)]), 422),
        (LOG.request(5, 8, [bytes(31)] * 4), 422),
        (LOG.request(5, 5, [bytes(32)]), 422),
        (OTHER_STORY.request(5, 5), 422),
        (OTHER_STORY.request(5, 8), 422),
        (OTHER_STORY.request(5, 8, LOG.proof(5, 8)), 422),
    ],
)
def test_refusals(tmp_path: Path, body: bytes, status: int) -> None:
    """Each wrong request gets the status of the protocol, and changes nothing."""
    with home(tmp_path).open() as (witness, _):
        witness.add_checkpoint(LOG.request(0, 5))
        before = witness.checkpoint(origin_hash(ORIGIN))

        answer = witness.add_checkpoint(body)

        assert answer.status == status
        assert witness.checkpoint(origin_hash(ORIGIN)) == before
        assert witness.add_checkpoint(LOG.request(5, 8)).status == 200


def test_conflict_tells_the_size(tmp_path: Path) -> None:
    """A 409 is the decimal size that was cosigned last, with its own content type."""
    with home(tmp_path).open() as (witness, _):
        first = witness.add_checkpoint(LOG.request(3, 8))
        witness.add_checkpoint(LOG.request(0, 5))
        second = witness.add_checkpoint(LOG.request(3, 8))

    assert (first.status, first.body, first.content_type) == (409, "0\n", SIZE)
    assert (second.status, second.body, second.content_type) == (409, "5\n", SIZE)


def test_empty_log_has_one_root(tmp_path: Path) -> None:
    """A checkpoint without lines needs the root of the empty tree, and no proof."""
    bad = Checkpoint(origin=ORIGIN, size=0, root=bytes(32))
    with home(tmp_path).open() as (witness, _):
        wrong_root = witness.add_checkpoint(request(0, [], LOG.signer.sign(bad.text())))
        with_proof = witness.add_checkpoint(request(0, [EMPTY_ROOT], LOG.note(4)))

        assert (wrong_root.status, with_proof.status) == (422, 422)
        assert witness.add_checkpoint(LOG.request(0, 0)).status == 200


def test_fork_leaves_evidence(tmp_path: Path) -> None:
    """Two roots of one size give a file with both signed notes, and a word to the operator."""
    place = home(tmp_path)
    with place.open() as (witness, (vkey,)):
        witness.add_checkpoint(LOG.request(0, 5))
        assert witness.add_checkpoint(OTHER_STORY.request(5, 5)).status == 422
        witness.add_checkpoint(FakeLog(story="c").request(5, 5))

    (file,) = place.folder.glob("*.splitsing.json")
    kept = json.loads(file.read_text(encoding="utf-8"))
    seen, other = Note.parse(kept["gezien"]), Note.parse(kept["gekregen"])
    assert seen.check([vkey, VKEY]) == {vkey, VKEY}
    assert other.check([VKEY]) == {VKEY}
    assert other.text == OTHER_STORY.checkpoint(5).text()
    assert ORIGIN in place.reports[0]


def test_old_backup_of_the_log_gets_a_conflict(tmp_path: Path) -> None:
    """A log that was put back to an older state is told what the witness saw."""
    with home(tmp_path).open() as (witness, _):
        witness.add_checkpoint(LOG.request(0, 8))

        assert witness.add_checkpoint(LOG.request(5, 6)).body == "8\n"
        assert witness.add_checkpoint(LOG.request(8, 6, [])).status == 400


def test_memory_survives(tmp_path: Path) -> None:
    """A witness that is started again goes on where it was, with the same key."""
    place = home(tmp_path)
    with place.open() as (witness, vkeys):
        witness.add_checkpoint(LOG.request(0, 5))
    place.name = "getuige.example/fg"

    with place.open() as (witness, again):
        assert again == vkeys
        assert witness.add_checkpoint(LOG.request(0, 5)).status == 409
        assert witness.add_checkpoint(LOG.request(5, 9)).status == 200


def test_moments_never_go_back(tmp_path: Path) -> None:
    """A clock that lags a little gives the last moment again; one that lags much stops it."""
    place = home(tmp_path)

    def moment(body: bytes) -> int | None:
        with place.open() as (witness, (vkey,)):
            lines = witness.add_checkpoint(body).body
        if "\u2014" not in lines:
            return None
        size = int(body.rsplit(b"\n\n", 1)[0].rsplit(b"\n", 2)[1])
        return Note.parse(LOG.note(size) + lines).moments([vkey])[vkey]

    assert moment(LOG.request(0, 5)) == NOW
    place.clock.now -= SKEW
    assert moment(LOG.request(5, 6)) == NOW
    place.clock.now -= 1
    assert moment(LOG.request(6, 7)) is None
    place.clock.now = 0
    assert moment(LOG.request(6, 7)) is None
    assert "klok" in place.reports[-1]
    place.clock.now = NOW + 1
    assert moment(LOG.request(6, 7)) == NOW + 1


def test_other_logs_share_the_clock(tmp_path: Path) -> None:
    """The moment of one log is a lower bound for the next, whichever log that is."""
    other = FakeLog(origin="ander.example", signer=Signer.of("ander.example", ed25519("ander")))
    place = Home(tmp_path / "getuige", [VKEY, other.signer.vkey])
    with place.open() as (witness, (vkey,)):
        witness.add_checkpoint(LOG.request(0, 5))
        place.clock.now -= 10
        lines = witness.add_checkpoint(other.request(0, 2)).body

    assert Note.parse(other.note(2) + lines).moments([vkey]) == {vkey: NOW}


def test_witness_with_two_keys(tmp_path: Path) -> None:
    """With ML-DSA-44 each checkpoint gets both kinds; lines below the root only Ed25519."""
    text = LOG.checkpoint(6).text() + "meer\n"
    with home(tmp_path, mldsa=True).open() as (witness, vkeys):
        lines = witness.add_checkpoint(LOG.request(0, 5)).body
        extended = witness.add_checkpoint(request(5, LOG.proof(5, 6), LOG.signer.sign(text)))

        assert Note.parse(LOG.note(5) + lines).moments(vkeys) == dict.fromkeys(vkeys, NOW)
        signed = Note.parse(LOG.signer.sign(text) + extended.body).check(vkeys)
    assert signed == {vkeys[0]}


def test_log_with_two_keys(tmp_path: Path) -> None:
    """When both keys of a log are known, each signature of it must hold, and one is enough."""
    second = Signer.of(ORIGIN, mldsa44("log"))
    both = FakeLog(signer=SignerSet.of(Signer.of(ORIGIN, ed25519("log")), second))
    forged = LOG.note(8) + second.line(LOG.checkpoint(7).text())
    place = Home(tmp_path / "getuige", [VKEY, second.vkey])
    with place.open() as (witness, (vkey,)):
        assert witness.add_checkpoint(both.request(0, 5)).status == 200
        shown = Note.parse(witness.checkpoint(origin_hash(ORIGIN)).body)
        assert shown.check([VKEY, second.vkey, vkey]) == {VKEY, second.vkey, vkey}
        assert witness.add_checkpoint(LOG.request(5, 7)).status == 200
        assert witness.add_checkpoint(request(7, LOG.proof(7, 8), forged)).status == 403


def test_sixteen_signatures_and_more_fit(tmp_path: Path) -> None:
    """A checkpoint with forty ML-DSA-44 sized signatures of strangers is taken in."""
    line = "\u2014 vreemd.example " + encode_base64(bytes(4 + 8 + 2420)) + "\n"
    with home(tmp_path).open() as (witness, _):
        assert witness.add_checkpoint(LOG.request(0, 5) + line.encode() * 40).status == 200


def test_same_signature_twice_is_kept_once(tmp_path: Path) -> None:
    """A log that signs twice with one key has one line in what is shown."""
    body = LOG.request(0, 5)
    twice = body + body.split(b"\n")[-2] + b"\n"
    with home(tmp_path).open() as (witness, _):
        assert witness.add_checkpoint(twice).status == 200
        assert witness.checkpoint(origin_hash(ORIGIN)).body.count(f"\u2014 {ORIGIN} ") == 1


class FullDisk(Disk):
    """A disk that fails, before or after the file got its name."""

    def __init__(self, step: str) -> None:
        self.step = step
        self.broken = False

    def _do(self, step: str) -> None:
        if self.broken and step == self.step:
            raise OSError(28, "vol")

    @override
    def write(self, path: Path, data: bytes, *, private: bool = False) -> None:
        self._do("write")
        path.touch(0o600 if private else 0o644)
        path.write_bytes(data)

    @override
    def replace(self, source: Path, target: Path) -> None:
        self._do("replace")
        super().replace(source, target)

    @override
    def sync_directory(self, directory: Path) -> None:
        self._do("sync")
        super().sync_directory(directory)


@pytest.mark.parametrize("step", ["write", "replace", "sync"])
@pytest.mark.parametrize("log", [LOG, OTHER_STORY], ids=["next", "fork"])
def test_failed_write_stops_the_witness(tmp_path: Path, step: str, log: FakeLog) -> None:
    """When the disk fails nothing is signed any more, until it starts anew from the disk."""
    disk = FullDisk(step)
    place = home(tmp_path, disk=disk)
    with place.open() as (witness, _):
        witness.add_checkpoint(LOG.request(0, 5))
        disk.broken = True
        size = 8 if log is LOG else 5
        assert witness.add_checkpoint(log.request(5, size)).status == 503
        disk.broken = False
        assert witness.add_checkpoint(LOG.request(5, 8)).status == 503
        assert "gestopt" in place.reports[-1]

    with place.open() as (witness, _):
        known = int(witness.add_checkpoint(LOG.request(1, 9)).body)
        assert known in {5, 8}
        assert witness.add_checkpoint(OTHER_STORY.request(known, 9)).status == 422
        assert witness.add_checkpoint(LOG.request(known, 9)).status == 200


def test_damaged_memory_refuses_to_start(tmp_path: Path) -> None:
    """A file that this witness did not sign, or under another name, stops it with a sentence."""
    place = home(tmp_path)
    with place.open() as (witness, _):
        witness.add_checkpoint(LOG.request(0, 5))
    (file,) = place.folder.glob("*.checkpoint")
    whole = file.read_bytes()
    for data in (b"", b"\xff", whole[:-9], whole.replace(b"\n5\n", b"\n4\n"), LOG.note(5).encode()):
        file.write_bytes(data)
        with pytest.raises(WitnessError, match=file.name), place.open():
            pass
    file.write_bytes(whole)
    file.rename(file.with_name(f"{'0' * 64}.checkpoint"))
    with pytest.raises(WitnessError, match="tweede verleden"), place.open():
        pass


def test_only_one_wins(tmp_path: Path) -> None:
    """Of many requests at the same time from one state, exactly one story is cosigned."""
    statuses: list[int] = []
    with home(tmp_path).open() as (witness, _):
        witness.add_checkpoint(LOG.request(0, 3))

        def send(story: str, size: int) -> None:
            body = FakeLog(story=story, common=3).request(3, size)
            statuses.append(witness.add_checkpoint(body).status)

        threads = [
            threading.Thread(target=send, args=(story, size))
            for story in "bcdefgh"
            for size in (5, 6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(statuses) == [200, *[409] * 13]


STEP = st.tuples(
    st.sampled_from("ab"), st.integers(0, 12), st.integers(0, 12), st.integers(-400, 400)
)


@settings(max_examples=60)
@given(steps=st.lists(STEP, max_size=25), restarts=st.sets(st.integers(0, 24)))
def test_no_order_of_requests_gives_two_histories(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[str, int, int, int]],
    restarts: set[int],
) -> None:
    """Whatever is asked, restarted and done to the clock: all that was cosigned is one history."""
    logs = {story: FakeLog(story=story, common=4) for story in "ab"}
    place = home(tmp_path_factory.mktemp("getuige"))
    cosigned: list[tuple[str, int, int]] = []
    number = 0
    while number < len(steps) or not number:
        with place.open() as (witness, (vkey,)):
            while number < len(steps):
                story, old, size, turn = steps[number]
                place.clock.now = max(1, place.clock.now + turn)
                answer = witness.add_checkpoint(logs[story].request(old, max(size, old)))
                if answer.status == 200:
                    note = Note.parse(logs[story].note(max(size, old)) + answer.body)
                    cosigned.append((story, max(size, old), note.moments([vkey])[vkey]))
                number += 1
                if number in restarts:
                    break
        number = max(number, 1)

    assert [size for _, size, _ in cosigned] == sorted(size for _, size, _ in cosigned)
    assert [moment for *_, moment in cosigned] == sorted(moment for *_, moment in cosigned)
    assert len({story for story, size, _ in cosigned if size > 4}) <= 1
