"""Receipts: proof, for whoever keeps one, that a line stands in the log (C2SP tlog-proof)."""

import re
from pathlib import Path
from typing import TypeAlias

from audit.entry import Leaf
from audit.errors import AuditError, ReceiptError, describe
from audit.merkle import Growth, check_inclusion, leaf_hash
from audit.note import Vkey, decode_base64, encode_base64, open_checkpoint, parse_decimal

HEADER = "c2sp.org/tlog-proof@v1"
MAX_RECEIPT = 1_000_000
"""Bytes of a receipt; a real one has some 3,000 at most."""

Hashes: TypeAlias = tuple[bytes, ...]

_FORM = re.compile(
    rf"{re.escape(HEADER)}\n(?:extra ([^\n]+)\n)?index ([0-9]+)\n((?:[^\n]+\n){{0,63}})\n(.+)",
    re.DOTALL,
)


class Receipt:
    """Where a line stands, and the proof. `leaf` are its bytes, `checkpoint` a signed note.

    Most receipts are only waited for, so a fresh one makes its proof when it is asked for.
    """

    __slots__ = ("_proof", "checkpoint", "index", "leaf", "size")

    def __init__(
        self, *, index: int, size: int, leaf: bytes, proof: Growth | Hashes, checkpoint: str
    ) -> None:
        """Make a receipt; `proof` is the proof, or the growth of the tree that holds it."""
        self.index = index
        self.size = size
        self.leaf = leaf
        self.checkpoint = checkpoint
        self._proof = proof

    @property
    def proof(self) -> Hashes:
        """The hashes that lead from the line to the root."""
        proof = self._proof
        if isinstance(proof, Growth):
            proof = self._proof = proof.path(self.index)
        return proof

    def text(self) -> str:
        """Return the receipt as text. The line `extra` carries the leaf; the proof covers it."""
        lines = [HEADER, f"extra {encode_base64(self.leaf)}", f"index {self.index}"]
        lines.extend(encode_base64(step) for step in self.proof)
        return "\n".join(lines) + "\n\n" + self.checkpoint

    # `typing.override` came with Python 3.12.
    def __eq__(self, other: object) -> bool:  # type: ignore[explicit-override]
        return isinstance(other, Receipt) and self.text() == other.text()

    def __hash__(self) -> int:  # type: ignore[explicit-override]
        return hash((self.index, self.checkpoint))


def verify_receipt(text: str, vkey: Vkey, leaf: bytes | None = None) -> Receipt:
    """Check a receipt and return what it proves.

    Args:
        text: The receipt.
        vkey: The key of the log.
        leaf: The bytes of the line; when None, those that the receipt itself carries.

    Raises:
        ReceiptError: It proves nothing; the sentence tells why.
    """
    match = _FORM.fullmatch(text) if len(text) <= MAX_RECEIPT else None
    if match is None:
        raise ReceiptError("Dit is geen bewijs van inschrijving.")
    extra, index, steps, note = match.groups()
    try:
        checkpoint = open_checkpoint(note, vkey)
        receipt = Receipt(
            index=parse_decimal(index),
            size=checkpoint.size,
            leaf=_choose_leaf(None if extra is None else decode_base64(extra), leaf),
            proof=tuple(decode_base64(step) for step in steps.split("\n")[:-1]),
            checkpoint=note,
        )
        check_inclusion(
            receipt.index, receipt.size, leaf_hash(receipt.leaf), receipt.proof, checkpoint.root
        )
    except AuditError as error:
        raise ReceiptError(f"Het bewijs klopt niet. {error}") from error
    return receipt


def _choose_leaf(own: bytes | None, asked: bytes | None) -> bytes:
    data = own if asked is None else asked
    if data is None:
        raise ReceiptError("De regel zelf ontbreekt.")
    if own not in (None, data):
        raise ReceiptError("Het hoort bij een andere regel.")
    return data


def verify_receipt_file(path: Path, vkey: Vkey) -> tuple[Receipt, Leaf]:
    """Check a receipt in a file; return what it proves and what the line says.

    Raises:
        ReceiptError: The file cannot be read or proves nothing.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MAX_RECEIPT + 1).decode()
    except OSError as error:
        raise ReceiptError(f"Het bewijs kan niet worden gelezen: {describe(error)}.") from None
    except UnicodeDecodeError:
        raise ReceiptError("Dit is geen bewijs van inschrijving.") from None
    receipt = verify_receipt(text, vkey)
    try:
        return receipt, Leaf.parse(receipt.leaf)
    except AuditError as error:
        raise ReceiptError(f"Het bewijs klopt niet. {error}") from error
