"""Several nodes on one log: what another node wrote is no fork, and is confirmed as well."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from audit.ledger.pg_connection import Address
from audit.log import Log
from audit.policy import Policy
from audit.shared import open_shared
from broker.services.coverage import Outsider
from broker.services.outsiders import Outsiders
from tests.audit.getuigen import Place
from tests.audit.logs import SIGNER, START, an_entry
from tests.postgres_server import a_server
from tests.verankering.toneel import Stage, client_of, policy_text


@pytest.fixture
def address() -> Iterator[Address]:
    """Give the address of an empty database."""
    with a_server() as server:
        yield Address(url=server.at(server.new_database()), seconds=5.0)


@pytest.fixture
def nodes(
    tmp_path: Path, address: Address, witnesses: Sequence[Place]
) -> Iterator[tuple[Stage, Stage]]:
    """Give two nodes with the same witnesses."""
    known = [(place.vkeys[0], place.url) for place in witnesses]
    policy = Policy.parse(policy_text(SIGNER.vkey, known, 2).encode())
    with ExitStack() as stack:

        def node(name: str) -> Stage:
            log = open_shared(
                tmp_path / name, address, node=name, signer=SIGNER, kluis=tmp_path / "kluis"
            )
            stack.callback(log.close)
            outsiders = Outsiders(policy=policy, getuigen=client_of(policy))
            return Stage(folder=tmp_path / name, log=log, outsiders=outsiders)

        yield node("een"), node("twee")


def write(log: Log, *numbers: int) -> None:
    """Write lines, all at one moment."""
    for number in numbers:
        entry, salt = an_entry(number)
        log.append(replace(entry, at=START), salt).result()


async def test_what_another_node_wrote_is_no_fork(nodes: tuple[Stage, Stage]) -> None:
    """A node that is behind in memory looks in the database first, and then confirms it all."""
    one, two = nodes
    write(one.log, 0)
    assert await one.verankering.witness_round()
    write(two.log, 1, 2)
    assert await two.verankering.witness_round()
    await two.verankering.begin()

    known = one.log.checkpoint().split("\n")[1]
    assert await one.verankering.witness_round()
    await one.verankering.begin()

    assert known == "1"
    assert one.coverage.confirmed(Outsider.GETUIGEN).size == 3
    assert not one.coverage.stopped
    assert one.events("anker-mislukt") == two.events("anker-mislukt") == []
    assert {path.name for path in (one.folder / "anker").iterdir()} == {"1", "3"}
