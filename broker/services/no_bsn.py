"""Refuses a BSN in what is about to be recorded, wherever it stands."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from broker.domain.pseudoniem import holds_bsn
from broker.errors import Fout, InvalidInputError

_BSN: Final = "Hier mag geen BSN staan."


def refuse_bsn(data: object) -> None:
    """Refuse what may not be recorded.

    Raises:
        InvalidInputError: A BSN stands in it; it is not repeated.
    """
    if any(holds_bsn(text) for text in _texts(data)):
        raise InvalidInputError(_BSN, [Fout(pointer="", melding=_BSN)])


def _texts(data: object) -> Iterator[str]:
    """Yield every text and number in this data, names of members too."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, int | float):
        yield str(data)
    elif isinstance(data, Mapping):
        for name, value in data.items():
            yield name
            yield from _texts(value)
    elif isinstance(data, Sequence):
        for value in data:
            yield from _texts(value)
