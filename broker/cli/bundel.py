"""`sluis bundel`: the rules as a bundle for an OPA server."""

from pathlib import Path
from typing import Annotated

import typer

from broker.cli.options import plainly


def bundel(
    schrijf: Annotated[
        Path, typer.Argument(metavar="BESTAND", help="Het bestand om te schrijven (.tar.gz).")
    ],
    *,
    sleutel: Annotated[
        Path | None,
        typer.Option(help="De sleutel voor de handtekening: EC (P-256) of RSA, in PEM."),
    ] = None,
    regels: Annotated[
        Path | None,
        typer.Option(help="Een map of archief met andere regels; anders die van deze software."),
    ] = None,
) -> None:
    """Maak van de regels een bundel voor een OPA-server, met handtekening als u een sleutel geeft.

    Zet de publieke sleutel op de OPA-server. Die weigert dan elke andere bundel.
    """
    from broker.decision.opa.bundle import KEY_ID, BundleError, Ondertekenaar, make_bundle
    from broker.decision.regelset import Regelset, RegisterError
    from broker.decision.register import default_root
    from broker.errors import StartError

    with plainly():
        try:
            signer = Ondertekenaar(sleutel.read_bytes()) if sleutel else None
            regelset = Regelset.from_path(regels or default_root())
            schrijf.write_bytes(make_bundle(regelset, signer))
        except OSError as error:
            raise StartError(
                f"{error.filename}: dit bestand is niet te lezen of schrijven."
            ) from None
        except (BundleError, RegisterError) as error:
            raise StartError(str(error)) from None
    typer.echo(f"regels: {regelset.digest}")
    if signer is None:
        typer.echo("zonder handtekening: gebruik deze bundel alleen om te proberen", err=True)
    else:
        typer.echo(f"handtekening: {signer.algoritme}, sleutel '{KEY_ID}'")
        typer.echo(signer.public_key().decode(), nl=False)
