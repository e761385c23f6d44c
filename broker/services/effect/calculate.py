"""The what-if itself: read one snapshot, and judge all that the change may touch.

Everything is seen at one moment, `peil`: that of the change, or now when the change lies ahead.
Questions are those of the year before it; the running ones of the last 30 days.
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from broker.decision.decide import Decider
from broker.domain.kalender import (
    Duur,
    add,
    day_of,
    day_start,
    in_force,
    in_utc,
    instant,
)
from broker.services.effect.change import Change
from broker.services.effect.judge import Judge, Question, Side
from broker.services.effect.outcome import Effect, Effecten, Soort
from broker.services.openstaand import PERIOD
from broker.store import Store
from broker.store.snapshot import Snapshot
from broker.store.unit import ReadTx

IN_FLIGHT: Final = dt.timedelta(minutes=5)
"""Longer than any question lives: what passed door 1 only and is older, came to nothing."""
PAGE: Final = 200
_A_YEAR_BACK: Final = Duur(months=-12, days=0)

Progress = Callable[[int, int], None]
"""Called with how many things were judged, and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is asked: a change, seen by one RIEC (None: by all), and which effects to keep."""

    change: Change
    nu: dt.datetime
    riec: str | None = None
    wanted: Callable[[Effect], bool] | None = None
    progress: Progress | None = None


async def calculate(store: Store, rules: Decider, task: Task) -> Effecten:
    """Judge everything that the change may touch; the deciding is done in a thread.

    Args:
        store: Holds the facts and the questions.
        rules: In force now.
        task: What is asked.

    Raises:
        InvalidInputError: The change names something that is not there.
        ConflictError: The change cannot happen any more.
        RecordError: The store cannot be read.
    """
    found = Effecten() if task.wanted is None else Effecten(wanted=task.wanted)
    async with store.read() as tx:
        work = _Work(await tx.snapshot(), rules, task, found)
        await asyncio.to_thread(work.facts)
        await work.questions(tx)
    return found


class _Work:
    """One what-if on its way."""

    def __init__(self, facts: Snapshot, rules: Decider, task: Task, found: Effecten) -> None:
        change = task.change
        self._touched = change.touched(facts, task.riec)
        self._op = instant(change.op)
        self._peil = min(self._op, instant(task.nu.isoformat()))
        moment = in_utc(self._op).isoformat()
        after = change.made(facts, self._touched)
        voor = Side(facts=facts, decider=rules, moment=moment)
        na = Side(facts=after, decider=change.decider(rules), moment=moment)
        self._judge = Judge(voor=voor, na=na, others=())
        self._facts = facts
        self._riec = task.riec
        self._progress = task.progress
        self._found = found

    def facts(self) -> None:
        """Judge the zaken, and then the open persoonskaarten and the instemmingen that count."""
        own = sorted(
            zaak
            for zaak, known in self._facts.zaken.items()
            if self._riec is None or known.get("riec") == self._riec
        )
        self._judge = replace(self._judge, others=tuple(filter(self._judge.is_open, own)))
        zaken = set(self._facts.zaken if self._touched is None else self._touched)
        for (zaak, _), kaart in sorted(self._facts.kaarten.items(), key=lambda each: each[1].id):
            if zaak in zaken and self._begun(kaart.betrokkene.get("onderzoek") or {}):
                self._found.add(self._judge.kaart(zaak, kaart))
        given = [
            (zaak, each)
            for zaak, rows in self._facts.instemmingen.items()
            for each in rows
            if zaak is not None and zaak in zaken and self._counts(each.instemming)
        ]
        for zaak, each in sorted(given, key=lambda one: one[1].id):
            self._found.add(self._judge.instemming(zaak, each))

    async def questions(self, tx: ReadTx) -> None:
        """Judge the questions of the year, and tell the running ones among them twice."""
        until = in_utc(self._peil)
        first = add(day_of(self._peil), _A_YEAR_BACK)
        bounds = (None if first is None else in_utc(day_start(first)), until)
        running = await self._running(tx, until)
        total = await tx.besluiten.count_questions(bounds, self._touched)
        done = 0
        async for page in tx.besluiten.questions(bounds, self._touched, PAGE):
            await asyncio.to_thread(self._question_page, page, running)
            done += len(page)
            if self._progress is not None:
                self._progress(done, total)

    def _question_page(
        self, page: Sequence[Mapping[str, Any]], running: set[tuple[str, str]]
    ) -> None:
        for row in page:
            effect = self._judge.question(Question.of(row))
            self._found.add(effect)
            if (row["verzoek"], row["bron"]) in running:
                self._found.add(replace(effect, soort=Soort.LOPEND_VERZOEK))

    async def _running(self, tx: ReadTx, until: dt.datetime) -> set[tuple[str, str]]:
        """Return the questions, each by verzoek and bron, that wait or are on their way."""
        latest: dict[tuple[str, str], bool] = {}
        async for page in tx.besluiten.outcomes((until - PERIOD, until), self._touched):
            for row in page:
                # A later besluit on the same source says anew how it stands.
                latest[row["verzoek"], row["bron"]] = _runs(row, until)
        return {asked for asked, runs in latest.items() if runs}

    def _begun(self, onderzoek: Mapping[str, Any]) -> bool:
        """Tell whether the research on a subject is open at the moment of the change."""
        return in_force(onderzoek.get("geopend_op"), onderzoek.get("beeindigd_op"), self._op)

    def _counts(self, instemming: Mapping[str, Any]) -> bool:
        return in_force(instemming["op"], instemming.get("tot"), self._op)


def _runs(row: Mapping[str, Any], until: dt.datetime) -> bool:
    if orjson.loads(row["besluit"])["vereiste_instemmingen"]:
        return True
    on_its_way = row["deur"] == "verzoek" and row["uitkomst"] != "geweigerd"
    since: dt.datetime = row["moment"]
    return on_its_way and since > until - IN_FLIGHT
