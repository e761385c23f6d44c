"""What a server can do wrong: whatever it is, there is no verdict."""

import asyncio
import os
import signal
import subprocess
import time
from typing import Final

import orjson
import pytest

from broker.decision.decide import Decider
from broker.decision.opa.local import LocalOpa
from broker.decision.opa.server import OpaServer
from broker.decision.regelset import Regelset
from broker.domain import invoer
from broker.errors import DecisionError
from tests.decision.gevallen import bases
from tests.opa.conftest import Behaviour, crooked, reply, says, waits

SECONDS: Final = 2.0
DIGEST: Final = "sha256:0f"
FACTS: Final = {"stand": "1", "sleutel": "p-90ce"}
GOOD: Final = reply(orjson.dumps({"result": {"besluit": {"een": 1}, "digest": DIGEST}}))
UNCLEAR: Final[dict[str, bytes]] = {
    "undefined": reply(b"{}"),
    "null": reply(b'{"result":null}'),
    "no digest": reply(b'{"result":{"besluit":{"een":1}}}'),
    "no besluit": reply(b'{"result":{"digest":"sha256:0f"}}'),
    "another digest": reply(b'{"result":{"besluit":{"een":1},"digest":"sha256:1e"}}'),
    "digest of another type": reply(b'{"result":{"besluit":{"een":1},"digest":["sha256:0f"]}}'),
    "a list": reply(b"[]"),
    "text": reply(b'"toegewezen"'),
    "half a document": reply(b'{"result":{"besluit":'),
    "no JSON": reply(b"alles mag"),
    "no UTF-8": reply(b'{"result":"\xff\xfe"}'),
    "too deep": reply(b"[" * 200_000),
    "another content type": GOOD.replace(b"application/json", b"text/html"),
    "an error": reply(b'{"code":"internal_error","message":"p-90ce"}', "500 Internal Server Error"),
    "not there now": reply(b"{}", "503 Service Unavailable"),
    "not allowed": reply(b"{}", "401 Unauthorized"),
    "no HTTP": b"SSH-2.0-OpenSSH\r\n\r\n",
    "a body that ends early": GOOD[:-9],
}


async def asked_of(url: str) -> object:
    """Return what the rules with our digest say at this address."""
    async with OpaServer.open(url, SECONDS) as server:
        return await server.expecting(DIGEST).evaluate(FACTS)


async def test_clear_answer_is_passed_on() -> None:
    """With the digest that is expected the verdict is taken, in one question that is strict."""
    async with crooked(says(GOOD)) as (url, asked):
        assert await asked_of(url) == {"een": 1}

    assert len(asked) == 1
    assert asked[0].startswith(b"POST /v1/data/sluis/antwoord?strict-builtin-errors=true ")


@pytest.mark.parametrize("what", UNCLEAR)
async def test_unclear_answer_is_none(what: str) -> None:
    """An answer that is not clear is no verdict, is asked for once, and tells nothing of facts."""
    async with crooked(says(UNCLEAR[what])) as (url, asked):
        with pytest.raises(DecisionError) as told:
            await asked_of(url)

    assert "p-90ce" not in str(told.value)
    assert told.value.__suppress_context__ or told.value.__context__ is None
    assert len(asked) <= 2


async def test_closed_connection_is_tried_once_more() -> None:
    """A connection that is closed without a word is tried again, and only once."""
    async with crooked(says(b""), says(GOOD)) as (url, asked):
        assert await asked_of(url) == {"een": 1}
    async with crooked(says(b"")) as (url, never):
        with pytest.raises(DecisionError):
            await asked_of(url)

    assert (len(asked), len(never)) == (2, 2)


async def test_refusal_of_the_server_is_not_repeated() -> None:
    """An error that the server tells is its answer: it is not asked again."""
    async with crooked(says(UNCLEAR["an error"])) as (url, asked):
        with pytest.raises(DecisionError):
            await asked_of(url)

    assert len(asked) == 1


async def drip(writer: asyncio.StreamWriter) -> None:
    """Answer one byte at a time, without end."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{")
    for _ in range(1200):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("behaviour", [waits(60), drip], ids=["silent", "one byte at a time"])
async def test_slow_server_is_not_waited_for(behaviour: Behaviour) -> None:
    """At the deadline there is no verdict, whatever came by then."""
    async with crooked(behaviour) as (url, _):
        begin = time.monotonic()
        with pytest.raises(DecisionError):
            await asked_of(url)

    assert SECONDS * 0.9 < time.monotonic() - begin < 20


async def test_absent_server_gives_no_verdict() -> None:
    """Where nobody listens there is no verdict."""
    async with crooked(says(GOOD)) as (url, _):
        pass

    with pytest.raises(DecisionError, match="De OPA-server gaf geen antwoord"):
        await asked_of(url)


@pytest.mark.parametrize("status", ["302 Found", "307 Temporary Redirect"])
async def test_facts_go_nowhere_else(status: str) -> None:
    """A server that points elsewhere is not followed."""
    async with crooked(says(GOOD)) as (elsewhere, reached):
        pointing = reply(b"", status, f"Location: {elsewhere}/\r\n")
        async with crooked(says(pointing)) as (url, _):
            with pytest.raises(DecisionError):
                await asked_of(url)

    assert reached == []


async def test_real_server_answers_with_its_digest(opa: LocalOpa, regelset: Regelset) -> None:
    """A real OPA decides for the rules that it has, and not for others."""
    dossier = invoer.parse(bases()["hhk"])
    async with OpaServer.open(opa.url, 5) as server:
        ours = Decider.load(regelset, server=server.expecting(regelset.digest))
        other = Decider.load(regelset, server=server.expecting(DIGEST))
        besluit = await ours.beslis(dossier)
        with pytest.raises(DecisionError, match="andere regels"):
            await other.beslis(dossier)
        with pytest.raises(DecisionError, match="andere regels"):
            await other.motor()

        assert await ours.motor() == "opa"
        assert besluit == ours.decide(dossier)


async def version_at(url: str) -> str:
    """Return the version that the server at this address tells."""
    async with OpaServer.open(url, SECONDS) as server:
        return await server.version()


async def test_real_server_tells_its_version(opa: LocalOpa) -> None:
    """What a real OPA says of its version is what the program itself says."""
    command = ["opa", "version"]
    said = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: ASYNC221 - nothing else waits

    assert f"Version: {await version_at(opa.url)}\n" in said.stdout


@pytest.mark.parametrize(
    "said", [*UNCLEAR.values(), reply(b'{"result":{"version":"1.9.0 p-90ce"}}')]
)
async def test_version_that_is_not_told_is_unknown(said: bytes) -> None:
    """A server that tells no clear version has one that is not known; that is no failure."""
    async with crooked(says(said)) as (url, _):
        assert await version_at(url) == "onbekend"


async def test_real_server_is_strict(opa: LocalOpa, regelset: Regelset) -> None:
    """A fact of another type is an error there, and not a ground that is silently missed."""
    async with OpaServer.open(opa.url, 5) as server:
        ours = Decider.load(regelset, server=server.expecting(regelset.digest))
        facts = ours.facts(invoer.parse(bases()["hhk"]))
        facts["verzoek"]["categorieen"] = 7
        with pytest.raises(DecisionError):
            await server.expecting(regelset.digest).evaluate({"stand": "geen"})
        answer = await server.expecting(regelset.digest).evaluate(facts)

        assert isinstance(answer, dict)
        assert answer["uitkomst"] != "toegewezen"


async def test_killed_server_gives_no_verdict(mortal: LocalOpa, regelset: Regelset) -> None:
    """A real OPA that is killed while many questions are under way: each verdict whole, or none."""
    dossier = invoer.parse(bases()["hhk"])
    async with OpaServer.open(mortal.url, 5) as server:
        ours = Decider.load(regelset, server=server.expecting(regelset.digest))
        expected = await ours.beslis(dossier)
        under_way = [asyncio.create_task(ours.beslis(dossier)) for _ in range(60)]
        await under_way[0]
        mortal.process.kill()
        outcomes = await asyncio.gather(*under_way, return_exceptions=True)

    told = [o for o in outcomes if not isinstance(o, DecisionError)]
    assert all(besluit == expected for besluit in told)
    assert len(told) < len(outcomes)


async def test_frozen_server_is_not_waited_for(mortal: LocalOpa, regelset: Regelset) -> None:
    """A real OPA that stands still gives no verdict in time, and decides again when it goes on."""
    dossier = invoer.parse(bases()["hhk"])
    async with OpaServer.open(mortal.url, SECONDS) as server:
        ours = Decider.load(regelset, server=server.expecting(regelset.digest))
        os.kill(mortal.process.pid, signal.SIGSTOP)
        with pytest.raises(DecisionError):
            await ours.beslis(dossier)
        os.kill(mortal.process.pid, signal.SIGCONT)
        besluit = await ours.beslis(dossier)

    assert besluit == ours.decide(dossier)
