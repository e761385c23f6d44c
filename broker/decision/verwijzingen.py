"""Whatever one file of a rule set names must stand in another: no typo opens or closes a thing."""

from collections.abc import Iterator, Sequence
from typing import Any

from broker.decision.bestanden import GRONDEN, Bestanden, Versie
from broker.decision.files import Grondslag, Opent, Redenen, Regel, Wet
from broker.decision.regelset import Regelfout


class Verwijzingen:
    """Looks up what the files of a rule set name."""

    def __init__(self, bestanden: Bestanden) -> None:
        self._bestanden = bestanden
        regels = [r for same in bestanden.wetten.values() for v in same for r in v.inhoud.regels]
        opened = [regel.opent for regel in regels if regel.opent]
        closed = [regel.sluit for regel in regels if regel.sluit]
        self._deelnemers = {opent.deelnemer for opent in opened if opent.deelnemer}
        self._activiteiten = {opent.activiteit for opent in opened if opent.activiteit}
        self._categorieen = {opent.categorie for opent in opened if opent.categorie}
        self._categorieen |= {name for sluit in closed for name in sluit.categorieen}
        gronden = bestanden.gronden
        self._codes = {code for v in bestanden.redenen for code in v.inhoud.redenen}
        self._grounds = {
            *gronden.vraag,
            *gronden.categorie_eerst,
            gronden.zonder_categorie,
            *gronden.instemming.values(),
            *gronden.instemming_resultaat.values(),
            *(code for codes in gronden.betreft.values() for code in codes),
        }

    def fouten(self) -> list[Regelfout]:
        """Return every name that stands nowhere."""
        found = [*self._gronden()]
        for versie in self._bestanden.redenen:
            found += self._redenen(versie)
        for bases in self._bestanden.grondslagen.values():
            for basis in bases:
                found += self._basis(basis)
        for laws in self._bestanden.wetten.values():
            for law in laws:
                found += self._wet(law)
        return found

    def _gronden(self) -> Iterator[Regelfout]:
        unknown = self._bestanden.gronden.onbekende_grondslag
        if unknown not in self._bestanden.grondslagen:
            yield Regelfout(bestand=GRONDEN, regel=None, reden=f"Er is geen grondslag {unknown}.")

    def _redenen(self, versie: Versie[Redenen]) -> Iterator[Regelfout]:
        told = versie.inhoud.redenen
        for code in sorted(self._grounds - told.keys()):
            yield versie.fout(f"De tekst van de grond {code} ontbreekt.", "redenen")
        for code, reden in told.items():
            if reden.wet not in versie.inhoud.toestand:
                yield versie.fout(f"De wet {reden.wet} staat niet onder toestand.", "redenen", code)

    def _basis(self, versie: Versie[Grondslag]) -> Iterator[Regelfout]:
        basis, known = versie.inhoud, self._bestanden.grondslagen
        for n, name in enumerate(basis.wetten):
            if name not in self._bestanden.wetten:
                yield versie.fout(f"Er is geen wet {name}.", "wetten", n)
        under = basis.leunt_op
        if under is not None and under not in known:
            yield versie.fout(f"Er is geen grondslag {under}.", "leunt_op")
        elif under is not None and any(v.inhoud.leunt_op for v in known[under]):
            yield versie.fout(f"De grondslag {under} leunt zelf al op een andere.", "leunt_op")
        yield from self._own(versie)

    def _own(self, versie: Versie[Grondslag]) -> Iterator[Regelfout]:
        """Yield each ground, deelnemer and activity that a basis names, and that stands nowhere."""
        basis, alleen = versie.inhoud, versie.inhoud.voorbehouden
        verklaringen = basis.resultaat.verklaringen if basis.resultaat else []
        named: list[tuple[str, set[str], Sequence[str], tuple[str, ...]]] = [
            ("grond", self._codes, basis.niet_getoetst, ("niet_getoetst",)),
            ("grond", self._codes, [v.grond for v in verklaringen], ("resultaat", "verklaringen")),
        ]
        if alleen:
            deelnemers, activiteiten = alleen.deelnemers, alleen.activiteiten
            named += [
                ("deelnemer", self._deelnemers, deelnemers, ("voorbehouden", "deelnemers")),
                ("activiteit", self._activiteiten, activiteiten, ("voorbehouden", "activiteiten")),
            ]
        for what, known, names, path in named:
            for n, name in enumerate(names):
                if name not in known:
                    yield versie.fout(f"Er is geen {what} {name}.", *path, n)

    def _wet(self, versie: Versie[Wet]) -> Iterator[Regelfout]:
        seen: set[str] = set()
        for n, regel in enumerate(versie.inhoud.regels):
            if regel.id in seen:
                yield versie.fout(f"De regel {regel.id} staat er twee keer in.", "regels", n, "id")
            seen.add(regel.id)
            yield from self._regel(versie, n, regel)

    def _regel(self, versie: Versie[Wet], n: int, regel: Regel) -> Iterator[Regelfout]:
        for member, part in (("opent", regel.opent), ("sluit", regel.sluit)):
            for name in part.voor if part else ():
                if fout := self._voor(name, versie.inhoud.id):
                    yield versie.fout(fout, "regels", n, member, "voor")
        if regel.opent:
            for member, name, known in self._named(regel.opent):
                if name not in known:
                    yield versie.fout(f"{name} is nergens bepaald.", "regels", n, "opent", member)

    def _voor(self, name: str, law: str) -> str | None:
        """Return why this law cannot open or close anything for this basis."""
        bases = self._bestanden.grondslagen.get(name)
        if bases is None:
            return f"Er is geen grondslag {name}."
        if not any(law in basis.inhoud.wetten for basis in bases):
            return f"De grondslag {name} noemt deze wet niet."
        return None

    def _named(self, opent: Opent) -> Iterator[tuple[str, str, Any]]:
        """Yield each name in an opening, with where it stands and what it is one of."""
        for member in ("bronnen", "niet_van", "ontvangers"):
            for name in getattr(opent, member):
                yield member, name, self._deelnemers
        consents = self._bestanden.gronden.instemming
        for soort in opent.instemmingen:
            yield "instemmingen", soort, consents
        for category, soorten in (opent.categorieen or {}).items():
            yield "categorieen", category, self._categorieen
            for soort in soorten:
                yield "categorieen", soort, consents
        for een in opent.instemmingen_een_van:
            yield "instemmingen_een_van", een.grond, self._codes
            for name in een.bronnen:
                yield "instemmingen_een_van", name, self._deelnemers
