"""A small text can cost no seconds: references and long lists are refused in plain Dutch."""

import time
from typing import Any, Final

import pytest

from broker.domain import invoer
from broker.errors import InvalidInputError

MINIMAL: Final = {"versie": 1, "deur": "verstrekking", "moment": "2026-11-20T10:00:00+01:00"}
BOMB: Final = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30)
)
MERGE: Final = "x: &x0 {k: 1}\n" + "".join(
    f"y{n}: &x{n} {{<<: [*x{n - 1}, *x{n - 1}], j{n}: 1}}\n" for n in range(1, 30)
)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: &b 1\n", "regel 1, kolom 4"),
        ("a: 1\nb: *a\n", "regel 2, kolom 4"),
        ("a:\n  <<: {b: 1}\n", "regel 2, kolom 3"),
        (BOMB, "regel 1, kolom 5"),
        (MERGE, "regel 1, kolom 4"),
    ],
)
def test_reference_is_refused_at_once(text: str, where: str) -> None:
    """An anchor, an alias or a merge key is refused with its place, however much it stands for."""
    start = time.perf_counter()

    with pytest.raises(InvalidInputError) as caught:
        invoer.load_yaml(text)

    assert time.perf_counter() - start < 20
    assert caught.value.fouten[0].melding == (
        f"Verwijzingen (&, * en <<) mogen niet in dit bestand ({where})."
    )


def test_our_own_files_may_hold_references() -> None:
    """Who says so reads a file with references; a text in quotes was never one."""
    assert invoer.load_yaml("a: &x {b: 1}\nc: {<<: *x}\n", references=True)["c"] == {"b": 1}
    assert invoer.load_yaml("a: '&b'\nc: '*b'\n'<<': 1\n") == {"a": "&b", "c": "*b", "<<": 1}


@pytest.mark.parametrize(
    "text",
    [BOMB, MERGE, f"a: &a {'x' * 5000}\nb: [{'*a, ' * 1000}]\n", "a: &a [*a]\n"],
    ids=["bomb", "merge", "long", "itself"],
)
def test_references_stand_for_no_more_than_a_file_may_hold(text: str) -> None:
    """Also where references may stand, what they stand for is weighed before it is built."""
    start = time.perf_counter()

    with pytest.raises(InvalidInputError, match="te groot"):
        invoer.load_yaml(text, references=True)

    assert time.perf_counter() - start < 20


@pytest.mark.parametrize(
    ("part", "pointer", "most"),
    [
        ({"gegevens": [{}] * 1001}, "/gegevens", 1000),
        ({"instemmingen": [{}] * 501}, "/instemmingen", 500),
        ({"instemmingen": [{"categorieen": ["x"] * 501}]}, "/instemmingen/0/categorieen", 500),
        ({"verzoek": {"categorieen": ["x"] * 501}}, "/verzoek/categorieen", 500),
        ({"verzoek": {"doel": ["fiscaal"] * 501}}, "/verzoek/doel", 500),
        *(
            ({"zaak": {name: [{}] * 501}}, f"/zaak/{name}", 500)
            for name in ("deelnemers", "verlengingen", "fasebesluiten")
        ),
        ({"zaak": {"verschijnselen": ["x"] * 501}}, "/zaak/verschijnselen", 500),
        *(
            ({"betrokkene": {name: ["x"] * 501}}, f"/betrokkene/{name}", 500)
            for name in ("gebieden", "branches", "signalen")
        ),
        ({"betrokkene": {"band": ["woont"] * 501}}, "/betrokkene/band", 500),
        *(
            ({"zaak": {"reikwijdte": {name: ["x"] * 501}}}, f"/zaak/reikwijdte/{name}", 500)
            for name in ("gebieden", "branches", "signalen")
        ),
    ],
)
def test_long_list_is_refused(part: dict[str, Any], pointer: str, most: int) -> None:
    """A list over its limit is told once, with the limit."""
    assert wrong(part) == [(pointer, f"Deze lijst is te lang: hoogstens {most}.")]


@pytest.mark.parametrize(
    ("part", "pointer", "most"),
    [
        ({"grondslag": "x" * 201}, "/grondslag", 200),
        ({"betrokkene": {"gebieden": ["x" * 201]}}, "/betrokkene/gebieden/0", 200),
        ({"verzoek": {"vraagstelling": "x" * 4001}}, "/verzoek/vraagstelling", 4000),
        (
            {"zaak": {"fasebesluiten": [{"noodzaak": "x" * 4001}]}},
            "/zaak/fasebesluiten/0/noodzaak",
            4000,
        ),
    ],
)
def test_long_text_is_refused(part: dict[str, Any], pointer: str, most: int) -> None:
    """A text over its limit is told with the limit."""
    assert wrong(part) == [(pointer, f"Deze tekst is te lang: hoogstens {most} tekens.")]


def test_what_just_fits_is_taken() -> None:
    """A list and a text of exactly the limit pass."""
    invoer.parse(MINIMAL | {"gegevens": [{}] * 1000, "grondslag": "x" * 200})


def wrong(part: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what is wrong with a dossier with this part: pointers and sentences."""
    with pytest.raises(InvalidInputError) as caught:
        invoer.parse(MINIMAL | part)
    return [(fout.pointer, fout.melding) for fout in caught.value.fouten]


@pytest.mark.parametrize("beside", ["instemmingen", "deelnemers"])
def test_many_items_beside_many_consents_are_refused(beside: str) -> None:
    """What together would take seconds to weigh is refused; a little less is taken."""
    rows: list[dict[str, Any]] = [{}] * 200
    more = {"instemmingen": rows} if beside == "instemmingen" else {"zaak": {"deelnemers": rows}}

    with pytest.raises(InvalidInputError) as caught:
        invoer.parse(MINIMAL | more | {"gegevens": [{}] * 101})

    assert [fout.pointer for fout in caught.value.fouten] == ["/gegevens"]
    invoer.parse(MINIMAL | more | {"gegevens": [{}] * 100})
