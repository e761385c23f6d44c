"""The load generator, a process of its own: `python -m bench.load` reads one job and answers.

Every client holds one connection and sends its next request when its last answer is in. The
answers are read on the bare socket, the same way for broker and proxy, and each is checked.
"""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter, perf_counter_ns
from typing import Any, Final

import orjson
import uvloop

_LENGTH: Final = b"\r\ncontent-length: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to ask of whom, how often."""

    host: str
    port: int
    path: str
    headers: Mapping[str, str]
    body: str
    status: int
    """Every answer must have this status."""
    marks: tuple[str, ...]
    """And hold these texts, so that no error counts as an answer."""
    clients: int
    each: int
    """Requests of each client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of a job: the nanoseconds of each answer, and the seconds of all together."""

    nanoseconds: list[int]
    seconds: float


async def run(job: Job) -> Run:
    """Do the job.

    Raises:
        RuntimeError: An answer was not what it must be.
    """
    request = _request(job)
    wanted = tuple(mark.encode() for mark in job.marks)
    links = [await asyncio.open_connection(job.host, job.port) for _ in range(job.clients)]
    times: list[int] = []

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(job.each):
            began = perf_counter_ns()
            writer.write(request)
            head, body = await _answer(reader)
            times.append(perf_counter_ns() - began)
            if not head.startswith(b"HTTP/1.1 %d " % job.status) or any(
                mark not in body for mark in wanted
            ):
                raise RuntimeError(f"not the answer that was meant: {head[:60]!r}")

    began = perf_counter()
    try:
        await asyncio.gather(*(client(*link) for link in links))
        return Run(nanoseconds=times, seconds=perf_counter() - began)
    finally:
        for _, writer in links:
            writer.close()


def _request(job: Job) -> bytes:
    body = job.body.encode()
    lines = [
        f"POST {job.path} HTTP/1.1",
        f"Host: {job.host}:{job.port}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in job.headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    lower = head.lower()
    place = lower.index(_LENGTH) + len(_LENGTH)
    length = int(lower[place : lower.index(b"\r", place)])
    return head, await reader.readexactly(length)


def main() -> None:
    """Read a job from standard input, do it, and write what came of it."""
    given: dict[str, Any] = orjson.loads(sys.stdin.buffer.read())
    sys.stdout.buffer.write(orjson.dumps(uvloop.run(run(Job(**given)))))


if __name__ == "__main__":
    main()
