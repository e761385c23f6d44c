"""The real sources: which adapter asks which organisatie, over which connections."""

from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final

import httpx2

from adapters.brp import BrpBron
from adapters.http import Verbinding
from adapters.partner import PartnerBron
from broker.domain.ports import Bron
from broker.errors import StartError
from broker.services.bronnen import MakeBron
from broker.settings import Omgeving, Settings

_KEPT: Final = 100
"""Idle connections to sources; closing and opening one costs more than the question."""


def source_client() -> httpx2.AsyncClient:
    """Return the client that all sources share.

    A source that is slow must not take the connections of the others, so their number has no
    bound of its own: each belongs to one verzoek, and has its deadline. Idle ones are kept. Cookies
    are not: behind one Outway stand several sources, and what one sets another would get.
    """
    none = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=_KEPT)
    return httpx2.AsyncClient(trust_env=False, limits=limits, cookies=none)


def adapters(settings: Settings, client: httpx2.AsyncClient) -> MakeBron:
    """Return what makes the source of an organisatie from its row in the store."""

    def make(row: Mapping[str, Any]) -> Bron | None:
        soort, adres = row["bron_soort"], row["bron_adres"]
        if soort == "geen" or not adres:
            return None
        if settings.omgeving is Omgeving.PRODUCTIE and not adres.startswith("https://"):
            raise StartError(f"Het adres van de bron van {row['id']} begint niet met https://.")
        verbinding = Verbinding(
            client=client,
            basis=adres.rstrip("/"),
            token=settings.source_token(row["id"]),
            seconden=settings.bron_seconden,
        )
        if soort == "brp":
            return BrpBron(verbinding=verbinding, organisatie=row["id"])
        return PartnerBron(verbinding=verbinding)

    return make
