"""`sluis partners`: the partner simulators, each in its own process, on loopback."""

from typing import Annotated

import typer


def partners(
    *,
    first: Annotated[
        int,
        typer.Option(
            "--poort-vanaf", min=0, max=65535 - 16, help="Poort van de eerste; 0 kiest vrije."
        ),
    ] = 8101,
    only: Annotated[
        str | None, typer.Option("--alleen", help="Namen, met komma's ertussen.")
    ] = None,
    broken: Annotated[
        list[str] | None,
        typer.Option("--storing", help="Wat er mis is, zoals uwv=weg of nla=traag."),
    ] = None,
) -> None:
    """Start de nagemaakte partners en laat ze draaien tot u stopt (Ctrl-C)."""
    from adapters.simulatoren.__main__ import main

    arguments = ["--poort-vanaf", str(first)]
    arguments += ["--alleen", only] if only is not None else []
    for fault in broken or ():
        arguments += ["--storing", fault]
    raise typer.Exit(main(arguments, "sluis partners"))
