"""The real app on a fresh SQLite file, a real log and the real rules; only sources are fake."""

import datetime as dt
import functools
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from broker.api.context import hash_token
from broker.app import OpenServices, Outside, create_app
from broker.decision.register import default_root
from broker.domain.fsc import uuid7
from broker.domain.ports import Antwoord, Bevraging, BronError, Gegeven
from broker.seeds import DemoSeed, ZaakSeed, read_demo, read_zaken
from broker.services.bronnen import MakeBron
from broker.services.seeding import load
from broker.settings import Settings

NOW = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)


class SteppingClock:
    """A clock that goes on a millisecond each time it is read, and where one can jump."""

    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> dt.datetime:
        self.moment += dt.timedelta(milliseconds=1)
        return self.moment


class CountingIds:
    """Ids in order."""

    def __init__(self) -> None:
        self.last = 0

    def new(self, soort: str) -> str:
        self.last += 1
        return f"{soort}-{self.last:08d}"

    def uuid7(self, moment: dt.datetime) -> str:
        self.last += 1
        return uuid7(moment, self.last.to_bytes(10))


@dataclass
class FakeBron:
    """A source that answers what a test puts in."""

    gegevens: tuple[Gegeven, ...] = ()
    fout: BronError | Exception | None = None
    afgeschermd: bool = False
    asked: list[Bevraging] = field(default_factory=list)
    during: Callable[[], Awaitable[None]] | None = None

    async def bevraag(self, vraag: Bevraging) -> Antwoord:
        self.asked.append(vraag)
        if self.during is not None:
            await self.during()
        if self.fout is not None:
            raise self.fout
        return Antwoord(gegevens=self.gegevens, afgeschermd=self.afgeschermd)

    async def treffer(self, vraag: Bevraging) -> Antwoord:
        return await self.bevraag(vraag)


@dataclass(frozen=True)
class World:
    """The app with its seeds, a token for everybody, and the sources."""

    client: httpx2.AsyncClient
    services: OpenServices
    clock: SteppingClock
    bronnen: Mapping[str, FakeBron]
    logs: Callable[[], str]

    async def call(
        self,
        method: str,
        path: str,
        who: str | None = "g-017",
        body: object = None,
    ) -> httpx2.Response:
        """Call the API as somebody; None is nobody."""
        headers = {"Authorization": f"Bearer token-{who}"} if who else {}
        return await self.client.request(method, f"/v1{path}", headers=headers, json=body)

    async def ask(self, body: object, who: str = "g-017") -> httpx2.Response:
        """Put a verzoek."""
        return await self.call("POST", "/verzoeken", who, body)


@functools.cache
def seeds() -> tuple[tuple[ZaakSeed, ...], DemoSeed]:
    """Read the seeds once: YAML is slow."""
    return read_zaken(default_root()), read_demo(default_root())


@asynccontextmanager
async def running(
    folder: Path,
    make_bron: MakeBron | None = None,
    **settings: Any,  # noqa: ANN401 - as the settings are
) -> AsyncIterator[World]:
    """Start the app with the demo data, with these settings, and with real sources if need be."""
    zaken, demo = seeds()
    clock, lines = SteppingClock(), io.StringIO()
    bronnen = {o.id: FakeBron() for o in demo.organisaties if o.bron != "geen"}
    outside = Outside(
        clock=clock,
        ids=CountingIds(),
        make_bron=make_bron or (lambda row: bronnen.get(row["id"])),
        lines=lines,
    )
    app = create_app(Settings(data=folder / "var", database_seconden=2.0, **settings), outside)
    async with app.router.lifespan_context(app):
        services: OpenServices = app.state.services
        await load(
            services.keeper,
            services.pseudoniem,
            zaken=zaken,
            demo=demo,
            addresses={name: f"https://{name}.example.nl" for name in bronnen},
        )
        await services.bronnen.refresh(services.store)
        async with services.store.begin() as tx:
            for gebruiker in demo.gebruikers:
                await tx.toegang.issue(
                    hash_token(f"token-{gebruiker.id}"),
                    gebruiker=gebruiker.id,
                    op=NOW,
                    geldig_tot=NOW + dt.timedelta(days=365),
                )
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://sluis") as client:
            yield World(
                client=client,
                services=services,
                clock=clock,
                bronnen=bronnen,
                logs=lines.getvalue,
            )


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Start the app with the demo data."""
    async with running(tmp_path) as found:
        yield found


@pytest.fixture
def vraag() -> dict[str, Any]:
    """Give a question that is granted."""
    return {
        "zaak": "hhk-zaandam-oost-2026",
        "grondslag": "wgs-riec",
        "taak": "huisvestingswet",
        "soort": "bevraging",
        "activiteit": "hhk",
        "doel": ["bestuurlijk"],
        "verschijnsel": "mensenhandel",
        "vraagstelling": "Is betrokkene bekend als werkgever in de glazenwassersbranche?",
        "categorieen": ["identificatie", "toezicht-handhaving"],
        "aantal_betrokkenen": 1,
        "betrokkene": {"bsn": "999993653"},
        "bronnen": ["nla"],
    }


@pytest.fixture
def boete() -> Gegeven:
    """Give an item that passes door 2."""
    return Gegeven(
        id="nla-1",
        categorie="toezicht-handhaving",
        herkomst="nla",
        herkomst_deelnemer="nla",
        status="beschikbaar",
        eerste_verwerking_op="2026-05-01",
        inhoud={"soort": "boete", "feit": "geheim-van-de-inhoud"},
    )
