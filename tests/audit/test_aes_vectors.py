"""AES-GCM as the vault uses it: every published vector, through what seals and unseals."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.entry import SALT_SIZE, KeyRow
from audit.errors import VaultError
from audit.kek import ID_SIZE, NONCE_SIZE
from audit.kluis import NOBODY, Kluis, seal
from tests.audit.kluizen import Rows, a_kluis
from tests.audit.published import load

SUITE = load("aes-gcm-wycheproof.json")


class Kenmerk(str):
    """A kenmerk that stands for any bytes, also those that are no text."""

    __slots__ = ()

    # `typing.override` came with Python 3.12.
    def encode(self, encoding: str = "", errors: str = "") -> bytes:  # type: ignore[explicit-override]  # noqa: ARG002
        return bytes.fromhex(self)


class Case(NamedTuple):
    """One vector."""

    number: int
    flag: str
    key: bytes
    kenmerk: Kenmerk
    message: bytes
    zegel: bytes
    valid: bool


def read(case: dict[str, Any]) -> Case:
    """Read a vector."""
    key, message, zegel = (
        bytes.fromhex(text) for text in (case["key"], case["msg"], case["iv"] + case["ct"])
    )
    (flag,) = case["flags"]
    return Case(
        number=case["tcId"],
        flag=flag,
        key=key,
        kenmerk=Kenmerk(case["aad"]),
        message=message,
        zegel=zegel + bytes.fromhex(case["tag"]),
        valid=case["result"] == "valid",
    )


CASES = [read(case) for group in SUITE["testGroups"] for case in group["tests"]]
FLAGS = sorted({case.flag for case in CASES})


@pytest.fixture(name="kluis")
def open_kluis(tmp_path: Path) -> Kluis:
    """Give a vault of a new log."""
    return a_kluis(tmp_path / "kluis", Rows())


def unsealed(kluis: Kluis, case: Case) -> bytes | None:
    """Return what the vault makes of a vector; None: it refuses."""
    row = KeyRow(case.number.to_bytes(ID_SIZE, "big"), NOBODY, "2026-11", kluis.kek, b"")
    wrapped = kluis.keks.wrap(row, case.key, bytes(NONCE_SIZE))
    try:
        found = kluis.unseal(wrapped, case.zegel, case.kenmerk)
    except VaultError:
        return None
    assert found is not None
    return b"".join(found)


@pytest.mark.parametrize("flag", FLAGS)
def test_unsealed_as_published(kluis: Kluis, flag: str) -> None:
    """The vault opens what is true, and refuses each forged tag."""
    cases = [case for case in CASES if case.flag == flag]

    wrong = [
        case.number
        for case in cases
        if unsealed(kluis, case) != (case.message if case.valid else None)
    ]

    assert wrong == []


@pytest.mark.parametrize("flag", FLAGS)
def test_sealed_as_published(flag: str) -> None:
    """What the vault seals is to the byte what the vector says, and never the forged one."""
    wrong = []
    for case in [case for case in CASES if case.flag == flag]:
        payload = case.message[:SALT_SIZE], case.message[SALT_SIZE:]
        made = seal(AESGCM(case.key), case.zegel[:NONCE_SIZE], case.kenmerk, payload)
        if (made == case.zegel) != case.valid:
            wrong.append(case.number)

    assert wrong == []


def test_all_cases_of_our_sizes_are_here() -> None:
    """The cases are the 66 with a key of 256 bits, a nonce of 96 and a tag of 128."""
    sizes = [(each["keySize"], each["ivSize"], each["tagSize"]) for each in SUITE["testGroups"]]

    assert sizes == [(256, 96, 128)]
    assert len(CASES) == 66
    assert sum(not case.valid for case in CASES) == 27
