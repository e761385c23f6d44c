"""Brings the tables of a database to the version that this program expects."""

from collections.abc import Callable
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from broker.errors import RecordError
from broker.store.engine import database_url, make_private, open_engine, writing
from broker.store.failures import UNREACHABLE, translated

WAIT: Final = 10.0
# Any number will do, as long as every node takes the same.
_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(7370183)"


async def migrate(url: str) -> None:
    """Create or upgrade the tables, all or nothing; two nodes at once wait for each other.

    Within one process never migrate two different databases at once: Alembic has globals.

    Raises:
        InvalidInputError: The address is no database that Sluis knows.
        RecordError: The database is locked, full or unreachable.
    """
    await _run(url, lambda config: command.upgrade(config, "head"))


async def revert(url: str) -> None:
    """Remove every table with all that it holds. For tests, and for a first try that went wrong.

    Raises:
        InvalidInputError: As `migrate`.
        RecordError: As `migrate`.
    """
    await _run(url, lambda config: command.downgrade(config, "base"))


def head() -> str | None:
    """Return the newest version of the tables that this program knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    """Configure Alembic without a file, from the installed package."""
    config = Config()
    config.set_main_option("script_location", "broker.store:migrations")
    return config


async def _run(url: str, step: Callable[[Config], None]) -> None:
    """Run one Alembic command in one transaction."""

    def run(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(_ONE_AT_A_TIME)
        config = _config()
        config.attributes["connection"] = connection
        step(config)

    try:
        make_private(database_url(url))
    except OSError as err:
        raise RecordError(UNREACHABLE) from err
    engine = open_engine(url, wait=WAIT)
    try:
        with translated():
            async with writing(engine).begin() as connection:
                await connection.run_sync(run)
    finally:
        await engine.dispose()
