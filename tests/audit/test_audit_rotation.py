"""A log key that was withdrawn: it counts up to the last size that witnesses saw, and no further.

A log has one key. Who takes another begins a new log, whose first line holds the last witnessed
checkpoint of the old one (`recovery`). A thief still has the old key, and the old log.
"""

import datetime as dt
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.errors import ForeignLogError
from audit.findings import Code
from audit.log import Log
from audit.note import Signer
from audit.recovery import Reason, begin_anew, last_of
from audit.verify import Demands, verify
from tests.audit.logs import OTHER_SIGNER, SIGNER, START, a_log, an_entry, open_log, salt_of, short
from tests.audit.test_audit_anchored import POLICY, WITNESSES, anchor

NEXT = Signer.of("sluis.example/log-2", Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32))


def succeed(directory: Path) -> str:
    """Begin the log that follows, with a key of its own; return the end of the old log by it."""
    last = last_of(directory, POLICY)
    place = directory.with_name("volgend")
    with Log.open(
        place, signer=NEXT, origin=NEXT.vkey.name, kluis=directory.with_name("volgend-kluis")
    ) as log:
        reason = Reason(text="De sleutel is gestolen.", people=("een", "twee"))
        at = START + dt.timedelta(days=1)
        begin_anew(log, place, last, reason, at=at, salt=salt_of(0))
        payload = log.entry(0).payload
    assert payload is not None
    note = payload["oud"]["controlepunt"]
    assert isinstance(note, str)
    return note


def told(directory: Path, end: str) -> list[tuple[Code, int, int]]:
    """Return the findings about a log that ended."""
    found = verify(directory, SIGNER.vkey, None, Demands(policy=POLICY, end=end))
    return [short(one) for one in found if not one.is_note]


@pytest.fixture(name="directory")
def make_directory(tmp_path: Path) -> Path:
    """Make a log of three hundred lines that two of three witnesses saw."""
    directory = a_log(tmp_path / "log", [100, 300])
    anchor(directory, 300)
    return directory


def test_old_key_counts_up_to_the_last_witnessed_size(directory: Path) -> None:
    """What is signed with the old key after the end that witnesses saw is named, line by line."""
    end = succeed(directory)
    assert told(directory, end) == []

    with open_log(directory) as thief:
        thief.append_many([an_entry(number) for number in range(300, 320)]).result()

    assert told(directory, end) == [(Code.ONGEDEKT, 300, 319)]


def test_old_key_cannot_rewrite_what_witnesses_saw(directory: Path, tmp_path: Path) -> None:
    """Another history of the size that was the end is a second history, whoever signed it."""
    end = succeed(directory)
    other = tmp_path / "anders"
    with open_log(other) as thief:
        thief.append_many([an_entry(number, vals=True) for number in range(300)]).result()

    assert (Code.SPLITSING, 0, 299) in told(other, end)


def test_old_log_that_was_cut_is_named(directory: Path, tmp_path: Path) -> None:
    """An old log that is shorter than its end is named by the lines that are gone."""
    end = succeed(directory)

    assert told(a_log(tmp_path / "kort", [100]), end) == [(Code.AFGEKAPT, 100, 299)]


def test_end_that_proves_nothing_is_named(directory: Path) -> None:
    """An end without the quorum of witnesses, or of another log, does not count."""
    note = (directory / "checkpoint").read_text()
    text = note.split("\n\n", maxsplit=1)[0] + "\n"

    assert told(directory, note) == [(Code.GETUIGEN, 0, 299)]
    assert told(directory, note + WITNESSES[0].line(text, 1)) == [(Code.GETUIGEN, 0, 299)]
    with pytest.raises(ForeignLogError, match="Het laatste controlepunt"):
        told(directory, OTHER_SIGNER.sign(text))


def test_new_key_never_opens_the_old_log(directory: Path) -> None:
    """The new key signs nothing of the old log, and the old key nothing of the new one."""
    succeed(directory)
    with pytest.raises(ForeignLogError):
        verify(directory, NEXT.vkey)
    with pytest.raises(ForeignLogError):
        verify(directory.with_name("volgend"), SIGNER.vkey)
