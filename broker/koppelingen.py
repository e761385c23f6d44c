"""The koppelingen of FSC, from their file: which source is reached through which Outway, and how.

```yaml
versie: 1
koppelingen:
  nla:  # an organisatie of the store; its address there is that of the Outway
    grant_hash: $1$3$…
    service_name: toezicht
    source: {type: SOURCE_TYPE_SOURCE, outway_peer_id: "00000001234567890000"}
    destination: {type: DESTINATION_TYPE_DESTINATION, service_peer_id: "00000009876543210000"}
```
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError

from broker.decision.files import line
from broker.domain.fsc import WRONG, Koppeling
from broker.domain.invoer import load_yaml, meldingen
from broker.errors import InvalidInputError, StartError
from broker.settings import Settings
from broker.store import Store

_NAME: Final = "SLUIS_FSC_KOPPELINGEN_BESTAND"
_UNKNOWN: Final = "Sluis kent deze organisatie niet."
_NO_SOURCE: Final = "Deze organisatie heeft geen bron, dus er is niets om te koppelen."


_NONE: Final = "geen"
_Wrong: TypeAlias = tuple[tuple[int | str, ...], str]
"""A place in the file, and what is wrong there."""


class _Bestand(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    versie: Literal[1]
    koppelingen: dict[str, Koppeling]


async def load_koppelingen(settings: Settings, store: Store) -> Mapping[str, Koppeling]:
    """Return the koppelingen by organisatie; without a file there are none.

    Raises:
        StartError: Tells everything that is wrong, each with its line.
        RecordError: The store cannot be read.
    """
    text = settings.fsc_koppelingen()
    if text is None:
        return {}
    async with store.read() as tx:
        rows = await tx.organisaties.list()
    return _checked(text, rows)


def _checked(text: bytes, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Koppeling]:
    try:
        plain = load_yaml(text)
    except InvalidInputError as error:
        raise StartError(f"{_NAME}: {error.detail}") from None
    found: Mapping[str, Koppeling] = {}
    wrong = list(_without_source(plain, rows))
    try:
        found = _Bestand.model_validate(plain).koppelingen
    except ValidationError as error:
        wrong += _malformed(error)
    if wrong:
        told = sorted((line(text, place), "/".join(map(str, place)), why) for place, why in wrong)
        raise StartError(
            "\n".join(f"{_NAME}, regel {nr} ({place or 'alles'}): {why}" for nr, place, why in told)
        )
    return found


def _malformed(error: ValidationError) -> Iterator[_Wrong]:
    """Yield what has not the agreed form; in our own words where the form has its own."""
    told = error.errors(include_url=False, include_input=False)
    for each, fout in zip(told, meldingen(error), strict=True):
        yield each["loc"], each["msg"] if each["type"] == WRONG else fout.melding


def _without_source(plain: object, rows: Sequence[Mapping[str, Any]]) -> Iterator[_Wrong]:
    """Yield each koppeling of an organisatie that cannot be asked; an empty store knows nobody."""
    named = plain.get("koppelingen") if isinstance(plain, dict) else None
    soorten = {row["id"]: row["bron_soort"] for row in rows}
    for name in named if isinstance(named, dict) and soorten else ():
        if soorten.get(name, _NONE) == _NONE:
            yield ("koppelingen", name), _NO_SOURCE if name in soorten else _UNKNOWN
