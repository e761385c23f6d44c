"""Who takes part in a zaak at a moment, and who works in it."""

from collections.abc import Mapping
from typing import Any, Final

from broker.domain.kalender import in_force

WORKING: Final = frozenset({"kern", "overig"})
"""In which rol an organisatie works on the subjects of a zaak; an agendalid only sits in."""


def places(zaak: Mapping[str, Any], organisatie: str, moment: int) -> list[Mapping[str, Any]]:
    """Return the places (`deelnemers`) that this organisatie has in a zaak at this instant."""
    return [
        place
        for place in zaak["deelnemers"]
        if place.get("organisatie") == organisatie
        and in_force(place.get("vanaf"), place.get("tot"), moment)
    ]


def works_in(zaak: Mapping[str, Any], organisatie: str, moment: int) -> bool:
    """Tell whether this organisatie works on the subjects of a zaak at this instant."""
    return any(place.get("rol") in WORKING for place in places(zaak, organisatie, moment))
