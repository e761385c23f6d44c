"""Who calls, and whether they may: the context that every route asks for.

`context: Annotated[Context, may(Actie.VERZOEK_LEZEN)]` in the signature of a route is its policy.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from audit.log import Log
from broker.api.rollen import Actie, Bereik, Rollen
from broker.domain.kalender import instant
from broker.domain.ports import Clock, Ids
from broker.domain.pseudoniem import Pseudonimiseerder
from broker.domain.zaak import works_in
from broker.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from broker.services.bronnen import Bronnen
from broker.services.caller import Beller, Functie
from broker.services.coverage import Coverage
from broker.services.doors import Doors
from broker.services.effectberekeningen import Effectberekeningen
from broker.services.inzage import Inzage
from broker.services.keeper import Keeper
from broker.services.logboekzoeken import Zoeker
from broker.services.pdp import Pdp
from broker.services.regels import Regels
from broker.services.regelversies import Regelversies
from broker.services.steekproeven import Steekproeven
from broker.services.toetsingen import Toetsingen
from broker.services.trace import Hop, fsc_transaction
from broker.services.uitvoer.ldv_lezen import LdvLezer
from broker.services.uitvoer.uitvoering import Uitvoering
from broker.services.uitvoer.woo_uitvoering import WooUitvoering
from broker.services.vernietigen import Vernietigen
from broker.services.vuistregels import Vuistregels

HIDDEN: Final = "Dit bestaat niet, of u mag het niet zien."


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
    effectberekeningen: Effectberekeningen
    vuistregels: Vuistregels
    bronnen: Bronnen
    pseudoniem: Pseudonimiseerder
    regels: Regels
    regelversies: Regelversies
    pdp: Pdp
    coverage: Coverage
    zoeker: Zoeker
    inzage: Inzage
    steekproeven: Steekproeven
    uitvoering: Uitvoering
    woo: WooUitvoering
    ldv: LdvLezer
    vernietigen: Vernietigen

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
        own = {Bereik.EIGEN, Bereik.ZELF}
        return self.beller.organisatie if self.bereik in own else None

    @property
    def riec(self) -> str | None:
        """The RIEC whose things this is limited to, or None."""
        return self.beller.riec if self.bereik is Bereik.RIEC else None

    def for_all(self) -> Beller:
        """Return the caller when this reaches to every organisatie.

        Raises:
            ForbiddenError: It does not: the privacyfunctionaris of a partner guards only the own.
        """
        if self.bereik is not Bereik.ALLE:
            raise ForbiddenError("Dit is voor de privacyfunctionaris van een RIEC.")
        return self.beller

    def runs(self, zaak: Mapping[str, Any]) -> bool:
        """Tell whether the caller's organisatie is the RIEC, or the house, that runs this zaak."""
        return self.beller.riec is not None and self.beller.riec == zaak.get("riec")

    def see_zaak(self, zaak: Mapping[str, Any]) -> None:
        """Hide a zaak in which the organisatie has no place, or that another RIEC runs.

        Raises:
            NotFoundError: It may not be seen.
        """
        inside = self.only is not None and self.only in {
            deelnemer.get("organisatie") for deelnemer in zaak["deelnemers"]
        }
        if not (inside or self.runs(zaak) or self.bereik is Bereik.ALLE):
            raise NotFoundError(HIDDEN)

    def see_kaarten(self, zaak: Mapping[str, Any], now: str) -> None:
        """Hide the persoonskaarten of a zaak from all but its RIEC and who works in it now.

        An agendalid takes part in no research, and who has left or not begun has no need of it.

        Raises:
            NotFoundError: They may not be seen.
        """
        works = self.only is not None and works_in(zaak, self.only, instant(now))
        if not (works or self.runs(zaak)):
            raise NotFoundError(HIDDEN)

    def see(self, *organisaties: str | None) -> None:
        """Hide what is with none of these organisaties when only the own may be seen.

        Raises:
            NotFoundError: Not "forbidden": that it exists may itself tell something.
        """
        if self.only is not None and self.only not in organisaties:
            raise NotFoundError(HIDDEN)


def services(request: Request) -> Services:
    """Return what the app was started with."""
    found: Services = request.app.state.services
    return found


def _hop(request: Request) -> Hop:
    """Return what the hop before us told. Its headers are no part of the API of Sluis itself."""
    return Hop(
        traceparent=request.headers.get("traceparent"),
        fsc=fsc_transaction(request.headers.getlist("Fsc-Transaction-Id")),
    )


Uses = Annotated[Services, Depends(services)]
ByHop = Annotated[Hop, Depends(_hop)]
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
            ForbiddenError: This functie may not do this, or only at a RIEC.
        """
        return authorised(await _caller(uses, bearer), uses.rollen, self.actie)


def authorised(beller: Beller, rollen: Rollen, actie: Actie) -> Context:
    """Return the context of somebody who is known, for this function.

    Raises:
        ForbiddenError: This functie may not do this, or only at a RIEC.
    """
    bereik = _reach(beller, rollen.bereik(beller.functie, actie))
    if bereik is None:
        raise ForbiddenError("Uw functie in Sluis geeft hier geen toegang toe.")
    if bereik is Bereik.RIEC and beller.riec is None:
        raise ForbiddenError("Dit is alleen voor wie bij een RIEC werkt.")
    return Context(beller=beller, bereik=bereik)


def may(actie: Actie) -> Any:  # noqa: ANN401 - what FastAPI takes
    """Return the dependency that lets in who may do this."""
    return Depends(May(actie))


def _reach(beller: Beller, bereik: Bereik | None) -> Bereik | None:
    """Narrow the reach of the privacyfunctionaris of a partner: that one guards only the own."""
    partner = beller.functie is Functie.PRIVACYFUNCTIONARIS and beller.riec is None
    return Bereik.EIGEN if partner and bereik is Bereik.ALLE else bereik


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
        riec=row["riec"],
        verband=row["verband"],
    )
