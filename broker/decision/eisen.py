"""What the law asks of Sluis and what became of it: makes the page `docs/wet-en-regel.md`.

Three things come together: the eisen (`grondslagen/eisen.yaml`), the rules of law with their
articles (`grondslagen/<soort>/<wet>/`), and the tests, which are found by their names.
"""

import ast
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import yaml

from broker.decision.bestanden import Bestanden
from broker.decision.files import Regel, Wet
from broker.decision.regelset import Regelset

_NAMED: Final = re.compile(r"test_((?:[wp]\d\d_)+)")
# From sure to unsure: of several rules under one article the least sure is told.
_ZEKERHEID: Final = {"geverifieerd": "", "oude-tekst": "oude tekst", "interpretatie": "onze lezing"}
_HOE: Final = {
    "afgedwongen": "**Afgedwongen.**",
    "procedure": "**Procedure.**",
    "nog-niet": "**Nog niet.**",
}
_UITLEG: Final = {
    "mens": "Een mens beslist:",
    "besluit": "Een mens beslist:",
    "waar": "Vastgelegd:",
    "waarom": "Waarom niet:",
    "nodig": "Nodig:",
    "rest": "Nog open:",
}
_INTRO: Final = """\
# Wet en regel

Wat vraagt de wet van Sluis, en wat is daarvan terechtgekomen?
Er zijn {total} eisen. Die hetzelfde vragen staan samen: dat geeft {rows} rijen.

- **Afgedwongen** ({afgedwongen}): Sluis zorgt ervoor. Zonder de regel vallen de tests om.
  Bij {open} daarvan staat wat nog open is.
- **Procedure** ({procedure}): een mens beslist het, en Sluis legt dat vast.
- **Nog niet** ({nog_niet}): met de reden, en wat ervoor nodig is.

W is een eis uit de WGS of het BGS, P een eis uit de Wpg of een andere wet.
Achter een artikel staat hoe zeker wij zijn als het minder is dan zeker.
*Oude tekst*: wij lazen alleen een oude versie. *Onze lezing*: een jurist moet die nagaan.

Deze pagina is gemaakt met `make wet` uit `grondslagen/` en `tests/wet/`. Wijzig haar niet.
"""


class Hoe(StrEnum):
    """What became of an eis."""

    AFGEDWONGEN = "afgedwongen"
    PROCEDURE = "procedure"
    NOG_NIET = "nog-niet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Eis:
    """One thing that the law asks; `gelijken` are eisen of the other notes that say the same."""

    id: str
    wat: str
    regels: tuple[str, ...]
    hoe: Hoe
    uitleg: Mapping[str, str]
    """The members that say more: mens, rest, besluit, waar, waarom, nodig."""
    gelijken: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Groep:
    """Eisen on one subject: a heading and a table of the page."""

    titel: str
    eisen: tuple[Eis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Artikel:
    """A place in the law, as one reads it: `WGS 2.23(6)c`, with its link and how sure we are."""

    naam: str
    link: str | None
    zekerheid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedTest:
    """A test that is named after eisen, and the file it stands in."""

    naam: str
    bestand: str
    eisen: tuple[str, ...]


def read_eisen(root: Path) -> tuple[Groep, ...]:
    """Return all eisen below this folder, by group; one that says the same stands with it."""
    written = yaml.safe_load((root / "grondslagen" / "eisen.yaml").read_text(encoding="utf-8"))
    equals = [
        (other, each["id"])
        for groep in written["groepen"]
        for each in groep["eisen"]
        for other in each.get("zelfde", ())
    ]
    return tuple(
        Groep(
            titel=groep["titel"],
            eisen=tuple(_eis(each, equals) for each in groep["eisen"] if "hoe" in each),
        )
        for groep in written["groepen"]
    )


def read_artikelen(root: Path) -> dict[str, Artikel]:
    """Return the place in the law of every rule below this folder, by the id of the rule.

    Also of each article or lid as a whole: `wgs-2.23-6-c` makes `wgs-2.23-6` and `wgs-2.23` too.
    Of a rule in several dated files the last counts.

    Raises:
        RegisterError: A law file is wrong.
    """
    laws = Bestanden.read(Regelset.from_folder(root)).wetten.values()
    rules = {
        rule.id: (law.inhoud, rule) for same in laws for law in same for rule in law.inhoud.regels
    }
    found: dict[str, Artikel] = {}
    for name, (wet, rule) in rules.items():
        parts = name.removeprefix(f"{wet.id}-").split("-")
        for depth in range(1, len(parts) + 1):
            whole = "-".join([wet.id, *parts[:depth]])
            here = _artikel(wet, rule, depth)
            found[whole] = max(found.get(whole, here), here, key=_unsure)
    return found


def find_tests(folder: Path) -> tuple[NamedTest, ...]:
    """Return the tests in this folder that are named after eisen, such as `test_w12_p09_…`."""
    return tuple(
        NamedTest(
            naam=node.name,
            bestand=path.name,
            eisen=tuple(named.group(1).upper().rstrip("_").split("_")),
        )
        for path in sorted(folder.glob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (named := _NAMED.match(node.name))
    )


def render(
    groepen: Sequence[Groep], artikelen: Mapping[str, Artikel], tests: Sequence[NamedTest]
) -> str:
    """Return the page, in Markdown.

    Raises:
        KeyError: An eis names a rule of law that no file holds.
    """
    lines = [*_intro(groepen)]
    for groep in groepen:
        lines += ["", f"## {groep.titel}", ""]
        lines += ["| eis | wat de wet vraagt | artikel | hoe |", "| --- | --- | --- | --- |"]
        lines += [_row(eis, artikelen, tests) for eis in groep.eisen]
    return "\n".join([*lines, ""])


def _eis(each: Mapping[str, Any], equals: Sequence[tuple[str, str]]) -> Eis:
    return Eis(
        id=each["id"],
        wat=each["wat"],
        regels=tuple(each["regels"]),
        hoe=Hoe(each["hoe"]),
        uitleg={name: each[name] for name in _UITLEG if name in each},
        gelijken=tuple(equal for eis, equal in equals if eis == each["id"]),
    )


def _artikel(wet: Wet, rule: Regel, depth: int) -> Artikel:
    """Return the place of a rule: 1 deep is its article, deeper also its lid and onderdeel."""
    below = [f"({rule.lid})"] if rule.lid else []
    if part := rule.onderdeel:
        below.append(part if len(part) <= 2 else f", {part}")  # noqa: PLR2004 - a letter, not words
    return Artikel(
        naam=f"{wet.citeertitel} {rule.artikel}{''.join(below[: depth - 1])}",
        link=rule.link,
        zekerheid=rule.zekerheid,
    )


def _unsure(artikel: Artikel) -> int:
    return list(_ZEKERHEID).index(artikel.zekerheid)


def _intro(groepen: Sequence[Groep]) -> list[str]:
    eisen = [eis for groep in groepen for eis in groep.eisen]
    total = len({name for eis in eisen for name in (eis.id, *eis.gelijken)})
    count = Counter(eis.hoe for eis in eisen)
    return _INTRO.format(
        total=total,
        rows=len(eisen),
        afgedwongen=count[Hoe.AFGEDWONGEN],
        open=sum(eis.hoe is Hoe.AFGEDWONGEN and "rest" in eis.uitleg for eis in eisen),
        procedure=count[Hoe.PROCEDURE],
        nog_niet=count[Hoe.NOG_NIET],
    ).splitlines()


def _row(eis: Eis, artikelen: Mapping[str, Artikel], tests: Sequence[NamedTest]) -> str:
    names = (eis.id, *eis.gelijken)
    hoe = [_HOE[eis.hoe], *(f"{_UITLEG[name]} {text}" for name, text in eis.uitleg.items())]
    hoe += [f"[`{t.naam}`](../tests/wet/{t.bestand})" for t in tests if eis.id in t.eisen]
    places = [_place(artikelen[regel]) for regel in eis.regels]
    return f"| {' · '.join(names)} | {eis.wat} | {'<br>'.join(places)} | {'<br>'.join(hoe)} |"


def _place(artikel: Artikel) -> str:
    named = f"[{artikel.naam}]({artikel.link})" if artikel.link else artikel.naam
    doubt = _ZEKERHEID[artikel.zekerheid]
    return f"{named} ({doubt})" if doubt else named


def main() -> None:
    """Write the page of this checkout to standard output."""
    root = Path(__file__).parents[2]
    tests = find_tests(root / "tests" / "wet")
    sys.stdout.write(render(read_eisen(root), read_artikelen(root), tests))


if __name__ == "__main__":
    main()
