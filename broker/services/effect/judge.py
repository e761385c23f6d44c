"""Decides one thing twice, without and with the change, and says in which group it falls.

- A question is decided as door 1 decides it, at the moment of the change, on the facts of today.
  A category is carried when it is not refused: one that waits for an instemming has its basis.
- A persoonskaart and an instemming are no question, so they are put to the rules with what is
  known of them, on every basis of a samenwerking. It is carried when on some basis no ground falls
  whose fact lies in the basis, the zaak or the subject (`feit` of the ground).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import orjson

from broker.decision.decide import Decider
from broker.domain import invoer
from broker.domain.besluit import Besluit, Uitkomst
from broker.domain.dossier import BEVRAGING
from broker.domain.kalender import instant
from broker.domain.zaak import places
from broker.errors import BrokerError
from broker.services.bronnen import Aansluiting
from broker.services.effect.outcome import Effect, Groep, Soort
from broker.services.verschil import NO_VERDICT
from broker.store.columns import Rij
from broker.store.snapshot import Given, Kaart, Snapshot

_SHARED: Final = "samenwerking"
_ABOUT: Final = ("/grondslag", "/verzoek/activiteit", "/zaak", "/betrokkene")
_ZAAK_ONLY: Final = _ABOUT[:3]
# Who takes part is no property of the zaak itself.
_PARTNERS: Final = "/zaak/deelnemers"


@dataclass(frozen=True, kw_only=True)
class Side:
    """The facts and the rules, without the change or with it."""

    facts: Snapshot
    decider: Decider
    moment: str

    @cached_property
    def bases(self) -> list[str]:
        """The bases of a samenwerking that these rules know."""
        known = self.decider.register.at(self.moment).data["grondslagen"]
        return sorted(name for name, basis in known.items() if basis["spoor"] == _SHARED)

    def decide(self, dossier: Mapping[str, Any]) -> Besluit | None:
        """Return the besluit, or None when there is no verdict on this."""
        given = {"versie": 1, "deur": "verzoek", "moment": self.moment, **dossier}
        try:
            return self.decider.decide(invoer.parse(given))
        except BrokerError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A recorded question, as it was put."""

    id: str
    gebruiker: str
    zaak: str | None
    sleutel: str | None
    bron: str
    dossier: Mapping[str, Any]
    plaats: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Question":
        """Read a row of `Besluiten.questions`."""
        return cls(
            id=row["id"],
            gebruiker=row["gebruiker"],
            zaak=row["zaak"],
            sleutel=row["sleutel"],
            bron=row["bron"],
            dossier=orjson.loads(row["dossier"]),
            plaats=f"{row['moment']:%Y-%m-%dT%H:%M:%S.%f} {row['id']}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Judges what the change does. `others`: the zaken that may carry what another loses."""

    voor: Side
    na: Side
    others: tuple[str, ...]

    def is_open(self, zaak: str) -> bool:
        """Tell whether this zaak itself can carry anything, with the change."""
        return self._carries(self.na, zaak, None)

    def question(self, asked: Question) -> Effect:
        """Judge one question."""
        was = self.voor.decide(_dossier(self.voor, asked, asked.zaak))
        wordt = self.na.decide(_dossier(self.na, asked, asked.zaak))
        needed = _carried(was)
        lost = needed - _carried(wordt)
        groep, via, last = Groep.HOUDT, None, wordt
        if not needed:
            groep = Groep.HAD_AL_GEEN
        elif lost:
            found = self._elsewhere(asked, needed)
            groep, via, last = (Groep.ELDERS, *found) if found else (Groep.VERLIEST, None, wordt)
        kaart = self.voor.facts.kaarten.get((asked.zaak or "", asked.sleutel or ""))
        return Effect(
            soort=Soort.VRAAG,
            id=asked.id,
            zaak=asked.zaak,
            groep=groep,
            via=via,
            wacht=groep in {Groep.HOUDT, Groep.ELDERS} and _waits(was, last, needed),
            categorieen=tuple(sorted(lost)),
            gronden=_added(was, wordt) if lost else (),
            partner=self.voor.facts.vragers[asked.gebruiker].get("organisatie"),
            plaats=asked.plaats,
            gebieden=_known(kaart, "gebieden"),
            branches=_known(kaart, "branches"),
        )

    def kaart(self, zaak: str, kaart: Kaart) -> Effect:
        """Judge one open persoonskaart."""
        subject = kaart.betrokkene
        gronden: tuple[str, ...] = ()
        via = None
        if not self._carries(self.voor, zaak, subject):
            groep = Groep.HAD_AL_GEEN
        elif self._carries(self.na, zaak, subject):
            groep = Groep.HOUDT
        else:
            via = self._other_zaak(zaak, subject)
            groep = Groep.VERLIEST if via is None else Groep.ELDERS
            gronden = self._why(zaak, subject)
        return Effect(
            soort=Soort.PERSOONSKAART,
            id=kaart.id,
            zaak=zaak,
            groep=groep,
            via=via,
            gronden=gronden,
            plaats=kaart.id,
            gebieden=_known(kaart, "gebieden"),
            branches=_known(kaart, "branches"),
        )

    def instemming(self, zaak: str, given: Given) -> Effect:
        """Judge one instemming. It is bound to its zaak, so no other can carry it."""
        kaart = self.voor.facts.kaarten.get((zaak, given.sleutel or ""))
        subject = None if given.sleutel is None else kaart.betrokkene if kaart else {}
        giver = given.instemming["organisatie"]
        had = self._carries(self.voor, zaak, subject)
        keeps = self._carries(self.na, zaak, subject)
        left = self._takes_part(self.voor, zaak, giver) and not self._takes_part(
            self.na, zaak, giver
        )
        groep = Groep.HOUDT if keeps and not left else Groep.VERLIEST
        return Effect(
            soort=Soort.INSTEMMING,
            id=given.id,
            zaak=zaak,
            groep=groep if had else Groep.HAD_AL_GEEN,
            gronden=self._why(zaak, subject) if had and not keeps else (),
            partner=giver,
            plaats=given.id,
            gebieden=_known(kaart, "gebieden"),
            branches=_known(kaart, "branches"),
        )

    def _elsewhere(self, asked: Question, needed: set[str]) -> tuple[str, Besluit] | None:
        """Return the first other zaak in which all of this may be asked, and its besluit."""
        kaart = self.na.facts.kaarten.get((asked.zaak or "", asked.sleutel or ""))
        if asked.zaak is None:
            return None
        for other in self._like(asked.zaak):
            for dossier in _in_other(self.na, asked, other, kaart):
                besluit = self.na.decide(dossier)
                if besluit is not None and needed <= _carried(besluit):
                    return other, besluit
        return None

    def _like(self, zaak: str) -> list[str]:
        """Return the other zaken of the same kind of samenwerkingsverband (WGS 1.8(5))."""
        zaken = self.na.facts.zaken
        own = zaken.get(zaak, {}).get("verband")
        return [each for each in self.others if each != zaak and zaken[each].get("verband") == own]

    def _other_zaak(self, zaak: str, subject: Rij) -> str | None:
        """Return the first other zaak that carries this subject; its own kaart goes first."""
        for other in self._like(zaak):
            known = self.na.facts.kaarten.get((other, subject["sleutel"]))
            there = subject if known is None else known.betrokkene
            if self._carries(self.na, other, there):
                return other
        return None

    def _carries(self, side: Side, zaak: str, subject: Rij | None) -> bool:
        """Tell whether on some basis nothing stands in the way of this subject in this zaak."""
        return any(not self._grounds(side, zaak, subject, basis) for basis in side.bases)

    def _why(self, zaak: str, subject: Rij | None) -> tuple[str, ...]:
        """Return the codes that fall on a basis that carried it before."""
        codes = {
            code
            for basis in self.voor.bases
            if not self._grounds(self.voor, zaak, subject, basis)
            for code in self._grounds(self.na, zaak, subject, basis)
        }
        return tuple(sorted(codes))

    def _grounds(self, side: Side, zaak: str, subject: Rij | None, basis: str) -> set[str]:
        facts = side.facts.zaken[zaak]
        besluit = side.decide(
            {
                "grondslag": basis,
                # Of an unknown kind it could be a result too, which has grounds of its own.
                "verzoek": {"soort": BEVRAGING, "activiteit": facts.get("soort")},
                "zaak": facts,
                "betrokkene": subject,
            }
        )
        if besluit is None:
            return {NO_VERDICT}
        about = _ZAAK_ONLY if subject is None else _ABOUT
        return {
            ground.code
            for ground in besluit.weigeringsgronden
            if ground.feit.startswith(about) and ground.feit != _PARTNERS
        }

    def _takes_part(self, side: Side, zaak: str, organisatie: str) -> bool:
        return bool(places(side.facts.zaken[zaak], organisatie, instant(side.moment)))


def _dossier(side: Side, asked: Question, zaak: str | None) -> Rij:
    """Return the dossier of door 1 for this question in this zaak, as the doors make it."""
    facts = side.facts
    known = facts.dossierfeiten(gebruiker=asked.gebruiker, zaak=zaak, sleutel=asked.sleutel)
    source = Aansluiting(
        organisatie=asked.bron, deelnemers=facts.deelnemers.get(asked.bron, ()), bron=None
    )
    return {
        "grondslag": asked.dossier.get("grondslag"),
        "verzoek": asked.dossier["verzoek"],
        "bron": source.partij(known.zaak),
        **known.parts(
            taak=asked.dossier["vrager"].get("taak"),
            sleutel=asked.sleutel,
            moment=instant(side.moment),
        ),
    }


def _in_other(side: Side, asked: Question, zaak: str, kaart: Kaart | None) -> Iterator[Rij]:
    """Yield the question as it could be put in another zaak.

    For the activiteit of that zaak and each of its verschijnselen, that of the question first; on
    the kaart of the subject there, or else on the one (`kaart`) of its own zaak.
    """
    facts, dossier = side.facts, _dossier(side, asked, zaak)
    if (zaak, asked.sleutel or "") not in facts.kaarten and kaart is not None:
        dossier["betrokkene"] = kaart.betrokkene
    there = facts.zaken[zaak]
    own = dossier["verzoek"].get("verschijnsel")
    for verschijnsel in sorted(there.get("verschijnselen") or [own], key=lambda v: v != own):
        yield {
            **dossier,
            "verzoek": {
                **dossier["verzoek"],
                "activiteit": there.get("soort"),
                "verschijnsel": verschijnsel,
            },
        }


def _carried(besluit: Besluit | None) -> set[str]:
    """Return the categories that are not refused."""
    if besluit is None:
        return set()
    return {part.id or "" for part in besluit.categorieen if part.uitkomst != Uitkomst.GEWEIGERD}


def _waits(was: Besluit | None, wordt: Besluit | None, needed: set[str]) -> bool:
    """Tell whether something that was granted waits for an instemming now."""
    granted = set(was.granted if was else ()) & needed
    return not granted <= set(wordt.granted if wordt else ())


def _added(was: Besluit | None, wordt: Besluit | None) -> tuple[str, ...]:
    if wordt is None:
        return (NO_VERDICT,)
    before = {ground.code for ground in was.weigeringsgronden} if was else set()
    return tuple(g.code for g in wordt.weigeringsgronden if g.code not in before)


def _known(kaart: Kaart | None, name: str) -> tuple[str, ...]:
    return tuple(kaart.betrokkene.get(name, ())) if kaart else ()
