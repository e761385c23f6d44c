"""Notes and keys of others: each published vector comes out as it says."""

import hashlib

import pytest

from audit.checkpoint import Checkpoint, decode_base64, encode_base64
from audit.cosignature import Kind, Subtree, split_signature
from audit.errors import NoteError, ReceiptError
from audit.merkle import leaf_hash
from audit.note import MAX_SIGNATURES, Note, open_checkpoint
from audit.receipt import Receipt, verify_receipt
from audit.signer import PrivateKey, Signer
from audit.vkey import Vkey
from audit.witness.state import Request
from tests.audit.getuigen import ed25519, mldsa44
from tests.audit.published import load, private

NOTEN = load("noten.yaml")
GO, SUMDB = NOTEN["golang"], NOTEN["sumdb"]
MLDSA = load("mldsa44.yaml")


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


def test_lines_of_nearly_known_keys_of_golang() -> None:
    """A line under another name, or with another number, is of an unknown key."""
    peter = Vkey.parse(GO["key"])
    strange = (
        GO["line"].replace("PeterNeumann", "CarmenSandiego"),
        GO["line"].replace("PeterNeumann", "PeterNeuman"),
        GO["line"].replace("x08g", "xxxx"),
    )
    spoiled = f"{GO['other_line'][:60]}ABCD{GO['other_line'][60:]}"

    for line in strange:
        with pytest.raises(NoteError, match="niet met deze sleutel"):
            Note.parse(f"{GO['text']}\n{line}").check([peter])
    note = Note.parse(f"{GO['text']}\n{''.join(strange)}{spoiled}{GO['line']}")
    assert note.check([peter]) == {peter}


def test_bytes_that_are_no_text() -> None:
    """A request with bytes that are no UTF-8 is refused."""
    note = b"\xff" + f"{GO['text']}\n{GO['line']}".encode()

    with pytest.raises(NoteError, match="geen verzoek"):
        Request.parse(b"old 0\n\n" + note)


def test_tree_of_golang() -> None:
    """The golden checkpoint text reads and writes the same; what is bad or cut does not read."""
    tree = NOTEN["tree"]
    checkpoint = Checkpoint.parse(tree["text"])

    assert (checkpoint.size, checkpoint.root) == (tree["size"], leaf_hash(tree["leaf"].encode()))
    assert checkpoint.text() == tree["text"]
    assert Checkpoint.parse(tree["text"] + "JOE\n" * 1000) == checkpoint
    for bad in (*tree["bad"], tree["text"] + "JOE"):
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


@pytest.mark.parametrize(("text", "sentence"), NOTEN["checkpoints"])
def test_checkpoints_of_formats(text: str, sentence: str) -> None:
    """Each checkpoint reads, with lines under its root or without, or is refused."""
    found = text.replace("ROOT", encode_base64(bytes(32)))

    if sentence:
        with pytest.raises(NoteError, match=sentence):
            Checkpoint.parse(found)
    else:
        origin, size, *_ = text.split("\n")
        expected = Checkpoint(origin=origin, size=int(size), root=bytes(32))
        assert Checkpoint.parse(found) == expected


@pytest.mark.parametrize("root", NOTEN["roots"])
def test_roots_of_formats(root: str) -> None:
    """A root of another length than that of SHA-256 is refused."""
    with pytest.raises(NoteError, match="32 bytes"):
        Checkpoint.parse(f"Log\n123\n{root}\n")


def test_notes_that_are_no_checkpoint_of_the_log() -> None:
    """Unsigned, with another text, or of another log: a note is refused, however well signed."""
    log = Signer.of("Log", private(NOTEN["signers"]["log"][2]))
    text = Checkpoint(origin="Log", size=42, root=bytes(32)).text()
    hat = "if this is a valid checkpoint then I'll eat my hat\n"

    assert open_checkpoint(log.sign(text), log.vkey).size == 42
    for note, sentence in (
        (f"{text}\n", "geen handtekening"),
        (log.sign(hat), "geen controlepunt"),
        (log.sign(text.replace("Log", "TestParseCheckpoint")), "ander logboek"),
    ):
        with pytest.raises(NoteError, match=sentence):
            open_checkpoint(note, log.vkey)
    with pytest.raises(NoteError, match="ander logboek"):
        open_checkpoint(SUMDB["note"], Vkey.parse(SUMDB["key"]))


def test_pair_of_formats() -> None:
    """A private key has the public key that is told with it, and its signatures hold."""
    seed, vkey = NOTEN["pair"]
    signer = Signer.of("logandmap", private(seed))

    assert str(signer.vkey) == vkey
    assert Note.parse(signer.sign("hello\n")).check([Vkey.parse(vkey)]) == {signer.vkey}


def test_mldsa_key_of_formats() -> None:
    """A key whose number is not the one that C2SP demands is refused; with that one it reads."""
    name, number, encoded = MLDSA["key"].split("+", 2)
    right = f"{name}+31236897+{encoded}"

    assert number != "31236897"
    with pytest.raises(NoteError, match="past niet bij"):
        Vkey.parse(MLDSA["key"])
    assert (Vkey.parse(right).kind, str(Vkey.parse(right))) == (Kind.MLDSA44, right)


@pytest.mark.parametrize("text", NOTEN["strangers"])
def test_notes_of_other_kinds(text: str) -> None:
    """A note with a signature of a kind that we do not know reads, and proves nothing."""
    note = Note.parse(text)

    assert (note.whole(), len(note.signatures)) == (text, 1)
    assert note.moments([Vkey.parse(SUMDB["key"])]) == {}
    with pytest.raises(NoteError, match="niet met deze sleutel"):
        note.check([Vkey.parse(SUMDB["key"])])


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
    if moment is None:
        with pytest.raises(NoteError, match=r"lengte|base64"):
            split_signature(Kind.COSIGNATURE, decode_base64(encoded)[4:])
    else:
        assert split_signature(Kind.COSIGNATURE, decode_base64(encoded)[4:])[0] == moment


def proof_of(index: int, hashes: list[bytes], extra: str | None, checkpoint: str) -> str:
    """Write a tlog-proof to the letter of its form."""
    more = "" if extra is None else f"extra {encode_base64(extra.encode())}\n"
    steps = "".join(f"{encode_base64(each)}\n" for each in hashes)
    return f"c2sp.org/tlog-proof@v1\n{more}index {index}\n{steps}\n{checkpoint}"


@pytest.mark.parametrize(("index", "words", "extra", "checkpoint"), NOTEN["proofs"])
def test_form_of_receipts_of_formats(
    index: int, words: list[str], extra: str | None, checkpoint: str
) -> None:
    """Each tlog-proof reads, up to its checkpoint, which is none; ours with extra are the same."""
    hashes = [hashlib.sha256(word.encode()).digest() for word in words]
    text = proof_of(index, hashes, extra, checkpoint)

    with pytest.raises(ReceiptError, match=r"klopt niet\. Onder de tekst staat geen"):
        verify_receipt(text, Vkey.parse(SUMDB["key"]))
    if extra is not None:
        leaf = extra.encode()
        made = Receipt(index=index, size=0, leaf=leaf, proof=tuple(hashes), checkpoint=checkpoint)
        assert made.text() == text


def test_receipt_that_is_too_long() -> None:
    """A tlog-proof with a line without end is refused."""
    text = proof_of(0, [], None, "").removesuffix("\n") + "a" * 65 * 1024 + "\n"

    with pytest.raises(ReceiptError, match="geen bewijs van inschrijving"):
        verify_receipt(text, Vkey.parse(SUMDB["key"]))


@pytest.mark.parametrize("text", NOTEN["receipts"])
def test_bad_receipts_of_formats(text: str) -> None:
    """Each malformed tlog-proof is refused, whatever checkpoint follows."""
    with pytest.raises(ReceiptError):
        verify_receipt(text, Vkey.parse(SUMDB["key"]), b"regel")
    note = SUMDB["note"]
    with pytest.raises(ReceiptError):
        verify_receipt(text.replace("checkpoint\n", note), Vkey.parse(SUMDB["key"]), b"regel")


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


@pytest.mark.parametrize("key", [ed25519("w1"), mldsa44("w1")], ids=["ed25519", "mldsa44"])
def test_lines_below_the_root_of_torchwood(key: PrivateKey) -> None:
    """A witness signs lines below the root with Ed25519, and never with ML-DSA-44."""
    witness = Signer.cosigner("example.com", key)
    text = "test\n123\nf+7CoKgXKE/tNys9TTXcr/ad6U/K3xvznmzew9y6SP0=\n"
    longer = text + "extension 1\nextension 2\n"

    for note in (
        witness.sign(text, 1).replace("123", "124"),
        witness.sign(text, 1).replace("\n\n", "\nextension 1\n\n"),
    ):
        with pytest.raises(NoteError, match="klopt niet"):
            Note.parse(note).check([witness.vkey])
    if witness.vkey.kind is Kind.MLDSA44:
        with pytest.raises(NoteError, match="niet ondertekent"):
            witness.sign(longer, 1)
    else:
        note = witness.sign(longer, 1)
        assert Note.parse(note).check([witness.vkey]) == {witness.vkey}
        with pytest.raises(NoteError, match="klopt niet"):
            Note.parse(note.replace("extension 2", "extension X")).check([witness.vkey])
