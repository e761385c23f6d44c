"""Check a bundle (see `bundle_form`) offline, trusting nothing but the public key of the log.

Reads it once, in order, and keeps its memory flat:

1. The manifest, the key and the signed checkpoint; their sizes must be equal.
2. All leaves: their form, their order in time, and their hashes up to the signed root. The stored
   tiles must be those of these leaves.
3. Beside them the disclosures: salt and payload must be those that the leaf commits to.
4. With the key of a subject: every leaf that bears its mark must be disclosed, or told to be
   destroyed. With reach `alles` that holds for every leaf, and those that are told to be
   destroyed must be as many as the last vernietiging says.
5. The proofs: each must lead to the same signed root. Extracts must be of lines that are there.
   Files that do not belong there are told.

Nobody signs the manifest, so what a bundle covers and for whom it is must be seen by who checks it.

What this cannot see of a bundle with less than everything: that a line told to be destroyed was
not. Its index stands in the manifest, so whoever wants to know can ask for the line of that
destruction.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from audit.bundle_anchors import Anchors, Judges, load_policy, open_signed
from audit.bundle_files import Files, lines, open_files, read
from audit.bundle_form import (
    DISCLOSURES,
    EXTRACTS,
    MANIFEST,
    POLICY,
    PROOFS,
    README,
    SUBJECT_KEY,
    Bereik,
    Disclosure,
    Manifest,
    Ranges,
    extract_index,
    parse_keys,
)
from audit.bundle_report import Report, Trust
from audit.bundles import parse_bundle
from audit.disk import CHECKPOINT, VKEY
from audit.entry import Leaf, Soort
from audit.errors import (
    AuditError,
    BundleError,
    EntryError,
    ForeignLogError,
    NoteError,
    ReceiptError,
    TileError,
    UnusableError,
)
from audit.findings import Code, Finding
from audit.kluis import Mac, mark_of
from audit.merkle import leaf_hash, root_of
from audit.note import Checkpoint, Vkey, open_checkpoint
from audit.receipt import MAX_RECEIPT, verify_receipt
from audit.shred import Gone, told_without
from audit.tiles import ENTRIES, TilePath, edges_root, width_at
from audit.tree import TILE_WIDTH

Progress = Callable[[int, int], None]
"""Is told how many leaves were checked, and of how many."""

_PLAIN = frozenset({MANIFEST, CHECKPOINT, VKEY, POLICY, DISCLOSURES, EXTRACTS, SUBJECT_KEY, README})
_OWN_KEY = (
    "De publieke sleutel komt uit de bundel zelf: vergelijk hem met die van het logboek, of geef "
    "hem met --key (geen fout, wel doen)."
)
_STAMPS = "De tijdstempels zijn niet nagekeken: geef de certificaten met --tsa (geen fout)."
_SECOND = "Dit staat er twee keer, of niet op volgorde."


def verify_bundle(
    place: Path, trust: Trust | None = None, progress: Progress | None = None
) -> Report:
    """Check a bundle.

    Args:
        place: A directory or a zip; nothing in it is changed.
        trust: What is known from elsewhere.
        progress: Is told how far it is.

    Raises:
        UnusableError: There is no bundle.
        BundleError: It is a zip that broke off.
        ForeignLogError: It is not of the log of this key.
    """
    with open_files(place) as files:
        try:
            manifest = read(files, MANIFEST)
        except BundleError as error:
            raise UnusableError(str(error)) from None
        if manifest is None:
            raise UnusableError(f"Dit is geen bundel: er is geen {MANIFEST}.")
        return _Check(files, trust or Trust()).run(manifest, progress or _ignore)


def _ignore(_done: int, _total: int) -> None:
    pass


class _Check:
    """One run over one bundle."""

    def __init__(self, files: Files, trust: Trust) -> None:
        self._files = files
        self._trust = trust
        self._report = Report()
        self._disclosures: Iterator[Disclosure] = iter(())
        self._next: Disclosure | None = None
        self._macs: Sequence[Mac] = ()
        self._op = ""
        self._edges: list[list[bytes]] = []
        self._tiles: list[int] = []
        self._gone = Gone()
        self._holds = True

    def run(self, manifest: bytes, progress: Progress) -> Report:
        report = self._report
        try:
            told = report.manifest = Manifest.parse(manifest)
            checkpoint, vkey = self._signed()
            self._macs = [Mac(key) for key in self._keys(self._trust.keys)]
            policy = load_policy(self._files, self._trust.policy, report.notes.append)
        except BundleError as error:
            report.add(str(error))
            return report
        if told.grootte != checkpoint.size:
            report.add(
                f"Het bestand {MANIFEST} noemt {told.grootte} regels, het controlepunt "
                f"{checkpoint.size}."
            )
        self._covers(told.bereik)
        report.size = checkpoint.size
        report.hits = 0 if self._macs else None
        self._disclosures = self._read_disclosures(checkpoint.size)
        self._next = next(self._disclosures, None)
        judges = Judges(vkey=vkey, policy=policy, authorities=self._trust.authorities)
        anchors = Anchors(self._files, judges, report.add)
        self._leaves(told, checkpoint, anchors, progress)
        if told.bereik is Bereik.ALLES and (sentence := self._gone.wrong()):
            first, last = self._gone.first, self._gone.last
            gone = Finding(code=Code.GEWIST, first=first, last=last, sentence=sentence)
            report.add(gone.melding)
        if anchors.unread:
            report.notes.append(_STAMPS)
        self._rest(checkpoint, vkey)
        return report

    # Step 1.

    def _covers(self, bereik: Bereik) -> None:
        wanted = self._trust.bereik
        if wanted not in {None, bereik}:
            self._report.add(f"De bundel heeft bereik {bereik}, en niet {wanted}.")
        if bereik is Bereik.ONDERWERP and not self._macs:
            self._report.add(
                f"Het bestand {SUBJECT_KEY} ontbreekt: zonder die sleutel is niet na te gaan of er"
                " regels over dit onderwerp zijn weggelaten."
            )

    def _signed(self) -> tuple[Checkpoint, Vkey]:
        vkeys = self._vkeys()
        note = self._text(CHECKPOINT)
        try:
            return open_signed(note, vkeys), vkeys[0]
        except NoteError as error:
            raise BundleError(f"Het bestand {CHECKPOINT} is niet echt. {error}") from None

    def _vkeys(self) -> list[Vkey]:
        """Return the keys of the log: that which is trusted first."""
        own: list[Vkey] = []
        for row in self._text(VKEY).splitlines():
            try:
                own.append(Vkey.parse(row))
            except NoteError as error:
                raise BundleError(f"Het bestand {VKEY} klopt niet. {error}") from None
        if not own:
            raise BundleError(f"Het bestand {VKEY} is leeg: er staat geen sleutel in.")
        given = self._trust.vkey
        if given is None:
            self._report.notes.append(_OWN_KEY)
            return own
        if given not in own:
            raise ForeignLogError("De sleutel past niet bij deze bundel.")
        return [given, *(vkey for vkey in own if vkey != given)]

    def _text(self, name: str) -> str:
        try:
            return self._bytes(name).decode()
        except UnicodeDecodeError:
            raise BundleError(f"Het bestand {name} is geen tekst.") from None

    def _bytes(self, name: str) -> bytes:
        data = read(self._files, name)
        if data is None:
            raise BundleError(f"Het bestand {name} ontbreekt.")
        return data

    def _keys(self, key_file: Path | None) -> list[bytes]:
        if key_file is None:
            data = read(self._files, SUBJECT_KEY)
            return [] if data is None else parse_keys(data, SUBJECT_KEY)
        try:
            return parse_keys(key_file.read_bytes(), "met de sleutel van het onderwerp")
        except OSError:
            raise UnusableError("Het bestand met de sleutel is niet te lezen.") from None

    # Step 2.

    def _leaves(
        self, manifest: Manifest, checkpoint: Checkpoint, anchors: Anchors, progress: Progress
    ) -> None:
        size = checkpoint.size
        gone = Ranges(manifest.vernietigd)
        for number in range(-(-size // TILE_WIDTH)):
            width = width_at(size, 0, number)
            first = number * TILE_WIDTH
            for index, data in enumerate(self._bundle(number, width), start=first):
                self._leaf(manifest.bereik, index, data, gone)
                if self._holds and self._op:
                    anchors.pass_line(index, self._op, self._root)
            progress(first + width, size)
        if not self._holds:
            return
        anchors.finish()
        for level, row in enumerate(self._edges):
            if row:
                self._compare(TilePath(level, self._tiles[level], len(row)), row)
        if self._root() != checkpoint.root:
            self._report.add("De regels in de bundel zijn niet de regels die zijn ondertekend.")

    def _root(self) -> bytes:
        return edges_root(self._edges)

    def _bundle(self, number: int, width: int) -> list[bytes]:
        name = str(TilePath(ENTRIES, number, width))
        try:
            return parse_bundle(self._bytes(name), width, name)
        except (BundleError, TileError) as error:
            # Nothing is left to grow the tree over.
            self._holds = False
            self._report.add(str(error))
            return []

    def _leaf(self, bereik: Bereik, index: int, data: bytes, gone: Ranges) -> None:
        if self._holds:
            self._grow(0, leaf_hash(data))
        disclosure = self._disclosed(index)
        try:
            leaf = Leaf.parse(data)
        except EntryError as error:
            self._report.add(f"Regel {index}: {error}")
            return
        if leaf.op < self._op:
            self._report.add(f"Regel {index}: het moment ligt voor dat van een eerdere regel.")
        self._op = max(self._op, leaf.op)
        if disclosure is not None:
            self._report.disclosed += 1
            if not disclosure.fits(leaf):
                self._report.add(f"Regel {index}: wat is onthuld, past niet bij de regel.")
            elif leaf.soort is Soort.VERNIETIGING:
                self._gone.told = told_without(disclosure.payload)
        self._complete(bereik, index, leaf, known=disclosure is not None, gone=index in gone)

    def _grow(self, level: int, node: bytes) -> None:
        if level == len(self._edges):
            self._edges.append([])
            self._tiles.append(0)
        row = self._edges[level]
        row.append(node)
        if len(row) == TILE_WIDTH:
            self._compare(TilePath(level, self._tiles[level]), row)
            self._edges[level] = []
            self._tiles[level] += 1
            self._grow(level + 1, root_of(row))

    def _compare(self, path: TilePath, hashes: Sequence[bytes]) -> None:
        try:
            data = read(self._files, str(path))
        except BundleError as error:
            self._report.add(str(error))
            return
        if data is None:
            self._report.add(f"Het bestand {path} ontbreekt.")
        elif data != b"".join(hashes):
            self._report.add(f"Het bestand {path} past niet bij de regels in de bundel.")

    # Step 3.

    def _read_disclosures(self, size: int) -> Iterator[Disclosure]:
        last = -1
        try:
            for number, data in enumerate(lines(self._files, DISCLOSURES), start=1):
                where = f"Het bestand {DISCLOSURES}, regel {number}"
                try:
                    found = Disclosure.parse(data, where)
                except BundleError as error:
                    self._report.add(str(error))
                    continue
                if not last < found.index < size:
                    wrong = _SECOND if found.index < size else "Deze regel is er niet."
                    self._report.add(f"{where}: {wrong}")
                    continue
                last = found.index
                yield found
        except BundleError as error:
            self._report.add(str(error))

    def _disclosed(self, index: int) -> Disclosure | None:
        # Of a bundle that is missing the disclosures are left over.
        while self._next is not None and self._next.index < index:
            self._next = next(self._disclosures, None)
        found = self._next
        if found is None or found.index != index:
            return None
        self._next = next(self._disclosures, None)
        return found

    # Step 4.

    def _complete(self, bereik: Bereik, index: int, leaf: Leaf, *, known: bool, gone: bool) -> None:
        hit = any(mark_of(mac, leaf.kenmerk) == leaf.merk for mac in self._macs)
        if hit:
            self._report.hits = (self._report.hits or 0) + 1
        if known:
            if self._macs and bereik is Bereik.ONDERWERP and not hit:
                self._report.add(f"Regel {index}: is onthuld, maar hoort niet bij dit onderwerp.")
        elif not hit and bereik is not Bereik.ALLES:
            return
        elif gone:
            self._gone.add(index)
            self._report.notes.append(
                f"Regel {index}: de inhoud is vernietigd (geen fout, wel navraag waard)."
            )
        elif bereik is Bereik.ORGANISATIE:
            self._report.notes.append(
                f"Regel {index}: hoort bij dit onderwerp, maar valt buiten deze bundel."
            )
        elif hit:
            self._report.add(f"Regel {index}: hoort bij dit onderwerp, maar is weggelaten.")
        else:
            self._report.add(f"Regel {index}: is weggelaten, terwijl de bundel alles belooft.")

    # Step 5.

    def _rest(self, checkpoint: Checkpoint, vkey: Vkey) -> None:
        extracts = 0
        try:
            for extracts, data in enumerate(lines(self._files, EXTRACTS), start=1):
                self._extract(data, f"Het bestand {EXTRACTS}, regel {extracts}", checkpoint.size)
        except BundleError as error:
            self._report.add(str(error))
        if extracts:
            self._report.notes.append(
                f"Van {extracts} regels staat er een uittreksel; dat is niet na te rekenen."
            )
        seen = set[str]()
        for name in self._files.names():
            if name in seen:
                self._report.add(f"Het bestand {name} staat er twee keer in.")
            seen.add(name)
            if name.startswith(f"{PROOFS}/"):
                self._proof(name, checkpoint, vkey)
            elif not (name in _PLAIN or Anchors.is_name(name) or self._is_tile(name)):
                self._report.add(f"Het bestand {name} hoort niet in deze bundel.")

    def _extract(self, data: bytes, where: str, size: int) -> None:
        try:
            index = extract_index(data, where)
        except BundleError as error:
            self._report.add(str(error))
            return
        if index >= size:
            self._report.add(f"{where}: Deze regel is er niet.")

    def _is_tile(self, name: str) -> bool:
        try:
            path = TilePath.parse(name)
        except TileError:
            return False
        return path.width == width_at(self._report.size, path.level, path.number)

    def _proof(self, name: str, checkpoint: Checkpoint, vkey: Vkey) -> None:
        try:
            data = read(self._files, name, MAX_RECEIPT) or b""
            receipt = verify_receipt(data.decode(), vkey)
            found = open_checkpoint(receipt.checkpoint, vkey)
            if name != f"{PROOFS}/{receipt.index}.tlog-proof" or found != checkpoint:
                raise ReceiptError("Het hoort bij een andere regel of een andere stand.")
        except UnicodeDecodeError:
            self._report.add(f"Het bestand {name} is geen tekst.")
        except AuditError as error:
            self._report.add(f"Het bestand {name}: {error}")
