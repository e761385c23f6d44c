"""Our own rules, compiled, decide as OPA and regorus do: on every dossier, whole or broken."""

import copy
import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from broker.decision.dialect.engine import CompiledEngine, Program
from broker.decision.dialect.syntax import RegoError, tokens
from broker.decision.dialect.values import UNDEFINED, ConflictError
from broker.decision.regelset import Regelset
from broker.decision.register import Register
from broker.decision.rules import PolicyEngine, Rules
from broker.domain.dossier import Dossier
from broker.errors import DecisionError
from tests.decision.dialect_opa import OPA, answers, exact, needs_opa, refused
from tests.decision.regorus import Regorus

_T = TypeVar("_T")
ROOT = Path(__file__).parents[2]
CASES = Path(__file__).with_name("cases")
REGELSET = Regelset.from_folder(ROOT)
RULES = Rules(REGELSET)
DAY = 86_400_000_000
NOW = 1_780_000_000_000_000
CONFLICT = "conflict"
BODY = RULES.text.split("import rego.v1", 1)[1]


@pytest.fixture(scope="module")
def law() -> Mapping[str, Any]:
    """Give the data of the rules."""
    return Register.load(REGELSET).data


class Facts:
    """Makes facts as `feiten` does, mostly those of a verdict that grants, and breaks some."""

    def __init__(self, law: Mapping[str, Any], seed: int) -> None:
        self._stand = max(law["standen"], key=int)
        self._wet = law["standen"][self._stand]
        self._basis = self._wet["grondslagen"]["wgs-riec"]
        self._chance = random.Random(seed)

    def whole(self) -> dict[str, Any]:
        """Return the facts of one dossier."""
        pick, mostly, law = self._pick, self._mostly, self._basis
        deelnemers = [self._deelnemer() for _ in range(self._chance.randrange(2, 5))]
        vrager, bron = deelnemers[0], deelnemers[1]
        taken = law["deelnemers"].get(vrager["deelnemer"], {}).get("taken") or ["weg"]
        categorieen = list(dict.fromkeys(self._categorie() for _ in range(pick([1, 2, 3]))))
        soort = mostly("hhk", "casus", "scan")
        return {
            "stand": self._stand,
            "deur": pick(["verzoek", "verstrekking"]),
            "moment": NOW,
            "grondslag": mostly("wgs-riec", *self._wet["grondslagen"], "weg"),
            "verzoek": {
                "soort": mostly("bevraging", "treffer-geen-treffer", "resultaatdeling"),
                "activiteit": mostly(soort, "casus", "scan", "weg"),
                "doel": ["bestuurlijk"],
                "verschijnsel": "drugs",
                "vraagstelling": mostly("Heeft deze zaak de vergunningen die nodig zijn?", "x"),
                "categorieen": categorieen,
                "aantal_betrokkenen": pick([1, 4]),
                "nationaliteit_onvermijdelijk": pick([True, False, None]),
            },
            "vrager": {
                "organisatie": vrager["organisatie"],
                "deelnemer": vrager["deelnemer"],
                "taak": mostly(taken[0], "weg"),
                "gebruiker": {
                    "id": "g-1",
                    "rol": "verwerker",
                    "geautoriseerd_tot": NOW + mostly(DAY, 1, 0),
                    "gescreend_op": "2025-01-01",
                    "opgeleid_op": "2025-01-01",
                },
            },
            "bron": {key: bron[key] for key in ("organisatie", "deelnemer")},
            "zaak": mostly(self._zaak(soort, deelnemers), None),
            "betrokkene": self._betrokkene(),
            "ontvanger": {
                "organisatie": "o1",
                "soort": mostly("deelnemer", "derde-publiek", "derde-privaat", "ander-riec", None),
                "grond": pick(["publieke-taak", "gerechtvaardigd-belang", None]),
            },
            "instemmingen": [self._instemming(categorieen) for _ in range(pick([0, 3, 9]))],
            "gegevens": [self._gegeven(n, categorieen) for n in range(pick([0, 1, 3]))],
        }

    def broken(self) -> dict[str, Any]:
        """Return the facts of one dossier, broken in up to four places."""
        facts = self.whole()
        for _ in range(self._pick([0, 1, 1, 2, 4])):
            self._break(facts)
        return facts

    def _pick(self, values: Iterable[_T]) -> _T:
        return copy.deepcopy(self._chance.choice(list(values)))

    def _mostly(self, right: _T, *others: _T) -> _T:
        return copy.deepcopy(right if self._chance.random() < 0.93 else self._pick(others))

    def _categorie(self) -> str:
        strange: list[str] = [*self._basis["categorieen"], *self._basis["uitgesloten"], "weg"]
        return self._pick(["identificatie", "toezicht-handhaving", self._pick(strange)])

    def _deelnemer(self) -> dict[str, Any]:
        return {
            "organisatie": self._pick(["o1", "o2"]),
            "deelnemer": self._pick([*self._basis["deelnemers"], "politie", "nla", "college"]),
            "rol": self._mostly("kern", "overig", "agendalid"),
            "vanaf": NOW - DAY * self._mostly(1, 0, -1),
            "tot": NOW + DAY * self._mostly(9, 1, 0),
        }

    def _zaak(self, soort: str, deelnemers: list[dict[str, Any]]) -> dict[str, Any]:
        pick, mostly = self._pick, self._mostly
        return {
            "soort": soort,
            "status": mostly("vastgesteld", "voorgesteld", "beeindigd"),
            "begin": NOW - DAY,
            "einde": mostly(NOW + DAY, NOW, None),
            "beeindigd_op": NOW - pick([DAY, -DAY]),
            "verschijnselen": ["drugs", "witwassen"],
            "fase": pick([0, 1, 2, 3]),
            "fasebesluiten": [
                {"fase": fase, "besluit_op": NOW - pick([1, -1]), "noodzaak": pick(["ja", ""])}
                for fase in (2, 3)
            ],
            "signaal": {"status": mostly("aanvaard", "aangemeld")},
            "onderzoekstermijn": mostly("P6M", None),
            "max_betrokkenen": 5,
            "deelnemers": deelnemers,
            "reikwijdte": {
                "gebieden": pick([[], ["WK047912"], ["GM0479"], mostly(["BU04791201"], None)]),
                "branches": pick([[], ["81"], mostly([], None, [""])]),
                "signalen": pick([[], ["fraude"], mostly([], None)]),
            },
        }

    def _betrokkene(self) -> dict[str, Any]:
        pick, mostly = self._pick, self._mostly
        return {
            "soort": "natuurlijk-persoon",
            "relatie": mostly("subject", "directe-kring"),
            "afstand": mostly(0, 1),
            "gebieden": mostly(["BU04791201"], ["WK047912"], []),
            "band": mostly(["woont"], ["werkt", "gevestigd"], []),
            "branches": mostly(["8122"], []),
            "signalen": mostly(["fraude"], []),
            "onderzoek": {
                "geopend_op": pick(["2026-01-01", mostly("2026-01-02", None)]),
                "beeindigd_op": NOW + mostly(DAY, 0),
                "einde": NOW + mostly(DAY, 0),
            },
        }

    def _instemming(self, categorieen: list[str]) -> dict[str, Any]:
        pick, mostly, gronden = self._pick, self._mostly, self._wet["gronden"]
        return {
            "soort": pick([*gronden["instemming"], *gronden["instemming_resultaat"]]),
            "organisatie": pick(["o1", "o2", None]),
            "categorieen": pick([None, categorieen, mostly(["identificatie"], [])]),
            "door": mostly("g-2", "g-1", ""),
            "op": NOW - mostly(DAY, -DAY),
            "tot": NOW + mostly(DAY, 0),
        }

    def _gegeven(self, number: int, categorieen: list[str]) -> dict[str, Any]:
        mostly = self._mostly
        return {
            "id": f"i{number}",
            "categorie": mostly(categorieen[0], *categorieen, "politiegegevens-8-13"),
            "herkomst": mostly("o1", "o2", None),
            "herkomst_deelnemer": mostly("nla", *self._basis["deelnemers"]),
            "wpg_artikel": mostly(None, "8", "9", "10.1.a", "12"),
            "status": mostly("beschikbaar", "verwijderd"),
            "bewaren_einden": [NOW + mostly(DAY, 0)],
            "bewaren_tot": NOW + mostly(DAY, 0),
            "eerste_verwerking_einde": NOW + mostly(DAY, 0),
        }

    def _break(self, facts: dict[str, Any]) -> None:
        """Take away or replace one member somewhere."""
        places = list(_places(facts))
        holder, key = self._chance.choice(places)
        if self._chance.random() < 0.4 and isinstance(holder, dict):
            del holder[key]
            return
        other, name = self._chance.choice(places)
        strange = [None, True, False, 0, 1, -1, 0.5, "", "é", [], {}, [None], {"a": 1}, other[name]]
        holder[key] = copy.deepcopy(self._chance.choice(strange))


def _places(value: object) -> Iterator[tuple[Any, Any]]:
    """Yield each member of the facts, with what holds it."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


def told(engine: PolicyEngine, facts: Mapping[str, Any]) -> str:
    """Return the verdict as text; empty when there is none."""
    try:
        return exact(engine.evaluate(facts))
    except DecisionError:
        return ""


def told_by_opa(folder: Path, law: Mapping[str, Any], made: Sequence[object]) -> list[str]:
    """Return what OPA says of these facts, in the same form."""
    found = answers(folder, [BODY], law, made, rule="besluit")[0]
    return [exact(found[number]) if number in found else "" for number in range(len(made))]


def test_whole_facts_as_regorus(law: Mapping[str, Any]) -> None:
    """On made facts that lack nothing regorus, where it answers, says the same.

    It stops at a null where OPA finds nothing. On broken facts it differs from OPA more often.
    """
    compiled, embedded, facts = (
        CompiledEngine(RULES, law),
        Regorus(RULES, law),
        Facts(law, 1),
    )
    made = [facts.whole() for _ in range(1000)]
    pairs = [(told(compiled, fact), told(embedded, fact)) for fact in made]
    answered = [(mine, theirs) for mine, theirs in pairs if theirs]

    assert [(mine, theirs) for mine, theirs in answered if mine != theirs] == []
    assert len(answered) > 700


@needs_opa
def test_broken_facts_as_opa(law: Mapping[str, Any], tmp_path: Path) -> None:
    """On 3,500 made facts, whole and broken, the compiled rules say what OPA says."""
    compiled, facts = CompiledEngine(RULES, law), Facts(law, 2)
    made = [facts.broken() for _ in range(3500)]
    verdicts = told_by_opa(tmp_path, law, made)
    differ = [(f, v) for f, v in zip(made, verdicts, strict=True) if told(compiled, f) != v]

    assert differ == []
    assert sum('"uitkomst": "toegewezen"}]' in verdict for verdict in verdicts) > 100
    assert 10 < verdicts.count("") < 500


def merge(target: object, patch: object) -> Any:  # noqa: ANN401 - JSON
    """Apply a merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    kept = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        kept.pop(key, None) if value is None else kept.update({key: merge(kept.get(key), value)})
    return kept


def same_verdicts(folder: Path, dossiers: Sequence[object]) -> int:
    """Evaluate these dossiers by all engines that are here; return how many regorus answered."""
    register = Register.load(REGELSET)
    read = [Dossier.model_validate(json.loads(json.dumps(raw, default=str))) for raw in dossiers]
    made = [register.feiten(dossier) for dossier in read]
    ours, other = CompiledEngine(RULES, register.data), Regorus(RULES, register.data)
    compiled = [told(ours, facts) for facts in made]
    embedded = [told(other, facts) for facts in made]
    if OPA:
        assert compiled == told_by_opa(folder, register.data, made)
    assert all(compiled)
    assert [n for n, theirs in enumerate(embedded) if theirs not in (compiled[n], "")] == []
    return sum(theirs != "" for theirs in embedded)


def test_scenarios_as_opa_and_regorus(shared: Path, tmp_path: Path) -> None:
    """On all published scenarios the engines give the same verdict."""
    bases = {
        path.stem.removeprefix("base-"): yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in (shared / "scenarios").glob("base-*.yaml")
    }
    cases = yaml.safe_load((shared / "scenarios" / "cases.yaml").read_text(encoding="utf-8"))
    dossiers = [merge(bases[case["base"]], case["patch"]) for case in cases]

    assert same_verdicts(tmp_path, dossiers) == len(cases)


def test_own_cases_as_opa_and_regorus(tmp_path: Path) -> None:
    """On all our own cases the engines give the same verdict, where regorus gives one."""
    if not CASES.is_dir():
        pytest.skip("de map met gevallen (tests/decision/cases) is er niet")
    starts = yaml.safe_load((CASES / "basissen.yaml").read_text(encoding="utf-8"))

    def start(name: str) -> object:
        given = starts[name]
        if "dossier" in given:
            return given["dossier"]
        return merge(start(given["van"]), given["patch"])

    cases = [
        case
        for path in sorted(CASES.glob("*.yaml"))
        if path.name != "basissen.yaml"
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]
    dossiers = [merge(start(case["basis"]), case["patch"]) for case in cases]

    assert same_verdicts(tmp_path, dossiers) > 0.9 * len(cases)


def mutants(chance: random.Random, amount: int) -> list[str]:
    """Return our rules, each time without one to three tokens, or without one line."""
    places = [token for token in tokens(BODY) if token.kind != "end"]
    # Without its comments: OPA reads the metadata in them, which are no rules.
    lines = [line for line in BODY.splitlines(keepends=True) if not line.startswith("#")]
    found = []
    for number in range(amount):
        if number % 2:
            cut = chance.randrange(len(lines))
            found.append("".join(lines[:cut] + lines[cut + 1 :]))
            continue
        first = chance.randrange(len(places) - 3)
        last = first + chance.choice([0, 0, 1, 2])
        found.append(BODY[: places[first].start] + BODY[places[last].end :])
    return [body for body in found if "besluit :=" in body]


@needs_opa
def test_damaged_rules_are_refused_or_as_opa(law: Mapping[str, Any], tmp_path: Path) -> None:
    """Our rules with tokens taken out are refused at load, or say what OPA says of them."""
    accepted = []
    for body in mutants(random.Random(3), 110):
        try:
            accepted.append((body, Program(f"package t.p\nimport rego.v1{body}", law, "t")))
        except RegoError:
            continue
    unsound = refused(tmp_path, [body for body, _ in accepted])
    # What OPA alone refuses, it refuses for its types; those are worked out at run time here.
    assert set(unsound.values()) <= {"rego_type_error"}
    facts = Facts(law, 4)
    made = [facts.broken() for _ in range(20)]
    said = [
        (body, verdicts(program, made))
        for number, (body, program) in enumerate(accepted)
        if number not in unsound
    ]
    whole = [(body, verdict) for body, verdict in said if CONFLICT not in verdict]
    wanted = answers(tmp_path, [body for body, _ in whole], law, made, rule="besluit")
    for (body, verdict), want in zip(whole, wanted, strict=True):
        assert verdict == [exact(want[n]) if n in want else "" for n in range(len(made))], body
    for body, verdict in said:
        if CONFLICT in verdict:
            with pytest.raises(AssertionError, match="conflict"):
                answers(tmp_path, [body], law, [made[verdict.index(CONFLICT)]], rule="besluit")
    assert len(whole) > 20


def verdicts(program: Program, made: Sequence[dict[str, Any]]) -> list[str]:
    """Return what a program says of these facts; empty where it says nothing."""
    found = []
    for facts in made:
        try:
            value = program.run("besluit", facts)
        except ConflictError:
            found.append(CONFLICT)
        else:
            found.append("" if value is UNDEFINED else exact(value))
    return found


def test_refusal_names_the_file() -> None:
    """A rule outside the dialect is refused with the name of its file and the line in it."""
    bodies = {"a": "p := 1\n", "b": "q := 1\n\nr := p + q\n", "c": "s := 1\n"}
    head = "# x\npackage sluis.besluit\n\nimport rego.v1\n\n"
    files = {f"policies/besluit/{n}.rego": (head + body).encode() for n, body in bodies.items()}

    with pytest.raises(RegoError) as refusal:
        CompiledEngine(Rules(Regelset(bestanden=files)), {})

    assert (refusal.value.file, refusal.value.line) == ("policies/besluit/b.rego", 8)


@pytest.mark.parametrize("facts", [{}, {"deur": "verzoek"}, {"deur": {1}}, {"moment": "\ud800"}])
def test_no_answer_is_no_verdict(law: Mapping[str, Any], facts: dict[str, Any]) -> None:
    """Facts that the rules give no answer on are a failure to decide."""
    with pytest.raises(DecisionError):
        CompiledEngine(RULES, law).evaluate(facts)
