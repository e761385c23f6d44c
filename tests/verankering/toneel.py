"""A log with its anchoring: real witnesses, real authorities, and a clock that tests turn."""

import contextlib
import datetime as dt
import io
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2

from adapters.tsa import Stempeldienst as Tsa
from audit.ankers import Ankers
from audit.disk import Disk
from audit.log import Log
from audit.policy import Policy
from audit.vkey import Vkey
from audit.witness.client import WitnessClient
from audit.witness.server import WitnessServer
from audit.witness.state import Witness
from broker.logs import make_logger
from broker.services.anchored import Own
from broker.services.coverage import Coverage
from broker.services.outsiders import Outsiders, Stempeldienst
from broker.services.recorder import Recorder
from broker.services.verankering import Cadence, Verankering, World, teller
from tests.audit.autoriteit import NOW, STAMPING, YEAR, Holder, Openssl, authority, issue
from tests.audit.getuigen import Home
from tests.audit.logs import SIGNER, START, an_entry
from tests.verankering.dienst import Antwoorder, Dienst, dienst, stempelend

LATELY = (NOW - YEAR, NOW + YEAR)


class Clock:
    """A clock that tests turn."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> dt.datetime:
        """Return the moment."""
        return self.moment

    def forward(self, **length: float) -> None:
        """Let time pass."""
        self.moment += dt.timedelta(**length)


@dataclass
class Ticks:
    """Seconds that tests count."""

    passed: float = 1000.0

    def __call__(self) -> float:
        """Return them."""
        return self.passed


@dataclass
class Authority:
    """An openssl authority behind HTTP, which can be made to fail."""

    name: str
    root: Holder
    openssl: Openssl
    dienst: Dienst
    answer: Antwoorder | bytes | None = None
    """What it answers in the place of a stamp."""

    @property
    def asked(self) -> int:
        """How often it was asked."""
        return len(self.dienst.gevraagd)


@contextlib.asynccontextmanager
async def tsa(folder: Path, name: str) -> AsyncIterator[Authority]:
    """Run an authority with a root of its own."""
    root = issue(f"Wortel {name}", None, authority(), valid=LATELY)
    signer = issue(f"Dienst {name}", root, STAMPING, valid=LATELY)
    openssl = Openssl.make(folder / name, root, signer)

    async def answer(gevraagd: Any, writer: Any) -> None:  # noqa: ANN401 - as the server has it
        if isinstance(found.answer, bytes):
            writer.write(found.answer)
        else:
            await (found.answer or stempelend(openssl.reply))(gevraagd, writer)

    async with dienst(answer) as at:
        found = Authority(name=name, root=root, openssl=openssl, dienst=at)
        yield found


def policy_text(log: Vkey, witnesses: Sequence[tuple[Vkey, str | None]], quorum: int) -> str:
    """Write a policy: so many of these witnesses."""
    lines = [f"log {log}"]
    names = []
    for number, (vkey, url) in enumerate(witnesses):
        names.append(f"getuige-{number}")
        lines.append(f"witness getuige-{number} {vkey}{f' {url}' if url else ''}")
    lines += [f"group genoeg {quorum} {' '.join(names)}", "quorum genoeg"]
    return "".join(f"{line}\n" for line in lines)


@dataclass
class Stage:
    """All of it, for one run of Sluis."""

    folder: Path
    log: Log
    outsiders: Outsiders
    clock: Clock = field(default_factory=Clock)
    ticks: Ticks = field(default_factory=Ticks)
    disk: Disk = field(default_factory=Disk)
    budget: dt.timedelta = dt.timedelta(minutes=15)
    cadence: Cadence = field(default_factory=Cadence)

    def __post_init__(self) -> None:
        self.lines = io.StringIO()
        self.grown = int(self.log.checkpoint().split("\n")[1])
        self.ankers = Ankers(log=self.folder, disk=self.disk)
        logger = make_logger(self.lines)
        self.coverage = Coverage(
            self.log,
            self.clock,
            outsiders=self.outsiders.sorts,
            budget=self.budget,
            changed=teller(logger),
        )
        self.verankering = Verankering(
            Own(log=self.log, vkeys=(SIGNER.vkey,), ankers=self.ankers),
            outsiders=self.outsiders,
            coverage=self.coverage,
            world=World(
                clock=self.clock,
                random_bytes=lambda size: bytes(range(1, size + 1)),
                logger=logger,
                ticks=self.ticks,
            ),
            cadence=self.cadence,
        )
        self.recorder = Recorder(self.log, self.clock, bytes, self.coverage)

    def grow(self, count: int = 1) -> None:
        """Add lines, at the moment of the clock."""
        for number in range(self.grown, self.grown + count):
            entry, salt = an_entry(number)
            self.log.append(replace(entry, at=self.clock.moment), salt).result()
        self.grown += count

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the events of this name, without when."""
        found = [json.loads(line) for line in self.lines.getvalue().splitlines()]
        return [
            {key: value for key, value in each.items() if key not in {"timestamp", "level"}}
            for each in found
            if each["event"] == name
        ]


def client_of(policy: Policy) -> WitnessClient:
    """Return what talks to the witnesses; its deadline is for a machine that is busy."""
    return WitnessClient(policy=policy, seconds=20.0)


def dienst_of(found: Authority, client: httpx2.AsyncClient) -> Stempeldienst:
    """Return the authority as the service knows it."""
    return Stempeldienst(
        name=found.name,
        tsa=Tsa(client=client, adres=found.dienst.adres, seconden=20.0),
        trusted=(found.root.certificate,),
    )


def homes(folder: Path, count: int) -> list[Home]:
    """Return witnesses that know the log of these tests; none runs yet."""
    return [
        Home(
            folder=folder / f"getuige-{number}",
            vkeys=[SIGNER.vkey],
            name=f"getuige-{number}.example",
        )
        for number in range(count)
    ]


@contextlib.contextmanager
def served(witness: Witness, port: int = 0) -> Iterator[int]:
    """Serve a witness on a port, so that it can go away and come back there."""
    server = WitnessServer(("127.0.0.1", port), witness, time.monotonic)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
