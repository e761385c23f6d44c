"""`sluis logboek`: set up the log on PostgreSQL, its nodes, and begin anew after a loss."""

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from broker.cli.options import Map, plainly, settings_from

if TYPE_CHECKING:
    from audit.ledger.pg_schema import Connection

app = typer.Typer(help="Richt het logboek in, beheer de knopen, en begin opnieuw na verlies.")

Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        help="Het adres voor wie de tabellen bezit; anders SLUIS_LOGBOEK_DATABASE.",
    ),
]


@app.command("inrichten")
def set_up(
    role: Annotated[str, typer.Option("--rol", help="De rol waarmee Sluis werkt.")],
    *,
    database: Database = None,
    aside: Annotated[
        bool, typer.Option("--opzij", help="Zet een logboek dat er al is opzij, en begin leeg.")
    ] = False,
    folder: Map = None,
) -> None:
    """Maak de tabellen, en laat een rol daarin lezen en toevoegen, en niets anders."""
    from audit.ledger.pg_schema import check_server, ensure_schema, grant, set_aside

    with plainly(), closing(_connect(database, folder)) as connection, _told():
        check_server(connection)
        if aside and (name := set_aside(connection)):
            typer.echo(f"Het oude logboek staat nu in het schema {name}.")
        ensure_schema(connection)
        grant(connection, role)
        typer.echo("De tabellen staan klaar. De rol kan lezen en toevoegen.")


@app.command("knopen")
def nodes(*, database: Database = None, folder: Map = None) -> None:
    """Laat zien welke knopen meedoen."""
    with plainly(), closing(_connect(database, folder)) as connection, _told():
        rows = connection.execute("SELECT name, epoch FROM logboek.knoop ORDER BY name").fetchall()
        for name, epoch in rows:
            typer.echo(f"{name} (toegelaten als nummer {epoch})")
        if not rows:
            typer.echo("Er doen geen knopen mee.")


@app.command("verwijder")
def remove(
    node: Annotated[str, typer.Argument(metavar="KNOOP", help="De naam van de knoop.")],
    *,
    database: Database = None,
    folder: Map = None,
) -> None:
    """Sluit een knoop uit: die legt vanaf nu niets meer vast."""
    with plainly(), closing(_connect(database, folder)) as connection, _told():
        found = connection.execute("SELECT logboek.remove_node(%s)", (node,)).fetchone()
        if found is None or not found[0]:
            typer.echo("Deze knoop deed niet mee.", err=True)
            raise typer.Exit(1)
        typer.echo("De knoop is uitgesloten.")


@app.command("herstel")
def recover(
    old: Annotated[Path, typer.Option("--oude-map", help="De map van het oude logboek.")],
    reason: Annotated[str, typer.Option("--reden", help="Waarom er een nieuw logboek komt.")],
    people: Annotated[
        list[str], typer.Option("--door", help="Wie dit besluit; geef twee namen, elk met --door.")
    ],
    *,
    policy: Annotated[
        Path | None, typer.Option("--beleid", help="Welke getuigen tellen (policy-bestand).")
    ] = None,
    folder: Map = None,
) -> None:
    """Begin een nieuw logboek, dat zegt waar het oude ophield en waarom."""
    from audit.policy import Policy
    from audit.recovery import Reason, begin_anew, last_of
    from audit.writer import Options
    from broker.app import real_outside
    from broker.logboek import open_log

    with plainly():
        told = Reason(text=reason, people=people)
        told.check()
        last = last_of(old, None if policy is None else Policy.load(policy))
        settings = settings_from(folder)
        _check_new(settings.log_folder, settings.kluis_folder, old)
        clock = real_outside(settings).clock
        with open_log(settings, settings.log_signer(), Options()) as log:
            begin_anew(
                log,
                settings.log_folder,
                last,
                told,
                at=clock.now(),
                salt=secrets.token_bytes(16),
            )
        signed = "en door getuigen" if last.witnessed else "niet door getuigen"
        typer.echo(
            f"Het nieuwe logboek {settings.origin} begint na {last.checkpoint.size} regels van"
            f" {last.checkpoint.origin} (door het oude logboek ondertekend, {signed})."
        )


def _check_new(log: Path, kluis: Path, old: Path) -> None:
    from audit.errors import LogOpenError

    if (log / "checkpoint").exists() or (old.exists() and log.exists() and log.samefile(old)):
        raise LogOpenError("Verplaats eerst de map van het oude logboek; daar komt het nieuwe.")
    if any(kluis.glob("*.key")):
        raise LogOpenError(
            "Het nieuwe logboek krijgt een eigen, lege kluis. Verplaats de oude of kies een andere"
            " map (SLUIS_KLUIS)."
        )


def _connect(database: str | None, folder: Path | None) -> "Connection":
    from audit.ledger.pg_connection import Address
    from broker.logboek import needed_address

    with _told():
        if database is not None:
            return Address(url=database).connect()
        return needed_address(settings_from(folder)).connect()


@contextmanager
def _told() -> Iterator[None]:
    """Put an error of the driver into a sentence."""
    import psycopg

    from audit.errors import LogOpenError, describe

    try:
        yield
    except psycopg.Error as error:
        raise LogOpenError(f"Dit lukt niet: {describe(error)}.") from error


@app.callback()
def logboek() -> None:
    """Beheer het logboek op PostgreSQL."""
