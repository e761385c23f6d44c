"""The side of the log: quorums over real witnesses, and witnesses that lie, lag or are stolen."""

import contextlib
import http.server
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from audit.errors import LogRangeError, NoteError, PolicyError, WitnessError
from audit.merkle import check_consistency
from audit.note import Checkpoint, Note
from audit.policy import Policy
from audit.signer import Signer, SignerSet
from audit.witness import client as client_module
from audit.witness.client import WitnessClient, Witnessed
from audit.witness.transport import MAX_ANSWER, HttpTransport, Reply, split_url
from tests.audit.getuigen import NOW, ORIGIN, FakeLog, Home, Place, ed25519, mldsa44

LOG = FakeLog()
VKEY = LOG.signer.vkey
NAMES = ("fg", "gemeente", "rekenkamer")


@contextlib.contextmanager
def witnesses(tmp_path: Path, count: int = 3, *, mldsa: bool = False) -> Iterator[list[Place]]:
    """Run some witnesses of LOG."""
    with contextlib.ExitStack() as stack:
        homes = [
            Home(tmp_path / name, [VKEY], name=f"{name}.example", mldsa=mldsa)
            for name in NAMES[:count]
        ]
        yield [stack.enter_context(home.serving()) for home in homes]


def policy(places: Sequence[Place], quorum: int | str, *more: str) -> Policy:
    """Return a policy in which this many of these witnesses are a quorum."""
    lines = [f"log {VKEY}", *more]
    lines += [
        f"witness {name} {place.vkeys[0]} {place.url}/"
        for name, place in zip(NAMES, places, strict=False)
    ]
    lines += [f"group allen {quorum} {' '.join(NAMES[: len(places)])}", "quorum allen"]
    return Policy.parse("\n".join(lines).encode())


def test_quorum_of_real_witnesses(tmp_path: Path) -> None:
    """Three witnesses cosign what grows; the note that comes back meets the policy by itself."""
    with witnesses(tmp_path) as places:
        rules = policy(places, "all")
        client = WitnessClient(policy=rules)
        for size in (1, 5, 5, 12):
            got = client.submit(LOG.note(size), LOG.proof)

            assert got.quorum
            assert dict(got.moments) == dict.fromkeys(NAMES, NOW)
            assert rules.open(got.note) == LOG.checkpoint(size)
            assert got.note.startswith(LOG.note(size))
            assert [outcome.trouble for outcome in got.outcomes] == [None] * 3


def test_size_is_learnt(tmp_path: Path) -> None:
    """A client that knows nothing learns from the 409 what was cosigned, and tries once more."""
    with witnesses(tmp_path) as places:
        places[0].witness.add_checkpoint(LOG.request(0, 3))
        places[1].witness.add_checkpoint(LOG.request(0, 8))
        asked: list[tuple[int, int]] = []

        def proof(old: int, new: int) -> Sequence[bytes]:
            asked.append((old, new))
            return LOG.proof(old, new)

        got = WitnessClient(policy=policy(places, 3)).submit(LOG.note(8), proof)

    assert got.quorum
    assert asked == [(3, 8)]


def test_witness_that_is_down(tmp_path: Path) -> None:
    """With one of three down there is a quorum of two and none of three."""
    with witnesses(tmp_path) as places:
        dead = Place(url=free_address(), vkeys=places[2].vkeys, witness=places[2].witness)
        three = [*places[:2], dead]
        two = WitnessClient(policy=policy(three, 2)).submit(LOG.note(5), LOG.proof)
        one = WitnessClient(policy=policy(three, 3)).submit(LOG.note(5), LOG.proof)

    assert (two.quorum, one.quorum) == (True, False)
    assert two.outcomes[2].trouble == "De getuige is niet te bereiken."
    assert set(one.moments) == {"fg", "gemeente"}


def free_address() -> str:
    """Return an address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def test_rolled_back_log_is_told(tmp_path: Path) -> None:
    """Attack 6: a log that was put back is told what the witnesses saw, and can see the proof."""
    with witnesses(tmp_path) as places:
        rules = policy(places, "all")
        WitnessClient(policy=rules).submit(LOG.note(9), LOG.proof)

        client = WitnessClient(policy=rules)
        got = client.submit(LOG.note(5), LOG.proof)
        latest = client.latest([VKEY])

    assert not got.quorum
    assert [outcome.ahead for outcome in got.outcomes] == [9, 9, 9]
    assert "zag al 9 regels" in (got.outcomes[0].trouble or "")
    assert [each.checkpoint for each in latest] == [LOG.checkpoint(9)] * 3
    assert all(Note.parse(each.note).check([VKEY]) for each in latest)


def test_known_size_is_not_asked_again(tmp_path: Path) -> None:
    """A client that has seen a witness sign a larger log does not offer it a smaller one."""
    with witnesses(tmp_path, 1) as places:
        client = WitnessClient(policy=policy(places, "all"))
        client.submit(LOG.note(9), LOG.proof)

        assert client.submit(LOG.note(5), LOG.proof).outcomes[0].ahead == 9


def test_fork_gets_no_quorum(tmp_path: Path) -> None:
    """Attack 5: of two histories that a log shows to different witnesses, one has no quorum."""
    fork = FakeLog(story="b", common=4)
    with witnesses(tmp_path) as places:
        rules = policy(places, 2)
        first = WitnessClient(policy=policy(places[:2], 2)).submit(LOG.note(9), LOG.proof)
        places[2].witness.add_checkpoint(fork.request(0, 9))

        second = WitnessClient(policy=rules).submit(fork.note(9), fork.proof)

    assert rules.satisfied(first.note)
    assert not second.quorum
    assert set(second.moments) == {"rekenkamer"}
    assert "geen voortzetting" in (second.outcomes[0].trouble or "")
    with pytest.raises(NoteError, match="wel getekend: rekenkamer"):
        rules.open(second.note)


def test_stolen_log_key(tmp_path: Path) -> None:
    """Attack 7: whoever has the key of the log only signs what no auditor takes for true."""
    thief = FakeLog(story="dief", common=0)
    with witnesses(tmp_path) as places:
        rules = policy(places, 2)
        WitnessClient(policy=rules).submit(LOG.note(9), LOG.proof)

        got = WitnessClient(policy=rules).submit(thief.note(12), thief.proof)

    assert Note.parse(thief.note(12)).check([VKEY]) == {VKEY}
    assert not rules.satisfied(thief.note(12))
    assert (got.quorum, dict(got.moments)) == (False, {})


@pytest.mark.parametrize(("stolen", "quorum"), [(1, False), (2, True)])
def test_stolen_witness_keys(stolen: int, quorum: bool) -> None:  # noqa: FBT001
    """Attack 8: two of three holds with one stolen witness key, and falls with two."""
    thief = FakeLog(story="dief")
    keys = [Signer.cosigner(f"{name}.example", ed25519(name)) for name in NAMES]
    places = [("fg", keys[0]), ("gemeente", keys[1]), ("rekenkamer", keys[2])]
    lines = [f"log {VKEY}", *(f"witness {name} {key.vkey}" for name, key in places)]
    rules = Policy.parse("\n".join([*lines, "group g 2 " + " ".join(NAMES), "quorum g"]).encode())
    text = thief.checkpoint(12).text()

    note = thief.note(12) + "".join(key.line(text, NOW) for key in keys[:stolen])
    twice = note + keys[0].line(text, NOW + 1) * 3

    assert rules.satisfied(note) == quorum
    assert rules.satisfied(twice) == quorum


def test_one_key_under_two_names_counts_once() -> None:
    """Attack 8: the 0x04 message does not name its signer, so one key is never two witnesses."""
    key = ed25519("fg")
    one, two = Signer.cosigner("een.example", key), Signer.cosigner("twee.example", key)
    text = f"log {VKEY}\nwitness een {one.vkey}\nwitness twee {two.vkey}\n"

    with pytest.raises(PolicyError, match=r"Regel 3 .* staat al op regel 2"):
        Policy.parse(f"{text}group g all een twee\nquorum g\n".encode())


def test_witness_with_two_keys(tmp_path: Path) -> None:
    """A witness with two keys at one address is asked once, and both its keys may count."""
    with witnesses(tmp_path, 1, mldsa=True) as (place,):
        first, second = place.vkeys
        text = f"log {VKEY}\nwitness a {first} {place.url}\nwitness b {second} {place.url}/\n"
        rules = Policy.parse(f"{text}group g all a b\nquorum g\n".encode())

        got = WitnessClient(policy=rules).submit(LOG.note(5), LOG.proof)

    assert got.quorum
    assert [outcome.names for outcome in got.outcomes] == [("a", "b")]
    assert dict(got.outcomes[0].moments) == {"a": NOW, "b": NOW}


def test_log_with_two_keys(tmp_path: Path) -> None:
    """What a log signs with Ed25519 and ML-DSA-44 is cosigned, and meets a policy with both."""
    second = Signer.of(ORIGIN, mldsa44("log"))
    both = FakeLog(signer=SignerSet.of(Signer.of(ORIGIN, ed25519("log")), second))
    with witnesses(tmp_path, 2) as places:
        rules = policy(places, "all", f"log {second.vkey}")
        got = WitnessClient(policy=rules).submit(both.note(5), both.proof)

        assert rules.judge(got.note).logs == {VKEY, second.vkey}
        assert got.quorum


def test_earlier_cosignatures_stay(tmp_path: Path) -> None:
    """A cosignature that the note came with stays, or makes place for a newer one of its key."""
    with witnesses(tmp_path, 2) as places:
        rules = policy(places, "all")
        lines = places[0].witness.add_checkpoint(LOG.request(0, 5)).body
        got = WitnessClient(policy=rules).submit(LOG.note(5) + lines, LOG.proof)

    assert got.quorum
    assert len(Note.parse(got.note).signatures) == 3


def test_checkpoint_of_a_stranger_is_not_sent(tmp_path: Path) -> None:
    """What no log of the policy signed is not offered to any witness."""
    with witnesses(tmp_path, 1) as places:
        client = WitnessClient(policy=policy(places, "all"))
        stranger = FakeLog(signer=Signer.of(ORIGIN, ed25519("vreemd")))
        with pytest.raises(NoteError, match="Geen van de logboeken"):
            client.submit(stranger.note(5), stranger.proof)


@dataclass
class FakeTransport:
    """Answers as the test says; keeps what was asked."""

    answer: Callable[[str, str, bytes | None], Reply]
    asked: list[tuple[str, str]] = field(default_factory=list)

    def exchange(self, method: str, url: str, body: bytes | None, seconds: float) -> Reply:
        """Answer."""
        assert 0 < seconds <= 5
        self.asked.append((method, url))
        return self.answer(method, url, body)


WITNESS = Signer.cosigner("fg.example", ed25519("fg"))
ONE = Policy.parse(
    f"log {VKEY}\nwitness fg {WITNESS.vkey} https://fg.example/getuige\nquorum fg\n".encode()
)


def submit(reply: Reply, size: int = 8) -> tuple[Witnessed, FakeTransport]:
    """Submit to a witness that always answers this."""
    transport = FakeTransport(lambda *_: reply)
    got = WitnessClient(policy=ONE, transport=transport).submit(LOG.note(size), LOG.proof)
    return got, transport


TEXT = LOG.checkpoint(8).text()
GOOD = WITNESS.line(TEXT, NOW)
STRANGER = Signer.cosigner("vreemd.example", ed25519("vreemd")).line(TEXT, NOW)


def test_signatures_of_strangers_are_left_out() -> None:
    """What else a witness sends along does not end up under the checkpoint."""
    got, transport = submit(Reply(200, (STRANGER + GOOD).encode()))

    assert got.note == LOG.note(8) + GOOD
    assert transport.asked == [("POST", "https://fg.example/getuige/add-checkpoint")]


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (Reply(200, b""), "geen handtekening"),
        (Reply(200, b"\xff"), "leesbare tekst"),
        (Reply(200, GOOD[:-1].encode()), "geen handtekening"),
        (Reply(200, b"<html>"), "geen handtekening"),
        (Reply(200, STRANGER.encode()), "bevat geen handtekening van hem"),
        (Reply(200, WITNESS.line(LOG.checkpoint(7).text(), NOW).encode()), "klopt niet"),
        (Reply(200, (GOOD + WITNESS.line("ander\n", NOW)).encode()), "klopt niet"),
        (Reply(200, LOG.note(8).split("\n\n")[1].encode()), "bevat geen handtekening van hem"),
        (Reply(301, b"", ""), "verwijst door"),
        (Reply(403, b""), "kent de handtekening"),
        (Reply(404, b""), "tekent niet voor dit logboek"),
        (Reply(422, b""), "geen voortzetting"),
        (Reply(500, b""), "status 500"),
        (Reply(409, b"3\n"), "welke grootte"),
        (Reply(409, b"3", "text/x.tlog.size"), "welke grootte"),
        (Reply(409, b"03\n", "text/x.tlog.size"), "ongeldig getal"),
        (Reply(409, b"99999999999999999999\n", "text/x.tlog.size"), "welke grootte"),
        (Reply(409, b"9\n", "text/x.tlog.size"), "zag al 9 regels"),
        (Reply(409, b"3\n", "text/x.tlog.size"), "intussen een andere grootte"),
        (Reply(409, b"0\n", "text/x.tlog.size"), "intussen een andere grootte"),
    ],
)
def test_bad_answers(reply: Reply, sentence: str) -> None:
    """Whatever a witness answers wrongly gives one sentence, and leaves the note as it was."""
    got, transport = submit(reply)

    assert sentence in (got.outcomes[0].trouble or "")
    assert (got.note, got.quorum) == (LOG.note(8), False)
    assert len(transport.asked) <= 2


def test_moment_of_zero_does_not_count() -> None:
    """A cosignature that tells no moment does not say that nothing larger was seen."""
    mldsa = Signer.cosigner("fg.example", mldsa44("fg"))
    rules = Policy.parse(f"log {VKEY}\nwitness fg {mldsa.vkey} http://x\nquorum fg\n".encode())

    assert rules.satisfied(LOG.note(8) + mldsa.line(TEXT, NOW))
    assert not rules.satisfied(LOG.note(8) + mldsa.line(TEXT, 0))


def test_trouble_with_a_proof_is_told() -> None:
    """When the log cannot give a proof, or breaks, the others go on and a sentence tells it."""

    def no_proof(_old: int, _new: int) -> Sequence[bytes]:
        raise LogRangeError("Deze grootte heeft het logboek niet gehad.")

    def broken(_old: int, _new: int) -> Sequence[bytes]:
        raise ZeroDivisionError

    conflict = FakeTransport(lambda *_: Reply(409, b"3\n", "text/x.tlog.size"))
    for proof, sentence in ((no_proof, "niet gehad"), (broken, "onverwacht")):
        client = WitnessClient(policy=ONE, transport=conflict)
        assert sentence in (client.submit(LOG.note(8), proof).outcomes[0].trouble or "")


def test_deadline_of_each(tmp_path: Path) -> None:
    """A witness that never answers costs its deadline once, and is not asked again meanwhile."""
    with witnesses(tmp_path, 2) as places, socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        silent = Place(url=url, vkeys=(WITNESS.vkey,), witness=places[0].witness)
        client = WitnessClient(policy=policy([*places, silent], 2), seconds=0.5)
        begun = time.monotonic()
        got = client.submit(LOG.note(5), LOG.proof)
        passed = time.monotonic() - begun

    assert got.quorum
    assert got.outcomes[2].trouble == "De getuige antwoordt niet op tijd."
    assert passed < 5


def test_thread_that_hangs_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """While an earlier question hangs, a witness is not asked a second one."""
    monkeypatch.setattr(client_module, "_GRACE", 0.0)
    go = threading.Event()

    def hang(*_: object) -> Reply:
        go.wait(20)
        return Reply(200, GOOD.encode())

    client = WitnessClient(policy=ONE, transport=FakeTransport(hang), seconds=0.05)
    first = client.submit(LOG.note(8), LOG.proof).outcomes[0].trouble
    second = client.submit(LOG.note(8), LOG.proof).outcomes[0].trouble
    go.set()

    assert first == "De getuige antwoordt niet op tijd."
    assert second == "De getuige is nog bezig met de vorige vraag."


@contextlib.contextmanager
def answering(head: bytes, body: Callable[[], Iterator[bytes]]) -> Iterator[str]:
    """Serve one fixed answer over HTTP."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.wfile.write(head)
            with contextlib.suppress(OSError):
                for chunk in body():
                    self.wfile.write(chunk)

        @override
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


def test_endless_answer_is_cut_off() -> None:
    """An answer that is too long, or that drips on for ever, is refused."""

    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 65536

    def drip() -> Iterator[bytes]:
        while True:
            time.sleep(0.05)
            yield b"x"

    head = b"HTTP/1.0 200 OK\r\n\r\n"
    with answering(head, endless) as url, pytest.raises(WitnessError, match="te lang"):
        HttpTransport().exchange("GET", url, None, 5)
    with answering(head, drip) as url, pytest.raises(WitnessError, match="op tijd"):
        HttpTransport().exchange("GET", url, None, 0.3)
    assert MAX_ANSWER < 1_000_000


def test_redirect_is_not_followed() -> None:
    """A redirect comes back as it is: nothing is sent to another address."""
    head = b"HTTP/1.0 307 Elders\r\nLocation: http://127.0.0.1:1/\r\n\r\n"
    with answering(head, lambda: iter(())) as url:
        assert HttpTransport().exchange("GET", url, None, 5).status == 307


def test_answer_that_is_no_http() -> None:
    """What does not speak HTTP, or TLS where it should, is not reached."""
    with answering(b"rommel\r\n\r\n", lambda: iter(())) as url:
        with pytest.raises(WitnessError, match="niet te bereiken"):
            HttpTransport().exchange("GET", url, None, 5)
        with pytest.raises(WitnessError, match="niet te bereiken"):
            HttpTransport().exchange("GET", url.replace("http:", "https:"), None, 5)


@pytest.mark.parametrize(
    "url",
    ["", "fg.example", "ftp://fg.example", "http://", "http://x:y/", "http://a@x/", "http://x/?q",
     "http://x/#f", "http://x:0/", "file:///etc/passwd", "http://[::1/"],
)  # fmt: skip
def test_address_of_a_witness(url: str) -> None:
    """An address that is none of http or https, or carries more than a place, is not called."""
    with pytest.raises(WitnessError, match="geen http- of https-adres"):
        split_url(url)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404, b""),
        Reply(200, b"\xff"),
        Reply(200, LOG.note(8).encode()),
        Reply(200, (FakeLog(origin="elders").note(8)).encode()),
        Reply(200, (f"{TEXT}\n{GOOD}").encode()),
        Reply(200, (LOG.note(8) + GOOD).replace("\n8\n", "\n9\n").encode()),
    ],
)
def test_latest_needs_both_signatures(reply: Reply) -> None:
    """A last checkpoint without the signature of the log or of the witness is left out."""
    client = WitnessClient(policy=ONE, transport=FakeTransport(lambda *_: reply))

    assert client.latest([VKEY]) == ()


def test_latest_tells_who_and_when() -> None:
    """A last checkpoint with both signatures comes back with the moment of the witness."""
    transport = FakeTransport(lambda *_: Reply(200, (LOG.note(8) + GOOD).encode()))

    (latest,) = WitnessClient(policy=ONE, transport=transport).latest([VKEY])

    assert (latest.checkpoint, dict(latest.moments)) == (LOG.checkpoint(8), {"fg": NOW})
    assert transport.asked[0][1].startswith("https://fg.example/getuige/")


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_proofs_of_the_log_are_right(sizes: list[int]) -> None:
    """What the tests use as proofs is what the tree checks."""
    sizes.sort()
    for old, new in itertools.pairwise(sizes):
        first, second = LOG.checkpoint(old), LOG.checkpoint(new)
        proof = LOG.proof(old, new) if old < new else []
        check_consistency(old, new, first.root, second.root, proof)
    assert Checkpoint.parse(TEXT) == LOG.checkpoint(8)
