"""A real OPA on this machine, for as long as it is needed: for golden besluiten and for tests."""

import http.client
import shutil
import socket
import subprocess
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
    process: subprocess.Popen[str]


@contextmanager
def local_opa(bundle: Path, *flags: str) -> Iterator[LocalOpa]:
    """Serve a bundle on a free port of this machine, and stop at the end.

    Raises:
        LocalOpaError: There is no `opa`, or it refuses; holds what it said.
    """
    program = shutil.which("opa")
    if program is None:
        raise LocalOpaError("Het programma opa staat niet op deze machine.")
    with socket.socket() as free:
        free.bind((_HOST, 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(  # noqa: S603 - the program of OPA, with our own files
        [program, "run", "--server", f"--addr={_HOST}:{port}", "--log-level=error",
         "--disable-telemetry", "--bundle", str(bundle), *flags],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        try:
            _await(process, port)
            yield LocalOpa(url=f"http://{_HOST}:{port}", process=process)
        finally:
            process.kill()


def _await(process: subprocess.Popen[str], port: int) -> None:
    for _ in range(_TRIES):
        if process.poll() is not None:
            told = process.stderr.read() if process.stderr else ""
            raise LocalOpaError(f"OPA start niet: {told.strip()}")
        with suppress(OSError, http.client.HTTPException):
            asked = http.client.HTTPConnection(_HOST, port, timeout=1)
            asked.request("GET", "/health?bundles")
            ready = asked.getresponse().status == http.HTTPStatus.OK
            asked.close()
            if ready:
                return
        time.sleep(_PAUSE)
    raise LocalOpaError("OPA geeft geen antwoord.")
