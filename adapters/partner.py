"""The generic partner API, for partners that have no API of their own.

`docs/partner-api.openapi.json` is the agreement; the models below are its messages. An answer is
taken strictly: one unknown member, wrong type or double id makes the whole answer unintelligible.
Its labels are not trusted: door 2 judges them, also of items that were not asked for.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from adapters.http import Verbinding, onbegrijpelijk
from broker.domain.ports import Antwoord, Bevraging, BronError, BronFout, Gegeven

MAX_GEGEVENS: Final = 500
_DATUM: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def _is_datum(waarde: str) -> str:
    if not _DATUM.fullmatch(waarde):
        raise ValueError("geen datum")
    dt.date.fromisoformat(waarde)
    return waarde


Datum = Annotated[str, AfterValidator(_is_datum)]
"""A date `YYYY-MM-DD` that exists, kept as text."""
Naam = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""A code or reference: no spaces, and nothing that can disturb a record."""


class _Bericht(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class PersoonVraag(_Bericht):
    """A natural person as subject."""

    bsn: Annotated[str, Field(pattern=r"^[0-9]{9}$")]


class BedrijfVraag(_Bericht):
    """A legal person as subject."""

    kvk_nummer: Annotated[str, Field(pattern=r"^[0-9]{8}$")]


class Vraag(_Bericht):
    """The question, as `POST /bevragingen` and `POST /treffers` take it."""

    kenmerk: Naam
    betrokkene: PersoonVraag | BedrijfVraag
    categorieen: Annotated[list[Naam], Field(min_length=1, max_length=50)]
    grondslag: Naam
    zaak: Naam | None
    vrager: Naam
    doel: list[Naam]
    vraagstelling: Annotated[str, Field(max_length=2000)]


class Treffer(_Bericht):
    """One item of an answer by its labels alone."""

    id: Naam
    categorie: Naam
    herkomst: Naam | None = None
    herkomst_deelnemer: Naam | None = None
    wpg_artikel: Literal["8", "9", "10.1.a", "10.1.b", "10.1.c", "12", "13"] | None = None
    status: Literal["beschikbaar", "verwijderd"] | None = None
    eerste_verwerking_op: Datum | None = None
    ingebracht_op: Datum | None = None
    bewaren_tot: Datum | None = None


class Item(Treffer):
    """One item of an answer with its content."""

    inhoud: dict[str, JsonValue]


class TrefferAntwoord(_Bericht):
    """Answer of `POST /treffers`: content has no place in it."""

    gegevens: list[Treffer]


class BevragingAntwoord(_Bericht):
    """Answer of `POST /bevragingen`."""

    gegevens: list[Item]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerBron:
    """A source behind the generic partner API. Implements `Bron`."""

    verbinding: Verbinding
    max_gegevens: int = MAX_GEGEVENS

    async def bevraag(self, vraag: Bevraging) -> Antwoord:
        """Ask for the items of the granted categories; see `Bron.bevraag`."""
        return await self._vraag(vraag, BevragingAntwoord)

    async def treffer(self, vraag: Bevraging) -> Antwoord:
        """Ask only whether there is something; see `Bron.treffer`."""
        return await self._vraag(vraag, TrefferAntwoord)

    async def _vraag(
        self, vraag: Bevraging, model: type[BevragingAntwoord | TrefferAntwoord]
    ) -> Antwoord:
        if not vraag.categorieen:
            return Antwoord(gegevens=(), sent=False)
        treffer = model is TrefferAntwoord
        document = await self.verbinding.post(
            "/treffers" if treffer else "/bevragingen",
            bericht(vraag),
            kenmerk=vraag.kenmerk,
            doorgang=vraag.doorgang,
            herhaalbaar=treffer,
        )
        self._tel(document)
        items = _lees(document, model)
        if len({item.id for item in items}) != len(items):
            raise onbegrijpelijk("De bron gaf twee gegevens met hetzelfde nummer.")
        # `Item` has exactly the members of `Gegeven`, and `Treffer` all but the content.
        return Antwoord(gegevens=tuple(Gegeven(**dict(item)) for item in items))

    def _tel(self, document: object) -> None:
        gegevens = document.get("gegevens") if isinstance(document, dict) else None
        if isinstance(gegevens, list) and len(gegevens) > self.max_gegevens:
            raise BronError(
                BronFout.TE_GROOT,
                "De bron geeft te veel gegevens. Stel een vraag die minder omvat.",
            )


def bericht(vraag: Bevraging) -> dict[str, object]:
    """Write the question as the partner API takes it: what door 1 granted and nothing else.

    Raises:
        BronError: The subject has no number, or more than one.
    """
    wie = {"bsn": vraag.betrokkene.bsn, "kvk_nummer": vraag.betrokkene.kvk_nummer}
    betrokkene = {soort: nummer for soort, nummer in wie.items() if nummer is not None}
    if len(betrokkene) != 1:
        melding = "De vraag moet over één persoon of één bedrijf gaan."
        raise BronError(BronFout.WEIGERT, melding, sent=False)
    return {
        "kenmerk": vraag.kenmerk,
        "betrokkene": betrokkene,
        "categorieen": list(vraag.categorieen),
        "grondslag": vraag.grondslag,
        "zaak": vraag.zaak,
        "vrager": vraag.vrager,
        "doel": list(vraag.doel),
        "vraagstelling": vraag.vraagstelling,
    }


def _lees(document: object, model: type[BevragingAntwoord | TrefferAntwoord]) -> Sequence[Treffer]:
    try:
        return model.model_validate(document).gegevens
    except ValidationError:
        pass  # its text names members that the source wrote; raised below without it
    raise onbegrijpelijk("Het antwoord van de bron heeft niet de afgesproken vorm.")
