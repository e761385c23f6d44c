"""The public forms of Woo documents: a page, JSON, and the inventory as CSV."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from broker.services.uitvoer.bladzijde import page, paragraph, table
from broker.services.uitvoer.tabel_csv import cell
from broker.services.uitvoer.woo import Grond, Openbaarheid, Redactie, Redactieregels, Stuk

PAGE: Final = "stukken.html"
DATA: Final = "stukken.json"
INVENTORY: Final = "inventarislijst.csv"
_HEAD: Final = ("Nummer", "Datum", "Soort", "Besluit", "Gronden")
_BESLUIT: Final = {
    Openbaarheid.OPENBAAR: "openbaar",
    Openbaarheid.DEELS: "deels openbaar",
    Openbaarheid.NIET: "niet openbaar",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Publicatie:
    """Documents that become public together, and the state of the log that they come from."""

    stukken: Sequence[Stuk]
    regels: Redactieregels
    controlepunt: str

    def files(self) -> dict[str, str]:
        """Return the text of each file."""
        return {PAGE: self._page(), DATA: self._data(), INVENTORY: self._inventory()}

    def inventory(self) -> list[dict[str, Any]]:
        """Return the inventory as plain data."""
        return [
            {
                "nummer": s.nummer,
                "datum": s.datum.isoformat(),
                "soort": s.soort,
                "besluit": s.besluit.value,
                "gronden": list(s.gronden),
            }
            for s in self.stukken
        ]

    def content(self) -> str:
        """Return all that becomes public as JSON, without the state of the log."""
        return json.dumps(self._told(), ensure_ascii=False, indent=2)

    def _inventory(self) -> str:
        out = io.StringIO(newline="")
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow([name.lower() for name in _HEAD])
        writer.writerows([cell(text) for text in row] for row in self._rows())
        return out.getvalue()

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for s in self.stukken:
            besluit = _BESLUIT[s.besluit]
            yield str(s.nummer), s.datum.isoformat(), s.soort, besluit, ", ".join(s.gronden)

    def _data(self) -> str:
        told = {**self._told(), "controlepunt": self.controlepunt}
        return json.dumps(told, ensure_ascii=False, indent=2) + "\n"

    def _told(self) -> dict[str, Any]:
        return {
            "inventarislijst": self.inventory(),
            "gronden": [
                {"code": g.code, "titel": g.titel, "aard": g.aard.value} for g in self._used()
            ],
            "stukken": [_stuk(s) for s in self.stukken],
        }

    def _used(self) -> list[Grond]:
        codes = {code for s in self.stukken for code in s.gronden}
        return [grond for grond in self.regels.gronden if grond.code in codes]

    def _page(self) -> str:
        body = [
            paragraph(
                "Dit zijn regels uit het logboek van Sluis, openbaar volgens de Wet open overheid "
                "(Woo). Waar iets is weggelaten, staat tussen haken het artikel waarom."
            ),
            *table("Inventarislijst", _HEAD, self._rows()),
            *table(
                "Waarom iets is weggelaten",
                ("Artikel van de Woo", "Wat het beschermt"),
                ((g.code, g.titel) for g in self._used()),
            ),
            "<h2>De stukken</h2>",
        ]
        for s in self.stukken:
            body.extend(_section(s))
        body.append("<h2>Zelf controleren</h2>")
        body.append(
            paragraph(
                "Bij elk stuk staat de plaats in het logboek en de hash. Met het controlepunt "
                "hieronder rekent u na dat die regel echt in het logboek staat."
            )
        )
        body.append(f"<pre>{escape(self.controlepunt)}</pre>")
        return page("Stukken uit het logboek van Sluis", body)


def _section(stuk: Stuk) -> Iterable[str]:
    yield f"<h3>Stuk {stuk.nummer}: {escape(stuk.soort)}, {stuk.datum.isoformat()}</h3>"
    yield paragraph(f"Besluit: {_BESLUIT[stuk.besluit]}.")
    if stuk.redactie is not None:
        yield paragraph(" ".join(filter(None, (_codes(stuk.redactie), stuk.redactie.reden))))
    if stuk.vernietigd:
        yield paragraph("De inhoud is vernietigd, omdat de bewaartermijn voorbij is.")
    if stuk.velden:
        yield from table(
            "Inhoud",
            ("Onderdeel", "Tekst", "Waarom weggelaten"),
            ((v.naam, v.shown, (v.redactie and v.redactie.reden) or "") for v in stuk.velden),
        )
    yield paragraph(f"Regel {stuk.regel} van het logboek, hash {stuk.hash}.")


def _stuk(stuk: Stuk) -> dict[str, Any]:
    return {
        "nummer": stuk.nummer,
        "regel": stuk.regel,
        "hash": stuk.hash,
        "vernietigd": stuk.vernietigd,
        **_why(stuk.redactie),
        "velden": [{"naam": v.naam, "tekst": v.shown, **_why(v.redactie)} for v in stuk.velden],
    }


def _why(redactie: Redactie | None) -> dict[str, Any]:
    if redactie is None:
        return {}
    return {"gronden": list(redactie.gronden), "reden": redactie.reden}


def _codes(redactie: Redactie) -> str:
    return f"[{', '.join(redactie.gronden)}]"
