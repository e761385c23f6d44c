"""A real OPA on this machine, for as long as it is needed: for golden besluiten and for tests."""

import http.client
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TRIES: Final = 400
_PAUSE: Final = 0.025
_HOST: Final = "127.0.0.1"


class LocalOpaError(Exception):
    """OPA is not on this machine, or does not start; `str()` tells why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalOpa:
    """A running server."""

    url: str
    process: subprocess.Popen[bytes]


@contextmanager
def local_opa(bundle: Path | None, *flags: str) -> Iterator[LocalOpa]:
    """Serve a bundle on a free port of this machine, and stop at the end.

    Without a bundle the flags tell where it comes from.

    Raises:
        LocalOpaError: There is no `opa`, or it refuses; holds what it said.
    """
    program = shutil.which("opa")
    if program is None:
        raise LocalOpaError("Het programma opa staat niet op deze machine.")
    with socket.socket() as free:
        free.bind((_HOST, 0))
        port = free.getsockname()[1]
    command = [
        program, "run", "--server", f"--addr={_HOST}:{port}", "--log-level=error",
        "--disable-telemetry", *(("--bundle", str(bundle)) if bundle else ()), *flags,
    ]  # fmt: skip
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, stdout=said, stderr=said) as process,  # noqa: S603 - our files
    ):
        try:
            if not _answers(process, port):
                said.seek(0)
                raise LocalOpaError(f"OPA start niet: {said.read().decode().strip()}")
            yield LocalOpa(url=f"http://{_HOST}:{port}", process=process)
        finally:
            process.kill()


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until it serves the bundle; False when it stopped, or takes too long."""
    for _ in range(_TRIES):
        if process.poll() is not None:
            return False
        with suppress(OSError, http.client.HTTPException):
            asked = http.client.HTTPConnection(_HOST, port, timeout=1)
            asked.request("GET", "/health?bundles")
            ready = asked.getresponse().status == http.HTTPStatus.OK
            asked.close()
            if ready:
                return True
        time.sleep(_PAUSE)
    return False
