"""The table as Parquet, for whoever analyses much: needs the extra `sluis[analyse]`."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, BinaryIO, Final

from broker.errors import InvalidInputError
from broker.services.uitvoer.tabel import Kolom, Row, Waarde, chunks

if TYPE_CHECKING:
    import pyarrow as pa

GROUP: Final = 65_536
"""Rows of one row group: what is in memory at once."""
MISSING: Final = (
    "Voor Parquet is het pakket pyarrow nodig: installeer sluis[analyse]. CSV kan altijd."
)


def write(out: BinaryIO, kolommen: Sequence[Kolom], rows: Iterable[Row]) -> int:
    """Write the rows; return how many.

    Raises:
        InvalidInputError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra, and slow
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise InvalidInputError(MISSING) from None
    schema = _schema(kolommen)
    count = 0
    with parquet.ParquetWriter(out, schema, compression="zstd") as writer:
        for group in chunks(rows, GROUP):
            writer.write_table(pa.Table.from_pylist(list(group), schema=schema))
            count += len(group)
    return count


def _schema(kolommen: Sequence[Kolom]) -> "pa.Schema":
    import pyarrow as pa  # noqa: PLC0415

    types = {
        Waarde.GETAL: pa.int64(),
        Waarde.MOMENT: pa.timestamp("us", tz="UTC"),
        Waarde.NAAM: pa.string(),
        Waarde.NAMEN: pa.list_(pa.string()),
        Waarde.JA_NEE: pa.bool_(),
    }
    return pa.schema(
        [
            pa.field(kolom.naam, types[kolom.waarde], metadata={"uitleg": kolom.uitleg})
            for kolom in kolommen
        ]
    )
