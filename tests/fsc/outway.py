"""An Outway on a real socket: it takes a grant that it knows, and a transaction of version 7."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import yaml

from adapters.http import Verbinding
from adapters.partner import PartnerBron
from broker.domain.fsc import Doorgang, Koppeling
from tests.adapters.ruwe_bron import Gezien, RuweBron, ruwe_bron

HASH = "+PQI7we01qIfEwq4O5UioLKzjGBgRva6F5+bUfDlKxUjcY5yX1MRsn6NKquDbL8VcklhYO9sk18rHD6La3w/mg"
KOPPELING: dict[str, Any] = {
    "grant_hash": f"$1$3${HASH}",
    "service_name": "toezicht",
    "source": {"type": "SOURCE_TYPE_SOURCE", "outway_peer_id": "00000001234567890000"},
    "destination": {
        "type": "DESTINATION_TYPE_DESTINATION",
        "service_peer_id": "00000009876543210000",
    },
}
DOORGANG = Doorgang(
    koppeling=Koppeling.model_validate(KOPPELING),
    transactie="019a9f2e-6b1c-7d3e-8f00-0123456789ab",
    trace_id="0af7651916cd43dd8448eb211c80319c",
    span_id="b7ad6b7169203331",
)
UUID_7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
ITEM = {
    "id": "nla-1",
    "categorie": "toezicht-handhaving",
    "herkomst": "nla",
    "herkomst_deelnemer": "nla",
    "status": "beschikbaar",
    "eerste_verwerking_op": "2026-05-01",
    "inhoud": {"soort": "boete"},
}


def write_koppelingen(folder: Path, **koppelingen: Any) -> Path:  # noqa: ANN401 - also wrong ones
    """Write the file of the settings, for these organisaties."""
    path = folder / "koppelingen.yaml"
    path.write_text(yaml.safe_dump({"versie": 1, "koppelingen": koppelingen}), "utf-8")
    return path


def answer(status: int, body: object, soort: str = "application/json", **headers: str) -> bytes:
    """Write a whole HTTP/1.1 answer; an underscore in the name of a header is a hyphen."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [
        f"HTTP/1.1 {status} X",
        f"Content-Type: {soort}",
        f"Content-Length: {len(text)}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + text


def refusal(status: int, code: str, domain: str = "ERROR_DOMAIN_OUTWAY") -> bytes:
    """Write an error as FSC Core shapes it."""
    body = {"message": "geheim van 999993653", "domain": domain, "code": code}
    return answer(status, body, Fsc_Error_Code=code)


@dataclass
class Outway:
    """What the Outway saw, and what a test lets it do."""

    bron: RuweBron
    answers: list[bytes] = field(default_factory=list)
    """What to answer instead, once each."""
    during: Callable[[str], Awaitable[None]] | None = None
    """What happens while it has the question, with the transaction of it."""

    @property
    def transactions(self) -> list[str | None]:
        """The transactions of all calls, in order."""
        return [seen.headers.get("fsc-transaction-id") for seen in self.bron.gezien]

    def source(self, client: httpx2.AsyncClient) -> PartnerBron:
        """Return the source behind it."""
        return PartnerBron(verbinding=Verbinding(client=client, basis=self.bron.adres))


@asynccontextmanager
async def outway(*grants: str) -> AsyncIterator[Outway]:
    """Run an Outway that knows these grants; without any it passes whatever comes."""

    async def serve(seen: Gezien, writer: asyncio.StreamWriter) -> None:
        transaction = seen.headers.get("fsc-transaction-id", "")
        if found.during is not None:
            await found.during(transaction)
        writer.write(found.answers.pop(0) if found.answers else reply(seen, transaction))

    def reply(seen: Gezien, transaction: str) -> bytes:
        if grants and seen.headers.get("fsc-grant-hash") not in grants:
            return refusal(400, "UNKNOWN_GRANT_HASH_IN_HEADER")
        if grants and not UUID_7.fullmatch(transaction):
            return refusal(400, "INVALID_LOG_RECORD_ID")
        more = {"Fsc_Transaction_Id": transaction} if transaction else {}
        return answer(200, {"gegevens": [ITEM]}, **more)

    async with ruwe_bron(serve) as bron:
        found = Outway(bron)
        yield found
