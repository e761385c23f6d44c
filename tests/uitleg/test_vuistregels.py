"""The rules of thumb promise exactly what the rules grant."""

import itertools
from typing import Final

import pytest
from typer.testing import CliRunner

from broker.cli import app
from broker.decision.decide import Decider
from broker.decision.herstelpaden import FASEN
from broker.decision.register import default_root
from broker.decision.vuistregels import Vraag, deelnemers, volmaakt, vuistregels
from broker.domain.besluit import Uitkomst
from broker.domain.kalender import day_of, instant

DECIDER: Final = Decider.load(default_root())
MOMENTS: Final = ("2023-06-28T12:00:00+02:00", "2026-11-20T12:00:00+01:00")


def asked_one_by_one(moment: str, vrager: str) -> set[tuple[str, str, str, str, str, int]]:
    """Decide every question apart: task, source, activity, phase; return what is not refused."""
    stand = DECIDER.register.on(day_of(instant(moment)))
    found = set()
    for grondslag, basis in stand.data["grondslagen"].items():
        taken = basis["deelnemers"].get(vrager, {}).get("taken", ())
        for taak, bron, activiteit, fase in itertools.product(
            taken, basis["deelnemers"], basis["activiteiten"], FASEN
        ):
            vraag = Vraag(
                grondslag=grondslag,
                vrager=vrager,
                taak=taak,
                bron=bron,
                activiteit=activiteit,
                fase=fase,
            )
            besluit = DECIDER.decide(volmaakt(stand, vraag, moment))
            found |= {
                (grondslag, taak, bron, activiteit, part.id or "", fase)
                for part in besluit.categorieen
                if part.uitkomst != Uitkomst.GEWEIGERD
            }
    return found


def promised(moment: str, vrager: str) -> set[tuple[str, str, str, str, str, int]]:
    """Return the same, as the rules of thumb tell it."""
    bases = DECIDER.register.on(day_of(instant(moment))).data["grondslagen"]
    return {
        (row.grondslag, taak, row.bron, activiteit, row.categorie, fase)
        for row in vuistregels(DECIDER, moment, vrager)
        for taak in row.taken
        for activiteit in row.activiteiten or bases[row.grondslag]["activiteiten"]
        for fase in FASEN
        if fase >= (row.vanaf_fase or 1)
    }


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("vrager", ["politie", "college", "rijksbelastingdienst", "nvwa", "ggd"])
def test_the_table_is_what_the_rules_say(moment: str, vrager: str) -> None:
    """No cell promises what is refused, and nothing that is granted is missing."""
    assert promised(moment, vrager) == asked_one_by_one(moment, vrager)


def test_what_may_not_be_asked_alone_is_told() -> None:
    """Asked alone, and beside each other category: what a row says of that is what is decided."""
    moment = MOMENTS[1]
    stand = DECIDER.register.at(moment)
    rows = [row for row in vuistregels(DECIDER, moment, "politie") if row.bron == "politie"]

    for row in rows:
        vraag = Vraag(
            grondslag=row.grondslag,
            vrager=row.vrager,
            taak=row.taken[0],
            bron=row.bron,
            activiteit=next(iter(row.activiteiten), "hhk"),
            fase=3,
        )
        alone = DECIDER.decide(volmaakt(stand, vraag, moment, [row.categorie]))
        beside = [
            DECIDER.decide(volmaakt(stand, vraag, moment, [row.categorie, other]))
            for other in row.alleen_naast
        ]
        refused = alone.categorieen[0].uitkomst == Uitkomst.GEWEIGERD
        assert refused == bool(row.alleen_naast)
        assert all(b.categorieen[0].uitkomst != Uitkomst.GEWEIGERD for b in beside)
    told = {row.categorie for row in rows if row.alleen_naast}
    assert told == {"seksueel-gedrag"}


def test_a_basis_that_looks_at_no_phase_has_none() -> None:
    """A row tells a phase only where the rules refuse a question for its phase."""
    for moment, vrager, grondslag in (
        (MOMENTS[0], "nvwa", "riec-convenant"),
        (MOMENTS[1], "ggd", "wgs-zvh"),
        (MOMENTS[1], "nvwa", "wgs-riec"),
    ):
        rows = [r for r in vuistregels(DECIDER, moment, vrager) if r.grondslag == grondslag]

        assert rows
        assert {r.vanaf_fase is None for r in rows} == {grondslag != "wgs-riec"}


def test_the_last_day_of_the_calendar_has_rules_too() -> None:
    """At the end of the calendar nobody is authorised any more, and nothing breaks."""
    assert vuistregels(DECIDER, "9999-12-31T12:00:00+00:00", "nvwa") == ()


def test_of_a_choice_of_consents_one_is_enough() -> None:
    """Where the law gives several ways past a secret, a row tells a choice (WGS 2.29(2))."""
    rows = [
        row
        for row in vuistregels(DECIDER, MOMENTS[1], "college")
        if (row.grondslag, row.bron, row.categorie) == ("wgs-zvh", "ggd", "gezondheid")
    ]

    assert [row.instemmingen for row in rows] == [()]
    [[choice]] = [row.instemmingen_een_van for row in rows]
    assert {"uitdrukkelijke-toestemming", "wettelijke-plicht"} <= {*choice}
    assert rows[0].consents.startswith("een van: ")


def test_every_deelnemer_is_told_of() -> None:
    """Whoever some basis knows as a deelnemer has rows of its own."""
    moment = MOMENTS[1]
    for name in deelnemers(DECIDER, moment):
        assert vuistregels(DECIDER, moment, name), name


def test_the_command_shows_the_table() -> None:
    """`sluis vuistregels` needs no server, and names the deelnemers when one is not known."""
    found = CliRunner().invoke(app, ["vuistregels", "--deelnemer", "nvwa", "--op", "2026-11-20"])
    unknown = CliRunner().invoke(app, ["vuistregels", "--deelnemer", "kadaster"])

    assert found.exit_code == 0
    assert "wgs-riec" in found.output
    assert unknown.exit_code == 2
    assert "politie" in unknown.output
