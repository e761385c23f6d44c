"""A small log in memory, with real leaves and signatures, and the bundle of it."""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.entry import Soort, canonical, commitment, encode_leaf, format_moment, unpadded
from audit.kluis import Mac, mark_of
from audit.ledger import Line
from audit.merkle import leaf_hash, root_of
from audit.note import Checkpoint, Signer
from broker.services.uitvoer.bundel import Bron, Ontvanger, Telling, write_bundle
from tests.uitvoer.gevallen import ANDERE, BEGIN, SLEUTEL, gevraagd

SIGNER = Signer.of("sluis.example/log", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
MOMENT = "2026-11-20T10:00:00+00:00"
AP = Ontvanger(naam="Autoriteit Persoonsgegevens")
OVER_EEN = Ontvanger(naam="Autoriteit Persoonsgegevens", sleutel=SLEUTEL)
PARTNER = Ontvanger(naam="nla", organisatie="nla")


def subject_key(sleutel: str) -> bytes:
    """Return the key of a subject in this log."""
    return hashlib.sha256(sleutel.encode()).digest()


@dataclass
class Logboek:
    """Lines that are kept in a list."""

    kept: list[Line] = field(default_factory=list)

    def add(self, soort: Soort, naam: str, payload: Mapping[str, Any]) -> None:
        """Record a line, one second after the one before."""
        index = len(self.kept)
        at = BEGIN + dt.timedelta(seconds=index)
        kenmerk = f"{naam}/{soort}"
        salt = hashlib.sha256(b"zout %d" % index).digest()[:16]
        sleutel = payload.get("sleutel")
        merk = unpadded(salt) if sleutel is None else mark_of(Mac(subject_key(sleutel)), kenmerk)
        toezegging = commitment(salt, canonical(dict(payload)))
        self.kept.append(
            Line(
                index=index,
                soort=soort,
                at=at,
                kenmerk=kenmerk,
                payload=dict(payload),
                salt=salt,
                leaf=encode_leaf(kenmerk, merk, format_moment(at), soort, toezegging),
            )
        )

    def destroy(self, index: int) -> None:
        """Destroy the payload of a line."""
        line = self.kept[index]
        self.kept[index] = Line(
            index=line.index,
            soort=line.soort,
            at=line.at,
            kenmerk=line.kenmerk,
            payload=None,
            salt=None,
            leaf=line.leaf,
        )

    def leaves(self, low: int, high: int) -> list[bytes]:
        """Return leaves."""
        return [line.leaf for line in self.kept[low:high]]

    def hashes(self, low: int, high: int) -> list[bytes]:
        """Return hashes of leaves."""
        return [leaf_hash(leaf) for leaf in self.leaves(low, high)]

    def note(self, size: int | None = None) -> str:
        """Return the signed checkpoint at a size, or now."""
        count = len(self.kept) if size is None else size
        root = root_of(self.hashes(0, count))
        return SIGNER.sign(Checkpoint(origin=SIGNER.vkey.name, size=count, root=root).text())

    def bron(self, files: Mapping[str, bytes] | None = None) -> Bron:
        """Return what a bundle is made of."""
        return Bron(
            controlepunt=self.note(),
            vkeys=f"{SIGNER.vkey}\n",
            lines=lambda: iter(self.kept),
            leaves=self.leaves,
            hashes=self.hashes,
            files=files or {},
        )

    def bundle(
        self,
        folder: Path,
        ontvanger: Ontvanger,
        keys: Sequence[bytes] = (),
        files: Mapping[str, bytes] | None = None,
    ) -> Telling:
        """Write the bundle for somebody."""
        folder.mkdir()
        return write_bundle(folder, self.bron(files), ontvanger, moment=MOMENT, keys=keys)


def a_log(questions: int = 3) -> Logboek:
    """Return a log: questions of the college and of nla, on two subjects, and other lines."""
    log = Logboek()
    log.add(Soort.WIJZIGING, "w-1", {"wat": "zaak-nieuw", "organisatie": "riec", "zaak": "hhk-1"})
    for n in range(questions):
        sleutel = SLEUTEL if n % 3 == 0 else ANDERE
        asker, source = ("zaanstad-college", "nla") if n % 2 == 0 else ("nla", "uwv")
        asked = gevraagd(verzoek=f"v-{n}", sleutel=sleutel, organisatie=asker, bron=source)
        done = {**asked, "deur": "verstrekking", "gegevens": ["i-1"], "gronden": ["buiten-zaak"]}
        log.add(Soort.VOORNEMEN, f"v-{n}/1", asked)
        log.add(Soort.VERSTREKKING, f"v-{n}/1", done)
    log.add(
        Soort.WEIGERING,
        "v-99/1",
        gevraagd(verzoek="v-99", sleutel=ANDERE, uitkomst="geweigerd", gronden=["buiten-zaak"]),
    )
    return log
