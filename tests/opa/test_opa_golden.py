"""The proof at the start: golden besluiten are of these rules, and a crippled engine is noticed."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson
import pytest
from typing_extensions import override

from broker.decision.decide import Decider
from broker.decision.dialect.engine import CompiledEngine
from broker.decision.opa.golden import make_golden
from broker.decision.opa.local import LocalOpa
from broker.decision.opa.proof import FILE, Goudset, digest_of, prove, prove_server
from broker.decision.opa.server import OpaServer
from broker.decision.regelset import Regelset, RegisterError
from broker.decision.register import default_root
from broker.decision.rules import Rules
from broker.errors import DecisionError

ROOT: Final = default_root()


@pytest.fixture(scope="module")
def decider(regelset: Regelset) -> Decider:
    """Give the decider of this checkout."""
    return Decider.load(regelset)


def test_golden_besluiten_are_of_these_rules(decider: Decider) -> None:
    """Whoever changes the rules or their data makes the golden besluiten anew: `make golden`."""
    assert Goudset.of(decider.regelset).regels == digest_of(decider)


def test_opa_gives_the_golden_besluiten_again(regelset: Regelset) -> None:
    """What OPA says today of the golden dossiers is what stands there, to the byte."""
    written = regelset.bestanden[FILE]

    assert make_golden(regelset, orjson.loads(written)["gevallen"]) == written


def test_golden_besluiten_show_every_ground(decider: Decider) -> None:
    """There are enough of them, and each ground that the rules know falls in one."""
    gevallen = Goudset.of(decider.regelset).gevallen
    gronden = decider.register.data["standen"]
    known = {code for stand in gronden.values() for code in every_code(stand["gronden"])}
    shown = {grond["code"] for g in gevallen for grond in g.besluit["gronden"]}

    assert len(gevallen) >= 60
    assert known - shown == set()


def every_code(gronden: Mapping[str, Any]) -> set[str]:
    """Return the grounds in a table of the rules."""
    named = set(gronden["vraag"]) | set(gronden["categorie_eerst"])
    return (
        named | set(gronden["instemming"].values()) | set(gronden["instemming_resultaat"].values())
    )


def test_engine_proves_itself(decider: Decider) -> None:
    """The engine decides the golden dossiers as OPA did."""
    prove(decider, strict=True)


Crippled = Callable[[dict[str, Any]], object]
CRIPPLED: Final[dict[str, Crippled]] = {
    "grants all": lambda a: a.update(
        uitkomst="toegewezen",
        gronden=[],
        categorieen=[{**c, "uitkomst": "toegewezen", "codes": []} for c in a["categorieen"]],
        gegevens=[{**g, "uitkomst": "toegewezen", "codes": []} for g in a["gegevens"]],
        instemmingen=[],
    ),
    "forgets the obligations": lambda a: a.update(voorwaarden=[]),
    "forgets who must consent": lambda a: a.update(instemmingen=[]),
    "says nothing": lambda a: a.clear(),
}


@pytest.mark.parametrize("how", CRIPPLED)
def test_crippled_engine_is_refused(regelset: Regelset, how: str) -> None:
    """An engine that decides otherwise than OPA is told by the first besluit that differs."""

    class Engine(CompiledEngine):
        """Our engine, which then does something else."""

        @override
        def evaluate(self, facts: Mapping[str, Any]) -> object:
            answer = super().evaluate(facts)
            assert isinstance(answer, dict)
            CRIPPLED[how](answer)
            return answer

    with pytest.raises(RegisterError, match=r"De ingebouwde motor beslist in .* anders dan OPA"):
        prove(Decider.load(regelset, engine=Engine), strict=False)


def test_crippled_translation_is_refused(regelset: Regelset) -> None:
    """An engine that reads one rule otherwise than it is written is noticed too."""

    read, misread = b"input.moment < persoon.geautoriseerd_tot", b"input.moment != null"
    name = "policies/besluit/vrager.rego"
    text = regelset.bestanden[name].replace(read, misread)
    wrong = Rules(Regelset(bestanden={**regelset.bestanden, name: text}))

    def misreading(_: Rules, data: Mapping[str, Any]) -> CompiledEngine:
        return CompiledEngine(wrong, data)

    assert text != regelset.bestanden[name]
    with pytest.raises(RegisterError, match="anders dan OPA zelf"):
        prove(Decider.load(regelset, engine=misreading), strict=False)


@pytest.mark.parametrize(
    "written",
    [None, b"", b"[]", b'{"regels":"x","gevallen":[]}', b'{"regels":"x","gevallen":[{"naam":1}]}'],
)
def test_golden_besluiten_that_cannot_be_read_are_told(
    regelset: Regelset, written: bytes | None
) -> None:
    """Without golden besluiten, or with something else, there is nothing to prove an engine on."""
    files = {**regelset.bestanden, FILE: written}
    less = Regelset(bestanden={name: text for name, text in files.items() if text is not None})

    with pytest.raises(RegisterError, match="gouden besluiten"):
        prove(Decider.load(less), strict=False)


def test_golden_besluiten_of_other_rules_prove_nothing(regelset: Regelset) -> None:
    """Beside rules that changed they are left aside, or refused where all must be proven."""
    name = "policies/besluit/vrager.rego"
    text = regelset.bestanden[name].replace(b'persoon.rol == "verwerker"', b'persoon.rol == "x"')
    other = Regelset(bestanden={**regelset.bestanden, name: text})

    assert text != regelset.bestanden[name]
    prove(Decider.load(other), strict=False)
    with pytest.raises(RegisterError, match="horen bij andere regels"):
        prove(Decider.load(other), strict=True)


async def test_server_proves_itself(opa: LocalOpa, regelset: Regelset) -> None:
    """A real OPA with our rules decides the golden dossiers as our engine does."""
    async with OpaServer.open(opa.url, 5) as server:
        decider = Decider.load(regelset, server=server.expecting(regelset.digest))
        await prove_server(decider, Goudset.of(regelset))


async def test_server_that_decides_otherwise_is_refused(regelset: Regelset) -> None:
    """A server that claims our rules and decides by others is told by the first that differs."""
    plain = Decider.load(regelset)
    goud = Goudset.of(regelset)
    dossier = goud.gevallen[0].dossier

    engine = CompiledEngine(Rules(regelset), plain.register.data)

    class Forgets:
        """Says what the engine says, but forgets the obligations of the first golden besluit."""

        async def evaluate(self, facts: Mapping[str, Any]) -> object:
            said = engine.evaluate(facts)
            assert isinstance(said, dict)
            return said | {"voorwaarden": []} if facts == plain.facts(dossier) else said

        async def check(self) -> None:
            return None

    with pytest.raises(DecisionError, match=r"De OPA-server beslist in 1 van de .* anders"):
        await prove_server(Decider.load(regelset, server=Forgets()), goud)
