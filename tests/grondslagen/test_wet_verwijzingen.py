"""Every article that a text, a ground or the law notes name is a rule in the law files."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from broker.decision.samenhang import cited, resolves
from tests.grondslagen.wetten import GRONDSLAGEN, ROOT, read, regels, wetten

REDENEN: Final = sorted((GRONDSLAGEN / "redenen").glob("*.yaml"))
CONTRACT: Final = ROOT.parent / "shared" / "contract" / "besluit.md"
# From unsure to sure.
ZEKERHEID: Final = ("interpretatie", "oude-tekst", "geverifieerd")
# What the law gives no article for: the decision on the zaak itself.
BESLUIT: Final = "HHK-besluit"
# The articles that the rule tables of the law notes name, by law: W01-W46 and P01-P47.
NOTES: Final = {
    "wgs": (
        "1.1, 1.2, 1.2(1), 1.2(2), 1.3(4), 1.3(5), 1.4(1), 1.4(2), 1.4(3), 1.5(1), 1.5(2)a, "
        "1.5(2)b, 1.5(3), 1.5(4), 1.6(2), 1.7(1), 1.7(2), 1.7(3), 1.7(4), 1.7(5), 1.7(6), "
        "1.7(7), 1.7(8), 1.8(2), 1.8(2)a, 1.8(2)b, 1.8(2)c, 1.8(4), 1.8(5), 1.8(6), 1.8(7), "
        "1.8(8), 1.9, 1.10, 1.11, 1.12, 2.16, 2.17, 2.18, 2.18(1)a, 2.18(1)b, 2.18(1)c, "
        "2.18(2), 2.19, 2.19(1), 2.19(3), 2.20(1), 2.20(2), 2.21, 2.22(1)a, 2.22(1)b, 2.22(1)c, "
        "2.23(1), 2.23(2), 2.23(3), 2.23(4), 2.23(5), 2.23(6)a, 2.23(6)b, 2.23(6)c, 2.23(7), "
        "2.23(8), 2.23(9), 2.24(1), 2.25, 2.26, 2.27(1), 2.27(2), 2.27(3), 2.28, 2.29(2), "
        "2.29(3), 2.30(1), 2.31(1), 2.31(8), 2.31(9), 2.31(10), 2.31(13), 2.32, 5.1(1)"
    ),
    "bgs": (
        "1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8(1), 1.8(2), 1.9, 1.10, 1.10(3), 1.11(1), 1.12, "
        "1.13(1), 1.13(2), 1.13(6), 1.14(4), 1.15, 1.16(1), 1.16(2), 1.16(3), 1.17, 1.18, 2.12, "
        "2.13, 2.14, 2.15, 2.16(1)a, 2.16(1)b, 2.16(1)c, 2.16(1)d, 2.16(1)e, 2.16(2), 2.19, "
        "2.20(1), 2.20(3), 2.21, 2.22, 4.1"
    ),
    "wpg": (
        "3(5), 4(1), 4(3), 4(4), 4c, 5, 6, 6a, 6b, 6c, 7(1), 7(2), 7a, 8, 8(6), 9, 10(1)a, "
        "10(1)b, 10(1)c, 12, 13, 14(2), 15, 15a, 16(1)a, 16(1)b, 17, 17a, 18(1), 18(2), 19, "
        "20(1), 20(2), 20(3), 23(2), 24a, 24b, 25, 26(2), 27, 27(3), 28, 28(5), 31d, 32(1)b, "
        "32(3), 32(4), 32a, 33, 33a, 46"
    ),
    "bpg": (
        "2:10, 2:13, 3:2, 4:1, 4:2, 4:2(1)aa, 4:2(1)ab, 4:2(2), 4:2(3), 4:2(4), 4:3, 4:3(1)h, "
        "4:3(1)m, 4:3(1)z, 4:3(5), 4:3(7), 4:3(8), 4:3(8)e, 4:5, 4:6, 4:8, 6:1a(3), 6:1b, 6:2, "
        "6:4(2), 6:4(3), 6:4(4), 6:5"
    ),
    "avg": (
        "5(1)a, 5(1)b, 5(1)c, 5(1)d, 5(1)e, 5(1)f, 5(2), 6(1)c, 6(1)e, 6(3), 6(4), 9, 9(2)g, "
        "10, 12(3), 13, 14, 14(5)b, 15, 17, 18, 19, 22, 23, 26, 28, 30, 32, 33, 34, 35"
    ),
    "uavg": "31, 32, 33(1)a, 33(1)b, 34, 41, 46",
    "wjsg": "8b, 39e, 39f, 39fa, 39j, 51ca",
    "bibob": "20, 26, 28(1), 28(2)c, 28(2)d, 28(2)m",
    "hrw": "22, 28, 28(1), 28(3)",
    "wabb": "10, 11, 12",
    "brp": "1.7, 3.2, 3.8, 3.11, 3.22",
    "suwi": "62, 64, 65, 73(7), 74",
    "awr": "67",
    "awb": "2:5",
    "politiewet": "11, 12, 14",
    "woo": (
        "5.1(1)a, 5.1(1)b, 5.1(1)c, 5.1(1)d, 5.1(1)e, 5.1(2)a, 5.1(2)b, 5.1(2)c, 5.1(2)d, "
        "5.1(2)e, 5.1(2)f, 5.1(2)g, 5.1(2)h, 5.1(2)i, 5.1(3), 5.1(4), 5.1(5), 5.1(6), 5.1(7), "
        "5.2(1)"
    ),
}


def law_of() -> dict[str, str]:
    """Return the id of each law by the short name that users see."""
    return {wet["citeertitel"]: wet["id"] for wet in wetten()}


def citations(texts: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each citation in a file of texts, with the place where it stands."""
    for part in ("redenen", "voorwaarden", "instemmingen"):
        for code, entry in texts[part].items():
            yield code, entry
            for basis, other in entry.get("per_grondslag", {}).items():
                yield f"{code} ({basis})", other


def ungrounded(texts: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the citations in this file that no rule of law answers."""
    laws, known = law_of(), regels()
    return [
        (where, f"{entry['wet']} {entry['artikel']}")
        for where, entry in citations(texts)
        if entry["wet"] != BESLUIT
        and (
            entry["wet"] not in laws
            or not all(resolves(r, known) for r in cited(laws[entry["wet"]], entry["artikel"]))
        )
    ]


def sureness() -> dict[str, int]:
    """Return how sure each rule of law is, at its surest date."""
    found: dict[str, int] = {}
    for regel in (regel for wet in wetten() for regel in wet["regels"]):
        sure = ZEKERHEID.index(regel["zekerheid"])
        found[regel["id"]] = max(found.get(regel["id"], 0), sure)
    return found


def codes_of_the_contract() -> list[str]:
    """Return every code in the table of grounds of the contract."""
    if not CONTRACT.is_file():
        pytest.skip("het besluitcontract staat niet naast deze checkout")
    table = CONTRACT.read_text(encoding="utf-8").split("## Grounds", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `([a-z0-9-]+)` \|", table, re.MULTILINE)


def test_a_citation_is_read_as_it_is_written() -> None:
    """Each way in which a text cites gives the id of the rule meant, and nothing else."""
    assert cited("wgs", "1.7(1), 2.22(1)b, 2.17") == ["wgs-1.7-1", "wgs-2.22-1-b", "wgs-2.17"]
    assert cited("bpg", "4:3(8)e") == ["bpg-4.3-8-e"]
    assert cited("wjsg", "39fa") == ["wjsg-39fa"]
    assert cited("riec-convenant", "privacyprotocol, h. 14") == [
        "riec-convenant-privacyprotocol-h14"
    ]


def test_an_article_that_stands_nowhere_is_found_out() -> None:
    """An article without a rule does not resolve, nor does one whose number only begins alike."""
    known = {"wgs-1.10-1", "wgs-2.23-6-c"}

    assert resolves("wgs-2.23", known)
    assert resolves("wgs-2.23-6", known)
    assert not resolves("wgs-1.1", known)
    assert not resolves("wgs-2.23-7", known)


@pytest.mark.parametrize("path", REDENEN, ids=lambda path: path.stem)
def test_every_text_rests_on_a_rule_of_law(path: Path) -> None:
    """Each article under a ground, a condition or a consent is a rule in the law files."""
    assert ungrounded(read(path)) == []


@pytest.mark.parametrize("path", REDENEN, ids=lambda path: path.stem)
def test_no_text_is_surer_than_the_law(path: Path) -> None:
    """An article that the law file is not sure of is not called verified beside a ground."""
    laws, sure = law_of(), sureness()
    wrong = [
        (where, rule)
        for where, entry in citations(read(path))
        if entry["wet"] != BESLUIT
        for rule in cited(laws[entry["wet"]], entry["artikel"])
        if ZEKERHEID.index(entry["zekerheid"])
        > max(z for name, z in sure.items() if resolves(rule, {name}))
    ]

    assert wrong == []


@pytest.mark.parametrize("path", REDENEN, ids=lambda path: path.stem)
def test_texts_and_laws_give_one_number(path: Path) -> None:
    """Where the texts give the number of an act, the law file gives the same."""
    numbers = {wet["citeertitel"]: wet["bwb"] for wet in wetten()}
    acts = read(path)["toestand"]

    assert {n: a["bwb"] for n, a in acts.items() if a["bwb"] and a["bwb"] != numbers[n]} == {}


@pytest.mark.parametrize("path", REDENEN, ids=lambda path: path.stem)
def test_every_ground_of_the_contract_is_explained(path: Path) -> None:
    """Each ground of the contract has a text, in Dutch, and an article with a rule behind it."""
    texts = read(path)
    codes = codes_of_the_contract()
    bad = {where.partition(" ")[0] for where, _ in ungrounded(texts)}

    assert len(codes) > 50
    assert [code for code in codes if not texts["redenen"].get(code, {}).get("uitleg")] == []
    assert bad.isdisjoint(codes)


@pytest.mark.parametrize("wet", NOTES)
def test_every_article_of_the_notes_is_a_rule(wet: str) -> None:
    """Each article that the law notes build a rule on is a rule in the law files."""
    known = regels()

    assert [rule for rule in cited(wet, NOTES[wet]) if not resolves(rule, known)] == []


def test_laws_of_a_basis_exist() -> None:
    """Each law that a basis rests on is in the law files."""
    known = {wet["id"] for wet in wetten()}
    bases = [
        read(path)
        for soort in ("samenwerking", "bilateraal")
        for path in (GRONDSLAGEN / soort).rglob("*.yaml")
    ]

    assert {law for basis in bases for law in basis["wetten"]} <= known
