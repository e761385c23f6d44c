"""What the tests of anchoring share: authorities, a client, and a stage for each run."""

import contextlib
import shutil
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest

from audit.policy import Policy
from broker.services.outsiders import Outsiders
from tests.api.conftest import boete, vraag
from tests.audit.getuigen import Place
from tests.audit.logs import SIGNER, open_log
from tests.verankering.toneel import Authority, Stage, client_of, dienst_of, homes, policy_text, tsa

__all__ = ["boete", "vraag"]
MakeStage = Callable[..., Stage]


@pytest.fixture(autouse=True, scope="session")
def _openssl() -> None:
    """Skip where openssl is absent; in CI that is a failure."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl staat niet op deze machine")


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    """Give a client that reads nothing from the machine."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    async with httpx2.AsyncClient(trust_env=False, verify=context) as found:
        yield found


@pytest.fixture
async def authorities(tmp_path: Path) -> AsyncIterator[tuple[Authority, Authority]]:
    """Run two authorities, each with its own root."""
    async with tsa(tmp_path, "een") as one, tsa(tmp_path, "twee") as two:
        yield one, two


@pytest.fixture
def witnesses(tmp_path: Path) -> Iterator[Sequence[Place]]:
    """Run three witnesses."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(home.serving()) for home in homes(tmp_path, 3)]


@pytest.fixture
def stage(tmp_path: Path, client: httpx2.AsyncClient) -> Iterator[MakeStage]:
    """Give what makes the stage of one run; the log of the run before is closed first."""
    folder = tmp_path / "logboek"
    with contextlib.ExitStack() as stack:

        def make(
            places: Sequence[Place] = (),
            found: Sequence[Authority] = (),
            *,
            quorum: int = 2,
            **more: Any,  # noqa: ANN401 - of Stage
        ) -> Stage:
            stack.close()
            log = stack.enter_context(open_log(folder))
            policy = None
            if places:
                known = [(place.vkeys[0], place.url) for place in places]
                policy = Policy.parse(policy_text(SIGNER.vkey, known, quorum).encode())
            outsiders = Outsiders(
                policy=policy,
                getuigen=None if policy is None else client_of(policy),
                diensten=tuple(dienst_of(each, client) for each in found),
            )
            return Stage(folder=folder, log=log, outsiders=outsiders, **more)

        yield make
