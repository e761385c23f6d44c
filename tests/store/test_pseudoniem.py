"""Pseudonyms: one per number and key, never the number itself."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.domain.ports import Identiteit
from broker.domain.pseudoniem import Pseudonimiseerder, holds_bsn, is_bsn
from broker.errors import Fout, InvalidInputError

KEY = bytes(range(32))
PERSONS = ("999990019", "999993653", "999992971", "999995492", "999991802", "999990408")


@pytest.mark.parametrize("bsn", PERSONS)
def test_published_test_persons_pass(bsn: str) -> None:
    """Every published test number passes the eleven-test."""
    assert is_bsn(bsn)


@pytest.mark.parametrize(
    "bsn", ["", "000000000", "99999365", "9999936530", "99999365a", "٩٩٩٩٩٣٦٥٣"]
)
def test_malformed_bsn_fails(bsn: str) -> None:
    """Too short, too long, all zero, or not of plain digits is no BSN."""
    assert not is_bsn(bsn)


@given(st.integers(0, 8), st.integers(1, 9), st.sampled_from(PERSONS))
def test_one_wrong_digit_is_found(place: int, step: int, bsn: str) -> None:
    """The eleven-test finds every single wrong digit."""
    wrong = str((int(bsn[place]) + step) % 10)

    assert not is_bsn(bsn[:place] + wrong + bsn[place + 1 :])


def test_pseudonym_is_fixed() -> None:
    """A pseudonym is HMAC-SHA-256 of the labelled number, in base32, for all time."""
    pseudonyms = Pseudonimiseerder(KEY)

    assert pseudonyms.sleutel(Identiteit(bsn="999993653")) == (
        "p-rv4i5osp5hsmnanl2xqzig7ol3qsspwzurt2nn55klp56lsiikba"
    )
    assert pseudonyms.sleutel(Identiteit(kvk_nummer="90001354")) == (
        "r-ik2yhwf4r7swnaaunhs2u7vd7w3vhalkevyfvxucqq5msjhhortq"
    )


@given(st.binary(min_size=32, max_size=64), st.from_regex(r"[0-9]{8}", fullmatch=True))
def test_pseudonym_has_one_form(key: bytes, number: str) -> None:
    """A pseudonym is a prefix and 52 characters, and does not hold the number."""
    sleutel = Pseudonimiseerder(key).sleutel(Identiteit(kvk_nummer=number))

    assert re.fullmatch(r"r-[a-z2-7]{52}", sleutel)
    assert number not in sleutel


def test_other_key_gives_other_pseudonym() -> None:
    """Without the key a pseudonym says nothing about the number."""
    person = Identiteit(bsn="999993653")

    assert Pseudonimiseerder(KEY).sleutel(person) != Pseudonimiseerder(KEY[::-1]).sleutel(person)


@pytest.mark.parametrize(
    ("person", "pointer"),
    [
        (Identiteit(), "/betrokkene"),
        (Identiteit(bsn="999993653", kvk_nummer="90001354"), "/betrokkene"),
        (Identiteit(bsn="999993654"), "/betrokkene/bsn"),
        (Identiteit(kvk_nummer="9000135"), "/betrokkene/kvk_nummer"),
    ],
)
def test_wrong_identity_is_pointed_at(person: Identiteit, pointer: str) -> None:
    """A number that cannot exist is an error with its pointer, and is not repeated."""
    with pytest.raises(InvalidInputError) as caught:
        Pseudonimiseerder(KEY).sleutel(person, pointer="/betrokkene")

    assert caught.value.fouten == (Fout(pointer=pointer, melding=caught.value.detail),)
    assert not re.search(r"\d{5}", caught.value.detail)


def test_short_key_is_refused() -> None:
    """A key under 32 bytes makes no pseudonyms."""
    with pytest.raises(InvalidInputError, match="te kort"):
        Pseudonimiseerder(b"kort")


def test_repr_shows_no_key() -> None:
    """The key does not show when the object is printed."""
    assert repr(KEY)[2:-1] not in repr(Pseudonimiseerder(KEY))


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("Gaat dit om 999993653?", True),
        ("Gaat dit om 9999.93.653?", True),
        ("Gaat dit om 9999 93 653?", True),
        ("Nummer 0999993653 heeft een nul ervoor.", True),
        ("Nummer 1999993653 is langer.", False),
        ("Nummer 999993654 klopt niet.", False),
        ("Bel 06 12345678 op 20 november 2026.", False),
    ],
)
def test_bsn_in_free_text_is_found(text: str, held: bool) -> None:  # noqa: FBT001
    """A BSN is found in a sentence in the ways in which people write it."""
    assert holds_bsn(text) is held


@given(
    st.sampled_from(PERSONS),
    st.lists(
        st.sampled_from(["", " ", ".", "-", "/", "\xa0", "\u2009", "\u202f", "\u2011", " - "]),
        min_size=9,
        max_size=9,
    ),
    st.booleans(),
)
def test_bsn_is_found_whatever_separates_it(bsn: str, between: list[str], zero: bool) -> None:  # noqa: FBT001
    """A BSN is found with any mix of separators, and with a zero before it."""
    written = "".join(part + digit for part, digit in zip(["", *between[1:]], bsn, strict=True))

    assert holds_bsn(f"Gaat dit om {'0' + between[0] if zero else ''}{written}?")
    assert holds_bsn(written.translate({ord("0") + n: ord("\uff10") + n for n in range(10)}))
