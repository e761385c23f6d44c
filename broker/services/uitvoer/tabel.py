"""The table for analysis: a row per line of the log, without persons.

Who it was about and who asked stand in it as pseudonyms of this table only: keyed, so that nobody
can try all numbers, and with a key of its own, so that it cannot be laid beside another table or
beside the log itself. Names that an asker may have made up become `anders`.
"""

import base64
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

from broker.services.logboekzicht import FULL
from broker.services.uitvoer.regels import Bekend, Line

KEY_BYTES: Final = 32
_PSEUDONYM_BYTES: Final = 16
Row: TypeAlias = dict[str, Any]


class Waarde(StrEnum):
    """The kind of value in a column; `naam` is a code or an id."""

    GETAL = "getal"
    MOMENT = "moment"
    NAAM = "naam"
    NAMEN = "namen"
    JA_NEE = "ja-nee"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kolom:
    """A column, with what it means in plain Dutch."""

    naam: str
    waarde: Waarde
    uitleg: str


KOLOMMEN: Final = tuple(
    Kolom(naam=naam, waarde=waarde, uitleg=uitleg)
    for naam, waarde, uitleg in (
        ("regel", Waarde.GETAL, "Het nummer van de regel in het logboek. De eerste is 0."),
        ("moment", Waarde.MOMENT, "Wanneer het is vastgelegd, in UTC."),
        ("soort", Waarde.NAAM, "Wat de regel vastlegt, zoals verstrekking of weigering."),
        ("wat", Waarde.NAAM, "Wat er precies gebeurde, als de soort dat niet al zegt."),
        ("organisatie", Waarde.NAAM, "Wie vroeg, of wie iets wijzigde of inzag."),
        ("bron", Waarde.NAAM, "Aan wie is gevraagd."),
        ("zaak", Waarde.NAAM, "De zaak. Een zaak die niet bestaat, heet hier 'anders'."),
        ("grondslag", Waarde.NAAM, "De wettelijke basis die de vrager noemde."),
        ("verschijnsel", Waarde.NAAM, "De vorm van georganiseerde misdaad die de vrager noemde."),
        ("deur", Waarde.NAAM, "Welke deur besliste: verzoek (vooraf) of verstrekking (achteraf)."),
        ("uitkomst", Waarde.NAAM, "Wat de regels besloten."),
        ("fout", Waarde.NAAM, "Wat er misging, als er iets misging."),
        ("categorieen", Waarde.NAMEN, "De soorten gegevens die mochten worden gevraagd."),
        ("gronden", Waarde.NAMEN, "De gronden om iets te weigeren."),
        ("gegevens", Waarde.GETAL, "Hoeveel gegevens er zijn verstrekt."),
        ("betrokkene", Waarde.NAAM, "Wie het betreft: een pseudoniem dat alleen hier geldt."),
        ("gebruiker", Waarde.NAAM, "Wie het deed: een pseudoniem dat alleen hier geldt."),
        ("vernietigd", Waarde.JA_NEE, "Ja: de inhoud van de regel is vernietigd."),
    )
)
_NAMES: Final = (
    "wat",
    "organisatie",
    "bron",
    "zaak",
    "grondslag",
    "verschijnsel",
    "deur",
    "uitkomst",
    "fout",
)
_PERSONS: Final = {"betrokkene": "sleutel", "gebruiker": "gebruiker"}


class Pseudoniemen:
    """Makes the pseudonyms of one table, with its own key. `repr` shows nothing."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, kolom: str, value: object) -> str | None:
        """Return the pseudonym of a person in this column; None where there is none."""
        if not isinstance(value, str):
            return None
        digest = hmac.digest(self._key, f"{kolom}:{value}".encode(), "sha256")[:_PSEUDONYM_BYTES]
        return base64.b32encode(digest).decode().rstrip("=").lower()


def kolommen(*, own: bool) -> tuple[Kolom, ...]:
    """Return the columns; those of a partner (`own`) lack what a requester may not know."""
    return tuple(k for k in KOLOMMEN if not (own and k.naam in FULL))


def rijen(
    lines: Iterable[Line], bekend: Bekend, pseudoniemen: Pseudoniemen, *, own: bool
) -> Iterator[Row]:
    """Yield the row of each line, with exactly the columns of `kolommen`."""
    wanted = [kolom.naam for kolom in kolommen(own=own)]
    for line in lines:
        row = _row(line, bekend, pseudoniemen)
        yield {name: row[name] for name in wanted}


def chunks(rows: Iterable[Row], size: int) -> Iterator[Sequence[Row]]:
    """Yield the rows in groups of this size; the last one may be smaller."""
    group: list[Row] = []
    for row in rows:
        group.append(row)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


def _row(line: Line, bekend: Bekend, pseudoniemen: Pseudoniemen) -> Row:
    payload: Mapping[str, Any] = line.payload or {}
    gegevens = payload.get("gegevens")
    return {
        "regel": line.index,
        "moment": line.at,
        "soort": line.soort.value,
        **{name: bekend.name(name, payload.get(name)) for name in _NAMES},
        **{name: bekend.names(name, payload.get(name)) for name in ("categorieen", "gronden")},
        "gegevens": len(gegevens) if isinstance(gegevens, list) else None,
        **{kolom: pseudoniemen.of(kolom, payload.get(m)) for kolom, m in _PERSONS.items()},
        "vernietigd": line.payload is None,
    }
