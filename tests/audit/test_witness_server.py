"""A witness over loopback: its two calls, and what is too long, too slow or too much."""

import http.client
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from audit.note import Note
from audit.witness import server as server_module
from audit.witness.server import WitnessServer
from audit.witness.state import MAX_BODY
from audit.witness.store import origin_hash
from tests.audit.getuigen import ORIGIN, FakeLog, Home, serving

LOG = FakeLog()
VKEY = LOG.signer.vkey
HASH = origin_hash(ORIGIN)


def home(tmp_path: Path) -> Home:
    """Return a witness for LOG."""
    return Home(tmp_path / "getuige", [VKEY])


def ask(
    url: str,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, str, bytes]:
    """Send one request; return status, content type and body."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        reply = connection.getresponse()
        return reply.status, reply.getheader("Content-Type", ""), reply.read()
    finally:
        connection.close()


def raw(url: str, data: bytes) -> bytes:
    """Send bytes, and return all that comes back."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as sock:
        sock.sendall(data)
        found = b""
        while chunk := sock.recv(65536):
            found += chunk
        return found


def test_cosigns_and_shows(tmp_path: Path) -> None:
    """A checkpoint is cosigned by POST, and shown by GET under the hash of its origin."""
    with home(tmp_path).serving() as place:
        status, _, lines = ask(place.url, "POST", "/add-checkpoint", LOG.request(0, 5))
        shown, kind, note = ask(place.url, "GET", f"/{HASH}/checkpoint")

        assert (status, shown, kind) == (200, 200, "text/plain; charset=utf-8")
        assert note.decode() == LOG.note(5) + lines.decode()
        assert Note.parse(note.decode()).check(place.vkeys) == set(place.vkeys)


def test_conflict_over_http(tmp_path: Path) -> None:
    """A 409 has the content type of the protocol, and the size as its whole body."""
    with home(tmp_path).serving() as place:
        ask(place.url, "POST", "/add-checkpoint", LOG.request(0, 5))

        answer = ask(place.url, "POST", "/add-checkpoint", LOG.request(0, 8))

    assert answer == (409, "text/x.tlog.size", b"5\n")


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/add-checkpoint/", {}, 404),
        ("POST", "/sign-subtree", {}, 404),
        ("GET", "/add-checkpoint", {}, 404),
        ("GET", "/", {}, 404),
        ("GET", f"/{HASH}/checkpoint?x", {}, 404),
        ("GET", f"/{HASH.upper()}/checkpoint", {}, 404),
        ("GET", "/../getuige.pem", {}, 404),
        ("GET", "/getuige.pem/checkpoint", {}, 404),
        ("PUT", "/add-checkpoint", {}, 501),
        ("POST", "/add-checkpoint", {"Content-Length": str(MAX_BODY + 1)}, 413),
        ("POST", "/add-checkpoint", {"Content-Length": "9" * 5000}, 413),
        ("POST", "/add-checkpoint", {"Content-Length": "-1"}, 411),
        ("POST", "/add-checkpoint", {"Content-Length": "\u00b2"}, 411),
        ("POST", "/add-checkpoint", {"Transfer-Encoding": "chunked"}, 411),
    ],
)
def test_nothing_else_is_served(
    tmp_path: Path, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """Other paths and methods, and requests without a fitting length, are refused at once."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with home(tmp_path).serving() as place:
        reply = raw(place.url, f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1"))

    assert reply.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Server:" not in reply


@pytest.mark.parametrize(
    "data", [b"rommel\r\n\r\n", b"GET " + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n"]
)
def test_rubbish_gets_no_echo(tmp_path: Path, data: bytes) -> None:
    """What is no HTTP gets an error that repeats nothing, and the witness goes on."""
    with home(tmp_path).serving() as place:
        reply = raw(place.url, data)

        assert b"rommel" not in reply
        assert b"xxx" not in reply
        assert ask(place.url, "POST", "/add-checkpoint", LOG.request(0, 5))[0] == 200


def test_half_a_request_changes_nothing(tmp_path: Path) -> None:
    """Who hangs up before the end of the request gets no answer, and nothing is signed."""
    body = LOG.request(0, 5)
    head = f"POST /add-checkpoint HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with home(tmp_path).serving() as place:
        parts = urlsplit(place.url)
        with socket.create_connection((parts.hostname or "", parts.port or 0)) as sock:
            sock.sendall(head + body[:-1])
            sock.shutdown(socket.SHUT_WR)
            assert sock.recv(10) == b""

        assert ask(place.url, "GET", f"/{HASH}/checkpoint")[0] == 404


def test_slow_connection_is_hung_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who keeps a connection alive with a byte now and then is hung up after the deadline."""
    monkeypatch.setattr(server_module, "DEADLINE", 0.3)
    with home(tmp_path).serving() as place:
        parts = urlsplit(place.url)
        begun = time.monotonic()
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as sock:
            sock.sendall(b"POST /add-checkpoint HTTP/1.1\r\n")
            hung_up = threading.Event()

            def drip() -> None:
                while not hung_up.wait(0.05):
                    try:
                        sock.sendall(b"a")
                    except OSError:
                        return

            thread = threading.Thread(target=drip)
            thread.start()
            try:
                while sock.recv(100):
                    pass
            except ConnectionResetError:
                pass
            hung_up.set()
            thread.join()

    assert time.monotonic() - begun < 8


def test_full_house_turns_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More connections than there is room for are hung up, and room that comes free is used."""
    monkeypatch.setattr(server_module, "CONNECTIONS", 2)
    with home(tmp_path).serving() as place:
        parts = urlsplit(place.url)
        address = (parts.hostname or "", parts.port or 0)
        guests = [socket.create_connection(address, timeout=10) for _ in range(2)]
        time.sleep(0.5)
        with socket.create_connection(address, timeout=10) as late:
            assert late.recv(1) == b""
        for guest in guests:
            guest.close()
        time.sleep(0.5)
        assert ask(place.url, "POST", "/add-checkpoint", LOG.request(0, 5))[0] == 200


def test_stop_sees_answers_through(tmp_path: Path) -> None:
    """A stop hangs up on who is still talking, and lets who is being answered have its answer."""
    waiting, go = threading.Event(), threading.Event()
    place = home(tmp_path)
    with place.open() as (witness, _):
        real = witness.add_checkpoint

        def slow(body: bytes) -> object:
            waiting.set()
            go.wait(10)
            return real(body)

        witness.add_checkpoint = slow  # type: ignore[method-assign, assignment]
        server = WitnessServer(("127.0.0.1", 0), witness, time.monotonic)
        running = threading.Thread(target=server.run)
        running.start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        idle = socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=10)
        answers: list[int] = []
        asking = threading.Thread(
            target=lambda: answers.append(ask(url, "POST", "/add-checkpoint", LOG.request(0, 5))[0])
        )
        asking.start()
        assert waiting.wait(10)
        server.shutdown()
        go.set()
        running.join()
        asking.join()
        with idle:
            assert idle.recv(1) == b""

    assert answers == [200]


def test_many_at_the_same_time(tmp_path: Path) -> None:
    """Twenty clients that race leave one history, and each gets an answer."""
    statuses: list[int] = []
    with home(tmp_path).serving() as place:

        def race(size: int) -> None:
            statuses.append(ask(place.url, "POST", "/add-checkpoint", LOG.request(0, size))[0])

        threads = [threading.Thread(target=race, args=(size,)) for size in range(1, 21)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(statuses) == [200, *[409] * 19]


def test_address_that_is_taken(tmp_path: Path) -> None:
    """Two witnesses cannot have one port."""
    with home(tmp_path).open() as (witness, _), serving(witness) as url:
        port = urlsplit(url).port or 0
        with pytest.raises(OSError, match="in use"):
            WitnessServer(("127.0.0.1", port), witness, time.monotonic)
