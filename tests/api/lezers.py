"""More people in the demo world: who watches over a partner, and a second at the RIEC."""

import datetime as dt

from broker.api.context import hash_token
from broker.services.caller import Functie
from tests.api.conftest import NOW, World

FG_NLA = "fg-nla"
FG_RIEC_2 = "fg-2"
POORT_NLA_2 = "pw-nla-2"
_PEOPLE = (
    (FG_NLA, "nla", Functie.PRIVACYFUNCTIONARIS),
    (FG_RIEC_2, "riec-nh", Functie.PRIVACYFUNCTIONARIS),
    (POORT_NLA_2, "nla", Functie.POORTWACHTER),
    ("fg-zaanstad", "zaanstad-college", Functie.PRIVACYFUNCTIONARIS),
    ("fg-uwv", "uwv", Functie.PRIVACYFUNCTIONARIS),
)


async def add_people(world: World) -> None:
    """Record them, each with a token."""
    async with world.services.store.begin() as tx:
        for name, organisatie, functie in _PEOPLE:
            await tx.gebruikers.insert(
                {"id": name, "organisatie": organisatie, "functie": functie.value}
            )
            await tx.toegang.issue(
                hash_token(f"token-{name}"),
                gebruiker=name,
                op=NOW,
                geldig_tot=NOW + dt.timedelta(days=365),
            )
