"""Entries: one canonical form, equal to RFC 8785, and nothing that falls outside it."""

import base64
import datetime as dt
import hashlib
import json
from pathlib import Path
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
    commitment,
    format_moment,
    parse_canonical,
    parse_moment,
    stem,
)
from audit.errors import EntryError
from audit.kluis import Kluis
from audit.merkle import leaf_hash
from audit.prepare import fits, prepare, renew
from tests.audit.kluizen import Rows, a_kluis
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


@pytest.fixture(name="kluis", scope="module")
def open_kluis(tmp_path_factory: pytest.TempPathFactory) -> Kluis:
    """Give a vault."""
    return a_kluis(tmp_path_factory.mktemp("kluis"), Rows())


def with_members(changes: dict[str, Any]) -> Entry:
    """Return an entry with some members changed."""
    entry, _ = an_entry(1)
    members = {
        name: getattr(entry, name) for name in ("soort", "at", "kenmerk", "payload", "subject")
    }
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
    st.none() | st.text(st.characters(codec="utf-8"), min_size=1, max_size=8),
    JSON_VALUES,
)
def test_leaf_is_canonical(
    kluis: Kluis,
    soort: Soort,
    at: dt.datetime,
    beginning: str,
    subject: str | None,
    value: object,
) -> None:
    """A leaf is the RFC 8785 form of exactly its six members, and reads back."""
    kenmerk = f"{beginning}/{soort}"
    entry = Entry(soort=soort, at=at, kenmerk=kenmerk, payload={"inhoud": value}, subject=subject)

    made = prepare(entry, salt_of(1), kluis)

    payload = {"inhoud": value} | ({} if subject is None else {"sleutel": subject})
    digest = hashlib.sha256(salt_of(1) + rfc8785.dumps(payload)).digest()  # type: ignore[arg-type]
    members: dict[str, Any] = {
        "v": 2,
        "soort": soort.value,
        "op": at.strftime(f"{at.year:04d}-%m-%dT%H:%M:%S.%fZ"),
        "kenmerk": kenmerk,
        "merk": made.merk,
        "toezegging": base64.urlsafe_b64encode(digest).decode().rstrip("="),
    }
    leaf = Leaf.parse(made.data)
    assert made.data == rfc8785.dumps(members) == leaf.encode()
    assert made.hash == leaf_hash(made.data)
    assert parse_moment(leaf.op) == at
    assert subject is None or kluis.mark(subject, kenmerk)[0] == leaf.merk


def test_golden_leaf() -> None:
    """The leaf of a known entry never changes, or old logs could not be checked."""
    leaf = Leaf(
        kenmerk="v-7/1/voornemen",
        merk="AAECAwQFBgcICQoLDA0ODw",
        op="2026-11-20T09:00:07.000000Z",
        soort=Soort.VOORNEMEN,
        toezegging=commitment(salt_of(7), b'{"nummer":7}'),
    )

    assert leaf.encode().decode() == (
        '{"kenmerk":"v-7/1/voornemen","merk":"AAECAwQFBgcICQoLDA0ODw",'
        '"op":"2026-11-20T09:00:07.000000Z","soort":"voornemen",'
        '"toezegging":"4ji2Y_NhP5UPN_QlEFP6dhCO8OunZQ8_TZyw-X6zTC8","v":2}'
    )
    assert Leaf.parse(leaf.encode()) == leaf


def test_leaf_does_not_tell_whether_there_is_a_subject(kluis: Kluis) -> None:
    """Leaves with and without a subject have the same form and length."""
    entry = with_members({})
    made = [
        prepare(with_members({"subject": subject}), salt_of(1), kluis).data
        for subject in (None, "p-1", "p-2")
    ]

    assert {len(data) for data in made} == {len(prepare(entry, salt_of(2), kluis).data)}
    assert not any(b"p-1" in data or b"p-2" in data for data in made)


def test_subject_stands_in_the_payload(kluis: Kluis) -> None:
    """The payload of an entry about a subject names that subject, and no other."""
    one = prepare(with_members({"subject": "p-1", "payload": {}}), salt_of(1), kluis)
    two = with_members({"subject": "p-1", "payload": {"sleutel": "p-1"}})

    assert one.payload == prepare(two, salt_of(1), kluis).payload == b'{"sleutel":"p-1"}'
    assert kluis.token("sleutel", "p-1") in one.words
    for subject in ("p-2", None):
        with pytest.raises(EntryError, match="andere betrokkene"):
            prepare(
                with_members({"subject": subject, "payload": {"sleutel": "p-1"}}),
                salt_of(1),
                kluis,
            )
    with pytest.raises(EntryError, match="leeg"):
        prepare(with_members({"subject": ""}), salt_of(1), kluis)


def test_entry_is_sealed_with_the_key_of_its_subject_and_month(kluis: Kluis) -> None:
    """What was prepared opens again, and brings along the keys that may not be stored yet."""
    made = prepare(with_members({"subject": "p-1"}), salt_of(1), kluis)
    keys = {row.id: row for row in made.keys}

    assert kluis.unseal(keys[made.sleutel], made.zegel, made.kenmerk) == (salt_of(1), made.payload)
    assert sorted((row.onderwerp, row.maand) for row in made.keys) == [
        (kluis.tag("p-1"), ""),
        (kluis.tag("p-1"), "2026-11"),
    ]


def test_entry_can_be_sealed_anew(tmp_path: Path) -> None:
    """When keys have passed or the month changes, an entry gets new ones; its promise stays."""
    kluis = a_kluis(tmp_path, Rows())
    made = prepare(with_members({"subject": "p-1"}), salt_of(1), kluis)
    old, op = made.sleutel, "2026-12-01T00:00:00.000000Z"
    toezegging, merk = made.toezegging, made.merk
    assert fits(made, made.op, 1)
    assert not fits(made, op, 1)
    assert not fits(made, made.op, 2)

    kluis.turn_to(kluis.keks.make(bytes(32)))
    renew(made, op, kluis)

    leaf = Leaf.parse(made.data)
    assert (leaf.op, leaf.toezegging, made.hash) == (op, toezegging, leaf_hash(made.data))
    assert (leaf.merk != merk, made.sleutel != old, fits(made, op, 2)) == (True, True, True)
    keys = {row.id: row for row in made.keys}
    assert {row.epoch for row in made.keys} == {2}
    assert kluis.unseal(keys[made.sleutel], made.zegel, made.kenmerk) == (salt_of(1), made.payload)


def test_moment_is_written_in_utc() -> None:
    """A moment with another offset is the same moment in UTC, with microseconds."""
    zone = dt.timezone(dt.timedelta(hours=1))

    assert format_moment(dt.datetime(2026, 11, 20, 10, 0, 0, 5, tzinfo=zone)) == (
        "2026-11-20T09:00:00.000005Z"
    )


def test_payload_stays_out_of_the_leaf(kluis: Kluis) -> None:
    """Neither the leaf nor any text of an entry tells what its payload says."""
    entry = with_members({"payload": {"vrager": "gemeente-geheim"}, "subject": "p-geheim"})
    made = prepare(entry, salt_of(1), kluis)

    assert b"geheim" not in made.data + made.zegel
    assert "geheim" not in repr(entry) + repr(made)


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
def test_unfit_entry_is_refused(kluis: Kluis, changes: dict[str, Any], match: str) -> None:
    """Whatever has no canonical form is refused before anything is written."""
    with pytest.raises(EntryError, match=match):
        prepare(with_members(changes), salt_of(1), kluis)


def test_deep_payload_is_refused() -> None:
    """Nesting has an end, so that no entry can break a reader."""
    value: object = "diep"
    for _ in range(16):
        value = [value]

    with pytest.raises(EntryError, match="diep genest"):
        canonical({"a": value})


@pytest.mark.parametrize("size", [0, 15, 17])
def test_salt_has_one_size(kluis: Kluis, size: int) -> None:
    """A salt of any other size is refused."""
    with pytest.raises(EntryError, match="zout"):
        prepare(with_members({}), bytes(size), kluis)


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


GOOD = (
    Leaf(
        kenmerk="v-7/toetsing",
        merk="A" * 22,
        op="2026-11-20T09:00:07.000000Z",
        soort=Soort.TOETSING,
        toezegging="A" * 43,
    )
    .encode()
    .decode()
)


@pytest.mark.parametrize(
    "data",
    [
        "",
        GOOD + "\n",
        GOOD.replace(":2}", ":1}"),
        GOOD.replace('"AAA', '"AA'),
        GOOD.replace('A"', 'B"'),
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
