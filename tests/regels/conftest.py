"""Nodes of Sluis on one store, each with its own log; the real rules, and others like them."""

import datetime as dt
import functools
import io
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from broker.app import OpenServices, Outside, open_services
from broker.decision.regelset import Regelset
from broker.decision.register import default_root
from broker.domain.ports import Identiteit
from broker.services.caller import Beller, Functie
from broker.services.doors import BronUitkomst
from broker.services.seeding import load
from broker.services.vraag import Vraag
from broker.settings import Settings
from tests.api.conftest import CountingIds, FakeBron, SteppingClock, seeds

ROOT = default_root()
ANALIST = Beller(
    gebruiker="g-017",
    organisatie="zaanstad-college",
    deelnemer="college",
    functie=Functie.ANALIST,
)
BEHEERDER = Beller(
    gebruiker="beheer-1",
    organisatie="riec-nh",
    deelnemer=None,
    functie=Functie.BEHEERDER,
    riec="noord-holland",
)
PRIVACY = Beller(
    gebruiker="fg-1",
    organisatie="riec-nh",
    deelnemer=None,
    functie=Functie.PRIVACYFUNCTIONARIS,
    riec="noord-holland",
)
REDEN = "De wet is veranderd per 1 januari."
ADVIES = {"advies": {"kenmerk": "RAC-2026-7", "datum": "2026-11-01"}}


@functools.cache
def shipped() -> Regelset:
    """Read the rule set of this software once."""
    return Regelset.from_folder(ROOT)


def changed(name: str, *changes: tuple[str, str]) -> Regelset:
    """Return the shipped rule set with other words in one file; every word must be there."""
    text = shipped().bestanden[name].decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return Regelset(bestanden={**shipped().bestanden, name: text.encode()})


@dataclass(frozen=True)
class Node:
    """One server."""

    services: OpenServices
    clock: SteppingClock
    bronnen: Mapping[str, FakeBron]
    lines: Callable[[], str]

    async def ask(self, **changes: object) -> BronUitkomst:
        """Put a question that is granted, unless it is changed; return what came of its source."""
        outcome = await self.services.doors.submit(ANALIST, vraag(**changes))
        return outcome.bronnen[0]

    async def use(self, regelset: Regelset) -> None:
        """Bring a rule set through all its steps."""
        versies, digest = self.services.regelversies, regelset.digest
        await versies.propose(BEHEERDER, archief=regelset.to_archive(), reden=REDEN)
        await versies.test(BEHEERDER, digest)
        await versies.approve(PRIVACY, digest, ADVIES)
        await versies.take_into_use(BEHEERDER, digest)

    async def in_force(self) -> str | None:
        """Return the digest of the rules that decide."""
        return await self.services.regels.in_werking()

    def log(self) -> list[Any]:
        """Return all lines of the log."""
        return self.services.log.entries(0, 500)


def vraag(**changes: object) -> Vraag:
    """Make a question."""
    asked = {
        "soort": "bevraging",
        "activiteit": "hhk",
        "doel": ["bestuurlijk"],
        "verschijnsel": "mensenhandel",
        "vraagstelling": "Is betrokkene bekend als werkgever in de glazenwassersbranche?",
        "categorieen": ["identificatie", "toezicht-handhaving"],
        "aantal_betrokkenen": 1,
    }
    return Vraag(
        betrokkene=Identiteit(bsn="999993653"),
        bronnen=("nla",),
        zaak="hhk-zaandam-oost-2026",
        grondslag="wgs-riec",
        taak="huisvestingswet",
        verzoek={**asked, **changes},
    )


def share_key(folder: Path) -> None:
    """Make the key of the pseudonyms, which all nodes share."""
    folder.mkdir(exist_ok=True)
    (folder / "pseudoniem.key").write_bytes(b"k" * 32)


@asynccontextmanager
async def running(
    folder: Path, name: str, ids: CountingIds, clock: SteppingClock | None = None
) -> AsyncIterator[Node]:
    """Start a node on the store in this folder; nodes of one store go by one clock."""
    clock, lines = clock or SteppingClock(), io.StringIO()
    share_key(folder)
    bronnen = {o.id: FakeBron() for o in seeds()[1].organisaties if o.bron != "geen"}
    outside = Outside(
        clock=clock, ids=ids, make_bron=lambda row: bronnen.get(row["id"]), lines=lines
    )
    key = folder / "pseudoniem.key"
    settings = Settings(
        data=folder / name,
        database=f"sqlite:///{folder / 'sluis.db'}",
        pseudoniem_sleutel_bestand=key,
    )
    async with open_services(settings, outside) as services:
        yield Node(services=services, clock=clock, bronnen=bronnen, lines=lines.getvalue)


async def seed(node: Node) -> None:
    """Put the demo data into the store."""
    zaken, demo = seeds()
    await load(
        node.services.keeper,
        node.services.pseudoniem,
        zaken=zaken,
        demo=demo,
        addresses={name: f"https://{name}.example.nl" for name in node.bronnen},
    )
    await node.services.bronnen.refresh(node.services.store)


@pytest.fixture
async def nodes(tmp_path: Path) -> AsyncIterator[tuple[Node, Node]]:
    """Start two nodes on one store, each with its own log."""
    ids, clock = CountingIds(), SteppingClock()
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(running(tmp_path / "var", "een", ids, clock))
        await seed(first)
        second = await stack.enter_async_context(running(tmp_path / "var", "twee", ids, clock))
        yield first, second


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    """Start one node."""
    async with running(tmp_path / "var", "een", CountingIds()) as started:
        await seed(started)
        yield started


@pytest.fixture
def now() -> dt.datetime:
    """Give the moment at which the clocks begin."""
    return SteppingClock().moment
