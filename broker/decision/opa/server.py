"""The client of a real OPA server. The server is not trusted: what is no clear answer is none.

Asked is one document, `data.sluis.antwoord`: the verdict, with the digest of the rules that gave
it. Errors of built-in functions are errors (`strict-builtin-errors`): else a rule that fails is
undefined, and a ground that should fall would be missed.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from opa_client import AsyncOpaClient
from typing_extensions import override

from broker.errors import DecisionError

_STRICT: Final = {"strict-builtin-errors": "true"}
_PACKAGE: Final = "sluis"
_VERSION: Final = re.compile(r"[0-9][0-9A-Za-z.+-]{0,63}", re.ASCII)
UNKNOWN: Final = "onbekend"
_PORTS: Final = {"http": 80, "https": 443}


class _Client(AsyncOpaClient):  # type: ignore[misc]  # no types there
    """The client, which brings the facts nowhere else: it follows no redirect."""

    @asynccontextmanager
    @override
    async def _request(self, method: str, url: str, **more: Any) -> AsyncIterator[Any]:
        async with super()._request(method, url, allow_redirects=False, **more) as response:
            yield response


class OpaServer:
    """One OPA server, opened once; it serves every version of the rules that it holds."""

    def __init__(self, client: AsyncOpaClient, seconds: float) -> None:
        """Take an open client; `seconds` is the deadline of one question, its retry included."""
        self._client = client
        self._seconds = seconds

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, seconds: float) -> "AsyncIterator[OpaServer]":
        """Open the connections to the server at this address (`http(s)://host[:port]`)."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        client = _Client(
            host=f"[{host}]" if ":" in host else host,
            port=parts.port or _PORTS[parts.scheme],
            ssl=parts.scheme == "https",
            # Its own retries also repeat what OPA refused, and wait before they do.
            retries=0,
            timeout=seconds,
        )
        async with client:
            yield cls(client, seconds)

    def expecting(self, digest: str) -> "OpaRegels":
        """Return the rules with this digest on the server."""
        return OpaRegels(server=self, digest=digest)

    async def version(self) -> str:
        """Return which version of OPA the server says that it is, or `onbekend`.

        OPA keeps it as a document (`data.system.version`), which its rules of access may close.
        """
        try:
            told = await self.ask("version", {}, "system")
        except DecisionError:
            return UNKNOWN
        match told:
            case {"result": {"version": str(version)}} if _VERSION.fullmatch(version):
                return version
        return UNKNOWN

    async def ask(self, rule: str, facts: Mapping[str, Any], package: str = _PACKAGE) -> object:
        """Return what the server answers, unjudged.

        Raises:
            DecisionError: It did not answer in time, or not in JSON. Why is not told, as that may
                hold facts.
        """
        try:
            async with asyncio.timeout(self._seconds):
                try:
                    return await self._query(package, rule, facts)
                except aiohttp.ClientConnectionError:
                    # A kept connection that the server closed: once more, on another.
                    return await self._query(package, rule, facts)
        except Exception:  # noqa: BLE001 - the client passes on whatever its libraries raise
            raise DecisionError("De OPA-server gaf geen antwoord.") from None

    async def _query(self, package: str, rule: str, facts: Mapping[str, Any]) -> object:
        return await self._client.query_rule(facts, package, rule, query_params=_STRICT)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpaRegels:
    """The rules of one digest on a server: a `PolicyServer`."""

    server: OpaServer
    digest: str

    async def evaluate(self, facts: Mapping[str, Any]) -> object:
        """Return what the rules say of these facts; the shape is not trusted.

        Raises:
            DecisionError: The server gave no answer, or has other rules.
        """
        match await self.server.ask("antwoord", facts):
            case {"result": {"besluit": besluit, "digest": digest}} if digest == self.digest:
                return besluit
            case {"result": {"digest": _}}:
                raise _other_rules()
            case _:
                raise DecisionError("De OPA-server gaf geen antwoord.")

    async def check(self) -> None:
        """Return when the server answers, and has these rules.

        Raises:
            DecisionError: It does not, or has others.
        """
        match await self.server.ask("digest", {}):
            case {"result": digest} if digest == self.digest:
                return
            case _:
                raise _other_rules()


def _other_rules() -> DecisionError:
    return DecisionError("De OPA-server heeft andere regels dan die in werking zijn.")
