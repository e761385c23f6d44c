"""Which zaken a samenwerkingsverband may have: the activiteiten that the law names for it."""

from collections.abc import Mapping
from typing import Final

from broker.decision.decide import Decider

_SHARED: Final = "samenwerking"
_PHASES: Final = "categorie-niet-in-fase"


def zaaksoorten(rules: Decider, verband: str | None, moment: str) -> Mapping[str, bool]:
    """Return the soorten of zaken of a samenwerkingsverband, each with whether it has phases.

    Args:
        rules: In force.
        verband: The kind of samenwerkingsverband; None: a RIEC.
        moment: When.
    """
    found: dict[str, bool] = {}
    for basis in rules.register.at(moment).data["grondslagen"].values():
        if basis["spoor"] == _SHARED and verband in (basis["zaak_van"] or ()):
            phases = _PHASES not in basis["niet_getoetst"]
            for soort in basis["activiteiten"]:
                found[soort] = found.get(soort, False) or phases
    return found
