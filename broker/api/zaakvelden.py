"""The forms of a zaak at the API: what one puts in, and what one reads."""

from typing import Annotated, Any, Literal

from pydantic import Field

from broker.api.velden import Naam, Namen, Tekst
from broker.domain.dossier import (
    Aantal,
    Datum,
    Deel,
    DuurTekst,
    Looptijd,
    Reikwijdte,
    Tijdstip,
    Zaak,
)


class NieuweDeelnemer(Deel):
    """A partner to name for a zaak."""

    organisatie: Naam
    deelnemer: Naam
    rol: Literal["kern", "overig", "agendalid"]
    vanaf: Tijdstip | None = Field(default=None, description="Zonder: vanaf nu.")
    tot: Tijdstip | None = None


class NieuwHandhavingsknelpunt(Deel):
    """A zaak to propose."""

    titel: Tekst
    riec: Naam | None = Field(default=None, description="Zonder: uw eigen samenwerkingsverband.")
    signaal: Naam | None = Field(default=None, description="Het signaal waarmee het begon.")
    verschijnselen: Namen
    looptijd: Looptijd
    reikwijdte: Reikwijdte
    onderzoekstermijn: DuurTekst | None = None
    max_betrokkenen: Aantal | None = None
    deelnemers: Annotated[list[NieuweDeelnemer], Field(max_length=50)]


class NieuweZaak(NieuwHandhavingsknelpunt):
    """A zaak of any soort to propose, in the samenwerkingsverband of who proposes it."""

    soort: Naam = Field(description="Een soort zaak die de wet voor uw samenwerkingsverband noemt.")
    verschijnselen: Namen = Field(default_factory=list)


class Vaststelling(Deel):
    """The designation of a proposed zaak."""

    op: Datum
    door: Naam = Field(description="Het orgaan dat vaststelde, zoals stuurgroep.")


class Beeindiging(Deel):
    """The end of something."""

    op: Tijdstip | None = Field(default=None, description="Zonder: nu.")


class NieuweVerlenging(Deel):
    """A decision to extend the term."""

    besluit_op: Tijdstip | None = Field(default=None, description="Niet in de toekomst.")


class NieuwFasebesluit(Deel):
    """A decision to enter a phase."""

    fase: Annotated[int, Field(ge=1, le=3)]
    noodzaak: Annotated[Tekst, Field(min_length=1)]
    besluit_op: Tijdstip | None = Field(default=None, description="Niet in de toekomst.")


class EindeDeelname(Deel):
    """Until when a partner takes part."""

    organisatie: Naam
    deelnemer: Naam
    tot: Tijdstip | None = Field(default=None, description="Zonder: nu.")


class HandhavingsknelpuntView(Zaak):
    """A zaak with all its parts."""

    titel: str
    beschrijving: dict[str, Any] | None = None
    versie: int


class HandhavingsknelpuntKort(Deel):
    """A zaak in brief."""

    id: str
    titel: str
    riec: str | None = None
    status: str
    vastgesteld_op: str | None = None
    vastgesteld_door: str | None = None
    beeindigd_op: str | None = None
    versie: int


class ZaakKort(HandhavingsknelpuntKort):
    """A zaak of any soort in brief."""

    soort: str
    verband: str | None = None
