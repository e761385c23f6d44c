"""Recipients of a result that do not work with Sluis: what they declare, others record for them."""

from broker.decision.decide import Decider
from broker.errors import NotFoundError
from broker.store.unit import ReadTx


def declared(rules: Decider, moment: str) -> frozenset[str]:
    """Return the soorten of instemmingen that whoever receives a result gives itself."""
    return frozenset(
        verklaring["soort"]
        for basis in rules.register.at(moment).data["grondslagen"].values()
        for verklaring in (basis.get("resultaat") or {}).get("verklaringen") or ()
    )


async def stands_outside(tx: ReadTx, organisatie: str) -> bool:
    """Tell whether this organisatie is known, is no deelnemer, and has nobody who works here."""
    try:
        partner = await tx.organisaties.get(organisatie)
    except NotFoundError:
        return False
    return not (partner["deelnemers"] or await tx.gebruikers.list(organisatie))


async def recorded_by(tx: ReadTx, gebruiker: str) -> str | None:
    """Return the organisatie of who recorded something; None when that person is not known."""
    try:
        row = await tx.gebruikers.get(gebruiker)
    except NotFoundError:
        return None
    organisatie: str = row["organisatie"]
    return organisatie
