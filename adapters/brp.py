"""The BRP (Personen bevragen 2.7, Haal Centraal) as a source.

1. The granted categories are turned into `fields`, by the table in `brp_velden.yaml`.
2. `POST /personen` asks for one burgerservicenummer and those fields.
3. Of the answer only the asked fields stay, each with its own category, plus what the BRP always
   delivers and belongs with them: inOnderzoek, opschortingBijhouding, geheimhouding.

Geheimhouding is told and does not withhold; see docs/besluiten/0006-geheimhouding.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, TypeAlias, TypeGuard

import yaml
from pydantic import TypeAdapter

from adapters.http import Verbinding, onbegrijpelijk
from broker.domain.ports import Antwoord, Bevraging, Gegeven

RAADPLEEG: Final = "RaadpleegMetBurgerservicenummer"
GEHEIM: Final = "geheimhoudingPersoonsgegevens"
DEELNEMER: Final = "college"
"""The BRP is kept by the college of each municipality (Wet BRP 1.4)."""

# A field that holds a date or an entry of a table is delivered with all of these it has.
_IN_BLAD: Final = frozenset(
    {"code", "datum", "jaar", "langFormaat", "maand", "omschrijving", "onbekend", "soort", "type"}
)
# Delivered unasked inside a group: the sign that the person was found not to live there.
_MEEGELEVERD: Final = "indicatieVastgesteldVerblijftNietOpAdres"
_BEGIN_ONDERZOEK: Final = "datumIngangOnderzoek"

_NOT_SENT: Final = Antwoord(gegevens=(), sent=False)

Boom: TypeAlias = Mapping[str, "Boom"]
"""The asked fields as a tree; a leaf has no branches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Velden:
    """What one category opens in the BRP: paths with dots, below the person."""

    treffer: str
    velden: tuple[str, ...]


@cache
def veldentabel() -> Mapping[str, Velden]:
    """Read the table categorie -> fields. It is part of the programme, so it is read once."""
    tekst = files("adapters").joinpath("brp_velden.yaml").read_text(encoding="utf-8")
    return TypeAdapter(dict[str, Velden]).validate_python(yaml.safe_load(tekst))


@dataclass(frozen=True, slots=True, kw_only=True)
class BrpBron:
    """The BRP behind `POST /personen`. Implements `Bron`."""

    verbinding: Verbinding
    organisatie: str
    """Organisatie that is named as herkomst: the one whose authorisation is used."""

    async def bevraag(self, vraag: Bevraging) -> Antwoord:
        """Ask for the fields of the granted categories; see `Bron.bevraag`."""
        tabel = veldentabel()
        gevraagd = {c: tabel[c].velden for c in vraag.categorieen if c in tabel}
        persoon = await self._vraag(vraag, gevraagd, herhaalbaar=False)
        if persoon is None:
            return _NOT_SENT
        inhoud = {c: inhoud_van(persoon, velden) for c, velden in gevraagd.items()}
        return self._antwoord(persoon, inhoud)

    async def treffer(self, vraag: Bevraging) -> Antwoord:
        """Ask one telling field per category; see `Bron.treffer`."""
        tabel = veldentabel()
        gevraagd = {c: (tabel[c].treffer,) for c in vraag.categorieen if c in tabel}
        persoon = await self._vraag(vraag, gevraagd, herhaalbaar=True)
        if persoon is None:
            return _NOT_SENT
        gevonden = {c: snoei(persoon, boom(velden)) for c, velden in gevraagd.items()}
        antwoord = self._antwoord(persoon, gevonden)
        labels = tuple(
            Gegeven(
                id=gegeven.id,
                categorie=gegeven.categorie,
                herkomst=gegeven.herkomst,
                herkomst_deelnemer=gegeven.herkomst_deelnemer,
            )
            for gegeven in antwoord.gegevens
        )
        return Antwoord(gegevens=labels, afgeschermd=antwoord.afgeschermd)

    async def _vraag(
        self, vraag: Bevraging, gevraagd: Mapping[str, Sequence[str]], *, herhaalbaar: bool
    ) -> Mapping[str, object] | None:
        """Return the person with what the BRP gave, empty when there is none; None: not asked."""
        bsn = vraag.betrokkene.bsn
        fields = sorted({veld for velden in gevraagd.values() for veld in velden})
        if bsn is None or not fields:  # the BRP holds persons; and nothing granted is no question
            return None
        document = await self.verbinding.post(
            "/personen",
            {"type": RAADPLEEG, "burgerservicenummer": [bsn], "fields": fields},
            kenmerk=vraag.kenmerk,
            doorgang=vraag.doorgang,
            herhaalbaar=herhaalbaar,
        )
        return _persoon(document, bsn)

    def _antwoord(
        self, persoon: Mapping[str, object], inhoud: Mapping[str, Mapping[str, object]]
    ) -> Antwoord:
        return Antwoord(
            gegevens=tuple(
                Gegeven(
                    id=f"brp-{categorie}",
                    categorie=categorie,
                    herkomst=self.organisatie,
                    herkomst_deelnemer=DEELNEMER,
                    inhoud=velden,
                )
                for categorie, velden in inhoud.items()
                if velden
            ),
            afgeschermd=persoon.get(GEHEIM) is True,
        )


def boom(velden: Iterable[str]) -> Boom:
    """Turn paths with dots into a tree: `["a.b", "a.c"]` becomes `{"a": {"b": {}, "c": {}}}`."""
    wortel: dict[str, Boom] = {}
    for veld in velden:
        tak: dict[str, Boom] = wortel
        for deel in veld.split("."):
            tak = tak.setdefault(deel, {})  # type: ignore[assignment]  # built here, so a dict
    return wortel


def inhoud_van(persoon: Mapping[str, object], velden: Sequence[str]) -> dict[str, object]:
    """Take from a person the content of one category; empty when the BRP has none of its fields.

    Raises:
        BronError: The person has another shape than BRP Personen bevragen 2.7 tells.
    """
    inhoud = snoei(persoon, boom(velden))
    if inhoud.keys() <= {"inOnderzoek"}:
        return {}
    if persoon.get(GEHEIM) is True:
        inhoud[GEHEIM] = True
    opschorting = persoon.get("opschortingBijhouding")
    if opschorting is not None:
        inhoud["opschortingBijhouding"] = snoei(opschorting, boom(["reden", "datum"]))
    return inhoud


def snoei(knoop: object, tak: Boom) -> dict[str, object]:
    """Keep of an object the asked members and nothing else.

    Raises:
        BronError: An object, list or value stands where the BRP promises another.
    """
    if not _is_object(knoop):
        raise onbegrijpelijk("Het antwoord van de BRP heeft niet de afgesproken vorm.")
    uit: dict[str, object] = {}
    for naam, onder in tak.items():
        if naam in knoop:
            waarde = _waarde(knoop[naam], onder)
            if waarde not in ({}, []):
                uit[naam] = waarde
    if uit and isinstance(knoop.get(_MEEGELEVERD), bool):
        uit[_MEEGELEVERD] = knoop[_MEEGELEVERD]
    onderzoek = _onderzoek(knoop.get("inOnderzoek"), tak)
    if onderzoek:
        uit["inOnderzoek"] = onderzoek
    return uit


def _waarde(waarde: object, onder: Boom) -> object:
    if onder:
        if isinstance(waarde, list):
            return [deel for lid in waarde if (deel := snoei(lid, onder))]
        return snoei(waarde, onder)
    if _is_object(waarde):
        return {naam: _enkel(deel) for naam, deel in waarde.items() if naam in _IN_BLAD}
    return _enkel(waarde)


def _enkel(waarde: object) -> str | int | bool:
    if not isinstance(waarde, str | int):
        raise onbegrijpelijk("Een veld van de BRP heeft niet de afgesproken vorm.")
    return waarde


def _onderzoek(knoop: object, tak: Boom) -> dict[str, object]:
    """Keep which of the asked members are under investigation, and since when."""
    if not _is_object(knoop):
        return {}
    vlaggen = {naam: True for naam in tak if knoop.get(naam) is True}
    if not vlaggen:
        return {}
    begin = {
        naam: _waarde(waarde, {})
        for naam, waarde in knoop.items()
        if naam.startswith(_BEGIN_ONDERZOEK) and _is_object(waarde)
    }
    return {**vlaggen, **begin}


def _persoon(document: object, bsn: str) -> Mapping[str, object]:
    """Take the one person out of the answer.

    Raises:
        BronError: The answer has another form, or is about someone else.
    """
    fout = onbegrijpelijk("Het antwoord van de BRP heeft niet de afgesproken vorm.")
    if not _is_object(document) or document.get("type") != RAADPLEEG:
        raise fout
    personen = document.get("personen")
    if not isinstance(personen, list) or len(personen) > 1:
        raise fout
    if not personen:
        return {}
    persoon = personen[0]
    if not _is_object(persoon):
        raise fout
    if persoon.get("burgerservicenummer", bsn) != bsn:
        raise onbegrijpelijk("De BRP gaf een andere persoon dan gevraagd.")
    return persoon


def _is_object(waarde: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(waarde, dict)
