"""The last guard against a BSN in free text."""

from collections.abc import Iterator, Mapping

from broker.domain.pseudoniem import holds_bsn
from broker.errors import Fout, InvalidInputError

_SENTENCE = "Hier mag geen BSN staan."


def refuse_bsn(value: object, pointer: str = "") -> None:
    """Refuse plain data in whose text a BSN stands; the sentence does not repeat it.

    Raises:
        InvalidInputError: With the pointer of each such text.
    """
    fouten = [
        Fout(pointer=place, melding=_SENTENCE)
        for place, text in _texts(value, pointer)
        if holds_bsn(text)
    ]
    if fouten:
        raise InvalidInputError(_SENTENCE, fouten)


def _texts(value: object, pointer: str) -> Iterator[tuple[str, str]]:
    """Walk all text in plain data, each with its JSON Pointer."""
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, Mapping):
        for name, member in value.items():
            yield from _texts(member, f"{pointer}/{name}")
    elif isinstance(value, (list, tuple)):
        for index, member in enumerate(value):
            yield from _texts(member, f"{pointer}/{index}")
