"""`decide(dossier) -> besluit`: the one function that every verdict comes from.

1. Take the register as it stood on the day of the moment, and the engine loaded with it.
2. Work out the calendar of the dossier (`feiten`).
3. Let the rules speak. No answer, or one of another shape, is no verdict (`DecisionError`).
4. Put the codes into words, with their articles, from the same register.

Pure: it reads nothing but the dossier, the register and the rules.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from broker.decision.dialect.engine import CompiledEngine
from broker.decision.dialect.syntax import RegoError
from broker.decision.regelset import Regelfout, Regelset, RegisterError
from broker.decision.register import Register, Stand
from broker.decision.rules import PolicyEngine, PolicyServer, Rules
from broker.domain.besluit import (
    Besluit,
    Deelbesluit,
    Onderwerp,
    Uitkomst,
    VereisteInstemming,
    Weigeringsgrond,
)
from broker.domain.dossier import Dossier
from broker.domain.kalender import day_of
from broker.errors import DecisionError

EngineFactory = Callable[[Rules, Mapping[str, Any]], PolicyEngine]
_GRANTED: Final = Uitkomst.TOEGEWEZEN


class Decider:
    """Decides dossiers with one rule set."""

    def __init__(
        self, regelset: Regelset, engine: EngineFactory, server: PolicyServer | None
    ) -> None:
        self.regelset = regelset
        self._server = server
        try:
            self.register = Register.load(regelset)
        except RegisterError as error:
            raise RegisterError([*error.fouten, *_faults(regelset, engine)]) from None
        try:
            self._engine = engine(Rules(regelset), self.register.data)
        except RegoError as error:
            raise RegisterError([_fault(error)]) from None

    @classmethod
    def load(
        cls,
        source: Path | Regelset,
        engine: EngineFactory = CompiledEngine,
        server: PolicyServer | None = None,
    ) -> "Decider":
        """Make ready a rule set, or the one below a folder.

        Raises:
            RegisterError: A file is missing or wrong; tells which, and why.
        """
        regelset = source if isinstance(source, Regelset) else Regelset.from_folder(source)
        return cls(regelset, engine, server)

    def with_server(self, server: PolicyServer) -> "Decider":
        """Return these rules, loaded already, with another server to decide by them."""
        made = copy.copy(self)
        made._server = server  # noqa: SLF001 - one of its own
        return made

    @property
    def digest(self) -> str:
        """The digest of the rule set, which every besluit names."""
        return self.regelset.digest

    def decide(self, dossier: Dossier) -> Besluit:
        """Return the besluit on this dossier, by the engine in this process.

        Raises:
            DecisionError: The rules gave no verdict, so nothing may leave.
        """
        facts = self.facts(dossier)
        return self._besluit(dossier, facts, self._engine.evaluate(facts))

    async def beslis(self, dossier: Dossier) -> Besluit:
        """Return the besluit on this dossier, by the server when there is one.

        Raises:
            DecisionError: The rules gave no verdict, so nothing may leave.
        """
        if self._server is None:
            return self.decide(dossier)
        facts = self.facts(dossier)
        return self._besluit(dossier, facts, await self._server.evaluate(facts))

    async def motor(self) -> str:
        """Return what decides: `ingebouwd`, or `opa` when its server answers.

        Raises:
            DecisionError: The server does not answer, or has other rules.
        """
        if self._server is None:
            return "ingebouwd"
        await self._server.check()
        return "opa"

    def facts(self, dossier: Dossier) -> dict[str, Any]:
        """Return the input of the rules for this dossier."""
        return self.register.feiten(dossier)

    def _besluit(self, dossier: Dossier, facts: Mapping[str, Any], verdict: object) -> Besluit:
        stand = self.register.on(day_of(facts["moment"]))
        try:
            return _Besluiten(dossier, facts, stand, self.digest).build(verdict)
        except (KeyError, TypeError, ValueError, IndexError):
            raise DecisionError("De regels gaven een onbruikbaar antwoord.") from None

    def consent_givers(self, moment: str) -> Mapping[str, Sequence[str]]:
        """Return as which deelnemer someone may record each kind of consent at this moment.

        An empty list: only the RIEC itself, which is no deelnemer.
        """
        return self.register.at(moment).givers


def _faults(regelset: Regelset, engine: EngineFactory) -> list[Regelfout]:
    """Return what is wrong with the rules of a set whose register cannot be read."""
    try:
        engine(Rules(regelset), {})
    except RegisterError as error:
        return list(error.fouten)
    except RegoError as error:
        return [_fault(error)]
    return []


def _fault(error: RegoError) -> Regelfout:
    return Regelfout(bestand=error.file, regel=error.line, reden=f"{error.reason}.")


class _Besluiten:
    """Puts one verdict into words, and refuses a verdict that contradicts itself."""

    def __init__(
        self, dossier: Dossier, facts: Mapping[str, Any], stand: Stand, rules: str
    ) -> None:
        self._dossier = dossier
        self._facts = facts
        self._stand = stand
        self._rules = rules

    def build(self, verdict: object) -> Besluit:
        if not isinstance(verdict, Mapping):
            raise DecisionError("De regels gaven geen antwoord.")
        asked = self._facts["verzoek"]["categorieen"]
        items = self._facts["gegevens"]
        categorieen = tuple(_part(part) for part in verdict["categorieen"])
        gegevens = tuple(_part(part) for part in verdict["gegevens"])
        if [c.id for c in categorieen] != asked or [g.id for g in gegevens] != [
            item["id"] for item in items
        ]:
            raise DecisionError("De regels beslisten niet over wat was gevraagd.")
        self._check(verdict, categorieen, gegevens)
        ends: Sequence[int] = verdict["bewaren"]
        if len(ends) != sum(part.uitkomst == _GRANTED for part in gegevens):
            raise DecisionError("De regels zeggen niet hoelang elk gegeven mag blijven.")
        return Besluit(
            uitkomst=Uitkomst(verdict["uitkomst"]),
            categorieen=categorieen,
            gegevens=gegevens,
            weigeringsgronden=self._gronden(verdict["gronden"], categorieen, gegevens),
            vereiste_instemmingen=_instemmingen(verdict["instemmingen"]),
            voorwaarden=tuple(verdict["voorwaarden"]),
            bewaren_tot=_bewaren_tot(ends),
            versies={
                "regels": self._rules,
                "register": self._stand.versies[self._stand.basis(self._dossier.grondslag)],
            },
        )

    def _check(
        self,
        verdict: Mapping[str, Any],
        categorieen: Sequence[Deelbesluit],
        gegevens: Sequence[Deelbesluit],
    ) -> None:
        """Refuse a verdict whose outcome is not that of its parts (contract, Besluit).

        A ground on the whole question falls on every part; without parts only door 2 grants.
        """
        question = set(verdict["gronden"])
        if any(not question <= set(part.codes) for part in (*categorieen, *gegevens)):
            raise DecisionError("De regels spreken zichzelf tegen.")
        at_door_2 = self._dossier.deur == "verstrekking"
        outcomes = {part.uitkomst for part in (gegevens if at_door_2 else categorieen)}
        empty = _GRANTED if at_door_2 and not question else Uitkomst.GEWEIGERD
        told = outcomes or {empty}
        if verdict["uitkomst"] != (told.pop() if len(told) == 1 else Uitkomst.DEELS):
            raise DecisionError("De regels spreken zichzelf tegen.")

    def _gronden(
        self,
        question: Sequence[str],
        categorieen: Sequence[Deelbesluit],
        gegevens: Sequence[Deelbesluit],
    ) -> tuple[Weigeringsgrond, ...]:
        """Return each ground once, in the order of the contract, pointing at its first failure."""
        where: dict[str, str] = dict.fromkeys(question, "")
        for name, parts in (("/verzoek/categorieen", categorieen), ("/gegevens", gegevens)):
            for index, part in enumerate(parts):
                for code in part.codes:
                    where.setdefault(code, f"{name}/{index}")
        if not self._facts["verzoek"]["categorieen"] and self._dossier.deur == "verzoek":
            where.setdefault(self._stand.zonder_categorie, "/verzoek/categorieen")
        texts = self._stand.redenen["redenen"]
        if where.keys() - texts.keys():
            raise DecisionError("De regels noemen een onbekende grond.")
        return tuple(self._grond(code, where[code]) for code in texts if code in where)

    def _grond(self, code: str, where: str) -> Weigeringsgrond:
        reason = self._stand.redenen["redenen"][code]
        own = reason.get("per_grondslag", {}).get(self._dossier.grondslag, {})
        text = reason | own
        feit = text["feit"]
        if where.startswith("/gegevens") and not feit.startswith("/"):
            feit = f"{where}/{feit}"
        elif where:
            feit = where
        return Weigeringsgrond(
            code=code,
            wet=text["wet"],
            artikel=text["artikel"],
            uitleg=text["uitleg"],
            feit=feit,
            herstelbaar=text["herstelbaar"],
            herstel=text["herstel"],
            betreft=self._stand.betreft.get(code, Onderwerp.VRAAG),
        )


def _bewaren_tot(ends: Sequence[int]) -> str | None:
    """Return the earliest day on which an item that passes must be gone."""
    return day_of(min(ends)).isoformat() if ends else None


def _part(part: Mapping[str, Any]) -> Deelbesluit:
    uitkomst, codes = Uitkomst(part["uitkomst"]), tuple(part["codes"])
    if (uitkomst == _GRANTED) == bool(codes) or uitkomst == Uitkomst.DEELS:
        raise DecisionError("De regels wijzen toe en weigeren tegelijk.")
    return Deelbesluit(id=part["id"], uitkomst=uitkomst, codes=codes)


def _instemmingen(rows: Sequence[Mapping[str, Any]]) -> tuple[VereisteInstemming, ...]:
    grouped: dict[tuple[str, str | None], list[str]] = {}
    for row in rows:
        grouped.setdefault((row["soort"], row["organisatie"]), []).append(row["categorie"])
    return tuple(
        VereisteInstemming(soort=soort, organisatie=org, categorieen=tuple(dict.fromkeys(ids)))
        for (soort, org), ids in grouped.items()
    )
