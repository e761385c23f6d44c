"""What the verifier can find, each with the lines it concerns and one plain Dutch sentence."""

from dataclasses import dataclass
from enum import StrEnum

MAX_FINDINGS = 1000
"""Findings that are kept, so that a file full of rubbish does not fill the memory."""


class Code(StrEnum):
    """Kinds of findings."""

    VORM = "vorm"
    HASH = "hash"
    TOEZEGGING = "toezegging"
    KOLOM = "kolom"
    GAT = "gat"
    KLOK = "klok"
    DUBBEL = "dubbel"
    TEGEL = "tegel"
    BOOM = "boom"
    SPLITSING = "splitsing"
    HANDTEKENING = "handtekening"
    CONTROLEPUNT = "controlepunt"
    AFGEKAPT = "afgekapt"
    ONGEDEKT = "ongedekt"
    ZONDER_VOORNEMEN = "zonder-voornemen"
    HULPTABEL = "hulptabel"
    BESCHADIGD = "beschadigd"
    MEER = "meer"
    OPEN_VOORNEMEN = "open-voornemen"


SENTENCES = {
    Code.VORM: "de regel heeft niet de vaste vorm.",
    Code.HASH: "de regel is veranderd nadat hij werd vastgelegd.",
    Code.TOEZEGGING: "de inhoud is veranderd: die past niet bij de regel.",
    Code.KOLOM: "soort of kenmerk in de database past niet bij de regel.",
    Code.GAT: "het regelnummer ontbreekt of kan niet bestaan.",
    Code.KLOK: "het moment ligt voor dat van een eerdere regel.",
    Code.DUBBEL: "het kenmerk staat bij meer dan een regel.",
    Code.TEGEL: "de hash past niet bij de bewaarde tegel.",
    Code.BOOM: "deze regels zijn niet de regels die met het controlepunt zijn ondertekend.",
    Code.SPLITSING: "van deze regels is ook een andere geschiedenis ondertekend.",
    Code.HANDTEKENING: "het controlepunt over deze regels is niet echt.",
    Code.CONTROLEPUNT: "het bestand checkpoint ontbreekt of is niet van dit logboek.",
    Code.AFGEKAPT: "deze regels zijn ondertekend, maar ze zijn weg.",
    Code.ONGEDEKT: "geen ondertekend controlepunt bevestigt deze regels nog.",
    Code.ZONDER_VOORNEMEN: "er is verstrekt zonder eerder vastgelegd voornemen.",
    Code.HULPTABEL: "de hulptabel met open voornemens past niet bij de regels.",
    Code.BESCHADIGD: "de database is hier beschadigd.",
    Code.MEER: "er zijn nog meer bevindingen; deze lijst stopt hier.",
    Code.OPEN_VOORNEMEN: "het voornemen heeft nog geen afloop (geen fout, wel opvolgen).",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about the lines first..last (both included)."""

    code: Code
    first: int
    last: int

    @property
    def melding(self) -> str:
        """One plain Dutch sentence that names the lines."""
        where = f"Regel {self.first}"
        if self.last > self.first:
            where = f"Regels {self.first} tot en met {self.last}"
        return f"{where}: {SENTENCES[self.code]}"

    @property
    def is_note(self) -> bool:
        """Tell whether this asks for attention, but breaks nothing."""
        return self.code is Code.OPEN_VOORNEMEN


class Findings:
    """Collects findings; neighbours with the same code become one."""

    def __init__(self) -> None:
        """Start with none."""
        self._found: list[Finding] = []
        self._latest: dict[Code, int] = {}

    def add(self, code: Code, first: int, last: int | None = None) -> None:
        """Add a finding about one line, or about first..last. An empty range counts as one."""
        end = first if last is None else max(first, last)
        place = self._latest.get(code)
        if place is not None and self._found[place].last in (first, first - 1):
            start = self._found[place].first
            self._found[place] = Finding(code=code, first=start, last=end)
        elif len(self._found) < MAX_FINDINGS:
            self._latest[code] = len(self._found)
            self._found.append(Finding(code=code, first=first, last=end))
        elif Code.MEER not in self._latest:
            self._latest[Code.MEER] = len(self._found)
            self._found.append(Finding(code=Code.MEER, first=first, last=end))

    def has(self, code: Code) -> bool:
        """Tell whether there is a finding of this kind."""
        return code in self._latest

    def sorted(self) -> list[Finding]:
        """Return all findings by first line; the notes come last."""
        return sorted(self._found, key=lambda f: (f.code is Code.MEER, f.is_note, f.first, f.code))
