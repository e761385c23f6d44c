"""A log with two keys: what is published is signed with Ed25519 and ML-DSA-44 both."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from audit.errors import LogOpenError
from audit.note import Note, Vkey
from audit.signer import Signer
from audit.verify import verify
from audit.writer import Options
from tests.audit.logs import ORIGIN, an_entry, open_log

ALSO = Signer.of(ORIGIN, MLDSA44PrivateKey.generate())


def keys_of(folder: Path) -> list[Vkey]:
    """Return the keys that the log names."""
    return [Vkey.parse(line) for line in (folder / "vkey").read_text().splitlines()]


def test_what_is_published_has_both_signatures(tmp_path: Path) -> None:
    """The checkpoint holds under both keys, and the verifier asks for both."""
    with open_log(tmp_path / "log", options=Options(also=ALSO)) as log:
        log.append(*an_entry(0)).result()
    keys = keys_of(tmp_path / "log")
    note = Note.parse((tmp_path / "log" / "checkpoint").read_text())

    assert len(keys) == 2
    assert note.check(keys) == frozenset(keys)
    assert all(finding.is_note for finding in verify(tmp_path / "log", keys))


def test_a_second_key_may_come_and_not_go(tmp_path: Path) -> None:
    """A log of one key may get the other; once it has it, it does not open without."""
    with open_log(tmp_path / "log"):
        pass
    with open_log(tmp_path / "log", options=Options(also=ALSO)):
        pass

    assert len(keys_of(tmp_path / "log")) == 2
    with pytest.raises(LogOpenError, match="sleutel past niet"):
        open_log(tmp_path / "log")


def test_a_foreign_second_signature_is_found(tmp_path: Path) -> None:
    """A published checkpoint without the second signature is not in order for who has that key."""
    with open_log(tmp_path / "log", options=Options(also=ALSO)) as log:
        log.append(*an_entry(0)).result()
    path = tmp_path / "log" / "checkpoint"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))

    assert not all(f.is_note for f in verify(tmp_path / "log", keys_of(tmp_path / "log")))
