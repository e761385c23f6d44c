"""Every eis of the law has its place: a test, a recorded decision, or an honest reason."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from jsonschema import Draft202012Validator

from broker.decision.eisen import (
    Hoe,
    NamedTest,
    find_tests,
    read_artikelen,
    read_eisen,
    render,
)

ROOT: Final = Path(__file__).parents[2]
GROEPEN: Final = read_eisen(ROOT)
EISEN: Final = [eis for groep in GROEPEN for eis in groep.eisen]
TESTS: Final = find_tests(Path(__file__).parent)
ALL: Final = {f"W{n:02}" for n in range(1, 47)} | {f"P{n:02}" for n in range(1, 48)}


def written() -> list[dict[str, Any]]:
    """Return every eis as it was written."""
    text = (ROOT / "grondslagen/eisen.yaml").read_text(encoding="utf-8")
    return [each for groep in yaml.safe_load(text)["groepen"] for each in groep["eisen"]]


def test_eisen_fit_their_schema() -> None:
    """Each eis has the members that its kind asks for, and no others."""
    schema = json.loads((ROOT / "grondslagen/eisen.schema.json").read_text(encoding="utf-8"))
    text = (ROOT / "grondslagen/eisen.yaml").read_text(encoding="utf-8")

    assert list(Draft202012Validator(schema).iter_errors(yaml.safe_load(text))) == []


def test_every_eis_of_the_notes_stands_once() -> None:
    """W01 to W46 and P01 to P47, each once."""
    assert Counter(each["id"] for each in written()) == Counter(ALL)


def test_what_says_the_same_points_at_an_eis_of_its_own() -> None:
    """An eis that says the same as another points at one that says it."""
    said = {eis.id for eis in EISEN}
    pointed = {other for each in written() for other in each.get("zelfde", ())}

    assert pointed <= said


def test_every_enforced_eis_has_a_test() -> None:
    """Each enforced eis, and each that says the same, is in the name of a test."""
    named = {name for test in TESTS for name in test.eisen}
    asked = {
        name for eis in EISEN if eis.hoe is Hoe.AFGEDWONGEN for name in (eis.id, *eis.gelijken)
    }

    assert asked - named == set()


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.naam)
def test_no_test_is_named_after_an_unknown_eis(test: NamedTest) -> None:
    """The name of a test in this folder holds eisen that exist."""
    assert set(test.eisen) <= ALL


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.naam)
def test_a_pair_is_named_together(test: NamedTest) -> None:
    """A test of an eis that says the same as another names that one too."""
    same = {each["id"]: set(each["zelfde"]) for each in written() if "zelfde" in each}

    assert all(same.get(name, {name}) & set(test.eisen) for name in test.eisen)


def test_every_test_here_is_named_after_an_eis() -> None:
    """Nothing in the files of W and P is left out of the page."""
    for prefix in ("test_w_", "test_p_"):
        for path in Path(__file__).parent.glob(f"{prefix}*.py"):
            defined = path.read_text(encoding="utf-8").count("def test_")
            assert defined == sum(test.bestand == path.name for test in TESTS)


def test_every_rule_resolves() -> None:
    """Each rule of law that an eis names stands in the register."""
    asked = {regel for eis in EISEN for regel in eis.regels}

    assert asked - read_artikelen(ROOT).keys() == set()


def test_page_is_fresh() -> None:
    """The page is what `make wet` makes of the register and the tests."""
    page = (ROOT / "docs/wet-en-regel.md").read_text(encoding="utf-8")

    assert page == render(GROEPEN, read_artikelen(ROOT), TESTS), "run `make wet`"
