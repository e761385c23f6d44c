"""The table as CSV (RFC 4180), with its description beside it (W3C CSV on the Web).

A cell that a spreadsheet would take for a formula gets an apostrophe before it, so that opening
the file runs nothing. Values in a list stand behind each other with a vertical bar between them.
"""

import csv
import datetime as dt
import json
from collections.abc import Iterable, Sequence
from typing import Any, Final, TextIO

from broker.services.uitvoer.tabel import Kolom, Row, Waarde

SEPARATOR: Final = "|"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
"""How a text begins that Excel, LibreOffice or Sheets may compute; the last two through DDE."""
_TYPES: Final = {
    Waarde.GETAL: "integer",
    Waarde.MOMENT: "dateTimeStamp",
    Waarde.NAAM: "string",
    Waarde.NAMEN: "string",
    Waarde.JA_NEE: {"base": "boolean", "format": "ja|nee"},
}


def write(out: TextIO, kolommen: Sequence[Kolom], rows: Iterable[Row]) -> int:
    """Write a header and the rows; return how many rows. `out` must leave newlines alone."""
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([kolom.naam for kolom in kolommen])
    count = 0
    for row in rows:
        writer.writerow([cell(row[kolom.naam]) for kolom in kolommen])
        count += 1
    return count


def cell(value: object) -> str:
    """Return a value as the text of its cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ja" if value else "nee"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    text = SEPARATOR.join(value) if isinstance(value, list) else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def description(kolommen: Sequence[Kolom], name: str) -> str:
    """Return what the columns mean, for people and for programs, as JSON.

    Args:
        kolommen: The columns.
        name: Of the CSV file that this stands beside.
    """
    columns = [_column(kolom) for kolom in kolommen]
    told: dict[str, Any] = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "nl"}],
        "url": name,
        "dialect": {"delimiter": ",", "quoteChar": '"', "lineTerminators": ["\r\n"]},
        "tableSchema": {"columns": columns, "primaryKey": "regel"},
    }
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"


def _column(kolom: Kolom) -> dict[str, Any]:
    column: dict[str, Any] = {
        "name": kolom.naam,
        "datatype": _TYPES[kolom.waarde],
        "dc:description": kolom.uitleg,
    }
    return column | ({"separator": SEPARATOR} if kolom.waarde is Waarde.NAMEN else {})
