"""Partner simulators: made-up partners that speak the real protocols, each in its own process.

`start` binds one socket per partner and hands them to `adapters.simulatoren.nest`, which loads the
web framework once and forks a process per partner. All of them end when the pipe to the caller
closes, so nothing stays behind, also when the caller is killed.
"""

import http.client
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Final

BRP: Final = "brp"
ALLE: Final = (
    BRP,
    "nla",
    "politie-nh",
    "uwv",
    "ind",
    "om-nh",
    "belastingdienst",
    "zaanstad-college",
)
"""Names of all partners, as organisaties; `brp` is the BRP."""
HOST: Final = "127.0.0.1"
WACHTTIJD: Final = 10.0
"""Seconds in which a partner must give its first answer."""
_BUREN: Final = 128


class Storing(StrEnum):
    """What can be wrong with a partner from its start."""

    TRAAG = "traag"
    """It answers after half a minute."""
    ONZIN = "onzin"
    """It answers with something that is not the agreed JSON."""
    TE_GROOT = "te-groot"
    """It answers far more than anyone asked."""
    FOUT_500 = "500"
    """It always fails."""
    WEG = "weg"
    """Nothing listens on its port."""


def pad(naam: str) -> str:
    """Return the path of the base address of a partner."""
    return "/haalcentraal/api/brp" if naam == BRP else "/v1"


@contextmanager
def start(
    namen: Sequence[str] = ALLE,
    *,
    storingen: Mapping[str, Storing] | None = None,
    poort_vanaf: int = 0,
) -> Iterator[dict[str, str]]:
    """Run partners on loopback for as long as the context is open.

    Args:
        namen: Which partners, out of `ALLE`.
        storingen: What is wrong with which partner.
        poort_vanaf: Port of the first partner; the others follow in order. 0: any free ports.

    Yields:
        The base address of each partner, such as `http://127.0.0.1:8101/v1`. Every partner has
        answered, but for those that are `weg`.

    Raises:
        ValueError: A name is not a partner.
        OSError: A port is in use.
        RuntimeError: A partner gave no answer.
    """
    fout = dict(storingen or {})
    onbekend = {*namen, *fout} - set(ALLE)
    if onbekend:
        raise ValueError(f"unknown partners: {', '.join(sorted(onbekend))}")
    with ExitStack() as stapel:
        poorten = {
            naam: stapel.enter_context(_poort(poort_vanaf and poort_vanaf + n))
            for n, naam in enumerate(namen)
        }
        # Bound and not listening: a connection is refused, and nobody else can take the port.
        draait = [naam for naam in namen if fout.get(naam) != Storing.WEG]
        adressen = {naam: _adres(naam, poort) for naam, poort in poorten.items()}
        stapel.enter_context(_nest({naam: poorten[naam] for naam in draait}, fout))
        for naam in draait:
            _wacht_op_antwoord(naam, adressen[naam])
        yield adressen


def _poort(nummer: int) -> socket.socket:
    poort = socket.socket()
    try:
        poort.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        poort.bind((HOST, nummer))
    except OSError:
        poort.close()
        raise OSError(f"poort {nummer} is niet vrij; kies een andere met --poort-vanaf.") from None
    return poort


def _adres(naam: str, poort: socket.socket) -> str:
    return f"http://{HOST}:{poort.getsockname()[1]}{pad(naam)}"


@contextmanager
def _nest(poorten: Mapping[str, socket.socket], fout: Mapping[str, Storing]) -> Iterator[None]:
    """Run the partners in their processes, and end them all on leaving."""
    for poort in poorten.values():
        poort.listen(_BUREN)
    opdracht = [f"{naam}:{poort.fileno()}:{fout.get(naam, '')}" for naam, poort in poorten.items()]
    with subprocess.Popen(  # noqa: S603  (our own interpreter and module)
        [sys.executable, "-m", "adapters.simulatoren.nest", *opdracht],
        stdin=subprocess.PIPE,
        pass_fds=[poort.fileno() for poort in poorten.values()],
        cwd=Path(__file__).parents[2],  # where this package is found, also when not installed
        start_new_session=True,  # Ctrl-C reaches the caller alone, who then ends the partners
    ) as proces:
        for poort in poorten.values():
            poort.close()  # else a partner that ends would seem to listen still
        try:
            yield
        finally:
            proces.stdin.close()  # type: ignore[union-attr]  # PIPE, so it is there


def _wacht_op_antwoord(naam: str, adres: str) -> None:
    verbinding = http.client.HTTPConnection(adres.split("/")[2], timeout=WACHTTIJD)
    try:
        verbinding.request("GET", pad(naam))
        verbinding.getresponse().read()
    except (OSError, http.client.HTTPException) as err:
        raise RuntimeError(f"partner {naam} did not start") from err
    finally:
        verbinding.close()
