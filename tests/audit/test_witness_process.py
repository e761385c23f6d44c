"""The program of a witness, as a real process: its folder, its keys, signals and SIGKILL."""

import contextlib
import http.client
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from audit.__main__ import clock, main
from audit.errors import WitnessError
from audit.note import Note
from audit.policy import Policy
from audit.vkey import Vkey
from audit.witness.logs import load_logs, parse_logs
from broker.cli import app
from tests.audit.getuigen import ORIGIN, FakeLog, Home

PROJECT = Path(__file__).parents[2]
LOG = FakeLog()
VKEY = LOG.signer.vkey
WITNESS = [sys.executable, "-m", "audit", "witness", "--poort", "0"]
WELCOME = re.compile(r"De getuige luistert op http://127\.0\.0\.1:([0-9]+)\n")


@contextlib.contextmanager
def running(folder: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a witness; give the process and its port."""
    logs = folder.with_name("logboeken")
    logs.write_text(f"# van de broker\n{VKEY}\n", encoding="utf-8")
    process = subprocess.Popen(
        [*WITNESS, str(folder), "--logboeken", str(logs), "--naam", "getuige.example/fg", *more],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        match = WELCOME.fullmatch(process.stdout.readline())
        assert match is not None, process.communicate()[1]
        yield process, int(match[1])
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        if process.stderr is not None:
            process.stderr.close()


def post(port: int, body: bytes) -> tuple[int, str]:
    """Ask for a cosignature."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", "/add-checkpoint", body=body)
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_starts_signs_and_stops(tmp_path: Path, stop: signal.Signals) -> None:
    """A witness makes its key, tells who it is, signs, and stops cleanly on a signal."""
    folder = tmp_path / "getuige"
    with running(folder, "--mldsa") as (process, port):
        status, lines = post(port, LOG.request(0, 5))
        process.send_signal(stop)
        assert process.stdout is not None
        assert process.stderr is not None
        out, err = process.stdout.read(), process.stderr.read()
        process.wait()

    assert (status, process.returncode, err) == (200, 0, "")
    vkeys = [Vkey.parse(line) for line in (folder / "vkey").read_text().splitlines()]
    assert Note.parse(LOG.note(5) + lines).check(vkeys) == set(vkeys)
    assert all(str(vkey) in out for vkey in vkeys)
    for name in ("getuige.pem", "getuige-mldsa.pem"):
        assert (folder / name).stat().st_mode & 0o777 == 0o600
    policies = [line.strip() for line in out.splitlines() if line.startswith("  witness ")]
    policy = Policy.parse(("\n".join([f"log {VKEY}", *policies, "quorum none"])).encode())
    assert [witness.vkey for witness in policy.witnesses] == vkeys
    assert {witness.url for witness in policy.witnesses} == {f"http://127.0.0.1:{port}"}


def test_second_process_is_refused(tmp_path: Path) -> None:
    """While a witness runs, another process on its folder ends with a sentence."""
    folder = tmp_path / "getuige"
    with running(folder):
        again = subprocess.run(
            [*WITNESS, str(folder), "--logboeken", str(tmp_path / "logboeken")],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )

    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == "Een ander proces draait deze getuige al.\n"


def test_killed_at_every_line(tmp_path: Path) -> None:
    """SIGKILL between any two lines of a first or a later run never leads to two histories."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.audit.witness_killed", str(tmp_path)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    first, later = (int(word) for word in ended.stdout.split())
    assert min(first, later) > 50


def push(log: FakeLog, port: int, chance: random.Random, given: list[tuple[str, int, str]]) -> None:
    """Have one history grow as quickly as it can, until the witness is gone or refuses it."""
    size = 0
    for _ in range(500):
        new = size + chance.randrange(1, 4)
        try:
            status, body = post(port, log.request(size, new))
        except (OSError, http.client.HTTPException):
            return
        if status == 200:
            given.append((log.story, new, body))
            size = new
        elif status == 409:
            size = int(body)
        else:
            return


def test_killed_under_load(tmp_path: Path) -> None:
    """Killed at chance moments while two histories compete, all it ever gave out is one of them."""
    chance = random.Random(4)
    given: list[tuple[str, int, str]] = []
    folder = tmp_path / "getuige"
    stories = [FakeLog(story=story, common=3) for story in "bc"]
    for _ in range(5):
        with running(folder) as (process, port):
            threads = [
                threading.Thread(target=push, args=(log, port, chance, given)) for log in stories
            ]
            for thread in threads:
                thread.start()
            time.sleep(0.1 + chance.random() / 4)
            process.kill()
            for thread in threads:
                thread.join()

    vkey = Vkey.parse((folder / "vkey").read_text())
    notes = {
        size: Note.parse(FakeLog(story=story, common=3).note(size) + lines)
        for story, size, lines in given
    }
    moments = [notes[size].moments([vkey])[vkey] for size in sorted(notes)]
    assert len({story for story, size, _ in given if size > 3}) == 1
    assert moments == sorted(moments)


def test_needs_only_python_and_cryptography(tmp_path: Path) -> None:
    """A witness runs where only `audit` and `cryptography` can be imported."""
    place = tmp_path / "alleen"
    place.mkdir()
    (place / "audit").symlink_to(PROJECT / "audit")
    (tmp_path / "logboeken").write_text(f"{VKEY}\n", encoding="utf-8")
    start = ["witness", str(tmp_path / "getuige"), "--poort", "0", "--naam", "x"]
    start += ["--logboeken", str(tmp_path / "logboeken")]
    code = (
        "import sys, threading, os, signal\n"
        "from audit.__main__ import main\n"
        "threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGTERM)).start()\n"
        "code = main(sys.argv[1:])\n"
        "ours = {m.split('.')[0] for m in sys.modules}\n"
        "allowed = set(sys.stdlib_module_names) | {'audit', 'cryptography', '_cffi_backend'}\n"
        "print(code, sorted(m for m in ours - allowed if not m.startswith('_')))"
    )
    ended = subprocess.run(
        [sys.executable, "-B", "-c", code, *start],
        cwd=place,
        capture_output=True,
        text=True,
        check=True,
    )

    assert ended.stdout.splitlines()[-1] == "0 []"


def test_help_is_dutch(capsys: pytest.CaptureFixture[str]) -> None:
    """Both commands tell in Dutch what they need."""
    with pytest.raises(SystemExit):
        main(["witness", "--help"])
    own = capsys.readouterr().out
    wide = CliRunner().invoke(app, ["witness", "--help"], env={"COLUMNS": "200", "TERM": "dumb"})

    for text in (own, wide.output):
        assert all(f"--{word}" in text for word in ("logboeken", "naam", "host", "poort", "adres"))
        assert "getuige" in text.lower()


def test_sluis_witness_tells_in_a_sentence(tmp_path: Path) -> None:
    """`sluis witness` that cannot start ends with code 2 and one sentence."""
    result = CliRunner().invoke(
        app, ["witness", str(tmp_path / "g"), "--logboeken", str(tmp_path / "weg")]
    )

    assert result.exit_code == 2
    assert result.output == (
        "Het bestand met logboeken is niet te lezen:"
        " een bestand kan niet worden gelezen of geschreven.\n"
    )


def test_the_clock_of_the_program_runs() -> None:
    """The program takes the time of the machine."""
    assert abs(clock() - time.time()) < 5


def refused(home: Home, name: str | None = "getuige.example/fg") -> str:
    """Try to open a witness; return the sentence why not."""
    home.name = name or home.name
    with pytest.raises(WitnessError) as caught, home.open():
        pass
    return str(caught.value)


def test_what_the_folder_must_be(tmp_path: Path) -> None:
    """Another name, a lost, open, foreign or garbled key, or a bad list: one plain sentence."""
    home = Home(tmp_path / "getuige", [VKEY])
    with home.open():
        pass
    key = home.folder / "getuige.pem"
    pem = key.read_bytes()

    assert "andere naam" in refused(home, "iemand.anders")
    key.chmod(0o644)
    assert "mode 600" in refused(home)
    key.chmod(0o600)
    key.write_bytes(b"rommel")
    assert "geen bruikbare sleutel" in refused(home)
    with Home(tmp_path / "ander", [VKEY]).open():
        pass
    key.write_bytes((tmp_path / "ander" / "getuige.pem").read_bytes())
    assert "niet meer die van deze getuige" in refused(home)
    key.unlink()
    assert "is weg" in refused(home)
    key.write_bytes(pem)
    key.chmod(0o600)
    (home.folder / "vkey").write_bytes(b"\xff")
    assert "leesbare tekst" in refused(home)
    (home.folder / "vkey").write_text("rommel\n", encoding="utf-8")
    assert "vorm naam+nummer+sleutel" in refused(home)
    (tmp_path / "bestand").write_text("x", encoding="utf-8")
    assert "niet te gebruiken" in refused(Home(tmp_path / "bestand", [VKEY]))


def test_half_a_first_start_is_finished(tmp_path: Path) -> None:
    """A key that was being written when the machine stopped does not block the next start."""
    home = Home(tmp_path / "getuige", [VKEY])
    home.folder.mkdir()
    (home.folder / ".getuige.pem.new").write_bytes(b"-----BEGIN")

    with home.open() as (witness, _):
        assert witness.add_checkpoint(LOG.request(0, 1)).status == 200


def test_second_key_may_come_later(tmp_path: Path) -> None:
    """A witness that starts to sign with ML-DSA-44 keeps its first key, and goes on with both."""
    home = Home(tmp_path / "getuige", [VKEY])
    with home.open() as (witness, first):
        witness.add_checkpoint(LOG.request(0, 1))
    home.mldsa = True
    with home.open() as (witness, both):
        assert both[:1] == first
        assert len(both) == 2
        assert witness.add_checkpoint(LOG.request(1, 2)).body.count("\u2014") == 2
    home.mldsa = False
    with home.open() as (_, again):
        assert again == both


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "geen sleutel"),
        ("# niets\n\n", "geen sleutel"),
        ("\nrommel\n", "Regel 2 van de logboeken"),
        (str(Vkey.of("g", bytes(32), VKEY.kind.COSIGNATURE)), "Regel 1 .* getuige"),
    ],
)
def test_bad_list_of_logs(text: str, sentence: str) -> None:
    """A list of logs without a key, or with a line that is none, is refused by its line."""
    with pytest.raises(WitnessError, match=sentence):
        parse_logs(text)


def test_list_of_logs(tmp_path: Path) -> None:
    """A log may have several keys, and another origin than the name of its key."""
    other = Vkey.of(ORIGIN, bytes(range(32)))
    path = tmp_path / "logboeken"
    path.write_text(f"{VKEY}\n  {other}\n{VKEY} Log met een naam\n", encoding="utf-8")

    assert load_logs(path) == {ORIGIN: (VKEY, other), "Log met een naam": (VKEY,)}
    for data, sentence in ((b"\xff", "leesbare tekst"), (b"#" * 1_000_001, "te groot")):
        path.write_bytes(data)
        with pytest.raises(WitnessError, match=sentence):
            load_logs(path)


def test_first_start_needs_a_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a name a new witness does not start, and says how to give one."""
    logs = tmp_path / "logboeken"
    logs.write_text(f"{VKEY}\n", encoding="utf-8")
    start = ["witness", str(tmp_path / "g"), "--logboeken", str(logs), "--poort", "0"]

    assert main(start) == 2
    assert "--naam" in capsys.readouterr().err
    assert main([*start, "--naam", "met spatie"]) == 2
    assert "spatie" in capsys.readouterr().err
    assert main([*start, "--naam", "g", "--host", "256.1.1.1"]) == 2
    assert "Kies een adres van deze machine" in capsys.readouterr().err
    assert main([*start, "--naam", "g", "--adres", "geen adres"]) == 2
    assert "begint met http:// of https://" in capsys.readouterr().err
    assert main([*start[:-1], "65536", "--naam", "g"]) == 2
    assert "een getal van 0 tot en met 65535" in capsys.readouterr().err
