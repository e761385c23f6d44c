"""A server for the tests of the log on PostgreSQL, and an empty database for each."""

from collections.abc import Iterator

import pytest

from audit.ledger.pg_connection import Address
from tests.postgres_server import Server, a_server


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Give a server that the tests share; who changes it puts it back."""
    with a_server() as started:
        yield started


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """Give a server that the tests of a module may kill."""
    with a_server() as started:
        yield started


@pytest.fixture(scope="session")
def shared_database(server: Server) -> str:
    """Give the name of a database."""
    return server.new_database()


@pytest.fixture
def database(server: Server, shared_database: str) -> str:
    """Give the name of a database without a log. (To make one anew takes much longer.)"""
    server.admin("DROP SCHEMA IF EXISTS logboek CASCADE", shared_database)
    return shared_database


@pytest.fixture
def address(server: Server, database: str) -> Address:
    """Give the address of an empty database."""
    return Address(url=server.at(database), seconds=2.0)
