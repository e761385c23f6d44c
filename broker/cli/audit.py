"""`sluis audit verify`: check the record offline; `audit` does the work, and stands alone."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Controleer het logboek, zonder server en zonder netwerk.")


@app.command("verify")
def verify(
    folder: Annotated[Path, typer.Argument(metavar="MAP", help="De map van het logboek.")],
    *,
    key: Annotated[str, typer.Option("--key", help="De publieke sleutel (vkey), of een bestand.")],
) -> None:
    """Controleer handtekening, boom, volgorde en inhoud van elke regel."""
    from audit.__main__ import main

    raise typer.Exit(main(["verify", str(folder), "--key", key]))


@app.callback()
def audit() -> None:
    """Controleer het logboek."""
