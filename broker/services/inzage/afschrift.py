"""What a subject reads: each handeling in plain Dutch, and nothing that points at what must wait.

The same history without what is withheld gives the same copy. So nothing is counted or numbered
here but what is told, and the words on what the law lets wait stand on every copy.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from audit.entry import canonical
from broker.decision.inzageregels import Inzageregels
from broker.domain.kalender import AMSTERDAM
from broker.services.beslislogboek import digest
from broker.services.inzage.handelingen import VRAAG, Afloop, Handeling

# fmt: off
_MAANDEN: Final = (
    "januari", "februari", "maart", "april", "mei", "juni",
    "juli", "augustus", "september", "oktober", "november", "december",
)
# fmt: on
_AFLOOP: Final[Mapping[Afloop, str]] = {
    Afloop.VERSTREKT: "Deze gegevens zijn gegeven.",
    Afloop.NIETS_VERSTREKT: "Er is niets gegeven.",
    Afloop.GEWEIGERD: "Dit mocht niet, of nog niet. Er is niets gegeven.",
    Afloop.GEEN_ANTWOORD: "Er kwam geen antwoord. Er is niets gegeven.",
    Afloop.ONBEKEND: "Wij weten niet zeker hoe dit afliep. Misschien zijn de gegevens gegeven.",
}
_ALLEEN_TREFFER: Final = "Alleen of er iets over u bekend is. Niet wat."
_WIJZIGING: Final = "legde iets over u vast"
_ONBEKEND: Final = "een organisatie"
_NIETS: Final = "Er zijn geen regels om te laten zien."


@dataclass(frozen=True, slots=True, kw_only=True)
class Kop:
    """What stands above a copy."""

    inzageverzoek: str
    nummer: int
    gemaakt_op: dt.datetime
    ontvangen_op: dt.datetime
    uiterlijk: dt.date
    van: dt.datetime
    grootte: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Regel:
    """One handeling as the subject reads it."""

    indexen: tuple[int, ...]
    op: str
    zin: str
    delen: Mapping[str, str]
    """What is told of it, by its heading, in the order in which it is read."""

    def plain(self) -> dict[str, Any]:
        """Return it as plain data; a heading is text, so the headings are a list of pairs."""
        delen = [{"kop": kop, "tekst": tekst} for kop, tekst in self.delen.items()]
        return {"indexen": list(self.indexen), "op": self.op, "zin": self.zin, "delen": delen}


@dataclass(frozen=True, slots=True, kw_only=True)
class Afschrift:
    """A copy for a subject. Equal copies have equal digests."""

    kop: Kop
    inleiding: tuple[str, ...]
    regels: tuple[Regel, ...]
    slot: tuple[str, ...]
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        """Compute the digest."""
        object.__setattr__(self, "sha256", digest(canonical(self.plain()).decode()))

    def plain(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        kop = self.kop
        return {
            "inzageverzoek": kop.inzageverzoek,
            "nummer": kop.nummer,
            "gemaakt_op": kop.gemaakt_op.isoformat(),
            "ontvangen_op": kop.ontvangen_op.isoformat(),
            "uiterlijk": kop.uiterlijk.isoformat(),
            "van": kop.van.isoformat(),
            "grootte": kop.grootte,
            "inleiding": list(self.inleiding),
            "regels": [regel.plain() for regel in self.regels],
            "slot": list(self.slot),
        }


def write(
    kop: Kop,
    handelingen: Sequence[Handeling],
    *,
    namen: Mapping[str, str],
    regels: Inzageregels,
) -> Afschrift:
    """Write the copy that tells exactly these handelingen.

    Args:
        kop: What stands above it.
        handelingen: What is told.
        namen: The names of organisaties, by their id.
        regels: The words, and the law that is named.
    """
    told = tuple(_regel(each, namen, regels) for each in handelingen)
    return Afschrift(
        kop=kop,
        inleiding=(*_inleiding(kop, regels), *(() if told else (_NIETS,))),
        regels=told,
        slot=_slot(kop, regels),
    )


def _inleiding(kop: Kop, regels: Inzageregels) -> tuple[str, ...]:
    back, answer = regels.terugkijken, regels.antwoord
    return (
        f"U vroeg op {day(kop.ontvangen_op)} wat er over u is gevraagd en gedeeld.",
        f"Hier staat dat vanaf {day(kop.van)}: {back.tekst} terug ({back.artikel}).",
        "U leest wie iets vroeg, wanneer, waarom, en wat er is gegeven.",
        "De naam van een medewerker staat er niet bij.",
        "Wel leest u van welke organisatie, en wat voor werk die medewerker doet.",
        f"U hebt recht op een antwoord uiterlijk op {_date(kop.uiterlijk)} ({answer.artikel}).",
    )


def _slot(kop: Kop, regels: Inzageregels) -> tuple[str, ...]:
    kept = regels.bewaren
    return (
        "Soms mag een organisatie iets nog niet vertellen, bijvoorbeeld tijdens een onderzoek.",
        "De wet zegt wanneer dat mag (UAVG 41 en Wpg 27).",
        "Wij vertellen nooit of dat in een overzicht zo is. Deze zin staat in elk overzicht.",
        "Gegevens die zijn gegeven, mogen niet langer worden bewaard dan nodig is.",
        f"Langer dan {kept.tekst} mag niet ({kept.artikel}).",
        "Klopt er iets niet, of bent u het niet eens met dit antwoord?",
        "Dan kunt u bezwaar maken bij wie u dit overzicht stuurde.",
        "U kunt ook een klacht sturen aan de Autoriteit Persoonsgegevens.",
        "Bij elke regel staan nummers. Daarmee kan iedereen nagaan dat hij in het logboek staat.",
        f"Dat logboek had {kop.grootte} regels toen u dit vroeg.",
    )


def _regel(each: Handeling, namen: Mapping[str, str], regels: Inzageregels) -> Regel:
    woorden = regels.woorden
    wie = namen.get(each.organisatie, each.organisatie) or _ONBEKEND
    functie = woorden.functies.get(each.functie or "", "een medewerker")
    begin = f"Op {moment(each.op)}"
    if each.soort != VRAAG:
        verb, _, rest = woorden.wijzigingen.get(each.soort, _WIJZIGING).partition(" ")
        return _told(each, f"{begin} {verb} {wie} {rest}.", wie, functie)
    bron = namen.get(each.bron or "", each.bron or "") or _ONBEKEND
    verb = "vroeg" if each.gevraagd else "wilde"
    rest = "gegevens over u." if each.gevraagd else "gegevens over u vragen."
    gegeven = ", ".join(_words(each.verstrekt, woorden.categorieen))
    delen = {
        "Wie": f"{wie}, {functie}",
        "Waarom": ", ".join(_words(each.doel, woorden.doelen)),
        "Waarover": ", ".join(_words(each.verschijnselen, {})),
        "Gevraagd": ", ".join(_words(each.categorieen, woorden.categorieen)),
        "Hoe het afliep": _AFLOOP[each.afloop] if each.afloop else "",
        "Gegeven": _ALLEEN_TREFFER if each.treffer and each.verstrekt else gegeven,
        "Van en aan": f"van {bron} aan {wie}" if each.verstrekt else "",
        "Op grond van": woorden.grondslagen.get(each.grondslag or "", each.grondslag or ""),
        "Bewaren": _kept(each, regels),
    }
    return Regel(
        indexen=each.indexen,
        op=each.op.isoformat(),
        zin=f"{begin} {verb} {wie} aan {bron} {rest}",
        delen={kop: tekst for kop, tekst in delen.items() if tekst},
    )


def _told(each: Handeling, zin: str, wie: str, functie: str) -> Regel:
    return Regel(
        indexen=each.indexen,
        op=each.op.isoformat(),
        zin=zin,
        delen={"Wie": f"{wie}, {functie}"},
    )


def _kept(each: Handeling, regels: Inzageregels) -> str:
    if not each.verstrekt:
        return ""
    if each.bewaren_tot is None:
        return f"zo lang als nodig is, en hoogstens {regels.bewaren.tekst}"
    return f"tot {_date(dt.date.fromisoformat(each.bewaren_tot[:10]))}"


def _words(codes: Sequence[str], words: Mapping[str, str]) -> list[str]:
    return [words.get(code, code.replace("-", " ")) for code in codes]


def day(op: dt.datetime) -> str:
    """Return the day in Amsterdam, as people write it."""
    return _date(op.astimezone(AMSTERDAM).date())


def moment(op: dt.datetime) -> str:
    """Return the moment in Amsterdam, as people write it."""
    here = op.astimezone(AMSTERDAM)
    return f"{_date(here.date())} om {here:%H:%M} uur"


def _date(date: dt.date) -> str:
    return f"{date.day} {_MAANDEN[date.month - 1]} {date.year}"
