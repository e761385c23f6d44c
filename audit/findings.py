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
    ZEGEL = "zegel"
    MERK = "merk"
    GEWIST = "gewist"
    TREFWOORD = "trefwoord"
    KOLOM = "kolom"
    GAT = "gat"
    KLOK = "klok"
    DUBBEL = "dubbel"
    INDEX = "index"
    TEGEL = "tegel"
    BUNDEL = "bundel"
    BOOM = "boom"
    SPLITSING = "splitsing"
    HANDTEKENING = "handtekening"
    CONTROLEPUNT = "controlepunt"
    KOP = "kop"
    AFGEKAPT = "afgekapt"
    ONGEDEKT = "ongedekt"
    ZONDER_VOORNEMEN = "zonder-voornemen"
    HULPTABEL = "hulptabel"
    ANKER = "anker"
    GETUIGEN = "getuigen"
    STEMPEL = "stempel"
    TIJD = "tijd"
    BESCHADIGD = "beschadigd"
    MEER = "meer"
    OPEN_VOORNEMEN = "open-voornemen"
    NIET_NAGEKEKEN = "niet-nagekeken"


SENTENCES = {
    Code.VORM: "de regel heeft niet de vaste vorm.",
    Code.HASH: "de regel is veranderd nadat hij werd vastgelegd.",
    Code.TOEZEGGING: "de inhoud is veranderd: die past niet bij de regel.",
    Code.ZEGEL: "de verzegelde inhoud is veranderd of beschadigd.",
    Code.MERK: "het merk van de regel past niet bij de betrokkene in de inhoud.",
    Code.GEWIST: "er is inhoud weg zonder dat een vernietiging is vastgelegd.",
    Code.TREFWOORD: "de zoekwoorden passen niet bij de inhoud: zoeken slaat deze regel over,"
    " of vindt hem ten onrechte.",
    Code.KOLOM: "soort of kenmerk in de database past niet bij de regel.",
    Code.GAT: "het regelnummer ontbreekt of kan niet bestaan.",
    Code.KLOK: "het moment ligt voor dat van een eerdere regel.",
    Code.DUBBEL: "het kenmerk staat bij meer dan een regel.",
    Code.INDEX: "de index van de database past niet bij de regels: zoeken kan regels overslaan.",
    Code.TEGEL: "de hash past niet bij de bewaarde tegel.",
    Code.BUNDEL: "de regel in de bundel is veranderd nadat hij werd vastgelegd.",
    Code.BOOM: "deze regels zijn niet de regels die met het controlepunt zijn ondertekend.",
    Code.SPLITSING: "van deze regels is ook een andere geschiedenis ondertekend.",
    Code.HANDTEKENING: "het controlepunt over deze regels is niet echt.",
    Code.CONTROLEPUNT: "het bestand checkpoint ontbreekt of is niet van dit logboek.",
    Code.KOP: "de kop van de database past niet bij de regels.",
    Code.AFGEKAPT: "deze regels zijn ondertekend, maar ze zijn weg.",
    Code.ONGEDEKT: "geen ondertekend controlepunt bevestigt deze regels nog.",
    Code.ZONDER_VOORNEMEN: "er is verstrekt zonder eerder vastgelegd voornemen.",
    Code.HULPTABEL: "de hulptabel met open voornemens past niet bij de regels.",
    Code.ANKER: "het anker over deze regels is niet te gebruiken.",
    Code.GETUIGEN: "te weinig getuigen hebben dit controlepunt ondertekend.",
    Code.STEMPEL: "het tijdstempel over deze regels klopt niet.",
    Code.TIJD: "het moment van de regel past niet bij het tijdstempel: de klok is teruggezet"
    " of vooruitgezet.",
    Code.BESCHADIGD: "de database is hier beschadigd.",
    Code.MEER: "er zijn nog meer bevindingen; deze lijst stopt hier.",
    Code.OPEN_VOORNEMEN: "het voornemen heeft nog geen afloop (geen fout, wel opvolgen).",
    Code.NIET_NAGEKEKEN: "dit deel is niet nagekeken.",
}
NOTES = frozenset({Code.OPEN_VOORNEMEN, Code.NIET_NAGEKEKEN})
"""What asks for attention, but breaks nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about the lines first..last (both included)."""

    code: Code
    first: int
    last: int
    sentence: str = ""
    """What is known beyond the code, such as the file and the byte."""

    @property
    def melding(self) -> str:
        """One plain Dutch sentence that names the lines."""
        if self.code is Code.NIET_NAGEKEKEN:
            return f"Let op: {self.sentence or SENTENCES[self.code]}"
        where = f"Regel {self.first}"
        if self.last > self.first:
            where = f"Regels {self.first} tot en met {self.last}"
        sentence = self.sentence or SENTENCES[self.code]
        return f"{where}: {sentence[:1].lower()}{sentence[1:]}"

    @property
    def is_note(self) -> bool:
        """Tell whether this asks for attention, but breaks nothing."""
        return self.code in NOTES


class Findings:
    """Collects findings; neighbours with the same code become one."""

    def __init__(self) -> None:
        """Start with none."""
        self._found: list[Finding] = []
        self._latest: dict[tuple[Code, str], int] = {}

    def add(self, code: Code, first: int, last: int | None = None, sentence: str = "") -> None:
        """Add a finding about one line, or about first..last. An empty range counts as one."""
        end = first if last is None else max(first, last)
        place = self._latest.get((code, sentence))
        known = None if place is None else self._found[place]
        if known is not None and known.first <= first and end <= known.last:
            return
        if place is not None and self._found[place].last in (first, first - 1):
            start = self._found[place].first
            self._found[place] = Finding(code=code, first=start, last=end, sentence=sentence)
        elif len(self._found) < MAX_FINDINGS:
            self._latest[code, sentence] = len(self._found)
            self._found.append(Finding(code=code, first=first, last=end, sentence=sentence))
        elif (Code.MEER, "") not in self._latest:
            self._latest[Code.MEER, ""] = len(self._found)
            self._found.append(Finding(code=Code.MEER, first=first, last=end))

    def note(self, sentence: str) -> None:
        """Tell that a part was not checked."""
        self.add(Code.NIET_NAGEKEKEN, 0, None, sentence)

    def has(self, code: Code) -> bool:
        """Tell whether there is a finding of this kind."""
        return any(found is code for found, _ in self._latest)

    def sorted(self) -> list[Finding]:
        """Return all findings by first line; the notes come last."""
        return sorted(self._found, key=lambda f: (f.code is Code.MEER, f.is_note, f.first, f.code))
