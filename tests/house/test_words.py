"""Every domain word has its place in the vocabulary, every problem has its page."""

import ast
import re
from pathlib import Path

import pytest

from broker import errors
from broker.errors import BrokerError

ROOT = Path(__file__).parents[2]
WOORDENLIJST = ROOT / "docs" / "woordenlijst.md"
PROBLEMEN = ROOT / "docs" / "problemen"
# English roles that may stand beside a Dutch noun in the name of a class.
ROLES = {"Clock", "Error", "Ids", "Mapping", "Protocol", "Row", "Store", "View"}


def woorden() -> set[str]:
    """Return the words of the first column of the vocabulary, in lower case."""
    rows = re.findall(r"^\|([^|\n]+)\|", WOORDENLIJST.read_text(encoding="utf-8"), re.MULTILINE)
    cells = {cell.strip().strip("*`").lower() for cell in rows}
    # "handhavingsknelpunt (HHK)" gives both.
    return {word for cell in cells for word in re.split(r"[ (),/]+", cell) if word} | cells


def classes() -> list[str]:
    """Return the name of every public class of the domain."""
    found = []
    for path in sorted((ROOT / "broker" / "domain").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found += [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return [name for name in found if not name.startswith("_")]


def problems() -> list[type[BrokerError]]:
    """Return every error that `broker.errors` defines."""
    found = [item for item in vars(errors).values() if isinstance(item, type)]
    return [item for item in found if issubclass(item, BrokerError)]


def test_domain_words_are_in_the_woordenlijst() -> None:
    """Each part of the name of a domain class is a word of the vocabulary or an English role."""
    known = woorden()

    unknown = {
        name: part
        for name in classes()
        for part in re.findall(r"[A-Z][a-z0-9]*", name)
        if part not in ROLES and part.lower() not in known
    }

    assert unknown == {}


@pytest.mark.parametrize("error", problems(), ids=lambda error: error.slug)
def test_problem_has_a_page(error: type[BrokerError]) -> None:
    """Each problem the API can answer has a page with its title, slug and status."""
    page = (PROBLEMEN / f"{error.slug}.md").read_text(encoding="utf-8")

    assert page.startswith(f"# {error.title}\n\n`{error.slug}` · HTTP {error.status}\n")
    assert "## Wat is er?" in page
    assert "## Wat kunt u doen?" in page


def test_no_page_without_a_problem() -> None:
    """A page that no error points to is gone."""
    pages = {path.stem for path in PROBLEMEN.glob("*.md")}

    assert pages == {error.slug for error in problems()}


def test_problems_stand_in_one_module() -> None:
    """No module beside `broker.errors` gives an error a slug of its own."""
    slug = re.compile(r"^    slug(: ClassVar\[str\])? = ", re.MULTILINE)
    elsewhere = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "broker").rglob("*.py"))
        if path.name != "errors.py" and slug.search(path.read_text(encoding="utf-8"))
    ]

    assert elsewhere == []
