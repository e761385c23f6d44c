"""The policy file: which logs and witnesses count, and how many of them (C2SP tlog-policy).

This file is what an auditor trusts; everything else can be checked against it. A name must
stand above the line that uses it, so a circle cannot be written down.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from audit.checkpoint import Checkpoint
from audit.cosignature import Kind
from audit.errors import NoteError, PolicyError, describe
from audit.note import Note
from audit.vkey import Vkey

MAX_POLICY = 1_000_000
"""Bytes of a policy file; 32 logs and 32 witnesses with ML-DSA-44 keys take 120,000."""
NONE = "none"
"""The quorum that asks for no witness."""

_BLANK = re.compile(r"[ \t]+")
_COUNT = re.compile(r"[0-9]{1,9}")
_CONTROL = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
_SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLog:
    """A log whose checkpoints are accepted. The name of its key is its origin."""

    vkey: Vkey
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWitness:
    """A witness, under a name that has a meaning inside the policy only."""

    name: str
    vkey: Vkey
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Speaks for a checkpoint when at least `threshold` of its members do."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a policy makes of a checkpoint that a log of it signed."""

    checkpoint: Checkpoint
    logs: frozenset[Vkey]
    """The keys of the log that signed it."""
    moments: Mapping[str, int]
    """Name of each witness that signed it, and when."""
    quorum: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Which logs count, and which witnesses must have seen a checkpoint."""

    logs: tuple[KnownLog, ...]
    witnesses: tuple[KnownWitness, ...]
    groups: tuple[Group, ...]
    quorum: str

    @classmethod
    def parse(cls, data: bytes) -> "Policy":
        """Read a policy.

        Raises:
            PolicyError: It is not the form of C2SP tlog-policy; the sentence names the line.
        """
        return _Reader().read(data)

    @classmethod
    def load(cls, path: Path) -> "Policy":
        """Read a policy file.

        Raises:
            PolicyError: The file cannot be read, or is no policy.
        """
        try:
            with path.open("rb") as file:
                data = file.read(MAX_POLICY + 1)
        except OSError as error:
            raise PolicyError(f"De policy is niet te lezen: {describe(error)}.") from None
        return cls.parse(data)

    @property
    def vkeys(self) -> tuple[Vkey, ...]:
        """All keys that the policy knows."""
        return (*(each.vkey for each in self.logs), *(each.vkey for each in self.witnesses))

    def moments(self, note: Note) -> dict[str, int]:
        """Return which witnesses signed a checkpoint, by their names in the policy, and when.

        A signature that tells no moment does not say that the witness saw nothing larger, so
        it does not count.

        Raises:
            NoteError: A signature of a witness does not hold.
        """
        signed = note.moments([witness.vkey for witness in self.witnesses])
        return {
            witness.name: signed[witness.vkey]
            for witness in self.witnesses
            if signed.get(witness.vkey, 0) > 0
        }

    def reached(self, names: Collection[str]) -> bool:
        """Tell whether these witnesses together are the quorum."""
        speaking = set(names)
        # Members stand above their group, so one pass will do.
        for group in self.groups:
            if len(speaking.intersection(group.members)) >= group.threshold:
                speaking.add(group.name)
        return self.quorum == NONE or self.quorum in speaking

    def judge(self, note: str) -> Verdict:
        """Read a checkpoint and tell which witnesses signed it, and whether they suffice.

        Raises:
            NoteError: It is malformed, no log of this policy signed it under its own name, or
                a signature of a known key does not hold.
        """
        parsed = Note.parse(note)
        checkpoint = Checkpoint.parse(parsed.text)
        # Keys of all logs, so that a false signature of any of them is seen.
        signed = parsed.moments([log.vkey for log in self.logs])
        logs = frozenset(vkey for vkey in signed if vkey.name == checkpoint.origin)
        if not logs:
            raise NoteError("Geen van de logboeken in de policy heeft dit ondertekend.")
        moments = self.moments(parsed)
        return Verdict(
            checkpoint=checkpoint, logs=logs, moments=moments, quorum=self.reached(moments)
        )

    def open(self, note: str) -> Checkpoint:
        """Read a checkpoint that meets the policy.

        Raises:
            NoteError: It does not; the sentence tells why.
        """
        verdict = self.judge(note)
        if not verdict.quorum:
            names = ", ".join(_shown(name) for name in verdict.moments) or "niemand"
            raise NoteError(f"Te weinig getuigen hebben getekend; wel getekend: {names}.")
        return verdict.checkpoint

    def satisfied(self, note: str) -> bool:
        """Tell whether the witnesses of the policy have signed this note as it asks.

        What is malformed or holds a false signature of a witness never does. Whether a log
        signed it is not asked here; see `open`.
        """
        try:
            parsed = Note.parse(note)
            Checkpoint.parse(parsed.text)
            return self.reached(self.moments(parsed))
        except NoteError:
            return False


class _Reader:
    """Reads a policy from top to bottom."""

    def __init__(self) -> None:
        self._number = 0
        self._logs: list[KnownLog] = []
        self._witnesses: list[KnownWitness] = []
        self._groups: list[Group] = []
        self._quorum: str | None = None
        self._defined: dict[str, int] = {}
        self._grouped: dict[str, int] = {}
        self._keys: dict[bytes, int] = {}

    def read(self, data: bytes) -> Policy:
        if len(data) > MAX_POLICY:
            raise PolicyError("De policy is te groot.")
        words: dict[str, Callable[[list[str]], None]] = {
            "log": self._log,
            "witness": self._witness,
            "group": self._group,
            "quorum": self._take_quorum,
        }
        for self._number, raw in enumerate(data.split(b"\n"), start=1):
            if _CONTROL.search(raw):
                raise self._error(
                    "er staat een stuurteken in, zoals het einde van een Windows-regel"
                )
            # Names are bytes to the format: this way each keeps a spelling of its own.
            line = raw.decode("utf-8", "surrogateescape").strip(" \t")
            if not line or line.startswith("#"):
                continue
            word, *rest = _BLANK.split(line)
            if word not in words:
                raise self._error(f"het woord {_shown(word)} bestaat niet in een policy")
            words[word](rest)
        if self._quorum is None:
            raise PolicyError("In de policy ontbreekt de regel quorum.")
        return Policy(
            logs=tuple(self._logs),
            witnesses=tuple(self._witnesses),
            groups=tuple(self._groups),
            quorum=self._quorum,
        )

    def _log(self, words: list[str]) -> None:
        if len(words) not in (1, 2):
            raise self._error("een logboek heeft de vorm: log SLEUTEL [ADRES]")
        vkey = self._vkey(words[0])
        if vkey.kind is Kind.COSIGNATURE:
            raise self._error("dit is de sleutel van een getuige, niet van een logboek")
        self._logs.append(KnownLog(vkey=vkey, url=_second(words, 1)))

    def _witness(self, words: list[str]) -> None:
        if len(words) not in (2, 3):
            raise self._error("een getuige heeft de vorm: witness NAAM SLEUTEL [ADRES]")
        self._define(words[0])
        vkey = self._vkey(words[1])
        if not vkey.cosigns:
            raise self._error("dit is de sleutel van een logboek, niet van een getuige")
        self._witnesses.append(KnownWitness(name=words[0], vkey=vkey, url=_second(words, 2)))

    def _group(self, words: list[str]) -> None:
        if len(words) < 3:  # noqa: PLR2004 - name, how many, one member
            raise self._error("een groep heeft de vorm: group NAAM all|any|AANTAL LEDEN")
        name, count, *members = words
        for member in members:
            self._join(name, member)
        self._define(name)
        threshold = {"all": len(members), "any": 1}.get(count)
        if threshold is None:
            if not _COUNT.fullmatch(count):
                raise self._error(f"{_shown(count)} is geen aantal, all of any")
            threshold = int(count)
        if not 1 <= threshold <= len(members):
            raise self._error(f"het aantal moet van 1 tot en met {len(members)} zijn")
        self._groups.append(Group(name=name, threshold=threshold, members=tuple(members)))

    def _take_quorum(self, words: list[str]) -> None:
        if len(words) != 1:
            raise self._error("het quorum heeft de vorm: quorum NAAM")
        if self._quorum is not None:
            raise self._error("er staat al een regel quorum boven")
        if words[0] != NONE and words[0] not in self._defined:
            raise self._error(f"{_shown(words[0])} staat niet boven deze regel")
        self._quorum = words[0]

    def _define(self, name: str) -> None:
        if name == NONE:
            raise self._error("de naam none is voor het quorum zonder getuigen")
        if name in self._defined:
            raise self._error(f"de naam {_shown(name)} staat al op regel {self._defined[name]}")
        self._defined[name] = self._number

    def _join(self, group: str, member: str) -> None:
        if member == group and member not in self._defined:
            raise self._error(f"de groep {_shown(group)} noemt zichzelf als lid")
        if member not in self._defined:
            raise self._error(f"{_shown(member)} staat niet boven deze regel")
        if member in self._grouped:
            raise self._error(
                f"{_shown(member)} is al lid van een groep, op regel {self._grouped[member]}"
            )
        self._grouped[member] = self._number

    def _vkey(self, text: str) -> Vkey:
        try:
            vkey = Vkey.parse(text)
        except NoteError as error:
            sentence = str(error).rstrip(".")
            raise self._error(sentence[:1].lower() + sentence[1:]) from None
        # Also across logs and witnesses: a log that vouches for itself proves nothing.
        if vkey.public in self._keys:
            raise self._error(f"deze sleutel staat al op regel {self._keys[vkey.public]}")
        self._keys[vkey.public] = self._number
        return vkey

    def _error(self, what: str) -> PolicyError:
        return PolicyError(f"Regel {self._number} van de policy klopt niet: {what}.")


def _second(words: list[str], place: int) -> str | None:
    return words[place] if len(words) > place else None


def _shown(name: str) -> str:
    # A name may hold bytes that are no text, and its length is not ours.
    short = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
    return short.encode("utf-8", "backslashreplace").decode()
