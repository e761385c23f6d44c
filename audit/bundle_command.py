"""`python -m audit bundel verify MAP`: the command that checks a bundle."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from cryptography import x509

from audit.bundle import verify_bundle
from audit.bundle_form import Bereik
from audit.bundle_report import Trust
from audit.errors import UnusableError
from audit.note import Vkey

INTACT, FINDINGS = 0, 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Tell what the command takes."""
    commands = parser.add_subparsers(dest="bundle_command", required=True, metavar="OPDRACHT")
    verify = commands.add_parser("verify", help="controleer een bundel")
    verify.add_argument("place", metavar="MAP", help="de map of het zipbestand van de bundel")
    verify.add_argument(
        "--key", metavar="VKEY", help="de publieke sleutel; anders die in de bundel zelf"
    )
    verify.add_argument(
        "--onderwerp-sleutel",
        dest="subject_key",
        metavar="BESTAND",
        help="de sleutel van een onderwerp; anders die in de bundel, als die er is",
    )
    verify.add_argument(
        "--policy", metavar="BESTAND", help="uw eigen policy; anders die in de bundel"
    )
    verify.add_argument(
        "--bereik",
        choices=[bereik.value for bereik in Bereik],
        help="wat de bundel moet tonen; zonder dit ziet u alleen wat hij zelf zegt",
    )
    verify.add_argument(
        "--tsa", metavar="BESTAND", help="certificaten van tijdstempeldiensten (PEM)"
    )


def run(args: argparse.Namespace, read_vkey: Callable[[str], Vkey]) -> int:
    """Check; return the exit code. Findings go to stdout, progress to stderr.

    Raises:
        AuditError: There is nothing that can be checked.
    """
    trust = Trust(
        vkey=None if args.key is None else read_vkey(args.key),
        keys=None if args.subject_key is None else Path(args.subject_key),
        policy=None if args.policy is None else Path(args.policy),
        authorities=None if args.tsa is None else _authorities(Path(args.tsa)),
        bereik=None if args.bereik is None else Bereik(args.bereik),
    )
    report = verify_bundle(Path(args.place), trust, _progress)
    sys.stderr.write("\n")
    if report.manifest is not None:
        told = report.manifest
        sys.stdout.write(
            _plain(f"De bundel zegt: bereik {told.bereik}, ontvanger {told.ontvanger}.") + "\n"
        )
    for sentence in (*report.findings, *report.notes):
        sys.stdout.write(f"{_plain(sentence)}\n")
    if report.findings:
        sys.stdout.write("Niet in orde: zie hierboven.\n")
        return FINDINGS
    found = "" if report.hits is None else f" Over dit onderwerp gaan {report.hits} regels."
    sys.stdout.write(
        f"In orde: {report.size} regels nagerekend, {report.disclosed} onthuld.{found}\n"
    )
    return INTACT


def _plain(sentence: str) -> str:
    # Names come from the bundle: what is no letter could draw lines that we never wrote.
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in sentence)


def _authorities(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        raise UnusableError("Het bestand met de certificaten is niet te lezen.") from None


def _progress(now: int, total: int) -> None:
    sys.stderr.write(f"\r{now} van {total} regels nagerekend")
    sys.stderr.flush()
