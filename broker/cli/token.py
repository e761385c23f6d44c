"""`sluis token`: give a person a bearer token, or take all of them back."""

import asyncio
import datetime as dt
import secrets
from typing import TYPE_CHECKING, Annotated

import typer

from broker.cli.options import Map, plainly, settings_of_data

if TYPE_CHECKING:
    from broker.settings import Settings

HOURS = 8


def token(
    gebruiker: Annotated[str, typer.Argument(help="Het nummer van de gebruiker, zoals g-017.")],
    *,
    hours: Annotated[
        int, typer.Option("--uren", min=1, max=24 * 31, help="Hoe lang het geldig is.")
    ] = HOURS,
    withdraw: Annotated[
        bool,
        typer.Option("--intrekken", help="Trek alle toegangsbewijzen van de gebruiker nu in."),
    ] = False,
    folder: Map = None,
) -> None:
    """Geef een gebruiker een toegangsbewijs, of trek ze allemaal in.

    Een nieuw bewijs staat alleen hier; bewaar het goed.
    """
    with plainly():
        settings = settings_of_data(folder)
        if withdraw:
            typer.echo(_told(asyncio.run(_withdraw(settings, gebruiker))))
            return
        typer.echo(asyncio.run(_issue(settings, gebruiker, dt.timedelta(hours=hours))))


async def _issue(settings: "Settings", gebruiker: str, valid: dt.timedelta) -> str:
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


async def _withdraw(settings: "Settings", gebruiker: str) -> int:
    """Take back all tokens of a person, beside a running broker; return how many."""
    from broker.app import SystemClock
    from broker.store import Store

    store = await Store.open(settings.database_url)
    try:
        async with store.begin() as tx:
            await tx.gebruikers.get(gebruiker)
            return await tx.toegang.withdraw_all(gebruiker, op=SystemClock().now())
    finally:
        await store.close()


def _told(number: int) -> str:
    """Say how many tokens were taken back."""
    if not number:
        return "Deze gebruiker had geen geldig toegangsbewijs."
    if number == 1:
        return "1 toegangsbewijs is ingetrokken."
    return f"{number} toegangsbewijzen zijn ingetrokken."
