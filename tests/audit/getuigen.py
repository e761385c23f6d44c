"""What the tests of witnesses share: logs that may lie, witnesses on a clock, real servers."""

import contextlib
import hashlib
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from audit.checkpoint import Checkpoint, encode_base64
from audit.disk import Disk
from audit.merkle import consistency_spans, leaf_hash, root_of
from audit.signer import Signer, SignerSet
from audit.vkey import Vkey
from audit.witness.command import Options, opened
from audit.witness.server import WitnessServer
from audit.witness.state import Witness

NOW = 1_795_000_000
ORIGIN = "sluis.example/log"


def ed25519(seed: str) -> Ed25519PrivateKey:
    """Return the key that always belongs to this word."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())


def mldsa44(seed: str) -> MLDSA44PrivateKey:
    """Return the ML-DSA-44 key that always belongs to this word."""
    return MLDSA44PrivateKey.from_seed_bytes(hashlib.sha256(seed.encode()).digest())


@dataclass(slots=True)
class FakeLog:
    """A log in memory; one with a `story` of its own shares its first `common` lines only."""

    story: str = ""
    common: int = 0
    origin: str = ORIGIN
    signer: Signer | SignerSet = field(default_factory=lambda: Signer.of(ORIGIN, ed25519("log")))

    def leaves(self, size: int) -> list[bytes]:
        """Return the leaf hashes."""
        stories = ("" if number < self.common else self.story for number in range(size))
        return [leaf_hash(f"{story}{n}".encode()) for n, story in enumerate(stories)]

    def checkpoint(self, size: int) -> Checkpoint:
        """Return the checkpoint at this size."""
        return Checkpoint(origin=self.origin, size=size, root=root_of(self.leaves(size)))

    def note(self, size: int) -> str:
        """Return the signed checkpoint at this size."""
        return self.signer.sign(self.checkpoint(size).text())

    def proof(self, old: int, new: int) -> list[bytes]:
        """Return the proof that this log at `new` continues it at `old`."""
        leaves = self.leaves(new)
        return [root_of(leaves[low:high]) for low, high in consistency_spans(old, new)]

    def request(self, old: int, new: int, proof: Sequence[bytes] | None = None) -> bytes:
        """Return a request to cosign."""
        if proof is None:
            proof = self.proof(old, new) if 0 < old < new else []
        return request(old, proof, self.note(new))


def request(old: int | str, proof: Sequence[bytes], note: str) -> bytes:
    """Write a request to cosign."""
    lines = "".join(f"{encode_base64(step)}\n" for step in proof)
    return f"old {old}\n{lines}\n{note}".encode()


class Clock:
    """A clock that tests turn."""

    def __init__(self, now: int = NOW) -> None:
        self.now = now

    def __call__(self) -> int:
        """Tell the time."""
        return self.now


@dataclass(slots=True)
class Home:
    """Where a witness lives, and how it is started."""

    folder: Path
    vkeys: Sequence[Vkey | str]
    """The lines of the file with logs."""
    name: str = "getuige.example/fg"
    mldsa: bool = False
    clock: Clock = field(default_factory=Clock)
    reports: list[str] = field(default_factory=list)
    disk: Disk = field(default_factory=Disk)

    def options(self) -> Options:
        """Return how it is started; writes the file with logs."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        logs = self.folder.with_name(f"{self.folder.name}.logboeken")
        logs.write_text("".join(f"{vkey}\n" for vkey in self.vkeys), encoding="utf-8")
        return Options(folder=self.folder, logs=logs, name=self.name, mldsa=self.mldsa, port=0)

    @contextlib.contextmanager
    def open(self) -> Iterator[tuple[Witness, tuple[Vkey, ...]]]:
        """Open it, without a server."""
        with opened(
            self.options(), clock=self.clock, report=self.reports.append, disk=self.disk
        ) as each:
            yield each

    @contextlib.contextmanager
    def serving(self) -> Iterator["Place"]:
        """Open it, and serve it on loopback."""
        with self.open() as (witness, vkeys), serving(witness) as url:
            yield Place(url=url, vkeys=vkeys, witness=witness)


@dataclass(frozen=True, slots=True)
class Place:
    """A witness that listens."""

    url: str
    vkeys: tuple[Vkey, ...]
    witness: Witness


@contextlib.contextmanager
def serving(witness: Witness) -> Iterator[str]:
    """Serve a witness on loopback; give its address."""
    server = WitnessServer(("127.0.0.1", 0), witness, time.monotonic)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
