"""What others ask of their witnesses, asked of ours: each answer is as published."""

from pathlib import Path
from typing import Any

import pytest

from audit.checkpoint import Checkpoint, decode_base64
from audit.errors import NoteError
from audit.note import Note
from audit.signer import Signer
from audit.vkey import Vkey
from audit.witness.store import origin_hash
from tests.audit.getuigen import FakeLog, Home, request
from tests.audit.published import load, private

DATA, MLDSA = load("getuigen.yaml"), load("mldsa44.yaml")
SCRIPT, SUMDB, MONKEYS = DATA["script"], DATA["sumdb"], DATA["monkeys"]
UPDATES = DATA["updates"]
MOMENT = 1767139200
LOG = FakeLog()
SIGSUM = Vkey.of(SCRIPT["origin"], bytes.fromhex(SCRIPT["key"]))
SIGNER = Signer.of("monkeys", private(UPDATES["private"]))


@pytest.mark.parametrize("case", DATA["sunlight"], ids=lambda case: case["key"].split("+")[0])
def test_witnesses_of_sunlight(case: dict[str, Any]) -> None:
    """A cosignature that sunlight made holds, tells its moment, and lies under its origin."""
    vkey, note = Vkey.parse(case["key"]), Note.parse(case["note"])

    assert note.moments([vkey]) == {vkey: MOMENT}
    assert origin_hash(Checkpoint.parse(note.text).origin) == case["place"]
    with pytest.raises(NoteError, match="klopt niet"):
        Note.parse(case["note"].replace("\n300\n", "\n301\n")).check([vkey])


def test_monkeys_of_transparency_dev(tmp_path: Path) -> None:
    """The checkpoints 5, 8, 10 and 15 of another witness get the answers that they should."""
    data = MONKEYS
    proof = [bytes.fromhex(step) for step in data["proof"]]
    later = [bytes.fromhex(step) for step in data["later_proof"]]
    place = Home(tmp_path / "getuige", [f"{data['key']} {data['origin']}"])
    with place.open() as (witness, _):
        statuses = [
            witness.add_checkpoint(request(old, steps, note)).status
            for old, steps, note in (
                (0, [], data["five_of_other"]),
                (0, [], data["five"]),
                (5, [b"\xaa\xaa", b"\xbb\xbb"], data["eight"]),
                (5, proof, "aaa"),
                (5, proof, data["four"]),
                (5, proof, data["eight"]),
                (5, proof, data["eight"]),
            )
        ]
    with Home(tmp_path / "ander", place.vkeys).open() as (witness, _):
        statuses += [
            witness.add_checkpoint(request(0, [], data["ten"])).status,
            witness.add_checkpoint(request(10, later, data["fifteen"])).status,
        ]

    assert statuses == [403, 200, 422, 400, 400, 200, 409, 200, 422]


def test_requests_of_sigsum(tmp_path: Path) -> None:
    """Requests that torchwood's witness takes, ours takes too, with Ed25519 and ML-DSA-44 logs."""
    bodies = [(each["key"], each["request"]) for each in DATA["sigsum"]]
    logs = [Vkey.of(body.split("\n")[2], bytes.fromhex(key)) for key, body in bodies] + [
        Vkey.parse(MLDSA["log"]["vkey"])
    ]
    with Home(tmp_path / "getuige", logs).open() as (witness, _):
        answers = [
            witness.add_checkpoint(body.encode())
            for body in (*(body for _, body in bodies), MLDSA["log"]["request"])
        ]

    assert [answer.status for answer in answers] == [200, 200, 200, 200]


@pytest.mark.parametrize("body", DATA["bodies"])
def test_malformed_bodies_of_transparency_dev(tmp_path: Path, body: str) -> None:
    """Each body that another witness cannot read is a 400 here as well."""
    with Home(tmp_path / "getuige", [LOG.signer.vkey]).open() as (witness, _):
        answer = witness.add_checkpoint(body.replace("CP", LOG.note(12)).encode())

    assert answer.status == 400


def test_script_of_litewitness(tmp_path: Path) -> None:
    """The requests of litewitness, one after the other, get the status that they should."""
    place = Home(tmp_path / "getuige", [SIGSUM])
    with place.open() as (witness, (vkey,)):
        for step in SCRIPT["steps"]:
            answer = witness.add_checkpoint(step["request"].encode())

            assert answer.status == step["status"], step["request"]
            if step["body"] is not None:
                assert (answer.body, answer.content_type) == (step["body"], "text/x.tlog.size")
            if answer.status == 200:
                note = step["request"].split("\n\n", 1)[1] + answer.body
                assert Note.parse(note).check([SIGSUM, vkey]) == {SIGSUM, vkey}

        assert "\n5\n" in witness.checkpoint(origin_hash(SCRIPT["origin"])).body


def test_too_many_hashes_of_litewitness(tmp_path: Path) -> None:
    """A request with 64 hashes is malformed, one with 63 is only wrong."""
    note = SCRIPT["steps"][0]["request"].split("\n\n", 1)[1]
    with Home(tmp_path / "getuige", [SIGSUM]).open() as (witness, _):
        answers = [
            witness.add_checkpoint(request(0, [bytes(32)] * count, note)).status
            for count in (64, 63)
        ]

    assert answers == [400, 422]


def test_request_of_sum_golang_org(tmp_path: Path) -> None:
    """A log whose key has another name than its checkpoints gets a cosignature under its name."""
    place = Home(tmp_path / "getuige", [f"{SUMDB['key']} {SUMDB['origin']}"])
    with place.open() as (witness, _):
        answer = witness.add_checkpoint(SUMDB["request"].encode())

        assert answer.status == 200
        assert "\n35225469\n" in witness.checkpoint(origin_hash(SUMDB["origin"])).body


def signed(size: int, root: str) -> str:
    """Return a checkpoint that was signed; `root` names it."""
    known = decode_base64(UPDATES["roots"][root])
    return SIGNER.sign(Checkpoint(origin="monkeys", size=size, root=known).text())


def test_notes_of_monkeys() -> None:
    """What another signed we sign the same, to the byte."""
    assert str(SIGNER.vkey) == UPDATES["key"]
    assert {"five": signed(5, "five"), "eight": signed(8, "eight")} == UPDATES["notes"]


PROOFS = {
    "none": [],
    "good": [bytes.fromhex(step) for step in MONKEYS["proof"]],
    "byte": [b"\x02"],
    "garbage": [bytes.fromhex(step * 2) for step in ("aa", "bb", "cc", "dd")],
}


@pytest.mark.parametrize(
    ("known", "known_root", "old", "size", "root", "proof", "status"), UPDATES["cases"]
)
def test_updates_of_transparency_dev(  # noqa: PLR0913 - the columns of the table
    tmp_path: Path,
    *,
    known: int,
    known_root: str,
    old: int,
    size: int,
    root: str,
    proof: str,
    status: int,
) -> None:
    """A witness that knows a checkpoint takes only what continues it."""
    with Home(tmp_path / "getuige", [SIGNER.vkey]).open() as (witness, _):
        first = witness.add_checkpoint(request(0, [], signed(known, known_root)))
        second = witness.add_checkpoint(request(old, PROOFS[proof], signed(size, root)))

    assert (first.status, second.status) == (200, status)
