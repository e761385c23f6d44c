"""What falls differently between two versions of the rules, dossier by dossier.

Knows no store: it runs in the process apart of `proefruimte` too, which starts for each trial.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from broker.decision.decide import Decider
from broker.domain import invoer
from broker.domain.besluit import Besluit
from broker.domain.dossier import Dossier
from broker.errors import DecisionError, InvalidInputError

SAMPLES: Final = 5
NO_VERDICT: Final = "geen-besluit"


@dataclass(slots=True)
class Verschil:
    """What came out differently: counted, with the ids of a few besluiten of each kind."""

    aantal: int = 0
    anders: int = 0
    uitkomsten: Counter[tuple[str, str]] = field(default_factory=Counter)
    erbij: Counter[str] = field(default_factory=Counter)
    eraf: Counter[str] = field(default_factory=Counter)
    voorbeelden: dict[object, list[str]] = field(default_factory=dict)

    def add(self, besluit: str, was: Besluit | None, wordt: Besluit | None) -> None:
        """Count one dossier; None is no verdict."""
        self.aantal += 1
        if _told(was) == _told(wordt):
            return
        self.anders += 1
        change = _outcome(was), _outcome(wordt)
        if change[0] != change[1]:
            self.uitkomsten[change] += 1
            self._sample(change, besluit)
        before, after = _grounds(was), _grounds(wordt)
        for counter, codes in ((self.erbij, after - before), (self.eraf, before - after)):
            counter.update(codes)
            for code in codes:
                self._sample(code, besluit)

    def merge(self, other: "Verschil") -> None:
        """Count what another counted of other besluiten."""
        self.aantal += other.aantal
        self.anders += other.anders
        self.uitkomsten.update(other.uitkomsten)
        self.erbij.update(other.erbij)
        self.eraf.update(other.eraf)
        for kind, besluiten in other.voorbeelden.items():
            for besluit in besluiten:
                self._sample(kind, besluit)

    def view(self) -> dict[str, Any]:
        """Return it as plain data, the largest counts first."""
        gronden = Counter(self.erbij)
        gronden.update(self.eraf)
        return {
            "aantal": self.aantal,
            "anders": self.anders,
            "uitkomsten": [
                {"was": was, "wordt": wordt, "aantal": n, "besluiten": self.voorbeelden[was, wordt]}
                for (was, wordt), n in self.uitkomsten.most_common()
            ],
            "gronden": [
                {
                    "code": code,
                    "erbij": self.erbij[code],
                    "eraf": self.eraf[code],
                    "besluiten": self.voorbeelden[code],
                }
                for code, _ in gronden.most_common()
            ],
        }

    def _sample(self, kind: object, besluit: str) -> None:
        kept = self.voorbeelden.setdefault(kind, [])
        if len(kept) < SAMPLES:
            kept.append(besluit)


def compare_rows(rows: Sequence[Mapping[str, Any]], old: Decider, new: Decider) -> Verschil:
    """Decide recorded dossiers (`id`, `dossier`) with both versions."""
    found = Verschil()
    for row in rows:
        try:
            dossier = invoer.parse_json(row["dossier"])
        except InvalidInputError:  # no dossier any more, for neither
            found.add(row["id"], None, None)
            continue
        found.add(row["id"], _decide(old, dossier), _decide(new, dossier))
    return found


def _decide(decider: Decider, dossier: Dossier) -> Besluit | None:
    """Return the besluit, or None when there is no verdict."""
    try:
        return decider.decide(dossier)
    except DecisionError:
        return None


def _told(besluit: Besluit | None) -> tuple[object, ...]:
    """Return what a besluit says, without its texts and versions."""
    if besluit is None:
        return ()
    return (
        besluit.uitkomst,
        besluit.categorieen,
        besluit.gegevens,
        besluit.vereiste_instemmingen,
        besluit.voorwaarden,
        besluit.bewaren_tot,
        _grounds(besluit),
    )


def _outcome(besluit: Besluit | None) -> str:
    return NO_VERDICT if besluit is None else besluit.uitkomst.value


def _grounds(besluit: Besluit | None) -> set[str]:
    return set() if besluit is None else {grond.code for grond in besluit.weigeringsgronden}
