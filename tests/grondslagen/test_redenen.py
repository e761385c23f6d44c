"""The texts and articles of every ground, condition and consent."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import yaml

from broker.domain.dossier import Dossier

ROOT: Final = Path(__file__).parents[2]
FILES: Final = sorted((ROOT / "grondslagen" / "redenen").glob("*.yaml"))
SCHEMA: Final[dict[str, Any]] = json.loads(
    (ROOT / "grondslagen" / "redenen.schema.json").read_text(encoding="utf-8")
)

# The contract's table, in its order.
CODES: Final = [
    "grondslag-onbekend", "grondslag-niet-in-werking", "grondslag-verkeerd-spoor",
    "activiteit-onbekend", "doel-ontbreekt", "vraagstelling-ontbreekt",
    "verschijnsel-niet-aangewezen", "zaak-onbekend", "zaak-niet-vastgesteld",
    "zaak-zonder-looptijd", "zaak-verlopen", "zaak-beeindigd", "signaal-niet-aanvaard",
    "vrager-geen-deelnemer", "vrager-niet-betrokken", "vrager-agendalid",
    "taak-niet-van-deelnemer", "rol-niet-bevoegd", "autorisatie-verlopen",
    "screening-ontbreekt", "opleiding-ontbreekt", "bron-geen-deelnemer", "bron-niet-betrokken",
    "alleen-treffer-voor-overige-bron", "te-veel-betrokkenen", "buiten-gebied",
    "buiten-branche", "geen-band-met-signaal", "reikwijdte-onbekend", "relatie-te-ver",
    "onderzoek-onbekend", "onderzoek-beeindigd", "categorie-onbekend", "categorie-uitgesloten",
    "categorie-niet-in-fase", "categorie-niet-bij-scan", "categorie-niet-van-bron",
    "seksueel-gedrag-niet-toegestaan", "nationaliteit-niet-noodzakelijk",
    "bevoegd-gezag-ontbreekt", "om-toestemming-ontbreekt", "wpg-20-besluit-ontbreekt",
    "convenant-verzoek-ontbreekt", "leverancier-instemming-ontbreekt", "bezwaar-deelnemer",
    "rac-toets-ontbreekt", "fiscaal-naar-privaat", "wpg-label-ontbreekt", "wpg-label-past-niet",
    "politiegegeven-verwijderd", "politiegegeven-te-oud", "bewaartermijn-verstreken",
    "gegeven-niet-gevraagd", "herkomst-ontbreekt", "categorie-niet-van-grondslag",
    "functionaris-ontbreekt",
]  # fmt: skip
# What was added after the contract.
ADDED: Final = [
    "beroepsgeheim-niet-doorbroken", "geheimhoudingsverklaring-ontbreekt",
    "eerst-treffer-bij-ontvanger", "beroepsgeheim-ander-verband",
]  # fmt: skip
INSTEMMINGEN: Final = {
    "bevoegd-gezag", "functionaris-2-10", "wpg-20-besluit", "om-toestemming", "leverancier",
    "rechtmatigheidsadviescommissie", "geen-bezwaar", "convenant-verzoek",
    "uitdrukkelijke-toestemming", "wettelijke-plicht", "wettelijke-bevoegdheid",
    "goed-hulpverlenerschap", "geheimhoudingsverklaring", "bewaarverlenging",
}  # fmt: skip
VOORWAARDEN: Final = {"geheimhouding", "terugkoppeling", "bewaren-tot", "geen-doorverstrekking"}
BILATERAAL: Final = {"wpg-16", "wpg-18", "wpg-19", "wpg-20-1", "awr-43c", "suwi-64"}
GRONDSLAGEN: Final = BILATERAAL | {"wgs-riec", "riec-convenant", "wgs-zvh"}
# Grounds that no question under the convenant can meet, and the one that says it has ended.
NOT_UNDER_CONVENANT: Final = {
    "grondslag-onbekend", "grondslag-niet-in-werking", "signaal-niet-aanvaard",
    "categorie-niet-in-fase", "categorie-niet-van-grondslag",
}  # fmt: skip
# Grounds that a question on a bilateral basis can meet.
UNDER_BILATERAL: Final = [
    "grondslag-niet-in-werking", "grondslag-verkeerd-spoor", "vraagstelling-ontbreekt",
    "vrager-geen-deelnemer", "taak-niet-van-deelnemer", "rol-niet-bevoegd",
    "autorisatie-verlopen", "screening-ontbreekt", "opleiding-ontbreekt", "bron-geen-deelnemer",
    "categorie-onbekend", "categorie-uitgesloten", "nationaliteit-niet-noodzakelijk",
    "categorie-niet-van-grondslag", "wpg-label-ontbreekt", "wpg-label-past-niet",
    "politiegegeven-verwijderd", "politiegegeven-te-oud", "bewaartermijn-verstreken",
    "gegeven-niet-gevraagd", "herkomst-ontbreekt", "fiscaal-naar-privaat",
]  # fmt: skip
# Grounds of one item, whose fact is a member of that item.
OF_AN_ITEM: Final = [
    "fiscaal-naar-privaat", "wpg-label-ontbreekt", "wpg-label-past-niet",
    "politiegegeven-verwijderd", "politiegegeven-te-oud", "bewaartermijn-verstreken",
    "gegeven-niet-gevraagd", "herkomst-ontbreekt", "beroepsgeheim-ander-verband",
]  # fmt: skip
STIFF: Final = re.compile(
    r"\b(derhalve|dien(t|en) te|conform|inzake|teneinde|betreffende|alsmede|middels|ingevolge|"
    r"krachtens|voornoemde?|zulks|mits|tenzij|omtrent|jegens|noodzakelijkerwijs)\b",
    re.IGNORECASE,
)


def read(path: Path) -> dict[str, Any]:
    """Return the content of one file of texts."""
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module", params=FILES, ids=lambda path: path.name)
def texts(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Give each dated file of texts."""
    return read(request.param)


def entries(texts: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield everything that names an article, with where it stands."""
    for part in ("redenen", "voorwaarden", "instemmingen"):
        for code, entry in texts[part].items():
            yield f"{part}/{code}", entry
            for grondslag, own in entry.get("per_grondslag", {}).items():
                yield f"{part}/{code}/{grondslag}", own


def sentences(texts: dict[str, Any], member: str) -> Iterator[tuple[str, str]]:
    """Yield every sentence in this member, with where it stands."""
    for where, entry in entries(texts):
        if member in entry:
            yield where, entry[member]


def under(texts: dict[str, Any], code: str, grondslag: str) -> dict[str, Any]:
    """Return what this ground says under this basis."""
    reden: dict[str, Any] = texts["redenen"][code]
    own: dict[str, Any] = reden.get("per_grondslag", {}).get(grondslag, {})
    return reden | own


def test_there_are_texts() -> None:
    """The register holds a file of texts."""
    assert FILES


def test_codes_are_those_of_the_contract(texts: dict[str, Any]) -> None:
    """Each ground has its entry, in the order of the contract, then what was added; no other."""
    assert list(texts["redenen"]) == CODES + ADDED


def test_hard_list_is_the_published_table(shared: Path) -> None:
    """The list in this test is the table of the published contract."""
    contract = (shared / "contract" / "besluit.md").read_text(encoding="utf-8")
    table = contract.split("## Grounds")[1].split("## Categories")[0]

    assert re.findall(r"^\| `([a-z0-9-]+)` \|", table, re.MULTILINE) == CODES


def test_instemmingen_and_voorwaarden_are_those_of_the_contract(texts: dict[str, Any]) -> None:
    """Each kind of consent and each condition of the contract has its entry, and no other."""
    assert set(texts["instemmingen"]) == INSTEMMINGEN
    assert set(texts["voorwaarden"]) == VOORWAARDEN


def test_schema_holds(texts: dict[str, Any]) -> None:
    """The file is what its JSON Schema says."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(
        SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )

    assert [f"{e.json_path}: {e.message}" for e in validator.iter_errors(texts)] == []


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("uitleg", "Twee zinnen. Dat is er één te veel."),
        ("uitleg", "Zonder punt"),
        ("uitleg", "Hier ontbreekt {naam}."),
        ("uitleg", "Bel <naam> voor hulp."),
        ("artikel", "artikel 2.23 lid 5"),
        ("artikel", "2.23 (5)"),
        ("bwb", "BWBR49962"),
        ("zekerheid", "zeker"),
        ("herstelbaar", False),
        ("wie", "niemand"),
        ("feit", "/zaak/"),
        ("per_grondslag", {"wpg-16": {"artikel": "16(1)"}}),
        ("per_grondslag", {"wpg-16": {}}),
        ("onbekend", "x"),
    ],
)
def test_schema_refuses_what_is_wrong(member: str, value: object) -> None:
    """An entry that breaks a rule of the schema is refused."""
    broken = copy.deepcopy(read(FILES[0]))
    broken["redenen"]["zaak-verlopen"][member] = value

    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(broken)


def test_texts_are_short(texts: dict[str, Any]) -> None:
    """What failed takes at most 25 words, and how to mend it at most 30."""
    longest = {"uitleg": 25, "herstel": 30}
    too_long = [
        where
        for member, most in longest.items()
        for where, text in sentences(texts, member)
        if len(text.split()) > most
    ]

    assert too_long == []


def test_texts_are_plain(texts: dict[str, Any]) -> None:
    """No text holds a stiff word, a number of a person or a code of ours."""
    code = re.compile(r"\d{6}|[a-z]+-[a-z]+-[a-z]+")
    found = [
        (where, text)
        for member in ("uitleg", "herstel", "naam")
        for where, text in sentences(texts, member)
        if STIFF.search(text) or code.search(text)
    ]

    assert found == []


def test_every_ground_has_its_own_words(texts: dict[str, Any]) -> None:
    """No two grounds say the same, so a reader can tell them apart."""
    told = [reden["uitleg"] for reden in texts["redenen"].values()]

    assert len(set(told)) == len(told)


def test_acts_are_known_and_have_one_number(texts: dict[str, Any]) -> None:
    """Each act is listed with the text that was read, and has the same number everywhere."""
    acts = texts["toestand"]
    wrong = [
        where
        for where, entry in entries(texts)
        if entry["wet"] not in acts or entry["bwb"] != acts[entry["wet"]]["bwb"]
    ]

    assert wrong == []
    assert {entry["wet"] for _, entry in entries(texts)} == set(acts)


def test_an_act_that_was_not_read_is_never_verified(texts: dict[str, Any]) -> None:
    """Only an article that was read is called verified, and only the HHK-besluit the contract."""
    unread = {name for name, act in texts["toestand"].items() if act["gelezen"] is None}
    wrong = [
        where
        for where, entry in entries(texts)
        if (entry["zekerheid"] == "geverifieerd" and entry["wet"] in unread)
        or (entry["zekerheid"] == "contract") != (entry["wet"] == "HHK-besluit")
    ]

    assert wrong == []


def test_bases_are_known(texts: dict[str, Any]) -> None:
    """Each basis with an article of its own is one of the contract."""
    parts = (texts[part] for part in ("redenen", "voorwaarden", "instemmingen"))
    named = {g for part in parts for entry in part.values() for g in entry.get("per_grondslag", {})}

    assert named <= GRONDSLAGEN


@pytest.mark.parametrize("code", [code for code in CODES if code not in NOT_UNDER_CONVENANT])
def test_convenant_never_cites_the_wgs(texts: dict[str, Any], code: str) -> None:
    """Before the WGS no refusal rests on an article of it."""
    assert under(texts, code, "riec-convenant")["wet"] not in {"WGS", "BGS"}


@pytest.mark.parametrize("code", UNDER_BILATERAL)
@pytest.mark.parametrize("grondslag", sorted(BILATERAAL))
def test_bilateral_basis_never_cites_the_wgs(
    texts: dict[str, Any], code: str, grondslag: str
) -> None:
    """What goes outside the RIEC is not refused on an article of the WGS."""
    assert under(texts, code, grondslag)["wet"] not in {"WGS", "BGS"}


def find(schema: dict[str, Any], path: list[str]) -> dict[str, Any] | None:
    """Return the schema of the member that this path leads to, if there is one."""
    here = schema
    for name in path:
        kind = here.get("anyOf", [here])[0]
        kind = kind.get("items", kind)
        if "$ref" in kind:
            kind = schema["$defs"][kind["$ref"].rsplit("/", 1)[1]]
        if name not in kind.get("properties", {}):
            return None
        here = kind["properties"][name]
    return here


@pytest.mark.parametrize("code", CODES + ADDED)
def test_fact_is_a_member_of_the_dossier(texts: dict[str, Any], code: str) -> None:
    """Each ground points at a member that the dossier, or the item it judges, can hold."""
    feit = texts["redenen"][code]["feit"]
    path = ["gegevens", feit] if code in OF_AN_ITEM else feit.removeprefix("/").split("/")

    assert feit.startswith("/") == (code not in OF_AN_ITEM)
    assert find(Dossier.model_json_schema(), path) is not None
