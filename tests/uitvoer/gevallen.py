"""What the tests of the exports share: lines as they are read back, and what is known."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.entry import Soort
from broker.services.uitvoer.ldv import Register
from broker.services.uitvoer.regels import Bekend

BEGIN = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
SLEUTEL = "p-" + "a" * 52
ANDERE = "p-" + "b" * 52
BEDRIJF = "r-" + "c" * 52
TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
PARENT = "00f067aa0ba902b7"
BEKEND = Bekend(
    zaken=frozenset({"hhk-1"}),
    grondslagen=frozenset({"wgs-riec", "wpg-18"}),
    organisaties=frozenset({"zaanstad-college", "nla", "uwv"}),
    verschijnselen=frozenset({"mensenhandel"}),
    categorieen=frozenset({"identificatie"}),
    gronden=frozenset({"buiten-zaak"}),
)
REGISTER = Register(adres="https://register.example.nl", grondslagen=BEKEND.grondslagen)
SOFTWARE = {"service.name": "sluis", "service.version": "0.1.0"}


@dataclass(frozen=True, kw_only=True)
class Regel:
    """A line, with whatever a test wants in it."""

    index: int
    soort: Soort
    at: dt.datetime
    kenmerk: str
    payload: Mapping[str, Any] | None
    salt: bytes | None = bytes(16)
    leaf: bytes = b""


def regel(index: int, soort: Soort, kenmerk: str, **payload: object) -> Regel:
    """Return line `index`, which was recorded `index` seconds after BEGIN."""
    return Regel(
        index=index,
        soort=soort,
        at=BEGIN + dt.timedelta(seconds=index, microseconds=1999),
        kenmerk=f"{kenmerk}/{soort}",
        payload=payload,
        leaf=b"regel %d" % index,
    )


def gevraagd(**more: object) -> dict[str, Any]:
    """Return the payload of a line of a door."""
    return {
        "verzoek": "v-1",
        "gebruiker": "g-017",
        "organisatie": "zaanstad-college",
        "bron": "nla",
        "zaak": "hhk-1",
        "sleutel": SLEUTEL,
        "grondslag": "wgs-riec",
        "verschijnsel": "mensenhandel",
        "doel": ["bestuurlijk"],
        "trace_id": TRACE,
        "span_id": SPAN,
        "besluit": "b-1",
        "deur": "verzoek",
        "uitkomst": "toegewezen",
        "categorieen": ["identificatie"],
        "gronden": [],
        **more,
    }


def verstrekt(index: int, naam: str = "v-1/1", **more: object) -> Sequence[Regel]:
    """Return a voornemen at `index` and its verstrekking right after it."""
    einde = {"deur": "verstrekking", "gegevens": ["nla-1"], "span_id": "ffffffffffffffff"}
    return (
        regel(index, Soort.VOORNEMEN, naam, **gevraagd(**more)),
        regel(index + 1, Soort.VERSTREKKING, naam, **gevraagd(**{**einde, **more})),
    )
