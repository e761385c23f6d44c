"""What goes into the check of a bundle from elsewhere, and what comes out of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509

from audit.bundle_form import Bereik, Manifest
from audit.note import Vkey

MAX_FINDINGS = 1000
"""Findings that are kept, so that a bundle full of rubbish does not fill the memory."""


@dataclass(slots=True, kw_only=True)
class Report:
    """What was found. `notes` ask for attention and break nothing."""

    manifest: Manifest | None = None
    """What the bundle says of itself; None when that cannot be read."""
    size: int = 0
    disclosed: int = 0
    hits: int | None = None
    """Lines of the subject; None without its key."""
    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, sentence: str) -> None:
        """Add a finding."""
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(sentence)
        elif len(self.findings) == MAX_FINDINGS:
            self.findings.append("Er zijn nog meer bevindingen; deze lijst stopt hier.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What the auditor has from elsewhere; what is None is taken from the bundle itself."""

    vkey: Vkey | None = None
    """The public key of the log."""
    keys: Path | None = None
    """A file with the keys of a subject."""
    policy: Path | None = None
    authorities: Sequence[x509.Certificate] | None = None
    """Certificates of who may stamp; None: stamps are not looked at."""
    bereik: Bereik | None = None
    """What the bundle should cover."""
