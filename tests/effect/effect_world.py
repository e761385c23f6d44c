"""A made-up store for the what-if: partners, people, zaken, kaarten and questions really asked."""

import datetime as dt
import io
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from broker.app import OpenServices, Outside, open_services
from broker.domain.besluit import Uitkomst
from broker.domain.fsc import uuid7
from broker.domain.kalender import EPOCH, instant
from broker.domain.ports import Antwoord, Bevraging, BronError, BronFout, Identiteit
from broker.services.caller import Beller, Functie
from broker.services.vraag import Vraag
from broker.settings import Settings

PARTNERS: Final = {
    "zaanstad-college": "college",
    "zaanstad-burgemeester": "burgemeester",
    "politie-nh": "politie",
    "nla": "nla",
    "om-nh": "om",
    "belastingdienst": "rijksbelastingdienst",
}
TAKEN: Final = {
    "zaanstad-college": "verordening",
    "zaanstad-burgemeester": "openbare-orde",
    "politie-nh": "politiewet-3",
    "nla": "arbeidswetten",
    "om-nh": "ro-124",
    "belastingdienst": "awr",
}


UNANSWERED: Final = "Deze vraag krijgt geen antwoord van de bron."


@dataclass
class Stopped:
    """A clock that stands still until a test moves it."""

    moment: dt.datetime

    def now(self) -> dt.datetime:
        return self.moment


class Numbered:
    """Ids in order, which begin anew where they are told."""

    def __init__(self, begin: int) -> None:
        self.last = begin

    def new(self, soort: str) -> str:
        self.last += 1
        return f"{soort}-{self.last:08d}"

    def uuid7(self, moment: dt.datetime) -> str:
        self.last += 1
        return uuid7(moment, self.last.to_bytes(10))


class Silent:
    """A source that has nothing; to a question that says so it does not answer at all."""

    async def bevraag(self, vraag: Bevraging) -> Antwoord:
        if vraag.vraagstelling == UNANSWERED:
            raise BronError(BronFout.ONBEREIKBAAR, "Deze bron antwoordt niet.")
        return Antwoord(gegevens=())

    async def treffer(self, vraag: Bevraging) -> Antwoord:
        return await self.bevraag(vraag)


def moment(text: str) -> dt.datetime:
    """Return the moment of a date in Amsterdam, or of a moment."""
    return EPOCH + dt.timedelta(microseconds=instant(text))


def outside(clock: Stopped, begin: int = 0) -> Outside:
    """Make the world around the services; its sources have nothing, its log goes nowhere."""
    lines = io.StringIO()
    return Outside(clock=clock, ids=Numbered(begin), make_bron=lambda _: Silent(), lines=lines)


@asynccontextmanager
async def opened(folder: Path, now: str, begin: int = 0) -> AsyncIterator[OpenServices]:
    """Open the services on a folder; its clock stands still."""
    world = outside(Stopped(moment(now)), begin)
    async with open_services(Settings(data=folder), world) as services:
        yield services


@asynccontextmanager
async def copied(folder: Path, name: str, now: str) -> AsyncIterator[OpenServices]:
    """Open the services on a copy of the store, with a log of its own."""
    copy = folder.parent / name
    (copy / "sleutels").mkdir(parents=True)
    for path in ("sluis.db", "sleutels/pseudoniem.key"):
        shutil.copyfile(folder / path, copy / path)
    async with opened(copy, now, 50_000_000) as services:
        yield services


async def fill(
    services: OpenServices,
    zaken: Sequence[Mapping[str, Any]],
    kaarten: Sequence[tuple[str, str, Identiteit, Mapping[str, Any]]],
) -> None:
    """Record the partners, one person of each, the zaken, and kaarten (id, zaak, who, facts)."""
    async with services.store.begin() as tx:
        for partner, deelnemer in PARTNERS.items():
            await tx.organisaties.insert(partner, naam=partner, deelnemers=[deelnemer])
            await tx.gebruikers.insert(
                {
                    "id": f"g-{partner}",
                    "organisatie": partner,
                    "deelnemer": deelnemer,
                    "functie": "analist",
                    "rol": "verwerker",
                    "geautoriseerd_tot": "2028-01-01",
                    "gescreend_op": "2022-01-01",
                    "opgeleid_op": "2022-01-01",
                }
            )
        for zaak in zaken:
            await tx.zaken.insert({**zaak, "titel": zaak["id"]})
        for kaart, zaak_id, who, facts in kaarten:
            sleutel = services.pseudoniem.sleutel(who)
            await tx.persoonskaarten.open(
                kaart=kaart, zaak=zaak_id, betrokkene={**facts, "sleutel": sleutel}
            )
    await services.bronnen.refresh(services.store)


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What door 1 said of a question."""

    verzoek: str
    besluit: str
    carried: frozenset[str]
    """The categories that it does not refuse."""
    granted: frozenset[str]
    codes: frozenset[str]


async def put(services: OpenServices, wie: str, vraag: Vraag) -> Decided:
    """Put a question through the doors, and return what door 1 said of it."""
    beller = Beller(
        gebruiker=f"g-{wie}", organisatie=wie, deelnemer=PARTNERS[wie], functie=Functie.ANALIST
    )
    asked = await services.doors.submit(beller, vraag)
    async with services.store.read() as tx:
        rows = [row for row in await tx.besluiten.list(asked.id) if row["deur"] == "verzoek"]
    besluit = orjson.loads(rows[0]["besluit"])
    parts = besluit["categorieen"]
    return Decided(
        verzoek=asked.id,
        besluit=rows[0]["id"],
        carried=frozenset(c["id"] for c in parts if c["uitkomst"] != Uitkomst.GEWEIGERD),
        granted=frozenset(c["id"] for c in parts if c["uitkomst"] == Uitkomst.TOEGEWEZEN),
        codes=frozenset(grond["code"] for grond in besluit["weigeringsgronden"]),
    )


async def ask(services: OpenServices, wie: str, vraag: Vraag) -> tuple[str, frozenset[str]]:
    """Put a question through the doors.

    Returns:
        The id of the besluit of door 1, and the categories that it does not refuse.
    """
    found = await put(services, wie, vraag)
    return found.besluit, found.carried


def a_vraag(who: Identiteit, wie: str, bron: str, zaak: str, **changes: Any) -> Vraag:  # noqa: ANN401
    """Make a question under the convenant; `changes` are of its verzoek."""
    verzoek = {
        "soort": "bevraging",
        "activiteit": "hhk",
        "doel": ["bestuurlijk"],
        "verschijnsel": "mensenhandel",
        "vraagstelling": "Welke meldingen van uitbuiting zijn er over deze betrokkene?",
        "categorieen": ["identificatie", "toezicht-handhaving"],
        "aantal_betrokkenen": 1,
        **changes,
    }
    return Vraag(
        betrokkene=who,
        bronnen=(bron,),
        zaak=zaak,
        grondslag="riec-convenant",
        taak=TAKEN[wie],
        verzoek=verzoek,
    )
