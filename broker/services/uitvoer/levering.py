"""What an export is given as: one file, made whole and measured before anybody gets it."""

import datetime as dt
import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from audit.receipt import Receipt

BLOCK: Final = 1 << 20
JSON_LINES: Final = "application/x-ndjson"
ZIP: Final = "application/zip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Levering:
    """An export that was recorded. `bestand` stands at its begin; who gives it closes it."""

    naam: str
    soort: str
    """Media type."""
    bestand: BinaryIO
    aantal: int
    sha256: str
    bewijs: Receipt


def digest(file: BinaryIO) -> str:
    """Return the SHA-256 of a file from its begin, in hexadecimals, and go back to its begin."""
    file.seek(0)
    found = hashlib.sha256()
    while block := file.read(BLOCK):
        found.update(block)
    file.seek(0)
    return found.hexdigest()


def write_lines(out: BinaryIO, records: Iterable[Mapping[str, object] | None]) -> int:
    """Write each record as JSON on a line of its own; return how many."""
    count = 0
    for record in records:
        if record is not None:
            out.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode())
            out.write(b"\n")
            count += 1
    return count


def write_zip(out: BinaryIO, files: Mapping[str, str | Path], moment: dt.datetime) -> None:
    """Write files into a zip, in the order of their names: the same files, the same bytes."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            info = zipfile.ZipInfo(name, date_time=moment.astimezone(dt.UTC).timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            with archive.open(info, "w", force_zip64=True) as target:
                if isinstance(content, str):
                    target.write(content.encode())
                    continue
                with content.open("rb") as source:
                    while block := source.read(BLOCK):
                        target.write(block)


def files_below(folder: Path) -> dict[str, str | Path]:
    """Return the files below a folder, by their names from there."""
    return {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
    }
