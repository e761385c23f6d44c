"""The zaken of `grondslagen/zaken/` say where each fact stands, and say it rightly."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from broker.decision.decide import Decider
from broker.decision.register import default_root
from broker.domain.dossier import Zaak
from broker.domain.invoer import load_yaml
from broker.errors import InvalidInputError
from broker.seeds import (
    ZAKEN,
    DocumentSeed,
    FeitSeed,
    OpenVraagSeed,
    VindplaatsSeed,
    ZaakSeed,
    read_zaken,
)
from broker.services.zaaksoorten import zaaksoorten

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / ZAKEN).glob("*.yaml"))
SCHEMA: dict[str, Any] = json.loads((ROOT / "grondslagen" / "zaak.schema.json").read_text("utf-8"))
SEEDS = {zaak.id: zaak for zaak in read_zaken(ROOT)}
EACH_SEED = pytest.mark.parametrize("zaak", SEEDS.values(), ids=SEEDS)
GLAZENWASSERS, OOST, FICTIEF = (
    SEEDS[name]
    for name in ("hhk-glazenwassers-2023", "hhk-zaandam-oost-2023", "hhk-zaandam-oost-2026")
)


def plain(text: str) -> str:
    """Return the text with every run of white space as one space."""
    return " ".join(text.split())


def at(document: object, pointer: str) -> object:
    """Return what stands at a JSON Pointer (RFC 6901)."""
    found: Any = document
    for part in pointer.split("/")[1:]:
        found = found[int(part)] if isinstance(found, list) else found[part]
    return found


def leaves(value: object, pointer: str) -> list[str]:
    """Return the pointer of every leaf; an empty list or mapping is a leaf too."""
    if isinstance(value, dict) and value:
        return [leaf for key, item in value.items() for leaf in leaves(item, f"{pointer}/{key}")]
    if isinstance(value, list) and value:
        return [leaf for i, item in enumerate(value) for leaf in leaves(item, f"{pointer}/{i}")]
    return [pointer]


def vindplaatsen(zaak: ZaakSeed) -> list[VindplaatsSeed]:
    """Return every place that the zaak names."""
    told: tuple[FeitSeed | OpenVraagSeed, ...] = (*zaak.feiten, *zaak.open_vragen)
    return [place for item in told for place in item.vindplaatsen]


def section(folder: Path, document: DocumentSeed) -> str:
    """Return the text of one document, cut out of the file that it was published in."""
    assert document.bestand
    assert document.begin
    text = plain((folder / document.bestand).read_text(encoding="utf-8"))
    start = text.index(document.begin)
    end = text.index(document.einde, start) if document.einde else len(text)
    return text[start:end]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_zaak_fits_its_schema(path: Path) -> None:
    """Each zaak file is valid under the published schema."""
    Draft202012Validator.check_schema(SCHEMA)
    validator = Draft202012Validator(SCHEMA)

    errors = [
        f"{e.json_path}: {e.message}"
        for e in validator.iter_errors(load_yaml(path.read_text("utf-8")))
    ]

    assert errors == []


def test_schema_knows_exactly_the_members_of_the_contract() -> None:
    """The schema names the members of a zaak that the dossier has, and no others."""
    assert set(SCHEMA["$defs"]["zaak"]["properties"]) == set(Zaak.model_fields)


@EACH_SEED
def test_fact_equals_the_member_that_it_fills(zaak: ZaakSeed) -> None:
    """What a fact says and what the dossier holds are the same value."""
    file = {"titel": zaak.titel, "dossier": zaak.dossier}

    wrong = [f.onderwerp for f in zaak.feiten if f.bepaalt and at(file, f.bepaalt) != f.waarde]

    assert wrong == []


@EACH_SEED
def test_every_member_of_the_dossier_has_a_fact(zaak: ZaakSeed) -> None:
    """Nothing stands in the dossier but its own id and what some fact fills."""
    filled = tuple(f"{fact.bepaalt}/" for fact in zaak.feiten if fact.bepaalt)

    missing = [
        leaf for leaf in leaves(zaak.dossier, "/dossier") if not f"{leaf}/".startswith(filled)
    ]

    assert missing == ["/dossier/id"]


@EACH_SEED
def test_subjects_are_told_once(zaak: ZaakSeed) -> None:
    """No fact and no member of the dossier is told by two entries."""
    subjects = [fact.onderwerp for fact in zaak.feiten]
    members = [fact.bepaalt for fact in zaak.feiten if fact.bepaalt]

    assert sorted(set(subjects)) == sorted(subjects)
    assert sorted(set(members)) == sorted(members)


@EACH_SEED
def test_vindplaats_names_a_known_document(zaak: ZaakSeed) -> None:
    """Each place names a document of the file; a document with text is quoted, each one is used."""
    places = vindplaatsen(zaak)
    with_text = {name for name, document in zaak.bronnen.items() if document.bestand}

    assert {place.bron for place in places} == set(zaak.bronnen)
    assert all((place.citaat is not None) == (place.bron in with_text) for place in places)


@EACH_SEED
def test_quotes_stand_in_their_document(zaak: ZaakSeed, shared: Path) -> None:
    """Each quote stands literally in the named document, below the named heading."""
    folder = shared / "bronnen"
    if not folder.is_dir():
        pytest.skip("de map met bronnen (../shared/bronnen) is er niet")
    texts = {name: section(folder, d) for name, d in zaak.bronnen.items() if d.bestand}

    lost = []
    for place in vindplaatsen(zaak):
        if place.bron in texts and place.paragraaf and place.citaat:
            _, heading, below = texts[place.bron].partition(plain(place.paragraaf))
            if not heading or plain(place.citaat) not in below:
                lost.append((place.bron, place.paragraaf, place.citaat))

    assert lost == []


@pytest.mark.parametrize(
    ("zaak", "base"),
    [(OOST, "base-convenant.yaml"), (FICTIEF, "base-wgs.yaml")],
    ids=["convenant", "wgs"],
)
def test_dossier_equals_the_scenario(zaak: ZaakSeed, base: str, shared: Path) -> None:
    """The zaak of a scenario and the seed with the same id are equal."""
    path = shared / "scenarios" / base
    if not path.is_file():
        pytest.skip("de map met scenario's (../shared/scenarios) is er niet")
    scenario = yaml.safe_load(path.read_text(encoding="utf-8"))["zaak"]

    assert zaak.dossier == scenario


def test_only_the_zaken_of_2026_are_fictional() -> None:
    """The zaken of 2023 are real, those of 2026 are marked as made up, in their title too."""
    fictional = [zaak for zaak in SEEDS.values() if zaak.fictief]

    assert [zaak.id for zaak in fictional] == ["casus-zaanstreek-2026", "hhk-zaandam-oost-2026"]
    assert all(zaak.titel.endswith("(fictief)") for zaak in fictional)


def test_soort_is_an_activiteit_of_its_samenwerkingsverband() -> None:
    """The law names the soort of each zaak, for the samenwerkingsverband that runs it."""
    rules, moment = Decider.load(default_root()), "2026-11-20T10:00:00+01:00"
    zaken = [Zaak.model_validate(zaak.dossier) for zaak in SEEDS.values()]

    assert [z.id for z in zaken if z.soort not in zaaksoorten(rules, z.verband, moment)] == []
    assert dict(zaaksoorten(rules, "zvh", moment)) == {"casus": False, "priolijst": False}
    assert dict(zaaksoorten(rules, None, moment)) == {"hhk": True, "casus": True, "scan": True}
    assert zaaksoorten(rules, "iets", moment) == {}


def test_glazenwassers_term_of_research_is_unknown() -> None:
    """What the form of the Glazenwassers leaves out stays absent, and is an open question."""
    subjects = {vraag.onderwerp for vraag in GLAZENWASSERS.open_vragen}

    assert not {"onderzoekstermijn", "max_betrokkenen"} & set(GLAZENWASSERS.dossier)
    assert {"onderzoekstermijn", "aantal betrokkenen per vraag"} <= subjects


@pytest.mark.parametrize(
    "naam", ["Bomenbuurt", "Zuiddijk", "Walvisvaardersbuurt", "Achtersluispolder"]
)
def test_area_without_known_code_is_an_open_question(naam: str) -> None:
    """A neighbourhood whose code nobody knows is told as unknown and opens nothing."""
    told = [vraag for vraag in OOST.open_vragen if naam in vraag.onderwerp]

    assert len(told) == 1
    assert "buiten het gebied" in told[0].gevolg
    assert at(OOST.dossier, "/reikwijdte/gebieden") == [
        "WK047912",
        "WK047913",
        "WK047914",
        "WK047915",
    ]


@EACH_SEED
def test_beschrijving_is_ready_for_json(zaak: ZaakSeed) -> None:
    """What people read beside the dossier can be stored as JSON, and holds every fact."""
    told = json.loads(json.dumps(zaak.beschrijving()))

    assert "dossier" not in told
    assert len(told["feiten"]) == len(zaak.feiten)


def copied(root: Path, change: tuple[str, str]) -> Path:
    """Write the zaak of 2026 below this root with one change, and return the root."""
    text = (ROOT / ZAKEN / "hhk-zaandam-oost-2026.yaml").read_text(encoding="utf-8")
    assert change[0] in text
    (root / ZAKEN).mkdir(parents=True)
    (root / ZAKEN / "hhk-zaandam-oost-2026.yaml").write_text(
        text.replace(*change), encoding="utf-8"
    )
    return root


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        (("  status: vastgesteld\n", "  stattus: vastgesteld\n"), "/dossier/stattus"),
        (("fictief: true", "fictief: misschien"), "/fictief"),
        (("naar_model_van:", "model:"), "/model"),
        (("id: hhk-zaandam-oost-2026", "id: een-ander"), "/id"),
        (("toelichting: >-", "versie: 1\ntoelichting: >-"), ""),
    ],
    ids=["misspelt", "wrong-type", "unknown-member", "other-id", "double-key"],
)
def test_bad_zaak_is_told_with_a_pointer(
    tmp_path: Path, change: tuple[str, str], pointer: str
) -> None:
    """A mistake in a zaak file is an error that names the file and points to the member."""
    with pytest.raises(InvalidInputError, match=r"hhk-zaandam-oost-2026\.yaml") as caught:
        read_zaken(copied(tmp_path, change))

    assert pointer in [fout.pointer for fout in caught.value.fouten]


def test_no_zaken_is_an_error(tmp_path: Path) -> None:
    """A root without zaken is told, rather than read as nothing."""
    with pytest.raises(InvalidInputError, match="staat geen zaak"):
        read_zaken(tmp_path)
