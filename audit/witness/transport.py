"""How a log talks to a witness: one bounded HTTP exchange, without proxies or redirects."""

import http.client
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

from audit.errors import WitnessError

MAX_ANSWER = 256 * 1024
"""Bytes of an answer that are read; more is refused."""
_CHUNK = 16 * 1024
_NO_ADDRESS = "Het adres van de getuige is geen http- of https-adres."


@dataclass(frozen=True, slots=True)
class Reply:
    """What a witness answered."""

    status: int
    body: bytes
    content_type: str = ""


class Transport(Protocol):
    """Sends one request to a witness."""

    def exchange(self, method: str, url: str, body: bytes | None, seconds: float) -> Reply:
        """Send a request and read the answer, in this many seconds at most.

        Raises:
            WitnessError: There is no answer, or none that we take; the sentence tells why.
        """


def split_url(url: str) -> SplitResult:
    """Read the address of a witness.

    Raises:
        WitnessError: It is no address with http or https that we can call.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
        plain = not parts.query and not parts.fragment and parts.username is None
        # Reading the port is what finds out that it is none.
        usable = usable and plain and parts.port != 0
    except ValueError:
        raise WitnessError(_NO_ADDRESS) from None
    if not usable:
        raise WitnessError(_NO_ADDRESS)
    return parts


@dataclass(frozen=True, slots=True)
class HttpTransport:
    """Over HTTP or HTTPS, straight to the address."""

    ticks: Callable[[], float] = time.monotonic
    tls: ssl.SSLContext | None = None
    """Which certificates are trusted; None: those of the machine."""

    def exchange(self, method: str, url: str, body: bytes | None, seconds: float) -> Reply:
        """Send a request and read the answer, in this many seconds at most.

        Raises:
            WitnessError: There is no answer, or none that we take; the sentence tells why.
        """
        parts = split_url(url)
        end = self.ticks() + seconds
        connection = self._connect(parts, seconds)
        try:
            headers = {"Content-Type": "text/plain; charset=utf-8"} if body is not None else {}
            connection.request(method, parts.path or "/", body=body, headers=headers)
            with connection.getresponse() as reply:
                return self._read(connection, reply, end)
        except TimeoutError:
            raise WitnessError("De getuige antwoordt niet op tijd.") from None
        except (OSError, http.client.HTTPException, ValueError):
            raise WitnessError("De getuige is niet te bereiken.") from None
        finally:
            connection.close()

    def _connect(self, parts: SplitResult, seconds: float) -> http.client.HTTPConnection:
        host = parts.hostname or ""
        if parts.scheme == "http":
            return http.client.HTTPConnection(host, parts.port, timeout=seconds)
        tls = self.tls or ssl.create_default_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=tls)

    def _read(
        self,
        connection: http.client.HTTPConnection,
        reply: http.client.HTTPResponse,
        end: float,
    ) -> Reply:
        body = b""
        while len(body) <= MAX_ANSWER:
            left = end - self.ticks()
            if left <= 0:
                raise TimeoutError
            if connection.sock is not None:
                connection.sock.settimeout(left)
            chunk = reply.read1(_CHUNK)
            if not chunk:
                return Reply(reply.status, body, reply.getheader("Content-Type", ""))
            body += chunk
        raise WitnessError("Het antwoord van de getuige is te lang.")
