"""Shredding: what is destroyed is gone, also from old copies, and every proof still holds."""

import contextlib
import datetime as dt
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from audit.disk import Disk
from audit.entry import Entry, Soort
from audit.errors import (
    AuditError,
    DuplicateError,
    LogOpenError,
    LogPoisonedError,
)
from audit.kek import Keks
from audit.ledger.sqlite import SqliteReader
from audit.log import Log
from audit.merkle import check_consistency
from audit.note import open_checkpoint
from audit.reading import Query
from audit.receipt import verify_receipt
from audit.shred import Shredding
from audit.writer import Options
from tests.audit.logs import (
    SIGNER,
    START,
    copy_log,
    files,
    findings,
    open_log,
    run_sql,
    salt_of,
    vault_of,
)
from tests.audit.test_audit_faults import Fault, FaultyDisk

COUNT = 60
DECEMBER = dt.datetime(2026, 12, 1, 8, 0, tzinfo=dt.UTC)
SUBJECTS = ["p-1", "p-2", None]


def line(number: int) -> tuple[Entry, bytes]:
    """Return line `number`: the first half in November, the rest in December."""
    begin = START if number < COUNT // 2 else DECEMBER
    entry = Entry(
        soort=Soort.TOETSING,
        at=begin + dt.timedelta(seconds=number),
        kenmerk=f"t-{number}/toetsing",
        payload={"zaak": f"z-{number % 2}", "nummer": number},
        subject=SUBJECTS[number % 3],
    )
    return entry, salt_of(number)


def order(subject: str | None = None, month: str | None = None, **more: object) -> Shredding:
    """Return the order to destroy something."""
    members: dict[str, Any] = {
        "soort": Soort.VERNIETIGING,
        "at": DECEMBER + dt.timedelta(days=1),
        "kenmerk": "x-1/vernietiging",
        "payload": {"wat": "bewaartermijn", "gebruiker": "g-1"},
        **more,
    }
    return Shredding(entry=Entry(**members), salt=salt_of(999), subject=subject, month=month)


@pytest.fixture(name="template", scope="module")
def make_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the log in which something is destroyed, once."""
    directory = tmp_path_factory.mktemp("shred") / "log"
    with open_log(directory) as log:
        for first in range(0, COUNT, 20):
            log.append_many([line(number) for number in range(first, first + 20)]).result()
    return directory


@pytest.fixture(name="directory")
def copy_template(template: Path, tmp_path: Path) -> Path:
    """Give a fresh copy of the log."""
    return copy_log(template, tmp_path / "log")


def told(log: Log, count: int = COUNT) -> list[int]:
    """Return which of the lines still have their payload."""
    return [each.index for each in log.entries(0, count) if each.payload is not None]


CASES: dict[str, tuple[dict[str, Any], Callable[[int], bool], dict[str, int]]] = {
    "a subject": (
        {"subject": "p-1"},
        lambda number: number % 3 == 0,
        # K_subject, and a key for each of two months.
        {"regels": 20, "sleutels": 3, "zonder_inhoud": 20},
    ),
    "a month": (
        {"month": "2026-11"},
        lambda number: number < COUNT // 2,
        {"regels": 30, "sleutels": 3, "zonder_inhoud": 30},
    ),
    "nobody": (
        {"subject": "p-9"},
        lambda _: False,
        {"regels": 0, "sleutels": 0, "zonder_inhoud": 0},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_destroyed_is_gone_and_the_rest_stays(directory: Path, case: str) -> None:
    """Payload, keys and words go together with an entry; proofs, lines and the rest stay."""
    what, doomed, counts = CASES[case]
    kept = [number for number in range(COUNT) if not doomed(number)]
    with open_log(directory) as log:
        before = [each.leaf for each in log.entries(0, COUNT)]
        old = open_checkpoint(log.checkpoint(), SIGNER.vkey)
        receipt = log.shred(order(**what)).result()
        new = open_checkpoint(log.checkpoint(), SIGNER.vkey)

        verify_receipt(receipt.text(), SIGNER.vkey)
        entry = log.entry(COUNT)
        assert (entry.soort, entry.payload) == (
            Soort.VERNIETIGING,
            {"wat": "bewaartermijn", "gebruiker": "g-1", **counts},
        )
        assert told(log) == kept
        assert [each.leaf for each in log.entries(0, COUNT)] == before
        check_consistency(
            old.size, new.size, old.root, new.root, log.consistency(old.size, new.size)
        )
        for number in (0, COUNT - 1):
            verify_receipt(log.receipt(number).text(), SIGNER.vkey)
        for zaak in (0, 1):
            found = log.search(Query(zaak=f"z-{zaak}"), None, COUNT)
            assert [each.index for each in found] == [n for n in kept if n % 2 == zaak]
    assert findings(directory) == []
    with open_log(directory) as log:
        assert told(log) == kept


@pytest.mark.parametrize("case", CASES)
def test_nothing_of_it_is_left_in_the_database(directory: Path, case: str) -> None:
    """No zegel, no key and no word of a destroyed line is left, and one KEK of a new epoch."""
    what, doomed, _ = CASES[case]
    with open_log(directory) as log:
        log.shred(order(**what)).result()
    with closing(sqlite3.connect(directory / "log.sqlite")) as connection:
        sealed = {row[0] for row in connection.execute("SELECT seq FROM regel WHERE zegel NOTNULL")}
        worded = {row[0] for row in connection.execute("SELECT seq FROM trefwoord")}
        epochs = {row[0] for row in connection.execute("SELECT epoch FROM sleutel")}

    kept = {number for number in range(COUNT) if not doomed(number)}
    assert sealed == kept | {COUNT}
    assert worded == kept | {COUNT}
    assert epochs == {2}
    assert [path.name for path in vault_of(directory).iterdir()] == ["2.key"]


@pytest.mark.parametrize("case", CASES)
def test_old_copy_of_the_database_brings_nothing_back(directory: Path, case: str) -> None:
    """With an old copy of database and checkpoint put back, no key of then can be unwrapped."""
    old = files(directory)
    with open_log(directory) as log:
        log.shred(order(**CASES[case][0])).result()
    for name, content in old.items():
        (directory / name).write_bytes(content)

    with pytest.raises(LogOpenError, match="sleutel van de kluis"):
        open_log(directory)
    with closing(SqliteReader.open(Disk(), directory)) as reader:
        keys = reader.keys(None, None)
        keks = Keks.open(vault_of(directory), Disk())
        assert len(keys) > 1
        assert [keks.unwrap(key) for key in keys] == [None] * len(keys)


def test_old_copy_of_the_keys_table_brings_nothing_back(directory: Path, tmp_path: Path) -> None:
    """Old rows of keys beside the new ones do not open what was destroyed, and break nothing."""
    copy = copy_log(directory, tmp_path / "oud")
    with closing(SqliteReader.open(Disk(), copy)) as reader:
        old = reader.keys(None, None)
    with open_log(directory) as log:
        log.shred(order(subject="p-1")).result()
    with closing(sqlite3.connect(directory / "log.sqlite")) as connection:
        connection.executemany("INSERT OR IGNORE INTO sleutel VALUES (?, ?, ?, ?, ?)", old)
        connection.commit()

    with open_log(directory) as log:
        assert [each.index for each in log.entries(0, COUNT) if each.payload is None] == [
            number for number in range(COUNT) if number % 3 == 0
        ]
        entry, salt = line(COUNT)
        entry.at = DECEMBER + dt.timedelta(days=2)
        assert log.append(entry, salt).result().index == COUNT + 1
        assert log.entry(COUNT + 1).payload is not None


def test_commitment_cannot_be_guessed_back(directory: Path) -> None:
    """The salt goes with the payload, so even who knows what it said cannot show it."""
    with open_log(directory) as log:
        log.shred(order(subject="p-1")).result()
        gone = log.entry(0)

    assert (gone.payload, gone.salt) == (None, None)
    assert salt_of(0) not in b"".join(files(directory).values())


def test_life_goes_on_after_shredding(directory: Path) -> None:
    """A subject that was destroyed may come back: with new keys, and marks that do not link."""
    with open_log(directory) as log:
        before = log.kluis.subject_keys("p-1")
        log.shred(order(subject="p-1")).result()
        assert log.kluis.subject_keys("p-1") == []
        entry, salt = line(COUNT)
        entry.at = DECEMBER + dt.timedelta(days=2)
        index = log.append(entry, salt).result().index

        assert log.entry(index).payload == {"zaak": "z-0", "nummer": COUNT, "sleutel": "p-1"}
        assert [each.index for each in log.search(Query(subject="p-1"))] == [index]
        assert len(log.kluis.subject_keys("p-1")) == 1
        assert not set(before) & set(log.kluis.subject_keys("p-1"))
    assert findings(directory) == []


def test_the_month_of_today_can_be_destroyed_twice(directory: Path) -> None:
    """Destroying the month that runs leaves room for its own entry, and for a next time."""
    with open_log(directory) as log:
        log.shred(order(month="2026-12")).result()
        assert log.entry(COUNT).payload is not None
        again = order(
            month="2026-12", kenmerk="x-2/vernietiging", at=DECEMBER + dt.timedelta(days=3)
        )
        log.shred(again).result()

        assert log.entry(COUNT).payload is None
        assert (log.entry(COUNT + 1).payload or {})["regels"] == 1
        assert told(log) == list(range(COUNT // 2))
    assert findings(directory) == []


def test_what_waits_meanwhile_is_sealed_anew(tmp_path: Path) -> None:
    """An entry that was prepared before a shredding and written after it can be read."""
    directory = tmp_path / "log"
    with open_log(directory) as log:
        log.append(*line(0)).result()
        waiting = [log.shred(order(subject="p-1", at=line(0)[0].at))]
        waiting += [log.append(*line(number)) for number in range(1, 30)]
        indexes = [future.result().index for future in waiting]

        assert indexes == list(range(1, 31))
        assert log.entry(0).payload is None
        assert [(each.payload or {})["nummer"] for each in log.entries(2, 30)] == [*range(1, 30)]
    assert findings(directory) == []


def test_same_order_again_is_done_once(directory: Path) -> None:
    """The same order gives its earlier receipt; another one under its kenmerk is refused."""
    with open_log(directory) as log:
        first = log.shred(order(subject="p-1")).result()
        assert log.shred(order(subject="p-1")).result() == first
        with pytest.raises(DuplicateError):
            log.shred(order(subject="p-1", payload={"wat": "anders"})).result()
        assert log.append(*line(COUNT + 2)).exception() is not None
        assert told(log, COUNT + 5)[-1] == COUNT


@pytest.mark.parametrize(
    ("what", "match"),
    [
        ({}, "Noem de betrokkene of de maand"),
        ({"subject": "p-1", "month": "2026-11"}, "Noem de betrokkene of de maand"),
        ({"subject": ""}, "Noem de betrokkene of de maand"),
        ({"month": "2026-13"}, "vorm jjjj-mm"),
        ({"month": "index"}, "vorm jjjj-mm"),
        ({"subject": "p-1", "soort": Soort.WIJZIGING}, "eigen soort"),
        ({"month": "2026-11", "payload": {"regels": 3}}, "al wat hier wordt geteld"),
        ({"month": "2026-11", "payload": {"sleutel": "p-1"}}, "al wat hier wordt geteld"),
        ({"month": "2026-11", "payload": {"x": None}}, "iets anders"),
        ({"month": "2026-11", "kenmerk": "é"}, "kenmerk"),
    ],
)
def test_unclear_order_destroys_nothing(directory: Path, what: dict[str, Any], match: str) -> None:
    """What is not told precisely is not destroyed."""
    with open_log(directory) as log:
        with pytest.raises(AuditError, match=match):
            log.shred(order(**what))
        assert told(log) == list(range(COUNT))


def test_refused_order_destroys_nothing(directory: Path) -> None:
    """An order of before the last line, or that meets a forged key, is undone whole."""
    with open_log(directory) as log:
        with pytest.raises(AuditError, match="klok"):
            log.shred(order(subject="p-1", at=START)).result()
        other = f"onderwerp = x'{log.kluis.tag('p-2').hex()}'"
        run_sql(directory, f"UPDATE sleutel SET verpakt = zeroblob(60) WHERE {other}")  # noqa: S608
        with pytest.raises(AuditError, match="niet echt"):
            log.shred(order(subject="p-1")).result()

        assert log.trouble is None
        assert log.entry(0).payload is not None
        assert log.append(*line(COUNT)).result().index == COUNT


@contextlib.contextmanager
def attempt(directory: Path, fault: Fault) -> Iterator[Log]:
    """Open the log on a disk that fails once things are destroyed."""
    log = open_log(directory, Options(disk=FaultyDisk(fault), publish_every=3600))
    fault.armed = True
    yield log
    with contextlib.suppress(LogPoisonedError):
        log.close()
    fault.armed = False


def test_every_fault_while_shredding(template: Path, tmp_path: Path) -> None:
    """Whichever step fails, before or after its effect, all is destroyed or nothing is.

    The next opening works with what is there, and the same order then brings it to its end.
    """
    counting = Fault()
    with attempt(copy_log(template, tmp_path / "telling"), counting) as log:
        log.shred(order(subject="p-1")).result()
    assert {"COMMIT", "write", "replace", "wipe", "sync"} <= set(counting.names)
    outcomes = set()
    for number in range(len(counting.names)):
        for after in (False, True):
            directory = copy_log(template, tmp_path / f"log-{number}-{after}")
            fault = Fault(number, after=after)
            with attempt(directory, fault) as log, contextlib.suppress(LogPoisonedError):
                log.shred(order(subject="p-1")).result()
            place = (counting.names[number], after)

            assert fault.hit, place
            with open_log(directory) as log:
                left = told(log)
                outcomes.add(len(left))
                assert left in (list(range(COUNT)), [n for n in range(COUNT) if n % 3]), place
                assert len(list(vault_of(directory).glob("*.key"))) <= 2, place
                log.shred(order(subject="p-1")).result()
                assert told(log) == [n for n in range(COUNT) if n % 3], place
            assert findings(directory) == [], place
            names = [path.name for path in vault_of(directory).iterdir()]
            assert len(names) == 1, place
            shutil.rmtree(directory)
    assert outcomes == {COUNT, COUNT // 3 * 2}
