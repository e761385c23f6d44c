"""Run the partner simulators: `python -m adapters.simulatoren --poort-vanaf 8101`."""

import argparse
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from adapters.simulatoren import ALLE, Storing, start
from audit.parser import Parser


class _Stop(Exception):  # noqa: N818  (a request to stop, not an error)
    """Somebody asked the simulators to stop."""


def _stop(_nummer: int, _frame: FrameType | None) -> None:
    raise _Stop


def _storing(tekst: str) -> tuple[str, Storing]:
    naam, _, soort = tekst.rpartition("=")
    if naam and naam not in ALLE:
        raise argparse.ArgumentTypeError(f"Kies een van: {', '.join(ALLE)}.")
    if soort not in set(Storing):
        raise argparse.ArgumentTypeError(f"Kies een van: {', '.join(Storing)}.")
    return naam, Storing(soort)


def _opties(argumenten: Sequence[str], prog: str) -> argparse.Namespace:
    parser = Parser(
        prog=prog,
        description="Start nagemaakte partners, elk in een eigen proces op dit apparaat.",
    )
    parser.add_argument(
        "--poort-vanaf",
        type=int,
        default=8101,
        help="poort van de eerste partner; 0: vrije poorten",
    )
    parser.add_argument("--alleen", default=",".join(ALLE), help="namen, met komma's ertussen")
    parser.add_argument(
        "--storing",
        type=_storing,
        action="append",
        default=[],
        metavar="[NAAM=]SOORT",
        help=f"wat er mis is met een partner, of met alle: {', '.join(Storing)}",
    )
    opties = parser.parse_args(argumenten)
    opties.namen = [naam for naam in opties.alleen.split(",") if naam]
    vreemd = sorted(set(opties.namen) - set(ALLE))
    if vreemd or not opties.namen:
        parser.error(f"--alleen: Kies een van: {', '.join(ALLE)}.")
    return opties


def main(argumenten: Sequence[str], prog: str = "python -m adapters.simulatoren") -> int:
    """Start the partners, tell each address, and stop on SIGINT or SIGTERM."""
    opties = _opties(argumenten, prog)
    storingen: dict[str, Storing] = {}
    for naam, soort in opties.storing:
        storingen |= dict.fromkeys([naam] if naam else opties.namen, soort)
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    try:
        with start(opties.namen, storingen=storingen, poort_vanaf=opties.poort_vanaf) as adressen:
            for naam, adres in adressen.items():
                storing = f"  (storing: {storingen[naam]})" if naam in storingen else ""
                sys.stdout.write(f"{naam:<18}{adres}{storing}\n")
            sys.stdout.flush()
            while True:
                signal.pause()
    except _Stop:
        return 0
    except (OSError, RuntimeError) as err:
        sys.stderr.write(f"De partners konden niet starten: {err}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
