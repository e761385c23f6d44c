"""The way of a version: from proposal into force, and everything that stops it on the way."""

import datetime as dt
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from audit.entry import Soort
from audit.errors import LogFullError
from broker.decision.regelset import Regelset
from broker.domain.regelversie import FRESH, Stap, Status
from broker.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    RecordError,
)
from broker.services.caller import Beller
from tests.api.conftest import CountingIds
from tests.regels.conftest import (
    ADVIES,
    BEHEERDER,
    PRIVACY,
    REDEN,
    Node,
    changed,
    running,
    shipped,
)

SCREENING = '"screening-ontbreekt": [1 | persoon.gescreend_op != null]'
STRICT = changed(
    "policies/besluit/vrager.rego",
    (SCREENING, '"screening-ontbreekt": [1 | persoon.gescreend_op == "nooit"]'),
)
SAME = changed("policies/besluit/vrager.rego", ("# METADATA", "# Proef.\n# METADATA"))
OTHER_BEHEERDER = replace(BEHEERDER, gebruiker="beheer-2", organisatie="zaanstad-college")


async def propose(node: Node, regelset: Regelset = STRICT) -> str:
    """Propose a rule set; return its digest."""
    versies = node.services.regelversies
    versie = await versies.propose(BEHEERDER, archief=regelset.to_archive(), reden=REDEN)
    return versie.digest


def steps(node: Node) -> list[str]:
    """Return what the log tells of versions."""
    told = [str(line.payload["wat"]) for line in node.log() if "regelversie" in line.payload]
    return [wat.removeprefix("regelversie-") for wat in told]


async def test_first_start_takes_the_shipped_rules_into_use(node: Node) -> None:
    """An empty store begins with the rules of this software, and the log begins with that."""
    first = node.log()[0]

    assert first.soort is Soort.WIJZIGING
    assert first.payload == {
        "wat": "regelversie-in-werking",
        "gebruiker": "sluis",
        "organisatie": "sluis",
        "regelversie": shipped().digest,
        "eerste": True,
    }
    assert await node.in_force() == shipped().digest
    (versie,) = await node.services.regelversies.list()
    assert (versie.status, versie.stappen[0].door) == (Status.IN_WERKING, None)


async def test_later_start_keeps_the_rules_in_force(tmp_path: Path) -> None:
    """Software with other rules than those in force decides with those in force, and says so."""
    ids, folder = CountingIds(), tmp_path / "var"
    async with running(folder, "een", ids) as node:
        await node.use(STRICT)
    async with running(folder, "een", ids) as node:
        in_force, steps_told = await node.in_force(), steps(node)
        decides = (await node.services.regels.now()).digest
        again = await node.services.regelversies.get(shipped().digest)

    assert (in_force, decides) == (STRICT.digest, STRICT.digest)
    assert steps_told.count("in-werking") == 2
    assert again.status is Status.VERVANGEN


async def test_all_steps_are_in_the_store_and_in_the_log(node: Node) -> None:
    """Each step tells who, when and why; the log has them in the same order."""
    await node.use(STRICT)
    versie = await node.services.regelversies.get(STRICT.digest)

    assert versie.status is Status.IN_WERKING
    assert [(s.stap, s.door) for s in versie.stappen] == [
        (Stap.VOORGESTELD, "beheer-1"),
        (Stap.BEPROEFD, "beheer-1"),
        (Stap.GOEDGEKEURD, "fg-1"),
        (Stap.IN_WERKING, "beheer-1"),
    ]
    assert versie.stappen[0].inhoud == {"reden": REDEN}
    assert versie.stappen[2].inhoud == ADVIES
    assert versie.stappen[3].inhoud == {"vervangt": shipped().digest}
    assert steps(node) == ["in-werking", "voorgesteld", "beproefd", "goedgekeurd", "in-werking"]
    tested = next(line for line in node.log() if line.payload["wat"] == "regelversie-beproefd")
    assert (tested.payload["aantal"], tested.payload["anders"]) == (0, 0)


async def test_test_shows_what_falls_differently(node: Node) -> None:
    """The recorded dossiers are decided with both; the outcome is counted by outcome and ground."""
    await node.ask()
    await node.ask(categorieen=["fiscaal"])
    versies, digest = node.services.regelversies, await propose(node)
    found = (await versies.test(BEHEERDER, digest)).stappen[-1].inhoud
    async with node.services.store.read() as tx:
        rows = [row["id"] async for row in tx.besluiten.stream()]

    assert found["tegen"] == shipped().digest
    # Two doors of the first question, one of the second, which was refused already.
    assert (found["aantal"], found["anders"]) == (3, 3)
    assert [(u["was"], u["wordt"], u["aantal"]) for u in found["uitkomsten"]] == [
        ("toegewezen", "geweigerd", 2)
    ]
    assert [(g["code"], g["erbij"], g["eraf"]) for g in found["gronden"]] == [
        ("screening-ontbreekt", 3, 0)
    ]
    assert set(found["gronden"][0]["besluiten"]) == set(rows)


async def test_test_of_a_time_looks_at_that_time_only(node: Node, now: dt.datetime) -> None:
    """Bounds leave out what lies outside them, and such a test approves nothing."""
    await node.ask()
    versies, digest = node.services.regelversies, await propose(node)
    found = await versies.test(BEHEERDER, digest, tot=now)

    assert found.stappen[-1].inhoud["aantal"] == 0
    with pytest.raises(ConflictError, match="niet over alle besluiten"):
        await versies.approve(PRIVACY, digest, ADVIES)


async def test_nothing_is_approved_untested(node: Node) -> None:
    """A proposal that was never tested is not approved, and not taken into use."""
    versies, digest = node.services.regelversies, await propose(node)

    with pytest.raises(ConflictError, match="Beproef deze regelversie eerst"):
        await versies.approve(PRIVACY, digest, ADVIES)
    with pytest.raises(ConflictError, match="Alleen een goedgekeurde"):
        await versies.take_into_use(BEHEERDER, digest)


@pytest.mark.parametrize(
    ("beller", "error", "told"),
    [
        (BEHEERDER, ConflictError, "zelf voorgesteld"),
        (replace(BEHEERDER, gebruiker="beheer-9"), ForbiddenError, "van de organisatie"),
        (PRIVACY, None, ""),
        (OTHER_BEHEERDER, None, ""),
    ],
)
async def test_another_approves(
    node: Node, beller: Beller, error: type[Exception] | None, told: str
) -> None:
    """The proposer and a beheerder beside him do not approve; another organisatie and the FG do."""
    versies, digest = node.services.regelversies, await propose(node)
    await versies.test(BEHEERDER, digest)

    if error is None:
        assert (await versies.approve(beller, digest, ADVIES)).status is Status.GOEDGEKEURD
    else:
        with pytest.raises(error, match=told):
            await versies.approve(beller, digest, ADVIES)
        assert (await versies.get(digest)).status is Status.BEPROEFD


async def test_old_test_approves_nothing(node: Node) -> None:
    """After a day there are new besluiten: the test must be done again."""
    versies, digest = node.services.regelversies, await propose(node)
    await versies.test(BEHEERDER, digest)
    node.clock.moment += FRESH

    with pytest.raises(ConflictError, match="ouder dan een dag"):
        await versies.approve(PRIVACY, digest, ADVIES)
    await versies.test(BEHEERDER, digest)
    assert (await versies.approve(PRIVACY, digest, ADVIES)).status is Status.GOEDGEKEURD


async def test_test_against_former_rules_does_not_count(node: Node) -> None:
    """When other rules came into force since, a version is tested and approved again."""
    versies, digest = node.services.regelversies, await propose(node, SAME)
    await versies.test(BEHEERDER, digest)
    await versies.approve(PRIVACY, digest, ADVIES)
    await node.use(STRICT)

    with pytest.raises(ConflictError, match="niet beproefd tegen de regels die nu gelden"):
        await versies.take_into_use(BEHEERDER, digest)
    assert await node.in_force() == STRICT.digest
    await versies.test(BEHEERDER, digest)
    with pytest.raises(ConflictError, match="Alleen een goedgekeurde"):
        await versies.take_into_use(BEHEERDER, digest)
    await versies.approve(PRIVACY, digest, ADVIES)
    await versies.take_into_use(BEHEERDER, digest)
    assert await node.in_force() == SAME.digest


async def test_way_back_is_the_same_way(node: Node) -> None:
    """Rules that were in force keep their approval: tested against the new, they come back."""
    await node.use(STRICT)
    versies, digest = node.services.regelversies, shipped().digest

    with pytest.raises(ConflictError, match="niet beproefd"):
        await versies.take_into_use(BEHEERDER, digest)
    await versies.test(BEHEERDER, digest)
    await versies.take_into_use(BEHEERDER, digest)

    assert await node.in_force() == digest
    assert (await versies.get(STRICT.digest)).status is Status.VERVANGEN
    assert (await node.ask()).besluit.uitkomst == "toegewezen"


@pytest.mark.parametrize("stap", [Stap.AFGEWEZEN, Stap.INGETROKKEN])
async def test_closed_version_can_only_be_proposed_again(node: Node, stap: Stap) -> None:
    """What was turned down or taken back goes nowhere, until somebody proposes it anew."""
    versies, digest = node.services.regelversies, await propose(node)
    await versies.close(PRIVACY, digest, stap, REDEN)

    for attempt in (
        versies.test(BEHEERDER, digest),
        versies.approve(PRIVACY, digest, ADVIES),
        versies.take_into_use(BEHEERDER, digest),
        versies.close(PRIVACY, digest, stap, REDEN),
    ):
        with pytest.raises(ConflictError):
            await attempt
    assert await propose(node) == digest
    assert (await versies.get(digest)).status is Status.VOORGESTELD


async def test_version_in_force_cannot_be_closed_or_tested(node: Node) -> None:
    """The rules in force stay until others take their place."""
    versies, digest = node.services.regelversies, shipped().digest

    for attempt in (
        versies.close(PRIVACY, digest, Stap.AFGEWEZEN, REDEN),
        versies.test(BEHEERDER, digest),
        versies.take_into_use(BEHEERDER, digest),
        versies.propose(BEHEERDER, archief=None, reden=REDEN),
    ):
        with pytest.raises(ConflictError):
            await attempt
    with pytest.raises(NotFoundError):
        await versies.get("sha256:" + "0" * 64)


async def test_shipped_rules_can_be_proposed_without_an_archive(tmp_path: Path) -> None:
    """After an update of the software its rules are proposed by name."""
    async with running(tmp_path / "var", "een", CountingIds()) as node:
        await node.use(STRICT)
        regels = node.services.regels
        regels.geleverd = SAME
        versies = node.services.regelversies
        versie = await versies.propose(BEHEERDER, archief=None, reden=REDEN)
        async with node.services.store.read() as tx:
            archief = await tx.regelversies.archief(SAME.digest)

    assert versie.digest == SAME.digest
    assert archief == SAME.to_archive()


WGS = "grondslagen/wet/wgs/2025-03-01.yaml"
FAULTS: dict[str, tuple[str, tuple[str, str]]] = {
    "no Rego": ("policies/besluit/vrager.rego", (SCREENING, '"screening-ontbreekt": [1 |')),
    "typo": (WGS, ("activiteit: casus", "activitiet: casus")),
    "article": (WGS, ('    artikel: "2.18"\n    lid: "1"\n    onderdeel: "b"\n', "")),
    "overlap": (WGS, ("geldig_tot: 2025-07-05", "geldig_tot: 2025-07-06")),
    "no YAML": ("policies/gronden.yaml", ("\n", "\n]\n")),
}


@pytest.mark.parametrize("what", [*FAULTS, "all"])
async def test_what_does_not_load_is_refused_at_once(node: Node, what: str) -> None:
    """Every fault is told with file, line and reason; nothing is stored or logged; all runs on."""
    before = node.log()
    faults = [FAULTS["no Rego"], FAULTS["typo"]] if what == "all" else [FAULTS[what]]
    files = {name: changed(name, change).bestanden[name] for name, change in faults}

    with pytest.raises(InvalidInputError) as refused:
        await propose(node, Regelset(bestanden={**shipped().bestanden, **files}))

    assert {fout.pointer for fout in refused.value.fouten} == {"/archief"}
    told = "\n".join(fout.melding for fout in refused.value.fouten)
    for name in files:
        # The later file is told to overlap; a text that is no YAML has its line in the reason.
        where = "grondslagen/wet/wgs/2025-07-05.yaml" if what == "overlap" else name
        assert re.search(rf"^{where}(:\d+: .|: .*regel \d+)", told, re.MULTILINE), told
    assert node.log() == before
    assert len(await node.services.regelversies.list()) == 1
    assert (await node.ask()).besluit.uitkomst == "toegewezen"


async def test_archive_that_is_none_is_refused(node: Node) -> None:
    """Bytes that are no rule set are refused in a sentence."""
    with pytest.raises(InvalidInputError) as refused:
        await node.services.regelversies.propose(BEHEERDER, archief=b"geen tar", reden=REDEN)

    assert [fout.pointer for fout in refused.value.fouten] == ["/archief"]


@pytest.mark.parametrize("doing", ["propose", "test", "approve", "take_into_use"])
async def test_step_that_cannot_be_logged_is_not_made(
    node: Node, doing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its line in the log no step is made, and the rules in force stay."""
    versies, digest = node.services.regelversies, STRICT.digest
    path: dict[str, Callable[[], Awaitable[object]]] = {
        "propose": lambda: propose(node),
        "test": lambda: versies.test(BEHEERDER, digest),
        "approve": lambda: versies.approve(PRIVACY, digest, ADVIES),
        "take_into_use": lambda: versies.take_into_use(BEHEERDER, digest),
    }
    for name, step in path.items():
        if name == doing:
            break
        await step()
    before = await versies.list()

    def full(*_: object) -> None:
        raise LogFullError("Er wacht te veel.")

    with monkeypatch.context() as patch:
        patch.setattr(node.services.log, "record", full)
        with pytest.raises(RecordError):
            await path[doing]()

    assert await versies.list() == before
    assert await node.in_force() == shipped().digest
    await path[doing]()
