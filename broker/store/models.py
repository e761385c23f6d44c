"""The tables. There are no relations: every query is written out where it is used.

Nothing here holds the content of an answer, or a BSN, name or address in clear.
"""

import datetime as dt
from typing import Any, Final, get_args

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from broker.domain.dossier import (
    BetrokkeneSoort,
    Deur,
    InstemmingSoort,
    Relatie,
    SignaalStatus,
    ZaakStatus,
)
from broker.domain.regelversie import Stap
from broker.store.columns import Base, one_of, pseudonym
from broker.store.models_inzage import EVIDENCE

BRON_SOORTEN: Final = ("brp", "partner", "geen")
FUNCTIES: Final = (
    "analist",
    "toepassing",
    "poortwachter",
    "accountmanager",
    "privacyfunctionaris",
    "beheerder",
)
ROLLEN: Final = ("verwerker", "toetser", "beheerder")
UITKOMSTEN: Final = ("toegewezen", "geweigerd", "instemming-vereist", "deels")
INSERT_ONLY: Final = (
    "verzoeken",
    "besluiten",
    "beslislogregels",
    "regelversies",
    "regelstappen",
    *EVIDENCE,
)
"""Evidence: triggers refuse every change of these tables."""
METADATA: Final = Base.metadata


class OrganisatieRow(Base):
    """A partner, and where its source answers."""

    __tablename__ = "organisaties"
    __table_args__ = (one_of("bron_soort", BRON_SOORTEN),)

    id: Mapped[str] = mapped_column(primary_key=True)
    naam: Mapped[str]
    bron_soort: Mapped[str]
    bron_adres: Mapped[str | None]
    riec: Mapped[str | None]
    """Which samenwerkingsverband this organisatie runs, such as a RIEC; none for a partner."""
    verband: Mapped[str | None]
    """Which kind of samenwerkingsverband that is; none for a RIEC, and for a partner."""


class OrganisatieDeelnemerRow(Base):
    """As which deelnemer in law (WGS 2.19) an organisatie may act."""

    __tablename__ = "organisatie_deelnemers"

    organisatie: Mapped[str] = mapped_column(ForeignKey("organisaties.id"), primary_key=True)
    deelnemer: Mapped[str] = mapped_column(primary_key=True)


class GebruikerRow(Base):
    """A person who works with the broker, by number only; the facts of WGS 1.8."""

    __tablename__ = "gebruikers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisatie", "deelnemer"],
            ["organisatie_deelnemers.organisatie", "organisatie_deelnemers.deelnemer"],
        ),
        one_of("functie", FUNCTIES),
        one_of("rol", ROLLEN),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    organisatie: Mapped[str] = mapped_column(ForeignKey("organisaties.id"), index=True)
    deelnemer: Mapped[str | None]
    functie: Mapped[str]
    rol: Mapped[str | None]
    geautoriseerd_tot: Mapped[str | None]
    gescreend_op: Mapped[str | None]
    opgeleid_op: Mapped[str | None]


class ToegangsbewijsRow(Base):
    """A bearer token, of which only the hash is kept."""

    __tablename__ = "toegangsbewijzen"

    hash: Mapped[str] = mapped_column(primary_key=True)
    gebruiker: Mapped[str] = mapped_column(ForeignKey("gebruikers.id"), index=True)
    uitgegeven_op: Mapped[dt.datetime]
    geldig_tot: Mapped[dt.datetime]
    ingetrokken_op: Mapped[dt.datetime | None]


class ZaakRow(Base):
    """A zaak. `versie` rises with every change of it or its parts.

    Which `soort` a zaak may have is for the law to say (the activiteiten of its basis), not here.
    """

    __tablename__ = "zaken"
    __table_args__ = (
        one_of("status", get_args(ZaakStatus)),
        CheckConstraint("fase BETWEEN 1 AND 3", name="fase"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    soort: Mapped[str]
    titel: Mapped[str]
    riec: Mapped[str | None]
    status: Mapped[str]
    vastgesteld_op: Mapped[str | None]
    vastgesteld_door: Mapped[str | None]
    beeindigd_op: Mapped[str | None]
    looptijd_duur: Mapped[str | None]
    verlengingen_max: Mapped[int | None]
    totaal_max: Mapped[str | None]
    verschijnselen: Mapped[list[str] | None]
    fase: Mapped[int | None]
    # A signaal may name its zaak and a zaak its signaal, so one of the two keys comes afterwards.
    signaal_id: Mapped[str | None] = mapped_column(
        ForeignKey("signalen.id", use_alter=True), index=True
    )
    onderzoekstermijn: Mapped[str | None]
    max_betrokkenen: Mapped[int | None]
    gebieden: Mapped[list[str] | None]
    branches: Mapped[list[str] | None]
    signalen: Mapped[list[str] | None]
    beschrijving: Mapped[dict[str, Any] | None]
    versie: Mapped[int]
    verband: Mapped[str | None]
    """Which kind of samenwerkingsverband runs it; none: a RIEC."""


class VerlengingRow(Base):
    """A decision to extend the term of a zaak."""

    __tablename__ = "verlengingen"
    __table_args__ = (UniqueConstraint("zaak", "besluit_op"),)

    zaak: Mapped[str] = mapped_column(ForeignKey("zaken.id"), primary_key=True)
    nummer: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    besluit_op: Mapped[str]


class FasebesluitRow(Base):
    """A decision to enter a phase (WGS 2.23(6))."""

    __tablename__ = "fasebesluiten"
    __table_args__ = (CheckConstraint("fase BETWEEN 1 AND 3", name="fase"),)

    zaak: Mapped[str] = mapped_column(ForeignKey("zaken.id"), primary_key=True)
    nummer: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    fase: Mapped[int]
    besluit_op: Mapped[str | None]
    noodzaak: Mapped[str | None]


class ZaakDeelnemerRow(Base):
    """A partner named for a zaak (WGS 2.23(5)); who left and came back has two rows."""

    __tablename__ = "zaak_deelnemers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisatie", "deelnemer"],
            ["organisatie_deelnemers.organisatie", "organisatie_deelnemers.deelnemer"],
        ),
        Index(None, "organisatie", "zaak"),
    )

    zaak: Mapped[str] = mapped_column(ForeignKey("zaken.id"), primary_key=True)
    nummer: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    organisatie: Mapped[str]
    deelnemer: Mapped[str]
    rol: Mapped[str | None]
    vanaf: Mapped[str | None]
    tot: Mapped[str | None]


class SignaalRow(Base):
    """A report of a deelnemer that may lead to a zaak (WGS 2.23(1))."""

    __tablename__ = "signalen"
    __table_args__ = (one_of("status", get_args(SignaalStatus)),)

    id: Mapped[str] = mapped_column(primary_key=True)
    zaak: Mapped[str | None] = mapped_column(ForeignKey("zaken.id"), index=True)
    status: Mapped[str]
    melder: Mapped[str] = mapped_column(ForeignKey("organisaties.id"))
    omschrijving: Mapped[str]
    gemeld_op: Mapped[str]
    gewogen_op: Mapped[str | None]
    gewogen_door: Mapped[str | None]


class PersoonskaartRow(Base):
    """What is known of one subject within one zaak, under its pseudonym."""

    __tablename__ = "persoonskaarten"
    __table_args__ = (
        UniqueConstraint("zaak", "sleutel"),
        one_of("soort", get_args(BetrokkeneSoort)),
        one_of("relatie", get_args(Relatie)),
        pseudonym(),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    zaak: Mapped[str] = mapped_column(ForeignKey("zaken.id"))
    sleutel: Mapped[str]
    soort: Mapped[str]
    relatie: Mapped[str | None]
    afstand: Mapped[int | None]
    gebieden: Mapped[list[str] | None]
    band: Mapped[list[str] | None]
    branches: Mapped[list[str] | None]
    signalen: Mapped[list[str] | None]
    geopend_op: Mapped[str | None]
    laatste_feit_op: Mapped[str | None]
    beeindigd_op: Mapped[str | None]


class InstemmingRow(Base):
    """A recorded human decision. Without `sleutel` it is for every subject of its zaak."""

    __tablename__ = "instemmingen"
    __table_args__ = (
        one_of("soort", get_args(InstemmingSoort)),
        pseudonym(),
        Index(None, "zaak", "sleutel"),
        Index(None, "organisatie", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    soort: Mapped[str]
    organisatie: Mapped[str] = mapped_column(ForeignKey("organisaties.id"))
    door: Mapped[str]
    op: Mapped[str]
    tot: Mapped[str | None]
    categorieen: Mapped[list[str] | None]
    zaak: Mapped[str | None] = mapped_column(ForeignKey("zaken.id"))
    sleutel: Mapped[str | None]
    # Outside a zaak a yes is for one subject and for the questions of one organisatie.
    vrager: Mapped[str | None]
    ingetrokken_op: Mapped[str | None]
    ingetrokken_door: Mapped[str | None]


class VerzoekRow(Base):
    """A question as it was put. The zaak is as named, since a wrong one is refused and recorded."""

    __tablename__ = "verzoeken"
    __table_args__ = (
        UniqueConstraint("organisatie", "kenmerk"),
        Index(None, "organisatie", "ontvangen_op", "id"),
        pseudonym(),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kenmerk: Mapped[str | None]
    gebruiker: Mapped[str] = mapped_column(ForeignKey("gebruikers.id"))
    organisatie: Mapped[str] = mapped_column(ForeignKey("organisaties.id"))
    zaak: Mapped[str | None]
    sleutel: Mapped[str | None]
    grondslag: Mapped[str | None]
    body: Mapped[dict[str, Any]]
    ontvangen_op: Mapped[dt.datetime]


class BesluitRow(Base):
    """A besluit, with the dossier it rests on, both as the exact text that was decided."""

    __tablename__ = "besluiten"
    __table_args__ = (
        one_of("deur", get_args(Deur)),
        one_of("uitkomst", UITKOMSTEN),
        Index(None, "verzoek", "moment", "id"),
        Index(None, "moment", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    verzoek: Mapped[str] = mapped_column(ForeignKey("verzoeken.id"))
    bron: Mapped[str | None]
    deur: Mapped[str]
    moment: Mapped[dt.datetime]
    uitkomst: Mapped[str]
    dossier: Mapped[str] = mapped_column(Text)
    besluit: Mapped[str] = mapped_column(Text)
    versies: Mapped[dict[str, Any]]


class BeslislogregelRow(Base):
    """A record of one decision; of a door its `besluit` holds the facts of the record."""

    __tablename__ = "beslislogregels"
    __table_args__ = (UniqueConstraint("trace_id", "span_id"), Index(None, "moment", "id"))

    id: Mapped[str] = mapped_column(primary_key=True)
    trace_id: Mapped[str]
    span_id: Mapped[str]
    moment: Mapped[dt.datetime]
    gebruiker: Mapped[str] = mapped_column(ForeignKey("gebruikers.id"))
    organisatie: Mapped[str] = mapped_column(ForeignKey("organisaties.id"))
    besluit: Mapped[str | None] = mapped_column(ForeignKey("besluiten.id"), index=True)
    regel: Mapped[str] = mapped_column(Text)


class RegelversieRow(Base):
    """The content of one version of the rules: the archive that its digest is of."""

    __tablename__ = "regelversies"

    id: Mapped[str] = mapped_column(primary_key=True)
    archief: Mapped[bytes]


class RegelstapRow(Base):
    """One step of a version. The newest step `in-werking`, of all versions, is the one in force.

    At the first start there is nobody yet, so `door` refers to nothing.
    """

    __tablename__ = "regelstappen"
    __table_args__ = (
        one_of("stap", tuple(Stap)),
        Index(None, "stap", "nummer"),
        Index(None, "regelversie", "nummer"),
    )

    nummer: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    regelversie: Mapped[str] = mapped_column(ForeignKey("regelversies.id"))
    stap: Mapped[str]
    door: Mapped[str | None]
    organisatie: Mapped[str | None]
    op: Mapped[dt.datetime]
    inhoud: Mapped[dict[str, Any]]
