"""The anchors in a bundle: what witnesses and authorities said, held against its leaves."""

import datetime as dt
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from audit.anchored import SLACK
from audit.bundle_files import Files, read
from audit.bundle_form import ANCHORS, POLICY
from audit.entry import parse_moment
from audit.errors import AuditError, BundleError, NoteError, PolicyError
from audit.note import MAX_NOTE, Checkpoint, Note, Vkey, open_checkpoint
from audit.policy import Policy
from audit.stamp import MAX_STAMP, Stamp, verify_stamp

_NAME = re.compile(rf"{ANCHORS}/(0|[1-9][0-9]{{0,18}})")
_STAMP = re.compile(rf"{ANCHORS}/[0-9]+\.[A-Za-z0-9._-]+\.tsr")

Tell = Callable[[str], None]
"""Is told a finding, or a note."""


def load_policy(files: Files, path: Path | None, note: Tell) -> Policy | None:
    """Return the policy of the auditor; else that in the bundle, when there is one.

    Raises:
        BundleError: It is no policy.
    """
    if path is not None:
        return Policy.load(path)
    data = read(files, POLICY)
    if data is None:
        return None
    note(
        "De policy komt uit de bundel zelf: vergelijk die met de uwe, of geef haar met --policy "
        "(geen fout, wel doen)."
    )
    try:
        return Policy.parse(data)
    except PolicyError as error:
        raise BundleError(f"Het bestand {POLICY} klopt niet. {error}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judges:
    """By what anchors are judged; without authorities no stamp is looked at."""

    vkey: Vkey
    policy: Policy | None
    authorities: Sequence[x509.Certificate] | None


class Anchors:
    """Checkpoints by size, each held against the root and the moments that the leaves have there.

    A stamp over a checkpoint says that its lines were there at that moment, and that what comes
    after was not there long before.
    """

    def __init__(self, files: Files, judges: Judges, find: Tell) -> None:
        """Read them all; a finding for each that is not real, or that too few witnesses signed."""
        self._files = files
        self._judges = judges
        self._find = find
        self._roots: dict[int, bytes] = {}
        self._stamps: dict[int, list[Stamp]] = {}
        self._earliest: dt.datetime | None = None
        self.unread = 0
        """Stamps that were not looked at."""
        names = files.names()
        for name in names:
            match = _NAME.fullmatch(name)
            if match is not None:
                self._take(name, int(match[1]), [n for n in names if n.startswith(f"{name}.")])
            elif _STAMP.fullmatch(name) and name.partition(".")[0] not in names:
                self._find(f"Het bestand {name} hoort bij geen controlepunt in deze bundel.")

    @staticmethod
    def is_name(name: str) -> bool:
        """Tell whether a file of this name is an anchor, or a stamp on one."""
        return bool(_NAME.fullmatch(name) or _STAMP.fullmatch(name))

    def pass_line(self, index: int, op: str, root: Callable[[], bytes]) -> None:
        """Hold line `index` against what was stamped before it, and the root after it."""
        if self._earliest is not None and parse_moment(op) < self._earliest - SLACK:
            self._find(f"Regel {index}: het moment ligt voor een tijdstempel dat al was gezet.")
            self._earliest = None
        size = index + 1
        known = self._roots.pop(size, None)
        if known is None:
            return
        if known != root():
            self._find(
                f"Het bestand {ANCHORS}/{size}: de getuigen tekenden een andere geschiedenis."
            )
            return
        for stamp in self._stamps.get(size, ()):
            if parse_moment(op) > stamp.latest + SLACK:
                self._find(f"Regel {index}: het moment ligt na het tijdstempel erover.")
            self._earliest = max(self._earliest or stamp.earliest, stamp.earliest)

    def finish(self) -> None:
        """Tell which anchors are of a larger log than this bundle."""
        for size in sorted(self._roots):
            self._find(f"Het bestand {ANCHORS}/{size}: dit is een stand die de bundel niet heeft.")

    def _take(self, name: str, size: int, stamps: Sequence[str]) -> None:
        policy = self._judges.policy
        try:
            note = (read(self._files, name, MAX_NOTE) or b"").decode()
            checkpoint = open_checkpoint(note, self._judges.vkey)
            _check_size(checkpoint, size)
            if policy is not None:
                policy.open(note)
        except UnicodeDecodeError:
            self._find(f"Het bestand {name} is geen tekst.")
            return
        except AuditError as error:
            self._find(f"Het bestand {name}: {error}")
            return
        if size:
            self._roots[size] = checkpoint.root
            self._stamps[size] = list(self._checked(stamps, Note.parse(note).text.encode()))

    def _checked(self, names: Sequence[str], text: bytes) -> Iterator[Stamp]:
        authorities = self._judges.authorities
        for name in names:
            if authorities is None:
                self.unread += 1
                continue
            try:
                data = read(self._files, name, MAX_STAMP) or b""
                yield verify_stamp(data, text, trusted=authorities)
            except AuditError as error:
                self._find(f"Het bestand {name}: {error}")


def _check_size(checkpoint: Checkpoint, size: int) -> None:
    if checkpoint.size != size:
        raise NoteError("Het controlepunt is van een andere grootte.")


def open_signed(note: str, vkeys: list[Vkey]) -> Checkpoint:
    """Read a checkpoint: the first key must have signed it, and no other may be false.

    Raises:
        NoteError: It is not real.
    """
    Note.parse(note).check(vkeys)
    return open_checkpoint(note, vkeys[0])
