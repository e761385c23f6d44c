"""`sluis replay`: decide every recorded dossier again and compare, to the byte."""

import asyncio
import datetime as dt
import sqlite3
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import orjson
import typer

from audit.disk import DATABASE, Disk
from audit.errors import LogReadError
from audit.storage import Database
from broker.cli.options import Map, plainly, settings_from
from broker.decision.decide import Decider
from broker.decision.register import default_root
from broker.domain import invoer
from broker.errors import BrokerError
from broker.services.doors import digest
from broker.settings import Settings
from broker.store import Store

SHOWN: Final = 20
DIFFERENT: Final = 1
CHUNK: Final = 1000
Digests: TypeAlias = tuple[str, str]
"""Of a dossier and of its besluit, in hexadecimal."""


@dataclass(slots=True)
class Vergelijking:
    """How many besluiten came out the same, and the ids of those that did not.

    `los` holds those whose dossier and besluit are not the ones that the log has the digest of.
    """

    gelijk: int = 0
    anders: list[str] = field(default_factory=list)
    los: list[str] = field(default_factory=list)


def replay(
    *,
    since: Annotated[
        str | None, typer.Option("--from", help="Vanaf dit moment of deze datum.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="Tot dit moment of deze datum.")] = None,
    folder: Map = None,
) -> None:
    """Neem elk vastgelegd besluit opnieuw, en vergelijk het met wat er is vastgelegd."""
    bounds = _bound(since), _bound(until)
    with plainly():
        found = asyncio.run(replay_all(settings_from(folder), *bounds))
    for besluit in found.anders[:SHOWN]:
        typer.echo(f"anders: {besluit}", err=True)
    for besluit in found.los[:SHOWN]:
        typer.echo(f"past niet bij het logboek: {besluit}", err=True)
    typer.echo(
        f"{found.gelijk} gelijk, {len(found.anders)} anders, "
        f"{len(found.los)} passen niet bij het logboek"
    )
    if found.anders or found.los:
        raise typer.Exit(DIFFERENT)


async def compare(
    rows: AsyncIterator[dict[str, Any]], decider: Decider, lines: Mapping[str, Digests]
) -> Vergelijking:
    """Decide each recorded dossier again, and hold it against its line in the log.

    A dossier that can no longer be decided counts as different: the record must stand alone.
    """
    found = Vergelijking()
    async for row in rows:
        if lines.get(row["id"]) != (digest(row["dossier"]), digest(row["besluit"])):
            found.los.append(row["id"])
        try:
            again = orjson.dumps(decider.decide(invoer.parse_json(row["dossier"])))
        except BrokerError:
            again = b""
        if again == row["besluit"].encode():
            found.gelijk += 1
        else:
            found.anders.append(row["id"])
    return found


def digests_in(folder: Path) -> dict[str, Digests]:
    """Return what the log holds of each besluit. A broker may have the log open meanwhile.

    Raises:
        AuditError: The log cannot be read.
    """
    found: dict[str, Digests] = {}
    try:
        reader = Database(Disk().connect(folder / DATABASE, read_only=True))
    except sqlite3.Error:
        raise LogReadError("In deze map staat geen logboek.") from None
    try:
        start = 0
        while lines := reader.lines(start, CHUNK, None):
            for line in lines:
                told = line.payload or {}
                if "besluit_sha256" in told:
                    digests = str(told["dossier_sha256"]), str(told["besluit_sha256"])
                    found[str(told["besluit"])] = digests
            start = lines[-1].index + 1
    except sqlite3.Error:
        raise LogReadError("Het logboek is niet te lezen.") from None
    finally:
        reader.close()
    return found


async def replay_all(
    settings: Settings, since: dt.datetime | None = None, until: dt.datetime | None = None
) -> Vergelijking:
    """Compare all besluiten of a time, with a progress bar on standard error.

    Raises:
        BrokerError: The store cannot be read.
    """
    from rich.console import Console
    from rich.progress import Progress

    decider = Decider.load(default_root())
    lines = digests_in(settings.log_folder)
    store = await Store.open(settings.database_url)
    try:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("Besluiten opnieuw nemen", total=None)

            async def counted(rows: AsyncIterator[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
                async for row in rows:
                    progress.advance(task)
                    yield row

            async with store.read() as tx:
                return await compare(
                    counted(tx.besluiten.stream(since=since, until=until)), decider, lines
                )
    finally:
        await store.close()


def _bound(text: str | None) -> dt.datetime | None:
    """Read a date (00:00 in Amsterdam) or a moment with offset."""
    if text is None:
        return None
    from broker.domain.kalender import EPOCH, instant

    try:
        return EPOCH + dt.timedelta(microseconds=instant(text))
    except ValueError:
        raise typer.BadParameter("Schrijf een datum als 2026-11-20.") from None
