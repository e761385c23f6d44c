"""What an export sees of the log: its lines, the acties that they tell of, and what is known.

An actie is what happened to one subject at one source: its voornemen and its end, or a single
line that begins and ends at once.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, get_args

from audit.entry import CLOSING, Soort, stem
from broker.domain.besluit import Uitkomst
from broker.domain.dossier import Deur
from broker.domain.ports import BronFout
from broker.errors import DecisionError, RecordError

OTHER: Final = "anders"
"""Stands for a name that an asker made up."""
PSEUDONYM: Final = re.compile(r"[pr]-[a-z2-7]{52}")
_WORDS: Final = re.compile(r"[a-z]{2,20}(?:[._-][a-z]{2,20}){0,3}", re.ASCII)
_FIXED: Final = {
    "deur": frozenset(get_args(Deur)),
    "uitkomst": frozenset(Uitkomst),
    "fout": frozenset({*BronFout, DecisionError.slug, RecordError.slug}),
}


class Line(Protocol):
    """A line of the log as it is read back; payload and salt are None once destroyed."""

    @property
    def index(self) -> int:
        """Its place."""

    @property
    def soort(self) -> Soort:
        """What it records."""

    @property
    def at(self) -> dt.datetime:
        """Its moment, aware."""

    @property
    def kenmerk(self) -> str:
        """Its reference."""

    @property
    def payload(self) -> Mapping[str, Any] | None:
        """What it commits to."""

    @property
    def salt(self) -> bytes | None:
        """What hides the payload in the leaf."""

    @property
    def leaf(self) -> bytes:
        """The bytes that stand in the tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actie:
    """One thing that was done, with the line it began and the line it ended with."""

    begin: Line
    einde: Line

    @property
    def payload(self) -> Mapping[str, Any] | None:
        """All that is known of it; what the end says goes first. None once destroyed."""
        if self.begin.payload is None or self.einde.payload is None:
            return None
        return {**self.begin.payload, **self.einde.payload}


Earlier = Callable[[Line], Line | None]
"""Finds the voornemen that a line closes, when that came before the lines that are read."""


def acties(lines: Iterable[Line], earlier: Earlier | None = None) -> Iterator[Actie]:
    """Yield the acties that end in these lines, in the order of their ends.

    What is still open has no end, so it is no actie yet: it comes when its end is recorded. In
    memory are only the voornemens that are open.
    """
    opened: dict[str, Line] = {}
    for line in lines:
        name = stem(line.soort, line.kenmerk)
        if line.soort is Soort.VOORNEMEN and name is not None:
            opened[name] = line
            continue
        begin = opened.pop(name, None) if name is not None and line.soort in CLOSING else None
        if begin is None and earlier is not None and line.soort in CLOSING:
            begin = earlier(line)
        yield Actie(begin=begin or line, einde=line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bekend:
    """The names that are ours to tell; whatever else an asker wrote becomes `anders`.

    A name that somebody made up may hold a person, whatever form it has.
    """

    zaken: frozenset[str] = frozenset()
    grondslagen: frozenset[str] = frozenset()
    organisaties: frozenset[str] = frozenset()
    verschijnselen: frozenset[str] = frozenset()
    categorieen: frozenset[str] = frozenset()
    gronden: frozenset[str] = frozenset()

    def name(self, member: str, value: object) -> str | None:
        """Return the value of this member as it may be told; None where there is none."""
        if value is None:
            return None
        if not isinstance(value, str):
            return OTHER
        if member == "wat":  # said by us, of an open list
            return value if _WORDS.fullmatch(value) and not PSEUDONYM.search(value) else OTHER
        return value if value in self._known(member) else OTHER

    def names(self, member: str, value: object) -> list[str]:
        """Return the values of a list as they may be told."""
        found = value if isinstance(value, list | tuple) else []
        return [self.name(member, each) or OTHER for each in found]

    def _known(self, member: str) -> frozenset[str]:
        ours = {
            "zaak": self.zaken,
            "grondslag": self.grondslagen,
            "organisatie": self.organisaties,
            "bron": self.organisaties,
            "verschijnsel": self.verschijnselen,
            "categorieen": self.categorieen,
            "gronden": self.gronden,
        }
        return ours.get(member) or _FIXED.get(member, frozenset())
