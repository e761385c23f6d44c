"""The program of a witness: its folder, its keys, and running it until a signal comes.

In the folder: `getuige.pem` (the key, for its owner only), `getuige-mldsa.pem` (the second
key, when asked for), `vkey` (the public keys), `lock`, and what `store` keeps. A folder that
is lost or put back from a copy is the end of this witness: start another one, with its own key.
"""

import argparse
import contextlib
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from audit.disk import VKEY, DirectoryLock, Disk, publish
from audit.errors import LogInUseError, NoteError, WitnessError, describe, no_listening
from audit.keyfile import load_key, write_key
from audit.signer import PrivateKey, Signer
from audit.vkey import Vkey
from audit.witness.logs import load_logs
from audit.witness.server import WitnessServer
from audit.witness.state import Clock, Witness
from audit.witness.store import Store

KEY = "getuige.pem"
SECOND_KEY = "getuige-mldsa.pem"
HOST, PORT = "127.0.0.1", 8090
_URL = re.compile(r"https?://[^\s/]\S*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a witness is started."""

    folder: Path
    logs: Path
    name: str | None = None
    """Needed once, at the first start."""
    mldsa: bool = False
    host: str = HOST
    port: int = PORT
    url: str | None = None
    """Where others find this witness, when that is not the host and port."""


@contextlib.contextmanager
def opened(
    options: Options, *, clock: Clock, report: Callable[[str], None], disk: Disk | None = None
) -> Iterator[tuple[Witness, tuple[Vkey, ...]]]:
    """Open the folder of a witness, and make what is not there yet.

    Raises:
        WitnessError: It may not be opened; the sentence tells why. Nothing was signed.
    """
    disk = disk or Disk()
    logs = load_logs(options.logs)
    with contextlib.ExitStack() as stack:
        try:
            options.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            stack.callback(DirectoryLock(options.folder).release)
            signers = _signers(options, disk)
        except LogInUseError:
            raise WitnessError("Een ander proces draait deze getuige al.") from None
        except NoteError as error:
            raise WitnessError(f"De getuige kan niet starten. {error}") from None
        except OSError as error:
            raise WitnessError(
                f"De map van de getuige is niet te gebruiken: {describe(error)}."
            ) from error
        store = Store(options.folder, signers[0].vkey, disk)
        witness = Witness(store, signers, logs, clock=clock, report=report)
        yield witness, tuple(signer.vkey for signer in signers)


def _signers(options: Options, disk: Disk) -> tuple[Signer, ...]:
    folder = options.folder
    name = _name(options)
    known = _read_vkeys(folder)
    if known and not (folder / KEY).exists():
        raise WitnessError("De sleutel van deze getuige is weg. Begin een andere, in een lege map.")
    keys: list[PrivateKey] = [_key(folder / KEY, Ed25519PrivateKey.generate, disk)]
    if options.mldsa or (folder / SECOND_KEY).exists():
        keys.append(_key(folder / SECOND_KEY, MLDSA44PrivateKey.generate, disk))
    signers = tuple(Signer.cosigner(name, key) for key in keys)
    text = "".join(f"{signer.vkey}\n" for signer in signers)
    if known and not text.startswith(known):
        raise WitnessError("De sleutel in deze map is niet meer die van deze getuige.")
    if text != known:
        publish(disk, folder / VKEY, text)
    return signers


def _read_vkeys(folder: Path) -> str:
    try:
        return (folder / VKEY).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise WitnessError("Het bestand vkey in deze map is geen leesbare tekst.") from None


def _name(options: Options) -> str:
    known = _read_vkeys(options.folder).partition("\n")[0]
    if not known:
        if options.name is None:
            raise WitnessError("Geef deze getuige bij de eerste start een naam, met --naam.")
        return options.name
    name = Vkey.parse(known).name
    if options.name not in (None, name):
        raise WitnessError("Deze getuige heeft al een andere naam.")
    return name


def _key(path: Path, make: Callable[[], PrivateKey], disk: Disk) -> PrivateKey:
    if not path.exists():
        # First beside it: a crash must not leave half a key in its place.
        fresh = path.with_name(f".{path.name}.new")
        fresh.unlink(missing_ok=True)
        write_key(fresh, make())
        disk.replace(fresh, path)
        disk.sync_directory(path.parent)
    return load_key(path, "de getuige")


def serve(
    options: Options,
    *,
    clock: Clock,
    say: Callable[[str], None],
    report: Callable[[str], None],
) -> None:
    """Run a witness until a signal comes (INT or TERM).

    Args:
        options: How to start.
        clock: Tells the time.
        say: Is told, once it answers, who the witness is and where.
        report: Is told what the operator must know.

    Raises:
        WitnessError: It cannot start.
    """
    if options.url is not None and not _URL.fullmatch(options.url):
        raise WitnessError("Een adres (--adres) begint met http:// of https://, zonder spaties.")
    with opened(options, clock=clock, report=report) as (witness, vkeys):
        try:
            server = WitnessServer((options.host, options.port), witness, time.monotonic)
        except OverflowError:
            raise WitnessError("Een poort is een getal van 0 tot en met 65535.") from None
        except OSError as error:
            raise WitnessError(no_listening(error, options.port)) from None
        with contextlib.suppress(KeyboardInterrupt):
            signal.signal(signal.SIGTERM, _stop)
            say(welcome(vkeys, options.url or _address(server)))
            server.run()


def _address(server: WitnessServer) -> str:
    host, port = server.server_address[:2]
    text = host if isinstance(host, str) else host.decode()
    return f"http://[{text}]:{port}" if ":" in text else f"http://{text}:{port}"


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def welcome(vkeys: Sequence[Vkey], url: str) -> str:
    """Tell who this witness is: its keys, and the lines for a policy file."""
    name = vkeys[0].name
    names = [name, *(f"{name}/mldsa" for _ in vkeys[1:])]
    lines = [f"De getuige luistert op {url}", "Publieke sleutels:"]
    lines += [f"  {vkey}" for vkey in vkeys]
    lines.append("Voor een policy (neem van elke getuige één regel):")
    lines += [f"  witness {each} {vkey} {url}" for each, vkey in zip(names, vkeys, strict=True)]
    lines.append("Stop met Ctrl-C.")
    return "\n".join(lines)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of the command `witness`."""
    parser.add_argument("directory", metavar="MAP", help="de map van de getuige; wordt gemaakt")
    parser.add_argument(
        "--logboeken",
        required=True,
        metavar="BESTAND",
        help="publieke sleutels (vkeys) van de logboeken, één op een regel",
    )
    parser.add_argument("--naam", help="naam van de getuige, nodig bij de eerste start")
    parser.add_argument("--host", default=HOST, help=f"adres om op te luisteren ({HOST})")
    parser.add_argument(
        "--poort", type=int, default=PORT, help=f"poort, 0 kiest een vrije ({PORT})"
    )
    parser.add_argument("--adres", metavar="URL", help="waar anderen deze getuige vinden")
    parser.add_argument(
        "--mldsa", action="store_true", help="teken ook met ML-DSA-44 (maakt een tweede sleutel)"
    )


def run(args: argparse.Namespace, clock: Clock) -> int:
    """Run the command `witness`; return the exit code.

    Raises:
        WitnessError: The witness cannot start.
    """
    options = Options(
        folder=Path(args.directory),
        logs=Path(args.logboeken),
        name=args.naam,
        mldsa=args.mldsa,
        host=args.host,
        port=args.poort,
        url=args.adres,
    )
    serve(options, clock=clock, say=_writer(sys.stdout.write), report=_writer(sys.stderr.write))
    return 0


def _writer(write: Callable[[str], object]) -> Callable[[str], None]:
    def line(text: str) -> None:
        write(f"{text}\n")
        sys.stdout.flush()

    return line
