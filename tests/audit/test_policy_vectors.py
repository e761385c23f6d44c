"""Policies of others: what they take and refuse, and which witnesses they find enough."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.checkpoint import Checkpoint, decode_base64, encode_base64
from audit.cosignature import Kind
from audit.errors import NoteError, PolicyError
from audit.merkle import leaf_hash
from audit.policy import Policy
from audit.signer import PrivateKey, Signer
from audit.vkey import Vkey
from tests.audit.getuigen import ed25519, mldsa44
from tests.audit.published import load, private

POLICY = load("policy.yaml")


def rewrapped(name: str, public: bytes, kind: int) -> str:
    """Return a vkey; of a kind that we do not know with a made up number."""
    if kind in set(Kind):
        return str(Vkey.of(name, public, Kind(kind)))
    return f"{name}+00000000+{encode_base64(bytes([kind]) + public)}"


KEYS = {
    name: (each[0], decode_base64(each[1])[1:])
    for name, each in (POLICY["keys"] | POLICY["others"]).items()
}
LOG_SIGNERS = {
    name: Signer.of(origin, Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))
    for number, (name, origin) in enumerate(
        (("log", "example.com/log"), ("other", "other.example.com/log"))
    )
}
WITNESSES = {
    name: Signer.cosigner(each[0], private(each[2])) for name, each in POLICY["keys"].items()
}
WORDS = {
    **{name: rewrapped(key[0], key[1], 4) for name, key in KEYS.items()},
    **{f"w{n}": rewrapped(f"Wit{n}", bytes([n]) * 32, 4) for n in (4, 5, 6)},
    **{name: str(signer.vkey) for name, signer in LOG_SIGNERS.items()},
    "unknown": rewrapped("unknown.example.com", bytes(32), 0x63),
    "ecdsa": rewrapped("ecdsa.example.com", b"\x01\x02\x03", 2),
    "impostor": rewrapped("impostor.example.com", KEYS["w1"][1], 4),
}


def filled(policy: str) -> bytes:
    """Put the keys into a policy."""
    return policy.format(**WORDS).encode()


def test_keys_of_policies_are_those_of_their_seeds() -> None:
    """The witnesses that sign below are the ones that the policies name."""
    assert {n: str(s.vkey) for n, s in WITNESSES.items()} == {n: WORDS[n] for n in WITNESSES}


@pytest.mark.parametrize("case", POLICY["good"])
def test_good_policies_of_formats(case: dict[str, Any]) -> None:
    """Each good policy reads as it says, with its addresses."""
    policy = Policy.parse(filled(case["policy"]))

    assert len(policy.logs) == case["logs"]
    assert [witness.name for witness in policy.witnesses] == case["witnesses"]
    assert [[group.name, group.threshold] for group in policy.groups] == case["groups"]
    assert policy.quorum == case["quorum"]
    given = [log.url for log in policy.logs] + [witness.url for witness in policy.witnesses]
    urls = [url for url in given if url]
    assert all(case["policy"].count(url) == 1 for url in urls)
    assert len(urls) == case["policy"].count("https://")


def test_names_in_a_policy_are_bytes() -> None:
    """A name that is no text works, and a Kelvin sign is not the letter K."""
    key, other = WORDS["w1"].encode(), WORDS["w2"].encode()
    policy = Policy.parse(
        b"witness K\xe2\x84\xaaelvin-w\x80 " + key + b"\nquorum K\xe2\x84\xaaelvin-w\x80\n"
    )

    assert policy.quorum == policy.witnesses[0].name
    lines = b"witness K " + key + b"\nwitness \xe2\x84\xaa " + other + b"\nquorum K\n"
    assert len(Policy.parse(lines).witnesses) == 2
    with pytest.raises(PolicyError, match=r"Regel 2 .*\\udc80 staat niet boven") as caught:
        Policy.parse(b"witness w " + key + b"\nquorum \x80\n")
    assert str(caught.value).encode()


@pytest.mark.parametrize(("policy", "line"), POLICY["bad"])
def test_bad_policies_of_formats(policy: str, line: int) -> None:
    """Each bad policy is refused in one sentence that names the line."""
    with pytest.raises(PolicyError) as caught:
        Policy.parse(filled(policy))

    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert sentence.startswith(f"Regel {line} van de policy" if line else "In de policy ontbreekt")


TEXT = Checkpoint(origin="example.com/log", size=42, root=bytes(32)).text()


def signed(names: list[str]) -> str:
    """Return a checkpoint of 42 lines with these signatures."""
    lines = [(LOG_SIGNERS | WITNESSES)[name] for name in names]
    moments = [1_700_000_000 if name in WITNESSES else 0 for name in names]
    return TEXT + "\n" + "".join(s.line(TEXT, m) for s, m in zip(lines, moments, strict=True))


@pytest.mark.parametrize(("text", "names", "satisfied"), POLICY["satisfied"])
def test_quorums_of_formats(text: str, names: list[str], satisfied: bool) -> None:  # noqa: FBT001
    """Each set of witnesses is or is not a quorum, as it says."""
    policy = Policy.parse(filled(text))

    assert policy.satisfied(signed(["log", *names])) == satisfied


@pytest.mark.parametrize(("text", "names", "sentence"), POLICY["verified"])
def test_checkpoints_under_policies_of_formats(text: str, names: list[str], sentence: str) -> None:
    """A checkpoint needs both a log of the policy, under its own name, and the quorum."""
    policy = Policy.parse(filled(text))
    if sentence:
        with pytest.raises(NoteError, match=sentence):
            policy.open(signed(names))
    else:
        assert policy.open(signed(names)).size == 42


ORIGIN = "example.com/log"
TORCH = Checkpoint(origin=ORIGIN, size=123, root=leaf_hash(b"test data")).text()


@pytest.mark.parametrize("key", [ed25519("log"), mldsa44("log")], ids=["ed25519", "mldsa44"])
def test_logs_in_policies_of_torchwood(key: PrivateKey) -> None:
    """A policy takes the key of a log of either kind, for checkpoints under its own name only."""
    log = Signer.of(ORIGIN, key)
    policy = Policy.parse(f"log {log.vkey}\nquorum none\n".encode())

    assert policy.open(log.sign(TORCH)).origin == ORIGIN
    with pytest.raises(NoteError, match="Geen van de logboeken"):
        policy.open(log.sign(TORCH.replace(ORIGIN, "example.com/other")))
    cosigner = Signer.cosigner(ORIGIN, ed25519("log"))
    with pytest.raises(PolicyError, match="sleutel van een getuige"):
        Policy.parse(f"log {cosigner.vkey}\nquorum none\n".encode())


def test_mldsa_witness_in_a_policy_of_torchwood() -> None:
    """Where log and witness both sign with ML-DSA-44, the log alone is not enough."""
    log = Signer.of(ORIGIN, mldsa44("log"))
    witness = Signer.cosigner("witness.example/w1", mldsa44("w1"))
    text = f"log {log.vkey}\nwitness W1 {witness.vkey}\nquorum W1\n"
    policy = Policy.parse(text.encode())

    assert policy.open(log.sign(TORCH) + witness.line(TORCH, 1)).size == 123
    with pytest.raises(NoteError, match="Te weinig getuigen"):
        policy.open(log.sign(TORCH))
