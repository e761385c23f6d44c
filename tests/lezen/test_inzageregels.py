"""The words and grounds that a subject is told by: they fit the law in this repository."""

import re
from pathlib import Path

import pytest

from broker.decision.inzageregels import FILE, Inzageregels
from broker.decision.register import default_root
from broker.domain.invoer import load_yaml
from broker.errors import InvalidInputError
from broker.services.caller import Functie
from tests.grondslagen.wetten import GRONDSLAGEN, regels, wetten

REGELS = Inzageregels.load()


def test_every_ground_and_term_rests_on_a_rule_of_law() -> None:
    """Each ground and term names a rule of law that stands in a law file, with its article."""
    terms = [REGELS.terugkijken, REGELS.antwoord, REGELS.bewaren]
    named = {grond.regel for grond in REGELS.uitstel.values()} | {term.regel for term in terms}

    assert named <= regels()
    for code, grond in REGELS.uitstel.items():
        assert code.startswith(grond.regel)
        wet, _, plek = grond.artikel.lower().partition(" ")
        assert "-".join([wet, *re.findall(r"[0-9]+|[a-z]", plek)]) == code


def test_letters_of_the_two_articles_are_complete() -> None:
    """UAVG 41(1) has the letters a to j, Wpg 27(1) a to f, and 27(3) has none."""
    assert set(REGELS.uitstel) == {
        *(f"uavg-41-1-{letter}" for letter in "abcdefghij"),
        *(f"wpg-27-1-{letter}" for letter in "abcdef"),
        "wpg-27-3",
    }


def test_every_category_of_the_law_has_words() -> None:
    """A subject reads words for each category that a law opens, and for no other."""
    opened = {
        name
        for wet in wetten()
        for regel in wet["regels"]
        if (opent := regel.get("opent"))
        for name in ([opent["categorie"]] if "categorie" in opent else opent.get("categorieen", ()))
    }

    assert set(REGELS.woorden.categorieen) == opened


def test_every_basis_and_functie_has_words() -> None:
    """So has each basis, and each kind of work."""
    bases = {
        path.parent.name
        for soort in ("samenwerking", "bilateraal")
        for path in (GRONDSLAGEN / soort).rglob("*.yaml")
    }

    assert set(REGELS.woorden.grondslagen) == bases
    assert set(REGELS.woorden.functies) == {functie.value for functie in Functie}


@pytest.mark.parametrize(
    ("old", "new"),
    [("duur: P4Y", "duur: vier"), ("versie: 1", "versie: 2"), ("uitstel:", "gunst:")],
)
def test_file_that_is_wrong_stops_the_start(tmp_path: Path, old: str, new: str) -> None:
    """A term that is none, another version or a foreign part is told in one sentence."""
    text = (default_root() / FILE).read_text(encoding="utf-8")
    assert load_yaml(text)["versie"] == 1
    (tmp_path / "grondslagen").mkdir()
    (tmp_path / FILE).write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(InvalidInputError, match=r"inzage\.yaml ontbreekt of klopt niet"):
        Inzageregels.load(tmp_path)


def test_file_that_is_gone_stops_the_start(tmp_path: Path) -> None:
    """Without the file nothing starts."""
    with pytest.raises(InvalidInputError, match=r"inzage\.yaml ontbreekt"):
        Inzageregels.load(tmp_path)
