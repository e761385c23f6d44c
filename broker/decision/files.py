"""The shapes of the files of a rule set; a file of another shape is refused with its line.

`grondslagen/wet.schema.json` tells the same to an editor. What a rule of law does to the decision
stands in `opent` and `sluit`, in a closed vocabulary; a rule that only obliges has neither.
"""

import datetime as dt
import re
from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, Self, TypeVar, cast

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from broker.decision.regelset import Regelfout
from broker.domain import dossier
from broker.domain.dossier import Datum, Doel, DuurTekst, InstemmingSoort, OntvangerSoort
from broker.domain.invoer import load_yaml, meldingen
from broker.domain.kalender import parse_date
from broker.errors import InvalidInputError

Tekst = Annotated[str, Field(min_length=1)]
_NAAM_FOUT: Final = "Een naam heeft alleen gewone letters en cijfers, streepjes en punten."


def _naam(text: str) -> str:
    """Accept a name that no other looks like: a strange letter would close or open nothing."""
    if not re.fullmatch(r"[A-Za-z0-9]+(?:[-.:_/][A-Za-z0-9]+)*", text):
        raise PydanticCustomError("naam", _NAAM_FOUT)
    return text


Id = Annotated[str, AfterValidator(_naam)]
Ids = list[Id]
# The terms that a dossier is reckoned with.
Termijn = Literal["bewaren", "bewaarverlenging", "eerste-verwerking"]
Zekerheid = Literal["geverifieerd", "oude-tekst", "interpretatie", "contract"]
# What an opening opens, and what it may say beside it.
_FORMS: Final[Mapping[str, frozenset[str]]] = {
    "deelnemer": frozenset({"taken"}),
    "activiteit": frozenset({"zonder_fasen", "onderzoek"}),
    "categorie": frozenset(
        {"fase", "bronnen", "niet_van", "aard", "labels", "alleen_bij", "alleen_onvermijdelijk"}
        | {"instemmingen", "instemmingen_een_van"}
    ),
    "categorieen": frozenset({"ontvangers", "taken", "bronnen", "instemmingen_een_van"}),
    "termijn": frozenset({"duur", "labels"}),
}


class Deel(BaseModel):
    """A part of a file: strict, closed, and never changed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class EenVan(Deel):
    """Kinds of consent of which one is enough, asked of these sources; none named: of each.

    The source itself records it.
    """

    grond: Tekst
    soorten: Annotated[Ids, Field(min_length=1)]
    bronnen: Ids = []


class Opent(Deel):
    """What a rule of law opens, and for which bases: one deelnemer, activity, category or term.

    `categorieen` opens some with the consents of each; in a bilateral basis to `ontvangers` (none
    named: any deelnemer), for `taken` (none named: any), from `bronnen`.
    """

    voor: Annotated[Ids, Field(min_length=1)]
    deelnemer: Id | None = None
    activiteit: Id | None = None
    categorie: Id | None = None
    categorieen: dict[Id, Ids] | None = None
    termijn: Termijn | None = None
    taken: Ids = []
    zonder_fasen: list[int] = []
    onderzoek: bool = False
    fase: Annotated[int, Field(ge=1, le=3)] | None = None
    bronnen: Ids = []
    niet_van: Ids = []
    aard: Literal["politie", "om", "seksueel", "gezondheid"] | None = None
    labels: Ids = []
    alleen_bij: Ids = []
    alleen_onvermijdelijk: bool = False
    instemmingen: Ids = []
    instemmingen_een_van: list[EenVan] = []
    ontvangers: Ids = []
    duur: DuurTekst | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        said = self.model_fields_set - {"voor"}
        forms = [form for form in _FORMS if form in said]
        if len(forms) != 1 or said - {forms[0]} - _FORMS[forms[0]]:
            raise PydanticCustomError("opening", "Een regel opent één ding; zie wet.schema.json.")
        if forms[0] == "termijn" and self.duur is None:
            raise PydanticCustomError("opening", "Een termijn heeft een duur.")
        return self


class Sluit(Deel):
    """What a rule of law closes, and for which bases: categories, or labels of the Wpg."""

    voor: Annotated[Ids, Field(min_length=1)]
    categorieen: Ids = []
    labels: Ids = []


class Regel(Deel):
    """One rule of law: where it stands, in our words, and what it opens or closes."""

    id: Tekst
    artikel: Tekst
    lid: Tekst | None = None
    onderdeel: Tekst | None = None
    link: Tekst | None
    tekst: Tekst
    zekerheid: Zekerheid
    in_werking: Datum | None = None
    opent: Opent | None = None
    sluit: Sluit | None = None

    @property
    def begin(self) -> dt.date:
        """The first day on which it holds, where that is later than its law."""
        return parse_date(self.in_werking) if self.in_werking else dt.date.min


class Gedateerd(Deel):
    """A file with the dates between which it holds; the end itself is outside."""

    id: Tekst = "redenen"
    geldig_vanaf: Datum | None
    geldig_tot: Datum | None = None

    @property
    def van(self) -> dt.date:
        """The first day."""
        return parse_date(self.geldig_vanaf) if self.geldig_vanaf else dt.date.min

    @property
    def tot(self) -> dt.date:
        """The day after the last."""
        return parse_date(self.geldig_tot) if self.geldig_tot else dt.date.max


class Wet(Gedateerd):
    """One law, as it stands from a date on."""

    soort: Literal["wet", "amvb", "regeling", "verordening", "convenant"]
    titel: Tekst
    citeertitel: Tekst
    bwb: Annotated[str, Field(pattern=r"^BWBR\d{7}$")] | None
    gelezen: Tekst | None
    vindplaats: Tekst | None
    regels: list[Regel]


class Verklaring(Deel):
    """A consent asked of the recipient itself; `benoemd`: it must name each category."""

    grond: Tekst
    soort: InstemmingSoort
    ontvangers: Annotated[list[OntvangerSoort], Field(min_length=1)]
    behalve: Ids = []
    benoemd: bool = False


class Resultaat(Deel):
    """Who receives a result without leaving what (WGS 1.7, 2.20); each a list of `ontvanger.soort`.

    `eigen`: inside the samenwerkingsverband; `verband`: no third party; `publiek`: not private;
    `ander_verband`: another samenwerkingsverband (WGS 1.7(8)).
    """

    eigen: list[OntvangerSoort]
    verband: list[OntvangerSoort]
    publiek: list[OntvangerSoort]
    ander_verband: list[OntvangerSoort] = []
    verklaringen: list[Verklaring] = []
    fiscaal_afkomstig: Ids


class Relatie(Deel):
    """A place of the subject that fits, and the kinds of subject that it fits; None: unknown."""

    relatie: dossier.Relatie
    afstand: dossier.NulOfMeer
    soorten: Annotated[list[dossier.BetrokkeneSoort | None], Field(min_length=1)]


class Voorbehouden(Deel):
    """What only these deelnemers may ask for: activities, and recipients of a result."""

    deelnemers: Annotated[Ids, Field(min_length=1)]
    activiteiten: Ids = []
    ontvangers: list[OntvangerSoort] = []


class Grondslag(Gedateerd):
    """One basis: the laws it rests on, and what no law says in as many words.

    A basis that leans on another takes from that what it does not say itself.
    """

    soort: Literal["samenwerking", "bilateraal"]
    titel: Tekst
    wetten: Annotated[Ids, Field(min_length=1)]
    leunt_op: Tekst | None = None
    signaal_vereist: bool = False
    niet_getoetst: Ids = []
    bewaarverlenging: InstemmingSoort | None = None
    vraagstelling_minimaal: int | None = None
    resultaat: Resultaat | None = None
    instemming_gever: dict[str, str] | None = None
    instemming_door: dict[str, Ids] | None = None
    passende_band: list[Ids] | None = None
    passende_relatie: list[Relatie] | None = None
    doelen: Annotated[list[Doel], Field(min_length=1)] | None = None
    voorbehouden: Voorbehouden | None = None
    zaak_van: list[Tekst | None] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.leunt_op is None and None in (
            self.vraagstelling_minimaal,
            self.resultaat,
            self.instemming_gever,
            self.instemming_door,
            self.passende_band,
            self.passende_relatie,
            self.doelen,
            self.zaak_van,
        ):
            raise PydanticCustomError(
                "grondslag", "Een grondslag die nergens op leunt, zegt alles zelf."
            )
        return self


class _Bron(Deel):
    titel: Tekst
    bwb: str | None
    gelezen: str | None


class _Anders(Deel):
    wet: Tekst
    artikel: Tekst
    bwb: str | None
    zekerheid: Zekerheid
    uitleg: Tekst | None = None
    herstel: Tekst | None = None


class _Voorwaarde(Deel):
    wet: Tekst
    artikel: Tekst
    bwb: str | None
    zekerheid: Zekerheid
    uitleg: Tekst
    per_grondslag: dict[str, _Anders] = {}


class _Instemming(_Voorwaarde):
    naam: Tekst


class _Reden(_Voorwaarde):
    herstel: Tekst
    wie: Tekst
    herstelbaar: bool
    feit: Tekst
    gevonden: Tekst | None = None


class Redenen(Gedateerd):
    """What each ground, condition and consent says to people, with its article."""

    versie: Literal[1]
    toestand: dict[str, _Bron]
    redenen: dict[str, _Reden]
    voorwaarden: dict[str, _Voorwaarde]
    instemmingen: dict[str, _Instemming]


class _Vraaggrond(Deel):
    spoor: Ids
    na: Ids
    leest_zaak: bool


class Gronden(Deel):
    """The grounds as the rules read them: where they are put, beside what they are not told."""

    onbekende_grondslag: Tekst
    vraag: dict[str, _Vraaggrond]
    categorie_eerst: Ids
    zonder_categorie: Tekst
    instemming: dict[str, str]
    instemming_resultaat: dict[str, str]
    betreft: dict[Literal["betrokkene", "buitenstaander", "geheim"], Ids]


_M = TypeVar("_M", bound=Deel)
_KEPT: Final = 256


def read(name: str, text: bytes, shape: type[_M]) -> tuple[_M, dict[str, Any]] | list[Regelfout]:
    """Return the content of a file, by its shape and as plain data, or all that is wrong.

    What is returned is shared by all who read the same file, and must not be changed.
    """
    return cast("tuple[_M, dict[str, Any]] | list[Regelfout]", _read_once(name, text, shape))


# Versions of the rules share most of their files, and reading YAML takes most of their loading.
@lru_cache(maxsize=_KEPT)
def _read_once(
    name: str, text: bytes, shape: type[Deel]
) -> tuple[Deel, dict[str, Any]] | list[Regelfout]:
    try:
        plain = load_yaml(text, references=True)
        return shape.model_validate(plain), plain
    except InvalidInputError as error:
        return [Regelfout(bestand=name, regel=None, reden=fout.melding) for fout in error.fouten]
    except ValidationError as error:
        told = zip(
            error.errors(include_url=False, include_input=False), meldingen(error), strict=True
        )
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        return [
            Regelfout(
                bestand=name,
                regel=_line(node, found["loc"]),
                reden=f"{_path(found['loc'])}: {_reden(found['type'], found['msg'], fout.melding)}",
            )
            for found, fout in told
        ]


def line(text: bytes, path: Sequence[Hashable]) -> int:
    """Return the line (from 1) of what stands at this path, or of the nearest thing around it."""
    return _line(yaml.compose(text, Loader=yaml.SafeLoader), path)


def _line(node: yaml.Node | None, path: Sequence[Hashable]) -> int:
    found = 1
    for part in path:
        if isinstance(node, yaml.MappingNode):
            pair = next((p for p in node.value if p[0].value == part), None)
            if pair is None:
                break
            found, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            found = node.start_mark.line + 1
        else:
            break
    return found


def _path(path: Sequence[Hashable]) -> str:
    return "/".join(map(str, path)) or "het bestand"


def _reden(kind: str, said: str, melding: str) -> str:
    """Return our own sentence, or that of pydantic's finding in Dutch."""
    return said if kind in ("opening", "grondslag", "naam") else melding
