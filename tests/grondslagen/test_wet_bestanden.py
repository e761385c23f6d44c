"""The law files: their shape, their names, their dates and their words."""

import copy
import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import referencing
from pydantic import BaseModel

from broker.decision.files import (
    EenVan,
    Grondslag,
    Opent,
    Regel,
    Resultaat,
    Sluit,
    Voorbehouden,
    Wet,
)
from broker.decision.samenhang import slug
from tests.grondslagen.test_redenen import STIFF
from tests.grondslagen.wetten import FILES, GRONDSLAGEN, read

BASES: Final = sorted(
    path
    for soort in ("samenwerking", "bilateraal")
    for path in (GRONDSLAGEN / soort).rglob("*.yaml")
)
JCI: Final = "https://wetten.overheid.nl/jci1.3:c"


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema with this name."""
    content: dict[str, Any] = json.loads((GRONDSLAGEN / name).read_text(encoding="utf-8"))
    return content


def validator(name: str) -> jsonschema.Draft202012Validator:
    """Return the check against this JSON Schema, which may lean on that of a law."""
    wet = referencing.Resource.from_contents(schema("wet.schema.json"))
    registry: referencing.Registry[Any] = referencing.Registry().with_resource(
        "wet.schema.json", wet
    )
    return jsonschema.Draft202012Validator(
        schema(name),
        registry=registry,
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )


def by_id() -> dict[str, list[dict[str, Any]]]:
    """Return the files of each law, the oldest first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for wet in sorted((read(path) for path in FILES), key=lambda wet: wet["geldig_vanaf"] or ""):
        found.setdefault(wet["id"], []).append(wet)
    return found


@pytest.mark.parametrize("name", ["wet.schema.json", "grondslag.schema.json"])
def test_wet_schema_is_a_schema(name: str) -> None:
    """The schemas of laws and of bases are themselves well formed."""
    jsonschema.Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_wet_has_its_shape(path: Path) -> None:
    """Each law file fits the schema."""
    assert [e.message for e in validator("wet.schema.json").iter_errors(read(path))] == []


@pytest.mark.parametrize("path", BASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_grondslag_has_its_shape(path: Path) -> None:
    """Each basis fits the schema."""
    assert [e.message for e in validator("grondslag.schema.json").iter_errors(read(path))] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_wet_is_named_after_itself(path: Path) -> None:
    """The folders and the file name say the kind, the id and the first day."""
    wet = read(path)
    name = (wet["soort"], wet["id"], f"{wet['geldig_vanaf'] or 'open'}.yaml")

    assert path.relative_to(GRONDSLAGEN).parts == name


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_regel_is_named_after_its_place(path: Path) -> None:
    """An id says the law, the article, the lid and the onderdeel, and stands once in a file."""
    wet = read(path)
    ids = [regel["id"] for regel in wet["regels"]]

    assert [name for name, often in Counter(ids).items() if often > 1] == []
    assert ids == [
        slug(wet["id"], regel["artikel"], regel["lid"], regel["onderdeel"])
        for regel in wet["regels"]
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_link_leads_to_the_article(path: Path) -> None:
    """The link of a rule holds the number of its law and its article, as a jci address."""
    wet = read(path)
    wrong = [
        regel["link"]
        for regel in wet["regels"]
        if wet["bwb"] and regel["link"] != f"{JCI}:{wet['bwb']}&artikel={regel['artikel']}"
    ]

    assert wrong == []


def test_a_regel_keeps_its_place() -> None:
    """Under a later date of a law an id still stands for the same article."""
    moved = [
        (before["id"], after["geldig_vanaf"])
        for same in by_id().values()
        for before, after in pairwise(same)
        for old in before["regels"]
        for new in after["regels"]
        if old["id"] == new["id"]
        and any(old[part] != new[part] for part in ("artikel", "lid", "onderdeel"))
    ]

    assert moved == []


def test_dates_follow_each_other() -> None:
    """Of one law exactly one file holds on any day between its first and its last."""
    wrong = [
        (before["id"], before["geldig_tot"], after["geldig_vanaf"])
        for same in by_id().values()
        for before, after in pairwise(same)
        if before["geldig_tot"] is None or before["geldig_tot"] != after["geldig_vanaf"]
    ]

    assert wrong == []


def test_a_later_start_lies_in_the_term_of_its_file() -> None:
    """A rule that begins later than its law begins after the first day of that file."""
    wrong = [
        regel["id"]
        for same in by_id().values()
        for wet in same
        for regel in wet["regels"]
        if "in_werking" in regel
        and not (wet["geldig_vanaf"] or "") < regel["in_werking"] < (wet["geldig_tot"] or "9")
    ]

    assert wrong == []


def test_titles_are_one_per_law() -> None:
    """A law has the same titles and number under each of its dates, and shares them with none."""
    facts = {
        name: {(wet["titel"], wet["citeertitel"], wet["bwb"], wet["soort"]) for wet in same}
        for name, same in by_id().items()
    }
    short = Counter(wet["citeertitel"] for same in by_id().values() for wet in same[:1])

    assert [name for name, found in facts.items() if len(found) != 1] == []
    assert [name for name, often in short.items() if often > 1] == []


def test_a_law_that_was_not_read_is_never_verified() -> None:
    """Only what was read is called verified, and what was read old is never called so."""
    wrong = [
        regel["id"]
        for same in by_id().values()
        for wet in same
        for regel in wet["regels"]
        if regel["zekerheid"] == "geverifieerd" and wet["gelezen"] in (None, "2017", "2020-04")
    ]

    assert wrong == []


def test_words_are_plain() -> None:
    """Each text is at most two short sentences, without stiff words."""
    wrong = [
        (regel["id"], regel["tekst"])
        for same in by_id().values()
        for wet in same
        for regel in wet["regels"]
        if STIFF.search(regel["tekst"])
        or len(re.findall(r"\.(?: |$)", regel["tekst"])) > 2
        or any(len(zin.split()) > 32 for zin in regel["tekst"].split(". "))
    ]

    assert wrong == []


def test_no_two_regels_of_a_law_say_the_same() -> None:
    """Each rule of a law has its own words."""
    said = {
        (name, wet["geldig_vanaf"]): Counter(regel["tekst"] for regel in wet["regels"])
        for name, same in by_id().items()
        for wet in same
    }

    assert [(w, t) for w, texts in said.items() for t, often in texts.items() if often > 1] == []


def members(part: dict[str, Any]) -> set[str]:
    """Return the members of this part of a schema, in whatever form it comes."""
    forms = part.get("oneOf", [part])
    return {name for form in forms for name in form["properties"]}


@pytest.mark.parametrize(
    ("part", "shape"),
    [
        (schema("wet.schema.json"), Wet),
        (schema("wet.schema.json")["$defs"]["regel"], Regel),
        (schema("wet.schema.json")["$defs"]["opent"], Opent),
        (schema("wet.schema.json")["$defs"]["een_van"], EenVan),
        (schema("wet.schema.json")["$defs"]["sluit"], Sluit),
        (schema("grondslag.schema.json"), Grondslag),
        (schema("grondslag.schema.json")["properties"]["resultaat"], Resultaat),
        (schema("grondslag.schema.json")["properties"]["voorbehouden"], Voorbehouden),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_schema_and_loader_know_the_same_members(
    part: dict[str, Any], shape: type[BaseModel]
) -> None:
    """What an editor offers is what the broker reads: no member more, none less."""
    assert members(part) == set(shape.model_fields)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("zekerheid", "zeker"),
        ("artikel", ""),
        ("lid", 2),
        ("tekst", "geen hoofdletter."),
        ("link", "wetten.overheid.nl"),
        ("in_werking", "1 juli 2025"),
        ("opent", {"voor": ["wgs-riec"]}),
        ("opent", {"voor": [], "deelnemer": "politie"}),
        ("opent", {"voor": ["wgs-riec"], "deelnemer": "politie", "categorie": "fiscaal"}),
        ("opent", {"voor": ["wgs-riec"], "categorie": "fiscaal", "fase": 4}),
        ("opent", {"voor": ["wgs-riec"], "termijn": "bewaren"}),
        ("sluit", {"voor": ["wgs-riec"]}),
        ("sluit", {"voor": ["wgs-riec"], "labels": ["11"]}),
        ("onbekend", "x"),
    ],
)
def test_wet_schema_refuses_what_is_wrong(member: str, value: object) -> None:
    """A rule that is not well formed is refused."""
    broken = copy.deepcopy(read(FILES[0]))
    broken["regels"][0][member] = value

    assert not validator("wet.schema.json").is_valid(broken)
