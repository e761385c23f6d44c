"""A change of the rules under way: between the doors, and on another node; and no verdict."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import orjson
import pytest

from audit.entry import Soort
from audit.errors import LogFullError
from broker.decision.decide import Decider
from broker.decision.regelset import Regelset
from broker.domain import invoer
from broker.domain.ports import Gegeven
from broker.errors import DecisionError, RecordError
from broker.services.doors import BronUitkomst
from tests.api.conftest import NOW
from tests.regels.conftest import (
    ADVIES,
    ANALIST,
    BEHEERDER,
    PRIVACY,
    REDEN,
    Node,
    changed,
    shipped,
    vraag,
)

STRICT: Final = changed(
    "policies/besluit/vrager.rego",
    ("[1 | persoon.gescreend_op != null]", '[1 | persoon.gescreend_op == "nooit"]'),
)
LOOSE: Final = changed(
    "policies/besluit/categorie.rego",
    (
        "categorie_gronden(id) := [] if {",
        'categorie_gronden(id) := [] if {\n\tid == "fiscaal"\n} else := [] if {',
    ),
)
ASKED: Final = ["toezicht-handhaving", "fiscaal"]


def item(number: str, categorie: str) -> Gegeven:
    """Make an item that no rule on items refuses."""
    return Gegeven(
        id=f"nla-{number}",
        categorie=categorie,
        herkomst="nla",
        herkomst_deelnemer="nla",
        status="beschikbaar",
        eerste_verwerking_op="2026-05-01",
        inhoud={"soort": "geheim-van-de-inhoud"},
    )


ITEMS: Final = (item("1", "toezicht-handhaving"), item("2", "fiscaal"))


async def approve(node: Node, *regelsets: Regelset) -> None:
    """Bring rule sets to where they can be taken into use."""
    versies = node.services.regelversies
    for regelset in regelsets:
        await versies.propose(BEHEERDER, archief=regelset.to_archive(), reden=REDEN)
        await versies.test(BEHEERDER, regelset.digest)
        await versies.approve(PRIVACY, regelset.digest, ADVIES)


async def used(node: Node, *, verzoek: str) -> list[tuple[str, str, str]]:
    """Return of each besluit on a verzoek: the door, the outcome and the rules."""
    async with node.services.store.read() as tx:
        rows = await tx.besluiten.list(verzoek)
    return [(row["deur"], row["uitkomst"], row["versies"]["regels"]) for row in rows]


def passed(outcome: BronUitkomst) -> list[str]:
    """Return which items left."""
    return [gegeven.id for gegeven in outcome.gegevens]


@pytest.mark.parametrize("swapping", [0, 1])
async def test_rules_that_refuse_act_between_the_doors(
    nodes: tuple[Node, Node], swapping: int
) -> None:
    """Granted at door 1, refused by the rules of door 2: nothing leaves, whoever changed them."""
    asking, other = nodes[0], nodes[swapping]
    await approve(other, STRICT)
    asking.bronnen["nla"].gegevens = ITEMS[:1]

    async def swap() -> None:
        await other.services.regelversies.take_into_use(BEHEERDER, STRICT.digest)

    asking.bronnen["nla"].during = swap
    outcome = await asking.services.doors.submit(ANALIST, vraag())

    (source,) = outcome.bronnen
    assert passed(source) == []
    assert await used(asking, verzoek=outcome.id) == [
        ("verzoek", "toegewezen", shipped().digest),
        ("verstrekking", "geweigerd", STRICT.digest),
    ]
    assert [g.code for g in source.besluit.weigeringsgronden] == ["screening-ontbreekt"]


async def test_rules_that_grant_more_give_no_more_than_door_1(nodes: tuple[Node, Node]) -> None:
    """Refused at door 1, granted by the rules of door 2: it was never asked, and does not leave."""
    asking, other = nodes
    await approve(other, LOOSE)
    asking.bronnen["nla"].gegevens = ITEMS

    async def swap() -> None:
        await other.services.regelversies.take_into_use(BEHEERDER, LOOSE.digest)

    asking.bronnen["nla"].during = swap
    under_way = await asking.ask(categorieen=ASKED)
    asking.bronnen["nla"].during = None
    after = await asking.ask(categorieen=ASKED)

    assert asking.bronnen["nla"].asked[0].categorieen == ("toezicht-handhaving",)
    assert passed(under_way) == ["nla-1"]
    # That these rules do grant it is seen with the next question.
    assert passed(after) == ["nla-1", "nla-2"]


async def test_rules_that_grant_less_act_on_what_door_1_granted(nodes: tuple[Node, Node]) -> None:
    """Back from wider rules while a question is under way: only what both grant leaves."""
    asking, other = nodes
    await asking.use(LOOSE)
    versies = other.services.regelversies
    await versies.test(BEHEERDER, shipped().digest)
    asking.bronnen["nla"].gegevens = ITEMS

    async def swap() -> None:
        await versies.take_into_use(BEHEERDER, shipped().digest)

    asking.bronnen["nla"].during = swap
    outcome = await asking.ask(categorieen=ASKED)

    assert asking.bronnen["nla"].asked[0].categorieen == tuple(ASKED)
    assert passed(outcome) == ["nla-1"]


async def test_next_request_on_every_node_uses_the_new_rules(nodes: tuple[Node, Node]) -> None:
    """As soon as the change is committed, questions and toetsingen on both nodes follow it."""
    first, second = nodes
    told = []
    await approve(first, STRICT)
    for regelset in (STRICT, shipped()):
        if regelset is shipped():
            await first.services.regelversies.test(BEHEERDER, regelset.digest)
        await first.services.regelversies.take_into_use(BEHEERDER, regelset.digest)
        for node in (second, first):
            outcome = await node.ask()
            dossier = invoer.parse({"versie": 1, "deur": "verzoek", "moment": NOW.isoformat()})
            toets, _ = await node.services.toetsingen.judge(ANALIST, dossier)
            told.append((outcome.besluit.versies["regels"], toets.versies["regels"]))

    assert told == [(STRICT.digest,) * 2] * 2 + [(shipped().digest,) * 2] * 2


async def test_no_question_meets_old_rules_while_they_change(nodes: tuple[Node, Node]) -> None:
    """Under load on two nodes, every verdict after the commit is by the new rules."""
    await approve(nodes[0], STRICT)
    after: list[str] = []
    changed_at = asyncio.Event()

    async def asking(node: Node) -> None:
        while len(after) < 40:
            committed = changed_at.is_set()
            outcome = await node.ask()
            if committed:
                after.append(outcome.besluit.versies["regels"])

    async def change() -> None:
        await asyncio.sleep(0.1)
        await nodes[0].services.regelversies.take_into_use(BEHEERDER, STRICT.digest)
        changed_at.set()

    await asyncio.gather(change(), *(asking(node) for node in nodes for _ in range(8)))

    assert set(after) == {STRICT.digest}


async def test_old_besluit_can_be_computed_again(node: Node) -> None:
    """From the store come the rules of a besluit by their digest, and they give the same bytes."""
    await node.ask()
    await node.use(STRICT)
    await node.ask()
    async with node.services.store.read() as tx:
        rows = [row async for row in tx.besluiten.stream()]
        archives = {
            row["id"]: await tx.regelversies.archief(row["versies"]["regels"]) for row in rows
        }

    again = []
    for row in rows:
        decider = Decider.load(Regelset.from_archive(archives[row["id"]] or b""))
        again.append(decider.decide(invoer.parse_json(row["dossier"])))

    assert [besluit.uitkomst for besluit in again] == ["toegewezen", "toegewezen", "geweigerd"]
    assert [orjson.dumps(b).decode() for b in again] == [row["besluit"] for row in rows]


class Silent:
    """A server of rules that gives no verdict from the nth question on."""

    def __init__(self, decider: Decider, last: int) -> None:
        self._decider = decider
        self._left = last

    async def check(self) -> None:
        """Be there."""

    async def evaluate(self, facts: Mapping[str, Any]) -> object:
        if not self._left:
            raise DecisionError("De regels gaven geen antwoord.")
        self._left -= 1
        return self._decider._engine.evaluate(facts)


def silence(node: Node, *, after: int) -> None:
    """Let the rules of this node give no verdict any more, after so many."""
    regels = node.services.regels
    embedded = regels._kept[shipped().digest]
    regels._kept[shipped().digest] = Decider.load(shipped(), server=Silent(embedded, after))


@pytest.mark.parametrize("door", [1, 2])
async def test_no_verdict_is_recorded_and_nothing_leaves(node: Node, door: int) -> None:
    """Rules that fail at door 1 or 2: no data, no verdict, a line without outcome, nothing open."""
    node.bronnen["nla"].gegevens = ITEMS
    silence(node, after=door - 1)

    with pytest.raises(DecisionError):
        await node.ask()

    lines = [line for line in node.log() if line.soort is not Soort.WIJZIGING]
    assert [line.soort for line in lines] == [Soort.VOORNEMEN, Soort.FOUT][2 - door :]
    told = lines[-1].payload
    assert told["fout"] == "geen-besluit"
    assert told["deur"] == ("verzoek" if door == 1 else "verstrekking")
    assert not {"uitkomst", "gronden", "besluit", "besluit_sha256"} & set(told)
    assert node.services.log.open_intents() == []
    assert len(node.bronnen["nla"].asked) == door - 1


async def test_no_verdict_on_one_source_of_two_is_told_of_both(node: Node) -> None:
    """At door 1 the whole verzoek stops, and each of its sources has its line."""
    silence(node, after=1)

    with pytest.raises(DecisionError):
        await node.services.doors.submit(ANALIST, replace(vraag(), bronnen=("nla", "politie-nh")))

    told = Counter(line.payload["bron"] for line in node.log() if line.soort is Soort.FOUT)
    assert told == {"nla": 1, "politie-nh": 1}
    assert node.bronnen["nla"].asked == []


async def test_toetsing_without_verdict_is_recorded(node: Node) -> None:
    """A toetsing that fails is a line too, with who asked."""
    silence(node, after=0)
    dossier = invoer.parse({"versie": 1, "deur": "verzoek", "moment": NOW.isoformat()})

    with pytest.raises(DecisionError):
        await node.services.toetsingen.judge(ANALIST, dossier)

    line = node.log()[-1]
    assert line.soort is Soort.FOUT
    told = {"gebruiker": "g-017", "organisatie": "zaanstad-college", "fout": "geen-besluit"}
    assert line.payload == line.payload | told
    assert not {"uitkomst", "gronden", "besluit_sha256"} & set(line.payload)


async def test_no_verdict_that_cannot_be_recorded_is_told_as_such(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the log fails as well, that is what is told; nothing leaves either way."""
    silence(node, after=0)

    def full(*_: object) -> None:
        raise LogFullError("Er wacht te veel.")

    monkeypatch.setattr(node.services.log, "record", full)
    with pytest.raises(RecordError):
        await node.ask()


async def test_rules_that_are_gone_give_no_verdict(nodes: tuple[Node, Node]) -> None:
    """A node that cannot load the rules in force decides nothing, rather than by older ones."""
    first, second = nodes
    await approve(first, STRICT)
    await first.services.regelversies.take_into_use(BEHEERDER, STRICT.digest)

    def broken(_: Regelset) -> Decider:
        raise DecisionError("De regels zijn niet te laden.")

    second.services.regels._load = broken
    with pytest.raises(DecisionError):
        await second.ask()

    assert second.log()[-1].payload["fout"] == "geen-besluit"
    assert second.bronnen["nla"].asked == []
    assert (await first.ask()).besluit.versies["regels"] == STRICT.digest
