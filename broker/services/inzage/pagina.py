"""The copy of a subject as a page to print: no script, nothing from elsewhere, all text escaped."""

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from typing import Final

from broker.services.inzage.afschrift import Afschrift, Regel, day

STYLE: Final = (
    "body{font-family:sans-serif;line-height:1.5;max-width:42rem;margin:2rem auto;padding:0 1rem}"
    "section{border-top:1px solid;padding:.5rem 0;break-inside:avoid}"
    "h2{font-size:1rem}dl{display:grid;grid-template-columns:9rem 1fr;gap:.2rem 1rem;margin:0}"
    "dt{font-weight:bold}dd{margin:0}footer{border-top:1px solid;font-size:.9rem}"
)
CSP: Final = (
    "default-src 'none'; frame-ancestors 'none'; style-src 'sha256-"
    f"{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)
"""What the page may do: show itself, in its own style."""


def page(afschrift: Afschrift) -> str:
    """Return the page."""
    kop = afschrift.kop
    return (
        '<!DOCTYPE html>\n<html lang="nl">\n<head><meta charset="utf-8">'
        f"<title>Wat er over u is gevraagd</title><style>{STYLE}</style></head>\n<body>\n"
        "<h1>Wat er over u is gevraagd en gedeeld</h1>\n"
        f"<p>Overzicht van {escape(day(kop.gemaakt_op))}. Nummer {escape(kop.inzageverzoek)}, "
        f"afschrift {kop.nummer}.</p>\n"
        f"{_paragraphs(afschrift.inleiding)}"
        f"{''.join(map(_section, afschrift.regels))}"
        f"<footer>\n{_paragraphs(afschrift.slot)}"
        f"<p>Controlegetal van dit afschrift: {escape(afschrift.sha256)}</p>\n"
        "</footer>\n</body>\n</html>\n"
    )


def _section(regel: Regel) -> str:
    delen = "".join(
        f"<dt>{escape(kop)}</dt><dd>{escape(tekst)}</dd>\n" for kop, tekst in regel.delen.items()
    )
    numbers = ", ".join(map(str, regel.indexen))
    return (
        f"<section>\n<h2>{escape(regel.zin)}</h2>\n<dl>\n{delen}"
        f"<dt>In het logboek</dt><dd>{numbers}</dd>\n</dl>\n</section>\n"
    )


def _paragraphs(zinnen: Iterable[str]) -> str:
    return "".join(f"<p>{escape(zin)}</p>\n" for zin in zinnen)
