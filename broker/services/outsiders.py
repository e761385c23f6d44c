"""Who outside Sluis confirms the log: witnesses, and time-stamping authorities."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography import x509

from audit.note import Vkey
from audit.policy import Policy
from audit.witness.client import Latest, Proof, Witnessed
from broker.services.coverage import Outsider


class Getuigen(Protocol):
    """All witnesses together; `audit.witness.client` talks to real ones.

    Its calls block, for a bounded time, and come one after the other.
    """

    def submit(self, note: str, proof: Proof) -> Witnessed:
        """Have the witnesses cosign a checkpoint."""

    def latest(self, vkeys: Sequence[Vkey]) -> tuple[Latest, ...]:
        """Ask every witness for the last checkpoint it cosigned of the log with these keys."""


class Stempels(Protocol):
    """One time-stamping authority; `adapters.tsa` talks to a real one."""

    async def stempel(self, request: bytes) -> bytes:
        """Send one request and return the answer, which is not checked yet.

        Raises:
            AnkerError: There is none.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Stempeldienst:
    """An authority, with what its stamps are checked by."""

    name: str
    tsa: Stempels
    trusted: tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outsiders:
    """Who confirms the log. Nobody: nothing is anchored."""

    policy: Policy | None = None
    """Whose quorum a checkpoint needs; there when there are witnesses."""
    getuigen: Getuigen | None = None
    diensten: tuple[Stempeldienst, ...] = ()

    @property
    def sorts(self) -> frozenset[Outsider]:
        """Return which sorts there are."""
        found = {Outsider.GETUIGEN: bool(self.getuigen), Outsider.STEMPELS: bool(self.diensten)}
        return frozenset(outsider for outsider, there in found.items() if there)
