"""A wire between node and server that can be cut at the worst moment."""

import contextlib
import socket
import threading
from enum import Enum
from pathlib import Path

_READY = b"Z\x00\x00\x00\x05I"
"""The server is done, and is in no transaction."""


class Cut(Enum):
    """When to cut the wire, once."""

    NOT = "not"
    BEFORE = "before the server hears of it"
    AFTER = "after the server did it, before the node hears so"


class Wire:
    """Passes all on between a port here and the socket of a server, until it is told to cut."""

    def __init__(self, server: Path) -> None:
        self.cut = Cut.NOT
        self.down = False
        """Refuse whoever connects."""
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                node, _ = self._listener.accept()
                if self.down:
                    node.close()
                    continue
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._server))
                for turn in (self._to_server, self._to_node):
                    threading.Thread(target=turn, args=(node, server), daemon=True).start()

    def _to_server(self, node: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := node.recv(65_536):
                if self.cut is Cut.BEFORE:
                    self.cut = Cut.NOT
                    break
                server.sendall(data)
        _hang_up(node, server)

    def _to_node(self, node: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65_536):
                if self.cut is Cut.AFTER:
                    if _READY in data:
                        self.cut = Cut.NOT
                        break
                    continue
                node.sendall(data)
        _hang_up(node, server)


def _hang_up(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
