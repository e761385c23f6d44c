"""Searching: lines are found by all that they say, page by page, and by nothing else."""

import datetime as dt
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.entry import Entry, Soort
from audit.errors import LogReadError
from audit.log import Log
from audit.reading import Query
from tests.audit.logs import START, open_log, run_sql, salt_of

SUBJECTS = [None, "p-1", "p-2", "p-3"]
ZAKEN = ["z-1", "z-2"]
BRONNEN = ["nla", "uwv", "politie"]
SOORTEN = [Soort.TOETSING, Soort.INZAGE, Soort.WIJZIGING]
COUNT = 240


def line(number: int) -> tuple[Entry, bytes]:
    """Return line `number`; what it says differs with each number, and repeats."""
    entry = Entry(
        soort=SOORTEN[number % 3],
        at=START + dt.timedelta(minutes=number // 2),
        kenmerk=f"s-{number}",
        payload={
            "zaak": ZAKEN[number % 2],
            "bron": BRONNEN[number // 2 % 3],
            "organisatie": "zaanstad-college",
            "gebruiker": f"g-{number % 7}",
            "uitkomst": "geweigerd" if number % 5 == 0 else "toegewezen",
            "gronden": ["fase", "doel"][: number % 3],
            "grondslag": "wgs-riec",
            "wat": "iets",
        },
        subject=SUBJECTS[number % 4],
    )
    return entry, salt_of(number)


@pytest.fixture(name="directory", scope="module")
def make_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the log that is searched, once."""
    directory = tmp_path_factory.mktemp("zoeken") / "log"
    with open_log(directory) as log:
        for first in range(0, COUNT, 40):
            log.append_many([line(number) for number in range(first, first + 40)]).result()
    return directory


@pytest.fixture(name="log", scope="module")
def open_it(directory: Path) -> Iterator[Log]:
    """Give the log that is searched, open."""
    with open_log(directory) as log:
        yield log


def says(number: int, query: dict[str, Any]) -> bool:
    """Tell by the plainest means whether a line says all that is asked."""
    entry, _ = line(number)
    told = {**entry.payload, "subject": entry.subject, "soort": entry.soort}
    grond = query.get("grond")
    return (
        all(told[name] == value for name, value in query.items() if name in told)
        and (grond is None or grond in entry.payload["gronden"])  # type: ignore[operator]
        and ("since" not in query or entry.at >= query["since"])
        and ("until" not in query or entry.at < query["until"])
    )


MOMENTS = st.integers(-10, COUNT).map(lambda m: START + dt.timedelta(minutes=m, seconds=30))
QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "subject": st.sampled_from(["p-1", "p-2", "p-9"]),
        "zaak": st.sampled_from(["z-1", "z-9"]),
        "grond": st.sampled_from(["fase", "doel", "anders"]),
        "gebruiker": st.sampled_from(["g-1", "g-2"]),
        "organisatie": st.sampled_from(["zaanstad-college", "nla"]),
        "bron": st.sampled_from(BRONNEN),
        "uitkomst": st.sampled_from(["geweigerd", "toegewezen"]),
        "grondslag": st.just("wgs-riec"),
        "wat": st.just("iets"),
        "soort": st.sampled_from(SOORTEN),
        "since": MOMENTS,
        "until": MOMENTS,
    },
)


@settings(max_examples=150)
@given(query=QUERIES, limit=st.integers(1, 50))
def test_pages_together_are_all_that_says_it(log: Log, query: dict[str, Any], limit: int) -> None:
    """Page after page gives, in order and once, exactly the lines that say all that is asked."""
    found: list[int] = []
    while page := log.search(Query(**query), found[-1] if found else None, limit):
        assert len(page) <= limit
        found += [each.index for each in page]

    assert found == [number for number in range(COUNT) if says(number, query)]


def test_search_goes_on_over_new_lines(log: Log) -> None:
    """What is recorded after a page is found by a next page."""
    seen = log.search(Query(zaak="z-1"), None, COUNT)[-1].index
    entry, salt = line(COUNT)
    receipt = log.append(entry, salt).result()

    assert [each.index for each in log.search(Query(zaak="z-1"), seen)] == [receipt.index]


def test_words_in_the_database_are_blinded(directory: Path) -> None:
    """No value, no name and no pseudonym can be read in the files of a log."""
    told = b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())

    for word in (b"z-1", b"politie", b"zaanstad", b"g-3", b"geweigerd", b"p-1", b"wgs-riec"):
        assert word not in told
    with closing(sqlite3.connect(directory / "log.sqlite")) as connection:
        low, high = connection.execute("SELECT min(token), max(token) FROM trefwoord").fetchone()
    assert 0 <= low < high < 2**63


def test_poisoned_word_finds_nothing_false(tmp_path: Path) -> None:
    """A row that leads to a line that does not say it, or to none at all, gives no hit."""
    directory = tmp_path / "log"
    with open_log(directory) as log:
        log.append_many([line(number) for number in range(8)]).result()
        token = log.kluis.token("zaak", "z-1")
        rows = ", ".join(f"({token}, {seq})" for seq in (1, 3, 99))
        run_sql(directory, f"INSERT INTO trefwoord VALUES {rows}")  # noqa: S608

        assert [each.index for each in log.search(Query(zaak="z-1"))] == [0, 2, 4, 6]


def test_line_that_was_meddled_with_is_no_hit(tmp_path: Path) -> None:
    """A line whose seal is broken says nothing, so it is not found by what it said."""
    directory = tmp_path / "log"
    with open_log(directory) as log:
        log.append_many([line(number) for number in range(8)]).result()
        run_sql(directory, "UPDATE regel SET zegel = zeroblob(80) WHERE seq = 2")

        assert [each.index for each in log.search(Query(zaak="z-1"))] == [0, 4, 6]


def test_line_that_is_gone_is_told(tmp_path: Path) -> None:
    """A search by time in a log with a gap says which line is gone."""
    directory = tmp_path / "log"
    with open_log(directory) as log:
        log.append_many([line(number) for number in range(8)]).result()
    with open_log(directory) as log:
        run_sql(directory, "DELETE FROM regel WHERE seq = 4")

        with pytest.raises(LogReadError, match="ontbreekt regel 4"):
            log.search(Query(since=START))
