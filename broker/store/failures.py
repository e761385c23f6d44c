"""Turns failures of the database into errors of the broker, at the edge of a unit of work."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from broker.errors import BrokerError, ConflictError, InvalidInputError, RecordError

BUSY: Final = "De database is bezet. Probeer het zo opnieuw."
FULL: Final = "De database is vol. Er kan niets worden vastgelegd."
UNREACHABLE: Final = "De database is niet bereikbaar."
BROKEN: Final = "De database gaf een fout. Er is niets vastgelegd."
DOUBLE: Final = "Dit is al vastgelegd."
MISSING: Final = "Dit verwijst naar iets dat niet bestaat."
UNCHANGEABLE: Final = "Wat als bewijs is vastgelegd, verandert niet meer."
UNFIT: Final = "Een waarde past niet in wat hier kan worden vastgelegd."

# Primary result codes of SQLite: BUSY, LOCKED, FULL, READONLY, CANTOPEN.
_SQLITE: Final = {5: BUSY, 6: BUSY, 13: FULL, 8: UNREACHABLE, 14: UNREACHABLE}
# SQLSTATE of PostgreSQL: lock and statement time-out, deadlock, serialisation, connections, disk.
_POSTGRESQL: Final = {
    "55P03": BUSY,
    "57014": BUSY,
    "40P01": BUSY,
    "40001": BUSY,
    "53300": BUSY,
    "53100": FULL,
}
_UNIQUE: Final = ("UNIQUE constraint", "23505")
_FOREIGN: Final = ("FOREIGN KEY constraint", "23503")
_TRIGGER: Final = ("alleen-toevoegen",)


@contextmanager
def translated() -> Iterator[None]:
    """Raise errors of the broker instead of those of the database.

    Raises:
        ConflictError: Double, a reference to nothing, or a change of evidence.
        InvalidInputError: A value that its column refuses.
        RecordError: Locked, full, unreachable or broken.
    """
    try:
        yield
    except IntegrityError as err:
        # The cause is left out: PostgreSQL repeats the values in its text.
        raise _integrity(err) from None
    except DataError:
        raise InvalidInputError(UNFIT) from None
    except DBAPIError as err:
        raise RecordError(_reason(err)) from err
    except PoolTimeoutError as err:
        raise RecordError(BUSY) from err


def _integrity(err: IntegrityError) -> BrokerError:
    """Tell which rule of the tables was broken."""
    told = f"{getattr(err.orig, 'sqlstate', '')} {err.orig}"
    for marks, sentence in ((_TRIGGER, UNCHANGEABLE), (_UNIQUE, DOUBLE), (_FOREIGN, MISSING)):
        if any(mark in told for mark in marks):
            return ConflictError(sentence)
    return InvalidInputError(UNFIT)


def _reason(err: DBAPIError) -> str:
    """Tell in Dutch what is wrong with the database."""
    code = getattr(err.orig, "sqlite_errorcode", None)
    if code is not None:
        # The low byte is the primary code; the rest says more exactly where.
        return _SQLITE.get(code & 0xFF, BROKEN)
    state = getattr(err.orig, "sqlstate", None)
    if state is None or state.startswith(("08", "57P")):
        return UNREACHABLE
    return _POSTGRESQL.get(state, BROKEN)
