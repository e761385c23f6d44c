"""`sluis witness`: run a witness; `audit.witness` does the work, and stands alone."""

from pathlib import Path
from typing import Annotated

import typer

from broker.cli.options import Poort, plainly


def witness(  # noqa: PLR0913 - each is an option of the command line
    folder: Annotated[
        Path, typer.Argument(metavar="MAP", help="De map van de getuige; die wordt gemaakt.")
    ],
    *,
    logs: Annotated[
        Path,
        typer.Option(
            "--logboeken", help="Publieke sleutels (vkeys) van de logboeken, één op een regel."
        ),
    ],
    name: Annotated[
        str | None, typer.Option("--naam", help="De naam, nodig bij de eerste start.")
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Het adres om op te luisteren.")] = (
        "127.0.0.1"
    ),
    port: Poort = 8090,
    url: Annotated[
        str | None, typer.Option("--adres", help="Waar anderen deze getuige vinden (URL).")
    ] = None,
    mldsa: Annotated[
        bool, typer.Option("--mldsa", help="Teken ook met ML-DSA-44 (maakt een tweede sleutel).")
    ] = False,
) -> None:
    """Draai een getuige: die tekent mee zolang een logboek niets terugneemt (Ctrl-C stopt)."""
    from audit.__main__ import clock
    from audit.witness.command import Options, serve

    options = Options(
        folder=folder, logs=logs, name=name, mldsa=mldsa, host=host, port=port, url=url
    )
    with plainly():
        serve(
            options,
            clock=clock,
            say=typer.echo,
            report=lambda sentence: typer.echo(sentence, err=True),
        )
