"""What decides knows no Zorg- en Veiligheidshuis: no code and no rule names them, and without their
data all else stays as it is.

The code does hold what they brought for every samenwerkingsverband alike, under general names: a
zaak that is of a `verband`, soorten of zaken that come from the law, a recipient that declares
through others; in the vocabulary of the dossier also the categories, purposes and consents that
they have and a RIEC has not.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
import yaml

from broker.decision.decide import Decider
from broker.decision.regelset import Regelset
from broker.decision.register import default_root
from broker.domain import invoer
from tests.decision.gevallen import ZVH, Geval, cases, plain

ROOT: Final = default_root()
# The demo is data: a made-up house stands in it.
DEMO: Final = ROOT / "broker" / "demo_data"
BASIS: Final = "wgs-zvh"
# The one line that spells their abbreviation: a recipient that the dossier can name. It is not all
# that the dossier has for them: see above.
VOCABULARY: Final = ("broker/domain/dossier.py", '    "ander-zvh",')


@pytest.fixture(scope="module")
def without() -> Decider:
    """Give a decider that never heard of them: no basis, and nothing in the law that opens it."""
    files = {
        name: _unopened(content) if b"wgs-zvh" in content and "/redenen/" not in name else content
        for name, content in Regelset.from_folder(ROOT).bestanden.items()
        if not name.startswith(f"grondslagen/samenwerking/{BASIS}/")
    }
    return Decider.load(Regelset(bestanden=files))


def _unopened(content: bytes) -> bytes:
    law = yaml.safe_load(content)
    for regel in law["regels"]:
        for member in ("opent", "sluit"):
            if member in regel:
                bases = [b for b in regel[member]["voor"] if b != BASIS]
                regel[member]["voor"] = bases
                if not bases:
                    del regel[member]
    return yaml.safe_dump(law, allow_unicode=True).encode()


def mentions() -> Iterator[tuple[str, str]]:
    """Yield every line of the code and of the rules that spells them, with its file."""
    for folder in ("broker", "adapters", "audit", "policies/besluit"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc" and DEMO not in path.parents:
                yield from _lines(path)


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if "zvh" in line.lower():
            yield path.relative_to(ROOT).as_posix(), line


def test_no_code_names_them() -> None:
    """No line of code or rules spells their abbreviation, but for one recipient of the dossier."""
    assert list(mentions()) == [VOCABULARY]


def _bytes(besluit: Mapping[str, Any]) -> bytes:
    return orjson.dumps({k: v for k, v in besluit.items() if k != "versies"})


@pytest.mark.parametrize("case", cases(), ids=str)
def test_all_else_is_the_same_without_them(decider: Decider, without: Decider, case: Geval) -> None:
    """Every besluit on another basis is the same, byte for byte, but for the versions it names."""
    dossier = invoer.parse(case.dossier)

    assert _bytes(plain(without.decide(dossier))) == _bytes(plain(decider.decide(dossier)))


@pytest.mark.parametrize("case", cases(ZVH), ids=str)
def test_without_them_their_basis_is_unknown(without: Decider, case: Geval) -> None:
    """Every question on their basis is refused as one on a basis that nobody registered."""
    besluit = without.decide(invoer.parse(case.dossier))

    assert "grondslag-onbekend" in {grond.code for grond in besluit.weigeringsgronden}
    assert besluit.granted == ()
