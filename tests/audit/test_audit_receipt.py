"""Receipts: what one keeps proves one's line, and nothing else does."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.entry import Soort
from audit.errors import ReceiptError
from audit.merkle import leaf_hash
from audit.note import Checkpoint
from audit.receipt import MAX_RECEIPT, Receipt, verify_receipt, verify_receipt_file
from audit.tree import Tree
from tests.audit.logs import ORIGIN, OTHER_SIGNER, SIGNER, an_entry, open_log

LEAVES = [b"regel %d" % number for number in range(7)]
TREE, GROWTH, _ = Tree().grown([leaf_hash(leaf) for leaf in LEAVES])
NOTE = SIGNER.sign(Checkpoint(origin=ORIGIN, size=7, root=TREE.root).text())
RECEIPT = Receipt(index=3, size=7, leaf=LEAVES[3], proof=GROWTH.path(3), checkpoint=NOTE)
TEXT = RECEIPT.text()


def test_receipt_reads_back() -> None:
    """The text of a receipt proves its line, with the leaf it carries or the leaf one has."""
    assert verify_receipt(TEXT, SIGNER.vkey) == RECEIPT
    assert verify_receipt(TEXT, SIGNER.vkey, LEAVES[3]) == RECEIPT
    assert TEXT.split("\n")[0] == "c2sp.org/tlog-proof@v1"
    assert TEXT.endswith("\n\n" + NOTE)


def test_extra_line_may_be_absent() -> None:
    """A receipt without the leaf proves the leaf that one hands in, and needs one."""
    bare = "\n".join(line for line in TEXT.split("\n") if not line.startswith("extra"))

    assert verify_receipt(bare, SIGNER.vkey, LEAVES[3]) == RECEIPT
    with pytest.raises(ReceiptError, match="ontbreekt"):
        verify_receipt(bare, SIGNER.vkey)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "geen bewijs"),
        (TEXT.replace("@v1", "@v2"), "geen bewijs"),
        (TEXT.replace("\n", "\r\n"), "geen bewijs"),
        (TEXT + "x" * MAX_RECEIPT, "geen bewijs"),
        (TEXT.replace("index 3\n", ""), "geen bewijs"),
        (TEXT.replace("index 3", "index 03"), "getal"),
        (TEXT.replace("index 3", "index 4"), "wortel"),
        (TEXT.replace("index 3", "index 7"), "buiten"),
        (TEXT.replace("extra ", "extra *"), "base64"),
        (TEXT + "rommel\n", "juiste vorm"),
        (TEXT.replace(NOTE, OTHER_SIGNER.sign(NOTE.split("\n\n")[0] + "\n")), "deze sleutel"),
    ],
)
def test_false_receipt_is_refused(text: str, match: str) -> None:
    """Each way in which a receipt may be malformed or false is refused for its own reason."""
    with pytest.raises(ReceiptError, match=match):
        verify_receipt(text, SIGNER.vkey)


def test_receipt_of_another_line_is_refused() -> None:
    """A receipt proves no other line than its own."""
    with pytest.raises(ReceiptError, match="andere regel"):
        verify_receipt(TEXT, SIGNER.vkey, LEAVES[4])


@given(st.integers(0, len(TEXT) - 1), st.characters(codec="ascii"))
def test_no_character_of_a_receipt_can_be_changed(place: int, character: str) -> None:
    """A receipt with any one character changed proves nothing."""
    changed = TEXT[:place] + character + TEXT[place + 1 :]
    if changed == TEXT:
        return

    with pytest.raises(ReceiptError):
        verify_receipt(changed, SIGNER.vkey)


def test_receipt_file(tmp_path: Path) -> None:
    """A kept file proves the line and tells what it says."""
    with open_log(tmp_path / "log") as log:
        receipt = log.append(*an_entry(4)).result()
    path = tmp_path / "regel.tlog-proof"
    path.write_text(receipt.text())

    found, leaf = verify_receipt_file(path, SIGNER.vkey)

    assert (found, leaf.soort, leaf.kenmerk) == (receipt, Soort.TOETSING, "v-4/toetsing")


def test_unreadable_receipt_file_is_refused(tmp_path: Path) -> None:
    """An absent file, rubbish, and a proof of something else than a line are refused."""
    path = tmp_path / "regel.tlog-proof"
    with pytest.raises(ReceiptError, match="gelezen"):
        verify_receipt_file(path, SIGNER.vkey)
    path.write_bytes(b"\xff")
    with pytest.raises(ReceiptError, match="geen bewijs"):
        verify_receipt_file(path, SIGNER.vkey)
    path.write_text(TEXT)
    with pytest.raises(ReceiptError, match="vaste vorm"):
        verify_receipt_file(path, SIGNER.vkey)
