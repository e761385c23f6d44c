"""The messages of AuthZEN 1.0: what is not known is ignored, what is wrong is refused."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeVar

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from broker.domain.invoer import meldingen
from broker.errors import Fout, InvalidInputError
from broker.services.beslispunt import Entiteit, Evaluatie, Handeling, Semantiek
from broker.services.pdp import Bladzijde, Onleesbaar, readable

BATCH: Final = 50
"""The most questions of one batch."""
PAGE: Final = 50
"""The most candidates of one page, and the number when none is asked."""
DEPTH: Final = 12
"""How deep an object may be nested."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_NOT_OURS: Final = "Dit is geen token van deze zoekvraag. Begin opnieuw zonder token."
_DEFAULTS: Final = ("subject", "action", "resource", "context")


def _plain(text: str) -> str:
    """Accept a text without control characters."""
    if _CONTROL.search(text):
        raise PydanticCustomError("teken", "teken")
    return text


def _shallow(data: dict[str, Any]) -> dict[str, Any]:
    """Accept an object that is nested no deeper than anybody can mean."""
    layer: list[Any] = [data]
    for _ in range(DEPTH):
        inner = [
            each.values() if isinstance(each, dict) else each
            for each in layer
            if isinstance(each, dict | list)
        ]
        layer = [value for values in inner for value in values]
    if any(isinstance(each, dict | list) for each in layer):
        raise PydanticCustomError("te_diep", "te diep")
    return data


Tekst = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_plain)]
Vrij = Annotated[dict[str, Any], AfterValidator(_shallow)]
"""An object in which anything may stand."""


class _Bericht(BaseModel):
    """A message: unknown members are ignored, types are strict."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class Wie(_Bericht):
    """A subject or a resource, fully named."""

    type: Tekst
    id: Tekst
    properties: Vrij = {}

    def entiteit(self) -> Entiteit:
        """Return it as the services take it."""
        return Entiteit(type=self.type, id=self.id, properties=self.properties)


class Gezocht(_Bericht):
    """What is searched for: its `id`, when given, is ignored."""

    type: Tekst
    properties: Vrij = {}

    def entiteit(self) -> Entiteit:
        """Return it as the services take it."""
        return Entiteit(type=self.type, properties=self.properties)


class Wat(_Bericht):
    """An action."""

    name: Tekst
    properties: Vrij = {}

    def handeling(self) -> Handeling:
        """Return it as the services take it."""
        return Handeling(name=self.name, properties=self.properties)


class EvaluatieBericht(_Bericht):
    """One question."""

    subject: Wie
    action: Wat
    resource: Wie
    context: Vrij = {}

    def vraag(self) -> Evaluatie:
        """Return it as the services take it."""
        return _vraag(self)


class Opties(_Bericht):
    """How a batch is carried out."""

    # Not strict: in JSON it is a text.
    evaluations_semantic: Annotated[Semantiek, Field(strict=False)] = Semantiek.EXECUTE_ALL


class EvaluatiesBericht(_Bericht):
    """A batch of questions; what one of them leaves out is taken from the top, whole."""

    subject: Vrij | None = None
    action: Vrij | None = None
    resource: Vrij | None = None
    context: Vrij | None = None
    evaluations: Annotated[list[Vrij], Field(max_length=BATCH)] = []
    options: Opties = Opties()

    def vragen(self) -> list[Evaluatie | Onleesbaar]:
        """Return the questions, in order."""
        return [_question({**self.defaults(), **each}) for each in self.evaluations]

    def single(self) -> Evaluatie:
        """Return the one question of a batch without a list.

        Raises:
            InvalidInputError: It is incomplete.
        """
        return _read(EvaluatieBericht, self.defaults()).vraag()

    def defaults(self) -> Vrij:
        """Return what stands at the top."""
        return {name: given for name in _DEFAULTS if (given := getattr(self, name)) is not None}


class Bladzij(_Bericht):
    """Which page of a search."""

    token: Annotated[str, Field(max_length=200)] | None = None
    limit: Annotated[int, Field(ge=0)] | None = None


class _Zoekvraag(_Bericht):
    """What all searches have."""

    context: Vrij = {}
    page: Bladzij = Bladzij()

    def bladzijde(self) -> Bladzijde:
        """Return which page is asked.

        Raises:
            InvalidInputError: The token is not one of ours, or of another question.
        """
        limit, sha256 = self.page.limit, self._sha256()
        begin, size = 0, PAGE if limit is None else min(limit, PAGE)
        if self.page.token:
            begin, size = _opened(self.page.token, sha256)
            if limit is not None and min(limit, PAGE) != size:
                raise _foreign()
        return Bladzijde(van=begin, aantal=size, token=lambda next_: _token(next_, size, sha256))

    def _sha256(self) -> str:
        """Return what binds a token to its question."""
        asked = self.model_dump(exclude={"page"})
        return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


class ZoekSubject(_Zoekvraag):
    """Who may do this with this resource?"""

    subject: Gezocht
    action: Wat
    resource: Wie

    def vraag(self) -> Evaluatie:
        """Return the question as the services take it."""
        return _vraag(self)


class ZoekResource(_Zoekvraag):
    """With what may this subject do this?"""

    subject: Wie
    action: Wat
    resource: Gezocht

    def vraag(self) -> Evaluatie:
        """Return the question as the services take it."""
        return _vraag(self)


class ZoekAction(_Zoekvraag):
    """What may this subject do with this resource?"""

    subject: Wie
    resource: Wie

    def vraag(self) -> Evaluatie:
        """Return the question as the services take it."""
        return Evaluatie(
            subject=self.subject.entiteit(),
            action=None,
            resource=self.resource.entiteit(),
            context=self.context,
        )


def _vraag(body: EvaluatieBericht | ZoekSubject | ZoekResource) -> Evaluatie:
    return Evaluatie(
        subject=body.subject.entiteit(),
        action=body.action.handeling(),
        resource=body.resource.entiteit(),
        context=body.context,
    )


M = TypeVar("M", bound=_Bericht)


def _read(kind: type[M], data: Mapping[str, Any]) -> M:
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise InvalidInputError(fouten=meldingen(error)) from None


def _question(data: Mapping[str, Any]) -> Evaluatie | Onleesbaar:
    try:
        return _read(EvaluatieBericht, data).vraag()
    except InvalidInputError as error:
        return Onleesbaar(melding=readable(error))


def _token(begin: int, size: int, sha256: str) -> str:
    """Return the token of a page; it belongs to one question."""
    text = f"{begin}:{size}:{sha256}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _opened(token: str, sha256: str) -> tuple[int, int]:
    """Return what stands in a token."""
    try:
        padded = token + "=" * (-len(token) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise _foreign() from None
    found = re.fullmatch(r"([0-9]{1,6}):([0-9]{1,6}):([0-9a-f]{32})", text, re.ASCII)
    if found is None or found[3] != sha256:
        raise _foreign()
    return int(found[1]), min(int(found[2]), PAGE)


def _foreign() -> InvalidInputError:
    return InvalidInputError(_NOT_OURS, [Fout(pointer="/page/token", melding=_NOT_OURS)])
