"""The description for catalogues of public code keeps to its standard."""

import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CODE = yaml.safe_load((ROOT / "publiccode.yml").read_text(encoding="utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_mandatory_keys() -> None:
    """Every key that the standard demands is there."""
    mandatory = {
        "publiccodeYmlVersion",
        "name",
        "url",
        "platforms",
        "developmentStatus",
        "softwareType",
        "description",
        "legal",
        "maintenance",
        "localisation",
    }

    assert mandatory - CODE.keys() == set()


@pytest.mark.parametrize("language", ["nl", "en"])
def test_descriptions_fit(language: str) -> None:
    """The descriptions have the lengths that the standard allows."""
    text = CODE["description"][language]

    assert len(text["shortDescription"]) <= 150
    assert 150 <= len(text["longDescription"]) <= 10_000
    assert len(text["features"]) >= 5


def test_version_and_licence_are_those_of_the_package() -> None:
    """The version and the licence stand the same in both files."""
    assert CODE["softwareVersion"] == PROJECT["version"]
    assert CODE["legal"]["license"] == PROJECT["license"]
