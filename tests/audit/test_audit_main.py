"""The tool of the auditor: what it prints, where, and with which exit code."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from audit.__main__ import main
from audit.checkpoint import Checkpoint
from audit.entry import Soort
from tests.audit.autoriteit import authority, issue
from tests.audit.logs import OTHER_SIGNER, SIGNER, a_log, an_entry, open_log, run_sql, vault_of

KEY = str(SIGNER.vkey)
ALONE = (
    "Let op: er zijn geen ankers; niemand anders bevestigt dit logboek.\n"
    "Let op: de kluis is niet gegeven; de verzegelde inhoud is niet nagekeken.\n"
)
"""What is told of a log that nobody else confirms, when the keys of its vault are not given."""
PROJECT = Path(__file__).parents[2]


def test_intact_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An intact log gives exit code 0; progress goes to stderr."""
    directory = a_log(tmp_path / "log", [10])

    assert main(["verify", str(directory), "--key", KEY]) == 0

    out, err = capsys.readouterr()
    assert out == f"{ALONE}In orde: 10 regels nagerekend.\n"
    assert err == "\r10 van 10 regels nagerekend\n"


def test_open_voornemen_is_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A voornemen without an end is told, and the log is intact."""
    with open_log(tmp_path / "log") as log:
        log.append(*an_entry(0, Soort.VOORNEMEN)).result()

    assert main(["verify", str(tmp_path / "log"), "--key", KEY]) == 0
    assert capsys.readouterr().out == (
        f"{ALONE}Regel 0: het voornemen heeft nog geen afloop (geen fout, wel opvolgen).\n"
        "In orde: 1 regels nagerekend.\n"
    )


def test_altered_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An altered line gives exit code 1 and a sentence that names it."""
    directory = a_log(tmp_path / "log", [10])
    run_sql(directory, "UPDATE regel SET hash = zeroblob(32) WHERE seq = 4")

    assert main(["verify", str(directory), "--key", KEY]) == 1
    assert capsys.readouterr().out == (
        f"Regel 4: de regel is veranderd nadat hij werd vastgelegd.\n{ALONE}"
        "Niet in orde: zie hierboven.\n"
    )


def test_options_reach_the_verifier(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With all options given the log is checked against them, and what fails is told."""
    directory = a_log(tmp_path / "log", [10])
    policy, tsa, kept, evidence = (tmp_path / name for name in ("p", "t", "k", "b"))
    policy.write_text(f"log {KEY}\nquorum none\n")
    tsa.write_bytes(issue("Wortel", None, authority()).pem())
    empty = Checkpoint(origin=SIGNER.vkey.name, size=10, root=bytes(32))
    kept.write_text(SIGNER.sign(empty.text()))
    options = ["--policy", str(policy), "--tsa", str(tsa), "--ander", str(kept)]
    options += ["--bewijs", str(evidence), "--kluis", str(vault_of(directory))]

    assert main(["verify", str(directory), "--key", KEY, "--processen", "2", *options]) == 1
    assert capsys.readouterr().out == (
        "Regels 0 tot en met 9: van deze regels is ook een andere geschiedenis ondertekend.\n"
        "Let op: er zijn geen ankers; niemand anders bevestigt dit logboek.\n"
        "Niet in orde: zie hierboven.\n"
    )
    assert evidence.is_file()


_NO_KEY = (
    "De publieke sleutel heeft niet de vorm naam+nummer+sleutel, en een bestand met die naam is er"
    " niet.\n"
)


@pytest.mark.parametrize("option", ["--policy", "--tsa", "--ander", "--einde", "--kluis"])
def test_option_that_is_no_good(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    """A file that is not there, or holds something else, gives one sentence."""
    directory = a_log(tmp_path / "log", [1])
    rubbish = tmp_path / "rommel"
    for content in (None, b"\xff", b"rommel\n"):
        if content is not None:
            rubbish.write_bytes(content)
        assert main(["verify", str(directory), "--key", KEY, option, str(rubbish)]) == 1
        assert re.fullmatch(
            r"(\r1 van 1 regels nagerekend)?[A-Z][^\n]+\.\n", capsys.readouterr().err
        )


def test_key_may_stand_in_a_file(tmp_path: Path) -> None:
    """The key may be given as text or as a file."""
    directory = a_log(tmp_path / "log", [1])
    key = tmp_path / "sleutel"
    key.write_text(f"{KEY}\n")

    assert main(["verify", str(directory), "--key", str(key)]) == 0


def test_what_cannot_be_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No log, another key, or a key that is none gives one sentence and exit code 1."""
    directory = a_log(tmp_path / "log", [1])
    rubbish, nothing = tmp_path / "rommel", tmp_path / "leeg"
    rubbish.write_bytes(b"\xff")
    nothing.write_bytes(b"")
    for place, key, sentence in (
        (tmp_path, KEY, "In deze map staat geen logboek.\n"),
        (directory, str(OTHER_SIGNER.vkey), "De sleutel past niet bij dit logboek.\n"),
        (directory, "x", _NO_KEY),
        (directory, str(rubbish), "Het bestand met de sleutel is niet te lezen.\n"),
        (directory, str(nothing), "In het bestand staat geen sleutel.\n"),
        (directory, "x" * 5000, _NO_KEY),
    ):
        assert main(["verify", str(place), "--key", key]) == 1
        assert capsys.readouterr() == ("", sentence)


def test_wrong_vault_is_told_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Keys of another log are told at once, not after the lines were checked."""
    directory = a_log(tmp_path / "log", [1])
    (tmp_path / "ander").mkdir()
    args = ["verify", str(directory), "--key", KEY, "--kluis", str(tmp_path / "ander")]

    assert main(args) == 1
    assert "nagerekend" not in capsys.readouterr().err


def test_receipt_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A receipt is checked by itself: 0 when it proves its line, 1 when it does not."""
    with open_log(tmp_path / "log") as log:
        receipt = log.append(*an_entry(0)).result()
    path = tmp_path / "regel.tlog-proof"
    path.write_text(receipt.text())

    assert main(["receipt", str(path), "--key", KEY]) == 0
    assert capsys.readouterr().out == (
        "In orde: regel 0 (toetsing, 2026-11-20T09:00:00.000000Z, v-0/toetsing) staat in het"
        " logboek van 1 regels.\n"
    )
    path.write_text(receipt.text().replace("index 0", "index 1"))
    assert main(["receipt", str(path), "--key", KEY]) == 1
    assert "klopt niet" in capsys.readouterr().err


def test_auditor_needs_only_this_package(tmp_path: Path) -> None:
    """The tool runs where only `audit` and `cryptography` can be imported."""
    directory = a_log(tmp_path / "log", [3])
    place = tmp_path / "alleen"
    place.mkdir()
    (place / "audit").symlink_to(PROJECT / "audit")
    code = (
        "import runpy, sys\n"
        "sys.argv[0] = 'audit'\n"
        "try: runpy.run_module('audit', run_name='__main__')\n"
        "except SystemExit as e:\n"
        "    ours = {m.split('.')[0] for m in sys.modules}\n"
        "    allowed = set(sys.stdlib_module_names) | {'audit', 'cryptography', '_cffi_backend'}\n"
        "    print(e.code, sorted(m for m in ours - allowed if not m.startswith('_')))"
    )

    ended = subprocess.run(
        [sys.executable, "-B", "-c", code, "verify", str(directory), "--key", KEY],
        cwd=place,
        capture_output=True,
        text=True,
        check=True,
    )

    assert ended.stdout == f"{ALONE}In orde: 3 regels nagerekend.\n0 []\n"


def test_reader_that_goes_away_is_no_trouble(tmp_path: Path) -> None:
    """When nobody reads the findings any more, it ends without a stack trace."""
    directory = a_log(tmp_path / "log", [3])
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "audit", "verify", str(directory), "--key", KEY]
    done = subprocess.run(
        command, stdout=write, stderr=subprocess.PIPE, check=False, cwd=PROJECT, text=True
    )
    os.close(write)

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Error" not in done.stderr


def test_stopping_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C ends with the exit code of the shell, and says so."""
    directory = a_log(tmp_path / "log", [3])

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("audit.__main__.verify", stopped)

    assert main(["verify", str(directory), "--key", KEY]) == 130
    assert capsys.readouterr().err == "\nGestopt.\n"
