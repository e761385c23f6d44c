"""What commands share: the folder of the data, and how trouble at the start is told."""

import datetime as dt
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from audit.errors import AuditError
from broker.errors import BrokerError, StartError

if TYPE_CHECKING:
    from broker.decision.decide import Decider
    from broker.settings import Settings

NOT_STARTED: Final = 2
Bounds = tuple[dt.datetime | None, dt.datetime | None]
Poort = Annotated[
    int, typer.Option("--poort", min=0, max=65535, help="De poort; 0 kiest een vrije.")
]
Map = Annotated[
    Path | None, typer.Option("--map", help="De map met de gegevens; anders SLUIS_DATA of ./var.")
]


def settings_from(folder: Path | None, **given: Any) -> "Settings":  # noqa: ANN401 - the settings
    """Return the settings of the environment, with this folder when one is named.

    Raises:
        StartError: They do not fit.
    """
    from broker.settings import load_settings

    named = {"data": folder} if folder else {}
    return load_settings(**named, **given)


def settings_of_data(folder: Path | None) -> "Settings":
    """Return the settings of a folder of data that is there already.

    Raises:
        StartError: They do not fit, or there are no data.
    """
    settings = settings_from(folder)
    if settings.database is None and not settings.own_database.is_file():
        raise StartError(
            f"In {settings.data} staan geen gegevens van Sluis. `sluis serve` maakt ze; met --map"
            " noemt u een andere map."
        )
    return settings


def bounds_of(since: str | None, until: str | None) -> Bounds:
    """Read `--from` and `--to`: each a date (00:00 in Amsterdam) or a moment with offset.

    Raises:
        BadParameter: One is neither, or the second is not after the first.
    """
    begin, end = _bound("--from", since), _bound("--to", until)
    if begin is not None and end is not None and end <= begin:
        raise typer.BadParameter("Dit ligt niet na --from.", param_hint="--to")
    return begin, end


def _bound(option: str, text: str | None) -> dt.datetime | None:
    if text is None:
        return None
    from broker.domain.kalender import in_utc, instant

    try:
        return in_utc(instant(text))
    except (ValueError, OverflowError):
        message = "Schrijf een datum als 2026-11-20, of een moment als 2026-11-20T14:00:00+01:00."
        raise typer.BadParameter(message, param_hint=option) from None


def read_rules(path: Path) -> "Decider":
    """Make ready the rules in this folder or archive.

    Raises:
        InvalidInputError: It is not there, or cannot be used; tells all that is wrong.
    """
    from broker.decision.decide import Decider
    from broker.decision.regelset import Regelset, RegisterError
    from broker.errors import InvalidInputError

    try:
        return Decider.load(Regelset.from_path(path))
    except RegisterError as error:
        raise InvalidInputError(f"Deze regels zijn niet te gebruiken.\n{error}") from None


@contextmanager
def plainly() -> Iterator[None]:
    """Tell an expected failure in one sentence and exit 2; never a stack trace."""
    try:
        yield
    except (StartError, AuditError, BrokerError) as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(NOT_STARTED) from None
