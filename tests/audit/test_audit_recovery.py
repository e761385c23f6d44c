"""The recovery ceremony: a new log that tells where the old one ended, and why."""

import base64
import json
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.entry import canonical, commitment
from audit.errors import LogOpenError
from audit.log import Log
from audit.note import Note, Signer, open_checkpoint
from audit.policy import Policy
from audit.receipt import verify_receipt_file
from audit.recovery import Last, Reason, begin_anew, last_of
from tests.audit.logs import SIGNER, START, a_log, an_entry, findings, salt_of

NEW = Signer.of("sluis.example/log-2", Ed25519PrivateKey.from_private_bytes(b"n" * 32))
WITNESS = Signer.cosigner("getuige.example/een", Ed25519PrivateKey.from_private_bytes(b"g" * 32))
POLICY = Policy.parse(f"log {SIGNER.vkey}\nwitness een {WITNESS.vkey}\nquorum een\n".encode())
REASON = Reason(text="De schijf ging stuk.", people=("A. Beheerder", "B. Functionaris"))


def an_old_log(folder: Path) -> Path:
    """Make a log whose state at 3 lines was witnessed, and that went on to 5."""
    directory = a_log(folder / "oud", [3])
    note = (directory / "checkpoint").read_text()
    (directory / "anker").mkdir()
    (directory / "anker" / "3").write_text(
        note + WITNESS.line(Note.parse(note).text, 1_700_000_000)
    )
    return a_log(directory, [5], done=3)


def begin(folder: Path, last: Last, reason: Reason = REASON) -> Log:
    """Carry out the ceremony; return the new log, still open."""
    directory = folder / "nieuw"
    log = Log.open(directory, signer=NEW, origin=NEW.vkey.name, kluis=folder / "nieuw-kluis")
    try:
        begin_anew(log, directory, last, reason, at=START, salt=salt_of(1))
    except BaseException:
        log.close()
        raise
    return log


def test_last_witnessed_checkpoint_is_embedded(tmp_path: Path) -> None:
    """The first line of the new log holds the last state that witnesses signed, and who decided."""
    old = an_old_log(tmp_path)
    last = last_of(old, POLICY)

    with begin(tmp_path, last) as log:
        payload = log.entry(0).payload
        log.append(*an_entry(9)).result()

    assert payload is not None
    assert POLICY.satisfied(payload["oud"]["controlepunt"])
    assert payload == {
        "wat": "herstel",
        "oud": {
            "naam": SIGNER.vkey.name,
            "grootte": 3,
            "wortel": base64.b64encode(last.checkpoint.root).decode(),
            "controlepunt": (old / "anker" / "3").read_text(),
        },
        "getuigd": True,
        "reden": "De schijf ging stuk.",
        "door": ["A. Beheerder", "B. Functionaris"],
    }


def test_statement_beside_the_log_proves_itself(tmp_path: Path) -> None:
    """Whoever gets the statement and the receipt can check them with the public key alone."""
    begin(tmp_path, last_of(an_old_log(tmp_path), POLICY)).close()
    folder = tmp_path / "nieuw" / "herstel"

    receipt, leaf = verify_receipt_file(folder / "bewijs.tlog-proof", NEW.vkey)
    told = json.loads((folder / "verklaring.json").read_text())
    salt = base64.urlsafe_b64decode(told["zout"] + "==")
    assert receipt.index == 0
    assert commitment(salt, canonical(told["inhoud"])) == leaf.toezegging


def test_old_log_stays_verifiable(tmp_path: Path) -> None:
    """The ceremony changes nothing in the old log."""
    old = an_old_log(tmp_path)
    copy = tmp_path / "kopie"
    shutil.copytree(old, copy)
    begin(tmp_path, last_of(old, POLICY)).close()

    assert findings(old) == []
    assert {p.relative_to(old): p.read_bytes() for p in old.rglob("*") if p.is_file()} == {
        p.relative_to(copy): p.read_bytes() for p in copy.rglob("*") if p.is_file()
    }


def test_without_witnesses_the_log_itself_is_the_last_word(tmp_path: Path) -> None:
    """Without a policy, or with one that nobody met, the own checkpoint counts; that is told."""
    old = an_old_log(tmp_path)
    stranger = Signer.cosigner("getuige.example/twee", Ed25519PrivateKey.generate())
    unmet = Policy.parse(f"log {SIGNER.vkey}\nwitness een {stranger.vkey}\nquorum een\n".encode())

    for policy in (None, unmet):
        last = last_of(old, policy)
        assert (last.checkpoint.size, last.witnessed) == (5, False)
        assert open_checkpoint(last.note, SIGNER.vkey) == last.checkpoint


@pytest.mark.parametrize("people", [(), ("A",), ("A", " a "), ("A", ""), ("A", "B", "C")])
def test_two_people_are_needed(tmp_path: Path, people: tuple[str, ...]) -> None:
    """One person cannot do this alone, also not by giving a name twice."""
    with pytest.raises(LogOpenError, match="Twee verschillende mensen"):
        begin(tmp_path, last_of(an_old_log(tmp_path)), Reason(text="reden", people=people))


def test_reason_is_needed(tmp_path: Path) -> None:
    """Without a reason there is no new log."""
    with pytest.raises(LogOpenError, match="reden"):
        begin(tmp_path, last_of(an_old_log(tmp_path)), Reason(text=" ", people=("A", "B")))


def test_log_that_is_in_use_is_no_new_log(tmp_path: Path) -> None:
    """The ceremony never adds its line to a log that has lines, or to one of the same name."""
    old = an_old_log(tmp_path)
    last = last_of(old)
    with begin(tmp_path, last) as log, pytest.raises(LogOpenError, match="leeg zijn"):
        begin_anew(log, tmp_path / "nieuw", last, REASON, at=START, salt=salt_of(2))
    same = Last(
        checkpoint=open_checkpoint((tmp_path / "nieuw" / "checkpoint").read_text(), NEW.vkey),
        note="",
        witnessed=False,
    )
    shutil.rmtree(tmp_path / "nieuw")
    shutil.rmtree(tmp_path / "nieuw-kluis")
    with pytest.raises(LogOpenError, match="andere naam"):
        begin(tmp_path, same)


@pytest.mark.parametrize("gone", ["vkey", "checkpoint"])
def test_directory_that_is_no_log_is_refused(tmp_path: Path, gone: str) -> None:
    """Without the key or the checkpoint of the old log nothing can be embedded."""
    old = an_old_log(tmp_path)
    (old / gone).unlink()

    with pytest.raises(LogOpenError, match="map van het oude logboek"):
        last_of(old)


def test_checkpoint_of_another_log_is_refused(tmp_path: Path) -> None:
    """A checkpoint that the key of the old log did not sign is not embedded."""
    old = an_old_log(tmp_path)
    (old / "checkpoint").write_text(NEW.sign("sluis.example/log\n3\nAAAA\n"))

    with pytest.raises(LogOpenError, match="niet echt"):
        last_of(old)
