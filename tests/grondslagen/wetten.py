"""Read the law files, and find the rules that a citation stands for."""

import re
from functools import cache
from pathlib import Path
from typing import Any, Final

from broker.domain.invoer import load_yaml

ROOT: Final = Path(__file__).parents[2]
GRONDSLAGEN: Final = ROOT / "grondslagen"
SOORTEN: Final = ("wet", "amvb", "regeling", "verordening", "convenant")
FILES: Final = sorted(p for soort in SOORTEN for p in (GRONDSLAGEN / soort).rglob("*.yaml"))
# "2.23(6)c", "4:3(8)e", "39fa", "privacyprotocol, h. 14".
_CITATION: Final = re.compile(r"([a-z]+, h\. \d+|[^,(]+)(?:\((\d+)\))?([a-z]*)(?:, |$)")


@cache
def read(path: Path) -> dict[str, Any]:
    """Return the content of one file, in which a date is text; nobody may change it."""
    content: dict[str, Any] = load_yaml(path.read_bytes(), references=True)
    return content


def wetten() -> list[dict[str, Any]]:
    """Return every law, once for each of its dates."""
    return [read(path) for path in FILES]


def regels() -> set[str]:
    """Return the id of every rule of every date."""
    return {regel["id"] for wet in wetten() for regel in wet["regels"]}


def slug(*parts: str | None) -> str:
    """Return these parts of a citation as they stand in the id of a rule.

    A row of a table goes by its number, and a colon in an article becomes a point.
    """
    words = (re.sub(r"^rij ", "", part.lower()).replace("h. ", "h") for part in parts if part)
    cleaned = (re.sub(r"[^a-z0-9.]+", "-", word.replace(":", ".")).strip("-") for word in words)
    return "-".join(cleaned)


def cited(wet: str, artikel: str) -> list[str]:
    """Return the ids that a citation such as `1.7(1), 1.7(2)` of this law stands for."""
    return [slug(wet, *hit.groups()) for hit in _CITATION.finditer(artikel) if hit[1].strip()]


def resolves(rule: str, known: set[str]) -> bool:
    """Tell whether a rule has this id, or lies in the article or lid that it names."""
    return rule in known or any(name.startswith(f"{rule}-") for name in known)
