"""`sluis bundels`: hands a folder of bundles to an OPA server, which checks their signature."""

from pathlib import Path
from typing import Annotated

import typer

from broker.cli.options import Poort, plainly


def bundels(
    folder: Annotated[Path, typer.Argument(metavar="MAP", help="De map met bundels.")],
    *,
    host: Annotated[str, typer.Option("--adres", help="Waar het luistert.")] = "127.0.0.1",
    port: Poort = 8182,
) -> None:
    """Geef de bundels in een map aan een OPA-server, tot u stopt (Ctrl-C).

    OPA haalt een nieuwe bundel binnen enkele seconden op, en weigert die zonder goede handtekening.
    """
    import uvicorn
    from starlette.applications import Starlette
    from starlette.staticfiles import StaticFiles

    from broker.cli.serve import bind
    from broker.errors import StartError

    with plainly():
        if not folder.is_dir():
            raise StartError(f"{folder}: deze map is er niet.")
        app = Starlette()
        # Its ETag spares OPA a download, and a reload of the rules, at every look.
        app.mount("/", StaticFiles(directory=folder))
        config = uvicorn.Config(app, host=host, port=port, log_level="warning", access_log=False)
        with bind(host, port) as bound:
            typer.echo(f"bundels: http://{host}:{bound.getsockname()[1]}")
            uvicorn.Server(config).run(sockets=[bound])
