"""`sluis toets`: decide one dossier, or one a line. Needs no server, database or network."""

import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final, NoReturn

import typer

from broker.errors import BrokerError, DecisionError, Fout, InvalidInputError

if TYPE_CHECKING:
    from broker.decision.decide import Decider
    from broker.domain.dossier import Dossier

NO_VERDICT: Final = 1
INVALID: Final = 2


def toets(
    dossier: Annotated[
        str | None, typer.Argument(help="Een dossier in YAML of JSON; '-' is de standaardinvoer.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Geef het besluit als JSON.")] = False,
    uitleg: Annotated[
        bool,
        typer.Option("--uitleg", help="Leg uit wat er niet klopt, en wat er wel zou mogen."),
    ] = False,
    jsonl: Annotated[
        str | None, typer.Option("--jsonl", help="Een JSON-dossier per regel; '-' leest de invoer.")
    ] = None,
) -> None:
    """Neem een besluit over een dossier en laat het zien, met alle gronden.

    Wat er in een dossier hoort, staat in docs/dossier.schema.json.
    Voorbeelden staan in docs/voorbeelden/.
    """
    from broker.decision.decide import Decider
    from broker.decision.register import default_root
    from broker.decision.uitleg import explain

    if (dossier is None) == (jsonl is None):
        _stop([Fout(pointer="", melding="Noem een dossier, of gebruik --jsonl.")])
    if uitleg and jsonl is not None:
        _stop([Fout(pointer="", melding="Gebruik --uitleg met één dossier, niet met --jsonl.")])
    decider = Decider.load(default_root())
    try:
        if jsonl is not None:
            with _open(jsonl) as lines:
                _each(decider, lines)
            return
        judged = read(dossier or "-")
        besluit = decider.decide(judged)
        told = explain(decider, judged, besluit, full=True) if uitleg else None
    except InvalidInputError as error:
        _stop(error.fouten)
    except DecisionError as error:
        _stop([Fout(pointer="", melding=error.detail)], NO_VERDICT)
    if as_json:
        _print(besluit.as_json() | ({"uitleg": asdict(told)} if told else {}))
        return
    from broker.cli.show import show_besluit, show_uitleg  # rich is slow to import

    if told:
        show_uitleg(told)
    else:
        show_besluit(besluit)


def read(name: str) -> "Dossier":
    """Return the dossier in this file; '-' is standard input.

    Raises:
        InvalidInputError: It cannot be read, or is no dossier.
    """
    from broker.domain import invoer

    with _open(name) as file:
        text = file.read(invoer.MAX_BYTES + 1)
    if not text.strip():
        melding = "Dit bestand is leeg."
        raise InvalidInputError(melding, [Fout(pointer="", melding=melding)])
    is_yaml = name.endswith((".yaml", ".yml")) or not text.lstrip().startswith(b"{")
    is_json = name.endswith(".json") or not is_yaml
    return invoer.parse(invoer.load_json(text) if is_json else invoer.load_yaml(text))


def _each(decider: "Decider", lines: Iterable[bytes]) -> None:
    for line in lines:
        if line.strip():
            _print(_answer(decider, line))


def _answer(decider: "Decider", line: bytes) -> dict[str, Any]:
    from broker.domain import invoer

    try:
        return decider.decide(invoer.parse_json(line)).as_json()
    except BrokerError as error:
        fouten = error.fouten or [Fout(pointer="", melding=error.detail)]
        return {"fouten": fouten}


def _open(name: str) -> AbstractContextManager[BinaryIO]:
    """Open this file; '-' is standard input.

    Raises:
        InvalidInputError: There is no such file, or it may not be read.
    """
    try:
        return nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb")
    except FileNotFoundError:
        melding = "Dit bestand is er niet."
    except OSError:
        melding = "Dit bestand kan niet worden gelezen."
    raise InvalidInputError(melding, [Fout(pointer="", melding=melding)])


def _print(answer: dict[str, Any]) -> None:
    """Write one line of JSON, in UTF-8 whatever the terminal is set to."""
    import orjson

    sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
    sys.stdout.flush()


def _stop(fouten: Iterable[Fout], code: int = INVALID) -> NoReturn:
    """Tell everything that is wrong, and exit."""
    for fout in fouten:
        sys.stderr.write(f"{fout.pointer or '/'}: {fout.melding}\n")
    raise typer.Exit(code)
