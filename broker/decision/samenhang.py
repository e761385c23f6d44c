"""What a rule set says must hang together on every day: names, articles, and the texts that cite.

`verwijzingen` looks whether a name stands anywhere; here it must stand on the same day, so that a
name that was misspelt in one dated file is no name that another still has.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from broker.decision.bestanden import Bestanden, Versie, nearest
from broker.decision.files import Opent, Redenen, Regel, Wet
from broker.decision.regelset import Regelfout

CONTRACT: Final = "contract"
"""How sure a text is that rests on the decision on a zaak, and on no law."""
# "2.23(6)c", "4:3(8)e", "39fa", "privacyprotocol, h. 14".
_CITATION: Final = re.compile(r"([a-z]+, h\. \d+|[^,(]+)(?:\((\d+)\))?([a-z]*)(?:, |$)")
_LINKED: Final = re.compile(r"&artikel=([^&]+)")


def samenhang(bestanden: Bestanden) -> list[Regelfout]:
    """Return everything that does not hang together, each once."""
    found = [*_cited(bestanden)]
    for laws in bestanden.wetten.values():
        for law in laws:
            found += _placed(law)
    borders = bestanden.borders()
    days = [borders[0] - dt.timedelta(days=1), *borders] if borders else [dt.date.max]
    for day in days:
        found += _on(bestanden, day)
    return list(dict.fromkeys(found))


def slug(*parts: str | None) -> str:
    """Return these parts of a citation as they stand in the id of a rule.

    A row of a table goes by its number, and a colon in an article becomes a point.
    """
    words = (re.sub(r"^rij ", "", part.lower()).replace("h. ", "h") for part in parts if part)
    cleaned = (re.sub(r"[^a-z0-9.]+", "-", word.replace(":", ".")).strip("-") for word in words)
    return "-".join(cleaned)


def cited(wet: str, artikel: str) -> list[str]:
    """Return the ids that a citation such as `1.7(1), 1.7(2)` of this law stands for."""
    return [slug(wet, *hit.groups()) for hit in _CITATION.finditer(artikel) if hit[1].strip()]


def resolves(rule: str, known: set[str]) -> bool:
    """Tell whether a rule has this id, or lies in the article or lid that it names."""
    return rule in known or any(name.startswith(f"{rule}-") for name in known)


def _cited(bestanden: Bestanden) -> Iterator[Regelfout]:
    """Yield each text that cites an article that no law file has."""
    laws = {v.inhoud.citeertitel: v.inhoud.id for same in bestanden.wetten.values() for v in same}
    known = {r.id for same in bestanden.wetten.values() for v in same for r in v.inhoud.regels}
    for versie in bestanden.redenen:
        for path, wet, artikel in _citations(versie):
            law = laws.get(wet)
            rules = cited(law, artikel) if law else []
            if not rules or not all(resolves(rule, known) for rule in rules):
                yield versie.fout(f"{wet} {artikel} staat in geen wetsbestand.", *path, "artikel")


def _citations(versie: Versie[Redenen]) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield each citation of a law in a file of texts: its place, the law and the article."""
    for part in ("redenen", "voorwaarden", "instemmingen"):
        for code, entry in getattr(versie.inhoud, part).items():
            here: list[tuple[tuple[str, ...], Any]] = [((part, code), entry)]
            here += [
                ((part, code, "per_grondslag", basis), other)
                for basis, other in entry.per_grondslag.items()
            ]
            for path, each in here:
                if each.zekerheid != CONTRACT:
                    yield path, each.wet, each.artikel


def _placed(versie: Versie[Wet]) -> Iterator[Regelfout]:
    """Yield each rule whose id or link tells another article than it names."""
    law = versie.inhoud
    for n, regel in enumerate(law.regels):
        if not resolves(slug(law.id, regel.artikel), {regel.id}):
            yield versie.fout(
                f"De naam {regel.id} past niet bij artikel {regel.artikel}.", "regels", n, "id"
            )
        linked = _LINKED.search(regel.link or "")
        if linked and linked[1] != regel.artikel:
            yield versie.fout(
                f"De link gaat naar artikel {linked[1]}, niet naar {regel.artikel}.",
                "regels", n, "link",
            )  # fmt: skip


def _on(bestanden: Bestanden, day: dt.date) -> Iterator[Regelfout]:
    """Yield each name in the law of this day that stands nowhere in the law of this day."""
    laws = [nearest(versies, day) for versies in bestanden.wetten.values()]
    openings = [(law, n, opent) for law in laws for n, opent in _openings(law, day)]
    deelnemers = {o.deelnemer for _, _, o in openings if o.deelnemer}
    taken = {taak for _, _, o in openings if o.deelnemer for taak in o.taken}
    categorieen = {o.categorie for _, _, o in openings if o.categorie}
    for law in laws:
        for regel in _in_force(law, day):
            categorieen |= {*regel.sluit.categorieen} if regel.sluit else set()
    for law, n, opent in openings:
        named: list[tuple[str, Sequence[str], set[str]]] = [
            ("bronnen", opent.bronnen, deelnemers),
            ("niet_van", opent.niet_van, deelnemers),
            ("ontvangers", opent.ontvangers, deelnemers),
            ("categorieen", [*(opent.categorieen or {})], categorieen),
        ]
        if opent.deelnemer is None:
            named.append(("taken", opent.taken, taken))
        for member, names, known in named:
            for name in names:
                if name not in known:
                    yield law.fout(
                        f"{name} is in de wet van die dag nergens bepaald.",
                        "regels", n, "opent", member,
                    )  # fmt: skip


def _openings(law: Versie[Wet], day: dt.date) -> Iterator[tuple[int, Opent]]:
    holds = {regel.id for regel in _in_force(law, day)}
    for n, regel in enumerate(law.inhoud.regels):
        if regel.opent and regel.id in holds:
            yield n, regel.opent


def _in_force(law: Versie[Wet], day: dt.date) -> list[Regel]:
    """Return the rules of this file that hold on this day, or on its own day nearest to it."""
    near = min(max(day, law.inhoud.van), law.inhoud.tot - dt.timedelta(days=1))
    return [regel for regel in law.inhoud.regels if regel.begin <= near]
