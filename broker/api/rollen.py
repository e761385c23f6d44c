"""Which functie may use which function of Sluis, and for whose things: casbin, from two files.

casbin answers only whether this functie may do this; whether data may be shared is for the rules.
"""

import logging
from enum import StrEnum
from pathlib import Path
from typing import Final

import casbin  # type: ignore[import-untyped]

from broker.services.caller import Functie


class Actie(StrEnum):
    """A function of Sluis that somebody may or may not use."""

    VERZOEK_INDIENEN = "verzoek:indienen"
    VERZOEK_LEZEN = "verzoek:lezen"
    TOETSING_DOEN = "toetsing:doen"
    EFFECT_BEREKENEN = "effect:berekenen"
    HHK_LEZEN = "hhk:lezen"
    HHK_WIJZIGEN = "hhk:wijzigen"
    PERSOONSKAART_LEZEN = "persoonskaart:lezen"
    PERSOONSKAART_WIJZIGEN = "persoonskaart:wijzigen"
    SIGNAAL_MELDEN = "signaal:melden"
    SIGNAAL_LEZEN = "signaal:lezen"
    SIGNAAL_WEGEN = "signaal:wegen"
    INSTEMMING_GEVEN = "instemming:geven"
    INSTEMMING_LEZEN = "instemming:lezen"
    REGELS_LEZEN = "regels:lezen"
    REGELS_VOORSTELLEN = "regels:voorstellen"
    REGELS_BEPROEVEN = "regels:beproeven"
    REGELS_GOEDKEUREN = "regels:goedkeuren"
    REGELS_INVOEREN = "regels:invoeren"
    VUISTREGELS_LEZEN = "vuistregels:lezen"
    BESLISPUNT_VRAGEN = "beslispunt:vragen"
    BESLISLOGBOEK_LEZEN = "beslislogboek:lezen"
    LOGBOEK_LEZEN = "logboek:lezen"
    LOGBOEK_VERNIETIGEN = "logboek:vernietigen"
    LOGBOEK_ZOEKEN = "logboek:zoeken"
    LOGBOEK_BEWIJZEN = "logboek:bewijzen"
    LOGBOEK_CONTROLEREN = "logboek:controleren"
    INZAGE_BEHANDELEN = "inzage:behandelen"
    INZAGE_LEZEN = "inzage:lezen"
    UITSTEL_VOORSTELLEN = "uitstel:voorstellen"
    UITSTEL_BESLISSEN = "uitstel:beslissen"
    STEEKPROEF_TREKKEN = "steekproef:trekken"
    STEEKPROEF_LEZEN = "steekproef:lezen"
    STEEKPROEF_OORDELEN = "steekproef:oordelen"
    UITVOER_MAKEN = "uitvoer:maken"
    JAARCIJFERS_LEZEN = "jaarcijfers:lezen"
    LDV_LEZEN = "ldv:lezen"


class Bereik(StrEnum):
    """How far a function reaches."""

    ZELF = "zelf"
    """What the caller does in person."""
    EIGEN = "eigen"
    """What is of, or with, the caller's own organisatie."""
    RIEC = "riec"
    """What the RIEC runs for all: zaken, persoonskaarten, signalen."""
    ALLE = "alle"
    """What is of any organisatie."""


_WIDEST_FIRST: Final = (Bereik.ALLE, Bereik.RIEC, Bereik.EIGEN, Bereik.ZELF)


class Rollen:
    """The roles, read once. For use on the event loop only: casbin keeps no lock."""

    def __init__(self, root: Path) -> None:
        """Read `policies/rollen/` below this folder."""
        folder = root / "policies" / "rollen"
        model, policy = str(folder / "model.conf"), str(folder / "policy.csv")
        self._enforcer = casbin.Enforcer(model, policy)
        # Its own log would stand as loose lines between ours. Not by `disabled`: whoever sets up
        # logging afterwards, as the server does, turns that back.
        self._enforcer.logger.setLevel(logging.CRITICAL)
        self._known: dict[tuple[Functie, Actie], Bereik | None] = {}

    def bereik(self, functie: Functie, actie: Actie) -> Bereik | None:
        """Return how far this functie may use this function, or None: not at all."""
        asked = (functie, actie)
        if asked not in self._known:  # the policy does not change while we run
            self._known[asked] = next(
                (b for b in _WIDEST_FIRST if self._enforcer.enforce(functie, actie, b)), None
            )
        return self._known[asked]
