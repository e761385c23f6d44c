"""The record, opened: the log, who confirms it, and what an earlier run left open."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx2

from audit.entry import SUBJECT, Soort
from audit.log import Log
from audit.note import Signer
from audit.writer import Options
from broker.logboek import open_log
from broker.services.coverage import Coverage
from broker.services.recorder import Recorder, Regel
from broker.services.verankering import World
from broker.settings import Settings
from broker.verankeren import verankering

Keys = tuple[Signer, Signer | None]
"""What signs the log: Ed25519, and ML-DSA-44 where there is such a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The log, open and anchored."""

    log: Log
    recorder: Recorder
    coverage: Coverage
    recovered: int


async def open_record(
    settings: Settings,
    keys: Keys,
    world: World,
    stack: AsyncExitStack,
    client: httpx2.AsyncClient,
) -> Record:
    """Open the log, compare it with what others hold of it, and begin to have it confirmed."""
    signer, also = keys
    log = open_log(settings, signer, Options(random_bytes=world.random_bytes, also=also))
    stack.callback(log.close)
    anchoring, coverage = verankering(settings, log, [signer.vkey], client, world)
    # Before anything is signed: a log that lies behind must not grow.
    await anchoring.begin()
    recorder = Recorder(log, world.clock, world.random_bytes, coverage)
    recovered = await recover(log, recorder)
    anchoring.start()
    stack.push_async_callback(anchoring.close)
    return Record(log=log, recorder=recorder, coverage=coverage, recovered=recovered)


async def recover(log: Log, recorder: Recorder) -> int:
    """Close every voornemen that an earlier run left open, as onbepaald; return how many.

    Whether its source was asked, and whether anything left, nobody knows any more.

    Raises:
        RecordError: It could not be recorded.
    """
    closed = 0
    while lines := log.open_intents(500):
        await recorder.record_all(
            [
                Regel(
                    soort=Soort.ONBEPAALD,
                    kenmerk=f"{line.kenmerk.removesuffix('/voornemen')}/onbepaald",
                    payload={"reden": "herstart", "voornemen": line.index},
                    subject=(line.payload or {}).get(SUBJECT),
                )
                for line in lines
            ]
        )
        closed += len(lines)
    return closed
