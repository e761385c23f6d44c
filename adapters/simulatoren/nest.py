"""Run partners: load the framework once, then fork one process per partner.

Started by `adapters.simulatoren.start` as `python -m adapters.simulatoren.nest NAAM:FD:STORING …`.
Standard input is a pipe from the starter; each process ends as soon as it closes.
"""

import os
import socket
import sys
import threading
from collections.abc import Sequence

import uvicorn
from starlette.types import ASGIApp

from adapters.simulatoren import BRP, Storing, brp, partner, storing


def app_voor(naam: str, fout: Storing | None) -> ASGIApp:
    """Build the app of one partner, with what is wrong with it."""
    app = brp.app() if naam == BRP else partner.app(naam)
    return storing.met(app, fout) if fout else app


def _dien(naam: str, fd: int, fout: Storing | None) -> None:
    """Serve one partner until the starter is gone."""
    threading.Thread(target=_eindig_met_de_starter, daemon=True).start()
    config = uvicorn.Config(
        app_voor(naam, fout), log_level="error", access_log=False, lifespan="off"
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=fd)])


def _eindig_met_de_starter() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    # A simulator has nothing to lose; a graceful end would wait for the slow requests.
    os._exit(0)


def main(opdrachten: Sequence[str]) -> None:
    """Fork the partners and wait until all have ended."""
    plan = [(naam, int(fd), fout) for naam, fd, fout in (o.split(":") for o in opdrachten)]
    kinderen = []
    for naam, fd, fout in plan:
        kind = os.fork()
        if not kind:
            for _, ander, _ in plan:
                if ander != fd:
                    os.close(ander)
            _dien(naam, fd, Storing(fout) if fout else None)
            os._exit(0)
        kinderen.append(kind)
    for _, fd, _ in plan:
        os.close(fd)
    for kind in kinderen:
        os.waitpid(kind, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
