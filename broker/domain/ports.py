"""What the broker needs from outside: time, ids, sources, the record."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from broker.domain.fsc import Doorgang


class Clock(Protocol):
    """Tells the moment."""

    def now(self) -> dt.datetime:
        """Return the present moment, aware."""


class Ids(Protocol):
    """Gives new ids."""

    def new(self, soort: str) -> str:
        """Return an unguessable id that starts with `soort`, such as `v-…` for a verzoek."""

    def uuid7(self, moment: dt.datetime) -> str:
        """Return a UUID of version 7, of this moment and chance (`broker.domain.fsc.uuid7`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identiteit:
    """Who is asked about, in clear. Lives in memory only; `repr` shows nothing.

    A natural person has `bsn`; a legal person `kvk_nummer`.
    """

    bsn: str | None = field(default=None, repr=False)
    kvk_nummer: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bevraging:
    """One question to one source: exactly what door 1 granted."""

    kenmerk: str
    """Reference of this relay, for both records (no personal data)."""
    betrokkene: Identiteit
    categorieen: tuple[str, ...]
    grondslag: str
    zaak: str | None
    vrager: str
    """Organisatie that asks."""
    doel: tuple[str, ...]
    vraagstelling: str
    doorgang: Doorgang | None = None
    """The way to the source through an Outway of FSC; None: it is called directly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gegeven:
    """One item of an answer: the labels that door 2 judges, and the content it may let through."""

    id: str
    categorie: str
    herkomst: str | None = None
    herkomst_deelnemer: str | None = None
    wpg_artikel: str | None = None
    status: str | None = None
    eerste_verwerking_op: str | None = None
    ingebracht_op: str | None = None
    bewaren_tot: str | None = None
    inhoud: Mapping[str, object] = field(default_factory=dict, repr=False)

    def labels(self) -> dict[str, str | None]:
        """Return what door 2 may see of it: everything but the content."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "inhoud"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Antwoord:
    """What a source answered.

    For `treffer` the items carry labels and no `inhoud`.
    """

    gegevens: tuple[Gegeven, ...]
    afgeschermd: bool = False
    """The source holds the subject's data secret (BRP: geheimhouding); told with the answer."""
    sent: bool = True
    """False: the source has nothing of this kind, so the question did not leave us."""


class BronFout(StrEnum):
    """Why a source gave no usable answer."""

    ONBEREIKBAAR = "bron-onbereikbaar"
    TE_LAAT = "bron-te-laat"
    ONBEGRIJPELIJK = "bron-onbegrijpelijk"
    TE_GROOT = "bron-te-groot"
    WEIGERT = "bron-weigert"
    GEEN_TOEGANG = "bron-geen-toegang"


class BronError(Exception):
    """A source gave no usable answer. `melding` is a Dutch sentence without personal data."""

    def __init__(
        self,
        fout: BronFout,
        melding: str,
        *,
        sent: bool = True,
        fsc: Mapping[str, str] | None = None,
    ) -> None:
        """Keep why.

        Args:
            fout: Why.
            melding: The same, for who asked.
            sent: False: the question certainly did not leave us.
            fsc: What FSC told of it: `error_code` and `error_domain`, each from a fixed list.
        """
        self.fout = fout
        self.melding = melding
        self.sent = sent
        self.fsc = dict(fsc or {})
        super().__init__(melding)


class Bron(Protocol):
    """A partner that holds data. Every adapter implements this."""

    async def bevraag(self, vraag: Bevraging) -> Antwoord:
        """Ask for the items of the granted categories.

        Raises:
            BronError: The source is down, late, refuses, or answers nonsense or too much.
        """

    async def treffer(self, vraag: Bevraging) -> Antwoord:
        """Ask only whether there is something: one content-free item per category that has.

        Raises:
            BronError: As `bevraag`.
        """


class AnkerError(Exception):
    """A witness or a time-stamping authority gave nothing usable.

    `str()` is a Dutch sentence without addresses, secrets or personal data.
    """
