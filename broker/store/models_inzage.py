"""The tables of who reads the record for others: requests of subjects, and review samples.

All of it is evidence: rows are only added.
"""

import datetime as dt
from typing import Any, Final

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from broker.domain.steekproef import Oordeel
from broker.domain.uitstel import Uitstelbesluit
from broker.store.columns import Base, one_of, pseudonym

EVIDENCE: Final = (
    "inzageverzoeken",
    "uitstellen",
    "uitstelstappen",
    "afschriften",
    "steekproeven",
    "steekproefeenheden",
    "steekproefoordelen",
)
"""The tables of this module; triggers refuse every change of them."""


class InzageverzoekRow(Base):
    """A subject's request to see what was done. The first `grootte` lines of the log count."""

    __tablename__ = "inzageverzoeken"
    __table_args__ = (pseudonym(), Index(None, "op", "id"))

    id: Mapped[str] = mapped_column(primary_key=True)
    sleutel: Mapped[str]
    ontvangen_op: Mapped[dt.datetime]
    van: Mapped[dt.datetime]
    grootte: Mapped[int]
    door: Mapped[str] = mapped_column(ForeignKey("gebruikers.id"))
    organisatie: Mapped[str] = mapped_column(ForeignKey("organisaties.id"))
    op: Mapped[dt.datetime]


class UitstelRow(Base):
    """A proposal not to tell one handeling yet. Without `tot` it is until further order."""

    __tablename__ = "uitstellen"

    id: Mapped[str] = mapped_column(primary_key=True)
    inzageverzoek: Mapped[str] = mapped_column(ForeignKey("inzageverzoeken.id"), index=True)
    handeling: Mapped[str] = mapped_column(index=True)
    grond: Mapped[str]
    reden: Mapped[str] = mapped_column(Text)
    tot: Mapped[str | None]
    door: Mapped[str] = mapped_column(ForeignKey("gebruikers.id"))
    organisatie: Mapped[str] = mapped_column(ForeignKey("organisaties.id"))
    op: Mapped[dt.datetime]


class UitstelstapRow(Base):
    """What was decided on a proposal, or that it was let go."""

    __tablename__ = "uitstelstappen"
    __table_args__ = (one_of("besluit", tuple(Uitstelbesluit)),)

    uitstel: Mapped[str] = mapped_column(ForeignKey("uitstellen.id"), primary_key=True)
    nummer: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    besluit: Mapped[str]
    door: Mapped[str] = mapped_column(ForeignKey("gebruikers.id"))
    organisatie: Mapped[str] = mapped_column(ForeignKey("organisaties.id"))
    op: Mapped[dt.datetime]
    toelichting: Mapped[str | None] = mapped_column(Text)


class AfschriftRow(Base):
    """That a copy was made for the subject: what it told, and how much was withheld then."""

    __tablename__ = "afschriften"

    inzageverzoek: Mapped[str] = mapped_column(ForeignKey("inzageverzoeken.id"), primary_key=True)
    nummer: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    getoond: Mapped[int]
    uitgesteld: Mapped[int]
    sha256: Mapped[str]
    door: Mapped[str] = mapped_column(ForeignKey("gebruikers.id"))
    organisatie: Mapped[str] = mapped_column(ForeignKey("organisaties.id"))
    op: Mapped[dt.datetime]


class SteekproefRow(Base):
    """A review sample: from what it was drawn. `strata` holds the size of each stratum."""

    __tablename__ = "steekproeven"
    __table_args__ = (Index(None, "op", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    startwaarde: Mapped[str]
    van: Mapped[dt.datetime]
    tot: Mapped[dt.datetime]
    omvang: Mapped[int]
    grootte: Mapped[int]
    strata: Mapped[dict[str, Any]]
    door: Mapped[str] = mapped_column(ForeignKey("gebruikers.id"))
    organisatie: Mapped[str] = mapped_column(ForeignKey("organisaties.id"))
    op: Mapped[dt.datetime]


class SteekproefeenheidRow(Base):
    """One question that was drawn; `regel` is the line of the log that ended it."""

    __tablename__ = "steekproefeenheden"

    steekproef: Mapped[str] = mapped_column(ForeignKey("steekproeven.id"), primary_key=True)
    nummer: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kenmerk: Mapped[str]
    regel: Mapped[int]
    organisatie: Mapped[str]
    uitkomst: Mapped[str]
    herkomst: Mapped[str]


class SteekproefoordeelRow(Base):
    """The verdict of one reviewer; nobody gives two on the same question."""

    __tablename__ = "steekproefoordelen"
    __table_args__ = (
        ForeignKeyConstraint(
            ["steekproef", "nummer"],
            ["steekproefeenheden.steekproef", "steekproefeenheden.nummer"],
        ),
        UniqueConstraint("steekproef", "nummer", "door"),
        one_of("oordeel", tuple(Oordeel)),
    )

    steekproef: Mapped[str] = mapped_column(primary_key=True)
    nummer: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    beurt: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    oordeel: Mapped[str]
    toelichting: Mapped[str | None] = mapped_column(Text)
    door: Mapped[str] = mapped_column(ForeignKey("gebruikers.id"))
    organisatie: Mapped[str] = mapped_column(ForeignKey("organisaties.id"))
    op: Mapped[dt.datetime]
