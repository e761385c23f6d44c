"""Who calls: a person of an organisatie, with one functie (checked by the roles, not here)."""

from dataclasses import dataclass
from enum import StrEnum


class Functie(StrEnum):
    """What someone does with Sluis."""

    ANALIST = "analist"
    TOEPASSING = "toepassing"
    """Not a person: a program of a partner, which asks for the gebruikers of that partner."""
    POORTWACHTER = "poortwachter"
    ACCOUNTMANAGER = "accountmanager"
    PRIVACYFUNCTIONARIS = "privacyfunctionaris"
    BEHEERDER = "beheerder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beller:
    """An authenticated caller, as the store knows this person."""

    gebruiker: str
    organisatie: str
    deelnemer: str | None
    functie: Functie
    riec: str | None = None
    """Which samenwerkingsverband the organisatie runs, such as noord-holland; None: a partner."""
    verband: str | None = None
    """Which kind of samenwerkingsverband that is; None for a RIEC, and for a partner."""
