"""The tool of the auditor: `python -m audit verify DIR --key VKEY`.

Needs this package and `cryptography`, no broker and no network. Exit code: 0 intact,
1 findings, 2 nothing that can be checked. `python -m audit witness DIR` runs a witness.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from audit.errors import AuditError, ReceiptError, UnusableError
from audit.note import Vkey
from audit.receipt import verify_receipt_file
from audit.verify import verify
from audit.witness import command

INTACT, FINDINGS, UNUSABLE = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code. Findings go to stdout, progress to stderr."""
    args = _parser().parse_args(argv)
    try:
        if args.command == "witness":
            return command.run(args, clock)
        vkey = _read_vkey(args.key)
        if args.command == "verify":
            return _verify(Path(args.directory), vkey)
        return _receipt(Path(args.file), vkey)
    except AuditError as error:
        sys.stderr.write(f"{error}\n")
        return FINDINGS if isinstance(error, ReceiptError) else UNUSABLE


def clock() -> int:
    """Tell the seconds since 1970: a program is where time comes in."""
    return int(time.time())  # noqa: TID251


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m audit", description="Controleer een logboek van Sluis, zonder netwerk."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="OPDRACHT")
    log = commands.add_parser("verify", help="controleer een heel logboek")
    log.add_argument("directory", metavar="MAP", help="de map van het logboek")
    receipt = commands.add_parser("receipt", help="controleer een bewijs van inschrijving")
    receipt.add_argument("file", metavar="BESTAND", help="het bewijs (.tlog-proof)")
    witness = commands.add_parser("witness", help="draai een getuige van logboeken")
    command.add_arguments(witness)
    for checking in (log, receipt):
        checking.add_argument(
            "--key",
            required=True,
            metavar="VKEY",
            help="de publieke sleutel, of een bestand waar die in staat",
        )
    return parser


def _read_vkey(value: str) -> Vkey:
    # `isfile` is content with any text; a vkey may be too long for a file name.
    if not os.path.isfile(value):  # noqa: PTH113
        return Vkey.parse(value)
    try:
        return Vkey.parse(Path(value).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise UnusableError("Het bestand met de sleutel is niet te lezen.") from None


def _verify(directory: Path, vkey: Vkey) -> int:
    done = 0

    def progress(now: int, total: int) -> None:
        nonlocal done
        done = now
        sys.stderr.write(f"\r{now} van {total} regels nagerekend")
        sys.stderr.flush()

    findings = verify(directory, vkey, progress)
    sys.stderr.write("\n")
    for finding in findings:
        sys.stdout.write(f"{finding.melding}\n")
    if all(finding.is_note for finding in findings):
        sys.stdout.write(f"In orde: {done} regels nagerekend.\n")
        return INTACT
    sys.stdout.write("Niet in orde: zie hierboven.\n")
    return FINDINGS


def _receipt(file: Path, vkey: Vkey) -> int:
    receipt, leaf = verify_receipt_file(file, vkey)
    sys.stdout.write(
        f"In orde: regel {receipt.index} ({leaf.soort}, {leaf.op}, {leaf.kenmerk}) staat in het"
        f" logboek van {receipt.size} regels.\n"
    )
    return INTACT


if __name__ == "__main__":
    sys.exit(main())
