"""A rule set that is wrong is not loaded: every fault is told at once, with its file and line."""

import datetime as dt
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
import yaml

from broker.decision.decide import Decider
from broker.decision.regelset import Regelset, RegisterError
from broker.decision.register import Register, default_root

SHIPPED: Final = Regelset.from_folder(default_root())
WGS: Final = "grondslagen/wet/wgs/2025-03-01.yaml"
WGS_LATER: Final = "grondslagen/wet/wgs/2025-07-05.yaml"
WPG: Final = "grondslagen/wet/wpg/open.yaml"
BASIS: Final = "grondslagen/samenwerking/wgs-riec/2025-03-01.yaml"
CONVENANT: Final = "grondslagen/samenwerking/riec-convenant/open.yaml"
REDENEN: Final = "grondslagen/redenen/2025-03-01.yaml"
BPG: Final = "grondslagen/amvb/bpg/open.yaml"
GRONDEN: Final = "policies/gronden.yaml"
REGO: Final = "policies/besluit/vraag.rego"


def changed(name: str, *swaps: tuple[str, str]) -> dict[str, bytes]:
    """Return this file with texts replaced, the first time that each stands there."""
    text = SHIPPED.bestanden[name].decode()
    for old, new in swaps:
        assert old in text
        text = text.replace(old, new, 1)
    return {name: text.encode()}


def told(files: Mapping[str, bytes]) -> list[str]:
    """Return what is wrong with the shipped rule set with these files in it."""
    with pytest.raises(RegisterError) as refusal:
        Decider.load(Regelset(bestanden={**SHIPPED.bestanden, **files}))
    return [str(fout) for fout in refusal.value.fouten]


def at(name: str, text: str) -> int:
    """Return the line on which this text first stands in a shipped file."""
    before = SHIPPED.bestanden[name].decode().partition(text)[0]
    return before.count("\n") + 1


RULE: Final = "id: wgs-2.18-1-b"
FAULTS: Final[dict[str, tuple[str, tuple[str, str], str, str]]] = {
    "a member that is misspelt": (
        WGS, ("activiteit: casus", "activitiet: casus"), "activiteit: casus", "goed is gespeld",
    ),
    "a missing article": (
        WGS, ('    artikel: "2.18"\n    lid: "1"\n    onderdeel: "b"\n', ""), RULE, "ontbreekt",
    ),
    "a date that is none": (
        WGS, ("geldig_vanaf: 2025-03-01", "geldig_vanaf: 2025-02-30"), "geldig_vanaf", "datum",
    ),
    "two files of one id on one day": (
        WGS, ("geldig_tot: 2025-07-05", "geldig_tot: 2025-07-06"), "", "zo gelden er twee",
    ),
    "a day without any": (
        WGS, ("geldig_tot: 2025-07-05", "geldig_tot: 2025-07-04"), "", "geldt er geen",
    ),
    "another date than in the name": (
        BASIS, ("geldig_vanaf: 2025-03-01", "geldig_vanaf: 2025-03-02"), "geldig_vanaf",
        "niet die van de bestandsnaam",
    ),
    "a basis of nobody": (
        WGS, ("voor: [wgs-riec], activiteit: casus", "voor: [wgs-reic], activiteit: casus"),
        "activiteit: casus", "geen grondslag wgs-reic",
    ),
    "a law that the basis does not name": (
        WGS, ("voor: [wgs-riec], activiteit: casus", "voor: [suwi-64], activiteit: casus"),
        "activiteit: casus", "noemt deze wet niet",
    ),
    "a source of nobody": (
        WPG, ("bronnen: [politie, kmar]", "bronnen: [politei, kmar]"), "bronnen: [politie, kmar]",
        "politei is nergens bepaald",
    ),
    "a consent of nobody": (
        WPG, ("[wpg-20-besluit]", "[wpg-20-beslit]"), "[wpg-20-besluit]",
        "wpg-20-beslit is nergens bepaald",
    ),
    "two things opened at once": (
        WGS, ("activiteit: casus", "activiteit: casus, deelnemer: x"), "activiteit: casus",
        "opent één ding",
    ),
    "a rule that stands twice": (
        WGS, ("id: wgs-2.18-1-c", "id: wgs-2.18-1-b"), "id: wgs-2.18-1-c", "twee keer",
    ),
    "two rules that contradict each other": (
        WGS, ("activiteit: casus", "activiteit: hhk"), RULE, "spreekt een andere regel tegen",
    ),
    "a law that is not there": (
        BASIS, ("wetten: [wgs,", "wetten: [wgz,"), "wetten: ", "geen wet wgz",
    ),
    "a basis that leans on nothing": (
        CONVENANT, ("leunt_op: wgs-riec", "leunt_op: wgs"), "leunt_op", "geen grondslag wgs",
    ),
    "a ground that is not there": (
        CONVENANT, ("[categorie-niet-in-fase]", "[categorie-niet]"), "niet_getoetst",
        "geen grond categorie-niet",
    ),
    "a ground without a text": (
        REDENEN, ("\n  doel-ontbreekt:", "\n  doel-onbreekt:"), "redenen:",
        "tekst van de grond doel-ontbreekt",
    ),
    "a text of a law that is not named": (
        REDENEN, ("wet: WGS\n", "wet: WSG\n"), "grondslag-onbekend:", "wet WSG",
    ),
    "a text of an article that no law file has": (
        REDENEN, ('artikel: "1.2"\n', 'artikel: "9.99"\n'), 'artikel: "1.2"',
        "9.99 staat in geen wetsbestand",
    ),
    "a task of nobody": (
        BPG, ("taken: [alcoholwet,", "taken: [alcholwet,"), "taken: [alcoholwet,",
        "alcholwet is in de wet van die dag nergens bepaald",
    ),
    "a term that nobody reckons with": (
        WPG, ("termijn: eerste-verwerking", "termijn: eerste-verwerkig"),
        "termijn: eerste-verwerking", "",
    ),
    "a rule under the name of another article": (
        WGS, ("id: wgs-2.18-1-b", "id: wgs-2.81-1-b"), RULE, "past niet bij artikel 2.18",
    ),
    "a link to another article": (
        WGS, ('&artikel=1.1"', '&artikel=1.2"'), "&artikel=1.1", "gaat naar artikel 1.2",
    ),
    "no YAML": (WGS, ("regels:", "regels: ["), "", "geen geldige YAML"),
    "a table that is misspelt": (
        GRONDEN, ("categorie_eerst:", "categorie_eest:"), "categorie_eerst:", "goed is gespeld",
    ),
    "no basis to judge the unknown by": (
        GRONDEN, ("onbekende_grondslag: wgs-riec", "onbekende_grondslag: wgs"), "", "wgs",
    ),
    "a rule that is no Rego": (
        REGO, ("vraag := bewijs if {", "vraag = bewijs if {"), "vraag := bewijs if {", "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", FAULTS)
def test_fault_is_told_with_its_line(what: str) -> None:
    """A rule set with this fault is refused; file, line and reason are told."""
    name, swap, where, reason = FAULTS[what]

    found = told(changed(name, swap))

    place = f"{name}:{at(name, where)}: " if where else ""
    assert [line for line in found if line.startswith(place) and reason in line] != []


def test_a_name_that_only_an_older_file_has_is_told() -> None:
    """A deelnemer misspelt in the newest file of its law is not saved by the file before it."""
    files = changed(WGS_LATER, ("deelnemer: fiod", "deelnemer: foid"))

    assert any("fiod is in de wet van die dag nergens bepaald" in fout for fout in told(files))


def test_all_faults_are_told_at_once() -> None:
    """What is wrong in several files, and in the rules, is told in one go."""
    files = (
        changed(WGS, ("activiteit: casus", "activitiet: casus"))
        | changed(WPG, ("zekerheid: geverifieerd", "zekerheid: misschien"))
        | changed(GRONDEN, ("categorie_eerst:", "categorie_eest:"))
        | changed(REGO, ("vraag := bewijs if {", "vraag = bewijs if {"))
    )

    found = told(files)

    assert {line.split(":")[0] for line in found} == {WGS, WPG, GRONDEN, REGO}


@pytest.mark.parametrize("name", [GRONDEN, REDENEN, "policies/besluit/besluit.rego"])
def test_file_that_is_missing_is_told(name: str) -> None:
    """Without its table, its texts or its entrypoint a rule set is refused."""
    files = {key: text for key, text in SHIPPED.bestanden.items() if key != name}

    with pytest.raises(RegisterError):
        Decider.load(Regelset(bestanden=files))


def test_rules_that_are_no_text_are_told() -> None:
    """A file of rules in another encoding is refused by its name."""
    assert f"{REGO}: Dit is geen tekst in UTF-8." in told({REGO: b"package \xff"})


def with_rule(name: str, **rule: object) -> Regelset:
    """Return the shipped rule set with one more rule in this law."""
    law = yaml.safe_load(SHIPPED.bestanden[name])
    head = {"id": f"{law['id']}-1-nieuw", "artikel": "1", "link": None, "tekst": "Nieuw."}
    law["regels"].append(head | {"zekerheid": "interpretatie"} | rule)
    for member in ("geldig_vanaf", "geldig_tot"):
        law[member] = str(law[member]) if law[member] else None
    for each in law["regels"]:
        if "in_werking" in each:
            each["in_werking"] = str(each["in_werking"])
    text = yaml.safe_dump(law, allow_unicode=True).encode()
    return Regelset(bestanden={**SHIPPED.bestanden, name: text})


Check = Callable[[Mapping[str, Any]], bool]
OPENINGS: Final[dict[str, tuple[dict[str, object], Check]]] = {
    "a deelnemer with its task": (
        {"deelnemer": "svb", "taken": ["aow"]},
        lambda basis: basis["deelnemers"]["svb"] == {"taken": ["aow"]},
    ),
    "one more task": (
        {"deelnemer": "om", "taken": ["wahv"]},
        lambda basis: basis["deelnemers"]["om"] == {"taken": ["ro-124", "wahv"]},
    ),
    "an activity": (
        {"activiteit": "actie", "zonder_fasen": [2, 3]},
        lambda basis: basis["activiteiten"]["actie"]["zonder_fasen"] == [2, 3],
    ),
    "a category": (
        {"categorie": "vaartuig", "fase": 2, "bronnen": ["politie"], "instemmingen": []},
        lambda basis: (
            "vaartuig" in basis["bekend"] and basis["categorieen"]["vaartuig"]["fase"] == 2
        ),
    ),
    "a consent to a category": (
        {"categorieen": {"fiscaal": ["convenant-verzoek"]}},
        lambda basis: basis["categorieen"]["fiscaal"]["instemmingen"] == ["convenant-verzoek"],
    ),
    "a term": (
        {"termijn": "bewaarverlenging", "duur": "P2Y"},
        lambda basis: basis["termijnen"]["bewaarverlenging"]["duur"] == "P2Y",
    ),
}


@pytest.mark.parametrize("what", OPENINGS)
def test_rule_of_law_opens_what_it_says(what: str) -> None:
    """A rule in a law file is all that it takes, and it holds as long as its law."""
    opens, check = OPENINGS[what]
    register = Register.load(with_rule(WGS_LATER, opent={"voor": ["wgs-riec"], **opens}))
    standen = list(register.data["standen"].values())

    holds = [_safely(check, stand["grondslagen"]["wgs-riec"]) for stand in standen]

    assert (holds[0], holds[-1]) == (False, True)


def _safely(check: Check, basis: Mapping[str, Any]) -> bool:
    try:
        return check(basis)
    except KeyError:
        return False


def test_rule_of_law_closes_what_it_says() -> None:
    """A category that a rule closes is excluded, and known."""
    closed = with_rule(WGS_LATER, sluit={"voor": ["wgs-riec"], "categorieen": ["handschrift"]})
    standen = list(Register.load(closed).data["standen"].values())
    before, now = (stand["grondslagen"]["wgs-riec"] for stand in (standen[0], standen[-1]))

    assert "handschrift" in now["uitgesloten"]
    assert "handschrift" in now["bekend"]
    assert "handschrift" not in before["bekend"]


def test_rule_comes_into_force_on_its_own_day() -> None:
    """A rule with its own date opens nothing before it, though its law holds already."""
    opens = {"voor": ["wgs-riec"], "activiteit": "actie"}
    register = Register.load(with_rule(WGS_LATER, in_werking="2026-01-01", opent=opens))

    def opened(day: str) -> bool:
        data = register.on(dt.date.fromisoformat(day)).data
        return "actie" in data["grondslagen"]["wgs-riec"]["activiteiten"]

    assert (opened("2025-12-31"), opened("2026-01-01")) == (False, True)


def test_every_basis_is_complete_in_every_period() -> None:
    """Each basis has the same members in each period, so that the rules meet nothing undefined."""
    standen = Register.load(SHIPPED).data["standen"].values()
    bases = [b for s in standen for b in (*s["grondslagen"].values(), s["onbekende_grondslag"])]
    categories = [c for basis in bases for c in basis["categorieen"].values()]

    assert len({frozenset(basis) for basis in bases}) == 1
    assert len({frozenset(category) for category in categories}) == 1


def test_many_faults_are_told_soon() -> None:
    """Five thousand faults in one file cost seconds: the file is read once for all their lines."""
    text = SHIPPED.bestanden[WGS].decode()
    start = time.perf_counter()

    fouten = told({WGS: (text + "  - {}\n" * 1000).encode()})

    assert len(fouten) >= 5000
    assert fouten[-1].startswith(f"{WGS}:{text.count(chr(10)) + 1000}: ")
    assert time.perf_counter() - start < 30


@pytest.mark.parametrize(
    "text",
    [
        "anders := 1\n",
        "package sluis.besluit\nanders := 1\n",
        "# package sluis.besluit\n# import rego.v1\nanders := 1\n",
        "package sluis.besluit.anders\nimport rego.v1\nanders := 1\n",
    ],
)
def test_rules_that_opa_reads_otherwise_are_refused(text: str) -> None:
    """A file of rules without its package would be read here, and be refused by OPA."""
    name = "policies/besluit/anders.rego"

    assert told({name: text.encode()})[0].startswith(f"{name}:1: `package sluis.besluit`")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("categorie: fiscaal", "categorie: f\u0456scaal"),
        ("voor: [wgs-riec", "voor: [wgs\u2010riec"),
        ("categorie: fiscaal", "categorie: 'fiscaal '"),
    ],
)
def test_name_that_only_looks_right_is_refused(old: str, new: str) -> None:
    """A letter of another alphabet, another dash or a space: it would open or close nothing."""
    name = next(n for n, text in SHIPPED.bestanden.items() if old in text.decode())

    fouten = told(changed(name, (old, new)))

    assert any(f"{name}:{at(name, old)}: " in f and "gewone letters" in f for f in fouten)
