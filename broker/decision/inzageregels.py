"""What the law says of telling a subject: `grondslagen/inzage.yaml`, read once and strictly."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from broker.decision.register import default_root
from broker.domain.invoer import load_yaml
from broker.domain.kalender import parse_duration
from broker.errors import InvalidInputError

FILE: Final = Path("grondslagen", "inzage.yaml")


def _duur(text: str) -> str:
    parse_duration(text)
    return text


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Termijn(_Part):
    """A term, in words too, and the article it comes from."""

    duur: Annotated[str, AfterValidator(_duur)]
    tekst: str
    regel: str
    artikel: str


class Uitstelgrond(_Part):
    """A ground on which something may wait, in words."""

    regel: str
    artikel: str
    tekst: str


class Woorden(_Part):
    """What a subject reads for a code; a code that is not here is told as it is."""

    categorieen: Mapping[str, str]
    doelen: Mapping[str, str]
    functies: Mapping[str, str]
    grondslagen: Mapping[str, str]
    wijzigingen: Mapping[str, str]


class Inzageregels(_Part):
    """All of the file."""

    versie: Literal[1]
    terugkijken: Termijn
    antwoord: Termijn
    bewaren: Termijn
    uitstel: Mapping[str, Uitstelgrond]
    woorden: Woorden

    @classmethod
    def load(cls, root: Path | None = None) -> "Inzageregels":
        """Read the file below this folder, or that of this software.

        Raises:
            InvalidInputError: It is not there, or is not what it must be.
        """
        path = (root or default_root()) / FILE
        try:
            return cls.model_validate(load_yaml(path.read_bytes()))
        except (OSError, ValidationError):
            raise InvalidInputError(f"{FILE.as_posix()} ontbreekt of klopt niet.") from None
