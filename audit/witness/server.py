"""The HTTP side of a witness: two calls, bounded in size, time and number."""

import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from audit.witness.state import MAX_BODY, Answer, Witness

if TYPE_CHECKING:
    from typing_extensions import override
else:
    # `typing.override` came with Python 3.12, and a witness has nothing but Python.
    def override(method: object) -> object:
        """Mark a method as inherited, for the type checker only."""
        return method


ADD = "/add-checkpoint"
PATIENCE = 10.0
"""Seconds that a connection may be silent."""
DEADLINE = 30.0
"""Seconds that a connection may take in all."""
CONNECTIONS = 64
"""Connections at a time; who comes later is hung up on."""
_POLL = 0.2


class Handler(BaseHTTPRequestHandler):
    """Reads a request, has the witness decide, and writes the answer. One a connection."""

    protocol_version = "HTTP/1.1"
    timeout = PATIENCE
    server: "WitnessServer"

    def do_POST(self) -> None:
        """Take in a checkpoint."""
        if self.path != ADD:
            self._answer(Answer(404, "Deze plek bestaat niet.\n"))
            return
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or "Transfer-Encoding" in self.headers:
            self._answer(Answer(411, "Zeg hoe lang het verzoek is (Content-Length).\n"))
        elif len(length) > len(str(MAX_BODY)) or int(length) > MAX_BODY:
            self._answer(Answer(413, "Het verzoek is te lang.\n"))
        else:
            body = self.rfile.read(int(length))
            if len(body) == int(length):
                self._answer(self.server.witness.add_checkpoint(body))

    def do_GET(self) -> None:
        """Show the last cosigned checkpoint of a log."""
        parts = self.path.split("/")
        if len(parts) == 3 and not parts[0] and parts[2] == "checkpoint":  # noqa: PLR2004
            self._answer(self.server.witness.checkpoint(parts[1]))
        else:
            self._answer(Answer(404, "Deze plek bestaat niet.\n"))

    @override
    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what the standard library refuses, without repeating what was sent."""
        del message, explain
        self._answer(Answer(code, f"{HTTPStatus(code).phrase}\n"))

    def _answer(self, answer: Answer) -> None:
        body = answer.body.encode()
        self.close_connection = True
        self.send_response_only(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - as inherited
        """Say nothing: an address is a personal detail, and the outcome is in the answer."""


class WitnessServer(ThreadingHTTPServer):
    """Serves one witness, with a thread for each connection."""

    # Whoever stops it waits for answers that are under way.
    daemon_threads = False
    block_on_close = True
    allow_reuse_address = True
    request_queue_size = CONNECTIONS

    def __init__(
        self, address: tuple[str, int], witness: Witness, ticks: Callable[[], float]
    ) -> None:
        """Bind the address; `serve_forever` answers.

        Args:
            address: Host and port; port 0 picks a free one.
            witness: Decides.
            ticks: Seconds that never go back.

        Raises:
            OSError: The address cannot be bound.
        """
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.witness = witness
        self._ticks = ticks
        self._open: dict[socket.socket, float] = {}
        self._guard = threading.Lock()
        super().__init__(address, Handler)

    @override
    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ANN401
        """Take a connection in, when there is room."""
        del client_address
        with self._guard:
            room = len(self._open) < CONNECTIONS
            if room:
                self._open[request] = self._ticks()
        return room

    @override
    def service_actions(self) -> None:
        """Hang up on connections that take too long."""
        late = self._ticks() - DEADLINE
        with self._guard:
            for connection, begun in self._open.items():
                if begun < late:
                    _stop_reading(connection)

    @override
    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401
        """Let go of a connection."""
        with self._guard:
            self._open.pop(request, None)
        super().shutdown_request(request)

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Say nothing: a connection that broke is the trouble of who made it."""

    def run(self) -> None:
        """Answer until `stop`, then see answers through that are under way."""
        try:
            self.serve_forever(_POLL)
        finally:
            with self._guard:
                for connection in self._open:
                    _stop_reading(connection)
            self.server_close()


def _stop_reading(connection: socket.socket) -> None:
    # What is being answered may still be written.
    try:
        connection.shutdown(socket.SHUT_RD)
    except OSError:
        return
