"""The command `sluis`. Each command imports what it needs inside, so that help is quick."""

import sys
from importlib.metadata import version
from io import TextIOWrapper
from typing import Annotated

import typer

from broker.cli import (
    adl,
    audit,
    bundel,
    bundels,
    demo,
    impact,
    logboek,
    partners,
    regels,
    replay,
    serve,
    toets,
    token,
    uitvoer,
    vuistregels,
    witness,
)
from broker.cli.dutch import speak_dutch

app = typer.Typer(
    name="sluis",
    help="Sluis: gegevens delen binnen een RIEC, rechtmatig en aantoonbaar.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("partners")(partners.partners)
app.command("toets")(toets.toets)
app.command("vuistregels")(vuistregels.vuistregels)
app.command("token")(token.token)
app.command("bundel")(bundel.bundel)
app.command("bundels")(bundels.bundels)
app.command("replay")(replay.command)
app.command("impact")(impact.impact)
app.command("adl")(adl.adl)
app.command("witness")(witness.witness)
app.add_typer(regels.app, name="regels")
app.add_typer(audit.app, name="audit")
app.add_typer(logboek.app, name="logboek")
app.add_typer(uitvoer.app, name="uitvoer")


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"sluis {version('sluis')}")
        raise typer.Exit


@app.callback()
def sluis(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", help="Toon de versie.", is_eager=True, callback=_tell_version),
    ] = False,
) -> None:
    """Sluis: gegevens delen binnen een RIEC, rechtmatig en aantoonbaar."""


speak_dutch(app)


def main() -> None:
    """Run the command line. It speaks UTF-8, whatever the terminal is set to."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A name of a file may be no text at all; telling it must not fail.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    app()
