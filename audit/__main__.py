"""The tool of the auditor: `python -m audit verify DIR --key VKEY`.

Needs this package and `cryptography`, no broker and no network. Exit code: 0 intact,
1 findings, or something that cannot be checked; 2 no such command, or no witness started.
`python -m audit witness DIR` runs a witness; `bundel` checks what somebody got from a log.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509

from audit import bundle_command
from audit.errors import AuditError, UnusableError, WitnessError
from audit.note import Vkey
from audit.parser import Parser
from audit.policy import Policy
from audit.receipt import verify_receipt_file
from audit.verify import Demands, verify
from audit.witness import command

INTACT, WRONG, NOT_STARTED = 0, 1, 2
STOPPED = 130
"""As a shell tells of a program that Ctrl-C ended."""


def main(argv: Sequence[str] | None = None, prog: str = "python -m audit") -> int:
    """Run one command; return the exit code. Findings go to stdout, progress to stderr."""
    args = _parser(prog).parse_args(argv)
    try:
        return _run(args)
    except KeyboardInterrupt:
        sys.stderr.write("\nGestopt.\n")
        return STOPPED
    except BrokenPipeError:
        # Who read it has gone; nor is there anybody to flush for when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return WRONG
    except AuditError as error:
        sys.stderr.write(f"{error}\n")
        return NOT_STARTED if isinstance(error, WitnessError) else WRONG


def _run(args: argparse.Namespace) -> int:
    if args.command == "witness":
        return command.run(args, clock)
    if args.command == "bundel":
        return bundle_command.run(args, lambda key: _read_vkeys([key])[0])
    if args.command == "verify":
        return _verify(args)
    return _receipt(Path(args.file), _read_vkeys([args.key])[0])


def clock() -> int:
    """Tell the seconds since 1970: a program is where time comes in."""
    return int(time.time())  # noqa: TID251


def _parser(prog: str) -> Parser:
    parser = Parser(prog=prog, description="Controleer een logboek van Sluis, zonder netwerk.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="OPDRACHT")
    log = commands.add_parser("verify", help="controleer een heel logboek")
    log.add_argument("directory", metavar="MAP", help="de map van het logboek")
    receipt = commands.add_parser("receipt", help="controleer een bewijs van inschrijving")
    receipt.add_argument("file", metavar="BESTAND", help="het bewijs (.tlog-proof)")
    witness = commands.add_parser("witness", help="draai een getuige van logboeken")
    command.add_arguments(witness)
    bundle = commands.add_parser("bundel", help="controleer wat u uit een logboek kreeg")
    bundle_command.add_arguments(bundle)
    key_help = "de publieke sleutel, of een bestand waar die in staat"
    log.add_argument("--key", required=True, action="append", metavar="VKEY", help=f"{key_help};"
                     " mag vaker, voor elke soort handtekening")  # fmt: skip
    receipt.add_argument("--key", required=True, metavar="VKEY", help=key_help)
    log.add_argument("--policy", metavar="BESTAND", help="welke getuigen moeten hebben getekend")
    log.add_argument("--tsa", metavar="BESTAND", help="certificaten van tijdstempeldiensten (PEM)")
    log.add_argument("--kluis", metavar="MAP", help="sleutels, om ook de inhoud na te kijken")
    log.add_argument("--ander", metavar="BESTAND", action="append", default=[],
                     help="een controlepunt dat iemand anders bewaarde")  # fmt: skip
    log.add_argument("--einde", metavar="BESTAND", help="het laatste controlepunt van een logboek"
                     " dat is opgevolgd; daarna telt de sleutel niet meer")  # fmt: skip
    log.add_argument("--bewijs", metavar="BESTAND", help="waar bewijs van een splitsing komt")
    log.add_argument("--processen", metavar="AANTAL", type=_count, default=1,
                     help="hoeveel delen tegelijk worden nagekeken")  # fmt: skip
    return parser


def _count(text: str) -> int:
    if (count := int(text)) < 1:
        raise argparse.ArgumentTypeError("Het getal is ten minste 1.")
    return count


def _read_vkeys(values: Sequence[str]) -> list[Vkey]:
    found = []
    for value in values:
        # `isfile` is content with any text; a vkey may be too long for a file name.
        if os.path.isfile(value):  # noqa: PTH113
            found += [Vkey.parse(line) for line in _read(value, "de sleutel").splitlines() if line]
        elif "+" in value:
            found.append(Vkey.parse(value))
        else:
            raise UnusableError(
                "De publieke sleutel heeft niet de vorm naam+nummer+sleutel, en een bestand met"
                " die naam is er niet."
            )
    if not found:
        raise UnusableError("In het bestand staat geen sleutel.")
    return found


def _read(path: str, what: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UnusableError(f"Het bestand met {what} is niet te lezen.") from None


def _demands(args: argparse.Namespace) -> Demands:
    authorities = None
    if args.tsa is not None:
        try:
            pem = _read(args.tsa, "de certificaten").encode()
            authorities = x509.load_pem_x509_certificates(pem)
        except ValueError:
            raise UnusableError("Het bestand met de certificaten is niet te lezen.") from None
    return Demands(
        policy=None if args.policy is None else Policy.load(Path(args.policy)),
        authorities=authorities,
        vault=None if args.kluis is None else Path(args.kluis),
        kept=tuple(_read(path, "het controlepunt") for path in args.ander),
        end=None if args.einde is None else _read(args.einde, "het controlepunt"),
        evidence=None if args.bewijs is None else Path(args.bewijs),
        processes=args.processen,
    )


def _verify(args: argparse.Namespace) -> int:
    done = 0

    def progress(now: int, total: int) -> None:
        nonlocal done
        done = now
        sys.stderr.write(f"\r{now} van {total} regels nagerekend")
        sys.stderr.flush()

    demands = _demands(args)
    findings = verify(Path(args.directory), _read_vkeys(args.key), progress, demands)
    sys.stderr.write("\n")
    for finding in findings:
        sys.stdout.write(f"{finding.melding}\n")
    if all(finding.is_note for finding in findings):
        sys.stdout.write(f"In orde: {done} regels nagerekend.\n")
        return INTACT
    sys.stdout.write("Niet in orde: zie hierboven.\n")
    return WRONG


def _receipt(file: Path, vkey: Vkey) -> int:
    receipt, leaf = verify_receipt_file(file, vkey)
    sys.stdout.write(
        f"In orde: regel {receipt.index} ({leaf.soort}, {leaf.op}, {leaf.kenmerk}) staat in het"
        f" logboek van {receipt.size} regels.\n"
    )
    return INTACT


if __name__ == "__main__":
    sys.exit(main())
