"""Pages for people: plain HTML that stands alone, with nothing hidden and nothing that runs."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from broker.services.uitvoer.jaarcijfers import LEAST, Jaarcijfers

_STYLE: Final = (
    "body{font-family:sans-serif;line-height:1.5;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1rem 0}"
    "th,td{border:1px solid #767676;padding:.3rem .6rem;text-align:left;vertical-align:top}"
    "caption{text-align:left;font-weight:bold;padding:.3rem 0}"
    "td.getal{text-align:right}"
)


def page(titel: str, body: Iterable[str]) -> str:
    """Return a page; what stands in the body is HTML already."""
    lines = [
        "<!doctype html>",
        '<html lang="nl">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{escape(titel)}</title>",
        f"<style>{_STYLE}</style>",
        "</head>",
        "<body>",
        "<main>",
        f"<h1>{escape(titel)}</h1>",
        *body,
        "</main>",
        "</body>",
        "</html>",
        "",
    ]
    return "\n".join(lines)


def paragraph(text: str) -> str:
    """Return a paragraph."""
    return f"<p>{escape(text)}</p>"


def table(titel: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    """Yield a table with a caption and a head; the first cell of a row names it."""
    yield "<table>"
    yield f"<caption>{escape(titel)}</caption>"
    yield (
        "<thead><tr>" + "".join(f'<th scope="col">{escape(h)}</th>' for h in head) + "</tr></thead>"
    )
    yield "<tbody>"
    for first, *rest in rows:
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in rest)
        yield f'<tr><th scope="row">{escape(first)}</th>{cells}</tr>'
    yield "</tbody>"
    yield "</table>"


def jaarcijfers(found: Jaarcijfers) -> str:
    """Return the page of the figures of a year, in plain Dutch."""
    titel = f"Sluis in {found.jaar}: de cijfers"
    body = [
        paragraph(
            "Overheden vragen elkaar via Sluis om gegevens. Sluis kijkt bij elke vraag of de wet "
            "het goedvindt. Hier staat hoe vaak dat gebeurde. Er staan geen personen in."
        )
    ]
    if found.totaal is None:
        body.append(
            paragraph(
                f"In {found.jaar} waren er te weinig vragen om cijfers te geven. "
                "Anders zou u kunnen nagaan over wie het gaat."
            )
        )
        return page(titel, body)
    body.append(paragraph(f"In {found.jaar} waren er {found.totaal} vragen aan een bron."))
    body.append(
        paragraph(
            f"Een getal onder de {LEAST} noemen we niet. Soms noemen we ook een groter getal niet, "
            "omdat u het kleine getal daarmee zou kunnen uitrekenen. Dan staat er: niet genoemd."
        )
    )
    for tabel in found.tabellen:
        rows = [
            (naam, "niet genoemd" if aantal is None else str(aantal))
            for naam, aantal in tabel.rijen
        ]
        if tabel.telt_op:
            rows.append(("Alle vragen", str(found.totaal)))
        if rows:
            body.extend(table(tabel.titel, ("Wat", "Aantal"), rows))
    body.append(
        paragraph(
            "Bij 'Waarom er is geweigerd' kan één vraag meer dan één reden hebben. "
            "Die getallen tellen dus niet op tot het totaal."
        )
    )
    return page(titel, body)
