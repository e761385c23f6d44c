"""The end of the story: the record is checked, bent by its operator, and checked again."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from audit.disk import DATABASE, VKEY
from audit.note import Vkey
from audit.verify import verify
from broker.cli.demo.toneel import Stap
from broker.cli.replay import replay_all
from broker.settings import Settings


def play(settings: Settings) -> Iterator[Stap]:
    """Yield the steps after the broker has stopped."""
    folder = settings.log_folder
    yield _decided_again(settings)
    yield _intact(folder)
    yield _bent(folder)


def _decided_again(settings: Settings) -> Stap:
    found = replay_all(settings)
    return Stap(
        titel="Elk vastgelegd besluit wordt opnieuw genomen uit zijn eigen dossier",
        verwacht="allemaal gelijk",
        goed=found.gelijk > 0 and found.goed,
        gezien={
            "gelijk": found.gelijk,
            "anders": found.anders.aantal,
            "past niet bij het logboek": found.los.aantal,
        },
    )


def _intact(folder: Path) -> Stap:
    findings = _findings(folder)
    return Stap(
        titel="Het logboek wordt nagerekend, zonder broker en zonder netwerk",
        verwacht="in orde",
        goed=not findings,
        gezien={"bevindingen": findings or "geen"},
    )


def _bent(folder: Path) -> Stap:
    """Turn one release into a refusal, as an operator with access to the database could.

    Who asked about whom is sealed: without the keys of the vault that cannot even be read.
    """
    with sqlite3.connect(folder / DATABASE) as database:
        (number,) = database.execute(
            "SELECT min(seq) FROM regel WHERE soort = 'verstrekking'"
        ).fetchone()
        database.execute(
            "UPDATE regel SET soort = 'weigering',"
            " kenmerk = replace(kenmerk, 'verstrekking', 'weigering'),"
            " leaf = CAST(replace(CAST(leaf AS TEXT), 'verstrekking', 'weigering') AS BLOB)"
            " WHERE seq = ?",
            (number,),
        )
    findings = _findings(folder)
    return Stap(
        titel=f"Een beheerder maakt van een verstrekking een weigering (regel {number})",
        verwacht="de controle vindt het, en noemt de regel",
        goed=any(f"Regel {number}:" in finding for finding in findings),
        gezien={"bevindingen": findings or "geen"},
    )


def _findings(folder: Path) -> list[str]:
    text = (folder / VKEY).read_text(encoding="utf-8")
    keys = [Vkey.parse(line) for line in text.splitlines()]
    return [finding.melding for finding in verify(folder, keys) if not finding.is_note]
