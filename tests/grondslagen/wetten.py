"""Read the law files as plain data."""

from functools import cache
from pathlib import Path
from typing import Any, Final

from broker.domain.invoer import load_yaml

ROOT: Final = Path(__file__).parents[2]
GRONDSLAGEN: Final = ROOT / "grondslagen"
SOORTEN: Final = ("wet", "amvb", "regeling", "verordening", "convenant")
FILES: Final = sorted(p for soort in SOORTEN for p in (GRONDSLAGEN / soort).rglob("*.yaml"))


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
