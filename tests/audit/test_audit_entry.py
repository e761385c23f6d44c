"""Entries: one canonical form, equal to RFC 8785, and nothing that falls outside it."""

import base64
import datetime as dt
import hashlib
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from audit.entry import (
    MAX_INT,
    Entry,
    Leaf,
    Soort,
    canonical,
    format_moment,
    parse_canonical,
    parse_moment,
    prepare,
    stem,
)
from audit.errors import EntryError
from audit.merkle import leaf_hash
from tests.audit.logs import START, an_entry, salt_of

JSON_VALUES = st.recursive(
    st.booleans()
    | st.integers(-MAX_INT, MAX_INT)
    | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="ascii"), max_size=8), children, max_size=4)
    ),
    max_leaves=12,
)


def with_members(changes: dict[str, Any]) -> Entry:
    """Return an entry with some members changed."""
    entry, _ = an_entry(1)
    members = {name: getattr(entry, name) for name in ("soort", "at", "kenmerk", "payload")}
    return Entry(**(members | changes))


@given(st.dictionaries(st.text(st.characters(codec="ascii"), max_size=8), JSON_VALUES, max_size=5))
def test_canonical_equals_rfc_8785(value: dict[str, Any]) -> None:
    """Our canonical bytes are those of the reference implementation, and read back."""
    data = canonical(value)

    assert data == rfc8785.dumps(value)
    assert parse_canonical(data) == value


@given(
    st.sampled_from(Soort),
    st.datetimes(timezones=st.just(dt.UTC)),
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:/~-]{0,60}", fullmatch=True),
    JSON_VALUES,
)
def test_leaf_is_canonical(soort: Soort, at: dt.datetime, beginning: str, value: object) -> None:
    """A leaf is the RFC 8785 form of exactly its five members, and reads back."""
    payload = {"inhoud": value}
    kenmerk = f"{beginning}/{soort}"

    made = prepare(Entry(soort=soort, at=at, kenmerk=kenmerk, payload=payload), salt_of(1))

    digest = hashlib.sha256(salt_of(1) + rfc8785.dumps(payload)).digest()  # type: ignore[arg-type]
    members: dict[str, Any] = {
        "v": 1,
        "soort": soort.value,
        "op": at.strftime(f"{at.year:04d}-%m-%dT%H:%M:%S.%fZ"),
        "kenmerk": kenmerk,
        "toezegging": base64.urlsafe_b64encode(digest).decode().rstrip("="),
    }
    assert made.data == rfc8785.dumps(members)
    assert made.hash == leaf_hash(made.data)
    assert Leaf.parse(made.data) == made.leaf
    assert parse_moment(made.leaf.op) == at


def test_golden_leaf() -> None:
    """The leaf of a known entry never changes, or old logs could not be checked."""
    entry, salt = an_entry(7)

    assert prepare(entry, salt).data.decode() == (
        '{"kenmerk":"v-7/toetsing","op":"2026-11-20T09:00:07.000000Z","soort":"toetsing",'
        '"toezegging":"4ji2Y_NhP5UPN_QlEFP6dhCO8OunZQ8_TZyw-X6zTC8","v":1}'
    )


def test_moment_is_written_in_utc() -> None:
    """A moment with another offset is the same moment in UTC, with microseconds."""
    zone = dt.timezone(dt.timedelta(hours=1))

    assert format_moment(dt.datetime(2026, 11, 20, 10, 0, 0, 5, tzinfo=zone)) == (
        "2026-11-20T09:00:00.000005Z"
    )


def test_payload_stays_out_of_the_leaf() -> None:
    """Neither the leaf nor any text of an entry tells what its payload says."""
    entry = with_members({"payload": {"vrager": "gemeente-geheim"}})
    made = prepare(entry, salt_of(1))

    assert b"geheim" not in made.data
    assert "geheim" not in repr(entry)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"kenmerk": ""}, "kenmerk"),
        ({"kenmerk": "v 1"}, "kenmerk"),
        ({"kenmerk": "v-1\n"}, "kenmerk"),
        ({"kenmerk": "é"}, "kenmerk"),
        ({"kenmerk": "v" * 201}, "kenmerk"),
        ({"kenmerk": "v-1", "soort": Soort.VOORNEMEN}, "eindigt op /voornemen"),
        ({"kenmerk": "/verstrekking", "soort": Soort.VERSTREKKING}, "kenmerk"),
        ({"at": START.replace(tzinfo=None)}, "tijdzone"),
        ({"payload": {"a": 1.5}}, "iets anders"),
        ({"payload": {"a": None}}, "iets anders"),
        ({"payload": {"a": b""}}, "iets anders"),
        ({"payload": {"a": 2**53}}, "te groot getal"),
        ({"payload": {"a": [-(2**53)]}}, "te groot getal"),
        ({"payload": {"é": 1}}, "ASCII"),
        ({"payload": {"a": {1: 2}}}, "ASCII"),
        ({"payload": {"a": "\ud800"}}, "UTF-8"),
        ({"payload": {"a": "x" * 65_536}}, "groter"),
    ],
)
def test_unfit_entry_is_refused(changes: dict[str, Any], match: str) -> None:
    """Whatever has no canonical form is refused before anything is written."""
    with pytest.raises(EntryError, match=match):
        prepare(with_members(changes), salt_of(1))


def test_deep_payload_is_refused() -> None:
    """Nesting has an end, so that no entry can break a reader."""
    value: object = "diep"
    for _ in range(16):
        value = [value]

    with pytest.raises(EntryError, match="diep genest"):
        canonical({"a": value})


@pytest.mark.parametrize("size", [0, 15, 17])
def test_salt_has_one_size(size: int) -> None:
    """A salt of any other size is refused."""
    with pytest.raises(EntryError, match="zout"):
        prepare(with_members({}), bytes(size))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{",
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b'{"a": 1}',
        b'{"a":1.0}',
        b'{"a":NaN}',
        b'{"a":"\\u0041"}',
        b'{"a":"\xff"}',
        b'{"a":null}',
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' + b"9" * 5000 + b"}",
    ],
)
def test_other_spelling_is_not_canonical(data: bytes) -> None:
    """JSON that merely means the same, or is no JSON of ours, is refused."""
    with pytest.raises(EntryError):
        parse_canonical(data)


GOOD = prepare(*an_entry(7)).data.decode()


@pytest.mark.parametrize(
    "data",
    [
        "",
        GOOD + "\n",
        GOOD.replace(":1}", ":2}"),
        GOOD.replace(':"v-7', ': "v-7'),
        GOOD.replace("-20T", "-31T"),
        GOOD.replace('"soort":"toetsing"', '"soort":"iets"'),
        GOOD.replace("07.000000Z", "07.000Z"),
        json.dumps(json.loads(GOOD)),
    ],
)
def test_malformed_leaf_is_refused(data: str) -> None:
    """A leaf in any other form is no leaf."""
    with pytest.raises(EntryError):
        Leaf.parse(data.encode())


def test_stem_joins_what_belongs_together() -> None:
    """Voornemen and verstrekking of one question share the beginning of their kenmerk."""
    assert stem(Soort.VOORNEMEN, "v-1/voornemen") == stem(Soort.VERSTREKKING, "v-1/verstrekking")
    assert stem(Soort.VOORNEMEN, "v-1/verstrekking") is None
