"""A dated file does not change: a change of the law is a new file, or a correction that says so."""

import datetime as dt

import pytest

from broker.decision.gedateerd import herschreven
from broker.decision.regelset import Regelset
from broker.errors import ConflictError, InvalidInputError
from tests.regels.conftest import ADVIES, BEHEERDER, PRIVACY, REDEN, Node, changed, shipped

OLD = "grondslagen/wet/wgs/2025-03-01.yaml"
BASIS = "grondslagen/samenwerking/wgs-riec/2025-03-01.yaml"
VANDAAG = dt.date(2026, 11, 20)
NEW = "grondslagen/wet/wgs/2025-07-05.yaml"
WORDS = "De wet gaat over het samen verwerken van gegevens"


def without(name: str) -> Regelset:
    """Return the shipped rule set without this file."""
    return Regelset(bestanden={n: c for n, c in shipped().bestanden.items() if n != name})


def successor(name: str, day: str, begin: tuple[str, str], end: tuple[str, str]) -> Regelset:
    """Return the shipped rule set in which this file ends, and the same goes on from a day."""
    files = dict(shipped().bestanden)
    text = files[name].decode()
    assert begin[0] in text
    assert end[0] in text
    files[name] = text.replace(*end).encode()
    files[name.replace("2025-03-01", day)] = text.replace(*begin).encode()
    return Regelset(bestanden=files)


def test_other_words_in_a_dated_file_are_found_with_their_line() -> None:
    """What a date said is told otherwise: file and rule are named."""
    other = changed(NEW, (WORDS, "De wet gaat over iets anders"))

    [fout] = herschreven(shipped(), other, VANDAAG)

    text = shipped().bestanden[NEW].decode()
    rule = text[: text.index(WORDS)].rindex("- id:")
    assert (fout.bestand, fout.regel) == (NEW, text[:rule].count("\n") + 1)


def test_a_dated_file_that_is_gone_is_found() -> None:
    """A besluit of that day would have no law any more."""
    gone = without("grondslagen/wet/hrw/open.yaml")

    assert "ontbreekt nu" in str(herschreven(shipped(), gone, VANDAAG)[0])


def test_an_end_and_a_remark_may_be_added() -> None:
    """A law that gets a successor gets its end; once it has one, that stays."""
    name = "grondslagen/redenen/2025-03-01.yaml"
    ended = changed(NEW, ("geldig_tot: null", "geldig_tot: 2030-01-01\n# Tot dan."))
    remark = changed(name, ("versie: 1", "# Nog iets.\nversie: 1"))

    assert herschreven(shipped(), remark, VANDAAG) == []
    assert herschreven(shipped(), ended, VANDAAG) == []
    other = changed(NEW, ("geldig_tot: null", "geldig_tot: 2031-01-01"))
    assert herschreven(other, ended, VANDAAG) != []


@pytest.mark.parametrize("day", ["2025-09-01", "2026-11-20"])
def test_a_successor_for_days_gone_by_is_found(day: str) -> None:
    """Who ends a law in the past and lets another follow, tells another law of those days."""
    [name, vanaf, tot] = [BASIS, "geldig_vanaf: 2025-03-01", "geldig_tot: null"]
    other = successor(name, day, (vanaf, f"geldig_vanaf: {day}"), (tot, f"geldig_tot: {day}"))

    found = herschreven(shipped(), other, VANDAAG)

    assert [fout.bestand for fout in found] == [name, name.replace("2025-03-01", day)]
    assert herschreven(shipped(), other, dt.date(2025, 8, 31)) == []


def test_a_law_that_is_wholly_new_may_begin_in_the_past() -> None:
    """Of the days before it, nothing was said of it."""
    assert herschreven(without("grondslagen/wet/hrw/open.yaml"), shipped(), VANDAAG) == []


async def test_rewritten_law_is_proposed_as_a_correction_only(node: Node) -> None:
    """Without that word it is refused; with it proposal and log name the files."""
    versies = node.services.regelversies
    other = changed(NEW, (WORDS, "De wet gaat over het samen werken met gegevens"))

    with pytest.raises(InvalidInputError, match="maak een bestand met een latere datum"):
        await versies.propose(BEHEERDER, archief=other.to_archive(), reden=REDEN)
    versie = await versies.propose(
        BEHEERDER, archief=other.to_archive(), reden=REDEN, correctie=True
    )

    assert versie.stappen[-1].inhoud["gecorrigeerd"] == [NEW]
    assert node.log()[-1].payload["gecorrigeerd"] == [NEW]


async def test_law_of_which_the_day_has_come_meanwhile_is_not_taken_into_use(node: Node) -> None:
    """Proposed before its day and taken into use after it, it would rewrite the days between."""
    morrow = (node.clock.moment + dt.timedelta(days=1)).date().isoformat()
    other = successor(
        BASIS,
        morrow,
        ("geldig_vanaf: 2025-03-01", f"geldig_vanaf: {morrow}"),
        ("geldig_tot: null", f"geldig_tot: {morrow}"),
    )
    await approved(node, other)
    node.clock.moment += dt.timedelta(days=3)

    with pytest.raises(ConflictError, match="voor als correctie"):
        await node.services.regelversies.take_into_use(BEHEERDER, other.digest)
    assert await node.in_force() == shipped().digest


async def test_law_that_came_meanwhile_is_not_taken_away(node: Node) -> None:
    """Rules that were proposed before others came into force may not undo those unseen."""
    morrow = (node.clock.moment + dt.timedelta(days=1)).date().isoformat()
    first = changed(NEW, ("geldig_tot: null", f"geldig_tot: {morrow}"))
    second = changed("policies/besluit/vrager.rego", ("# METADATA", "# Proef.\n# METADATA"))
    versies = node.services.regelversies
    await versies.propose(BEHEERDER, archief=second.to_archive(), reden=REDEN)
    await approved(node, first)
    await versies.take_into_use(BEHEERDER, first.digest)
    await versies.test(BEHEERDER, second.digest)
    await versies.approve(PRIVACY, second.digest, ADVIES)

    with pytest.raises(ConflictError, match=NEW):
        await versies.take_into_use(BEHEERDER, second.digest)
    # The way back to what was in force is open all the same.
    await versies.test(PRIVACY, shipped().digest)
    await versies.take_into_use(BEHEERDER, shipped().digest)


async def approved(node: Node, regelset: Regelset) -> None:
    """Bring a rule set up to its approval."""
    versies = node.services.regelversies
    await versies.propose(BEHEERDER, archief=regelset.to_archive(), reden=REDEN)
    await versies.test(BEHEERDER, regelset.digest)
    await versies.approve(PRIVACY, regelset.digest, ADVIES)
