"""The proof that a log signed two histories, for whoever has to be shown it.

Either two checkpoints of one size with other roots, or two of different sizes with the proof of
what the larger one says of the smaller size. Nothing else is needed to check it, but the key.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from audit.checkpoint import Checkpoint, encode_base64
from audit.errors import AuditError, UnusableError, describe
from audit.outcome import Place
from audit.stretch import opened
from audit.tiles import TileReader, prove_consistency
from audit.walk import Walk

HEADER = "sluis.example/splitsing@v1"
Signed = tuple[Checkpoint, str]


def write(path: Path, walk: Walk, place: Place, notes: Iterable[bytes]) -> None:
    """Write the proof to a file that is not there yet.

    Raises:
        UnusableError: The file is there already, or cannot be written.
    """
    signed: dict[tuple[int, bytes], Signed] = {}
    for note in notes:
        checkpoint = opened(note, place.vkey)
        if checkpoint is not None:
            signed[checkpoint.size, checkpoint.root] = (checkpoint, note.decode())
    text = _same_size(signed) or _other_size(signed, walk, place)
    if text is None:
        return
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UnusableError("Het bestand voor het bewijs bestaat al.") from None
    except OSError as error:
        raise UnusableError(f"Het bewijs is niet te schrijven: {describe(error)}.") from None


def _same_size(signed: dict[tuple[int, bytes], Signed]) -> str | None:
    by_size: dict[int, Signed] = {}
    for checkpoint, note in signed.values():
        other = by_size.setdefault(checkpoint.size, (checkpoint, note))
        if other[0].root != checkpoint.root:
            return _text([], other[1], note)
    return None


def _other_size(signed: dict[tuple[int, bytes], Signed], walk: Walk, place: Place) -> str | None:
    tiles = TileReader(place.directory, place.published.size).tile
    true = [one for one in signed.values() if walk.roots.get(one[0].size) == one[0].root]
    for checkpoint, note in signed.values():
        root = walk.roots.get(checkpoint.size)
        if root in (None, checkpoint.root) or not checkpoint.size:
            continue
        for larger, other in true:
            if larger.size > checkpoint.size:
                try:
                    proof = prove_consistency(checkpoint.size, larger.size, tiles)
                except AuditError:
                    continue
                return _text([root or b"", *proof], note, other)
    return None


def _text(hashes: Iterable[bytes], *notes: str) -> str:
    lines = [HEADER, *(encode_base64(hash_) for hash_ in hashes)]
    return "\n".join(lines) + "\n\n" + "\n".join(notes)
