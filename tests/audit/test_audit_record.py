"""Recording from an event loop: one call wakes all, and whoever goes away takes nothing along."""

import asyncio
from pathlib import Path

import pytest

from audit.errors import ClockError, DuplicateError, LogClosedError, LogPoisonedError
from audit.groups import Group, deliver
from audit.receipt import verify_receipt
from audit.writer import Options
from tests.audit.logs import SIGNER, an_entry, findings, open_log
from tests.audit.test_audit_faults import Fault, FaultyDisk
from tests.audit.test_audit_log import Gate


async def test_many_coroutines_record_side_by_side(tmp_path: Path) -> None:
    """Each coroutine gets the receipt of its own line, and each receipt proves."""
    with open_log(tmp_path / "log") as log:

        async def produce(maker: int) -> list[int]:
            found = []
            for number in range(20):
                entry, salt = an_entry(0, maker=maker)
                entry.kenmerk = f"m-{maker}-{number}"
                (receipt,) = await log.record([(entry, salt)])
                proven = verify_receipt(receipt.text(), SIGNER.vkey)
                assert log.entry(proven.index).kenmerk == entry.kenmerk
                found.append(proven.index)
            return found

        indexes = await asyncio.gather(*(produce(maker) for maker in range(8)))

    assert sorted(index for each in indexes for index in each) == list(range(160))
    assert findings(tmp_path / "log") == []


async def test_refusal_reaches_who_waits(tmp_path: Path) -> None:
    """A refused entry raises where it is awaited, and takes nobody else down."""
    with open_log(tmp_path / "log") as log:
        await log.record([an_entry(100)])
        outcomes = await asyncio.gather(
            log.record([an_entry(1)]),
            log.record([an_entry(100, anders=True)]),
            log.record([an_entry(101), an_entry(102)]),
            return_exceptions=True,
        )

        assert [type(each) for each in outcomes] == [ClockError, DuplicateError, tuple]
    with pytest.raises(LogClosedError):
        await log.record([an_entry(103)])


async def test_who_was_cancelled_in_time_leaves_no_line(tmp_path: Path) -> None:
    """A task that is cancelled leaves no line while its entry waits; later it does."""
    gate = Gate()
    with open_log(tmp_path / "log", Options(disk=gate)) as log:
        gate.shut()
        first = asyncio.create_task(log.record([an_entry(0)]))
        await asyncio.to_thread(gate.reached.wait, 10)
        second = asyncio.create_task(log.record([an_entry(1)]))
        await asyncio.sleep(0)
        first.cancel()
        second.cancel()
        gate.opened.set()

        assert await asyncio.gather(first, second, return_exceptions=True)
        assert (await log.record([an_entry(2)]))[0].index == 1
        assert log.entry(0).kenmerk == "v-0/toetsing"
    assert findings(tmp_path / "log") == []


async def test_failure_reaches_who_waits(tmp_path: Path) -> None:
    """When a commit fails, who waits on a loop is refused too, and who comes later."""
    fault = Fault()
    log = open_log(tmp_path / "log", Options(disk=FaultyDisk(fault)))
    fault.armed, fault.failing = True, "COMMIT"

    for _ in range(2):
        with pytest.raises(LogPoisonedError, match="gestopt"):
            await log.record([an_entry(0)])
    log.close()


def test_closed_loop_holds_nobody_up() -> None:
    """Who waits on a loop that was closed meanwhile is forgotten, and the others are told."""
    loop = asyncio.new_event_loop()
    gone = Group((), loop.create_future())
    loop.close()

    async def other() -> str:
        here = Group((), asyncio.get_running_loop().create_future())
        deliver([(gone, "bewijs"), (here, "bewijs")])
        found: str = await here.future  # type: ignore[misc]
        return found

    assert asyncio.run(other()) == "bewijs"
