"""The dossier: every fact that one besluit rests on (contract, section Dossier).

A member that is absent or null is unknown. Unknown members and wrong types are errors.
A value outside its list is an error only where no ground judges it: `grondslag`, `activiteit`,
`verschijnsel`, `categorieen`, `deelnemer`, `taak` and `rol` may hold anything.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic_core import PydanticCustomError

from broker.domain import kalender


def _versie(given: object) -> object:
    """Refuse `true` and `1.0`, which Python holds equal to 1."""
    if type(given) is not int:
        raise PydanticCustomError("int_type", "geen geheel getal")
    return given


def _date(text: str) -> str:
    """Accept a date `YYYY-MM-DD`."""
    try:
        kalender.parse_date(text)
    except ValueError:
        raise PydanticCustomError("geen_datum", "geen datum") from None
    return text


def _moment(text: str) -> str:
    """Accept an RFC 3339 moment with offset."""
    try:
        kalender.parse_moment(text)
    except ValueError:
        raise PydanticCustomError("geen_moment", "geen moment met offset") from None
    return text


def _tijdstip(text: str) -> str:
    """Accept a date, or a moment with offset."""
    try:
        kalender.instant(text)
    except ValueError:
        raise PydanticCustomError("geen_tijdstip", "geen datum of moment") from None
    return text


def _duur(text: str) -> str:
    """Accept an ISO 8601 duration of calendar parts."""
    try:
        kalender.parse_duration(text)
    except ValueError:
        raise PydanticCustomError("geen_duur", "geen duur") from None
    return text


Datum = Annotated[str, AfterValidator(_date), Field(json_schema_extra={"format": "date"})]
Moment = Annotated[str, AfterValidator(_moment), Field(json_schema_extra={"format": "date-time"})]
Tijdstip = Annotated[
    str,
    AfterValidator(_tijdstip),
    Field(description="Een datum (00:00 in Amsterdam) of een moment met offset."),
]
DuurTekst = Annotated[str, AfterValidator(_duur), Field(examples=["P1Y", "P6M"])]
# A dossier is small: with these limits no short message can cost seconds.
_MANY: Final = Field(max_length=500)
_PAIRS: Final = 20_000
Naam = Annotated[str, Field(max_length=200)]
Uitleg = Annotated[str, Field(max_length=4000)]
# Whole numbers that every JSON reader holds exactly (RFC 7493, 2.2).
_TOO_LARGE: Final = 2**53
Aantal = Annotated[int, Field(ge=1, lt=_TOO_LARGE)]
NulOfMeer = Annotated[int, Field(ge=0, lt=_TOO_LARGE)]

Deur = Literal["verzoek", "verstrekking"]
Soort = Literal["bevraging", "treffer-geen-treffer", "resultaatdeling"]
BEVRAGING: Final = "bevraging"
TREFFER: Final = "treffer-geen-treffer"
RESULTAATDELING: Final = "resultaatdeling"
Doel = Literal["bestuurlijk", "strafrechtelijk", "fiscaal", "zorg"]
OntvangerSoort = Literal[
    "deelnemer",
    "derde-publiek",
    "derde-privaat",
    "ander-riec",
    "incidentele-derde",
    "ander-zvh",
]
OntvangerGrond = Literal["publieke-taak", "wettelijke-plicht", "gerechtvaardigd-belang"]
ZaakStatus = Literal["voorgesteld", "vastgesteld", "beeindigd"]
SignaalStatus = Literal["aangemeld", "aanvaard", "afgewezen"]
BetrokkeneSoort = Literal["natuurlijk-persoon", "rechtspersoon"]
Relatie = Literal["subject", "directe-kring"]
Band = Literal["woont", "werkt", "onderneemt", "actief", "gevestigd"]
InstemmingSoort = Literal[
    "bevoegd-gezag",
    "functionaris-2-10",
    "wpg-20-besluit",
    "om-toestemming",
    "leverancier",
    "rechtmatigheidsadviescommissie",
    "geen-bezwaar",
    "convenant-verzoek",
    "uitdrukkelijke-toestemming",
    "wettelijke-plicht",
    "wettelijke-bevoegdheid",
    "goed-hulpverlenerschap",
    "geheimhoudingsverklaring",
    "bewaarverlenging",
]
WpgArtikel = Literal["8", "9", "10.1.a", "10.1.b", "10.1.c", "12", "13"]
GegevenStatus = Literal["beschikbaar", "verwijderd"]


class Deel(BaseModel):
    """A part of the dossier: strict, closed, and never changed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Verzoek(Deel):
    """What is asked, and why."""

    soort: Soort | None = None
    activiteit: Naam | None = None
    doel: Annotated[list[Doel], _MANY] | None = None
    verschijnsel: Naam | None = None
    vraagstelling: Uitleg | None = None
    categorieen: Annotated[list[Naam], Field(min_length=1, max_length=500)] | None = None
    aantal_betrokkenen: Aantal | None = None
    nationaliteit_onvermijdelijk: bool | None = None


ASKED: Final = tuple(Verzoek.model_fields)
"""What who asks declares of a question, in the order in which it stands in a dossier."""


class Gebruiker(Deel):
    """The person who asks (WGS 1.8(2))."""

    id: Naam | None = None
    rol: Naam | None = None
    geautoriseerd_tot: Tijdstip | None = None
    gescreend_op: Tijdstip | None = None
    opgeleid_op: Tijdstip | None = None


class Vrager(Deel):
    """Who asks, as which deelnemer, for which of its tasks (WGS 2.19)."""

    organisatie: Naam | None = None
    deelnemer: Naam | None = None
    taak: Naam | None = None
    gebruiker: Gebruiker | None = None


class BronPartij(Deel):
    """Who is asked."""

    organisatie: Naam | None = None
    deelnemer: Naam | None = None


class Ontvanger(Deel):
    """To whom a result goes."""

    organisatie: Naam | None = None
    soort: OntvangerSoort | None = None
    grond: OntvangerGrond | None = None


class Looptijd(Deel):
    """How long the zaak may last, as its designation decision says."""

    duur: DuurTekst | None = None
    verlengingen_max: NulOfMeer | None = None
    totaal_max: DuurTekst | None = None


class Verlenging(Deel):
    """An extension of the term by one `duur`."""

    besluit_op: Tijdstip | None = None


class Fasebesluit(Deel):
    """The decision to enter a phase, with its necessity (WGS 2.23(6))."""

    fase: Annotated[int, Field(ge=1, le=3)] | None = None
    besluit_op: Tijdstip | None = None
    noodzaak: Uitleg | None = None


class Signaal(Deel):
    """The report that the zaak began with (WGS 2.23(1))."""

    id: Naam | None = None
    status: SignaalStatus | None = None


class ZaakDeelnemer(Deel):
    """A partner named for this zaak (WGS 2.23(5))."""

    organisatie: Naam | None = None
    deelnemer: Naam | None = None
    rol: Naam | None = None
    vanaf: Tijdstip | None = None
    tot: Tijdstip | None = None


class Reikwijdte(Deel):
    """The limits of the zaak. An empty list does not limit; an absent one is unknown."""

    gebieden: Annotated[list[Naam], _MANY] | None = None
    branches: Annotated[list[Naam], _MANY] | None = None
    signalen: Annotated[list[Naam], _MANY] | None = None


class Zaak(Deel):
    """The HHK, casus or scan."""

    id: Naam | None = None
    soort: Naam | None = None
    riec: Naam | None = None
    verband: Naam | None = None
    """Whose it is, where it is not the RIEC's: the kind of samenwerkingsverband."""
    status: ZaakStatus | None = None
    vastgesteld_op: Datum | None = None
    vastgesteld_door: Naam | None = None
    beeindigd_op: Tijdstip | None = None
    looptijd: Looptijd | None = None
    verlengingen: Annotated[list[Verlenging], _MANY] | None = None
    verschijnselen: Annotated[list[Naam], _MANY] | None = None
    fase: Annotated[int, Field(ge=1, le=3)] | None = None
    fasebesluiten: Annotated[list[Fasebesluit], _MANY] | None = None
    signaal: Signaal | None = None
    deelnemers: Annotated[list[ZaakDeelnemer], _MANY] | None = None
    onderzoekstermijn: DuurTekst | None = None
    max_betrokkenen: Aantal | None = None
    reikwijdte: Reikwijdte | None = None


class Onderzoek(Deel):
    """The research on one subject within the zaak."""

    geopend_op: Tijdstip | None = None
    laatste_feit_op: Tijdstip | None = None
    beeindigd_op: Tijdstip | None = None


class Betrokkene(Deel):
    """The subject, under a pseudonym."""

    soort: BetrokkeneSoort | None = None
    sleutel: Naam | None = None
    relatie: Relatie | None = None
    afstand: NulOfMeer | None = None
    gebieden: Annotated[list[Naam], _MANY] | None = None
    band: Annotated[list[Band], _MANY] | None = None
    branches: Annotated[list[Naam], _MANY] | None = None
    signalen: Annotated[list[Naam], _MANY] | None = None
    onderzoek: Onderzoek | None = None


class Instemming(Deel):
    """A recorded human decision."""

    soort: InstemmingSoort | None = None
    organisatie: Naam | None = None
    door: Naam | None = None
    op: Tijdstip | None = None
    tot: Tijdstip | None = None
    categorieen: Annotated[list[Naam], _MANY] | None = None


class GegevenLabels(Deel):
    """The labels of one item of the answer; never its content."""

    id: Naam | None = None
    categorie: Naam | None = None
    herkomst: Naam | None = None
    herkomst_deelnemer: Naam | None = None
    wpg_artikel: WpgArtikel | None = None
    status: GegevenStatus | None = None
    eerste_verwerking_op: Datum | None = None
    ingebracht_op: Datum | None = None
    bewaren_tot: Datum | None = None


class Dossier(Deel):
    """Every fact that one besluit rests on."""

    model_config = ConfigDict(title="Dossier van Sluis")

    versie: Annotated[Literal[1], BeforeValidator(_versie)]
    deur: Deur
    moment: Moment
    grondslag: Naam | None = None
    verzoek: Verzoek | None = None
    vrager: Vrager | None = None
    bron: BronPartij | None = None
    ontvanger: Ontvanger | None = None
    zaak: Zaak | None = None
    betrokkene: Betrokkene | None = None
    instemmingen: Annotated[list[Instemming], _MANY] | None = None
    gegevens: Annotated[list[GegevenLabels], Field(max_length=1000)] | None = None

    @model_validator(mode="after")
    def _fits_the_door(self) -> Self:
        """Refuse what cannot be decided at this door, rather than decide something else."""
        if self.deur == "verzoek" and self.verzoek and self.verzoek.soort == RESULTAATDELING:
            raise PydanticCustomError(
                "alleen_deur_2",
                "alleen deur 2",
                {"pointer": "/verzoek/soort"},
            )
        if self.deur == "verzoek" and self.gegevens:
            raise PydanticCustomError(
                "gegevens_bij_deur_1", "gegevens bij deur 1", {"pointer": "/gegevens"}
            )
        return self

    @model_validator(mode="after")
    def _can_be_weighed(self) -> Self:
        """Refuse what would take seconds: each item is held against each consent and deelnemer."""
        beside = (self.instemmingen, self.zaak.deelnemers if self.zaak else None)
        most = max(len(rows or ()) for rows in beside)
        if len(self.gegevens or ()) * most > _PAIRS:
            raise PydanticCustomError("te_veel_samen", "te veel", {"pointer": "/gegevens"})
        return self
