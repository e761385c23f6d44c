"""What may stand in a body: names, texts without a BSN, numbers of a subject; read strictly."""

import datetime as dt
import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final, Self

from fastapi import Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import AfterValidator, BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import override

from audit.receipt import Receipt
from broker.api.problems import UNREADABLE
from broker.domain import kalender
from broker.domain.dossier import Deel
from broker.domain.invoer import load_json
from broker.domain.ports import Identiteit
from broker.domain.pseudoniem import holds_bsn, is_bsn
from broker.errors import Fout, InvalidInputError

_KVK: Final = re.compile(r"[0-9]{8}", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_NO_JSON: Final = "Stuur JSON, met de kop Content-Type: application/json."


def _free_of_bsn(text: str) -> str:
    """Accept a text that holds no BSN and no control characters."""
    if holds_bsn(text):
        raise PydanticCustomError("bsn_in_tekst", "bsn")
    if _CONTROL.search(text):
        raise PydanticCustomError("teken", "teken")
    return text


def _bsn(text: str) -> str:
    """Accept a BSN."""
    if not is_bsn(text):
        raise PydanticCustomError("bsn", "geen bsn")
    return text


def _kvk(text: str) -> str:
    """Accept a KVK number."""
    if _KVK.fullmatch(text) is None:
        raise PydanticCustomError("kvk_nummer", "geen kvk-nummer")
    return text


def _unique(names: list[str]) -> list[str]:
    """Accept a list in which nothing stands twice."""
    if len(set(names)) != len(names):
        raise PydanticCustomError("dubbel", "dubbel")
    return names


MetUitleg = Annotated[
    bool, Query(description="Leg ook uit wat er niet klopt, en wat er wel zou mogen.")
]
UITLEG: Final = "Alleen als daarom is gevraagd: wat er niet klopt, en wat er wel zou mogen."
Naam = Annotated[
    str,
    Field(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$"),
    AfterValidator(_free_of_bsn),
]
"""A code or the id of a thing."""
Tekst = Annotated[str, Field(max_length=2000), AfterValidator(_free_of_bsn)]
Reden = Annotated[str, Field(min_length=20, max_length=2000), AfterValidator(_free_of_bsn)]
"""Why, in words that say something."""
Namen = Annotated[list[Naam], Field(max_length=50)]
Categorieen = Annotated[list[Naam], Field(min_length=1, max_length=50)]
Bronnen = Annotated[list[Naam], Field(min_length=1, max_length=12), AfterValidator(_unique)]
Sleutel = Annotated[str, Field(pattern=r"^[pr]-[a-z2-7]{52}$")]
"""A pseudonym."""


class Betreft(Deel):
    """The subject in clear. In memory only: never stored, logged or repeated."""

    bsn: Annotated[str, AfterValidator(_bsn)] | None = Field(
        default=None, repr=False, description="BSN van een natuurlijk persoon."
    )
    kvk_nummer: Annotated[str, AfterValidator(_kvk)] | None = Field(
        default=None, repr=False, description="KVK-nummer van een rechtspersoon."
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        """Refuse no number and two numbers."""
        if (self.bsn is None) == (self.kvk_nummer is None):
            raise PydanticCustomError(
                "een_betrokkene", "een betrokkene", {"pointer": "/betrokkene"}
            )
        return self

    def identiteit(self) -> Identiteit:
        """Return the subject as the doors take it."""
        return Identiteit(bsn=self.bsn, kvk_nummer=self.kvk_nummer)


class BewijsView(BaseModel):
    """The proof that the outcome stands in the log."""

    index: int = Field(description="De plaats van de inschrijving in het logboek.")
    inschrijving: str = Field(description="De inschrijving zelf, zoals die in de boom staat.")
    tekst: str = Field(description="Het bewijs van inschrijving (C2SP tlog-proof).")


def bewijs_view(receipt: Receipt) -> BewijsView:
    """Return a receipt as the API shows it."""
    return BewijsView(index=receipt.index, inschrijving=receipt.leaf.decode(), tekst=receipt.text())


def not_ahead(given: str | None, now: str, pointer: str) -> str:
    """Return the moment given, or now when there is none.

    Raises:
        InvalidInputError: It lies ahead: nobody has decided that yet.
    """
    if given is not None and kalender.instant(given) > kalender.instant(now):
        melding = "Dit moment ligt in de toekomst."
        raise InvalidInputError(fouten=[Fout(pointer=pointer, melding=melding)])
    return given or now


def instant_of(text: str | None, pointer: str) -> dt.datetime | None:
    """Return what `moment_of` returns, or None when there is none."""
    return None if text is None else moment_of(text, pointer)


def moment_of(text: str, pointer: str) -> dt.datetime:
    """Return the moment of a date (00:00 in Amsterdam) or of a moment with offset.

    Raises:
        InvalidInputError: It lies outside the calendar of UTC.
    """
    try:
        return kalender.in_utc(kalender.instant(text))
    except OverflowError:
        melding = "Dit moment ligt buiten de kalender."
        raise InvalidInputError(fouten=[Fout(pointer=pointer, melding=melding)]) from None


class _StrictRequest(Request):
    """A request whose JSON is read strictly: no doubles, no NaN, the place of an error told.

    What is wrong is told only after the caller was let in: an object that fits no model stands in
    for the body until then.
    """

    @override
    async def body(self) -> bytes:
        text = await super().body()
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if text and kind != "application/json":
            error = InvalidInputError(_NO_JSON, [Fout(pointer="", melding=_NO_JSON)])
            self.scope[UNREADABLE] = error
        return text

    @override
    async def json(self) -> Any:
        try:
            return load_json(await self.body())
        except InvalidInputError as error:
            self.scope[UNREADABLE] = error
            return error


class StrictRoute(APIRoute):
    """A route whose body is read strictly."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(_StrictRequest(request.scope, request.receive))

        return strictly
