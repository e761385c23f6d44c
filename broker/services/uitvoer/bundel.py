"""The bundle for a partner or for the supervisor; its form and how it is checked: `audit.bundle`.

All leaves go along, whoever receives it: they tell nothing, and without them nobody can see that
one was left out. What is disclosed depends on who receives:

- the supervisor: everything, or every line of one subject, with the keys of that subject;
- a partner: its own lines, and those in which it was the source. Of a line that tells what was
  decided on items, a partner gets an extract: it may hold what a requester may not even know to
  exist (besluit 0008), and a leaf commits to its payload as a whole.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from audit.bundle_form import (
    DISCLOSURES,
    EXTRACTS,
    MANIFEST,
    PROOFS,
    README,
    SUBJECT_KEY,
    Bereik,
    Disclosure,
    Manifest,
    ranges,
)
from audit.disk import CHECKPOINT, VKEY, Disk
from audit.entry import SUBJECT
from audit.note import Checkpoint, Note
from audit.publisher import Publisher
from audit.receipt import Receipt
from audit.tiles import TileReader, prove_inclusion
from broker.services.logboekzicht import FULL, was_asked
from broker.services.uitvoer.regels import Line

MAX_PROOFS: Final = 1000
"""Disclosed lines that get a proof of their own; beyond that the tiles prove them all the same."""
_DOOR_ONE: Final = "verzoek"
_SOURCE: Final = frozenset(
    {"besluit", "organisatie", "bron", "zaak", "grondslag", "doel", "categorieen", "gegevens"}
)
"""What a source knows of a question that it was asked, and which of its items went on."""
_FOR: Final = {
    Bereik.ALLES: "De bundel toont elke regel waarvan de inhoud er nog is.",
    Bereik.ONDERWERP: "De bundel toont elke regel over één betrokkene, en geen andere.",
    Bereik.ORGANISATIE: "De bundel toont wat de ontvanger zelf aangaat.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ontvanger:
    """Who receives a bundle, and what of it concerns the receiver.

    Without `organisatie` it is the supervisor; with `sleutel` only of this subject.
    """

    naam: str
    organisatie: str | None = None
    sleutel: str | None = field(default=None, repr=False)

    @property
    def bereik(self) -> Bereik:
        """What the bundle claims to disclose."""
        if self.organisatie is not None:
            return Bereik.ORGANISATIE
        return Bereik.ALLES if self.sleutel is None else Bereik.ONDERWERP


@dataclass(frozen=True, slots=True, kw_only=True)
class Bron:
    """The log that a bundle is made of, as it was at one signed checkpoint."""

    controlepunt: str
    vkeys: str
    lines: Callable[[], Iterable[Line]]
    """Yields its lines up to the checkpoint, in order: all, or those of the subject."""
    leaves: Callable[[int, int], Sequence[bytes]]
    hashes: Callable[[int, int], Sequence[bytes]]
    files: Mapping[str, bytes] = field(default_factory=dict)
    """What else lies with it: the policy, and the anchors."""

    @property
    def size(self) -> int:
        """Lines at the checkpoint."""
        return Checkpoint.parse(Note.parse(self.controlepunt).text).size


@dataclass(slots=True, kw_only=True)
class Telling:
    """How much a bundle tells."""

    onthuld: list[int] = field(default_factory=list)
    uittreksels: int = 0
    vernietigd: list[int] = field(default_factory=list)


def may_see_whole(line: Line, organisatie: str) -> bool:
    """Tell whether a partner may see all of a line: one of its own without what is hidden.

    What door 1 granted, so that the source was asked, holds nothing that is hidden: a requester
    without a place in the zaak is granted nothing, and items come at door 2.
    """
    payload = line.payload or {}
    if payload.get("organisatie") != organisatie:
        return False
    granted = payload.get("deur") == _DOOR_ONE and was_asked(line.soort, payload)
    return granted or not FULL & payload.keys()


def extract(line: Line, organisatie: str) -> dict[str, Any] | None:
    """Return the part of a line that a partner may see; None when it does not concern it."""
    payload = line.payload or {}
    if payload.get("organisatie") == organisatie:
        return {name: value for name, value in payload.items() if name not in FULL}
    # A source that was never asked learns nothing of the question.
    if payload.get("bron") == organisatie and was_asked(line.soort, payload):
        return {name: value for name, value in payload.items() if name in _SOURCE}
    return None


def write_bundle(
    folder: Path, bron: Bron, ontvanger: Ontvanger, *, moment: str, keys: Sequence[bytes]
) -> Telling:
    """Write a bundle into an empty folder.

    Args:
        folder: Where.
        bron: The log.
        ontvanger: For whom.
        moment: When it is made, RFC 3339.
        keys: Of the subject, when the bundle is about one.

    Raises:
        OSError: It cannot be written.
    """
    size = bron.size
    publisher = Publisher(folder, Disk(), hashes=bron.hashes, leaves=bron.leaves)
    publisher.prepare(Checkpoint.parse(Note.parse(bron.controlepunt).text))
    told = _disclose(folder, bron, ontvanger)
    manifest = Manifest(
        bereik=ontvanger.bereik,
        ontvanger=ontvanger.naam,
        gemaakt_op=moment,
        grootte=size,
        vernietigd=tuple(ranges(told.vernietigd)),
    )
    _prove(folder, bron, told.onthuld)
    texts = {
        MANIFEST: manifest.text(),
        VKEY: bron.vkeys,
        README: _readme(manifest, told, with_keys=bool(keys)),
        CHECKPOINT: bron.controlepunt,
    }
    if keys:
        texts[SUBJECT_KEY] = "".join(f"{key.hex()}\n" for key in keys)
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode())
    for name, data in bron.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return told


def _disclose(folder: Path, bron: Bron, ontvanger: Ontvanger) -> Telling:
    """Write what is disclosed, line by line."""
    told = Telling()
    with ExitStack() as stack:
        whole, part = (
            stack.enter_context((folder / name).open("w", encoding="utf-8", newline=""))
            for name in (DISCLOSURES, EXTRACTS)
        )
        for line in bron.lines():
            if line.payload is None or line.salt is None:
                if ontvanger.organisatie is None:
                    told.vernietigd.append(line.index)
                continue
            if _sees(ontvanger, line):
                disclosure = Disclosure(index=line.index, salt=line.salt, payload=line.payload)
                whole.write(disclosure.text())
                told.onthuld.append(line.index)
            elif (seen := _part(ontvanger, line)) is not None:
                part.write(
                    json.dumps({"regel": line.index, "inhoud": seen}, ensure_ascii=False) + "\n"
                )
                told.uittreksels += 1
    return told


def _sees(ontvanger: Ontvanger, line: Line) -> bool:
    if ontvanger.organisatie is not None:
        return may_see_whole(line, ontvanger.organisatie)
    return ontvanger.sleutel in {None, (line.payload or {}).get(SUBJECT)}


def _part(ontvanger: Ontvanger, line: Line) -> dict[str, Any] | None:
    return None if ontvanger.organisatie is None else extract(line, ontvanger.organisatie)


def _prove(folder: Path, bron: Bron, indexes: Sequence[int]) -> None:
    """Write a proof for each disclosed line, unless there are too many."""
    if not 0 < len(indexes) <= MAX_PROOFS:
        return
    (folder / PROOFS).mkdir()
    size = bron.size
    tiles = TileReader(folder, size)
    for index in indexes:
        receipt = Receipt(
            index=index,
            size=size,
            leaf=bron.leaves(index, index + 1)[0],
            proof=prove_inclusion(index, size, tiles.tile),
            checkpoint=bron.controlepunt,
        )
        path = folder / PROOFS / f"{index}.tlog-proof"
        path.write_text(receipt.text(), encoding="utf-8", newline="")


def _readme(manifest: Manifest, told: Telling, *, with_keys: bool) -> str:
    """Return what the receiver reads first, in plain Dutch."""
    return "".join(f"{line}\n" for line in _sentences(manifest, told, with_keys=with_keys))


def _sentences(manifest: Manifest, told: Telling, *, with_keys: bool) -> Iterator[str]:
    yield "Dit is een bundel uit het logboek van Sluis."
    yield ""
    yield f"Voor: {manifest.ontvanger}"
    yield f"Gemaakt: {manifest.gemaakt_op}"
    yield f"Regels in het logboek: {manifest.grootte}"
    yield f"Regels waarvan de inhoud hierin staat: {len(told.onthuld)}"
    yield f"Regels waarvan er een uittreksel is: {told.uittreksels}"
    if manifest.bereik is not Bereik.ORGANISATIE:
        yield f"Regels waarvan de inhoud is vernietigd: {len(told.vernietigd)}"
    yield ""
    yield _FOR[manifest.bereik]
    yield "Alle regels van het logboek zitten erin, ook die u niet mag lezen."
    yield "Daardoor ziet u dat er niets is weggelaten en niets is veranderd."
    if with_keys:
        yield "Met de sleutel van het onderwerp vindt u elke regel over deze betrokkene terug."
        yield "Houd die sleutel geheim."
    yield ""
    yield "Zo controleert u de bundel, zonder netwerk en zonder Sluis:"
    yield "  python -m audit bundel verify MAP --key VKEY"
    yield "De publieke sleutel (VKEY) vraagt u aan iemand anders dan wie u de bundel gaf."
