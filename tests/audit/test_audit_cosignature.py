"""Three kinds of keys on notes: what each signs, what it refuses, and keys that work together."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, mldsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from audit.checkpoint import Checkpoint, encode_base64
from audit.cosignature import MAX_MOMENT, Kind, Subtree, message_of
from audit.errors import NoteError, PolicyError
from audit.note import (
    Note,
    Signature,
    Signer,
    SignerSet,
    Vkey,
    load_second_signer,
    load_signer,
    open_checkpoint,
    write_key,
)
from audit.policy import MAX_POLICY, Policy
from tests.audit.getuigen import NOW, ORIGIN, ed25519, mldsa44

_T = TypeVar("_T")
TEXT = Checkpoint(origin=ORIGIN, size=7, root=bytes(range(32))).text()
LOG = Signer.of(ORIGIN, ed25519("log"))
SECOND = Signer.of(ORIGIN, mldsa44("log"))
WITNESS = Signer.cosigner("fg.example", ed25519("fg"))
PQ_WITNESS = Signer.cosigner("fg.example", mldsa44("fg"))
ALL = (LOG, SECOND, WITNESS, PQ_WITNESS)
KINDS = ["log", "log-mldsa", "witness", "witness-mldsa"]


def moment_for(signer: Signer) -> int:
    """Return a moment that the kind of key has room for."""
    return NOW if signer.vkey.kind.timed else 0


@pytest.mark.parametrize("signer", ALL, ids=KINDS)
def test_signature_holds(signer: Signer) -> None:
    """What a key of any kind signs holds, with its moment, and reads back from its text."""
    moment = moment_for(signer)
    note = Note.parse(signer.sign(TEXT, moment))

    assert note.moments([Vkey.parse(str(signer.vkey))]) == {signer.vkey: moment}
    assert note.whole() == f"{TEXT}\n{note.signatures[0].line()}"


@pytest.mark.parametrize("signer", ALL, ids=KINDS)
@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_no_bit_can_be_changed(signer: Signer, place: int, bit: int) -> None:
    """A signature of any kind with one bit changed, also in its moment, does not hold."""
    line = LINES[signer.vkey]
    data = bytearray(line.signature)
    data[place % len(data)] ^= 1 << bit

    assert signer.vkey.holds(TEXT, line.signature)
    assert not signer.vkey.holds(TEXT, bytes(data))


@pytest.mark.parametrize("signer", ALL, ids=KINDS)
@given(size=st.integers(0, 2500))
def test_only_one_length_fits(signer: Signer, size: int) -> None:
    """A signature that is cut or padded does not hold."""
    line = LINES[signer.vkey]
    data = (line.signature + bytes(2500))[:size]

    assert signer.vkey.holds(TEXT, data) == (size == len(line.signature))


LINES: dict[Vkey, Signature] = {
    signer.vkey: Note.parse(signer.sign(TEXT, moment_for(signer))).signatures[0] for signer in ALL
}


def test_golden_messages() -> None:
    """The bytes that are signed are those of C2SP tlog-cosignature, to the letter."""
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    root = Checkpoint.parse(text).root

    assert message_of(Kind.ED25519, "x", text, 0) == text.encode()
    assert message_of(Kind.COSIGNATURE, "x", text, 1679315147) == (
        b"cosignature/v1\ntime 1679315147\n" + text.encode()
    )
    assert message_of(Kind.MLDSA44, "witness.example/w1", text, 1679315147) == (
        b"subtree/v1\n\x00"
        b"\x12witness.example/w1"
        b"\x00\x00\x00\x00\x64\x18\x50\xcb"
        b"\x1bexample.com/behind-the-sofa"
        b"\x00\x00\x00\x00\x00\x00\x00\x00"
        b"\x00\x00\x00\x00\x01\x3e\x2d\xc3" + root
    )


def test_kinds_do_not_stand_in_for_each_other() -> None:
    """A cosignature is no signature of the log with the same key and name, and the other way."""
    key = ed25519("een")
    log, witness = Signer.of("een", key), Signer.cosigner("een", key)
    text = message_of(Kind.COSIGNATURE, "een", TEXT, NOW).decode()
    as_log = Note.parse(log.sign(text)).signatures[0].signature

    assert log.vkey.key_id != witness.vkey.key_id
    assert witness.vkey.moment(TEXT, NOW.to_bytes(8, "big") + as_log) == NOW
    assert not log.vkey.holds(TEXT, LINES[WITNESS.vkey].signature[8:])
    with pytest.raises(NoteError, match="geen controlepunt"):
        Checkpoint.parse(text.split("\n", 1)[0] + "\n")


def test_mldsa_names_its_signer() -> None:
    """A 0x06 signature is of one name: the same key under another name did not sign."""
    other = Vkey.of("iemand.anders", PQ_WITNESS.vkey.public, Kind.MLDSA44)

    assert not other.holds(TEXT, LINES[PQ_WITNESS.vkey].signature)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (TEXT + "meer\n", "niet ondertekent"),
        ("geen controlepunt\n", "geen controlepunt"),
        (TEXT.replace(ORIGIN, "x" * 256), "te lang"),
        (TEXT.replace("\n7\n", "\n07\n"), "getal"),
    ],
)
def test_what_mldsa_cannot_sign(text: str, match: str) -> None:
    """ML-DSA-44 signs plain checkpoints only, and says so."""
    with pytest.raises(NoteError, match=match):
        SECOND.sign(text)
    assert not SECOND.vkey.holds(text, LINES[SECOND.vkey].signature)


@pytest.mark.parametrize(
    ("signer", "moment"),
    [(LOG, 1), (WITNESS, 0), (WITNESS, -1), (WITNESS, MAX_MOMENT + 1), (SECOND, MAX_MOMENT + 1)],
)
def test_moments_that_cannot_be(signer: Signer, moment: int) -> None:
    """A log has no moment to sign with Ed25519, a witness must have one, and it fits 63 bits."""
    with pytest.raises(NoteError, match="tijdstip"):
        signer.line(TEXT, moment)


def test_moment_beyond_63_bits_is_refused() -> None:
    """A signature with a moment of 2**63 is refused, even by its own key."""
    moment = 1 << 63
    key = ed25519("fg")
    data = moment.to_bytes(8, "big") + key.sign(
        message_of(Kind.COSIGNATURE, "fg.example", TEXT, moment)
    )

    assert not WITNESS.vkey.holds(TEXT, data)


def test_part_of_a_log() -> None:
    """ML-DSA-44 signs a part of a log without a moment; the other kinds cannot."""
    part = Subtree(origin=ORIGIN, start=8, end=13, root=bytes(32))
    line = Note.parse(f"x\n\n{PQ_WITNESS.subtree_line(part)}").signatures[0]

    assert PQ_WITNESS.vkey.holds_subtree(part, line.signature)
    whole = Subtree.of(TEXT)
    assert PQ_WITNESS.vkey.holds_subtree(whole, LINES[PQ_WITNESS.vkey].signature)
    with pytest.raises(NoteError, match="Alleen een ML-DSA-44"):
        WITNESS.subtree_line(part)


def test_two_keys_of_one_log() -> None:
    """A log with two keys signs each checkpoint with both; readers need to know only one."""
    both = SignerSet.of(LOG, SECOND)
    note = both.sign(TEXT)

    assert Note.parse(note).check(both.vkeys) == {LOG.vkey, SECOND.vkey}
    assert both.vkey == LOG.vkey
    for vkey in both.vkeys:
        assert open_checkpoint(note, vkey).size == 7


def test_second_signature_may_come_later() -> None:
    """What was signed with Ed25519 alone is completed without changing what was there."""
    both = SignerSet.of(LOG, SECOND)
    early = LOG.sign(TEXT)

    assert both.complete(early).startswith(early)
    assert Note.parse(both.complete(early)).check(both.vkeys) == set(both.vkeys)
    assert SignerSet.of(LOG).complete(early) == early


@pytest.mark.parametrize(
    ("first", "second", "match"),
    [
        (SECOND, LOG, "tekent met Ed25519"),
        (LOG, LOG, "tekent met Ed25519"),
        (LOG, Signer.of("ander", mldsa44("log")), "dezelfde naam"),
        (LOG, Signer.cosigner(ORIGIN, ed25519("fg")), "niet als getuige"),
    ],
)
def test_keys_that_do_not_go_together(first: Signer, second: Signer, match: str) -> None:
    """A log has an Ed25519 key first, one name, no kind twice, and no key of a witness."""
    with pytest.raises(NoteError, match=match):
        SignerSet.of(first, second)


def test_keys_that_share_a_number() -> None:
    """Two known keys with one name and number make every note unreadable, not ambiguous."""
    twin = Vkey(name=ORIGIN, key_id=LOG.vkey.key_id, public=bytes(32))

    with pytest.raises(NoteError, match="zelfde naam en hetzelfde nummer"):
        Note.parse(LOG.sign(TEXT)).check([LOG.vkey, twin])
    assert Note.parse(LOG.sign(TEXT)).check([LOG.vkey, LOG.vkey]) == {LOG.vkey}


def test_sixteen_signatures_of_any_kind() -> None:
    """Attack 11: sixteen known and sixteen unknown ML-DSA-44 signatures are all taken in."""
    known = [Signer.cosigner(f"w{n}.example", mldsa44(f"w{n}")) for n in range(16)]
    strange = "".join(
        f"\u2014 v{n}.example {encode_base64(bytes([n]) * 2432)}\n" for n in range(16)
    )
    note = LOG.sign(TEXT) + "".join(signer.line(TEXT, NOW) for signer in known) + strange

    assert len(Note.parse(note).check([signer.vkey for signer in known])) == 16


def test_later_of_two_moments_counts() -> None:
    """Of two signatures by one key the later moment counts; a false one rejects the note."""
    early, late = WITNESS.line(TEXT, NOW), WITNESS.line(TEXT, NOW + 5)
    false = WITNESS.line(TEXT.replace("\n7\n", "\n8\n"), NOW)

    for lines in (early + late, late + early):
        assert Note.parse(LOG.sign(TEXT) + lines).moments([WITNESS.vkey]) == {WITNESS.vkey: NOW + 5}
    with pytest.raises(NoteError, match="klopt niet"):
        Note.parse(LOG.sign(TEXT) + early + false).moments([WITNESS.vkey])


def test_strange_names_of_others_do_no_harm() -> None:
    """A stranger may have a name that we would not trust; a key that we trust may not."""
    note = LOG.sign(TEXT) + f"\u2014 a\u200bb {encode_base64(bytes(9))}\n"

    assert Note.parse(note).check([LOG.vkey]) == {LOG.vkey}
    for name in ("a\u200bb", "a\u202eb", "a\udc80b"):
        with pytest.raises(NoteError, match="niet te zien"):
            Vkey.of(name, bytes(32))
    with pytest.raises(NoteError, match="255 bytes"):
        Vkey.of("é" * 128, bytes(1312), Kind.MLDSA44)


def refusal(read: Callable[[_T], object], value: _T) -> str:
    """Return why a value is refused, or a full stop when it is not; any other error comes out."""
    try:
        read(value)
    except (NoteError, PolicyError) as error:
        return str(error)
    return "."


@given(st.text(max_size=300))
def test_any_text_is_refused_with_a_sentence(text: str) -> None:
    """Whatever is handed over as a note, a key or a policy: a sentence of ours, or nothing."""
    sentences = [refusal(read, text) for read in (Note.parse, Vkey.parse, Checkpoint.parse)]
    sentences.append(refusal(Policy.parse, text.encode("utf-8", "surrogatepass")))

    assert all(sentence.encode().endswith(b".") for sentence in sentences)


@given(st.binary(max_size=200))
def test_any_bytes_make_no_policy_by_chance(data: bytes) -> None:
    """Bytes in front of a policy make it unusable, or leave its meaning as it was."""
    rest = f"\nlog {LOG.vkey}\nwitness w {WITNESS.vkey}\nquorum w\n".encode()
    sentence = refusal(Policy.parse, data + rest)

    assert sentence.encode().endswith(b".")
    assert sentence != "." or Policy.parse(data + rest).quorum == "w"


def test_policy_that_is_too_large_or_absent(tmp_path: Path) -> None:
    """A file of a megabyte, or no file, is refused before it is read."""
    path = tmp_path / "policy"
    with pytest.raises(PolicyError, match="niet te lezen"):
        Policy.load(path)
    path.write_bytes(b"#" * (MAX_POLICY + 1))
    with pytest.raises(PolicyError, match="te groot"):
        Policy.load(path)
    path.write_bytes(f"log {LOG.vkey}\nquorum none\n".encode())
    assert Policy.load(path).open(LOG.sign(TEXT)).size == 7


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("group g any g", r"Regel 2 .* de groep g noemt zichzelf als lid\."),
        ("group g any h\ngroup h any g", r"Regel 2 .* h staat niet boven deze regel\."),
        ("group g all w\ngroup h all w", r"Regel 3 .* w is al lid van een groep, op regel 2\."),
        ("group g 1000000000000 w", r"Regel 2 .* is geen aantal"),
        (f"witness {'w' * 99} x", r"Regel 2 .* vorm"),
        (f"quorum {'w' * 99}", r"Regel 2 .* w{40}… staat niet"),
    ],
)
def test_circles_in_a_policy(lines: str, sentence: str) -> None:
    """A group that leads to itself cannot be written down; the sentence names the line."""
    with pytest.raises(PolicyError, match=sentence):
        Policy.parse(f"witness w {WITNESS.vkey}\n{lines}\nquorum w\n".encode())


def test_log_cannot_vouch_for_itself() -> None:
    """The key of a log under another kind is no witness in the same policy."""
    own = Signer.cosigner("getuige.example", ed25519("log"))

    with pytest.raises(PolicyError, match=r"Regel 2 .* staat al op regel 1"):
        Policy.parse(f"log {LOG.vkey}\nwitness w {own.vkey}\nquorum w\n".encode())


def test_policy_knows_all_keys() -> None:
    """A false signature of a witness outside the quorum rejects the note all the same."""
    other = Signer.cosigner("ander.example", ed25519("ander"))
    text = f"log {LOG.vkey}\nwitness w {WITNESS.vkey}\nwitness v {other.vkey}\nquorum w\n"
    policy = Policy.parse(text.encode())
    note = LOG.sign(TEXT) + WITNESS.line(TEXT, NOW)

    assert set(policy.vkeys) == {LOG.vkey, WITNESS.vkey, other.vkey}
    assert policy.satisfied(note)
    assert not policy.satisfied(note + other.line("iets anders\n", NOW))
    assert not policy.satisfied("rommel")


def test_second_key_of_a_log_in_a_file(tmp_path: Path) -> None:
    """An ML-DSA-44 key loads as the second key, and as nothing else."""
    first, second, other = (tmp_path / name for name in ("een.pem", "twee.pem", "drie.pem"))
    write_key(first, ed25519("log"))
    write_key(second, mldsa44("log"))
    write_key(other, Ed25519PrivateKey.generate())
    other.write_bytes(
        mldsa.MLDSA65PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )

    assert load_second_signer(second, ORIGIN).vkey == SECOND.vkey
    assert load_signer(first, ORIGIN).vkey == LOG.vkey
    with pytest.raises(NoteError, match="geen ML-DSA-44"):
        load_second_signer(first, ORIGIN)
    with pytest.raises(NoteError, match="geen Ed25519"):
        load_signer(second, ORIGIN)
    with pytest.raises(NoteError, match="geen Ed25519"):
        load_signer(other, ORIGIN)
    other.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    with pytest.raises(NoteError, match="geen Ed25519- of ML-DSA-44-sleutel"):
        load_second_signer(other, ORIGIN)


def test_private_keys_are_not_shown() -> None:
    """The text of a signer tells its name and number only."""
    for signer in ALL:
        assert "_sign" not in repr(signer)
        assert len(repr(signer)) < 300
