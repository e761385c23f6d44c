"""The vault: what it seals opens with its keys only, and not at all once those are gone."""

import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.disk import Disk
from audit.entry import KeyRow
from audit.errors import VaultError
from audit.kek import ID_SIZE, KEY_SIZE, Keks
from audit.kluis import NOBODY, OF_SUBJECT, WORDS, Kluis, Mac, mark_of, words_of
from tests.audit.kluizen import Rows, a_kluis, chance

KENMERK = "v-1/1/voornemen"
PAYLOAD = (bytes(16), b'{"zaak":"z-1"}')


@pytest.fixture(name="rows")
def no_rows() -> Rows:
    """Give an empty ledger of keys."""
    return Rows()


@pytest.fixture(name="kluis")
def open_kluis(tmp_path: Path, rows: Rows) -> Kluis:
    """Give a vault of a new log."""
    return a_kluis(tmp_path / "kluis", rows)


def row_of(kluis: Kluis, subject: str | None, month: str) -> KeyRow:
    """Return the row of a key that was made just now."""
    (row,) = kluis.key(subject, month).fresh
    return row


def test_kek_files_are_for_their_owner(tmp_path: Path, rows: Rows) -> None:
    """A KEK is a file of 32 bytes with mode 600, in a folder for its owner alone."""
    a_kluis(tmp_path / "kluis", rows)

    path = tmp_path / "kluis" / "1.key"
    assert [p.name for p in (tmp_path / "kluis").iterdir()] == ["1.key"]
    assert (len(path.read_bytes()), stat.S_IMODE(path.stat().st_mode)) == (KEY_SIZE, 0o600)
    assert stat.S_IMODE((tmp_path / "kluis").stat().st_mode) == 0o700


@pytest.mark.parametrize(("content", "mode"), [(bytes(31), 0o600), (bytes(32), 0o640)])
def test_unfit_kek_is_refused(tmp_path: Path, content: bytes, mode: int) -> None:
    """A KEK of another length, or that others may read, is not used."""
    path = tmp_path / "1.key"
    path.write_bytes(content)
    path.chmod(mode)

    with pytest.raises(VaultError):
        Keks.open(tmp_path, Disk())


def test_vault_without_its_keys_does_not_open(tmp_path: Path, rows: Rows) -> None:
    """Without the KEK of the log, or without K_index, there is no vault."""
    keks = a_kluis(tmp_path / "kluis", rows).keks

    with pytest.raises(VaultError, match="ontbreekt"):
        Kluis(keks, rows.find, kek=2, random_bytes=chance())
    with pytest.raises(VaultError, match="zoeksleutel"):
        Kluis(keks, Rows().find, kek=1, random_bytes=chance())


@given(salt=st.binary(min_size=16, max_size=16), data=st.binary(max_size=600))
def test_what_was_sealed_opens(
    tmp_path_factory: pytest.TempPathFactory, salt: bytes, data: bytes
) -> None:
    """Salt and payload come back as they were, also after reopening."""
    folder, rows = tmp_path_factory.mktemp("kluis"), Rows()
    kluis = a_kluis(folder, rows)
    row = row_of(kluis, "p-1", "2026-11")
    zegel = kluis.seal(kluis.key("p-1", "2026-11"), KENMERK, (salt, data))

    assert kluis.unseal(row, zegel, KENMERK) == (salt, data)
    assert a_kluis(folder, rows).unseal(row, zegel, KENMERK) == (salt, data)
    assert data not in zegel or len(data) < 8


@given(place=st.integers(0, 200))
def test_no_bit_of_a_zegel_can_be_changed(
    tmp_path_factory: pytest.TempPathFactory, place: int
) -> None:
    """A zegel with one bit changed, or under another kenmerk, does not open."""
    kluis = a_kluis(tmp_path_factory.mktemp("kluis"), Rows())
    row = row_of(kluis, None, "2026-11")
    zegel = bytearray(kluis.seal(kluis.key(None, "2026-11"), KENMERK, PAYLOAD))
    with pytest.raises(VaultError, match="veranderd of beschadigd"):
        kluis.unseal(row, bytes(zegel), "v-1/2/voornemen")
    zegel[place % len(zegel)] ^= 1

    with pytest.raises(VaultError, match="veranderd of beschadigd"):
        kluis.unseal(row, bytes(zegel), KENMERK)


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row._replace(id=bytes(ID_SIZE)),
        lambda row: row._replace(onderwerp=NOBODY),
        lambda row: row._replace(maand="2026-12"),
        lambda row: row._replace(epoch=2),
        lambda row: row._replace(verpakt=bytes(60)),
        lambda row: row._replace(verpakt=b""),
    ],
    ids=["id", "onderwerp", "maand", "epoch", "verpakt", "leeg"],
)
def test_no_key_can_be_put_in_the_place_of_another(
    kluis: Kluis, change: Callable[[KeyRow], KeyRow]
) -> None:
    """A row of a key is bound to its id, subject, month and epoch."""
    kluis.keks.make(bytes(KEY_SIZE))
    row = row_of(kluis, "p-1", "2026-11")

    with pytest.raises(VaultError, match="niet echt"):
        kluis.keks.unwrap(change(row))
    assert kluis.keks.unwrap(row) is not None


def test_each_subject_and_month_has_its_own_key(kluis: Kluis, rows: Rows) -> None:
    """Keys are per subject and month; a key that is stored is found again, not made again."""
    wanted = [("p-1", "2026-11"), ("p-1", "2026-12"), ("p-2", "2026-11"), (None, "2026-11")]
    made = [row_of(kluis, *each) for each in wanted]
    rows.extend(made)

    assert len({row.id for row in made}) == len(made)
    assert {row.onderwerp for row in made} == {kluis.tag("p-1"), kluis.tag("p-2"), NOBODY}
    again = Kluis(kluis.keks, rows.find, kek=1, random_bytes=chance("anders"))
    found = [again.key(*each) for each in wanted]
    assert [(key.id, key.fresh) for key in found] == [(row.id, ()) for row in made]


def test_key_stays_fresh_until_it_is_stored(kluis: Kluis) -> None:
    """A key goes along with every line until its row is known to be on disk."""
    row = row_of(kluis, "p-1", "2026-11")
    assert kluis.key("p-1", "2026-11").fresh == (row,)

    kluis.stored([row._replace(id=bytes(ID_SIZE))])
    assert kluis.key("p-1", "2026-11").fresh == (row,)
    kluis.stored([row])
    assert kluis.key("p-1", "2026-11").fresh == ()


def test_destroyed_key_takes_its_payload_along(kluis: Kluis) -> None:
    """Without the row of a key, or without its KEK, a payload is gone, and that is no error."""
    row = row_of(kluis, "p-1", "2026-11")
    zegel = kluis.seal(kluis.key("p-1", "2026-11"), KENMERK, PAYLOAD)
    epoch = kluis.keks.make(bytes(KEY_SIZE))
    kept = kluis.rewrap(row, epoch)
    assert kept is not None

    kluis.keks.remove_before(epoch)
    kluis.turn_to(epoch)

    assert kluis.unseal(None, zegel, KENMERK) is None
    assert kluis.unseal(row, None, KENMERK) is None
    assert kluis.unseal(row, zegel, KENMERK) is None
    assert kluis.rewrap(row, epoch) is None
    assert kluis.unseal(kept, zegel, KENMERK) == PAYLOAD


def test_old_keks_leave_no_file(tmp_path: Path, kluis: Kluis) -> None:
    """Of a KEK that has passed nothing is left, also when its removal was cut short."""
    folder = tmp_path / "kluis"
    kluis.keks.make(b"2" * KEY_SIZE)
    (folder / ".1.key.old").write_bytes(b"1" * KEY_SIZE)

    kluis.keks.remove_before(2)

    assert [path.name for path in folder.iterdir()] == ["2.key"]
    assert not kluis.keks.has(1)


def test_kek_of_another_node_is_found(tmp_path: Path, kluis: Kluis) -> None:
    """A KEK that another node made is read when it is asked for; one that is nowhere is not."""
    other = Keks.open(tmp_path / "kluis", Disk())
    epoch = other.make(bytes(KEY_SIZE))

    assert kluis.keks.has(epoch)
    kluis.turn_to(epoch)
    with pytest.raises(VaultError, match="niet"):
        kluis.turn_to(epoch + 1)


def test_marks_are_known_to_who_has_the_key(kluis: Kluis, rows: Rows) -> None:
    """Marks of one subject all differ, and the key of that subject alone recognises them."""
    kenmerken = [f"v-{number}/1/voornemen" for number in range(20)]
    marks = [kluis.mark("p-1", kenmerk)[0] for kenmerk in kenmerken]
    rows.append(row_of(kluis, "p-1", OF_SUBJECT))
    rows.append(row_of(kluis, "p-2", OF_SUBJECT))
    own = [Mac(key) for key in kluis.subject_keys("p-1")]
    others = [Mac(key) for key in kluis.subject_keys("p-2")]

    assert len(set(marks)) == len(marks)
    assert [mark_of(own[0], kenmerk) for kenmerk in kenmerken] == marks
    assert not {mark_of(others[0], kenmerk) for kenmerk in kenmerken} & set(marks)
    assert (len(own), len(others), kluis.subject_keys("p-3")) == (1, 1, [])


def test_mark_of_no_subject_looks_the_same(kluis: Kluis) -> None:
    """A line without a subject has a mark of the same form, which differs each time."""
    marks = [kluis.mark(None, KENMERK) for _ in range(20)]
    marks.append((kluis.mark("p-1", KENMERK)[0], ()))

    assert all(re.fullmatch(r"[A-Za-z0-9_-]{21}[AQgw]", mark) for mark, _ in marks)
    assert len({mark for mark, _ in marks}) == len(marks)
    assert {keys for _, keys in marks} == {()}


def test_words_come_from_the_payload_alone(kluis: Kluis, tmp_path: Path) -> None:
    """The words of a line follow from its payload, are numbers of 63 bits, and need K_index."""
    payload = {
        "sleutel": "p-1",
        "zaak": "z-1",
        "gronden": ["a", "b", "a"],
        "uitkomst": "geweigerd",
        "deur": "verzoek",
        "bron": 7,
    }

    tokens = kluis.tokens(payload)

    assert words_of(payload) == [
        ("sleutel", "p-1"),
        ("zaak", "z-1"),
        ("gronden", "a"),
        ("gronden", "b"),
        ("gronden", "a"),
        ("uitkomst", "geweigerd"),
    ]
    assert set(tokens) == {kluis.token(name, value) for name, value in words_of(payload)}
    assert len(tokens) == len(set(tokens)) == 5
    assert all(0 <= token < 2**63 for token in tokens)
    assert set(a_kluis(tmp_path / "ander", Rows(), "ander").tokens(payload)).isdisjoint(tokens)


@given(st.dictionaries(st.sampled_from(WORDS), st.text(), max_size=4))
def test_name_and_value_do_not_run_together(
    tmp_path_factory: pytest.TempPathFactory, payload: dict[str, str]
) -> None:
    """Each name and value has a number of its own."""
    kluis = a_kluis(tmp_path_factory.mktemp("kluis"), Rows())

    assert len(kluis.tokens(payload)) == len(payload)
