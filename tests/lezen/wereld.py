"""A store and a log in which a made-up history stands, with what reads it: no rules, no sources."""

import datetime as dt
import json
import secrets
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.entry import Soort
from audit.log import Log
from audit.note import Signer
from broker.decision.inzageregels import Inzageregels
from broker.domain.fsc import uuid7
from broker.domain.ports import Identiteit
from broker.domain.pseudoniem import Pseudonimiseerder
from broker.services.beslislogboek import digest
from broker.services.caller import Beller, Functie
from broker.services.inzage import Inzage
from broker.services.keeper import Keeper
from broker.services.logboekzoeken import Zoeker
from broker.services.recorder import Recorder, Regel
from broker.services.steekproeven import Steekproeven
from broker.store import Store, migrate

ORIGIN: Final = "sluis.example.nl/proef"
BEGIN: Final = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
ORGANISATIES: Final = ("college-a", "politie-b", "inspectie-c")
RIEC: Final = "riec-x"
CATEGORIEEN: Final = ("identificatie", "inkomen", "toezicht-handhaving", "woonsituatie")
BSNS: Final = ("999993653", "999992971", "999995492")
"""Published test persons."""


@dataclass
class Clock:
    """A clock that a test moves, and that goes on a millisecond each time it is read."""

    moment: dt.datetime = BEGIN

    def now(self) -> dt.datetime:
        self.moment += dt.timedelta(milliseconds=1)
        return self.moment


@dataclass
class Ids:
    """Ids in order."""

    last: int = 0

    def new(self, soort: str) -> str:
        self.last += 1
        return f"{soort}-{self.last:06d}"

    def uuid7(self, moment: dt.datetime) -> str:
        self.last += 1
        return uuid7(moment, self.last.to_bytes(10))


@dataclass(frozen=True, kw_only=True)
class Vraag:
    """One question of a history, and how it ended: the words of `Afloop`, or `open`."""

    wie: int
    """Which subject."""
    dagen: int
    """How many days after the one before."""
    vrager: str
    bron: str
    afloop: str
    gevraagd: tuple[str, ...] = ("identificatie", "inkomen")
    gegeven: tuple[str, ...] = ()
    gebruiker: str = ""
    """Who asked; empty is the analist of the organisatie."""
    instemming_van: tuple[str, ...] = ()
    """Whose consents stood in the dossier."""


def beller(organisatie: str, nummer: int, functie: Functie) -> Beller:
    """Return somebody of an organisatie."""
    riec = "x" if organisatie == RIEC else None
    return Beller(
        gebruiker=f"{functie.value}-{organisatie}-{nummer}",
        organisatie=organisatie,
        deelnemer=None,
        functie=functie,
        riec=riec,
    )


_MADE: list[bytes] = []
FG: Final = beller(RIEC, 1, Functie.PRIVACYFUNCTIONARIS)


@dataclass
class Wereld:
    """What is open."""

    store: Store
    log: Log
    recorder: Recorder
    inzage: Inzage
    steekproeven: Steekproeven
    clock: Clock
    ids: Ids
    pseudoniem: Pseudonimiseerder
    told: dict[str, Vraag] = field(default_factory=dict)
    """Each question by the kenmerk of its lines."""
    lines: dict[str, list[int]] = field(default_factory=dict)
    """The indexes of each question."""

    async def ask(self, vraag: Vraag) -> str:
        """Let a question happen as the doors record it; return the kenmerk of its lines."""
        self.clock.moment += dt.timedelta(days=vraag.dagen)
        verzoek = self.ids.new("v")
        kenmerk = f"{verzoek}/1"
        self.told[kenmerk], self.lines[kenmerk] = vraag, []
        sleutel = self.sleutel(vraag.wie)
        wie = vraag.gebruiker or beller(vraag.vrager, 1, Functie.ANALIST).gebruiker
        async with self.store.begin() as tx:
            await tx.verzoeken.insert(
                {
                    "id": verzoek,
                    "kenmerk": None,
                    "gebruiker": wie,
                    "organisatie": vraag.vrager,
                    "zaak": None,
                    "sleutel": sleutel,
                    "grondslag": "wgs-riec",
                    "body": {},
                    "ontvangen_op": self.clock.now(),
                }
            )
        asked = {
            "verzoek": verzoek,
            "gebruiker": wie,
            "organisatie": vraag.vrager,
            "bron": vraag.bron,
            "sleutel": sleutel,
            "grondslag": "wgs-riec",
        }
        refused = vraag.afloop == "geweigerd"
        first = Soort.WEIGERING if refused else Soort.VOORNEMEN
        await self._door(kenmerk, first, "verzoek", asked, vraag)
        if refused or vraag.afloop == "open":
            return kenmerk
        await self._end(kenmerk, asked, vraag)
        return kenmerk

    async def _end(self, kenmerk: str, asked: Mapping[str, Any], vraag: Vraag) -> None:
        if vraag.afloop == "onbepaald":
            await self._cut_off(kenmerk, asked)
            return
        ends = {"geen-antwoord": Soort.FOUT, "geweigerd-2": Soort.WEIGERING}
        soort = ends.get(vraag.afloop, Soort.VERSTREKKING)
        await self._door(kenmerk, soort, "verstrekking", asked, vraag)

    async def _cut_off(self, kenmerk: str, asked: Mapping[str, Any]) -> None:
        """Close a voornemen as a start does, half a year later."""
        self.clock.moment += dt.timedelta(days=180)
        facts = {"reden": "herstart", "voornemen": self.lines[kenmerk][0]}
        receipt = await self.recorder.record(
            Regel(
                soort=Soort.ONBEPAALD,
                kenmerk=f"{kenmerk}/onbepaald",
                payload=facts,
                subject=asked["sleutel"],
            )
        )
        self.lines[kenmerk].append(receipt.index)

    async def _door(
        self, kenmerk: str, soort: Soort, deur: str, asked: Mapping[str, Any], vraag: Vraag
    ) -> None:
        items = vraag.gegeven if deur == "verstrekking" else ()
        dossier = {
            "verzoek": {
                "doel": ["bestuurlijk"],
                "verschijnsel": "witwassen",
                "categorieen": list(vraag.gevraagd),
            },
            "instemmingen": [{"door": door} for door in vraag.instemming_van],
            "gegevens": [{"id": f"x-{n}", "categorie": c} for n, c in enumerate(items)],
        }
        uitkomst = "geweigerd" if soort is Soort.WEIGERING else "toegewezen"
        besluit = {
            "uitkomst": uitkomst,
            "gegevens": [{"id": f"x-{n}", "uitkomst": "toegewezen"} for n, _ in enumerate(items)],
            "bewaren_tot": "2031-01-01" if items else None,
        }
        row = {
            "id": self.ids.new("b"),
            "verzoek": asked["verzoek"],
            "bron": vraag.bron,
            "deur": deur,
            "moment": self.clock.now(),
            "uitkomst": uitkomst,
            "dossier": json.dumps(dossier),
            "besluit": json.dumps(besluit),
            "versies": {},
        }
        receipt = await self.recorder.record(
            Regel(
                soort=soort,
                kenmerk=f"{kenmerk}/{soort.value}",
                payload={
                    **asked,
                    "besluit": row["id"],
                    "deur": deur,
                    "uitkomst": uitkomst,
                    "gronden": [],
                    "categorieen": list(vraag.gevraagd),
                    "gegevens": [f"x-{n}" for n, _ in enumerate(items)],
                    "dossier_sha256": digest(row["dossier"]),
                    "besluit_sha256": digest(row["besluit"]),
                },
                subject=asked["sleutel"],
            )
        )
        self.lines[kenmerk].append(receipt.index)
        async with self.store.begin() as tx:
            await tx.besluiten.insert_many([row])

    def sleutel(self, wie: int) -> str:
        """Return the pseudonym of a subject."""
        return self.pseudoniem.sleutel(Identiteit(bsn=BSNS[wie]))


@asynccontextmanager
async def wereld(history: Sequence[Vraag] = ()) -> AsyncIterator[Wereld]:
    """Open a fresh store and log, and let this history happen."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "sluis.db").write_bytes(await _template())
        store = await Store.open(f"sqlite:///{folder}/sluis.db")
        clock, ids = Clock(), Ids()
        pseudoniem = Pseudonimiseerder(bytes(32))
        log = open_log(folder)
        recorder = Recorder(log, clock, secrets.token_bytes)
        keeper = Keeper(store, recorder, ids)
        try:
            await _people(store)
            found = Wereld(
                store=store,
                log=log,
                recorder=recorder,
                inzage=Inzage(
                    keeper=keeper,
                    log=log,
                    zoeker=Zoeker(log),
                    pseudoniem=pseudoniem,
                    clock=clock,
                    ids=ids,
                    regels=Inzageregels.load(),
                ),
                steekproeven=Steekproeven(keeper=keeper, log=log, clock=clock, ids=ids),
                clock=clock,
                ids=ids,
                pseudoniem=pseudoniem,
            )
            for vraag in history:
                await found.ask(vraag)
            yield found
        finally:
            log.close()
            await store.close()


async def _template() -> bytes:
    """Return a migrated database; made once, as that takes longer than an example."""
    if not _MADE:
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "sluis.db"
            await migrate(f"sqlite:///{path}")
            _MADE.append(path.read_bytes())
    return _MADE[0]


def open_log(folder: Path) -> Log:
    """Open a fresh log below this folder."""
    signer = Signer.of(ORIGIN, Ed25519PrivateKey.generate())
    return Log.open(folder / "logboek", signer=signer, origin=ORIGIN, kluis=folder / "kluis")


async def _people(store: Store) -> None:
    async with store.begin() as tx:
        for organisatie in (*ORGANISATIES, RIEC):
            riec = "x" if organisatie == RIEC else None
            await tx.organisaties.insert(
                organisatie, naam=f"Organisatie {organisatie}", deelnemers=[], riec=riec
            )
            for functie in (Functie.ANALIST, Functie.POORTWACHTER, Functie.PRIVACYFUNCTIONARIS):
                for number in (1, 2, 3):
                    await tx.gebruikers.insert(
                        {
                            "id": beller(organisatie, number, functie).gebruiker,
                            "organisatie": organisatie,
                            "functie": functie.value,
                        }
                    )
