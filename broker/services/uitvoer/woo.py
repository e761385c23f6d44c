"""Lines of the log as they become public under the Woo, with a ground for all that is left out.

What may not be told is not in the result at all: in its place stands the ground, and nothing of
the text, its length or its form is left. Whatever the rules do not name is left out. The rules
are data (`grondslagen/woo-redactie/`); a person may close more, and open what was weighed.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from audit.merkle import leaf_hash
from broker.domain import kalender
from broker.domain.invoer import meldingen
from broker.domain.pseudoniem import holds_bsn
from broker.errors import Fout, InvalidInputError
from broker.services.uitvoer.regels import OTHER, PSEUDONYM, Bekend, Line

FOLDER: Final = "grondslagen/woo-redactie"


class Aard(StrEnum):
    """How a ground weighs."""

    ABSOLUUT = "absoluut"
    RELATIEF = "relatief"
    UITSTEL = "uitstel"
    REST = "rest"
    OVERLEG = "overleg"


_REASONED: Final = frozenset({Aard.RELATIEF, Aard.REST})


class Openbaarheid(StrEnum):
    """What was decided on a document."""

    OPENBAAR = "openbaar"
    DEELS = "deels"
    NIET = "niet"


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Grond(_Data):
    """A ground of the Woo, and the rule of law that it is."""

    code: str
    regel: str
    aard: Aard
    titel: str
    alleen: bool = False


class Redactie(_Data):
    """Why something is left out."""

    gronden: tuple[str, ...]
    reden: str | None = None
    vast: bool = False


class Redactieregels(_Data):
    """Which members of a line are public, and on which grounds the others are not."""

    versie: int
    geldig_vanaf: dt.date
    gronden: tuple[Grond, ...]
    openbaar: frozenset[str]
    velden: dict[str, Redactie]
    overig: Redactie
    nummers: Redactie

    @model_validator(mode="after")
    def _stands(self) -> Self:
        """Refuse rules of which one would not stand in law."""
        for redactie in (*self.velden.values(), self.overig, self.nummers):
            if sentence := self.wrong(redactie):
                raise ValueError(sentence)
        if self.openbaar & self.velden.keys():
            raise ValueError("a member is both public and not")
        return self

    @classmethod
    def parse(cls, data: object) -> "Redactieregels":
        """Read the rules.

        Raises:
            InvalidInputError: They are malformed, or a redaction in them would not stand.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise InvalidInputError(
                "De regels voor de Woo kloppen niet.", meldingen(error)
            ) from None

    @classmethod
    def load(cls, root: Path) -> "Redactieregels":
        """Read the latest rules below this root (a checkout, or site-packages).

        Raises:
            InvalidInputError: There are none, or they cannot be used.
        """
        paths = sorted((root / FOLDER).glob("*.yaml"))
        if not paths:
            raise InvalidInputError("De regels voor de Woo ontbreken.")
        try:
            return cls.parse(yaml.safe_load(paths[-1].read_text(encoding="utf-8")))
        except (OSError, yaml.YAMLError):
            raise InvalidInputError("De regels voor de Woo zijn niet te lezen.") from None

    def grond(self, code: str) -> Grond | None:
        """Return a ground by its code."""
        return next((grond for grond in self.gronden if grond.code == code), None)

    def wrong(self, redactie: Redactie) -> str | None:
        """Tell why a redaction would not stand in law, in a Dutch sentence; None when it does."""
        found = [self.grond(code) for code in redactie.gronden]
        known = [grond for grond in found if grond is not None]
        if not known or len(known) < len(found):
            return "Een weglating noemt een grond die de Woo niet kent, of geen."
        if len(known) > 1 and any(grond.alleen for grond in known):
            return "Deze grond gaat niet samen met een andere (Woo 5.1, vijfde lid)."
        if any(grond.aard in _REASONED for grond in known) and not redactie.reden:
            return "Bij deze grond staat ook waarom die zwaarder weegt (Woo 5.1, derde lid)."
        if holds_bsn(redactie.reden or ""):
            return "In de uitleg mag geen BSN staan."
        return None

    def may_open(self, member: str) -> bool:
        """Tell whether a person may open this member: its grounds are all weighed ones."""
        redactie = self.velden.get(member)
        if redactie is None or redactie.vast:
            return False
        found = [self.grond(code) for code in redactie.gronden]
        return all(grond is not None and grond.aard is Aard.RELATIEF for grond in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keuze:
    """What a person decided on one line: open a member, close it, or close all of it (None)."""

    regel: int
    veld: str | None
    redactie: Redactie | None
    """None opens the member."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Veld:
    """A member as it becomes public: its text, or why it is not there."""

    naam: str
    tekst: str | None
    redactie: Redactie | None = None

    @property
    def shown(self) -> str:
        """Return the text, or the grounds in its place."""
        if self.redactie is None:
            return self.tekst or ""
        return f"[{', '.join(self.redactie.gronden)}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuk:
    """A line as a document: what the inventory tells of it, and its members.

    `hash` is that of the leaf, by which anybody finds the line in the tree.
    """

    nummer: int
    regel: int
    datum: dt.date
    soort: str
    besluit: Openbaarheid
    gronden: tuple[str, ...]
    velden: tuple[Veld, ...]
    hash: str
    vernietigd: bool
    redactie: Redactie | None = None
    """Why nothing of it is public."""


def check_choices(regels: Redactieregels, keuzes: Sequence[Keuze]) -> None:
    """Refuse choices that would not stand in law.

    Raises:
        InvalidInputError: Tells all of them.
    """
    fouten = [
        Fout(pointer=f"/keuzes/{place}", melding=sentence)
        for place, keuze in enumerate(keuzes)
        if (sentence := _wrong_choice(regels, keuze))
    ]
    if fouten:
        raise InvalidInputError(fouten=fouten)


def _wrong_choice(regels: Redactieregels, keuze: Keuze) -> str | None:
    if keuze.redactie is not None:
        return regels.wrong(keuze.redactie)
    if keuze.veld is None or not regels.may_open(keuze.veld):
        return "Dit kan niet openbaar worden."
    return None


def stukken(
    lines: Iterable[Line], regels: Redactieregels, bekend: Bekend, keuzes: Sequence[Keuze] = ()
) -> Iterator[Stuk]:
    """Yield the documents, numbered from 1 in the order of the lines."""
    by_line: dict[int, list[Keuze]] = {}
    for keuze in keuzes:
        by_line.setdefault(keuze.regel, []).append(keuze)
    for nummer, line in enumerate(lines, start=1):
        yield _stuk(nummer, line, _Beoordeling(regels, bekend, by_line.get(line.index, [])))


@dataclass(frozen=True, slots=True)
class _Beoordeling:
    """What is decided on the members of one line."""

    regels: Redactieregels
    bekend: Bekend
    keuzes: Sequence[Keuze]

    def whole(self) -> Redactie | None:
        """Return why the whole line is closed, if a person decided so."""
        return next((k.redactie for k in self.keuzes if k.veld is None), None)

    def veld(self, naam: str, value: object) -> Veld:
        """Return a member as it becomes public."""
        if naam not in self.regels.openbaar and naam not in self.regels.velden:
            # The name of a member is ours; a strange one may itself hold something.
            return Veld(naam=OTHER, tekst=None, redactie=self.regels.overig)
        chosen = next((k for k in self.keuzes if k.veld == naam), None)
        if chosen is not None and chosen.redactie is not None:
            return Veld(naam=naam, tekst=None, redactie=chosen.redactie)
        if chosen is None and naam not in self.regels.openbaar:
            return Veld(naam=naam, tekst=None, redactie=self.regels.velden[naam])
        return self._open(naam, value)

    def _open(self, naam: str, value: object) -> Veld:
        if _holds_number(value):
            return Veld(naam=naam, tekst=None, redactie=self.regels.nummers)
        if isinstance(value, list):
            told = self.bekend.names(naam, value)
        else:
            told = [self.bekend.name(naam, value) or ""]
        if OTHER in told:
            return Veld(naam=naam, tekst=None, redactie=self.regels.overig)
        return Veld(naam=naam, tekst=", ".join(told))


def _stuk(nummer: int, line: Line, oordeel: _Beoordeling) -> Stuk:
    payload: Mapping[str, Any] = line.payload or {}
    whole = oordeel.whole()
    velden = () if whole else tuple(oordeel.veld(m, v) for m, v in sorted(payload.items()))
    grounds = {code for veld in velden if veld.redactie for code in veld.redactie.gronden}
    besluit = Openbaarheid.DEELS if grounds else Openbaarheid.OPENBAAR
    if whole is not None:
        besluit, grounds = Openbaarheid.NIET, set(whole.gronden)
    return Stuk(
        nummer=nummer,
        regel=line.index,
        datum=kalender.day_of(kalender.instant(line.at.isoformat())),
        soort=line.soort.value,
        besluit=besluit,
        gronden=tuple(sorted(grounds)),
        velden=velden,
        hash=leaf_hash(line.leaf).hex(),
        vernietigd=line.payload is None,
        redactie=whole,
    )


def _holds_number(value: object) -> bool:
    if isinstance(value, list | tuple):
        return any(_holds_number(each) for each in value)
    return isinstance(value, str) and (holds_bsn(value) or bool(PSEUDONYM.search(value)))
