"""The cases of this folder: dossiers by merge patch, and what must come out of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson
import yaml
from typing_extensions import override

from broker.domain.besluit import Besluit

ROOT: Final = Path(__file__).parents[2]
CASES: Final = Path(__file__).parent / "cases"
ZVH: Final = ROOT / "tests" / "zvh" / "cases"
BASES: Final = "basissen.yaml"

# The grounds of the contract. An instemming is the only thing that waits instead of refusing.
WAITING: Final = frozenset(
    {
        "bevoegd-gezag-ontbreekt",
        "om-toestemming-ontbreekt",
        "wpg-20-besluit-ontbreekt",
        "convenant-verzoek-ontbreekt",
        "leverancier-instemming-ontbreekt",
        "bezwaar-deelnemer",
        "rac-toets-ontbreekt",
        "functionaris-ontbreekt",
        "beroepsgeheim-niet-doorbroken",
        "geheimhoudingsverklaring-ontbreekt",
        "eerst-treffer-bij-ontvanger",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Geval:
    """One case: a dossier and what must come out."""

    thema: str
    naam: str
    dossier: Mapping[str, Any] = field(repr=False)
    verwacht: Mapping[str, Any] = field(repr=False)

    @override
    def __str__(self) -> str:
        return f"{self.thema}: {self.naam}"


def merge(target: object, patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return the target with this JSON merge patch (RFC 7396): null removes a member."""
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            is_patch = isinstance(value, Mapping)
            merged[name] = merge(merged.get(name), value) if is_patch else value
    return merged


@cache
def bases(folder: Path = CASES) -> Mapping[str, dict[str, Any]]:
    """Return the dossiers that the cases in this folder start from."""
    written = yaml.safe_load((folder / BASES).read_text(encoding="utf-8"))
    found: dict[str, dict[str, Any]] = {}
    for name, base in written.items():
        found[name] = base.get("dossier") or merge(found[base["van"]], base["patch"])
    return found


@cache
def cases(folder: Path = CASES) -> tuple[Geval, ...]:
    """Return every case in this folder."""
    return tuple(
        Geval(
            thema=path.stem,
            naam=case["naam"],
            dossier=merge(bases(folder)[case["basis"]], case["patch"]),
            verwacht={k: v for k, v in case.items() if k not in ("naam", "basis", "patch")},
        )
        for path in sorted(folder.glob("*.yaml"))
        if path.name != BASES
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))
    )


def outcome(besluit: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a besluit in JSON what a case says of it, in the same form."""
    seen = {
        "uitkomst": besluit["uitkomst"],
        "codes": sorted(grond["code"] for grond in besluit["weigeringsgronden"]),
        "categorieen": {c["id"]: c["uitkomst"] for c in besluit["categorieen"]},
        "gegevens": {g["id"]: g["uitkomst"] for g in besluit["gegevens"]},
        "bewaren_tot": besluit["bewaren_tot"],
        "nodig": besluit["vereiste_instemmingen"],
    }
    return {name: seen[name] for name in asked}


def expected(verwacht: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a case expects, with its codes in a fixed order."""
    return {**verwacht, "codes": sorted(verwacht["codes"])}


def plain(besluit: Besluit) -> dict[str, Any]:
    """Return a besluit as the JSON that leaves, read back."""
    read: dict[str, Any] = orjson.loads(orjson.dumps(besluit.as_json()))
    return read
