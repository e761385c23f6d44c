"""`sluis audit verify`: check the record offline; `audit` does the work, and stands alone."""

import typer

app = typer.Typer(help="Controleer het logboek, zonder server en zonder netwerk.")
# The options are those of `python -m audit`, which explains them too.
_AS_GIVEN = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@app.command("verify", context_settings=_AS_GIVEN)
def verify(context: typer.Context) -> None:
    """Controleer handtekening, boom, volgorde en inhoud van elke regel."""
    from audit.__main__ import main

    raise typer.Exit(main(["verify", *context.args]))


@app.callback()
def audit() -> None:
    """Controleer het logboek."""
