"""Notes and keys: a published log, goldens, and everything that must be refused."""

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import NoteError
from audit.merkle import leaf_hash, root_of
from audit.note import (
    MAX_NOTE,
    Checkpoint,
    Note,
    Signer,
    Vkey,
    decode_base64,
    encode_base64,
    load_signer,
    open_checkpoint,
    parse_decimal,
    write_key,
)
from audit.tiles import split_tile
from tests.audit.logs import ORIGIN, OTHER_SIGNER, SIGNER

TESSERA = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
ROOT = hashlib.sha256(b"root").digest()
TEXT = Checkpoint(origin=ORIGIN, size=7, root=ROOT).text()


def bundle(data: bytes) -> list[bytes]:
    """Read an entry bundle of C2SP tlog-tiles."""
    entries = []
    while data:
        size = int.from_bytes(data[:2], "big")
        entries.append(data[2 : 2 + size])
        data = data[2 + size :]
    return entries


@pytest.mark.parametrize("size", range(16))
def test_published_log_verifies(size: int, shared: Path) -> None:
    """Signature, tile and entries of a real log of another maker all agree with its root."""
    log = shared / "vectors" / "tessera-log"
    if not log.is_dir():
        pytest.skip("de map met testvectoren (../shared/vectors/tessera-log) is er niet")
    vkey = Vkey.parse(TESSERA)

    checkpoint = open_checkpoint((log / f"checkpoint.{size}").read_text(), vkey)

    tile = log / "tile" / "0" / "000.p" / str(size)
    hashes = split_tile(tile.read_bytes(), size, tile.name) if size else ()
    assert (size, root_of(hashes)) == (checkpoint.size, checkpoint.root)
    if size:
        entries = bundle((log / "tile" / "entries" / "000.p" / str(size)).read_bytes())
        assert tuple(leaf_hash(entry) for entry in entries) == hashes


def test_latest_checkpoint_of_published_log(shared: Path) -> None:
    """The checkpoint that the published log serves is that of its fifteen entries."""
    path = shared / "vectors" / "tessera-log" / "checkpoint"
    if not path.is_file():
        pytest.skip("de map met testvectoren (../shared/vectors/tessera-log) is er niet")

    assert open_checkpoint(path.read_text(), Vkey.parse(TESSERA)).size == 15


def test_golden_note() -> None:
    """A note of a given key and text is always the same, byte for byte."""
    note = SIGNER.sign(TEXT)

    assert note.startswith(f"{ORIGIN}\n7\n{encode_base64(ROOT)}\n\n\u2014 {ORIGIN} ")
    assert note == SIGNER.sign(TEXT)
    assert open_checkpoint(note, SIGNER.vkey) == Checkpoint(origin=ORIGIN, size=7, root=ROOT)


def test_vkey_survives_writing_and_reading() -> None:
    """The text of a public key reads back as the same key."""
    assert Vkey.parse(f"{SIGNER.vkey}\n") == SIGNER.vkey
    assert str(Vkey.parse(TESSERA)) == TESSERA


def test_witness_may_sign_beside() -> None:
    """Signatures of unknown keys and unknown kinds are left out of account."""
    stranger = "\u2014 witness.example " + encode_base64(bytes(80)) + "\n"
    note = SIGNER.sign(TEXT) + stranger

    assert Note.parse(note).check([SIGNER.vkey]) == {SIGNER.vkey}
    assert not Note.parse(note).names(OTHER_SIGNER.vkey)


def test_false_signature_of_a_known_key_rejects_all() -> None:
    """A note with one true and one false signature of known keys is refused whole."""
    other = OTHER_SIGNER.sign(TEXT.replace("\n7\n", "\n8\n")).split("\n\n")[1]
    note = SIGNER.sign(TEXT) + other

    with pytest.raises(NoteError, match="handtekening klopt niet"):
        Note.parse(note).check([SIGNER.vkey, OTHER_SIGNER.vkey])


def test_text_may_hold_empty_lines() -> None:
    """The signatures stand below the last empty line."""
    note = SIGNER.sign("een\n\ntwee\n")

    assert Note.parse(note).text == "een\n\ntwee\n"
    assert Note.parse(note).check([SIGNER.vkey]) == {SIGNER.vkey}


GOOD = SIGNER.sign(TEXT)
LINE = GOOD.split("\n\n")[1]


@pytest.mark.parametrize(
    ("note", "match"),
    [
        ("", "geen handtekening"),
        (TEXT, "geen handtekening"),
        (TEXT + "\n", "geen handtekening"),
        (GOOD[:-1], "geen handtekening"),
        (GOOD.replace("\n", "\r\n"), "vreemde tekens"),
        (GOOD + "x" * MAX_NOTE, "te lang"),
        (TEXT + "\n" + LINE * 101, "te veel handtekeningen"),
        (GOOD + "rommel\n", "juiste vorm"),
        (GOOD.replace("\u2014 ", "- "), "juiste vorm"),
        (TEXT + f"\n\u2014 {ORIGIN} AAAA=\n", "base64"),
        (TEXT + f"\n\u2014 {ORIGIN} AAAAAB==\n", "base64"),
        (TEXT + f"\n\u2014 {ORIGIN} AAAAAA==\n", "te kort"),
        (TEXT + f"\n\u2014 a+b {encode_base64(bytes(9))}\n", "naam"),
        (TEXT + f"\n\u2014 a\u2003b {encode_base64(bytes(9))}\n", "naam"),
        (GOOD.replace("\n7\n", "\n8\n"), "handtekening klopt niet"),
        (OTHER_SIGNER.sign(TEXT), "niet met deze sleutel"),
        (SIGNER.sign(TEXT.replace("\n7\n", "\n07\n")), "getal"),
        (SIGNER.sign(TEXT.replace("\n7\n", "\n9223372036854775808\n")), "getal"),
        (SIGNER.sign(TEXT.replace("\n7\n", "\n-7\n")), "getal"),
        (SIGNER.sign(f"{ORIGIN}\n7\n"), "geen controlepunt"),
        (SIGNER.sign(f"{ORIGIN}\n7\n{encode_base64(ROOT)}\n\nmeer\n"), "geen controlepunt"),
        (SIGNER.sign(f"{ORIGIN}\n7\nAAAA\n"), "32 bytes"),
        (SIGNER.sign(f"{ORIGIN}\n7\n*\n"), "base64"),
        (SIGNER.sign(TEXT.replace(ORIGIN, "elders")), "ander logboek"),
    ],
)
def test_bad_note_is_refused(note: str, match: str) -> None:
    """Each way in which a checkpoint may be malformed or false is refused for its own reason."""
    with pytest.raises(NoteError, match=match):
        open_checkpoint(note, SIGNER.vkey)


@given(st.integers(0, len(GOOD) - 1), st.characters(codec="utf-8"))
def test_no_character_can_be_changed(place: int, character: str) -> None:
    """A checkpoint with any one character changed is not of this log."""
    changed = GOOD[:place] + character + GOOD[place + 1 :]
    if changed == GOOD:
        return

    with pytest.raises(NoteError):
        open_checkpoint(changed, SIGNER.vkey)


def test_extension_lines_are_read_over() -> None:
    """Lines that another log adds below the root do no harm."""
    note = SIGNER.sign(TEXT + "meer\nnog meer\n")

    assert open_checkpoint(note, SIGNER.vkey).size == 7


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "vorm"),
        ("naam+12345678", "vorm"),
        ("naam+1234567g+AAAA", "vorm"),
        (str(SIGNER.vkey).replace("+A", "+B", 1), "nummer|soort"),
        (f"naam+12345678+{encode_base64(bytes([1]) + bytes(32))}", "nummer"),
        (f"naam+12345678+{encode_base64(bytes([1]) + bytes(31))}", "32 bytes"),
        (f"naam+12345678+{encode_base64(bytes([6]) + bytes(32))}", "1312 bytes"),
        (f"naam+12345678+{encode_base64(bytes([2]) + bytes(32))}", "soort"),
        (f"na am+12345678+{encode_base64(bytes([1]) + bytes(32))}", "naam"),
        ("naam+12345678+AA=A", "base64"),
    ],
)
def test_bad_vkey_is_refused(text: str, match: str) -> None:
    """Each way in which a public key may be malformed is refused for its own reason."""
    with pytest.raises(NoteError, match=match):
        Vkey.parse(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b"])
def test_name_of_a_key_is_plain(name: str) -> None:
    """A name that would break the signature line is refused."""
    with pytest.raises(NoteError, match="naam"):
        Signer.of(name, Ed25519PrivateKey.generate())


def test_base64_and_numbers_have_one_spelling() -> None:
    """Other spellings of the same bytes or the same number are refused."""
    assert (decode_base64("AA=="), parse_decimal("0")) == (b"\x00", 0)
    for bad in ("AB==", "AA", "A A==", "é"):
        with pytest.raises(NoteError):
            decode_base64(bad)
    for bad in ("", "00", "+1", "1 ", "٣"):
        with pytest.raises(NoteError):
            parse_decimal(bad)


def test_key_is_kept_for_its_owner(tmp_path: Path) -> None:
    """A written key loads again, is closed to others, and is never written over."""
    path = tmp_path / "log.pem"
    key = Ed25519PrivateKey.generate()

    write_key(path, key)

    assert path.stat().st_mode & 0o777 == 0o600
    assert load_signer(path, ORIGIN).vkey == Signer.of(ORIGIN, key).vkey
    with pytest.raises(NoteError, match="niet overschreven"):
        write_key(path, key)
    with pytest.raises(NoteError, match="weggeschreven"):
        write_key(tmp_path / "nergens" / "log.pem", key)


def test_unusable_key_file_is_refused(tmp_path: Path) -> None:
    """An absent, open, foreign, sealed or garbled key file gives one plain sentence."""
    path = tmp_path / "log.pem"
    with pytest.raises(NoteError, match="ontbreekt"):
        load_signer(path, ORIGIN)
    write_key(path, Ed25519PrivateKey.generate())
    path.chmod(0o644)
    with pytest.raises(NoteError, match="mode 600"):
        load_signer(path, ORIGIN)
    path.chmod(0o600)
    path.write_bytes(b"rommel")
    with pytest.raises(NoteError, match="geen bruikbare sleutel"):
        load_signer(path, ORIGIN)
    path.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    with pytest.raises(NoteError, match="geen Ed25519"):
        load_signer(path, ORIGIN)
    folder = tmp_path / "map"
    folder.mkdir(mode=0o700)
    with pytest.raises(NoteError, match="niet worden gelezen"):
        load_signer(folder, ORIGIN)


def test_private_key_is_not_shown() -> None:
    """The text of a signer tells its public key only."""
    assert "_key" not in repr(SIGNER)
