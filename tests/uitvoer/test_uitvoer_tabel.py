"""The table: documented columns, keyed pseudonyms of its own, and cells that compute nothing."""

import csv
import datetime as dt
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from audit.entry import Soort
from broker.services.uitvoer import tabel_csv, tabel_parquet
from broker.services.uitvoer.tabel import KOLOMMEN, Kolom, Pseudoniemen, Waarde, kolommen, rijen
from tests.uitvoer.gevallen import BEGIN, BEKEND, SLEUTEL, Regel, gevraagd, regel, verstrekt

KEY = bytes(range(32))
GOLDEN_HEAD = (
    '"regel","moment","soort","wat","organisatie","bron","zaak","grondslag","verschijnsel","deur",'
    '"uitkomst","fout","categorieen","gronden","gegevens","betrokkene","gebruiker","vernietigd"'
)
GOLDEN_ROW = (
    '"1","2026-11-20T09:00:01.001999Z","verstrekking","","zaanstad-college","nla","hhk-1",'
    '"wgs-riec","mensenhandel","verstrekking","toegewezen","","identificatie","","1",'
)


def table(*lines: Regel, own: bool = False, key: bytes = KEY) -> list[dict[str, Any]]:
    """Return the rows of these lines."""
    return list(rijen(lines, BEKEND, Pseudoniemen(key), own=own))


def as_csv(*lines: Regel, own: bool = False) -> str:
    """Return the CSV of these lines."""
    out = io.StringIO(newline="")
    tabel_csv.write(out, kolommen(own=own), table(*lines, own=own))
    return out.getvalue()


def test_csv_is_as_documented() -> None:
    """The file has its head and a row per line, to the byte, and ends each with CRLF."""
    head, _, row, end = as_csv(*verstrekt(0)).split("\r\n")

    assert head == GOLDEN_HEAD
    assert row.startswith(GOLDEN_ROW)
    assert row.endswith(',"nee"')
    assert end == ""


def test_description_names_each_column() -> None:
    """The file beside it tells of each column, in its order, what it means."""
    told = json.loads(tabel_csv.description(KOLOMMEN, "regels.csv"))

    columns = told["tableSchema"]["columns"]
    assert [c["name"] for c in columns] == [kolom.naam for kolom in KOLOMMEN]
    assert all(c["dc:description"].endswith(".") for c in columns)
    assert told["url"] == "regels.csv"


def test_persons_are_pseudonyms_of_this_table() -> None:
    """One person has one pseudonym in a table, another in another, and none is of the log."""
    first, second = table(*verstrekt(0))
    other, _ = table(*verstrekt(0), key=bytes(32))

    assert first["betrokkene"] == second["betrokkene"]
    assert first["betrokkene"] != other["betrokkene"]
    assert first["betrokkene"] != first["gebruiker"]
    assert SLEUTEL not in as_csv(*verstrekt(0))
    assert "g-017" not in as_csv(*verstrekt(0))


def test_made_up_names_are_not_told() -> None:
    """What an asker made up for a zaak, basis or form of crime becomes `anders`."""
    made_up = gevraagd(zaak="jan-jansen", grondslag="jan-jansen", verschijnsel="jan-jansen")

    (row,) = table(regel(0, Soort.WEIGERING, "v-1/1", **made_up))

    assert {row["zaak"], row["grondslag"], row["verschijnsel"]} == {"anders"}


def test_partner_sees_no_full_outcome() -> None:
    """The table of a partner lacks what a requester may not know."""
    (row, _) = table(*verstrekt(0), own=True)

    assert "uitkomst" not in row
    assert "gronden" not in row


def test_destroyed_line_stays_as_a_row() -> None:
    """A line whose payload was destroyed still counts, and says so."""
    (row,) = table(
        Regel(index=3, soort=Soort.FOUT, at=BEGIN, kenmerk="v-1/1/fout", payload=None, salt=None)
    )

    assert row["vernietigd"] is True
    assert row["betrokkene"] is None


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "  =", " @"])
def test_formula_gets_an_apostrophe(begin: str) -> None:
    """Whatever a spreadsheet would compute stands as text."""
    assert tabel_csv.cell(f"{begin}cmd|' /C calc'!A0") == f"'{begin}cmd|' /C calc'!A0"


@given(st.text())
def test_no_cell_computes(text: str) -> None:
    """No text at all gives a cell that begins as a formula, and reading it back loses nothing."""
    kolom = Kolom(naam="a", waarde=Waarde.NAAM, uitleg="Een tekst.")
    out = io.StringIO(newline="")
    tabel_csv.write(out, [kolom], [{"a": text}])
    out.seek(0)

    _, (cell,) = csv.reader(out)

    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "|", "%"))
    assert cell.removeprefix("'") == text.removeprefix("'")


def test_parquet_holds_the_same_table() -> None:
    """The Parquet file has the same rows, typed, with the meaning of each column in it."""
    lines = verstrekt(0)
    out = io.BytesIO()

    written = tabel_parquet.write(out, KOLOMMEN, table(*lines))

    read = parquet.read_table(io.BytesIO(out.getvalue()))
    assert written == 2
    assert read.to_pylist() == table(*lines)
    assert read.column("moment").to_pylist()[0] == lines[0].at.astimezone(dt.UTC)
    assert {f.name: f.metadata[b"uitleg"].decode() for f in read.schema} == {
        k.naam: k.uitleg for k in KOLOMMEN
    }
