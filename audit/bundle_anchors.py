"""The anchors in a bundle: earlier checkpoints that witnesses signed, held against its leaves."""

import re
from collections.abc import Callable
from pathlib import Path

from audit.bundle_files import Files, read
from audit.bundle_form import ANCHORS, POLICY
from audit.errors import AuditError, BundleError, NoteError, PolicyError
from audit.merkle import EMPTY_ROOT
from audit.note import MAX_NOTE, Checkpoint, Note, Vkey, open_checkpoint
from audit.policy import Policy

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


class Anchors:
    """Checkpoints by size, each to be held against the root that the leaves have there."""

    def __init__(self, files: Files, vkey: Vkey, policy: Policy | None, find: Tell) -> None:
        """Read them all; a finding for each that is not real, or that too few witnesses signed."""
        self._find = find
        self._roots: dict[int, bytes] = {}
        self.stamps = 0
        for name in files.names():
            match = _NAME.fullmatch(name)
            if match is not None:
                self._take(files, name, int(match[1]), (vkey, policy))
            elif _STAMP.fullmatch(name):
                self.stamps += 1

    @staticmethod
    def is_name(name: str) -> bool:
        """Tell whether a file of this name is an anchor, or a stamp on one."""
        return bool(_NAME.fullmatch(name) or _STAMP.fullmatch(name))

    def pass_by(self, size: int, root: Callable[[], bytes]) -> None:
        """Compare the anchor of this size, if there is one, with the root of the leaves."""
        known = self._roots.pop(size, None)
        if known is not None and known != root():
            self._find(
                f"Het bestand {ANCHORS}/{size}: de getuigen tekenden een andere geschiedenis."
            )

    def finish(self) -> None:
        """Tell which anchors are of a larger log than this bundle."""
        for size in sorted(self._roots):
            self._find(f"Het bestand {ANCHORS}/{size}: dit is een stand die de bundel niet heeft.")

    def _take(self, files: Files, name: str, size: int, trust: tuple[Vkey, Policy | None]) -> None:
        vkey, policy = trust
        try:
            note = (read(files, name, MAX_NOTE) or b"").decode()
            checkpoint = open_checkpoint(note, vkey)
            if checkpoint.size != size:
                raise NoteError("Het controlepunt is van een andere grootte.")
            if policy is not None:
                policy.open(note)
        except UnicodeDecodeError:
            self._find(f"Het bestand {name} is geen tekst.")
        except AuditError as error:
            self._find(f"Het bestand {name}: {error}")
        else:
            self._roots[size] = checkpoint.root
            if size == 0:
                self.pass_by(0, lambda: EMPTY_ROOT)


def open_signed(note: str, vkeys: list[Vkey]) -> Checkpoint:
    """Read a checkpoint: the first key must have signed it, and no other may be false.

    Raises:
        NoteError: It is not real.
    """
    Note.parse(note).check(vkeys)
    return open_checkpoint(note, vkeys[0])
