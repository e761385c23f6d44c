"""Two processes write one log under load, while processes and server are killed."""

import base64
import contextlib
import itertools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.entry import Entry, Soort
from audit.ledger.pg_connection import Address
from audit.log import Log
from audit.note import open_checkpoint
from audit.receipt import verify_receipt
from audit.shared import open_shared
from tests.audit.postgres.ledgers import SIGNER, START, is_whole, salt_of
from tests.postgres_server import Server, wait_until

PROJECT = Path(__file__).parents[3]


class Node:
    """A process that records, and what it said was acknowledged."""

    def __init__(self, folder: Path, url: str, name: str) -> None:
        self.acknowledged: list[tuple[int, str, bytes]] = []
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-B", "-m", "tests.audit.postgres.producer"),
                *(str(folder / name), url, name, str(folder / "kluis")),
            ],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def wait_for(self, more: int) -> None:
        """Wait until so many more lines were acknowledged."""
        goal = len(self.acknowledged) + more
        wait_until(lambda: len(self.acknowledged) >= goal or self._process.poll() is not None, 60)
        assert self._process.poll() is None, "the node stopped"

    def kill(self) -> None:
        """Kill it, with whatever it is doing."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join()

    def _read(self) -> None:
        stream: Any = self._process.stdout
        for line in stream:
            if line.endswith("\n"):
                index, kenmerk, leaf = line.split()
                self.acknowledged.append((int(index), kenmerk, base64.b64decode(leaf)))
        stream.close()


class Nodes:
    """The nodes of one log, and what they did."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.all: list[Node] = []
        self.open("begin").close()

    def open(self, name: str) -> Log:
        """Open the log here."""
        return open_shared(
            self.folder / name,
            Address(url=self.url),
            node=name,
            signer=SIGNER,
            kluis=self.folder / "kluis",
        )

    def start(self, name: str) -> Node:
        """Start a node in a process of its own."""
        node = Node(self.folder, self.url, name)
        self.all.append(node)
        return node

    def check(self) -> None:
        """Stop all; nothing acknowledged is lost, nothing is there twice, it is one signed tree."""
        for node in self.all:
            node.kill()
        said = [line for node in self.all for line in node.acknowledged]
        with self.open("begin") as log:
            size, root = _signed(log)
            lines = log.entries(0, size + 1)
            assert is_whole(log._ledger)
            assert len({line.kenmerk for line in lines}) == len(lines) == size
            # A node that came back sent the same again, and got the same place.
            assert len({line[:2] for line in said}) == len({kenmerk for _, kenmerk, _ in said})
            for index, kenmerk, leaf in said:
                assert (lines[index].kenmerk, lines[index].leaf) == (kenmerk, leaf)
            receipt = verify_receipt(log.receipt(said[0][0]).text(), SIGNER.vkey)
            assert receipt.leaf == said[0][2]
            # What was acknowledged is known: sending it again adds nothing.
            again = Entry(
                soort=Soort.TOETSING, at=START, kenmerk=said[-1][1], payload=_paid(said[-1][1])
            )
            assert log.append(again, salt_of(1)).result().index == said[-1][0]
            assert _signed(log) == (size, root)


def _signed(log: Log) -> tuple[int, bytes]:
    checkpoint = open_checkpoint(log.checkpoint(), SIGNER.vkey)
    return checkpoint.size, checkpoint.root


def _paid(kenmerk: str) -> dict[str, int]:
    return {"maker": int(kenmerk.split("-")[1])}


@pytest.fixture(name="nodes")
def make_nodes(own_server: Server, tmp_path: Path) -> Iterator[Nodes]:
    """Give an empty log that processes may join."""
    nodes = Nodes(tmp_path, own_server.at(own_server.new_database()))
    yield nodes
    for node in nodes.all:
        node.kill()


def test_two_processes_make_one_tree(nodes: Nodes) -> None:
    """Two processes that write at once leave no gap and no double: there is one tree."""
    for node in (nodes.start("een"), nodes.start("twee")):
        node.wait_for(300)

    nodes.check()
    # They did write through each other.
    owners = [kenmerk.split("-")[0] for _, kenmerk, _ in sorted(_said(nodes))]
    assert sum(a != b for a, b in itertools.pairwise(owners)) > 10


def _said(nodes: Nodes) -> list[tuple[int, str, bytes]]:
    return [line for node in nodes.all for line in node.acknowledged]


def test_killed_node_loses_nothing(nodes: Nodes) -> None:
    """A node that is killed loses nothing acknowledged; the other goes on, and it comes back."""
    survivor = nodes.start("een")
    for more in (40, 90, 10):
        victim = nodes.start("twee")
        victim.wait_for(more)
        victim.kill()
        survivor.wait_for(50)

    nodes.check()


def test_killed_server_loses_nothing(own_server: Server, nodes: Nodes) -> None:
    """A server that is killed under load loses nothing acknowledged, and the nodes go on."""
    both = [nodes.start("een"), nodes.start("twee")]
    for more in (100, 60):
        for node in both:
            node.wait_for(more)
        own_server.kill()
        own_server.start()
    for node in both:
        node.wait_for(50)

    nodes.check()
