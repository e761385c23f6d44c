"""`sluis toets`: decide one dossier, or one a line. Needs no server, database or network."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, NoReturn

import orjson
import typer

from broker.decision.decide import Decider
from broker.decision.register import default_root
from broker.domain import invoer
from broker.domain.besluit import Besluit
from broker.errors import BrokerError, Fout, InvalidInputError

INVALID = 2


def toets(
    dossier: Annotated[
        str | None, typer.Argument(help="Een dossier in YAML of JSON; '-' is de standaardinvoer.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Geef het besluit als JSON.")] = False,
    jsonl: Annotated[
        str | None, typer.Option("--jsonl", help="Een JSON-dossier per regel; '-' leest de invoer.")
    ] = None,
) -> None:
    """Neem een besluit over een dossier en laat het zien, met alle gronden."""
    if (dossier is None) == (jsonl is None):
        _stop([Fout(pointer="", melding="Noem een dossier, of gebruik --jsonl.")])
    decider = Decider.load(default_root())
    if jsonl is not None:
        with _lines(jsonl) as lines:
            _each(decider, lines)
        return
    try:
        besluit = decider.decide(read(dossier or "-"))
    except InvalidInputError as error:
        _stop(error.fouten)
    if as_json:
        sys.stdout.write(orjson.dumps(besluit.as_json()).decode() + "\n")
    else:
        from broker.cli.show import show_besluit  # noqa: PLC0415 - rich is slow to import

        show_besluit(besluit)


def read(name: str) -> Any:
    """Return the dossier in this file; '-' is standard input.

    Raises:
        InvalidInputError: It cannot be read, or is no dossier.
    """
    try:
        text = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        melding = f"Het bestand kan niet worden gelezen: {error.strerror or 'onbekende fout'}."
        raise InvalidInputError(melding, [Fout(pointer="", melding=melding)]) from None
    is_json = name.endswith(".json") or text.lstrip().startswith(b"{")
    return invoer.parse(invoer.load_json(text) if is_json else invoer.load_yaml(text))


def _each(decider: Decider, lines: Iterable[bytes]) -> None:
    for line in lines:
        if line.strip():
            sys.stdout.write(orjson.dumps(_answer(decider, line)).decode() + "\n")
            sys.stdout.flush()


def _answer(decider: Decider, line: bytes) -> dict[str, Any]:
    try:
        besluit: Besluit = decider.decide(invoer.parse_json(line))
    except BrokerError as error:
        fouten = error.fouten or [Fout(pointer="", melding=error.detail)]
        return {"fouten": fouten}
    return besluit.as_json()


def _lines(name: str) -> Any:
    return sys.stdin.buffer if name == "-" else Path(name).open("rb")


def _stop(fouten: Iterable[Fout]) -> NoReturn:
    """Tell everything that is wrong, and exit 2."""
    for fout in fouten:
        sys.stderr.write(f"{fout.pointer or '/'}: {fout.melding}\n")
    raise typer.Exit(INVALID)
