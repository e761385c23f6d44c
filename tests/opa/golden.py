"""Chooses which cases become golden, and has OPA decide them: `python -m tests.opa.golden`."""

from collections.abc import Iterator
from typing import Any

from broker.decision.decide import Decider
from broker.decision.opa.golden import make_golden
from broker.decision.opa.proof import FILE
from broker.decision.regelset import Regelset
from broker.decision.register import default_root
from broker.domain import invoer
from broker.domain.besluit import Besluit
from tests.decision.gevallen import ZVH, Geval, cases


def all_cases() -> tuple[Geval, ...]:
    """Return the cases of every basis."""
    return (*cases(), *cases(ZVH))


def chosen(decider: Decider) -> Iterator[Geval]:
    """Yield the cases that show something new: a ground at a door, an outcome, a basis, a consent.

    Of each the first one is taken, in the order of the cases.
    """
    seen: set[object] = set()
    for case in all_cases():
        dossier = invoer.parse(case.dossier)
        shown = shows(case.dossier, decider.decide(dossier))
        if shown - seen:
            seen |= shown
            yield case


def shows(dossier: Any, besluit: Besluit) -> set[object]:  # noqa: ANN401 - as it is written
    """Return what a case shows of the rules."""
    basis, deur = dossier.get("grondslag"), dossier.get("deur")
    parts = (*besluit.categorieen, *besluit.gegevens)
    return {
        (basis, deur, besluit.uitkomst),
        *((deur, code) for part in parts for code in part.codes),
        *((deur, grond.code) for grond in besluit.weigeringsgronden),
        *((each.soort, deur) for each in besluit.vereiste_instemmingen),
        *besluit.voorwaarden,
        *((basis, part.id) for part in besluit.categorieen if part.uitkomst == "toegewezen"),
    }


def main() -> None:
    """Write `policies/golden/` anew."""
    root = default_root()
    regelset = Regelset.from_folder(root)
    gevallen = [
        {"naam": str(case), "dossier": case.dossier} for case in chosen(Decider.load(regelset))
    ]
    (root / FILE).parent.mkdir(exist_ok=True)
    (root / FILE).write_bytes(make_golden(regelset, gevallen))


if __name__ == "__main__":
    main()
