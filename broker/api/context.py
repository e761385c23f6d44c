"""Who calls, and whether they may: the context that every route asks for.

`context: Annotated[Context, may(Actie.VERZOEK_LEZEN)]` in the signature of a route is its policy.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from audit.log import Log
from broker.api.rollen import Actie, Bereik, Rollen
from broker.domain.ports import Clock, Ids
from broker.domain.pseudoniem import Pseudonimiseerder
from broker.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from broker.services.bronnen import Bronnen
from broker.services.caller import Beller, Functie
from broker.services.doors import Doors
from broker.services.keeper import Keeper
from broker.services.toetsingen import Toetsingen


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the routes use. Made once, by `broker.app`."""

    clock: Clock
    ids: Ids
    log: Log
    rollen: Rollen
    keeper: Keeper
    doors: Doors
    toetsingen: Toetsingen
    bronnen: Bronnen
    pseudoniem: Pseudonimiseerder
    consent_givers: Callable[[str], Mapping[str, Sequence[str]]]
    """As which deelnemer someone may record each kind of consent, at a moment."""

    def now(self) -> str:
        """Return the moment now, as text with offset."""
        return self.clock.now().isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """An authenticated caller who may use this function, and how far."""

    beller: Beller
    bereik: Bereik

    @property
    def only(self) -> str | None:
        """The organisatie that this is limited to, or None."""
        return self.beller.organisatie if self.bereik is Bereik.EIGEN else None

    def see(self, *organisaties: str | None) -> None:
        """Hide what is with none of these organisaties when only the own may be seen.

        Raises:
            NotFoundError: Not "forbidden": that it exists may itself tell something.
        """
        if self.only is not None and self.only not in organisaties:
            raise NotFoundError("Dit bestaat niet, of u mag het niet zien.")


def services(request: Request) -> Services:
    """Return what the app was started with."""
    found: Services = request.app.state.services
    return found


Uses = Annotated[Services, Depends(services)]
_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="Toegangsbewijs",
    description="Een toegangsbewijs van Sluis, uitgegeven door de beheerder.",
)


def hash_token(token: str) -> str:
    """Return what the store keeps of a token: SHA-256, in hexadecimals."""
    return hashlib.sha256(token.encode()).hexdigest()


class May:
    """Lets in who has a good token and a functie that may do this."""

    def __init__(self, actie: Actie) -> None:
        self.actie = actie

    async def __call__(
        self,
        uses: Uses,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)] = None,
    ) -> Context:
        """Return the context.

        Raises:
            UnauthenticatedError: No token, or not a good one (any more).
            ForbiddenError: This functie may not do this.
        """
        beller = await _caller(uses, bearer)
        bereik = uses.rollen.bereik(beller.functie, self.actie)
        if bereik is None:
            raise ForbiddenError("Uw functie in Sluis geeft hier geen toegang toe.")
        return Context(beller=beller, bereik=bereik)


def may(actie: Actie) -> Any:  # noqa: ANN401 - what FastAPI takes
    """Return the dependency that lets in who may do this."""
    return Depends(May(actie))


async def _caller(uses: Services, bearer: HTTPAuthorizationCredentials | None) -> Beller:
    if bearer is None:
        raise UnauthenticatedError("Stuur een toegangsbewijs mee: Authorization: Bearer …")
    hashed, moment = hash_token(bearer.credentials), uses.clock.now()
    row = await uses.keeper.read(lambda tx: tx.toegang.holder(hashed, moment=moment))
    if row is None:
        raise UnauthenticatedError("Dit toegangsbewijs is niet geldig, of niet meer.")
    return Beller(
        gebruiker=row["id"],
        organisatie=row["organisatie"],
        deelnemer=row["deelnemer"],
        functie=Functie(row["functie"]),
    )
