"""Runs the tests that are written in Rego, with their coverage: `python -m tests.opa.rego`."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from broker.decision.decide import Decider
from broker.decision.opa.bundle import ANTWOORD
from broker.decision.register import default_root
from broker.domain import invoer
from tests.decision.gevallen import ZVH, bases

FLOOR: Final = 95.0
"""The least part of the rules, in percent, that their tests must reach."""
POLICIES: Final = default_root() / "policies"
SOURCES: Final = (POLICIES / "besluit", POLICIES / "tests", ANTWOORD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uitslag:
    """How the tests went: the part of the rules that they reached, in percent, and what failed."""

    dekking: float
    per_bestand: Mapping[str, float]
    gezakt: str

    @property
    def goed(self) -> bool:
        """Whether all is as it must be."""
        return not self.gezakt and self.dekking >= FLOOR


def run() -> Uitslag:
    """Run the tests, with the law of this checkout and the facts of every base dossier."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "data.json").write_bytes(orjson.dumps(_data()))
        plain, covered = (
            subprocess.run(
                ["opa", "test", *more, folder, *map(str, SOURCES)],
                capture_output=True, text=True, check=False,
            )
            for more in ((), ("--coverage",))
        )  # fmt: skip
    gezakt = "" if plain.returncode == 0 else plain.stdout + plain.stderr
    report: dict[str, Any] = {"files": {}} if gezakt else json.loads(covered.stdout)
    rules = {
        Path(name).name: found
        for name, found in report["files"].items()
        if not Path(name).is_relative_to(POLICIES / "tests")
    }
    lines = sum(f.get("covered_lines", 0) for f in rules.values())
    missed = sum(f.get("not_covered_lines", 0) for f in rules.values())
    return Uitslag(
        dekking=100 * lines / (lines + missed or 1),
        per_bestand={name: found.get("coverage", 0.0) for name, found in rules.items()},
        gezakt=gezakt,
    )


def _data() -> dict[str, Any]:
    decider = Decider.load(default_root())
    return decider.register.data | {
        "sluis": {"digest": decider.digest},
        "voorbeelden": {
            name: decider.facts(invoer.parse(dossier))
            for name, dossier in (
                *bases().items(),
                *((f"huis-{name}", dossier) for name, dossier in bases(ZVH).items()),
            )
        },
    }


if __name__ == "__main__":
    found = run()
    sys.stdout.write(found.gezakt)
    for name, part in found.per_bestand.items():
        sys.stdout.write(f"   {part:5.1f} %  {name}\n")
    sys.stdout.write(f"   {found.dekking:5.1f} %  van alle regels (ondergrens {FLOOR:.0f} %)\n")
    sys.exit(not found.goed)
