"""The stage of the demo: an empty folder, the partners and the broker, each in its own process."""

import contextlib
import datetime as dt
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from broker.api.context import hash_token
from broker.app import open_services
from broker.decision.register import default_root
from broker.domain.kalender import AMSTERDAM
from broker.errors import ConflictError
from broker.seeds import read_demo, read_zaken
from broker.services.seeding import load
from broker.settings import Settings

SPEAKERS: Final = ("g-017", "n-008", "am-riec-1", "ovj-4", "fg-1")
# Whose source a simulator is, when it has another name: the municipality keeps the BRP.
_OWNER: Final = {"brp": "zaanstad-college"}
TOKEN_DAYS: Final = 1
# The day on which the story plays: within the term of its handhavingsknelpunt, whatever today is.
BEGIN: Final = dt.datetime(2026, 11, 20, 10, 0, tzinfo=AMSTERDAM)
DEMO_DAY: Final[Mapping[str, dt.datetime]] = {"klok_begin": BEGIN}
# The broker begins after the seeds were loaded: the record refuses a clock that runs back.
_OPENS: Final = BEGIN + dt.timedelta(minutes=30)


async def load_once(settings: Settings, addresses: Mapping[str, str]) -> dict[str, str]:
    """Load the seeds into an empty store, or keep what is there; return a token per speaker.

    Raises:
        StartError: Sluis cannot start.
        BrokerError: The seeds cannot be stored.
    """
    root = default_root()
    owned = {name: _OWNER.get(name, name) for name in addresses}
    sources = {
        owner: addresses[name]
        for name, owner in owned.items()
        if name in _OWNER or owner not in _OWNER.values()
    }
    tokens = {who: secrets.token_urlsafe(32) for who in SPEAKERS}
    async with open_services(settings) as services:
        with contextlib.suppress(ConflictError):  # they stand there already
            await load(
                services.keeper,
                services.pseudoniem,
                zaken=read_zaken(root),
                demo=read_demo(root),
                addresses=sources,
            )
        now = services.clock.now()
        async with services.store.begin() as tx:
            # The simulators choose new ports each time.
            for organisatie, address in sources.items():
                soort = "brp" if organisatie in _OWNER.values() else "partner"
                await tx.organisaties.set_source(organisatie, soort=soort, adres=address)
            for who, token in tokens.items():
                await tx.toegang.issue(
                    hash_token(token),
                    gebruiker=who,
                    op=now,
                    geldig_tot=now + dt.timedelta(days=TOKEN_DAYS),
                )
    return tokens


@contextmanager
def broker(folder: Path) -> Iterator[str]:
    """Run the broker in its own process for as long as the context is open.

    Yields:
        Its base address. It answers.

    Raises:
        RuntimeError: It did not start; tells what it said.
    """
    command = [sys.executable, "-m", "broker", "serve", "--zonder-partners", "--poort", "0"]
    log = (folder / "broker.log").open("wb")
    process = subprocess.Popen(  # noqa: S603 - our own module
        [*command, "--map", str(folder)],
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        env={**os.environ, "SLUIS_KLOK_BEGIN": _OPENS.isoformat()},
        cwd=default_root(),
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        if " http" not in line:
            message = "De broker is niet gestart."
            raise RuntimeError(message)
        yield line.split()[3]
    finally:
        process.terminate()
        process.communicate(timeout=20)  # closes the pipe as well
        log.close()
