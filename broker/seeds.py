"""Read what a fresh store starts with: the zaken of `grondslagen/zaken/` and the demo data.

This module only reads and checks; storing is the loader's work. Every error of a file is told at
once, with a pointer into it and never with its content.
"""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, TypeVar

from pydantic import ConfigDict, JsonValue, TypeAdapter, ValidationError

from broker.domain.dossier import (
    Band,
    BetrokkeneSoort,
    Datum,
    NulOfMeer,
    Relatie,
    SignaalStatus,
    Tijdstip,
    Zaak,
)
from broker.domain.invoer import load_yaml, meldingen
from broker.domain.ports import Identiteit
from broker.errors import Fout, InvalidInputError

Functie = Literal["analist", "poortwachter", "accountmanager", "privacyfunctionaris", "beheerder"]
Rol = Literal["verwerker", "toetser", "beheerder"]
BronSoort = Literal["brp", "partner", "geen"]
Zekerheid = Literal["staat-er", "afgeleid", "aanname", "verzonnen"]

T = TypeVar("T")

ZAKEN: Final = Path("grondslagen", "zaken")
DEMO: Final = Path("broker", "demo_data")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A part of a seed file: a member that does not exist is an error."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSeed(Seed):
    """A document that facts come from, in `bestand` between the literal `begin` and `einde`."""

    document: str
    datum: Datum
    bestand: str | None = None
    begin: str | None = None
    einde: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VindplaatsSeed(Seed):
    """Where a fact stands: document, literal heading (or article), literal quote."""

    bron: str
    paragraaf: str | None = None
    citaat: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeitSeed(Seed):
    """One fact; `bepaalt` points (RFC 6901) to the member of the file that it fills."""

    onderwerp: str
    waarde: JsonValue
    zekerheid: Zekerheid
    vindplaatsen: tuple[VindplaatsSeed, ...]
    bepaalt: str | None = None
    uitleg: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenVraagSeed(Seed):
    """What the documents do not tell, and what the broker does because of it."""

    onderwerp: str
    vraag: str
    gevolg: str
    vindplaatsen: tuple[VindplaatsSeed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZaakSeed(Seed):
    """One zaak: its facts with their sources, and `dossier` in the shape of the contract's zaak."""

    versie: Literal[1]
    id: str
    titel: str
    fictief: bool
    toelichting: str
    bronnen: dict[str, DocumentSeed]
    feiten: tuple[FeitSeed, ...]
    open_vragen: tuple[OpenVraagSeed, ...]
    dossier: dict[str, JsonValue]
    naar_model_van: str | None = None

    def beschrijving(self) -> dict[str, Any]:
        """Return everything but the dossier, ready for JSON: what people read beside it."""
        told = dataclasses.asdict(self)
        del told["dossier"]
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisatieSeed(Seed):
    """An organisation, as which deelnemers it takes part, and how it is asked."""

    id: str
    naam: str
    deelnemers: tuple[str, ...]
    bron: BronSoort
    riec: str | None = None
    verband: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GebruikerSeed(Seed):
    """A user without a name; an absent fact is unknown."""

    id: str
    organisatie: str
    functie: Functie
    rol: Rol
    deelnemer: str | None = None
    geautoriseerd_tot: Tijdstip | None = None
    gescreend_op: Tijdstip | None = None
    opgeleid_op: Tijdstip | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnderzoekSeed(Seed):
    """The research on one subject."""

    geopend_op: Tijdstip
    laatste_feit_op: Tijdstip | None = None
    beeindigd_op: Tijdstip | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersoonskaartSeed(Seed):
    """A subject in a zaak, by a published test number that `repr` does not show."""

    id: str
    zaak: str
    soort: BetrokkeneSoort
    relatie: Relatie
    afstand: NulOfMeer
    gebieden: tuple[str, ...]
    band: tuple[Band, ...]
    branches: tuple[str, ...]
    signalen: tuple[str, ...]
    onderzoek: OnderzoekSeed
    toelichting: str
    bsn: str | None = field(default=None, repr=False)
    kvk_nummer: str | None = field(default=None, repr=False)

    @property
    def identiteit(self) -> Identiteit:
        """Who the card is about, to be turned into a pseudonym before it is stored."""
        return Identiteit(bsn=self.bsn, kvk_nummer=self.kvk_nummer)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignaalSeed(Seed):
    """A reported signaal and how it was weighed."""

    id: str
    status: SignaalStatus
    melder: str
    omschrijving: str
    gemeld_op: Datum
    zaak: str | None = None
    gewogen_op: Datum | None = None
    gewogen_door: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSeed:
    """Everything the demo starts with beside the zaken."""

    organisaties: tuple[OrganisatieSeed, ...]
    gebruikers: tuple[GebruikerSeed, ...]
    persoonskaarten: tuple[PersoonskaartSeed, ...]
    signalen: tuple[SignaalSeed, ...]


def read_zaken(root: Path) -> tuple[ZaakSeed, ...]:
    """Return the zaken below this root (a checkout, or site-packages), in order of file name.

    Raises:
        InvalidInputError: A file is absent, unreadable or not well filled in.
    """
    paths = sorted((root / ZAKEN).glob("*.yaml"))
    if not paths:
        raise InvalidInputError(f"In {ZAKEN.as_posix()} staat geen zaak.")
    return tuple(_zaak(path) for path in paths)


def read_demo(root: Path) -> DemoSeed:
    """Return the demo data below this root (a checkout, or site-packages).

    Raises:
        InvalidInputError: A file is absent, unreadable or not well filled in.
    """
    folder = root / DEMO
    return DemoSeed(
        organisaties=_rows(folder, "organisaties", TypeAdapter(tuple[OrganisatieSeed, ...])),
        gebruikers=_rows(folder, "gebruikers", TypeAdapter(tuple[GebruikerSeed, ...])),
        persoonskaarten=_rows(
            folder, "persoonskaarten", TypeAdapter(tuple[PersoonskaartSeed, ...])
        ),
        signalen=_rows(folder, "signalen", TypeAdapter(tuple[SignaalSeed, ...])),
    )


def _zaak(path: Path) -> ZaakSeed:
    """Read one zaak; its dossier must be a zaak of the contract under the same id."""
    zaak = _checked(path, TypeAdapter(ZaakSeed), _load(path))
    try:
        Zaak.model_validate(zaak.dossier)
    except ValidationError as error:
        raise _wrong(path, meldingen(error), "/dossier") from None
    if not path.stem == zaak.id == zaak.dossier.get("id"):
        raise _wrong(path, [Fout(pointer="/id", melding="De id past niet bij bestand en dossier.")])
    return zaak


def _rows(folder: Path, name: str, kind: TypeAdapter[T]) -> T:
    """Read one file of the demo: `versie: 1` and a list under its own name."""
    path = folder / f"{name}.yaml"
    data = _load(path)
    if not isinstance(data, dict) or set(data) != {"versie", name} or data["versie"] != 1:
        melding = f"Hier horen alleen 'versie: 1' en '{name}' te staan."
        raise _wrong(path, [Fout(pointer="", melding=melding)])
    return _checked(path, kind, data[name], f"/{name}")


def _load(path: Path) -> object:
    """Return the plain data of a YAML file, in which a date stays text."""
    try:
        return load_yaml(path.read_bytes(), references=True)
    except OSError:
        raise InvalidInputError(f"Het bestand {path.name} is er niet.") from None
    except InvalidInputError as error:
        raise _wrong(path, error.fouten) from None


def _checked(path: Path, kind: TypeAdapter[T], data: object, prefix: str = "") -> T:
    """Return the data as this kind, read by the strict rules of JSON (a list gives a tuple)."""
    try:
        return kind.validate_json(json.dumps(data))
    except ValidationError as error:
        raise _wrong(path, meldingen(error), prefix) from None


def _wrong(path: Path, fouten: Sequence[Fout], prefix: str = "") -> InvalidInputError:
    """Make the error of one file; `prefix` is where the checked part stands in it."""
    placed = [Fout(pointer=f"{prefix}{fout.pointer}", melding=fout.melding) for fout in fouten]
    return InvalidInputError(f"Het bestand {path.name} is niet goed ingevuld.", placed)
