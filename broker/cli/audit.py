"""`sluis audit`: check the record offline, and export it; `audit` does the work, alone."""

from pathlib import Path
from typing import Annotated

import typer

from broker.cli.options import Map, plainly, settings_from

app = typer.Typer(help="Controleer het logboek, zonder server en zonder netwerk.")
# The options are those of `python -m audit`, which explains them too.
_AS_GIVEN = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@app.command("verify", context_settings=_AS_GIVEN)
def verify(context: typer.Context) -> None:
    """Controleer handtekening, boom, volgorde en inhoud van elke regel."""
    from audit.__main__ import main

    raise typer.Exit(main(["verify", *context.args], "sluis audit"))


@app.command("export")
def export(
    target: Annotated[Path, typer.Argument(metavar="MAP", help="De map die wordt gemaakt.")],
    *,
    database: Annotated[
        str | None, typer.Option("--database", help="Het adres; anders SLUIS_LOGBOEK_DATABASE.")
    ] = None,
    schema: Annotated[
        str, typer.Option("--schema", help="Waar het staat; een oud logboek staat elders.")
    ] = "logboek",
    node: Annotated[
        Path | None, typer.Option("--knoop-map", help="Map van de knoop, met sleutel en ankers.")
    ] = None,
    folder: Map = None,
) -> None:
    """Schrijf een logboek op PostgreSQL naar een map, die `sluis audit verify` controleert."""
    import sqlite3

    import psycopg

    from audit.errors import LogOpenError, describe
    from audit.ledger.pg_connection import Address
    from audit.ledger.pg_export import export_log
    from broker.logboek import needed_address

    def progress(done: int, total: int) -> None:
        typer.echo(f"\r{done} van {total} regels geschreven", err=True, nl=False)

    with plainly():
        settings = settings_from(folder)
        address = needed_address(settings) if database is None else Address(url=database)
        place = node or settings.log_folder
        try:
            made = export_log(address, target, node=place, schema=schema, progress=progress)
        except (psycopg.Error, OSError, sqlite3.Error) as error:
            raise LogOpenError(f"De export lukt niet: {describe(error)}.") from error
        typer.echo("", err=True)
        typer.echo(f"Geschreven: {made.size} regels van {made.origin}.")


@app.callback()
def audit() -> None:
    """Controleer het logboek."""
