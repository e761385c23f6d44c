"""Ed25519 at its edges: every published vector comes out by one stated rule."""

from typing import Any

import pytest

from audit.cosignature import Kind, holds
from tests.audit.published import load

WYCHEPROOF, CCTV = load("ed25519-wycheproof.json"), load("ed25519-cctv.json")
REFUSED = frozenset({"non_canonical_R", "low_order_residue"})
"""What Go, OpenSSL and most others refuse. RFC 8032 also forbids `non_canonical_A`; but no signer
makes such a key, and a verifier that differs from the others splits the readers of one log."""

Vector = dict[str, Any]


def flags_of(vector: Vector) -> frozenset[str]:
    """Return the flags of a vector of CCTV."""
    return frozenset(vector["flags"] or ())


COMBINATIONS = sorted({flags_of(vector) for vector in CCTV}, key=sorted)


def check(vector: Vector, key: str, message: bytes) -> bool:
    """Tell whether a signature holds; as that of a witness it must come out the same."""
    public, signature = bytes.fromhex(key), bytes.fromhex(vector["sig"])
    held = holds(Kind.ED25519, public, signature, message)
    assert held == holds(Kind.COSIGNATURE, public, signature, message)
    return held


@pytest.mark.parametrize("flag", sorted(WYCHEPROOF["notes"]))
def test_wycheproof(flag: str) -> None:
    """Malleable, cut, padded, degenerate and wrongly encoded signatures are refused."""
    cases = [
        (group["publicKey"]["pk"], case)
        for group in WYCHEPROOF["testGroups"]
        for case in group["tests"]
        if flag in case["flags"]
    ]
    assert cases

    wrong = [
        case["tcId"]
        for key, case in cases
        if check(case, key, bytes.fromhex(case["msg"])) != (case["result"] == "valid")
    ]

    assert wrong == []


@pytest.mark.parametrize("flags", COMBINATIONS, ids=lambda flags: "+".join(sorted(flags)) or "none")
def test_cctv(flags: frozenset[str]) -> None:
    """Odd points come out as with Go and OpenSSL, so that we and they never differ."""
    vectors = [vector for vector in CCTV if flags_of(vector) == flags]

    wrong = [
        vector["number"]
        for vector in vectors
        if check(vector, vector["key"], vector["msg"].encode()) == bool(flags & REFUSED)
    ]

    assert wrong == []


def test_suites_are_whole() -> None:
    """All 151 vectors of Wycheproof and all 914 of CCTV are here, and each has a flag to run by."""
    cases = [case for group in WYCHEPROOF["testGroups"] for case in group["tests"]]

    assert (len(cases), WYCHEPROOF["numberOfTests"], len(CCTV)) == (151, 151, 914)
    assert all(case["flags"] for case in cases)
    assert len(COMBINATIONS) == 66
