"""What commands share: the folder of the data, and how trouble at the start is told."""

import datetime as dt
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from audit.errors import AuditError
from broker.errors import BrokerError
from broker.settings import Settings, StartError, load_settings

if TYPE_CHECKING:
    from broker.decision.decide import Decider

NOT_STARTED: Final = 2
Map = Annotated[
    Path | None, typer.Option("--map", help="De map met de gegevens; anders SLUIS_DATA of ./var.")
]


def settings_from(folder: Path | None, **given: Any) -> Settings:  # noqa: ANN401 - the settings
    """Return the settings of the environment, with this folder when one is named.

    Raises:
        StartError: They do not fit.
    """
    named = {"data": folder} if folder else {}
    return load_settings(**named, **given)


def settings_of_data(folder: Path | None) -> Settings:
    """Return the settings of a folder of data that is there already.

    Raises:
        StartError: They do not fit, or there are no data.
    """
    settings = settings_from(folder)
    if settings.database is None and not settings.data.is_dir():
        raise StartError(
            f"De map {settings.data} is er niet. `sluis serve` maakt haar; met --map noemt u een"
            " andere."
        )
    return settings


def bound(option: str, text: str | None) -> dt.datetime | None:
    """Read a date (00:00 in Amsterdam) or a moment with offset, given with this option.

    Raises:
        BadParameter: It is neither.
    """
    if text is None:
        return None
    from broker.domain.kalender import in_utc, instant

    try:
        return in_utc(instant(text))
    except (ValueError, OverflowError):
        message = "Schrijf een datum als 2026-11-20."
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
