"""The file that tells a witness for which logs it signs.

One public key (vkey) a line, as in the file `vkey` of a log. Behind it may stand the origin,
for a log whose name is not the name of its key. Several keys may have the same origin: then
each that signs must be right, and one is enough. A line that begins with # is a remark.
"""

from collections.abc import Mapping
from pathlib import Path

from audit.cosignature import Kind
from audit.errors import NoteError, WitnessError, describe
from audit.vkey import Vkey

MAX_LOGS = 1_000_000
"""Bytes of the file."""

Logs = Mapping[str, tuple[Vkey, ...]]
"""The keys of each log, by its origin."""


def parse_logs(text: str) -> Logs:
    """Read which logs are known.

    Raises:
        WitnessError: A line is no key of a log, or there is none at all.
    """
    found: dict[str, tuple[Vkey, ...]] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, _, origin = line.strip().partition(" ")
        try:
            vkey = Vkey.parse(key)
        except NoteError as error:
            raise WitnessError(f"Regel {number} van de logboeken klopt niet. {error}") from None
        if vkey.kind is Kind.COSIGNATURE:
            raise WitnessError(
                f"Regel {number} van de logboeken klopt niet."
                " Dit is de sleutel van een getuige, niet van een logboek."
            )
        name = origin.strip() or vkey.name
        found[name] = (*found.get(name, ()), vkey)
    if not found:
        raise WitnessError("In het bestand met logboeken staat geen sleutel.")
    return found


def load_logs(path: Path) -> Logs:
    """Read the file that tells which logs are known.

    Raises:
        WitnessError: It cannot be read, or a line of it is wrong.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_LOGS + 1)
        if len(data) > MAX_LOGS:
            raise WitnessError("Het bestand met logboeken is te groot.")
        return parse_logs(data.decode())
    except OSError as error:
        raise WitnessError(
            f"Het bestand met logboeken is niet te lezen: {describe(error)}."
        ) from None
    except UnicodeDecodeError:
        raise WitnessError("Het bestand met logboeken is geen leesbare tekst.") from None
