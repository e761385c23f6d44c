"""The published description is that of the code."""

import json
from collections.abc import Iterator

from broker.app import describe
from broker.decision.register import default_root

FILE = default_root() / "docs" / "sluis.openapi.json"


def test_description_is_fresh() -> None:
    """The file in docs is what the code makes; `broker.app.describe` tells how to write it anew."""
    assert FILE.read_text(encoding="utf-8") == describe()


def members(node: object) -> Iterator[tuple[str, object]]:
    """Walk all members of the document."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield name, value
            yield from members(value)
    elif isinstance(node, list):
        for value in node:
            yield from members(value)


def test_every_reference_resolves() -> None:
    """Each $ref leads to a schema that is there, and 422 is nowhere."""
    made = json.loads(describe())
    references = {str(v).split("/")[-1] for name, v in members(made) if name == "$ref"}

    assert references == set(made["components"]["schemas"])
    assert "422" not in {name for name, _ in members(made)}


def test_no_subject_in_any_address() -> None:
    """No path or query takes a number or pseudonym of a subject."""
    made = json.loads(describe())

    asked = {
        parameter["name"]
        for operations in made["paths"].values()
        for operation in operations.values()
        for parameter in operation.get("parameters", ())
    }

    assert asked == {
        *("cursor", "deelnemer", "fase", "groep", "id", "index", "lijst", "limiet", "moment"),
        *("nummer", "organisatie", "tot", "traceparent", "uitleg", "uitstel", "van", "zaak"),
    }
