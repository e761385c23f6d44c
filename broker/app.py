"""Composition root: here the real clock, store, log, rules and sources are put together.

`open_services` opens them, for the server and for the command line; `create_app` puts the API on
top.
"""

import base64
import datetime as dt
import json
import secrets
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TextIO

from fastapi import FastAPI

from audit.errors import AuditError
from audit.log import Log
from broker.api.application import make_app
from broker.api.context import Services
from broker.api.middleware import VERSION
from broker.api.openapi import openapi_document
from broker.api.rollen import Rollen
from broker.decision.decide import Decider
from broker.decision.inzageregels import Inzageregels
from broker.decision.opa.proof import Proven, prove
from broker.decision.regelset import Regelset, RegisterError
from broker.decision.register import default_root
from broker.domain.fsc import CHANCE_BYTES, uuid7
from broker.domain.ports import Clock, Ids
from broker.domain.pseudoniem import Pseudonimiseerder
from broker.errors import BrokerError, StartError
from broker.koppelingen import load_koppelingen
from broker.logs import Event, make_logger
from broker.record import open_record
from broker.services.beslislogboek import Beslislogboek
from broker.services.bronnen import Bronnen, MakeBron
from broker.services.doors import Doors
from broker.services.effectberekeningen import Effectberekeningen
from broker.services.eigen_beslispunt import EigenBeslispunt
from broker.services.environment import environment
from broker.services.handtekening import Handtekening
from broker.services.inzage import Inzage
from broker.services.keeper import Keeper
from broker.services.logboekzoeken import Zoeker
from broker.services.pdp import Pdp
from broker.services.recorder import Recorder
from broker.services.regels import LoadRules, Regels
from broker.services.regelversies import Regelversies
from broker.services.steekproeven import Steekproeven
from broker.services.toetsingen import Toetsingen
from broker.services.uitvoer.ldv_lezen import LdvLezer
from broker.services.uitvoer.uitvoering import Uitvoering
from broker.services.uitvoer.woo import Redactieregels
from broker.services.uitvoer.woo_uitvoering import WooUitvoering
from broker.services.verankering import World as Anchoring
from broker.services.vernietigen import Vernietigen
from broker.services.vuistregels import Vuistregels
from broker.settings import Omgeving, Settings, load_settings
from broker.sources import adapters, source_client
from broker.store import Store, migrate

if TYPE_CHECKING:
    from broker.decision.opa.server import OpaServer

_TIME_BYTES: Final = 6
_CHANCE_BYTES: Final = 10


class SystemClock:
    """The clock of this machine."""

    def now(self) -> dt.datetime:
        """Return the present moment, in UTC."""
        return dt.datetime.now(dt.UTC)


class StoryClock:
    """A clock that began at another moment, and runs on with this machine. For a demo."""

    def __init__(self, begin: dt.datetime) -> None:
        self._ahead = begin.astimezone(dt.UTC) - SystemClock().now()

    def now(self) -> dt.datetime:
        """Return the moment of the story, in UTC."""
        return SystemClock().now() + self._ahead


class RandomIds:
    """Ids of a moment in milliseconds and 80 random bits: `v-` and 26 characters of base32.

    What is made together then lies together in every index, as with a UUID of version 7. The
    moment is no secret: each id stands beside one.
    """

    def new(self, soort: str) -> str:
        """Return an unguessable id that starts with `soort`."""
        moment = (time.time_ns() // 1_000_000).to_bytes(_TIME_BYTES, "big")
        data = moment + secrets.token_bytes(_CHANCE_BYTES)
        return f"{soort}-{base64.b32encode(data).decode().rstrip('=').lower()}"

    def uuid7(self, moment: dt.datetime) -> str:
        """Return a UUID of version 7."""
        return uuid7(moment, secrets.token_bytes(CHANCE_BYTES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What comes in from outside; tests bring their own."""

    clock: Clock
    ids: Ids
    random_bytes: Callable[[int], bytes] = secrets.token_bytes
    make_bron: MakeBron | None = None
    """Makes the source of an organisatie; None: the real adapters."""
    lines: TextIO = sys.stderr
    """Where the log of operations goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenServices(Services):
    """All that runs: what the routes use, and what the command line needs beside it."""

    store: Store
    recorder: Recorder
    hersteld: int
    """How many open voornemens of an earlier run were closed as onbepaald."""


def real_outside(settings: Settings) -> Outside:
    """Return the clock and the chance of this machine; in a demo the clock of the story."""
    clock = StoryClock(settings.klok_begin) if settings.klok_begin else SystemClock()
    return Outside(clock=clock, ids=RandomIds())


@asynccontextmanager
async def open_services(
    settings: Settings, outside: Outside | None = None
) -> AsyncIterator[OpenServices]:
    """Open store, log, rules and sources, and close them at the end.

    Raises:
        StartError: One of them refuses; tells which and why.
    """
    world = outside or real_outside(settings)
    async with AsyncExitStack() as stack:
        try:
            services = await _open(settings, world, stack)
        except (BrokerError, AuditError, RegisterError) as error:
            raise StartError(f"Sluis start niet. {error}") from error
        yield services


async def _open(settings: Settings, world: Outside, stack: AsyncExitStack) -> OpenServices:
    settings.make_data()
    pseudoniem = Pseudonimiseerder(settings.pseudonym_key())
    keys = (settings.log_signer(), settings.second_log_signer())
    store = await _store(settings, stack)
    koppelingen = await load_koppelingen(settings, store)
    client = await stack.enter_async_context(source_client())
    anchoring = Anchoring(
        clock=world.clock, random_bytes=world.random_bytes, logger=make_logger(world.lines)
    )
    record = await open_record(settings, keys, anchoring, stack, client)
    recorder = record.recorder
    keeper = Keeper(store, recorder, world.ids)
    opa = await _opa(settings, stack)
    regels, regelversies = await _rules(settings, opa, store, keeper, world.clock)
    exports = _exports(settings, world, store=store, log=record.log, regels=regels, keeper=keeper)
    bronnen = Bronnen(world.make_bron or adapters(settings, client), koppelingen)
    await bronnen.refresh(store)
    own = EigenBeslispunt(store=store, regels=regels, bronnen=bronnen, clock=world.clock)
    told = environment(software=VERSION, opa=await opa.version() if opa else None)
    beslislogboek = Beslislogboek(environment=told, random_bytes=world.random_bytes)
    toetsingen = Toetsingen(
        store, regels, recorder, beslislogboek, clock=world.clock, ids=world.ids
    )
    return OpenServices(
        clock=world.clock,
        ids=world.ids,
        log=record.log,
        rollen=Rollen(default_root()),
        keeper=keeper,
        doors=Doors(
            store=store,
            regels=regels,
            recorder=recorder,
            beslislogboek=beslislogboek,
            bronnen=bronnen,
            pseudoniem=pseudoniem,
            clock=world.clock,
            ids=world.ids,
        ),
        effectberekeningen=Effectberekeningen(store, regels, recorder, world.clock, world.ids),
        vuistregels=Vuistregels(regels),
        toetsingen=toetsingen,
        pdp=_pdp(own, beslislogboek, recorder, store, world),
        uitvoering=exports,
        woo=WooUitvoering(uitvoering=exports, regels=Redactieregels.load(default_root())),
        ldv=LdvLezer(exports),
        vernietigen=_vernietigen(record.log, world),
        bronnen=bronnen,
        pseudoniem=pseudoniem,
        regels=regels,
        regelversies=regelversies,
        coverage=record.coverage,
        zoeker=Zoeker(record.log),
        inzage=_inzage(keeper, record.log, pseudoniem, world),
        steekproeven=Steekproeven(keeper=keeper, log=record.log, clock=world.clock, ids=world.ids),
        store=store,
        recorder=recorder,
        hersteld=record.recovered,
    )


async def _store(settings: Settings, stack: AsyncExitStack) -> Store:
    url = settings.database_url
    await migrate(url)
    store = await Store.open(url, wait=settings.database_seconden)
    stack.push_async_callback(store.close)
    return store


def _pdp(
    own: EigenBeslispunt,
    beslislogboek: Beslislogboek,
    recorder: Recorder,
    store: Store,
    world: Outside,
) -> Pdp:
    return Pdp(
        beslispunt=own,
        beslislogboek=beslislogboek,
        recorder=recorder,
        store=store,
        clock=world.clock,
        ids=world.ids,
    )


def _inzage(keeper: Keeper, log: Log, pseudoniem: Pseudonimiseerder, world: Outside) -> Inzage:
    return Inzage(
        keeper=keeper,
        log=log,
        zoeker=Zoeker(log),
        pseudoniem=pseudoniem,
        clock=world.clock,
        ids=world.ids,
        regels=Inzageregels.load(),
    )


def _vernietigen(log: Log, world: Outside) -> Vernietigen:
    return Vernietigen(
        log=log,
        clock=world.clock,
        ids=world.ids,
        random_bytes=world.random_bytes,
        regels=Inzageregels.load(),
    )


def _exports(
    settings: Settings, world: Outside, *, store: Store, log: Log, regels: Regels, keeper: Keeper
) -> Uitvoering:
    """Put together what makes exports."""
    return Uitvoering(
        log=log,
        store=store,
        regels=regels,
        keeper=keeper,
        clock=world.clock,
        random_bytes=world.random_bytes,
        register=settings.register,
        software={"service.name": "sluis", "service.version": VERSION},
        origin=settings.origin,
        log_folder=settings.log_folder,
        folder=settings.data / "uitvoer",
    )


async def _rules(
    settings: Settings, opa: "OpaServer | None", store: Store, keeper: Keeper, clock: Clock
) -> tuple[Regels, Regelversies]:
    """Open the rules in force; an OPA server must have them, and prove itself on them at once."""
    geleverd = Regelset.from_folder(default_root())
    regels = Regels(store, rules_loader(settings, opa), geleverd)
    sleutel = Handtekening(settings.rules_key())
    regelversies = Regelversies(
        store=store, keeper=keeper, regels=regels, clock=clock, sleutel=sleutel
    )
    await regelversies.begin()
    await (await regels.now()).motor()
    return regels, regelversies


def rules_loader(settings: Settings, opa: "OpaServer | None") -> LoadRules:
    """Return what loads a rule set, for the engine here or the OPA server; each proves itself.

    The server does so when it is first asked: not every version that is loaded decides.
    """

    def load(regelset: Regelset) -> Decider:
        server = opa.expecting(regelset.digest) if opa else None
        decider = Decider.load(regelset, server=server)
        prove(decider, strict=settings.omgeving is Omgeving.PRODUCTIE)
        return decider.with_server(Proven(decider, server)) if server else decider

    return load


async def _opa(settings: Settings, stack: AsyncExitStack) -> "OpaServer | None":
    """Open the connections to the OPA server, when the settings name one."""
    if not settings.opa_url:
        return None
    from broker.decision.opa.server import OpaServer  # noqa: PLC0415 - slow, and seldom needed

    server = OpaServer.open(settings.opa_url, settings.opa_seconden)
    return await stack.enter_async_context(server)


def create_app(
    settings: Settings | None = None,
    outside: Outside | None = None,
    services: OpenServices | None = None,
) -> FastAPI:
    """Return the app.

    Args:
        settings: Else those of the environment.
        outside: What comes in from outside; else of this machine.
        services: Open already, and closed by the caller; None: the app opens and closes its own.

    Raises:
        StartError: The settings are wrong.
    """
    chosen = settings or load_settings()
    world = outside or real_outside(chosen)
    logger = make_logger(world.lines)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            found = services
            if found is None:
                found = await stack.enter_async_context(open_services(chosen, world))
            app.state.services = found
            logger.info(
                Event.GESTART,
                omgeving=chosen.omgeving,
                onbepaald=found.hersteld,
                regels=await found.regels.in_werking(),
                regels_geleverd=found.regels.geleverd.digest,
            )
            yield
        logger.info(Event.GESTOPT)

    return make_app(ids=world.ids, logger=logger, adres=chosen.adres, lifespan=lifespan)


def describe() -> str:
    """Return the description of the API as it stands in `docs/sluis.openapi.json`.

    To write it anew: `python -c 'import broker.app as a; print(a.describe(), end="")'`.
    """
    app = create_app(Settings(omgeving=Omgeving.DEMO))
    return json.dumps(openapi_document(app), ensure_ascii=False, indent=2) + "\n"
