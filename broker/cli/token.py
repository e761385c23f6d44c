"""`sluis token`: give a person a bearer token, or take all of them back."""

import asyncio
import datetime as dt
import secrets
from typing import Annotated

import typer

from broker.cli.options import Map, plainly, settings_from
from broker.settings import Settings

HOURS = 8


def token(
    gebruiker: Annotated[str, typer.Argument(help="Het nummer van de gebruiker, zoals g-017.")],
    *,
    hours: Annotated[
        int, typer.Option("--uren", min=1, max=24 * 31, help="Hoe lang het geldig is.")
    ] = HOURS,
    folder: Map = None,
) -> None:
    """Geef een gebruiker een toegangsbewijs. Het staat alleen hier; bewaar het goed."""
    with plainly():
        settings = settings_from(folder)
        typer.echo(asyncio.run(_issue(settings, gebruiker, dt.timedelta(hours=hours))))


async def _issue(settings: Settings, gebruiker: str, valid: dt.timedelta) -> str:
    """Issue a token without the log open: a running broker holds it, and must not be stopped."""
    from broker.api.context import hash_token
    from broker.app import SystemClock
    from broker.store import Store

    store = await Store.open(settings.database_url)
    try:
        fresh, now = secrets.token_urlsafe(32), SystemClock().now()
        async with store.begin() as tx:
            await tx.gebruikers.get(gebruiker)
            await tx.toegang.issue(
                hash_token(fresh), gebruiker=gebruiker, op=now, geldig_tot=now + valid
            )
        return fresh
    finally:
        await store.close()
