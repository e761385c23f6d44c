"""Notes, keys and policies of others: each published vector comes out as it says."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.checkpoint import Checkpoint, decode_base64, encode_base64
from audit.cosignature import Kind, Subtree, split_signature
from audit.errors import NoteError, PolicyError, ReceiptError
from audit.merkle import leaf_hash
from audit.note import MAX_SIGNATURES, Note
from audit.policy import Policy
from audit.receipt import verify_receipt
from audit.signer import Signer
from audit.vkey import Vkey
from audit.witness.state import Request
from tests.audit.published import load

NOTEN, POLICY, GETUIGEN = load("noten.yaml"), load("policy.yaml"), load("getuigen.yaml")
GO, SUMDB = NOTEN["golang"], NOTEN["sumdb"]
MLDSA = load("mldsa44.yaml")


def private(encoded: str) -> Ed25519PrivateKey:
    """Read a private key as golang.org/x/mod writes it: a type byte and the seed."""
    data = decode_base64(encoded)
    assert data[0] == Kind.ED25519
    return Ed25519PrivateKey.from_private_bytes(data[1:])


def test_golden_note_of_golang() -> None:
    """We sign the golden note of golang.org/x/mod byte for byte as it does."""
    signer = Signer.of("PeterNeumann", private(GO["private"]))

    assert str(signer.vkey) == GO["key"]
    assert signer.sign(GO["text"]) == f"{GO['text']}\n{GO['line']}"


@pytest.mark.parametrize("text", ["abc", "", "abc\n\x01\n", "abc\r\n"])
def test_text_that_is_no_note_is_not_signed(text: str) -> None:
    """A text without a last newline, or with a control character, is not signed by any key."""
    log = Signer.of("PeterNeumann", private(GO["private"]))
    witness = Signer.cosigner("PeterNeumann", private(GO["private"]))

    with pytest.raises(NoteError, match="geen tekst om te ondertekenen"):
        log.sign(text)
    with pytest.raises(NoteError, match="geen tekst om te ondertekenen"):
        witness.line(text, 1)


def test_mangled_keys_of_golang() -> None:
    """No piece of a key, and no key with one character raised, reads as a key."""
    key = GO["key"]
    pieces = {key[i:j] for i in range(len(key)) for j in range(i + 1, len(key) + 1)} - {key}
    raised = {key[:i] + chr(ord(key[i]) + 1) + key[i + 1 :] for i in range(len(key))}

    accepted = []
    for bad in (*pieces, *raised, *GO["bad_keys"]):
        try:
            Vkey.parse(bad)
        except NoteError:
            continue
        accepted.append(bad)

    assert accepted == []


def test_notes_of_golang() -> None:
    """Known keys are found among others, a repeated line counts once, none at all is refused."""
    peter, enoch = Vkey.parse(GO["key"]), Vkey.parse(GO["other_key"])
    note = Note.parse(f"{GO['text']}\n{GO['line']}{GO['other_line']}")
    twice = Note.parse(f"{GO['text']}\n{GO['line'] * 2}{GO['other_line'] * 2}")

    assert note.check([peter]) == {peter}
    assert note.check([peter, enoch, enoch]) == {peter, enoch}
    assert twice.check([peter, enoch]) == {peter, enoch}
    with pytest.raises(NoteError, match="niet met deze sleutel"):
        note.check([])


@pytest.mark.parametrize(
    "note",
    [
        GO["text"],
        GO["text"] + "\n",
        f"{GO['text']}\n{GO['line'][:-1]}",
        f"\x01{GO['text']}\n{GO['line']}",
        f"{GO['text']}\n{GO['bad_name'][:-1]}",
        f"{GO['text']}\n{GO['bad_name']}",
        f"{GO['text']}\n{GO['line']}Unexpected line.\n",
        f"{GO['text']}\n{GO['line'] * (MAX_SIGNATURES + 1)}",
        f"{GO['text']}\n{GO['line'][:60]}ABCD{GO['line'][60:]}",
    ],
)
def test_bad_notes_of_golang(note: str) -> None:
    """Each bad message of golang.org/x/mod is refused."""
    with pytest.raises(NoteError):
        Note.parse(note).check([Vkey.parse(GO["key"])])


def test_tree_of_golang() -> None:
    """The golden checkpoint text reads and writes the same; the bad ones do not read."""
    tree = NOTEN["tree"]
    checkpoint = Checkpoint.parse(tree["text"])

    assert (checkpoint.size, checkpoint.root) == (tree["size"], leaf_hash(tree["leaf"].encode()))
    assert checkpoint.text() == tree["text"]
    assert Checkpoint.parse(tree["text"] + "JOE\n" * 1000) == checkpoint
    for bad in tree["bad"]:
        with pytest.raises(NoteError):
            Checkpoint.parse(bad)


def test_checkpoint_of_sum_golang_org() -> None:
    """The checkpoint of the Go checksum database holds, also among signatures of others."""
    log, *others = (Vkey.parse(key) for key in (SUMDB["key"], *SUMDB["more_keys"]))
    note = SUMDB["note"] + "".join(SUMDB["more_lines"] + SUMDB["strange_lines"])

    assert Note.parse(SUMDB["note"]).check([log]) == {log}
    assert Note.parse(note).check([log]) == {log}
    checkpoint = Checkpoint.parse(Note.parse(note).text)
    assert (checkpoint.origin, checkpoint.size) == (SUMDB["origin"], SUMDB["size"])
    assert Note.parse(note).check([log, *others]) == {log, *others}


@pytest.mark.parametrize(("names", "found", "count"), NOTEN["parse"])
def test_signers_of_formats(names: list[str], found: bool, count: int) -> None:  # noqa: FBT001
    """Of any mix of signers, exactly the known ones are found."""
    signers = {name: Signer.of(s[0], private(s[2])) for name, s in NOTEN["signers"].items()}
    assert {n: s.vkey.key_id.hex() for n, s in signers.items()} == {
        name: s[1] for name, s in NOTEN["signers"].items()
    }
    text = "TestParseCheckpoint\n42\nYWJjZGVm\n"
    note = Note.parse(text + "\n" + "".join(signers[name].line(text) for name in names))

    signed = note.check([signers[name].vkey for name in ("log", "known1", "known2")])

    assert len(signed) == count
    assert (signers["log"].vkey in signed) == found


@pytest.mark.parametrize(("key", "known"), NOTEN["vkeys"])
def test_keys_of_formats(key: str, known: bool) -> None:  # noqa: FBT001
    """A key of a witness reads; what is malformed or of another kind does not."""
    if known:
        assert str(Vkey.parse(key)) == key
        return
    with pytest.raises(NoteError):
        Vkey.parse(key)


@pytest.mark.parametrize(("encoded", "moment"), NOTEN["moments"])
def test_moments_of_formats(encoded: str, moment: int | None) -> None:
    """The moment in a cosignature reads as it was written; without one there is none."""
    data = decode_base64(encoded)[4:]
    if moment is None:
        with pytest.raises(NoteError, match="lengte"):
            split_signature(Kind.COSIGNATURE, data)
    else:
        assert split_signature(Kind.COSIGNATURE, data)[0] == moment


@pytest.mark.parametrize("text", NOTEN["receipts"])
def test_bad_receipts_of_formats(text: str) -> None:
    """Each malformed tlog-proof is refused, whatever checkpoint follows."""
    with pytest.raises(ReceiptError):
        verify_receipt(text, Vkey.parse(SUMDB["key"]), b"regel")
    note = SUMDB["note"]
    with pytest.raises(ReceiptError):
        verify_receipt(text.replace("checkpoint\n", note), Vkey.parse(SUMDB["key"]), b"regel")


def test_witness_of_sunlight() -> None:
    """A cosignature that sunlight made holds, and tells its moment."""
    data = GETUIGEN["sunlight"]
    vkey = Vkey.parse(data["key"])
    note = Note.parse(data["note"])

    assert note.moments([vkey]) == {vkey: data["moment"]}
    with pytest.raises(NoteError, match="klopt niet"):
        Note.parse(data["note"].replace("\n300\n", "\n301\n")).check([vkey])


def test_mldsa_log_of_torchwood() -> None:
    """A checkpoint that torchwood signed with ML-DSA-44 holds; one line more breaks it."""
    vkey = Vkey.parse(MLDSA["log"]["vkey"])
    note = Request.parse(MLDSA["log"]["request"].encode()).note

    assert str(vkey) == MLDSA["log"]["vkey"]
    assert note.moments([vkey]) == {vkey: 0}
    extended = Note(text=note.text + "extension 1\n", signatures=note.signatures)
    for bad in (extended, Note.parse(note.whole().replace("\n1\n", "\n2\n"))):
        with pytest.raises(NoteError, match="klopt niet"):
            bad.check([vkey])


def test_mldsa_subtree_of_torchwood() -> None:
    """A 0x06 signature over a part of a log holds for that part of that log only."""
    data = MLDSA["subtree"]
    vkey, other = Vkey.parse(data["vkey"]), Vkey.parse(SUMDB["key"])
    line = Note.parse(f"x\n\n{data['line']}").signatures[0]
    root = decode_base64(data["root"])
    part = Subtree(origin=data["origin"], start=data["start"], end=data["end"], root=root)

    assert vkey.holds_subtree(part, line.signature)
    for changed in (
        Subtree(origin="example.com/other", start=8, end=13, root=root),
        Subtree(origin=part.origin, start=8, end=12, root=root),
        Subtree(origin=part.origin, start=4, end=12, root=root),
        Subtree(origin=part.origin, start=8, end=13, root=bytes(32)),
        Subtree(origin="x" * 256, start=8, end=13, root=root),
    ):
        assert not vkey.holds_subtree(changed, line.signature)
    assert not vkey.holds_subtree(part, line.signature[:-1] + b"\x01")
    assert not vkey.holds_subtree(part, b"\x00" * 7 + b"\x01" + line.signature[8:])
    assert not other.holds_subtree(part, line.signature)


def rewrapped(name: str, public: bytes, kind: int) -> str:
    """Return a vkey; of a kind that we do not know with a made up number."""
    if kind in set(Kind):
        return str(Vkey.of(name, public, Kind(kind)))
    return f"{name}+00000000+{encode_base64(bytes([kind]) + public)}"


KEYS = {name: (each[0], decode_base64(each[1])[1:]) for name, each in POLICY["keys"].items()}
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


@pytest.mark.parametrize(("names", "satisfied"), POLICY["satisfied"]["cases"])
def test_quorums_of_formats(names: list[str], satisfied: bool) -> None:  # noqa: FBT001
    """Each set of witnesses is or is not a quorum, as it says."""
    policy = Policy.parse(filled(POLICY["satisfied"]["policy"]))

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
